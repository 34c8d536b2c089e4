"""Pinning: where the threads and the memory of a VM are to lie, and how that is written into its definition."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from phyllome_nb.capacity.columns import Column
from phyllome_nb.capacity.reason import Reason
from phyllome_nb.capacity.tables.frame import cpu_list, frame, gib
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.size import Size
from phyllome_nb.xml.part import PartList

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "GuestCell", "Pinning"]

COLUMNS = (
    Column("guest_cell", "Int64", "", "the guest's NUMA cell; NA for threads that belong to none"),
    Column("cell", "Int64", "", "the host's cell; NA where it is more than one"),
    Column("what", "str", "", "vcpu 0, memory, emulator, iothread 1"),
    Column("cpus", "str", "", "the host CPUs; empty for memory"),
    Column("memory_gib", "Float64", "GiB", "how much memory"),
    Column("page_kib", "Int64", "KiB", "the size of its huge pages; NA for ordinary memory"),
)


@dataclass(frozen=True, slots=True)
class GuestCell:
    """One of the guest's NUMA cells, or all of the guest, and the host's cell that it is to lie in."""

    cell: int
    """The host's."""
    vcpus: tuple[int, ...]
    memory: Size


@dataclass(frozen=True, slots=True)
class Pinning:
    """A proposal: cells, pins, huge pages and the emulator's CPUs; or the reasons why there is none."""

    name: str
    host: str
    cells: tuple[GuestCell, ...] = ()
    pins: Mapping[int, frozenset[int]] = field(default_factory=dict)
    """The host CPUs of each vCPU."""
    emulator: frozenset[int] = frozenset()
    """Those of the emulator's threads; nothing where they are left as they are."""
    iothreads: Mapping[int, frozenset[int]] = field(default_factory=dict)
    page: Size | None = None
    """The size of the huge pages; None where the memory is left as it is."""
    divides: bool = False
    """Whether it gives the guest NUMA cells that it did not have."""
    problems: tuple[Reason, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.pins)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why there is none, a sentence each; of the first groups of cells that were looked at."""
        return tuple(each.why for each in self.problems)

    @property
    def table(self) -> "pd.DataFrame":
        """A row for each thread and each part of the memory: guest_cell, cell, what, cpus, memory_gib, page_kib."""
        page = None if self.page is None else int(self.page.to("KiB"))
        many = len(self.cells) > 1
        rows: list[tuple[object, ...]] = []
        for number, each in enumerate(self.cells):
            own = number if many else None
            rows += [(own, each.cell, f"vcpu {vcpu}", cpu_list(self.pins[vcpu]), None, None) for vcpu in each.vcpus]
            rows.append((own, each.cell, "memory", "", gib(each.memory), page))
        first = self.cells[0].cell if self.cells else None
        threads = {"emulator": self.emulator} if self.emulator else {}
        threads |= {f"iothread {number}": cpus for number, cpus in self.iothreads.items()}
        rows += [(None, first, name, cpu_list(cpus), None, None) for name, cpus in threads.items()]
        return frame(rows, COLUMNS, f"Where {self.name} is to lie on {self.host}")

    def apply(self, spec: DomainSpec) -> DomainSpec:
        """A copy of the definition in which the proposal is written down.

        Raises
        ------
        ValueError
            If there is none.
        """
        if not self:
            raise ValueError(f"There is no place for {self.name} on {self.host}: {' '.join(self.reasons)}")
        new = spec.copy()
        new.vcpus.placement = None
        new.vcpus.cpuset = None
        tune = new.cputune
        _empty(tune.vcpupins)
        for vcpu, cpus in sorted(self.pins.items()):
            tune.vcpupins.add(vcpu=vcpu, cpuset=cpu_list(cpus))
        if self.emulator:
            tune.emulatorpin = cpu_list(self.emulator)
            _empty(tune.iothreadpins)
            for number, cpus in sorted(self.iothreads.items()):
                tune.iothreadpins.add(iothread=number, cpuset=cpu_list(cpus))
        self._place_memory(new)
        return new

    def _place_memory(self, new: DomainSpec) -> None:
        numa, cells = new.numatune, new.cpu.numa.cells
        _empty(numa.memnodes)
        numa.memory.update(mode="strict", nodeset=cpu_list({each.cell for each in self.cells}), placement=None)
        if self.divides:
            for number, each in enumerate(self.cells):
                cells.add(id=number, cpus=cpu_list(each.vcpus), memory=each.memory)
        if len(self.cells) > 1:
            for number, each in enumerate(self.cells):
                numa.memnodes.add(cellid=number, mode="strict", nodeset=f"{each.cell}")
        if self.page is not None:
            _empty(new.memory.pages)
            new.memory.hugepages = True
            new.memory.pages.add(size=self.page)

    def __repr__(self) -> str:
        if not self:
            return f"<Pinning of {self.name} on {self.host}: none. {' '.join(self.reasons)}>"
        cells = cpu_list({each.cell for each in self.cells})
        cpus = cpu_list(frozenset[int]().union(*self.pins.values()))
        page = f", pages of {self.page.short()}" if self.page else ""
        return f"<Pinning of {self.name} on {self.host}: cell{'s' * (len(self.cells) > 1)} {cells}, CPUs {cpus}{page}>"

    def _repr_html_(self) -> str:
        from phyllome_nb.html import el, row, styled

        shown = self.table.astype(object).where(self.table.notna(), "")
        head = row(list(shown.columns), "th")
        lines = [row(list(map(str, each))) for each in shown.itertuples(index=False, name=None)]
        table = [el("table", el("thead", head), el("tbody", *lines), class_="phy-table")] if lines else []
        return styled(el("p", repr(self)[1:-1]), *table)


def _empty(parts: PartList[Any]) -> None:
    for part in list(parts):
        parts.remove(part)
