"""One real libvirtd of the tests' own: unprivileged, in its own directories, on its own sockets."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import libvirt

from support import guest
from support.process import SEARCH_PATH, User, end, free_port, hypervisor_user, until

# Where an unprivileged libvirt keeps everything, by the variable that says so.
HOMES = {
    "HOME": "home",
    "XDG_RUNTIME_DIR": "run",
    "XDG_CONFIG_HOME": "config",
    "XDG_CACHE_HOME": "cache",
    "XDG_DATA_HOME": "data",
}
SETTINGS = 'listen_tls = 0\nlisten_tcp = 1\nlisten_addr = "127.0.0.1"\ntcp_port = "PORT"\nauth_tcp = "none"\n'
"""What it is told of the network; PORT stands for a free one."""
UNDEFINE = (
    libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
    | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
)


@dataclass(frozen=True, slots=True)
class Daemon:
    """A running libvirtd. It is a host of the QEMU driver and, apart from that, one of the test driver."""

    base: Path
    pid: int
    port: int

    @property
    def socket(self) -> Path:
        """The socket it listens on."""
        return self.base / "run/libvirt/libvirt-sock"

    @property
    def uri(self) -> str:
        """The QEMU driver, over the socket."""
        return f"qemu+unix:///session?socket={self.socket}"

    @property
    def tcp_uri(self) -> str:
        """The QEMU driver, over TCP on the loopback address, where anybody may connect."""
        return f"qemu+tcp://127.0.0.1:{self.port}/session"

    @property
    def test_uri(self) -> str:
        """The test driver inside the daemon: a simulated host that several processes share."""
        return f"test+unix:///default?socket={self.socket}"

    @property
    def directory(self) -> Path:
        """A place for disks and logs that its guests may read and write; the guest's kernel lies in it."""
        return self.base / "images"

    @property
    def kernel(self) -> Path:
        """The test guest's kernel."""
        return self.directory / guest.KERNEL.name

    @property
    def initrd(self) -> Path:
        """The test guest's initramfs."""
        return self.directory / guest.INITRD.name

    @property
    def log(self) -> str:
        """What the daemon has complained of so far."""
        return (self.base / "libvirtd.log").read_text()

    def processes(self) -> list[int]:
        """Return the pids of the daemon and of everything it has started that still runs."""
        return processes(self.base)

    def clear(self) -> None:
        """Destroy and undefine every domain."""
        connection = libvirt.open(self.uri)
        try:
            for domain in connection.listAllDomains():
                # A domain may vanish by itself between the question and the answer.
                with contextlib.suppress(libvirt.libvirtError):
                    if domain.isActive():
                        domain.destroy()
                with contextlib.suppress(libvirt.libvirtError):
                    domain.undefineFlags(UNDEFINE)
            left = [domain.name() for domain in connection.listAllDomains()]
        finally:
            connection.close()
        if left:
            raise RuntimeError(f"domains {left} could not be removed:\n{self.log}")


def processes(base: Path) -> list[int]:
    """Return the pids of all processes that live in the directories of a daemon.

    libvirt gives what it starts (QEMU, swtpm, virtlogd) its own HOME and XDG directories, and nothing else on the
    machine has those. QEMU detaches itself, so the tree of processes would not find it.
    """
    marks = tuple(f"{variable}={base}/".encode() for variable in HOMES)
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        # Processes end while this looks; a zombie's environment is empty.
        with contextlib.suppress(OSError):
            if any(entry.startswith(marks) for entry in environment.read_bytes().split(b"\0")):
                found.append(int(environment.parent.name))
    return sorted(found)


def lay_out(base: Path, user: User, settings: str) -> int:
    """Make the daemon's directories and configuration; return the port it is to listen on."""
    base.mkdir(parents=True, exist_ok=True)
    for parent in base.resolve().parents:
        if user.uid != os.geteuid() and not parent.stat().st_mode & 0o001:
            raise PermissionError(f"{parent} is closed to the unprivileged user the daemon runs as")
    directories = [base, *(base / name for name in HOMES.values()), base / "config/libvirt", base / "images"]
    for directory in directories:
        directory.mkdir(exist_ok=True)
    port = free_port()
    (base / "libvirtd.conf").write_text(settings.replace("PORT", str(port)))
    # Consoles without a virtlogd beside the daemon, guests without a profile only root could load.
    (base / "config/libvirt/qemu.conf").write_text('stdio_handler = "file"\nsecurity_driver = "none"\n')
    for image in (guest.KERNEL, guest.INITRD):
        if image.exists():
            shutil.copy(image, base / "images")
    for path in (base, *base.rglob("*")):
        os.chown(path, user.uid, user.gid)
    (base / "run").chmod(0o700)
    return port


def start(base: Path, user: User, enter: Sequence[str] = ()) -> subprocess.Popen[bytes]:
    """Start a libvirtd in directories that are laid out, and wait until it answers; again, if it has ended."""
    command = ["libvirtd", "--listen", "--config", str(base / "libvirtd.conf"), "--pid-file", str(base / "run/pid")]
    environment = os.environ | {name: str(base / place) for name, place in HOMES.items()} | {"PATH": SEARCH_PATH}
    with (base / "libvirtd.log").open("ab") as log:
        process = subprocess.Popen([*enter, *user.prefix, *command], env=environment, stderr=log, cwd=base)
    daemon = Daemon(base, process.pid, 0)

    def answers() -> bool:
        if process.poll() is not None:
            raise RuntimeError(f"libvirtd ended at once:\n{daemon.log}")
        # The socket is there a moment before anything listens on it.
        with contextlib.suppress(libvirt.libvirtError):
            libvirt.open(daemon.uri).close()
            return True
        return False

    try:
        until(answers, 30, "libvirtd to answer")
    except BaseException:
        end_all(process, base)
        raise
    return process


@contextlib.contextmanager
def libvirtd(base: Path, settings: str = SETTINGS, enter: Sequence[str] = ()) -> Iterator[Daemon]:
    """Run a libvirtd until the block ends, and leave none of its processes, domains or files behind.

    Parameters
    ----------
    base
        A directory to make and to remove: short, for sockets lie in it, and below ones that anybody may enter.
    settings
        Its configuration file, in which PORT stands for its port.
    enter
        The words before its command that bring it elsewhere, such as into a network of its own.
    """
    user = hypervisor_user()
    port = lay_out(base, user, settings)
    try:
        process = start(base, user, enter)
        try:
            yield Daemon(base, process.pid, port)
        finally:
            end_all(process, base)
    finally:
        shutil.rmtree(base)


def end_all(process: subprocess.Popen[bytes], base: Path) -> None:
    """End the daemon, then its guests and helpers, which by design outlive it."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGCONT)  # a test may have stopped it
    end(process)

    def none_left() -> bool:
        left = processes(base)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not left

    until(none_left, 20, f"the processes of {base} to end")
