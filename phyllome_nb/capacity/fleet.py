"""FleetSnapshot: the facts of several hosts at one moment."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from phyllome_nb.capacity.columns import (
    ALLOCATIONS,
    BALANCE,
    CAPACITY,
    CONFLICTS,
    HOSTS,
    LARGEST,
    PINS,
    SOURCES,
    STRANDED,
    TOTALS,
    documented,
)
from phyllome_nb.capacity.snapshot import Count, Snapshot

if TYPE_CHECKING:
    import pandas as pd

    from phyllome_nb.capacity.columns import Column
    from phyllome_nb.capacity.fit import Fit
    from phyllome_nb.capacity.how_many import HowMany, Rooms
    from phyllome_nb.capacity.pinning import Pinning
    from phyllome_nb.capacity.policy import Policy
    from phyllome_nb.domain.spec import DomainSpec
    from phyllome_nb.size import Size

__all__ = ["Failure", "FleetSnapshot"]


@dataclass(frozen=True, slots=True)
class Failure:
    """A host that did not tell its facts."""

    name: str
    uri: str
    problem: str


@dataclass(frozen=True)
class FleetSnapshot:
    """The facts of several hosts, and which of them did not answer. It is immutable and needs no libvirt to be read.

    Examples
    --------
    >>> import phyllome_nb as ph
    >>> taken = ph.Fleet([ph.demo().snapshot(), "test:///nowhere/none.xml"]).snapshot()
    >>> taken.hosts()[["host", "answered", "vms"]]
                           host  answered   vms
    0                      demo      True     8
    1  test:///nowhere/none.xml     False  <NA>
    """

    snapshots: tuple[Snapshot, ...]
    failures: tuple[Failure, ...]
    taken: datetime

    @classmethod
    def of(cls, snapshots: Iterable[Snapshot], failures: Iterable[Failure], taken: datetime) -> Self:
        """Put them together; hosts that call themselves by one name are numbered."""
        seen: Counter[str] = Counter()
        told = []
        for snapshot in snapshots:
            name = snapshot.host.name
            seen[name] += 1
            if seen[name] > 1:
                snapshot = replace(snapshot, host=replace(snapshot.host, name=f"{name} ({seen[name]})"))  # noqa: PLW2901
            told.append(snapshot)
        return cls(tuple(told), tuple(failures), taken)

    def save(self, path: str | Path) -> Path:
        """Write it to one file, as `Snapshot.save` does."""
        from phyllome_nb.capacity import file

        return file.save(self, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote; see `Snapshot.load`."""
        from phyllome_nb.capacity import file

        return file.load(Path(path), cls)

    def to_excel(self, path: str | Path) -> Path:
        """Write a workbook in RVTools' tabs and columns, which tools that read those can read.

        Names are inert: none of them is a formula. See docs/exports.md, and `phyllome_nb.export.excel.to_excel`.
        """
        from phyllome_nb.export.excel import to_excel

        return to_excel(self.snapshots, path)

    def to_parquet(self, directory: str | Path) -> list[Path]:
        """Write each table as a Parquet file: see `phyllome_nb.export.parquet.to_parquet`."""
        from phyllome_nb.export.parquet import to_parquet

        return to_parquet(self, directory)

    def to_html(self, path: str | Path) -> Path:
        """Write one page of HTML that stands alone: see `phyllome_nb.export.page.page`."""
        from phyllome_nb.export.page import to_html

        return to_html(self, path)

    @documented(HOSTS)
    def hosts(self) -> "pd.DataFrame":
        """A row for each host, also for those that did not answer.

        Returns
        -------
        pandas.DataFrame
            With the columns below.
        """
        from phyllome_nb.capacity.tables.frame import frame, gib

        told = [
            (
                *(each.host.name, each.host.uri, True, "", each.host.cpus),
                *(gib(each.host.memory), len(each.domains), each.running),
            )
            for each in self.snapshots
        ]
        lost = [(each.name, each.uri, False, each.problem, None, None, None, None) for each in self.failures]
        return frame([*told, *lost], HOSTS[""], "The hosts of the fleet")

    @documented(CAPACITY)
    def capacity(self, by: str = "host") -> "pd.DataFrame":
        """What the hosts have: see `Snapshot.capacity`."""
        return self._all(CAPACITY, by, lambda snapshot: snapshot.capacity(by))

    @documented(ALLOCATIONS)
    def allocations(self, by: str = "vm") -> "pd.DataFrame":
        """What each VM was promised: see `Snapshot.allocations`."""
        return self._all(ALLOCATIONS, by, lambda snapshot: snapshot.allocations(by))

    @documented(BALANCE)
    def balance(
        self, count: Count = "running", policy: "Policy | str | None" = None, by: str = "host"
    ) -> "pd.DataFrame":
        """What each host has promised, of how much: see `Snapshot.balance`."""
        return self._all(BALANCE, by, lambda snapshot: snapshot.balance(count, policy, by))

    @documented(PINS)
    def pins(self) -> "pd.DataFrame":
        """Which threads may run where: see `Snapshot.pins`."""
        return self._all(PINS, "", Snapshot.pins)

    @documented(SOURCES)
    def sources(self) -> "pd.DataFrame":
        """Where the figures come from: see `Snapshot.sources`."""
        return self._all(SOURCES, "", Snapshot.sources)

    @documented(TOTALS)
    def totals(self, count: Count = "running", policy: "Policy | str | None" = None) -> "pd.DataFrame":
        """What the hosts have promised together.

        A VM that is on two hosts, by its uuid, counts where it runs, else on the first of them.

        Returns
        -------
        pandas.DataFrame
            With the columns below.
        """
        from phyllome_nb.capacity.tables.balance import check_count
        from phyllome_nb.capacity.tables.frame import frame

        check_count(count)
        once = replace(self, snapshots=tuple(self._once(count)))
        table = once.balance(count, policy)
        rows = []
        for (resource, amount, unit, named), group in table.groupby(
            ["resource", "amount", "unit", "policy"], sort=False
        ):
            # What one host does not tell, the fleet does not tell.
            total, reserved, dedicated, promised, limit = (
                _sum(group[name]) for name in ("total", "reserved", "dedicated", "promised", "limit")
            )
            left = None if total is None or reserved is None or dedicated is None else total - reserved - dedicated
            free = None if limit is None or promised is None else limit - promised
            ratio = promised / left if promised is not None and left is not None and left > 0 else None
            kept = (len(group), total, reserved, dedicated, promised, limit, free, ratio)
            rows.append((count, resource, amount, unit, named, *kept))
        return frame(rows, TOTALS[""], "What the fleet has promised")

    @documented(CONFLICTS)
    def conflicts(self, policy: "Policy | str | None" = None) -> "pd.DataFrame":
        """What was promised twice, or cannot be had, on each host, and what two hosts have both.

        See `Snapshot.conflicts`. Over several hosts it is VMs with the same uuid and interfaces with the same address.
        """
        import pandas as pd

        from phyllome_nb.capacity.tables.frame import frame

        own = self._all(CONFLICTS, "", lambda snapshot: snapshot.conflicts(policy))
        rows = [*_twins(self._by_uuid), *_same_macs(self.snapshots)]
        between = frame(rows, CONFLICTS[""], "")
        return _with_attrs(pd.concat([own, between], ignore_index=True), own, CONFLICTS[""])

    def fit(self, spec: "DomainSpec", policy: "Policy | str | None" = None, count: Count = "running") -> "Fit":
        """On which hosts one more VM fits: see `Snapshot.fit`. Those that did not answer are not known."""
        from phyllome_nb.capacity.fit import fit

        return fit(self.snapshots, spec, policy, count, self.failures)

    def how_many(self, spec: "DomainSpec", policy: "Policy | str | None" = None, count: Count = "running") -> "HowMany":
        """How many more of a VM fit on the hosts that answered, and what runs out first: see `Snapshot.how_many`."""
        from phyllome_nb.capacity.how_many import how_many

        return how_many(self.snapshots, self._rooms, spec, policy, count)

    def pinning(self, spec: "DomainSpec", **wish: Any) -> "dict[str, Pinning]":
        """Where a VM could lie on each host that answered, by the host's name: see `Snapshot.pinning`."""
        return {each.host.name: each.pinning(spec, **wish) for each in self.snapshots}

    @cached_property
    def _rooms(self) -> "Rooms":
        from phyllome_nb.capacity.how_many import Rooms

        return Rooms(self.snapshots)

    @documented({"": LARGEST})
    def largest(
        self,
        shape: str = "host",
        memory_per_vcpu: "Size | str | None" = None,
        page: "Size | str | None" = None,
        policy: "Policy | str | None" = None,
        count: Count = "running",
    ) -> "pd.DataFrame":
        """The largest VM that still fits on each host: see `Snapshot.largest`."""
        return self._all(
            {"": LARGEST}, "", lambda snapshot: snapshot.largest(shape, memory_per_vcpu, page, policy, count)
        )

    @documented({"": STRANDED})
    def stranded(
        self,
        memory_per_vcpu: "Size | str | None" = None,
        policy: "Policy | str | None" = None,
        count: Count = "running",
    ) -> "pd.DataFrame":
        """What is left on each host that none can use: see `Snapshot.stranded`."""
        return self._all({"": STRANDED}, "", lambda snapshot: snapshot.stranded(memory_per_vcpu, policy, count))

    @cached_property
    def _by_uuid(self) -> dict[str, list[tuple[Snapshot, Any]]]:
        found: dict[str, list[tuple[Snapshot, Any]]] = {}
        for snapshot in self.snapshots:
            for domain in snapshot.domains:
                if domain.uuid:
                    found.setdefault(domain.uuid, []).append((snapshot, domain))
        return found

    def _once(self, count: Count) -> Iterator[Snapshot]:
        """The snapshots, each VM on one of them only."""
        left_out: set[tuple[str, str]] = set()
        for uuid, places in self._by_uuid.items():
            counted = [(snapshot, domain) for snapshot, domain in places if domain.promise(count)]
            counted.sort(key=lambda place: place[1].live is None)
            left_out |= {(snapshot.host.name, uuid) for snapshot, _ in counted[1:]}
        for snapshot in self.snapshots:
            kept = (domain for domain in snapshot.domains if (snapshot.host.name, domain.uuid) not in left_out)
            yield replace(snapshot, domains=tuple(kept))

    def _all(
        self, tables: "dict[str, tuple[Column, ...]]", by: str, table: "Callable[[Snapshot], pd.DataFrame]"
    ) -> "pd.DataFrame":
        import pandas as pd

        from phyllome_nb.capacity.tables.frame import choose, frame

        columns = choose(tables, by)
        found = [table(snapshot) for snapshot in self.snapshots]
        empty = frame([], columns, found[0].attrs["title"] if len(found) == 1 else "The fleet")
        filled = [each for each in found if len(each)]
        return _with_attrs(pd.concat(filled, ignore_index=True) if filled else empty, empty, columns)

    def __repr__(self) -> str:
        lost = f", {len(self.failures)} without answer" if self.failures else ""
        vms = sum(len(each.domains) for each in self.snapshots)
        return f"<FleetSnapshot at {self.taken:%Y-%m-%d %H:%M:%S}: {len(self.snapshots)} hosts, {vms} VMs{lost}>"

    def _repr_html_(self) -> str:
        from phyllome_nb.html import el, row, styled

        head = row(["host", "CPUs", "memory", "VMs running", "problem"], "th")
        told = [
            row(
                [
                    each.host.name,
                    str(each.host.cpus),
                    each.host.memory.short(),
                    f"{each.running} of {len(each.domains)}",
                    "",
                ]
            )
            for each in self.snapshots
        ]
        lost = [row([each.name, "", "", "", each.problem]) for each in self.failures]
        return styled(
            el("p", repr(self)[1:-1]), el("table", el("thead", head), el("tbody", *told, *lost), class_="phy-table")
        )


def _sum(column: "pd.Series[float]") -> float | None:
    return float(column.sum()) if column.notna().all() else None


def _with_attrs(table: "pd.DataFrame", like: "pd.DataFrame", columns: "tuple[Column, ...]") -> "pd.DataFrame":
    table = table.astype({column.name: column.dtype for column in columns})
    table.attrs = dict(like.attrs)
    return table


def _twins(by_uuid: dict[str, list[tuple[Snapshot, Any]]]) -> Iterator[tuple[Any, ...]]:
    for uuid, places in by_uuid.items():
        if len(places) > 1:
            hosts = ", ".join(snapshot.host.name for snapshot, _ in places)
            names = ", ".join(sorted({domain.name for _, domain in places}))
            runs = sum(domain.live is not None for _, domain in places)
            why = f"{names} is on {hosts}" + (": it runs on more than one." if runs > 1 else "; it is counted once.")
            yield hosts, "defined", "uuid", uuid, names, float(len(places)), 1.0, "", None, why


def _same_macs(snapshots: tuple[Snapshot, ...]) -> Iterator[tuple[Any, ...]]:
    found: dict[str, list[tuple[str, str, str]]] = {}
    for snapshot in snapshots:
        for domain in snapshot.domains:
            for mac in domain.claims.macs:
                found.setdefault(mac, []).append((snapshot.host.name, domain.name, domain.uuid))
    for mac, users in sorted(found.items()):
        hosts, uuids = {host for host, _, _ in users}, {uuid for _, _, uuid in users}
        if len(hosts) > 1 and len(uuids) > 1:
            names, where = ", ".join(name for _, name, _ in users), ", ".join(sorted(hosts))
            why = f"Interfaces on {where} have the address {mac}: in one network they lose each other's packets."
            yield where, "defined", "mac", mac, names, float(len(users)), 1.0, "", None, why
