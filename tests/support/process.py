"""Start programs, wait for them, end them: always by their own handle or pid."""

import os
import pwd
import socket
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).parents[2]
# Debian keeps daemons where an ordinary user's PATH does not look.
SEARCH_PATH = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"


class User(NamedTuple):
    """Who runs hypervisors here: never root."""

    uid: int
    gid: int
    groups: tuple[int, ...] = ()

    @property
    def prefix(self) -> list[str]:
        """The words before a command that make it run as this user and end when this process ends."""
        become = []
        if os.geteuid() != self.uid:
            groups = ["--groups", ",".join(map(str, self.groups))] if self.groups else ["--clear-groups"]
            become = ["--reuid", str(self.uid), "--regid", str(self.gid), *groups]
        return ["setpriv", *become, "--pdeathsig", "TERM"]


def hypervisor_user() -> User:
    """Return nobody for root, with the group that may use KVM if there is one, and else the user themselves."""
    if os.geteuid() != 0:
        return User(os.geteuid(), os.getegid())
    nobody = pwd.getpwnam("nobody")
    kvm = Path("/dev/kvm")
    shared = kvm.exists() and kvm.stat().st_mode & stat.S_IWGRP
    return User(nobody.pw_uid, nobody.pw_gid, (kvm.stat().st_gid,) if shared else ())


def free_port() -> int:
    """Return a TCP port of the loopback address on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until the condition holds.

    Raises
    ------
    TimeoutError
        Naming ``what`` was waited for, when it does not hold within so many seconds.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(0.05)


def end(process: subprocess.Popen[bytes], seconds: float = 20) -> None:
    """Ask a process to end, and end it when it does not."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
