"""A libvirtd that is far away: behind TLS, behind SSH, or at the end of a slow cable that can be cut."""

import contextlib
import fcntl
import os
import pwd
import select
import shutil
import struct
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from support.libvirtd import Daemon
from support.process import SEARCH_PATH, end, free_port, hypervisor_user, until

TLS = """listen_tls = 1
tls_port = "PORT"
listen_addr = "127.0.0.1"
key_file = "{0}/serverkey.pem"
cert_file = "{0}/servercert.pem"
ca_file = "{0}/cacert.pem"
"""
OPEN = 'listen_tls = 0\nlisten_tcp = 1\nlisten_addr = "0.0.0.0"\ntcp_port = "PORT"\nauth_tcp = "none"\n'
EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")


def run(*command: object) -> None:
    """Run a program to its end; what it complains of is raised."""
    done = subprocess.run([*map(str, command)], check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr}")


def authority(directory: Path) -> None:
    """Make a certificate authority: cacert.pem and cakey.pem."""
    files = ("-keyout", directory / "cakey.pem", "-out", directory / "cacert.pem")
    run("openssl", "req", "-x509", *EC, *files, "-subj", "/CN=test authority", "-addext", "keyUsage=keyCertSign")


def certificate(directory: Path, kind: str, address: str = "127.0.0.1") -> None:
    """Make KINDcert.pem and KINDkey.pem for an address, signed by the authority in the same directory."""
    files = ("-keyout", directory / f"{kind}key.pem", "-out", directory / f"{kind}cert.pem")
    signer = ("-CA", directory / "cacert.pem", "-CAkey", directory / "cakey.pem")
    use = ("basicConstraints=critical,CA:FALSE", f"subjectAltName=IP:{address}", f"extendedKeyUsage={kind}Auth")
    extensions = [word for each in use for word in ("-addext", each)]
    run("openssl", "req", "-x509", *EC, *files, *signer, "-subj", f"/CN=test {kind}", *extensions)


@dataclass(frozen=True, slots=True)
class SshServer:
    """A running sshd; in ``base`` lie ``host`` and ``user`` (the keys), and ``ssh``, a client with its own settings."""

    base: Path
    port: int
    user: str

    @property
    def uri(self) -> str:
        """The session libvirtd of its user."""
        how = f"keyfile={self.base}/user&no_tty=1&command={self.base}/ssh"
        return f"qemu+ssh://{self.user}@127.0.0.1:{self.port}/session?{how}"

    def trust(self, key: Path) -> None:
        """Have the client take this public key, and no other, for the server's."""
        (self.base / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {key.read_text()}")


@contextlib.contextmanager
def ssh_server(base: Path, daemon: Daemon) -> Iterator[SshServer]:
    """Run an sshd where the daemon's user logs in and finds the daemon, as at a far machine.

    For root it sees a user list of its own, so that an unprivileged user can log in, and an empty /run, so that no
    other libvirtd is there. No file of this machine is changed for that.
    """
    base.mkdir()
    base.chmod(0o755)
    for key in ("host", "user"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", base / key)
    root, account = os.geteuid() == 0, hypervisor_user()
    server = SshServer(base, free_port(), "nbtest" if root else pwd.getpwuid(account.uid).pw_name)
    server.trust(base / "host.pub")
    (base / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1:{server.port}\nHostKey {base}/host\nAuthorizedKeysFile {base}/user.pub\n"
        "AuthenticationMethods publickey\nUsePAM no\nStrictModes no\nPidFile none\n"
        f"SetEnv XDG_RUNTIME_DIR={daemon.base / 'run'}\n",
    )
    # Stands in for a person's ~/.ssh/config and ~/.ssh/known_hosts, which are neither read nor written.
    (base / "ssh").write_text(f'#!/bin/sh\nexec ssh -F none -o UserKnownHostsFile={base}/known_hosts "$@"\n')
    (base / "ssh").chmod(0o755)
    command = [shutil.which("sshd", path=SEARCH_PATH) or "sshd", "-D", "-e", "-f", str(base / "sshd_config")]
    if root:
        login = f"{server.user}:*:{account.uid}:{account.gid}::{daemon.base / 'home'}:/bin/sh\n"
        (base / "passwd").write_text(login + Path("/etc/passwd").read_text())
        # In a namespace of processes of its own: when sshd ends, so do its sessions.
        script = 'mount --bind "$0" /etc/passwd; mount -t tmpfs none /run; mkdir /run/sshd; exec "$@"'
        enter = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", script, str(base / "passwd")]
        command = [*enter, *command]
    with (base / "log").open("wb") as log:
        process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], stderr=log)
    try:
        until(lambda: process.poll() is not None or b"listening" in (base / "log").read_bytes(), 20, "sshd to listen")
        yield server
    finally:
        process.kill() if root else end(process)
        process.wait()
        shutil.rmtree(base)


@dataclass(frozen=True, slots=True)
class Cable:
    """A network cable to a network of its own: each packet takes ``delay`` seconds, or, once it is cut, gets lost.

    Its two ends are TUN devices, between which `carry` hands on the packets: what tc's netem would do, which not
    every kernel has.
    """

    delay: float
    address: str
    """Of what is at the far end."""
    enter: tuple[str, ...]
    """The words before a command that have it run at the far end."""
    cut: threading.Event
    pulled: threading.Event

    def carry(self, one: int, other: int) -> None:
        """Hand on what arrives at either end to the other one, until the cable is pulled."""
        under_way: deque[tuple[float, int, bytes]] = deque()  # in the order of arrival, since all take equally long
        while not self.pulled.is_set():
            pause = max(0, under_way[0][0] - time.monotonic()) if under_way else 0.1
            for source in select.select([one, other], [], [], pause)[0]:
                packet = os.read(source, 65536)
                if not self.cut.is_set():
                    under_way.append((time.monotonic() + self.delay, other if source == one else one, packet))
            while under_way and under_way[0][0] <= time.monotonic():
                _, sink, packet = under_way.popleft()
                os.write(sink, packet)


@contextlib.contextmanager
def cable(delay: float) -> Iterator[Cable]:
    """Lay a cable from this machine to a new network; both are gone when the block, or this process, ends."""
    with contextlib.ExitStack() as stack:
        holder = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sleep", "infinity"])
        stack.callback(holder.wait)
        stack.callback(holder.kill)
        network = Path(f"/proc/{holder.pid}/ns/net")
        until(lambda: network.readlink() != Path("/proc/self/ns/net").readlink(), 10, "a network of its own")
        # From the range for tests of network devices; other ones for each process that runs the tests.
        near = IPv4Address("198.18.0.0") + os.getpid() % 2**15 * 2
        laid = Cable(delay, str(near + 1), ("nsenter", f"--net={network}"), threading.Event(), threading.Event())
        ends = []
        for _ in range(2):
            ends.append(os.open("/dev/net/tun", os.O_RDWR))
            stack.callback(os.close, ends[-1])
        names = [_tun(each) for each in ends]
        run("ip", "link", "set", names[1], "netns", holder.pid)
        for place, name, mine, peer in (((), names[0], near, near + 1), (laid.enter, names[1], near + 1, near)):
            run(*place, "ip", "address", "add", mine, "peer", peer, "dev", name)
            run(*place, "ip", "link", "set", name, "up")
        thread = threading.Thread(target=laid.carry, args=ends, daemon=True)
        thread.start()
        stack.callback(thread.join)
        stack.callback(laid.pulled.set)
        yield laid


def _tun(handle: int) -> str:
    """Make a TUN device, bare packets, with the next free name; return that."""
    made = fcntl.ioctl(handle, 0x400454CA, struct.pack("16sH22x", b"nb%d", 0x1001))  # TUNSETIFF, IFF_TUN | IFF_NO_PI
    return made[:16].rstrip(b"\0").decode()
