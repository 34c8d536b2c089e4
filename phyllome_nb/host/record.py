"""Recording: what VMs use, written down every few seconds."""

import os
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

import libvirt

from phyllome_nb.capacity.history import History
from phyllome_nb.capacity.recording import KINDS, SAMPLES, compact, write
from phyllome_nb.errors import NoAnswer, PhyllomeError, RecordingError
from phyllome_nb.host.situation import waiting

if TYPE_CHECKING:
    import pandas as pd

    from phyllome_nb.host.host import Host

__all__ = ["Recording"]

GROUPS = (
    libvirt.VIR_DOMAIN_STATS_STATE
    | libvirt.VIR_DOMAIN_STATS_CPU_TOTAL
    | libvirt.VIR_DOMAIN_STATS_BALLOON
    | libvirt.VIR_DOMAIN_STATS_VCPU
    | libvirt.VIR_DOMAIN_STATS_INTERFACE
    | libvirt.VIR_DOMAIN_STATS_BLOCK
)
FLUSH = 60.0
"""Seconds after which what was learnt is written: so much is lost where the kernel is killed."""
PARTS = 60
"""Files that are put into one."""
LOCK = "recorder.lock"
CLOCK = 1.0
"""Seconds by which the clock of the machine may differ from one that nobody sets."""
SUMMED = {
    "vcpu_ns": ("vcpu", "time"),
    "wait_ns": ("vcpu", "wait"),
    "steal_ns": ("vcpu", "delay"),
    "rd_bytes": ("block", "rd.bytes"),
    "wr_bytes": ("block", "wr.bytes"),
    "rd_reqs": ("block", "rd.reqs"),
    "wr_reqs": ("block", "wr.reqs"),
    "rx_bytes": ("net", "rx.bytes"),
    "tx_bytes": ("net", "tx.bytes"),
}
"""Figures that libvirt tells for each vCPU, disk and interface."""
ALONE = {
    "vcpus": "vcpu.current",
    "cpu_ns": "cpu.time",
    "maximum_kib": "balloon.maximum",
    "balloon_kib": "balloon.current",
    "rss_kib": "balloon.rss",
    "unused_kib": "balloon.unused",
    "usable_kib": "balloon.usable",
}


class Recording:
    """A recorder at work in a thread of its own; made by ``host.record(path)``.

    Each look costs the host one call for all VMs. A look that fails is written down as such, with the reason; a VM
    whose QEMU hangs is left out of the next ones until it is well again. There is no definition and no secret in the
    files.

    Parameters
    ----------
    host : Host
    path : str or Path
        A directory, which is made if it is not there. Recording into one that was recorded into before goes on there.
    every : float
        Seconds between two looks.

    Raises
    ------
    RecordingError
        If somebody else is recording into it.
    ImportError
        If pyarrow is not installed: ``pip install phyllome-nb[export]`` brings it.
    """

    def __init__(self, host: "Host", path: str | Path, every: float = 10) -> None:
        if find_spec("pyarrow") is None:  # better now than at the first flush
            raise ImportError("Recording needs pyarrow: pip install phyllome-nb[export] brings it.")
        if type(every) not in {int, float} or not every > 0:
            raise ValueError(f"every={every!r} is not a number of seconds above zero.")
        self.host, self.every, self.path = host, float(every), Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        _lock(self.path / LOCK)
        self._recorder = _Recorder(host, self.path, self.every)
        self._recorder.thread.start()
        # One that nobody holds any longer ends as if it were stopped.
        weakref.finalize(self, self._recorder.ended.set)

    @property
    def samples(self) -> int:
        """Looks that have told something."""
        return self._recorder.samples

    @property
    def problem(self) -> str:
        """Why the last look did not, and why nothing can be written; nothing where all is well."""
        return " ".join(filter(None, (self._recorder.missed, self._recorder.unwritten)))

    def stop(self) -> None:
        """Record no longer, and write what was learnt."""
        self._recorder.ended.set()
        self._recorder.thread.join(3 * self.host.timeout + 2)

    def wait(self, samples: int, timeout: float) -> None:
        """Wait until so many looks have told something.

        Raises
        ------
        NoAnswer
            If that takes longer than so many seconds.
        """
        with self._recorder.learnt:
            if not self._recorder.learnt.wait_for(lambda: self.samples >= samples, timeout):
                raise NoAnswer(f"{self.samples} of {samples} looks within {timeout:g} s. {self.problem}".strip())

    def flush(self) -> None:
        """Write what was learnt so far."""
        self._recorder.flush()

    def history(self) -> History:
        """What was recorded so far."""
        self.flush()
        return History.load(self.path)

    def usage(self) -> "pd.DataFrame":
        """See `phyllome_nb.capacity.history.History.usage`."""
        return self.history().usage()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        state = "ended" if self._recorder.ended.is_set() else f"every {self.every:g} s"
        problem = f"; {self.problem}" if self.problem else ""
        return f"<Recording of {self.host.name} to {self.path}, {state}: {self.samples} looks{problem}>"


class _Recorder:
    """What looks and writes. Its thread holds it, and not the recording that people hold."""

    def __init__(self, host: "Host", path: Path, every: float) -> None:
        self.host, self.path, self.every = host, path, every
        self.samples = 0
        self.missed = self.unwritten = ""
        """Why the last look has told nothing, and why what was learnt cannot be written."""
        self.learnt, self.ended = threading.Condition(), threading.Event()
        self.thread = threading.Thread(target=self._run, name="libvirt: recording", daemon=True)
        self._session, self._clock = _session()
        self._rows: dict[str, list[tuple[Any, ...]]] = {kind: [] for kind in KINDS}
        self._parts = {kind: sorted(path.glob(f"{kind}-*-part.parquet")) for kind in KINDS}
        self._flushed = time.monotonic()
        self._writing = threading.Lock()
        self._hung: dict[str, str] = {}

    def _run(self) -> None:
        """Look at regular times, until it ends."""
        due = time.monotonic()
        try:
            while not self.ended.is_set():
                self.look()
                if time.monotonic() - self._flushed >= FLUSH:
                    self.flush()
                due = max(due + self.every, time.monotonic())
                self.ended.wait(max(due - time.monotonic(), 0))
            self.flush()
        finally:
            (self.path / LOCK).unlink(missing_ok=True)

    def look(self) -> None:
        """Look once, and keep what is learnt. Whatever goes wrong is written down, and the next look is made."""
        try:
            available, found = self.host.ask("recording", self._ask)
        except Exception as error:  # noqa: BLE001  (a recorder that ends unseen is worse than any error)
            known = isinstance(error, PhyllomeError)
            self.missed = str(error) if known else f"{type(error).__name__}: {error}"
            self._keep((*self._looked(), None, None, self.missed), [])
            return
        looked = self._looked()
        self.missed = " ".join(self._hung.values())
        self._keep((*looked, len(found), available, ""), [(looked[0], *row) for row in found])
        with self.learnt:
            self.samples += 1
            self.learnt.notify_all()

    def _looked(self) -> tuple[datetime, str, float]:
        """When an answer came. Where the clock was set meanwhile, another session begins: times go on from there."""
        moment = datetime.now(UTC)
        if abs(moment.timestamp() - time.monotonic() - self._clock) > CLOCK:
            self._session, self._clock = _session()
        return moment, self._session, self.every

    def flush(self) -> None:
        """Write what was learnt since the last time; what cannot be written is kept for the next time."""
        with self._writing:
            with self.learnt:
                rows, self._rows = self._rows, {kind: [] for kind in KINDS}
            self._flushed = time.monotonic()
            try:
                for kind in KINDS:
                    self._write(kind, rows[kind])
                    rows[kind] = []
                self.unwritten = ""
            except Exception as error:  # noqa: BLE001  (likewise)
                with self.learnt:
                    self._rows = {kind: rows[kind] + self._rows[kind] for kind in KINDS}
                why = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
                self.unwritten = f"What was recorded cannot be written to {self.path}: {why}."

    def _write(self, kind: str, rows: list[tuple[Any, ...]]) -> None:
        if not rows:
            return
        name = f"{rows[0][0]:%Y%m%dT%H%M%S%f}"
        self._parts[kind].append(write(self.path, kind, rows, f"{name}-part"))
        if len(self._parts[kind]) >= PARTS:
            parts, self._parts[kind] = self._parts[kind], []
            with suppress(Exception):  # one that is damaged, or a disk that is full: the parts serve as well
                compact(self.path, kind, parts, parts[0].stem.removeprefix(f"{kind}-").removesuffix("-part"))

    def _keep(self, look: tuple[Any, ...], samples: list[tuple[Any, ...]]) -> None:
        with self.learnt:
            self._rows["looks"].append(look)
            self._rows["samples"] += samples

    def _ask(self, connection: Any) -> tuple[int | None, list[tuple[Any, ...]]]:
        """Free memory of the host, and what each VM that runs says."""
        running = connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)
        fine, hung = [], dict[str, str]()
        for domain in running:
            with suppress(libvirt.libvirtError):  # it has just stopped
                if seconds := waiting(domain):
                    hung[domain.UUIDString()] = f"{domain.name()}: no answer from QEMU for {seconds} s."
                else:
                    fine.append(domain)
        self._hung = hung
        rows = [*_missed(running, hung)]
        rows += [_row(domain, figures) for domain, figures in _stats(connection, fine)]
        return _available(connection), rows


def _stats(connection: Any, domains: list[Any]) -> list[tuple[Any, dict[str, Any]]]:
    """What libvirt says of all of them in one call, which begins with those that can be asked."""
    if not domains:
        return []
    try:
        found: list[tuple[Any, dict[str, Any]]] = connection.domainListGetStats(domains, GROUPS)
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_SUPPORT:
            raise
        flags = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_RUNNING
        found = connection.getAllDomainStats(GROUPS, flags)
    return found


def _row(domain: Any, figures: dict[str, Any]) -> tuple[Any, ...]:
    """The columns of `SAMPLES` from the uuid on."""
    values: dict[str, Any] = {name: figures.get(key) for name, key in ALONE.items()}
    values |= {name: _sum(figures, *keys) for name, keys in SUMMED.items()}
    values |= {"uuid": str(UUID(bytes=domain.UUID())), "name": domain.name(), "boot": domain.ID(), "why": ""}
    return tuple(values[column.name] for column in SAMPLES[1:])


def _sum(figures: dict[str, Any], what: str, part: str) -> int | None:
    """The sum over all vCPUs, disks or interfaces; None where none tells."""
    parts = [value for key, value in figures.items() if key.startswith(f"{what}.") and key.endswith(f".{part}")]
    return sum(parts) if parts else None


def _missed(domains: list[Any], hung: dict[str, str]) -> Iterator[tuple[Any, ...]]:
    for domain in domains:
        uuid = domain.UUIDString()
        if uuid in hung:
            known = {"uuid": uuid, "name": domain.name(), "why": hung[uuid]}
            yield tuple(known.get(column.name) for column in SAMPLES[1:])


def _available(connection: Any) -> int | None:
    """Free memory, buffers and caches of the host in KiB; None where the driver does not tell."""
    try:
        stats = connection.getMemoryStats(libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS)
    except libvirt.libvirtError as error:
        if error.get_error_domain() == libvirt.VIR_FROM_RPC:
            raise
        return None
    parts = [stats[part] for part in ("free", "buffers", "cached") if part in stats]
    return sum(parts) if parts else None


def _session() -> tuple[str, float]:
    """A run of a recorder, named by when it began; and how far the clock is from one that nobody sets."""
    moment = datetime.now(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}", moment.timestamp() - time.monotonic()


def _lock(path: Path) -> None:
    """Claim a directory; what a process claimed that is no more is free."""
    mine = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    mine.write_text(f"{os.getpid()} {_begun(os.getpid())}\n", "ascii")
    try:
        for _ in range(3):
            with suppress(FileExistsError):
                os.link(mine, path)  # whole, or not at all
                return
            owner = _owner(path)
            if owner is not None:
                raise RecordingError(
                    f"{path.parent} is being recorded into by process {owner}: stop that, or record elsewhere. "
                    f"If that is no recorder, remove {path.name} there."
                )
            _remove_stale(path)
        raise RecordingError(f"{path.parent} is being recorded into by somebody else.")
    finally:
        mine.unlink()


def _remove_stale(path: Path) -> None:
    """Take a claim away that nobody holds; one that somebody made in this moment is put back."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.stale")
    with suppress(FileNotFoundError):
        path.rename(aside)
        if _owner(aside) is not None:
            with suppress(FileExistsError):
                os.link(aside, path)
        aside.unlink()


def _owner(path: Path) -> int | None:
    """The process that has claimed a directory; None where it is no more."""
    try:
        pid, begun = path.read_text("ascii").split()
        return int(pid) if _begun(int(pid)) == begun else None
    except (OSError, ValueError):
        return None


def _begun(pid: int) -> str:
    """When a process began, in the kernel's ticks; empty where there is none: another may get its number."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[19]
    except OSError:
        return ""
