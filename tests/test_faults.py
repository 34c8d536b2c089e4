"""What goes wrong on real hosts: one sentence says what happened, and nothing is lost."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest

import phyllome_nb as ph
from conftest import need
from examples.example import machine
from phyllome_nb.host.situation import situation
from support.libvirtd import SETTINGS, Daemon, libvirtd, start
from support.panel import button, field, walk
from support.process import end, hypervisor_user, until

XML = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@pytest.fixture
def own(running_daemon: Daemon, scratch: Path) -> Iterator[Daemon]:  # noqa: ARG001  (says whether there is one)
    """A daemon of this test's own with one VM, which the test may stop and kill."""
    with libvirtd(scratch / "fault") as started:
        connection = libvirt.open(started.uri)
        connection.defineXML(machine(name="vm"))
        connection.close()
        yield started


def edited(host: ph.Host, name: str = "vm") -> ph.Change:
    """An edit of the VM."""
    spec = host.domain(name)
    spec.memory.maximum = spec.memory.current = "96 MiB"
    return host.change(spec)


def restarted(own: Daemon) -> subprocess.Popen[bytes]:
    """The daemon again, once it has ended, in its own directories and on its own socket."""
    until(lambda: own.pid not in own.processes(), 20, "the daemon to end")
    return start(own.base, hypervisor_user())


def test_a_directory_that_cannot_be_written_to_loses_nothing(own: Daemon) -> None:
    """The host's disk says no: so does the sentence, and the old definition is intact, also after a restart."""
    host = ph.connect(own.uri, write=True)
    before = host.domain("vm").to_xml()
    change = edited(host)
    place = own.base / "config/libvirt/qemu"
    place.chmod(0o500)
    try:
        with pytest.raises(
            ph.errors.Refused, match=r"Not saved: .* could not write it .*Permission denied.*Nothing has"
        ):
            change.apply()
    finally:
        place.chmod(0o700)
    assert host.domain("vm").to_xml() == before
    assert "is changed" in str(change.apply())


@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_a_full_disk_of_the_host_loses_nothing(running_daemon: Daemon, scratch: Path, fault: str) -> None:  # noqa: ARG001
    """A real file system without room, or that has become read-only: not saved, and nothing has changed."""
    need(os.geteuid() == 0 and shutil.which("mount"), "the right to mount a file system")
    base = scratch / "full"
    with libvirtd(base) as own:
        place = base / "config/libvirt/qemu"
        user = hypervisor_user()
        options = f"size=256k,mode=700,uid={user.uid},gid={user.gid}"
        connection = libvirt.open(own.uri)
        connection.defineXML(machine(name="vm"))
        shutil.copytree(place, base / "copy", copy_function=shutil.copy)
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(place)], check=True)
        try:
            shutil.copytree(base / "copy", place, dirs_exist_ok=True)
            for path in place.rglob("*"):
                os.chown(path, user.uid, user.gid)
            host = ph.connect(own.uri, write=True)
            before, change = host.domain("vm").to_xml(), edited(host)
            if fault == "full":
                with contextlib.suppress(OSError), (place / "filler").open("wb", buffering=0) as file:
                    while file.write(b"x" * 4096):
                        pass
            else:
                subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
            said = "No space left" if fault == "full" else "Read-only file system"
            with pytest.raises(ph.errors.Refused, match=rf"Not saved: .*{said}.*Nothing has changed"):
                change.apply()
            assert host.domain("vm").to_xml() == before
            connection.close()
            host.close()
        finally:
            subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_daemon_killed_in_the_middle_of_a_write_is_found_out_about(
    own: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while it has the definition: what is stored is the old or the new one, and never other than was told."""
    host = ph.connect(own.uri, write=True, timeout=5)
    ask, pid, process = host.ask, own.pid, None
    turn = 0
    title: str | None = None

    def deadly(doing: str, work: Callable[[Any], Any]) -> Any:
        if doing.startswith("defining"):
            if turn % 2 == 0:
                os.kill(pid, signal.SIGSTOP)  # it has the request, and never looks at it
            threading.Timer(0.3 if turn % 2 == 0 else 0.001 * turn, os.kill, (pid, signal.SIGKILL)).start()
        return ask(doing, work)

    monkeypatch.setattr(host, "ask", deadly)
    try:
        for turn in range(6):
            spec = host.domain("vm")
            spec.title = f"turn {turn}"
            told = ""
            try:
                host.change(spec).apply()
            except ph.errors.OutcomeUnknown as error:
                told = str(error)
            if process:
                process.wait()
            else:
                until(lambda: own.pid not in own.processes(), 20, "the daemon to end")
            process = restarted(own)
            pid = process.pid
            before, title = title, host.domain("vm").title
            assert title in ({before} if turn % 2 == 0 else {before, spec.title} if told else {spec.title})
            if turn % 2 == 0:
                assert "'vm' may or may not be changed" in told
    finally:
        if process:
            end(process)


def test_what_was_written_before_the_daemon_died_is_found_after_it_came_back(own: Daemon) -> None:
    """The write is stored, the answer is lost: asked again, the host says that it is there."""
    host = ph.connect(own.uri, write=True)
    change = edited(host)
    assert change.before is not None
    text = change.after.to_xml()
    other = libvirt.open(own.uri)
    other.defineXML(text)
    other.close()
    found = change._find_out_edit(change.before, ph.errors.Unreachable("The connection broke."))
    assert "'vm' is changed" in str(found)
    assert "gave no answer at first" in str(found)


def test_what_was_not_written_before_the_daemon_died_is_told(own: Daemon) -> None:
    """The old definition is stored: the error says so."""
    change = edited(ph.connect(own.uri, write=True))
    assert change.before is not None
    with pytest.raises(ph.errors.Unreachable, match=r"'vm' is stored as it was before\.$"):
        change._find_out_edit(change.before, ph.errors.Unreachable("The connection broke."))
    with pytest.raises(ph.errors.OutcomeUnknown, match=r"as it was before\. The host may still do it"):
        change._find_out_edit(change.before, ph.errors.NoAnswer("No answer."))


def test_a_host_and_its_panel_work_again_after_the_daemon_was_restarted(own: Daemon) -> None:
    """No cell is run twice: what was read is marked, and the next press of a button opens the connection again."""
    host = ph.connect(own.uri, write=True)
    panel = ph.DomainPanel(host, host.domain("vm"))
    assert panel._reading.idle.wait(20)
    assert "Effect on" in panel._reading.widget.children[1].value
    os.kill(own.pid, signal.SIGTERM)
    until(lambda: "was true before" in panel._reading.widget.children[1].value, 20, "the panel to mark what it shows")
    process = restarted(own)
    try:
        field(panel, "memory-maximum").value = "96 MiB"
        button(panel, "Save").click()
        assert panel._writing.idle.wait(30)
        assert panel._reading.idle.wait(20)
        assert panel.report is not None
        assert str(host.domain("vm").memory.maximum) == "96 MiB"
        assert "was true before" not in panel._reading.widget.children[1].value
    finally:
        end(process)


def test_a_hung_qemu_hides_nothing_but_its_own_live_figures(own: Daemon) -> None:
    """Its call ends at the deadline; tables stay complete, its row says so, and other VMs are not affected."""
    other = libvirt.open(own.uri)
    other.defineXML(machine(name="fine"))
    host = ph.connect(own.uri, write=True, timeout=6)
    for name in ("vm", "fine"):
        host.guest(name).start()
    pid = int((own.base / "run/libvirt/qemu/run/vm.pid").read_text())
    os.kill(pid, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        with pytest.raises(ph.errors.NoAnswer, match=r"No answer within 6 s while setting 32 MiB of memory of 'vm'"):
            host.guest("vm").set_memory("32 MiB", stored=False)
        assert (
            host.guest("fine").set_memory("32 MiB", stored=False) == "fine has 32 MiB of memory until it is turned off."
        )
        table = host.snapshot().allocations().set_index("name")
        assert time.monotonic() - begun < 30
        assert list(table.index) == ["fine", "vm"]
        assert re.match(r"no answer from QEMU for \d+ s", str(table.loc["vm", "problem"]))
        assert table.loc["fine", "problem"] == ""
        assert "no answer from QEMU" in host.snapshot()._repr_html_()
    finally:
        os.kill(pid, signal.SIGCONT)
        other.close()


def test_a_vm_that_is_being_saved_is_not_written_to(own: Daemon) -> None:
    """A job runs on it, as in a migration: the write would be lost, so it is refused."""
    host = ph.connect(own.uri, write=True, timeout=5)
    host.guest("vm").start()
    change = edited(host)
    pid = int((own.base / "run/libvirt/qemu/run/vm.pid").read_text())
    other = libvirt.open(own.uri)
    domain = other.lookupByName("vm")
    os.kill(pid, signal.SIGSTOP)
    saving = threading.Thread(target=domain.managedSave)
    saving.start()
    try:
        until(lambda: situation(host, change.before).busy, 20, "the job to begin")
        assert "is being migrated or saved" in " ".join(situation(host, change.before).notes())
        with pytest.raises(ph.errors.Refused, match=r"being migrated or saved.*Nothing was written"):
            change.apply()
    finally:
        os.kill(pid, signal.SIGCONT)
        saving.join(60)
        other.close()


def test_a_vm_that_is_being_migrated_is_not_written_to(own: Daemon, scratch: Path) -> None:
    """A real live migration to another daemon, made slow: the write would be lost with the source, so it is refused."""
    host = ph.connect(own.uri, write=True)
    host.guest("vm").start()
    change = edited(host)
    with libvirtd(scratch / "there") as there:
        other, target = libvirt.open(own.uri), libvirt.open(there.uri)
        moving = threading.Thread(target=_migrate, args=(other.lookupByName("vm"), target))
        moving.start()
        until(lambda: host.change(host.domain("vm")).situation.busy, 20, "the migration to begin")
        with pytest.raises(ph.errors.Refused, match=r"being migrated or saved.*Nothing was written"):
            change.apply()
        moving.join(60)
        assert [domain.name() for domain in target.listAllDomains()] == ["vm"]
        with pytest.raises(ph.errors.NoSuchDomain, match=r"is gone from .*nothing was written.*history\('vm'\)"):
            change.apply()
        target.lookupByName("vm").destroy()
        other.close()
        target.close()


def _migrate(domain: libvirt.virDomain, target: libvirt.virConnect) -> None:
    kept, gone = libvirt.VIR_MIGRATE_PERSIST_DEST, libvirt.VIR_MIGRATE_UNDEFINE_SOURCE
    domain.migrate3(target, {"bandwidth": 1}, libvirt.VIR_MIGRATE_LIVE | kept | gone)


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("qemu+ext://h/system?command={probe}", "runs the program"),
        ("qemu+EXT:///system?command={probe}", "runs the program"),
        ("qemu+ssh://h/system?command={probe}", "is run on this machine"),
        ("qemu+ssh://h/system?a=b;Command={probe}", "is run on this machine"),
        ("qemu+ssh://h/system?co%6Dmand={probe}", "is run on this machine"),
        ("qemu+ssh://[h/system?command={probe}", "is run on this machine"),
        ("qemu+ssh://h/system?netcat={probe}", "is run on the host"),
        ("qemu+ssh://h/system?no_verify=1", "takes any host"),
        ("qemu+ssh://-oProxyCommand={probe}/system", "take for an option"),
    ],
)
def test_an_address_that_is_code_is_not_opened(uri: str, said: str, tmp_path: Path) -> None:
    """It is refused before libvirt sees it: the program that it names does not run."""
    probe = tmp_path / "probe"
    probe.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    probe.chmod(0o755)
    with pytest.raises(ph.errors.Untrusted, match=said):
        ph.connect(uri.format(probe=probe))
    assert not (tmp_path / "ran").exists()


def test_an_address_that_is_code_is_opened_where_that_was_allowed(tmp_path: Path) -> None:
    """Allowed by name, libvirt does run the program: the refusal of the others guards something real."""
    probe = tmp_path / "probe"
    probe.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    probe.chmod(0o755)
    with pytest.raises(ph.errors.Unreachable):
        ph.connect(f"qemu+ext:///system?command={probe}", allow=["ext", "command"])
    assert (tmp_path / "ran").exists()
    with pytest.raises(TypeError, match="one text"):
        ph.connect("test:///default", allow="ext")


def test_credentials_are_used_once_and_forgotten(tmp_path: Path) -> None:
    """A host that asks who is there is opened with what was given; nothing of it stays in the Host."""
    node = tmp_path / "node.xml"
    node.write_text("<node><auth><user password='s3same'>admin</user></auth></node>")
    with pytest.raises(ph.errors.Unreachable, match=r"It asks who you are: ph\.connect\(…, credentials="):
        ph.connect(f"test://{node}")
    with pytest.raises(ph.errors.Unreachable, match="authentication failed") as raised:
        ph.connect(f"test://{node}", credentials={"username": "admin", "password": "wr0ng"})
    assert "wr0ng" not in str(raised.value)
    host = ph.connect(f"test://{node}", credentials={"username": "admin", "password": "s3same"})
    assert host.domains() == []
    assert "s3same" not in repr(vars(host))


def test_a_saved_notebook_holds_no_secret(own: Daemon) -> None:
    """Neither the state of any widget of the panel nor what an error prints has the password in it."""
    other = libvirt.open(own.uri)
    domain = other.lookupByName("vm")
    other.defineXML(domain.XMLDesc(XML).replace("</devices>", "<graphics type='vnc' passwd='s3same'/></devices>"))
    host = ph.connect(own.uri, write=True)
    panel = ph.DomainPanel(host, host.domain("vm"))
    assert panel._reading.idle.wait(20)
    field(panel, "memory-maximum").value = "96 MiB"
    other.lookupByName("vm").setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, "theirs", None, None)
    button(panel, "Save").click()
    assert panel._writing.idle.wait(30)
    assert "Somebody else has changed" in panel._writing.widget.children[1].value
    states = [str(widget.get_state()) for widget in walk(panel)]
    assert len(states) > 100
    assert not [state for state in states if "s3same" in state]
    assert "s3same" in domain.XMLDesc(XML)
    other.close()


def test_a_socket_that_is_not_for_this_user_is_one_sentence(own: Daemon) -> None:
    """Another user is told that they may not, without a traceback of libvirt's."""
    need(os.geteuid() == 0, "the right to play another user")
    code = f"import phyllome_nb as ph\ntry: ph.connect({own.uri!r})\nexcept ph.errors.Unreachable as e: print(e)"
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, cwd="/", user=54321, group=54321,
        extra_groups=[], env={"HOME": "/nonexistent"},
    )  # fmt: skip
    assert re.fullmatch(r".* cannot be opened: .*Permission denied\.\n", done.stdout), done.stderr


def test_a_host_that_is_full_is_given_up_at_the_deadline(running_daemon: Daemon, scratch: Path) -> None:  # noqa: ARG001
    """It takes no more clients and says nothing: the opening ends at the deadline, and works once there is room."""
    with libvirtd(scratch / "full-host", f"{SETTINGS}max_clients = 1\nmax_anonymous_clients = 1\n") as small:
        only = libvirt.open(small.uri)
        with pytest.raises(ph.errors.NoAnswer, match=r"No answer within 1 s while opening"):
            ph.connect(small.uri, timeout=1)
        only.close()
        until(lambda: _opens(small.uri), 20, "room for one more")


def _opens(uri: str) -> bool:
    with contextlib.suppress(ph.errors.HostError), ph.connect(uri, timeout=2) as host:
        return host.domains() == []
    return False
