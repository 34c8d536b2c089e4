"""Fit: whether a VM fits on hosts and in their NUMA cells, and every reason why not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from phyllome_nb.capacity.asking import Asking
from phyllome_nb.capacity.because import because
from phyllome_nb.capacity.columns import Column
from phyllome_nb.capacity.demand import Demand, demand
from phyllome_nb.capacity.obstacles import claims, obstacles
from phyllome_nb.capacity.places import cell_of, cells_of, default_page
from phyllome_nb.capacity.policy import Policy
from phyllome_nb.capacity.reason import Reason
from phyllome_nb.capacity.room import Room
from phyllome_nb.capacity.snapshot import Count, Snapshot
from phyllome_nb.capacity.tables.balance import check_count
from phyllome_nb.capacity.tables.frame import cpu_list, frame
from phyllome_nb.domain.spec import DomainSpec

if TYPE_CHECKING:
    import pandas as pd

    from phyllome_nb.capacity.fleet import Failure
    from phyllome_nb.html import Html

__all__ = ["REASONS", "TABLE", "Fit", "Verdict", "fit", "verdict"]

REASONS = (
    Column("host", "str", "", "the host's name"),
    Column("cell", "Int64", "", "its NUMA cell; NA for the whole host"),
    Column("what", "str", "", "vcpus, memory, hugepages of a size, machine, CPU, network, …"),
    Column("severity", "str", "", "refused: libvirt or QEMU would; policy: a choice; unknown: the facts do not tell"),
    Column("needed", "Float64", "unit", "what it needs"),
    Column("available", "Float64", "unit", "what is left; at most what there is in all"),
    Column("unit", "str", "", "CPUs or GiB; empty where it is no number"),
    Column("decides", "bool", "", "it keeps the VM off the host; else only from that cell, or it is an unknown detail"),
    Column("why", "str", "", "a sentence"),
)
TABLE = (
    Column("host", "str", "", "the host's name"),
    Column("cell", "Int64", "", "a NUMA cell that it could lie in wholly; NA for the whole host"),
    Column("fits", "boolean", "", "whether it fits; NA where that cannot be told"),
    Column("reasons", "Int64", "", "how many there are against it"),
)
WORDS = {True: "yes", False: "no", None: "not known"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of one host."""

    host: str
    reasons: tuple[Reason, ...]
    cells: tuple[tuple[int, bool | None], ...] = ()
    """Whether it fits into each cell, wholly."""

    @property
    def fits(self) -> bool | None:
        """Whether it fits on the host."""
        return _verdict(reason for reason in self.reasons if reason.decides)


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether a VM fits, where, and every reason why not. It is true where it fits on some host."""

    name: str
    policy: str
    count: Count
    verdicts: tuple[Verdict, ...]

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts on which it fits."""
        return tuple(each.host for each in self.verdicts if each.fits)

    def __bool__(self) -> bool:
        return any(each.fits for each in self.verdicts)

    @property
    def reasons(self) -> "pd.DataFrame":
        """A row for each reason, with the columns host, cell, what, severity, needed, available, unit, decides, why.

        ``attrs`` says what they mean. Those that do not decide only keep it from lying wholly in that cell; without a
        cell they name details of the emulator's that are not known.
        """
        return frame(_rows(self.verdicts), REASONS, f"What speaks against {self.name}")

    @property
    def table(self) -> "pd.DataFrame":
        """A row for each host and then for each of its cells, with the columns host, cell, fits, reasons."""
        rows: list[tuple[Any, ...]] = []
        for each in self.verdicts:
            rows.append((each.host, None, each.fits, sum(reason.decides for reason in each.reasons)))
            rows += [
                (each.host, cell, fits, sum(reason.cell == cell for reason in each.reasons))
                for cell, fits in each.cells
            ]
        return frame(rows, TABLE, f"Where {self.name} fits")

    def __repr__(self) -> str:
        all_ = [reason for each in self.verdicts for reason in each.reasons]
        against = sum(reason.decides for reason in all_)
        open_ = sum(reason.cell is None and not reason.decides for reason in all_)
        left = f", {open_} detail{'s' * (open_ != 1)} not known" if open_ else ""
        if len(self.verdicts) == 1:
            [only] = self.verdicts
            said = f"{WORDS[only.fits]} on {only.host}"
        else:
            said = f"on {len(self.hosts)} of {len(self.verdicts)} hosts"
        return f"<Fit of {self.name}: {said}, {against} reason{'s' * (against != 1)} against it{left}>"

    def _repr_html_(self) -> str:
        from phyllome_nb.html import el, row, styled

        head = row(["host", "cell", "fits", "why not"], "th")
        return styled(
            el("p", repr(self)[1:-1]),
            el("table", el("thead", head), el("tbody", *_lines(self.verdicts)), class_="phy-table"),
        )


def fit(
    snapshots: Iterable[Snapshot],
    spec: DomainSpec,
    policy: Policy | str | None = None,
    count: Count = "running",
    failures: "Iterable[Failure]" = (),
) -> Fit:
    """See `Snapshot.fit`; of several hosts, those that did not answer are not known."""
    check_count(count)
    asked, chosen = Asking.of(spec), Policy.named(policy)
    found = [verdict(snapshot, asked, chosen, count) for snapshot in snapshots]
    for each in failures:
        why = f"{each.name} did not answer: {each.problem}"
        found.append(Verdict(each.name, (Reason("host", "unknown", why),)))
    return Fit(asked.name, chosen.name, count, tuple(found))


def verdict(snapshot: Snapshot, asked: Asking, policy: Policy, count: Count) -> Verdict:
    """What is said of one host."""
    room = Room.of(snapshot, policy, count, asked.uuid)
    more = demand(asked.promise, policy, default_page(snapshot.host))
    reasons = [*claims(asked, snapshot, count), *obstacles(asked, room)]
    reasons += [reason for check in room.checks(more) if (reason := because(room, check))]
    decides = _verdict(reasons)
    cells = []
    for cell in snapshot.host.cells:
        own = list(_in_cell(cell.id, asked, room, more))
        reasons += own
        alone = _verdict(own)
        cells.append((cell.id, False if False in (alone, decides) else None if None in (alone, decides) else True))
    return Verdict(snapshot.host.name, tuple(reasons), tuple(cells))


def _in_cell(cell: int, asked: Asking, room: Room, more: Demand) -> Iterator[Reason]:
    """What keeps it from lying wholly in one cell."""
    promise, of = asked.promise, cell_of(room.host.cells)
    elsewhere = [
        *("memory" for share in promise.memory_shares if share.nodes is not None and cell not in share.nodes),
        *("vCPUs" for cpus in promise.affinity.values() if cell not in (cells_of(cpus, of) or {cell})),
    ]
    for what in dict.fromkeys(elsewhere):
        why = f"Some of its {what} {'is' if what == 'memory' else 'are'} bound to other cells than {cell}."
        yield Reason("memory" if what == "memory" else "vcpus", "policy", why, cell, decides=False)
    if elsewhere:
        return
    if not room.cpus[cell]:
        needed = float(promise.vcpus_max)
        yield Reason(
            "vcpus", "policy", f"Cell {cell} has no CPU that is online.", cell, needed, 0, "CPUs", decides=False
        )
    said: set[str] = set()
    for check in room.checks(more.in_cell(cell, room.cpus[cell])):
        # The smallest set comes first: what does not fit into the cell does not fit into it and others either.
        if check.where is not None and check.what not in said and (reason := because(room, check)):
            said.add(check.what)
            yield replace(reason, cell=cell, decides=False)


def _verdict(reasons: Iterable[Reason]) -> bool | None:
    """Whether it fits, with these reasons against it."""
    severities = {reason.severity for reason in reasons}
    return False if severities - {"unknown"} else None if severities else True


def _rows(verdicts: Iterable[Verdict]) -> Iterator[tuple[Any, ...]]:
    for verdict_ in verdicts:
        for each in verdict_.reasons:
            numbers = (each.needed, each.available, each.unit, each.decides)
            yield verdict_.host, each.cell, each.what, each.severity, *numbers, each.why


def _lines(verdicts: Iterable[Verdict]) -> "Iterator[Html]":
    from phyllome_nb.html import row

    for each in verdicts:
        against = " ".join(
            f"{reason.why} ({reason.severity})" for reason in each.reasons if reason.decides or reason.cell is None
        )
        yield row([each.host, "", WORDS[each.fits], against])
        of_cells = [reason for reason in each.reasons if not reason.decides]
        groups: dict[str, list[int]] = {}
        for cell, fits in each.cells:
            why = " ".join(reason.why for reason in of_cells if reason.cell == cell)
            groups.setdefault(f"{WORDS[fits]}\0{why}", []).append(cell)
        for said, cells in groups.items():
            fits_, _, why = said.partition("\0")
            yield row(["", cpu_list(cells), fits_, why])
