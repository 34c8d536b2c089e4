"""Watch: the facts of a host, kept fresh."""

import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.errors import NoAnswer, PhyllomeError

if TYPE_CHECKING:
    from phyllome_nb.host.host import Host

__all__ = ["Watch"]

WHOLE = 60.0
"""Seconds after which a definition is read anew, for what libvirt does not announce."""
CALM = 30.0
"""Seconds for which changes that nobody would look at, such as some KiB of free memory, are not told."""
COARSE = 2**24
"""Bytes of resident memory that are a change."""
AT_MOST = 0.2
"""Seconds between two looks, however many events there are."""
PATIENCE = 15.0
"""Seconds between two tries to open a connection that has broken, in the end."""


class Watch:
    """The facts of a host, kept fresh in a thread of its own: by libvirt's events, and by looking now and then.

    Made by ``host.watch()``. A daemon that is restarted is found again; until then ``problem`` says so, and what is
    shown was true before. A VM that hangs is a problem of that VM's.

    Parameters
    ----------
    host : Host
    every : float
        Seconds after which the host is looked at where libvirt announces nothing. What changes there is seen at once.

    Attributes
    ----------
    snapshot : Snapshot or None
        The newest facts; None until the first were read.
    problem : str
        Why they are not the newest: a sentence, or nothing.

    Examples
    --------
    >>> import phyllome_nb as ph
    >>> host = ph.demo()
    >>> with host.watch() as watch:
    ...     first = watch.wait(lambda snap: True, timeout=30)
    ...     stored = host.change(ph.profiles.minimal(name="seen")).apply()
    ...     found = watch.wait(lambda snap: "seen" in {domain.name for domain in snap.domains}, timeout=30)
    >>> len(found.domains) - len(first.domains)
    1
    """

    def __init__(self, host: "Host", every: float = 2) -> None:
        if type(every) not in {int, float} or not every > 0:
            raise ValueError(f"every={every!r} is not a number of seconds above zero.")
        self.host = host
        self.every = float(every)
        self.snapshot: Snapshot | None = None
        self.problem = ""
        self.errors: list[Exception] = []
        """What listeners raised: each kind once."""
        self._listeners: list[Callable[[], None]] = []
        self._changed = threading.Condition()
        self._told = float("-inf")
        self._wake, self._ended = threading.Event(), threading.Event()
        # Neither the thread nor the host keeps a watch that nobody holds.
        loop = (weakref.ref(self), self._wake, self._ended)
        host.when_events(self._look_now)
        host.when_lost(self._look_now)
        threading.Thread(target=_run, args=loop, name=f"libvirt: watching {host.name}", daemon=True).start()
        weakref.finalize(self, self._ended.set)
        weakref.finalize(self, self._wake.set)

    def on_change(self, tell: Callable[[], None]) -> Callable[[], None]:
        """Have `tell` called, in the watch's thread, after each change of the facts or of the problem.

        What is returned ends that. One that raises an error is told again the next time; see ``errors``.
        """
        self._listeners.append(tell)
        return lambda: self._listeners.remove(tell) if tell in self._listeners else None

    def wait(self, until: Callable[[Snapshot], bool], timeout: float) -> Snapshot:
        """Wait for facts of which `until` says that they are those.

        Raises
        ------
        NoAnswer
            If there are none within so many seconds.
        """
        last = time.monotonic() + timeout
        with self._changed:
            while self.snapshot is None or not until(self.snapshot):
                left = last - time.monotonic()
                if left <= 0 or self._ended.is_set():
                    more = f" {self.problem}" if self.problem else ""
                    raise NoAnswer(f"{self.host.name} did not become so within {timeout:g} s.{more}")
                self._changed.wait(left)
            return self.snapshot

    def close(self) -> None:
        """Look no longer; the host stays open."""
        self._ended.set()
        self._wake.set()
        with self._changed:
            self._changed.notify_all()

    def _look_now(self) -> None:
        self._wake.set()

    def look(self) -> bool:
        """Look once, and tell whether the host answered."""
        problem, found = "", self.snapshot
        try:
            found = self.host.snapshot(WHOLE)
        except Exception as error:  # noqa: BLE001  (the watch goes on, and says what happened)
            why = str(error) if isinstance(error, PhyllomeError) else f"{type(error).__name__}: {error}"
            problem = f"What is shown was true before: {why}" if found else why
        self._take(found, problem)
        return not problem

    def _take(self, found: Snapshot | None, problem: str) -> None:
        now, old = time.monotonic(), self.snapshot
        self.snapshot, was, self.problem = found, self.problem, problem
        with self._changed:
            self._changed.notify_all()
        calm = found is old or (now - self._told < CALM and _gist(found) == _gist(old))
        if problem == was and calm:
            return
        self._told = now
        for tell in list(self._listeners):
            try:
                tell()
            except Exception as error:  # noqa: BLE001  (one listener's error is not the others')
                if repr(error) not in map(repr, self.errors):
                    self.errors.append(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = self.problem or (f"{len(self.snapshot.domains)} VMs" if self.snapshot else "reading")
        return f"<Watch of {self.host.name}: {state}>"


def _gist(snapshot: Snapshot | None) -> object:
    """What of a snapshot is worth telling: not what is different at every moment."""
    if snapshot is None:
        return None
    host = snapshot.host
    cells = tuple(
        replace(cell, free=None, pages=tuple(pool for pool in cell.pages if pool.is_huge)) for cell in host.cells
    )
    used = [
        None if each.usage is None else (each.usage.balloon, (each.usage.rss or 0) // COARSE)
        for each in snapshot.domains
    ]
    domains = tuple(replace(each, usage=None) for each in snapshot.domains)
    return replace(host, cells=cells, memory_available=None, mhz=None), domains, used


def _run(watch: "weakref.ref[Watch]", wake: threading.Event, ended: threading.Event) -> None:
    """Look until it ends, or nobody holds the watch any longer."""
    failures = 0
    while not ended.is_set() and (here := watch()) is not None:
        wake.clear()
        failures = 0 if here.look() else failures + 1
        every = here.every
        del here
        if ended.wait(AT_MOST):
            return
        if failures:
            ended.wait(min(AT_MOST * 2**failures, PATIENCE))
        else:
            wake.wait(max(every - AT_MOST, 0))
