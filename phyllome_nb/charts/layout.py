"""Where the CPUs of a host stand in a drawing: boxes in boxes, in units of one CPU."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import TypeVar

from phyllome_nb.capacity.facts import Cell, LogicalCpu
from phyllome_nb.capacity.snapshot import HostFacts

__all__ = ["Box", "Plan", "laid_out"]

K = TypeVar("K")
GAP, HEAD, CPU_HEIGHT = 0.25, 0.7, 1.0
ACROSS = 16
"""CPUs in a line, where there is one cell; where there are more, half as many."""
WIDEST = 20.0


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle with what it stands for."""

    kind: str
    """cell, socket, core or cpu."""
    x: float
    y: float
    width: float
    height: float
    label: str = ""
    cpu: LogicalCpu | None = None
    cell: Cell | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """All boxes, the outer ones first, and how large the whole is."""

    boxes: tuple[Box, ...]
    width: float
    height: float

    def of(self, kind: str) -> list[Box]:
        """The boxes of one kind."""
        return [box for box in self.boxes if box.kind == kind]


def laid_out(host: HostFacts) -> Plan:
    """The cells of a host side by side, in each its sockets, dies and cores, in each core its threads."""
    across = ACROSS if len(host.cells) == 1 else ACROSS // 2
    cells = [_cell(cell, across) for cell in host.cells]
    boxes: list[Box] = []
    x = y = below = widest = 0.0
    for inside, width, height in cells:
        if x and x + width > WIDEST:
            x, y, below = 0.0, below, 0.0
        boxes += [_moved(box, x, y) for box in inside]
        x += width + GAP
        widest, below = max(widest, x - GAP), max(below, y + height + GAP)
    return Plan(tuple(boxes), widest, max(below - GAP, 0.0))


def _cell(cell: Cell, across: int) -> tuple[list[Box], float, float]:
    """The boxes of a cell, from its corner, and how large it is."""
    groups = [*_grouped(cell.cpus, lambda cpu: (cpu.socket, cpu.die))]
    boxes: list[Box] = []
    y, widest = HEAD + GAP, 6.0
    for place, cpus in groups:
        inside, width, height = _cores(cpus, across)
        boxes.append(Box("socket", GAP, y, width + GAP, height + HEAD, _named(place)))
        boxes += [_moved(box, GAP * 1.5, y + HEAD * 0.8) for box in inside]
        y += height + HEAD + GAP
        widest = max(widest, width + 3 * GAP)
    return [Box("cell", 0, 0, widest, y, cell=cell), *boxes], widest, y


def _named(place: tuple[int | None, int | None]) -> str:
    socket, die = place
    if socket is None:
        return "socket not known"
    return f"socket {socket}" if die in {None, 0} else f"socket {socket}, die {die}"


def _cores(cpus: Sequence[LogicalCpu], across: int) -> tuple[list[Box], float, float]:
    cores = [*_grouped(cpus, lambda cpu: min(cpu.siblings, default=cpu.id))]
    threads = max((len(group) for _, group in cores), default=1)
    columns = _columns(len(cores), max(across // threads, 1))
    width, height = threads + GAP, CPU_HEIGHT + GAP
    boxes = []
    for number, (_, group) in enumerate(cores):
        x, y = number % columns * width, number // columns * height
        boxes.append(Box("core", x, y, len(group) + GAP / 2, CPU_HEIGHT + GAP / 2))
        boxes += [
            Box("cpu", x + GAP / 4 + place, y + GAP / 4, 1, CPU_HEIGHT, str(cpu.id), cpu)
            for place, cpu in enumerate(sorted(group, key=lambda each: each.id))
        ]
    return boxes, columns * width, ceil(len(cores) / columns) * height


def _columns(cores: int, most: int) -> int:
    """Cores in a line, in lines of equal length where that can be."""
    lines = ceil(cores / most)
    return ceil(cores / lines) if lines else 1


def _grouped(cpus: Iterable[LogicalCpu], key: Callable[[LogicalCpu], K]) -> Iterator[tuple[K, list[LogicalCpu]]]:
    found: dict[K, list[LogicalCpu]] = {}
    for cpu in cpus:
        found.setdefault(key(cpu), []).append(cpu)
    yield from found.items()


def _moved(box: Box, x: float, y: float) -> Box:
    return replace(box, x=box.x + x, y=box.y + y)
