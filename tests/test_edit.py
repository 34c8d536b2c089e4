"""Editing a VM that exists: nothing is lost, nobody is overwritten, and what was can be had back."""

import os
import random
import stat
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import libvirt
import pytest

import phyllome_nb as ph
from phyllome_nb.errors import Conflict, NotKept
from phyllome_nb.host import history
from support.libvirtd import Daemon
from support.process import REPOSITORY

SECRET = "h0rse_b7"  # noqa: S105  (a made-up one)
TEXT = f"""
<domain type='qemu'>
  <name>web</name>
  <description>kept</description>
  <metadata><a:team xmlns:a='https://example.org/a'><!-- theirs --><a:who>ops</a:who></a:team></metadata>
  <memory unit='MiB'>64</memory>
  <vcpu>2</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <disk type='file' device='disk'><source file='/srv/web.img'/><target dev='vda' bus='virtio'/></disk>
    <interface type='user'><model type='virtio'/></interface>
    <graphics type='vnc' passwd='{SECRET}'/>
  </devices>
</domain>
"""
XML = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place of this test's own for what is kept."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "phyllome_nb/definitions"


@pytest.fixture
def other(daemon: Daemon) -> Iterator[libvirt.virConnect]:
    """Somebody else at the same host, with a VM there."""
    connection = libvirt.open(daemon.uri)
    connection.defineXML(TEXT)
    yield connection
    connection.close()


@pytest.fixture
def host(daemon: Daemon, other: libvirt.virConnect) -> ph.Host:  # noqa: ARG001  (the VM is there)
    """The host, open for writing."""
    return ph.connect(daemon.uri, write=True)


def stored(other: libvirt.virConnect) -> str:
    """What the host has stored, to the letter."""
    text: str = other.lookupByName("web").XMLDesc(XML)
    return text


def edit(other: libvirt.virConnect, old: str, new: str) -> None:
    """Do as virt-manager does: read, edit, write, without a look at anybody else."""
    text = stored(other)
    assert old in text
    other.defineXML(text.replace(old, new))


def test_only_what_was_asked_for_changes(host: ph.Host, other: libvirt.virConnect) -> None:
    """Metadata, comments in it, MAC addresses, addresses, the password: all the rest stays to the letter."""
    before = stored(other)
    spec = host.domain("web")
    spec.vcpus.maximum = 4
    report = host.change(spec).apply()
    assert stored(other) == before.replace("<vcpu placement='static'>2<", "<vcpu placement='static'>4<")
    assert SECRET in stored(other)
    assert report.differences == ()
    assert str(report).startswith("'web' is changed on ")


def test_what_others_added_meanwhile_stays(host: ph.Host, other: libvirt.virConnect) -> None:
    """A disk and metadata of somebody else's are there still after an edit that began later."""
    edit(other, "</disk>", "</disk><disk type='file'><source file='/b'/><target dev='vdb'/></disk>")
    edit(other, "kept", "theirs")
    before = host.domain("web")
    spec = before.copy()
    spec.memory.maximum = spec.memory.current = "96 MiB"
    host.change(spec).apply()
    changed = before.diff(host.domain("web"))
    assert {each.path for each in changed} == {"memory", "currentMemory"}


def test_the_password_is_never_shown(host: ph.Host, other: libvirt.virConnect) -> None:
    """It is held and written back, and is in no text, page, traceback, report or history that a person sees."""
    spec = host.domain("web")
    spec.title = "a title"
    change = host.change(spec)
    edit(other, "kept", "theirs")
    seen = [repr(spec), spec._repr_html_(), repr(change), str(change), change._repr_html_(), str(change.diff)]
    try:
        change.apply()
    except Conflict as error:
        seen += ["".join(traceback.format_exception(error)), repr(error.three_way), error.three_way._repr_html_()]
    report = change.rebase().apply()
    kept = host.history("web")
    seen += [str(report), repr(kept), kept._repr_html_(), kept.to_frame().to_csv(), repr(kept[-1])]
    assert len(seen) == 15 - 1
    assert not [text for text in seen if SECRET in text]
    assert SECRET in stored(other)
    assert SECRET in kept[-1].spec.to_xml()


def test_a_concurrent_edit_is_refused_and_both_are_shown(host: ph.Host, other: libvirt.virConnect) -> None:
    """Nothing is written; what was, theirs and mine stand side by side, with both put together."""
    spec = host.domain("web")
    spec.memory.maximum = spec.memory.current = "96 MiB"
    spec.description = "mine"
    change = host.change(spec)
    edit(other, "kept", "theirs")
    edit(other, "/srv/web.img", "/srv/other.img")
    before = stored(other)
    with pytest.raises(Conflict, match=r"Somebody else has changed 'web'.*nothing was written.*rebase") as raised:
        change.apply()
    assert stored(other) == before
    table = raised.value.three_way.to_frame().set_index("path")
    assert list(table.loc["description"]) == ["both", "kept", "theirs", "mine"]
    assert list(table.loc["devices/disk/source/@file"]) == ["theirs", "/srv/web.img", "/srv/other.img", ""]
    assert table.loc["memory", "who"] == "mine"
    theirs = change.rebase("theirs").after
    assert (theirs.description, theirs.devices.disks[0].file) == ("theirs", "/srv/other.img")
    change.rebase().apply()
    now = host.domain("web")
    assert (now.description, now.devices.disks[0].file) == ("mine", "/srv/other.img")
    assert str(now.memory.maximum) == "96 MiB"


def test_a_vm_that_is_gone_is_not_made_again(host: ph.Host, other: libvirt.virConnect) -> None:
    """Somebody undefined it: the edit says so, and writes nothing."""
    spec = host.domain("web")
    spec.vcpus.maximum = 4
    other.lookupByName("web").undefine()
    with pytest.raises(ph.errors.NoSuchDomain, match=r"is gone from .*; nothing was written"):
        host.change(spec).apply()
    assert other.listAllDomains() == []
    assert host.history("web")[-1].spec.vcpus.maximum == 2


def test_a_write_in_the_last_moment_is_told(
    host: ph.Host, other: libvirt.virConnect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the write another is written: libvirt's events tell of two."""
    spec = host.domain("web")
    spec.title = "mine"
    ask = host.ask

    class Late:
        """The connection, at which somebody else writes just before every define."""

        def __init__(self, connection: libvirt.virConnect) -> None:
            self._connection = connection

        def defineXMLFlags(self, text: str, flags: int) -> libvirt.virDomain:  # noqa: N802  (libvirt's name)
            edit(other, "kept", "theirs")
            return self._connection.defineXMLFlags(text, flags)

        def __getattr__(self, name: str) -> object:
            return getattr(self._connection, name)

    monkeypatch.setattr(host, "ask", lambda doing, work: ask(doing, lambda connection: work(Late(connection))))
    report = host.change(spec).apply()
    assert "Somebody else defined it in the same moment" in str(report)
    assert "Yours is what is stored now" in str(report)


def test_of_two_writers_no_edit_is_lost_in_silence(daemon: Daemon, host: ph.Host) -> None:
    """Each of two adds to its own field again and again: what is missing in the end was reported by one of them."""
    rounds = 60
    hosts = [host, ph.connect(daemon.uri, write=True)]
    contested = [0, 0]
    random.seed(5)
    waits = [[random.uniform(0, 0.02) for _ in range(rounds)] for _ in hosts]  # noqa: S311  (no secret)

    def write(number: int) -> None:
        for turn in range(rounds):
            while True:
                spec = hosts[number].domain("web")
                said = spec.title if number else spec.description
                new = f"{said} {turn}"
                if number:
                    spec.title = new
                else:
                    spec.description = new
                threading.Event().wait(waits[number][turn])
                try:
                    report = hosts[number].change(spec).apply()
                except Conflict:
                    continue
                contested[number] += "same moment" in str(report)
                break

    spec = host.domain("web")
    spec.title, spec.description = "t", "d"
    host.change(spec).apply()
    threads = [threading.Thread(target=write, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(150)
        assert not thread.is_alive()
    now = host.domain("web")
    lost = sum(f" {turn}" not in f"{text} " for text in (now.title, now.description) for turn in range(rounds))
    assert lost <= sum(contested)


def test_undo_puts_back_what_was_to_the_letter(host: ph.Host, other: libvirt.virConnect) -> None:
    """Also the password, and what libvirt filled in."""
    before = stored(other)
    spec = host.domain("web")
    spec.vcpus.maximum = 4
    spec.devices.disks.remove(spec.devices.disks[0])
    change = host.change(spec)
    change.apply()
    assert stored(other) != before
    assert "'web' is put back" in str(change.undo())
    assert stored(other) == before
    with pytest.raises(ph.errors.DefinitionError, match="has not been applied"):
        change.undo()


def test_undo_overwrites_nobody(host: ph.Host, other: libvirt.virConnect) -> None:
    """What somebody else wrote after the change stays: undo refuses like any other write."""
    spec = host.domain("web")
    spec.vcpus.maximum = 4
    change = host.change(spec)
    change.apply()
    edit(other, "kept", "theirs")
    before = stored(other)
    with pytest.raises(Conflict):
        change.undo()
    assert stored(other) == before


def test_undo_of_a_new_vm_undefines_it_and_keeps_its_definition(host: ph.Host) -> None:
    """It is gone, and can be had back as the same VM."""
    change = host.change(ph.profiles.linux_legacy(name="new", type="qemu", network=None))
    uuid = change.apply().stored.uuid
    assert "no longer defined" in str(change.undo())
    assert [spec.name for spec in host.domains()] == ["web"]
    back = host.restore(host.history("new")[-1])
    assert back.apply().stored.uuid == uuid


def test_what_is_restored_overwrites_no_other(host: ph.Host) -> None:
    """Its name was taken meanwhile: libvirt refuses, and nothing happens."""
    change = host.change(ph.profiles.linux_legacy(name="new", type="qemu", network=None))
    change.apply()
    change.undo()
    kept = host.history("new")[-1]
    host.change(ph.profiles.linux_legacy(name="new", type="qemu", network=None)).apply()
    with pytest.raises(ph.errors.DomainExists):
        host.restore(kept).apply()


def test_every_definition_is_kept_for_its_owner_alone(host: ph.Host, state: Path) -> None:
    """One file a version, named by uuid and time, in a directory that nobody else can enter, also where it was open."""
    state.mkdir(parents=True, mode=0o755)
    uuid = host.domain("web").uuid
    for cpus in (3, 4):
        spec = host.domain("web")
        spec.vcpus.maximum = cpus
        host.change(spec).apply()
    files = sorted(state.iterdir())
    assert [kept.spec.vcpus.maximum for kept in host.history("web")] == [2, 3, 4]
    assert all(path.name.startswith(f"{uuid}.") and path.suffix == ".xml" for path in files)
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_the_history_survives_the_kernel(host: ph.Host, daemon: Daemon, other: libvirt.virConnect) -> None:
    """Another process reads it and puts the first version back."""
    before = stored(other)
    spec = host.domain("web")
    spec.vcpus.maximum = 4
    host.change(spec).apply()
    code = (
        f"import phyllome_nb as ph; host = ph.connect({daemon.uri!r}, write=True); "
        "print(host.restore(host.history('web')[0]).apply())"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=REPOSITORY)
    assert "'web' is changed" in done.stdout
    assert stored(other) == before


def test_what_cannot_be_kept_is_not_replaced(
    host: ph.Host, other: libvirt.virConnect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the definition as it is cannot be kept, nothing is written, and the sentence says where and why."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    before = stored(other)
    spec = host.domain("web")
    spec.vcpus.maximum = 4
    with pytest.raises(NotKept, match=r"cannot be kept in .*file.*nothing was written"):
        host.change(spec).apply()
    assert stored(other) == before


def test_a_file_is_named_by_the_uuid_whatever_the_vm_is_called(state: Path) -> None:
    """Test hosts take names such as ``..``; they name no file."""
    text = "<domain type='test'><name>..</name><memory>1024</memory><os><type>hvm</type></os></domain>"
    history.keep(text, "6695eb01-f6a4-8304-79aa-97f2502e193f")
    with pytest.raises(ValueError, match="badly formed"):
        history.keep(text, "../../etc/passwd")
    assert [path.parent for path in state.rglob("*")] == [state]


@pytest.mark.parametrize("what", ["uuid", "name", "foreign"])
def test_a_definition_is_written_over_the_vm_it_was_read_from_and_no_other(host: ph.Host, what: str) -> None:
    """Another uuid, another name, or a document from elsewhere: refused, with what to do instead."""
    spec = host.domain("web")
    match what:
        case "uuid":
            spec.uuid = "6695eb01-f6a4-8304-79aa-97f2502e193f"
        case "name":
            spec.name = "other"
        case _:
            spec = ph.DomainSpec.from_xml(spec.to_xml())
    with pytest.raises(ph.errors.DefinitionError, match=r"rename|begin with host"):
        host.change(spec)


def test_an_error_that_it_brings_stops_it_and_one_that_was_there_does_not(
    host: ph.Host, other: libvirt.virConnect
) -> None:
    """An expert's error keeps the change from being written; those of the VM as it is are not this change's."""
    spec = host.domain("web")
    spec.cpu.topology.update(sockets=1, cores=3, threads=1)
    with pytest.raises(ph.errors.DefinitionError, match=r"Mend this first\. The topology makes 3 vCPUs"):
        host.change(spec).apply()
    edit(other, "<devices>", "<devices><input type='evdev'/>")
    spec = host.domain("web")
    assert spec.findings().errors
    spec.title = "still possible"
    host.change(spec).apply()


def test_what_the_schema_does_not_allow_is_refused_before_the_write(host: ph.Host, other: libvirt.virConnect) -> None:
    """An edit is defined without libvirt's slow check, so ours comes first: nothing is dropped in silence."""
    before = stored(other)
    spec = ph.DomainSpec.from_host(before.replace("<devices>", "<bogus/><devices>"), stored=before)
    spec.title = "x"
    with pytest.raises(ph.errors.DefinitionError, match="bogus"):
        host.change(spec).apply()
    assert stored(other) == before


def test_a_change_that_changes_nothing_writes_nothing(host: ph.Host, state: Path) -> None:
    """It says so, and keeps nothing."""
    assert "is left as it was" in str(host.change(host.domain("web")).apply())
    assert not state.exists()


def test_the_change_shows_what_it_means(host: ph.Host) -> None:
    """The differences in words and colours, what experts say, what libvirt would do, and the effect on the host."""
    spec = host.domain("web")
    spec.memory.maximum = spec.memory.current = "96 MiB"
    change = host.change(spec)
    page = change._repr_html_()
    for said in ("rewrote memory", "phy-added-line", "What experts say", "libvirt would accept", "phy-balance"):
        assert said in page
    table = change.effect().set_index(["count", "resource", "amount"])
    before, after = table.loc[("defined", "memory", "maximum"), ["before", "after"]]
    assert (before, after) == (64 / 1024, 96 / 1024)


def test_two_edits_by_hand_of_one_field_do_not_deadlock(host: ph.Host) -> None:
    """Many writers at once on one connection: each is written, or told that another was first."""
    outcomes = []
    numbers = count()

    def attempt(work: Callable[[], object]) -> None:
        try:
            work()
            outcomes.append("written")
        except ph.errors.HostError as error:
            outcomes.append(type(error).__name__)

    def write() -> None:
        spec = host.domain("web")
        spec.title = f"number {next(numbers)}"
        host.change(spec).apply()

    threads = [threading.Thread(target=attempt, args=(write,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(outcomes) == 6
    assert "written" in outcomes
    assert set(outcomes) <= {"written", "Conflict", "Refused"}


def test_nothing_unfinished_is_left(host: ph.Host, state: Path) -> None:
    """A file of the history is there whole or not at all."""
    spec = host.domain("web")
    spec.title = "x"
    host.change(spec).apply()
    assert not [path for path in state.iterdir() if path.name.startswith(".") or str(os.getpid()) in path.name]


def test_who_was_replaced_in_the_last_moment_is_told(
    host: ph.Host, other: libvirt.virConnect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another writes right after: theirs is stored, so the change has not been made, and can be put on top."""
    spec = host.domain("web")
    spec.title = "mine"
    before = stored(other)
    ask = host.ask

    class Early:
        """The connection, at which somebody else, who had read before, writes just after every define."""

        def __init__(self, connection: libvirt.virConnect) -> None:
            self._connection = connection

        def defineXMLFlags(self, text: str, flags: int) -> libvirt.virDomain:  # noqa: N802  (libvirt's name)
            domain = self._connection.defineXMLFlags(text, flags)
            other.defineXML(before.replace("kept", "theirs"))
            return domain

        def __getattr__(self, name: str) -> object:
            return getattr(self._connection, name)

    with monkeypatch.context() as patched:
        patched.setattr(host, "ask", lambda doing, work: ask(doing, lambda connection: work(Early(connection))))
        change = host.change(spec)
        with pytest.raises(Conflict, match="in the same moment, and theirs is what is stored"):
            change.apply()
    change.rebase().apply()
    now = host.domain("web")
    assert (now.title, now.description) == ("mine", "theirs")


def test_a_vm_that_came_back_meanwhile_is_not_overwritten(host: ph.Host, other: libvirt.virConnect) -> None:
    """It was gone when its definition was looked out, and somebody has defined it since, with the same uuid."""
    spec = host.domain("web")
    spec.title = "kept"
    host.change(spec).apply()
    text = stored(other)
    other.lookupByName("web").undefine()
    change = host.restore(host.history("web")[-1])
    other.defineXML(text.replace("kept</description>", "theirs</description>"))
    before = stored(other)
    with pytest.raises(ph.errors.DomainExists, match=r"A VM with the uuid .* exists; it is unchanged"):
        change.apply()
    assert stored(other) == before


def test_undo_of_a_new_vm_takes_nothing_from_others(host: ph.Host, other: libvirt.virConnect) -> None:
    """Somebody has changed the VM since it was made: it stays."""
    change = host.change(ph.profiles.linux_legacy(name="new", type="qemu", network=None))
    change.apply()
    text = other.lookupByName("new").XMLDesc(XML)
    other.defineXML(text.replace("<memory ", "<title>theirs</title><memory "))
    with pytest.raises(Conflict, match="Somebody else has changed 'new' since; it stays"):
        change.undo()
    assert host.domain("new").title == "theirs"
