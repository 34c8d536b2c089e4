"""Trial: what a private libvirt makes of a definition, and that neither the host nor this machine is touched."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import phyllome_nb as ph
from phyllome_nb.errors import DefinitionError, FieldError, HostError, Refused
from phyllome_nb.host import embed
from phyllome_nb.host.trial import Trial, trial
from support.libvirtd import Daemon
from support.process import until


@pytest.fixture(autouse=True, scope="module")
def _none_left() -> Iterator[None]:
    """End the private libvirts of this module; their processes and files are then gone."""
    yield
    for private in embed._all.values():
        private.end()
    embed._all.clear()


def small(**values: object) -> ph.DomainSpec:
    """A machine that the QEMU driver takes."""
    spec = ph.profiles.minimal(name="tried", memory="128 MiB", vcpus=2, type="qemu", session=True)
    spec.update(**values)
    return spec


def running() -> list[int]:
    """The pids of the helpers."""
    found = subprocess.run(["pgrep", "-f", "embed_helper"], capture_output=True, text=True, check=False).stdout
    return [int(pid) for pid in found.split()]


def test_what_libvirt_makes_of_it(daemon: Daemon) -> None:
    """It is accepted as the host accepts it, and the differences are those of a real define."""
    host = ph.connect(daemon.uri, write=True, timeout=60)
    result = host.trial(small())
    assert (result.tried, result.accepted, result.refused_by) == (True, True, "")
    assert host.snapshot().domains == ()
    report = host.change(small()).apply()
    real = {str(each) for each in report.differences if each.path not in {"uuid", "devices/interface/mac"}}
    assert {str(each) for each in result.differences if each.path not in {"uuid", "devices/interface/mac"}} == real
    assert "accept" in str(result)


def test_the_rules_of_a_session_are_those_of_a_session(daemon: Daemon) -> None:
    """What a user's own libvirt refuses is refused, and it says by whose rules."""
    host = ph.connect(daemon.uri, write=True, timeout=60)
    spec = small()
    spec.memory.update(source="memfd", access="shared")
    share = spec.devices.filesystems.add(type="mount", accessmode="passthrough", dir="/srv", target="srv")
    share.driver.type = "virtiofs"
    if host.ask("asking its version", lambda connection: connection.getLibVersion()) >= 10_000_000:
        pytest.skip("since libvirt 10.0 a user's own may share directories by virtiofs")
    result = host.trial(spec)
    assert not result.accepted
    assert "session" in result.message
    assert not any("rules" in note for note in result.trust)


def test_the_driver_refuses() -> None:
    """It says which check it was, in libvirt's words."""
    spec = small()
    spec.cpu.topology.update(sockets=1, cores=3, threads=1)
    result = trial(spec)
    assert (result.accepted, result.refused_by) == (False, "the QEMU driver")
    assert "topology" in result.message
    assert result.command is None
    with pytest.raises(Refused, match="topology"):
        spec.qemu()


def test_the_schema_refuses_and_the_culprit_is_named() -> None:
    """What would be dropped in silence without the check is listed."""
    text = small().to_xml().replace("<devices>", "<devices><memballon model='none'/>")
    result = trial(ph.DomainSpec.from_xml(text))
    assert (result.accepted, result.refused_by) == (False, "libvirt's schema")
    assert "<memballon>" in result.message
    assert [each.path for each in result.of_kind("dropped")] == ["devices/memballon"]


def test_the_parser_refuses() -> None:
    """A text that is no definition to libvirt."""
    text = small().to_xml().replace("</name>", "</name><uuid>none</uuid>")
    assert trial(ph.DomainSpec.from_xml(text)).accepted is False


def test_a_uuid_is_kept_out_of_it() -> None:
    """The one in the definition is not tried, and is not a difference."""
    spec = small(uuid="6695eb01-f6a4-8304-79aa-97f2502e193f")
    result = trial(spec)
    assert result.accepted
    assert "uuid" not in {each.path for each in result.differences}
    assert result.stored is not None
    assert result.stored.uuid == spec.uuid
    assert result.command is not None
    assert ("-uuid", spec.uuid) in {option.words for option in result.command.options}
    assert ("-uuid", "[uuid]") in {option.words for option in small().qemu().options}


@pytest.mark.parametrize("name", [".", "..", "a/b", ""])
def test_names_that_destroy_data_do_not_reach_libvirt(name: str) -> None:
    """They are refused before any process is asked."""
    spec = ph.DomainSpec.from_xml(small().to_xml().replace("tried", name, 1))
    with pytest.raises(FieldError, match="name"):
        trial(spec)


@pytest.fixture
def program(scratch: Path) -> Iterator[Path]:
    """A program that leaves a mark when it is run."""
    path = scratch / "emulator"
    scratch.chmod(0o777)
    path.write_text(f"#!/bin/sh\ntouch {path}.run\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    yield path
    ran = Path(f"{path}.run").exists()
    path.unlink()
    Path(f"{path}.run").unlink(missing_ok=True)
    assert not ran


def test_no_program_is_run_that_the_host_does_not_list(program: Path, daemon: Daemon) -> None:
    """Neither by the private libvirt nor by the host; it says so."""
    spec = small()
    spec.devices.emulator = str(program)
    for host in (None, ph.connect(daemon.uri, write=True), ph.demo()):
        result = trial(spec, host)
        assert not result.tried
        assert str(program) in result.message
    with pytest.raises(HostError, match="not run"):
        spec.qemu()


def test_the_program_would_have_been_run(program: Path) -> None:
    """Libvirt runs whatever is named, so that the test above means something."""
    mark = Path(f"{program}.run")
    trial(small())
    private = embed.embedded(None)
    xml = small().to_xml().replace("<devices>", f"<devices><emulator>{program}</emulator>")
    private.ask(60, ask="define", xml=xml, validate=False)
    assert mark.exists()
    mark.unlink()


def test_files_that_it_names_survive(scratch: Path) -> None:
    """Forgetting the definition deletes neither UEFI variables nor images."""
    variables = scratch / "vars.fd"
    variables.write_bytes(b"precious")
    try:
        spec = ph.profiles.linux(name="tried", memory="256 MiB", vcpus=1, type="qemu")
        text = spec.to_xml()
        kept = ph.DomainSpec.from_xml(text)
        kept.os.nvram = str(variables)
        kept.devices.disks.add(
            type="file", device="disk", file=str(variables), target="vdz", bus="virtio", format="raw"
        )
        assert trial(kept).accepted
        assert variables.read_bytes() == b"precious"
    finally:
        variables.unlink()


def test_interfaces_are_left_out_of_the_command_line() -> None:
    """Libvirt would make a tap device for each; the report says so."""
    spec = small()
    spec.devices.interfaces.add(type="user", model="virtio")
    result = trial(spec)
    assert result.command is not None
    assert not [option for option in result.command.options if option.name == "-netdev"]
    assert [note for note in result.neutralised if "tap device" in note]
    assert "tap device" in repr(result)


def test_options_are_tied_to_what_caused_them() -> None:
    """By the field that says so of itself, or by the device's alias."""
    spec = small()
    spec.devices.disks.add(type="file", device="disk", file="/srv/a.img", target="vda", bus="virtio", format="raw")
    spec.devices.disks.add(type="file", device="disk", file="/srv/b.img", target="sda", bus="sata", format="raw")
    command = spec.qemu()
    memory = next(option for option in command.options if option.name == "-m")
    assert memory.paths == ("memory",)
    files = {option.paths for option in command.options if "/srv/b.img" in str(option)}
    assert files == {("devices/disk[2]",)}
    assert spec.qemu("devices.disks").options != spec.qemu("devices.disks[1]").options
    assert {option.name for option in spec.qemu("vcpus").options} == {"-smp"}
    assert "-m" not in {option.name for option in spec.qemu("devices.disks").options}
    spec.qemu.args = ("-fw_cfg", "name=opt/org.example/role,string=web")
    assert {option.words for option in spec.qemu("qemu").options} == {spec.qemu.args}
    with pytest.raises(DefinitionError, match="no part"):
        spec.qemu("teapots")


def test_a_simulated_host_is_tried_with_the_real_driver() -> None:
    """The test driver takes what the QEMU driver refuses; it says that it is simulated."""
    spec = small()
    spec.cpu.topology.update(sockets=1, cores=3, threads=1)
    result = ph.demo().trial(spec)
    assert not result.accepted
    assert any("simulated" in note for note in result.trust)


def test_without_the_qemu_driver_the_host_is_asked(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the command line alone, which stores nothing; else it says what to install."""

    def none(*_: object, **__: object) -> None:
        raise HostError("There is no QEMU driver here.")

    monkeypatch.setattr(embed.Embedded, "ask", none)
    monkeypatch.setattr(embed.Embedded, "is_warm", False)
    host = ph.connect(daemon.uri, write=True, timeout=60)
    spec = small()
    spec.devices.interfaces.add(type="user", model="virtio")
    result = host.trial(spec)
    assert (result.tried, result.accepted) == (True, True)
    assert result.command is not None
    assert [option for option in result.command.options if option.name == "-m"]
    assert any("tap device" in note for note in result.neutralised)
    assert host.snapshot().domains == ()
    spec.cpu.topology.update(sockets=1, cores=3, threads=1)
    assert "topology" in host.trial(spec).message
    for other in (None, ph.connect(daemon.uri), ph.demo()):
        answer = trial(spec, other)
        assert not answer.tried
        assert "apt install" in answer.message


def test_a_helper_that_hangs_is_ended_and_replaced() -> None:
    """The caller gets its answer at the deadline, and the next one another helper."""
    trial(small())
    private = embed.embedded(None)
    assert private._process is not None
    first = private._process.pid
    os.kill(first, signal.SIGSTOP)
    with pytest.raises(HostError):
        private.ask(1, ask="hello")
    assert trial(small()).accepted
    assert private._process.pid != first


def test_the_emulators_are_asked_once_and_not_by_each_kernel(tmp_path: Path) -> None:
    """What an earlier trial has kept is taken by libvirt, which asks anew where that is damaged."""
    code = """
import phyllome_nb as ph
from phyllome_nb.host import embed
from phyllome_nb.host.trial import trial
assert trial(ph.profiles.minimal(name="tried", type="qemu")).accepted
print(embed.embedded(None).hello["qemu"])
"""

    def version() -> int:
        environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
        return int(subprocess.check_output([sys.executable, "-c", code], text=True, env=environment))

    asked = version()
    kept = list((tmp_path / "phyllome_nb/emulators").glob("*.xml"))
    assert kept
    assert stat.S_IMODE(kept[0].parent.stat().st_mode) == 0o700
    for file in kept:
        text = file.read_text("utf-8").replace(f"<version>{asked}</version>", f"<version>{asked + 1}</version>")
        file.write_text(text, "utf-8")
    assert version() == asked + 1
    for file in kept:
        file.write_text("<damaged", "utf-8")
    assert version() == asked


def test_nothing_is_left_when_the_process_ends_or_is_killed() -> None:
    """Neither a helper nor its directory, however the parent ends."""
    code = """
import os, signal, sys
import phyllome_nb as ph
from phyllome_nb.host import embed
from phyllome_nb.host.trial import trial
trial(ph.profiles.minimal(name="tried", type="qemu", session=True))
print(embed.embedded(None)._process.pid, embed.embedded(None)._root, flush=True)
if sys.argv[1] == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
"""
    for how in ("end", "kill"):
        done = subprocess.run([sys.executable, "-c", code, how], capture_output=True, text=True, check=False)
        pid, root = done.stdout.split()
        until(lambda pid=pid: not Path("/proc", pid).exists(), 10, "the helper to end")  # type: ignore[misc]
        until(lambda root=root: not Path(root).exists(), 10, "its directory to go")  # type: ignore[misc]


def test_a_trial_is_escaped_and_says_what_it_is() -> None:
    """Whatever a definition says is inert on the page."""
    spec = small(title="<img src=x onerror=alert(1)>")
    spec.devices.disks.add(type="file", device="disk", file="/srv/<b>.img", target="vda", bus="virtio", format="raw")
    result = trial(spec)
    assert isinstance(result, Trial)
    shown = result._repr_html_() + (result.command._repr_html_() if result.command else "")
    assert "<img" not in shown
    assert "/srv/<b>" not in shown
