"""Where on a host a promise lies: in which NUMA cell, and on which pages."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from phyllome_nb.capacity.facts import Cell
from phyllome_nb.capacity.promise import Promise
from phyllome_nb.capacity.snapshot import HostFacts
from phyllome_nb.size import Size

__all__ = ["Place", "cell_of", "cells_of", "default_page", "places"]

X86 = {"x86_64", "i686"}


@dataclass(frozen=True, slots=True)
class Place:
    """A part of what a VM was promised, and the cells of the host that it may lie in."""

    cells: frozenset[int] | None
    """None for all."""
    vcpus: int = 0
    memory: Size = Size(0)  # noqa: RUF009  (it is immutable)
    page: Size | None = None
    """The size of its huge pages, 0 for the host's default; None for ordinary memory and vCPUs."""
    mode: str = ""

    @property
    def cell(self) -> int | None:
        """The one cell that it is bound to."""
        return min(self.cells) if self.cells and len(self.cells) == 1 else None


def places(promise: Promise, cells: dict[int, int], *, dedicated: bool = True) -> Iterator[Place]:
    """The parts of a promise: vCPUs by the cells they may run in, then memory.

    Parameters
    ----------
    promise : Promise
    cells : dict of int to int
        The cell of each of the host's CPUs.
    dedicated : bool
        Whether vCPUs count that have a CPU of their own.
    """
    found: dict[frozenset[int] | None, int] = {} if promise.affinity else {None: promise.vcpus_max}
    for vcpu in range(promise.vcpus_max if promise.affinity else 0):
        cpus = promise.affinity.get(vcpu)
        if dedicated or cpus is None or len(cpus) != 1:
            where = cells_of(cpus, cells)
            found[where] = found.get(where, 0) + 1
    for where, vcpus in found.items():
        yield Place(where, vcpus)
    for share in promise.memory_shares:
        yield Place(share.nodes, 0, share.memory, share.page, share.mode)


def cells_of(cpus: frozenset[int] | None, cells: dict[int, int]) -> frozenset[int] | None:
    """The cells in which CPUs are; None for all."""
    if cpus is None:
        return None
    return frozenset(cells[cpu] for cpu in cpus if cpu in cells) or None


def cell_of(cells: Iterable[Cell]) -> dict[int, int]:
    """The cell of each CPU."""
    return {cpu.id: cell.id for cell in cells for cpu in cell.cpus}


def default_page(host: HostFacts) -> Size | None:
    """The size of the huge pages that a VM gets that names none; None where it cannot be told.

    libvirt does not tell it: it is the only size that the host has pages of, else 2 MiB on x86, as the kernel has it
    unless its command line says otherwise.
    """
    sizes = {pool.size for cell in host.cells for pool in cell.pages if pool.is_huge and pool.total}
    if len(sizes) == 1:
        return next(iter(sizes))
    return Size("2 MiB") if host.arch in X86 else None
