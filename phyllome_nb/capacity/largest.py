"""The largest VM that still fits, and what is left that none can use."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pandas as pd

from phyllome_nb.capacity.columns import LARGEST, STRANDED
from phyllome_nb.capacity.demand import Where
from phyllome_nb.capacity.policy import Policy
from phyllome_nb.capacity.promise import MemoryShare, Promise
from phyllome_nb.capacity.room import Check, Room, around
from phyllome_nb.capacity.snapshot import Count, Snapshot
from phyllome_nb.capacity.tables.balance import check_count
from phyllome_nb.capacity.tables.frame import frame, gib, known_gib
from phyllome_nb.size import Size

__all__ = ["largest", "stranded"]

MIB = 1 << 20
SHAPES = ("host", "cell")


@dataclass(frozen=True, slots=True)
class Place:
    """A host or one of its cells, with what is left there."""

    room: Room
    cell: int | None
    vcpus: Check
    memory: Check
    pages: Check | None

    @property
    def most_vcpus(self) -> int | None:
        """How many vCPUs one VM may have."""
        return _most(self.vcpus)

    def most_memory(self, vcpus: int) -> int | None:
        """How many bytes one VM of so many vCPUs may have, in whole MiB or pages; its overhead is taken off."""
        check = self.memory if self.pages is None else self.pages
        most, ordinary = _most(check), _most(self.memory)
        if most is None or ordinary is None:
            return None
        step = MIB if self.pages is None else int(check.needed)
        low, high = 0, most // step
        while low < high:
            middle = (low + high + 1) // 2
            overhead = self.room.policy.overhead.of(self.asked(vcpus, middle * step))
            fits = overhead + (middle * step if self.pages is None else 0) <= ordinary
            low, high = (middle, high) if fits else (low, middle - 1)
        return low * step

    def asked(self, vcpus: int, memory: int) -> Promise:
        """Such a VM, with nothing beside its vCPUs and memory."""
        size = Size(memory)
        shares = (MemoryShare(size, page=Size(self.pages.needed)),) if self.pages else ()
        return Promise(vcpus, vcpus, size, size, shares=shares, arch=self.room.host.arch)


def largest(  # noqa: PLR0917  (as the method has them)
    snapshot: Snapshot,
    shape: str = "host",
    memory_per_vcpu: Size | str | None = None,
    page: Size | str | None = None,
    policy: Policy | str | None = None,
    count: Count = "running",
) -> pd.DataFrame:
    """See `Snapshot.largest`."""
    check_count(count)
    if shape not in SHAPES:
        raise ValueError(f"shape={shape!r}: choose one of {', '.join(SHAPES)}.")
    each = None if memory_per_vcpu is None else _positive("memory_per_vcpu", memory_per_vcpu)
    size = None if page is None else _positive("page", page)
    room = Room.of(snapshot, Policy.named(policy), count)
    places = [place for place in _places(room, size) if (place.cell is None) == (shape == "host")]
    rows = [(snapshot.host.name, place.cell, *_largest(place, each)) for place in places]
    return frame(rows, LARGEST, f"The largest VM that still fits on {snapshot.host.name}, by {shape}")


def _largest(place: Place, each: Size | None) -> tuple[Any, ...]:
    vcpus = place.most_vcpus
    if vcpus is None:
        return None, None, ""
    if each is None:
        memory = place.most_memory(vcpus)
        if vcpus == 0 or memory == 0:
            return 0, 0.0, "vcpus" if vcpus == 0 else "memory"
        return vcpus, known_gib(None if memory is None else Size(memory)), "both"
    low, high = 0, vcpus
    while low < high:
        middle = (low + high + 1) // 2
        most = place.most_memory(middle)
        if most is None:
            return None, None, ""
        low, high = (middle, high) if middle * each <= most else (low, middle - 1)
    return low, gib(low * each), "vcpus" if low == vcpus else "memory"


def stranded(
    snapshot: Snapshot,
    memory_per_vcpu: Size | str | None = None,
    policy: Policy | str | None = None,
    count: Count = "running",
) -> pd.DataFrame:
    """See `Snapshot.stranded`."""
    check_count(count)
    given = None if memory_per_vcpu is None else float(_positive("memory_per_vcpu", memory_per_vcpu))
    room = Room.of(snapshot, Policy.named(policy), count)
    whole = next(_places(room, None))
    ratio = _own_ratio(whole) if given is None else given
    rows = []
    for place in _places(room, None):
        vcpus, memory = (None if check.total is None else check.left for check in (place.vcpus, place.memory))
        known = vcpus is not None and memory is not None and ratio is not None
        left_vcpus, left_memory = max(vcpus or 0, 0), max(memory or 0, 0)
        over = (
            (max(left_vcpus - left_memory / ratio, 0.0), max(left_memory - left_vcpus * ratio, 0.0) / 2**30)
            if (known and ratio)
            else (None, None)
        )
        shown = None if ratio is None else ratio / 2**30
        amounts = (None if vcpus is None else float(vcpus), None if memory is None else gib(memory))
        source = "given" if given is not None else "host"
        rows.append((snapshot.host.name, place.cell, *amounts, shown, source, *over))
    return frame(rows, STRANDED, f"What is left on {snapshot.host.name} that no VM can use")


def _own_ratio(place: Place) -> float | None:
    vcpus, memory = place.vcpus, place.memory
    if None in (vcpus.total, memory.total, vcpus.limit, memory.limit) or not vcpus.limit:
        return None
    return max(memory.limit or 0, 0) / vcpus.limit


def _places(room: Room, page: Size | None) -> Iterator[Place]:
    """The host, then its cells."""
    for cell in (None, *room.host.cells):
        where = None if cell is None else frozenset({cell.id})
        cpus = None if cell is None else room.cpus[cell.id]
        pages = None
        if page is not None:
            taken = room.taken.pages.get(page, {})
            pages = replace(_tightest(partial(room.pages, page), taken, where), needed=int(page))
        vcpus = _tightest(room.vcpus, room.taken.vcpus, cpus)
        memory = _tightest(room.memory, room.taken.memory, where)
        yield Place(room, None if cell is None else cell.id, vcpus, memory, pages)


def _tightest(check: Callable[[Where], Check], taken: Iterable[Where], where: Where) -> Check:
    """The check that leaves least, of all sets in which that place lies."""
    larger = [each for each in around(taken, [where]) if where is not None and each is not None and where < each]
    checks = [check(each) for each in (where, *larger, None)]
    return min(checks, key=lambda each: -1 if (most := _most(each)) is None else most)


def _most(check: Check) -> int | None:
    """The most that one VM may have; None where that cannot be told."""
    if check.total is None:
        return None
    return max(check.total if check.left is None else min(check.left, check.total), 0)


def _positive(name: str, value: Size | str) -> Size:
    size = Size(value)
    if size <= 0:
        raise ValueError(f"{name}={str(value)!r}: give a size above 0, such as '4 GiB'.")
    return size
