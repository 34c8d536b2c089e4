"""What a fresh clone relies on: the command, the locks, and the real hypervisor that the tests run."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from textwrap import dedent

import libvirt
import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from support.guest import CMDLINE, DOMAIN_TYPE, READY, Accelerator
from support.libvirtd import Daemon, libvirtd, processes
from support.process import REPOSITORY, until

LOCKS = {name: REPOSITORY / f"scripts/{name}.lock" for name in ("lab", "oldest", "test")}
PYTHONS = ("3.11", "3.12", "3.13")


def nb(*arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run ./nb, with no other command in reach than those in ``path`` when one is given."""
    environment = os.environ | ({"PATH": str(path)} if path else {})
    return subprocess.run(
        [shutil.which("bash") or "bash", REPOSITORY / "nb", *arguments],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """Return a directory with the few commands that ./nb needs before it has installed any, and an ordinary user."""
    for command in ("cat", "dirname", "grep", "mkdir"):
        (tmp_path / command).symlink_to(shutil.which(command) or command)
    script(tmp_path / "id", "echo 1000")
    return tmp_path


def script(path: Path, line: str) -> None:
    """Write an executable of one line."""
    path.write_text(f"#!{shutil.which('bash')}\n{line}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("arguments", [(), ("help",), ("--help",)])
def test_nb_prints_its_usage(arguments: tuple[str, ...]) -> None:
    """Without a command, or asked for help, it lists what it can do."""
    said = nb(*arguments)
    assert said.returncode == 0
    assert said.stdout.startswith("Usage: ./nb COMMAND")
    commands = ["lab", "dashboard", "test", "lint", "bench", "docs", "lock", "help"]
    assert re.findall(r"^  (\w+) ", said.stdout, re.MULTILINE) == commands


def test_nb_refuses_an_unknown_command_in_one_sentence() -> None:
    """A typo costs a sentence, not an installation."""
    said = nb("tset")
    assert said.returncode == 2
    assert said.stderr == "./nb has no command 'tset'; ./nb help lists those it has.\n"


def test_nb_names_the_command_to_run_where_it_may_not_install(bare_path: Path) -> None:
    """A user without sudo is told what to ask of root, and only for what is missing."""
    script(bare_path / "dpkg-query", "echo gcc installed; echo pkg-config config-files; exit 1")
    script(bare_path / "apt-get", "exit 1")
    said = nb("lab", path=bare_path)
    assert said.returncode == 1
    assert said.stderr == (
        "Only root can install Debian packages. As root: "
        "apt-get install --no-install-recommends python3-venv python3-dev pkg-config libvirt-dev\n"
    )


def test_nb_names_what_a_machine_without_apt_lacks(bare_path: Path) -> None:
    """On another distribution it stops for what is truly absent, under Debian's names."""
    script(bare_path / "gcc", "exit 0")
    said = nb("lab", path=bare_path)
    assert said.returncode == 1
    assert re.fullmatch(r"This machine has no apt\. Install what .*: .*pkg-config libvirt-dev\n", said.stderr)
    assert " gcc" not in said.stderr


def pins(lock: str, python: str) -> dict[str, str]:
    """Return the versions a lock names for one Python on Linux, by package."""
    environment = {**default_environment(), "python_version": python, "python_full_version": f"{python}.2"}
    requirements = map(Requirement, LOCKS[lock].read_text().splitlines())
    return {
        canonicalize_name(each.name): str(each.specifier).removeprefix("==")
        for each in requirements
        if each.marker is None or each.marker.evaluate({key: str(value) for key, value in environment.items()})
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_pins_and_nothing_of_the_machine_that_made_it(lock: str) -> None:
    """No index, no path, no option: each line is one exact version."""
    for line in LOCKS[lock].read_text().splitlines():
        assert re.fullmatch(r"[a-z0-9.-]+==[\w.+]+( ; .+)?", line), line
        assert "/" not in line


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_satisfies_pyproject(lock: str, python: str) -> None:
    """After a change of dependencies, ./nb lock is due."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    groups = project["project"]["optional-dependencies"]["lab"], project["dependency-groups"]["dev"]
    lab, dev = lock != "oldest", lock != "lab"
    wanted = [*project["project"]["dependencies"], *(groups[0] if lab else ()), *(groups[1] if dev else ())]
    pinned = pins(lock, python)
    for requirement in map(Requirement, wanted):
        version = pinned.get(canonicalize_name(requirement.name), "0")
        assert requirement.specifier.contains(version), f"{lock}.lock lacks {requirement}: run ./nb lock"


def test_the_oldest_versions_are_those_that_pyproject_names() -> None:
    """Each dependency is tested at the version from which it is said to serve."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    pinned = pins("oldest", PYTHONS[0])
    for requirement in map(Requirement, project["project"]["dependencies"]):
        [least] = requirement.specifier
        assert Version(pinned[canonicalize_name(requirement.name)]) == Version(least.version)


@pytest.mark.parametrize("python", PYTHONS)
def test_one_environment_serves_both_locks(python: str) -> None:
    """The test lock is the lab lock and more, so neither command undoes the other's work; the lab needs no browser."""
    lab, test = pins("lab", python), pins("test", python)
    assert lab.items() < test.items()
    assert "playwright" not in lab


def console(daemon: Daemon, name: str) -> str:
    """Return what a guest has written on its serial console."""
    log = daemon.directory / f"{name}.console"
    return log.read_text(errors="replace") if log.exists() else ""


def machine(daemon: Daemon, name: str, accelerator: Accelerator, *, modern: bool = False) -> str:
    """Return the definition of a machine that boots the test guest; a modern one has UEFI firmware and a TPM."""
    tpm = "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>"
    return dedent(f"""\
        <domain type='{DOMAIN_TYPE[accelerator]}'>
          <name>{name}</name>
          <memory unit='MiB'>256</memory>
          <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>
          <os {"firmware='efi'" if modern else ""}>
            <type arch='x86_64' machine='q35'>hvm</type>
            <kernel>{daemon.kernel}</kernel>
            <initrd>{daemon.initrd}</initrd>
            <cmdline>{CMDLINE}</cmdline>
          </os>
          <features><acpi/></features>
          <devices>
            <serial type='pty'><log file='{daemon.directory}/{name}.console'/></serial>
            <memballoon model='virtio'><stats period='1'/></memballoon>
            <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
            {tpm if modern else ""}
          </devices>
        </domain>""")


@pytest.mark.usefixtures("guest")
def test_a_guest_boots_and_powers_off(daemon: Daemon, accelerator: Accelerator) -> None:
    """The test guest reaches its console, follows the balloon and obeys the power button."""
    connection = libvirt.open(daemon.uri)
    domain = connection.defineXML(machine(daemon, "boots", accelerator))
    domain.create()
    until(lambda: READY in console(daemon, "boots"), 90, f"the guest on {accelerator} to boot")
    domain.setMemory(192 * 1024)
    until(lambda: domain.memoryStats()["actual"] == 192 * 1024, 20, "the balloon to move")
    domain.shutdown()
    until(lambda: not domain.isActive(), 30, "the guest to power off")
    connection.close()


@pytest.mark.usefixtures("guest")
def test_the_daemon_fixture_leaves_nothing_behind(scratch: Path, accelerator: Accelerator) -> None:
    """With a guest running, the block's end takes the daemon, QEMU and every file away."""
    base = scratch / "another"
    with libvirtd(base) as daemon:
        connection = libvirt.open(daemon.uri)
        connection.createXML(machine(daemon, "left", accelerator, modern=True))
        running = daemon.processes()
        assert daemon.pid in running
        assert len(running) > 1
        connection.close()
    assert processes(base) == []
    assert not [pid for pid in running if command(pid)]
    assert not base.exists()


def command(pid: int) -> bytes:
    """Return the command line of a process, which is empty once it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_a_daemon_answers_in_every_way_it_promises(daemon: Daemon) -> None:
    """Over the socket and TCP, to writers and readers, and as a simulated host."""
    for uri in (daemon.uri, daemon.tcp_uri):
        writer, reader = libvirt.open(uri), libvirt.openReadOnly(uri)
        assert writer.getType() == reader.getType() == "QEMU"
        with pytest.raises(libvirt.libvirtError, match="read only access"):
            reader.defineXML("<domain/>")
        writer.close()
        reader.close()
    simulated = libvirt.open(daemon.test_uri)
    assert simulated.getType() == "TEST"
    simulated.close()
