"""The private libvirt for trials: started in the background, kept warm, and ended with this process."""

import atexit
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from phyllome_nb.errors import HostError, NoAnswer
from phyllome_nb.host import probed
from phyllome_nb.host.deadline import within

__all__ = ["Embedded", "embedded"]

NOBODY = 65534
Way = tuple[list[str], int | None]
"""A prefix for the command, and the user as whom it runs where that is another."""
INSTALL = "apt install libvirt-daemon-driver-qemu qemu-system-x86"
PATIENCE = 60
"""Seconds for QEMU to be asked what it can do, once in the life of the process."""


class Embedded:
    """A process with a private libvirt and its QEMU driver.

    Parameters
    ----------
    privileged : bool, optional
        Whether libvirt's rules for the system are wanted, or those for a user's session; None takes what comes.

    Notes
    -----
    ``hello`` says who answers: its libvirt, its QEMU, and whether it took itself for privileged.
    """

    def __init__(self, privileged: bool | None) -> None:
        self._wanted = privileged
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._root: Path | None = None
        self.hello: dict[str, Any] = {}

    def ask(self, timeout: float, **question: Any) -> dict[str, Any]:
        """The answer to a question, from a process that is started where it is not running.

        Raises
        ------
        HostError
            If there is no QEMU driver here, or the process ended.
        NoAnswer
            If the deadline passes; the process is then ended, and the next question starts another.
        """
        with self._lock:
            try:
                if self._process is None or self._process.poll() is not None:
                    self._start()
                return within(timeout, lambda: self._exchange(question), "asking a private libvirt")
            except (NoAnswer, BrokenPipeError):
                self._end()
                raise

    @property
    def is_warm(self) -> bool:
        """Whether it answers at once."""
        return bool(self.hello) and self._process is not None and self._process.poll() is None

    def end(self) -> None:
        """End the process and remove its files."""
        with self._lock:
            self._end()

    def _start(self) -> None:
        said = ""
        missing: list[str] = []
        ways = self._ways()
        while way := next(ways, None):
            said = self._try(way, missing)
            if self.hello:
                return
            # libvirt knows at compile time as whom QEMU is to run, and wants that user and group to be there.
            lacks = re.search("Failed to parse (?:user|group) '([a-z_-]+)'", said)
            if lacks and lacks[1] not in missing and shutil.which("unshare"):
                missing.append(lacks[1])
                ways = chain([way], ways)
        self._end()
        raise HostError(
            f"There is no QEMU driver of libvirt's on this machine{f' ({said})' if said else ''}: {INSTALL}."
        )

    def _try(self, way: Way, missing: list[str]) -> str:
        """Start it one way; what it says against that, or nothing once it has said hello."""
        self._end()
        prefix, user = way
        self._root = Path(tempfile.mkdtemp(prefix="phyllome-trial-"))
        if user is not None:
            os.chown(self._root, user, user)
        else:
            probed.lend(self._root)
            prefix = [*prefix, *_with_users(self._root, missing)] if missing else prefix
        command = [*prefix, sys.executable, "-m", __name__.replace("embed", "embed_helper"), str(self._root)]
        who: dict[str, Any] = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        try:
            self._process = subprocess.Popen(  # noqa: S603  (this Python, and tools of util-linux)
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env=os.environ | _homes(self._root),
                cwd="/",
                start_new_session=True,  # Ctrl-C in the kernel is not for it
                **who,
            )
            answer = within(PATIENCE, lambda: self._exchange({"ask": "hello"}), "starting a private libvirt")
        except (HostError, OSError) as error:
            return str(error)
        if "libvirt" in answer:
            self.hello = answer
            if user is None:  # what another user's process has written is not read as ours
                probed.keep(self._root)
            return ""
        return str(answer.get("message", ""))

    def _ways(self) -> Iterator[Way]:
        """How to start it, the way that is wanted first: a prefix for the command, and another user."""
        root = os.geteuid() == 0
        if root and self._wanted is False:
            yield [], NOBODY
        if not root and self._wanted and shutil.which("unshare"):
            yield ["unshare", "--user", "--map-root-user"], None
        yield [], None
        if root and self._wanted is not False:
            yield [], NOBODY

    def _exchange(self, question: dict[str, Any]) -> dict[str, Any]:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise HostError("The private libvirt is not running.")
        process.stdin.write(f"{json.dumps(question)}\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            raise HostError("The private libvirt ended without an answer.")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _end(self) -> None:
        process, root = self._process, self._root
        self._process = self._root = None
        self.hello = {}
        if process is not None:
            with contextlib.suppress(OSError):
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    if stream is not None:
                        stream.close()
        if root is not None:
            shutil.rmtree(root, ignore_errors=True)


def _with_users(root: Path, names: list[str]) -> list[str]:
    """The start of a command that sees these users and groups as well, and nobody else does."""
    for kind, line in (("passwd", "{}:x:{}:{}::/nonexistent:/bin/false"), ("group", "{}:x:{}:")):
        known = Path("/etc", kind).read_text("utf-8").rstrip("\n")
        more = [line.format(name, NOBODY, NOBODY) for name in names]
        (root / kind).write_text("\n".join([known, *more, ""]), "utf-8")
    script = 'mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/group" /etc/group && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", script, str(root)]


def _homes(root: Path) -> dict[str, str]:
    """Where an unprivileged libvirt keeps things: nowhere that is anybody's."""
    return {"HOME": str(root), **{f"XDG_{name}_HOME": str(root) for name in ("CONFIG", "CACHE", "DATA")}}


_all: dict[bool | None, Embedded] = {}
_lock = threading.Lock()


def embedded(privileged: bool | None) -> Embedded:
    """The one with these rules; it is started when it is first asked, and ended with this process."""
    with _lock:
        if privileged not in _all:
            _all[privileged] = Embedded(privileged)
            atexit.register(_all[privileged].end)
        return _all[privileged]
