"""Fleet: several hosts, collected side by side."""

import threading
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Executor, Future
from concurrent.futures import TimeoutError as Late
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from phyllome_nb.capacity.fleet import Failure, FleetSnapshot
from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.errors import PhyllomeError
from phyllome_nb.host.host import Host

if TYPE_CHECKING:
    import pandas as pd

    from phyllome_nb.host.fleet_watch import FleetWatch

__all__ = ["Fleet"]

T = TypeVar("T")
Told = Snapshot | Failure
GRACE = 2
"""Seconds beyond a host's own deadline: it says itself what it was asked when it gave no answer."""


class Fleet:
    """Several hosts as one: addresses, open hosts, and snapshots that were taken before.

    Nothing is opened before `snapshot` is called.

    Parameters
    ----------
    hosts : iterable of str, Host or Snapshot
        libvirt's addresses, such as ``qemu+ssh://host/system``; hosts that are open; snapshots from files.
    timeout : float
        Seconds that one host may take, all its answers together.
    write : bool
        Whether addresses are opened for writing: libvirt compares CPUs with what a hypervisor offers only for those.
    allow : collection of str
        What an address may do apart from naming a host: see `phyllome_nb.connect`.

    Examples
    --------
    >>> import phyllome_nb as ph
    >>> with ph.Fleet(["test:///default", ph.demo()]) as fleet:
    ...     taken = fleet.snapshot()
    >>> len(taken.snapshots), taken.failures
    (2, ())
    """

    def __init__(
        self,
        hosts: Iterable[str | Host | Snapshot],
        *,
        timeout: float = 10,
        write: bool = False,
        allow: Collection[str] = (),
    ) -> None:
        self.hosts = tuple(hosts)
        for each in self.hosts:
            if not isinstance(each, str | Host | Snapshot):
                raise TypeError(f"{each!r} is no address, no Host and no Snapshot.")
        self.timeout = timeout
        self.write = write
        self.allow = tuple(allow)
        self._open: dict[str, Host] = {}

    def snapshot(self, executor: Executor | None = None) -> FleetSnapshot:
        """The facts of all hosts, each within its deadline.

        Parameters
        ----------
        executor : concurrent.futures.Executor, optional
            Who asks the hosts that are given by address: any executor, such as that of a Dask cluster
            (``client.get_executor()``). The addresses are opened where its workers run. Left out, each host is asked
            by a thread of its own here, and its connection is kept for the next time.

        Returns
        -------
        FleetSnapshot
            A host that hangs, refuses or cannot be reached is one of its failures.
        """
        asked = [self._ask(each, executor) for each in self.hosts]
        # An executor may have fewer workers than there are hosts.
        turns = 1 if executor is None else len(asked)
        last = time.monotonic() + (self.timeout + GRACE) * max(turns, 1)
        told = [self._told(each, future, last) for each, future in zip(self.hosts, asked, strict=True)]
        snapshots = (each for each in told if isinstance(each, Snapshot))
        failures = (each for each in told if isinstance(each, Failure))
        return FleetSnapshot.of(snapshots, failures, datetime.now(UTC).astimezone())

    def _ask(self, host: str | Host | Snapshot, executor: Executor | None) -> "Future[Told]":
        if isinstance(host, Snapshot):
            ready: Future[Told] = Future()
            ready.set_result(host)
            return ready
        if isinstance(host, str) and executor is not None:
            return executor.submit(collected, host, self.timeout, self.allow)
        return _beside(lambda: self._collect(host))

    def _collect(self, host: str | Host) -> Told:
        """Ask one host through a connection that is kept."""
        try:
            return self._host(host).snapshot()
        except (PhyllomeError, OSError, ValueError, TypeError) as error:
            return _failure(host, error)

    def _told(self, host: str | Host | Snapshot, future: "Future[Told]", last: float) -> Told:
        """What came of it in time."""
        try:
            return future.result(max(last - time.monotonic(), 0))
        except Late:
            return _failure(host, f"No answer within {self.timeout:g} s.")
        except Exception as error:  # noqa: BLE001  (a worker may fail in ways of its own)
            return _failure(host, f"{type(error).__name__}: {error}")

    def watch(self, every: float = 5) -> "FleetWatch":
        """Follow all hosts: see `phyllome_nb.host.fleet_watch.FleetWatch`, and `Host.watch`.

        Parameters
        ----------
        every : float
            Seconds after which a host is looked at again where libvirt announces nothing.
        """
        from phyllome_nb.host.fleet_watch import FleetWatch

        return FleetWatch(self.hosts, self._host, every)

    def cpu_compatibility(self) -> "pd.DataFrame":
        """See `phyllome_nb.host.compatibility.cpu_compatibility`."""
        from phyllome_nb.host.compatibility import cpu_compatibility

        return cpu_compatibility(self.opened())

    def cpu_baseline(self) -> str:
        """See `phyllome_nb.host.compatibility.cpu_baseline`."""
        from phyllome_nb.host.compatibility import cpu_baseline

        return cpu_baseline(self.opened())

    def migration(self) -> "pd.DataFrame":
        """See `phyllome_nb.host.compatibility.migration`."""
        from phyllome_nb.host.compatibility import migration

        return migration(self.opened())

    def opened(self) -> list[Host]:
        """The hosts that can be asked something, those that cannot be opened left out."""
        futures = [_beside(lambda each=each: self._host(each)) for each in self.hosts if not isinstance(each, Snapshot)]  # type: ignore[misc]
        last = time.monotonic() + self.timeout + GRACE
        found = []
        for future in futures:
            try:
                found.append(future.result(max(last - time.monotonic(), 0)))
            except (PhyllomeError, Late):
                continue
        return found

    def _host(self, host: str | Host) -> Host:
        if isinstance(host, Host):
            return host
        if host not in self._open:
            self._open[host] = Host(host, write=self.write, timeout=self.timeout, allow=self.allow)
        return self._open[host]

    def close(self) -> None:
        """Let go of the connections that the fleet has opened; hosts that it was given stay open."""
        while self._open:
            self._open.popitem()[1].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self.hosts)

    def __repr__(self) -> str:
        return f"<Fleet of {len(self.hosts)} hosts>"


def collected(uri: str, timeout: float, allow: Collection[str] = ()) -> Told:
    """The facts of one host: what an executor is given, wherever it runs.

    The result is a `Snapshot`, or the `Failure` that says why there is none.
    """
    try:
        with Host(uri, timeout=timeout, allow=allow) as host:
            return host.snapshot()
    except (PhyllomeError, OSError, ValueError, TypeError) as error:
        return _failure(uri, error)


def _failure(host: str | Host | Snapshot, error: object) -> Failure:
    if isinstance(host, str):
        return Failure(host, host, str(error))
    if isinstance(host, Host):
        return Failure(host.name, host.uri, str(error))
    return Failure(host.host.name, host.host.uri, str(error))


def _beside(work: Callable[[], T]) -> "Future[T]":
    """Run it in a thread that does not keep the process from ending."""
    result: Future[T] = Future()

    def run() -> None:
        try:
            result.set_result(work())
        except BaseException as error:  # noqa: BLE001  (it is raised where the result is awaited)
            result.set_exception(error)

    threading.Thread(target=run, name="libvirt: a host of the fleet", daemon=True).start()
    return result
