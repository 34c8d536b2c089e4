"""FleetWatch: the facts of several hosts, kept fresh."""

import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from phyllome_nb.capacity.fleet import Failure, FleetSnapshot
from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.errors import PhyllomeError
from phyllome_nb.host.host import Host
from phyllome_nb.host.watch import Watch

__all__ = ["FleetWatch"]

AGAIN = 15
"""Seconds after which a host that could not be opened is tried again."""


class FleetWatch:
    """Several hosts, each followed on its own: see `Watch`.

    Parameters
    ----------
    hosts : sequence of str, Host or Snapshot
        As a fleet has them. Addresses are opened beside the kernel, each in a thread of its own.
    opened : callable
        What opens an address.
    every : float
        Seconds after which a host is looked at again where libvirt announces nothing.
    """

    def __init__(
        self, hosts: Sequence[str | Host | Snapshot], opened: Callable[[str | Host], Host], every: float
    ) -> None:
        self._hosts = tuple(hosts)
        self._watches: dict[int, Watch] = {}
        self._failures: dict[int, Failure] = {}
        self._tellers: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._composed: FleetSnapshot | None = None
        me = weakref.ref(self)
        for number, host in enumerate(self._hosts):
            if not isinstance(host, Snapshot):
                work = _Work(me, self._ended, number, host, opened, every)
                threading.Thread(target=_open, args=(work,), name="libvirt: following a host", daemon=True).start()

    @property
    def snapshot(self) -> FleetSnapshot | None:
        """The newest facts; None until the first host has told anything."""
        with self._lock:
            if self._composed is None:
                self._composed = self._compose()
            return self._composed

    @property
    def problem(self) -> str:
        """Of hosts that told their facts before and do not now: what is shown of them was true then."""
        with self._lock:
            told = [watch for watch in self._watches.values() if watch.snapshot is not None]
        return " ".join(watch.problem for watch in told if watch.problem)

    def on_change(self, tell: Callable[[], None]) -> Callable[[], None]:
        """Have `tell` called, in a thread of a watch, after each change; what is returned ends that."""
        self._tellers.append(tell)
        return lambda: self._tellers.remove(tell) if tell in self._tellers else None

    def close(self) -> None:
        """Follow the hosts no longer; their connections are the fleet's to close."""
        self._ended.set()
        with self._lock:
            watches = list(self._watches.values())
        for watch in watches:
            watch.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def follow(self, number: int, watch: Watch) -> None:
        """Take up a host that could be opened."""
        with self._lock:
            self._watches[number] = watch
            self._failures.pop(number, None)
        me = weakref.ref(self)
        watch.on_change(lambda: owner.changed() if (owner := me()) else None)
        self.changed()

    def failed(self, number: int, failure: Failure) -> None:
        """Note a host that could not be opened."""
        with self._lock:
            same = self._failures.get(number) == failure
            self._failures[number] = failure
        if not same:
            self.changed()

    def changed(self) -> None:
        """Put the facts together anew, and tell everybody who asked for it."""
        with self._lock:
            self._composed = None
        for tell in list(self._tellers):
            tell()

    def _compose(self) -> FleetSnapshot | None:
        snapshots, failures = [], list(self._failures.values())
        for number, host in enumerate(self._hosts):
            watch = self._watches.get(number)
            if isinstance(host, Snapshot):
                snapshots.append(host)
            elif watch is not None and watch.snapshot is not None:
                snapshots.append(watch.snapshot)
            elif watch is not None and watch.problem:
                failures.append(_failure(host, watch.problem))
        if not snapshots and not failures:
            return None
        return FleetSnapshot.of(snapshots, failures, datetime.now(UTC).astimezone())


@dataclass(frozen=True, slots=True)
class _Work:
    """What a thread needs to open one host, without keeping the watch alive."""

    fleet: "weakref.ref[FleetWatch]"
    ended: threading.Event
    number: int
    host: str | Host
    opened: Callable[[str | Host], Host]
    every: float


def _open(work: "_Work") -> None:
    """Open one host, again and again until it can be."""
    while not work.ended.is_set():
        try:
            watch = work.opened(work.host).watch(work.every)
        except (PhyllomeError, OSError, ValueError, TypeError) as error:
            if (owner := work.fleet()) is not None:
                owner.failed(work.number, _failure(work.host, str(error)))
            del owner
            if work.ended.wait(AGAIN) or work.fleet() is None:
                return
            continue
        if (owner := work.fleet()) is None or work.ended.is_set():
            watch.close()
        else:
            owner.follow(work.number, watch)
        return


def _failure(host: str | Host, problem: str) -> Failure:
    return Failure(host, host, problem) if isinstance(host, str) else Failure(host.name, host.uri, problem)
