"""Room: what a host has left to promise, in every set of CPUs and cells that somebody is bound to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import floor

from phyllome_nb.capacity.demand import Demand, Where, demand, within
from phyllome_nb.capacity.facts import Cell, PagePool
from phyllome_nb.capacity.places import default_page
from phyllome_nb.capacity.policy import Policy, Reservation
from phyllome_nb.capacity.snapshot import Count, HostFacts, Snapshot
from phyllome_nb.size import Size

__all__ = ["Check", "Room", "around", "page_name"]

NEARLY = 1e-9
MOST_SETS = 64
"""More than any host was seen to have; each costs a sum."""


@dataclass(frozen=True, slots=True)
class Check:
    """One sum that must not be exceeded: vCPUs, bytes of memory, or bytes of pages."""

    what: str
    where: Where
    needed: int
    used: int
    total: int | None
    """None where the host does not tell."""
    limit: int | None
    """What may be promised; None for no limit."""
    free: int | None = None
    """What is free at this moment; None where that does not matter or is not known."""
    whole: float = 0
    """What there is, as the policy counts it."""
    kept: float = 0
    """What of it is kept for the host."""
    aside: float = 0
    """What of it others have alone, or is set aside for huge pages."""
    ratio: float | None = None

    @property
    def left(self) -> int | None:
        """How much more may be promised; None for no limit."""
        left = None if self.limit is None else self.limit - self.used
        return left if self.free is None else self.free if left is None else min(left, self.free)

    @property
    def fits(self) -> bool | None:
        """Whether it may be promised; None where that cannot be told."""
        if self.total is None:
            return None
        return self.needed <= self.total and (self.left is None or self.needed <= self.left)

    @property
    def times(self) -> int | None:
        """How many times over; None for without end, or where that cannot be told."""
        if self.total is None or (self.left is None and self.needed <= self.total) or not self.needed:
            return None
        return 0 if self.needed > self.total else max((self.left or 0) // self.needed, 0)


@dataclass(frozen=True)
class Room:
    """A host under a policy, with what its VMs take."""

    host: HostFacts
    policy: Policy
    count: Count
    taken: Demand
    holders: dict[int, str]
    """The VM that has a CPU for one of its vCPUs alone."""
    helpers: tuple[tuple[str, str, frozenset[int]], ...]
    """The emulators and I/O threads of VMs that are pinned: the VM's name, which thread, and the CPUs."""
    own: Demand
    """What the VM that is asked about has already: it runs, and its next start gives that back."""

    @classmethod
    def of(cls, snapshot: Snapshot, policy: Policy, count: Count, uuid: str = "") -> "Room":
        """What is left on a host; the VM of that uuid is left out."""
        taken, own, holders, helpers = Demand(), Demand(), {}, []
        page = default_page(snapshot.host)
        for domain in snapshot.domains:
            if uuid and domain.uuid == uuid:
                own = demand(domain.live, policy, page) if domain.live else own
            elif promise := domain.promise(count):
                one = demand(promise, policy, page)
                taken.add(one)
                holders.update(dict.fromkeys(one.alone, domain.name))
                if promise.emulator:
                    helpers.append((domain.name, "the emulator", promise.emulator))
                for number, cpus in promise.iothread_affinity.items():
                    helpers.append((domain.name, f"I/O thread {number}", cpus))
        return cls(snapshot.host, policy, count, taken, holders, tuple(helpers), own)

    @cached_property
    def cpus(self) -> dict[int, frozenset[int]]:
        """The CPUs of each cell that are online."""
        return {
            cell.id: frozenset(cpu.id for cpu in cell.cpus if self.host.is_online(cpu.id)) for cell in self.host.cells
        }

    @cached_property
    def kept(self) -> Reservation:
        """What is kept for the host, all together."""
        return self.policy.reserved(self.host.name)

    @cached_property
    def sums(self) -> dict[int, tuple[int, int, int]]:
        """Of each cell the bytes of its memory, those kept for the host, and those set aside for huge pages."""
        return {
            cell.id: (
                int(cell.memory),
                int(self.policy.reserved(self.host.name, cell.id).memory),
                sum(int(pool.size) * pool.total for pool in self._pools([cell])),
            )
            for cell in self.host.cells
        }

    @cached_property
    def online(self) -> frozenset[int]:
        """All of them; nothing where the host does not tell."""
        return frozenset[int]().union(*self.cpus.values()) or self.host.online or frozenset()

    @cached_property
    def threads(self) -> int:
        """The CPUs that count as one."""
        return self.host.topology.threads or 1 if self.policy.cpus == "cores" else 1

    def checks(self, more: Demand) -> Iterator[Check]:
        """The sums that one more demand adds to, the whole host first; CPUs and cells that are not there left out."""
        alone = self.taken.alone | more.alone
        for where in self._around("vcpus", self.taken.vcpus, more.vcpus):
            needed = within(more.vcpus, where)
            if where is None or (where & (self.online or where) and (needed or where & more.alone)):
                yield self.vcpus(where, alone, needed)
        for where in self._around("memory", self.taken.memory, more.memory):
            if (needed := within(more.memory, where)) and (where is None or self._cells(where)):
                yield self.memory(where, needed, more)
        for size, places in more.pages.items():
            for where in self._around(size, self.taken.pages.get(size, {}), places):
                if (needed := within(places, where)) and (where is None or self._cells(where)):
                    yield self.pages(size, where, needed)

    @cached_property
    def _known(self) -> dict[tuple[object, ...], list[Where]]:
        return {}

    def _around(self, what: object, taken: Iterable[Where], more: Iterable[Where]) -> list[Where]:
        """As `around`, once for each kind of definition that is asked about."""
        key = (what, *more)
        if key not in self._known:
            self._known[key] = around(taken, more)
        return self._known[key]

    def vcpus(self, where: Where, alone: frozenset[int] | None = None, needed: int = 0) -> Check:
        """The vCPUs on some CPUs, where `alone` are those that single vCPUs have."""
        alone = self.taken.alone if alone is None else alone
        held, threads, name = alone & self.online if self.online else alone, self.threads, self.host.name
        kept: float = 0
        if where is None:
            total: float = self.host.topology.cores if self.policy.cpus == "cores" else self.host.cpus
            kept = self.kept.cpus
        else:
            ids, held = where & self.online if self.online else where, held & where
            total = len(ids) / threads
            for cell, cpus in self.cpus.items() if self.policy.reservations else ():
                # The host keeps to the rest of the cell as far as that goes.
                kept += max(self.policy.reserved(name, cell).cpus - len(cpus - where) / threads, 0) if cpus & ids else 0
        ratio, used = self.policy.cpu_ratio, within(self.taken.vcpus, where)
        limit = None if ratio is None else floor((total - kept - len(held) / threads) * ratio + NEARLY)
        known = self.host.cpus if where is None else self.online
        whole = floor(total) if known else None
        return Check("vcpus", where, needed, used, whole, limit, None, total, kept, len(held) / threads, ratio)

    def memory(self, where: Where, needed: int = 0, more: Demand | None = None) -> Check:
        """Ordinary memory in some cells."""
        sums = [self.sums[cell] for cell in (self.sums if where is None else where) if cell in self.sums]
        total, kept, aside = (sum(column) for column in zip(*sums, strict=True)) if sums else (0, 0, 0)
        if where is None:
            total, kept = int(self.host.memory), int(self.kept.memory)
        if not self.host.cells:
            every = [self.taken.pages, *([more.pages] if more else [])]
            aside = sum(within(places, None) for pages in every for places in pages.values())
        ratio, used = self.policy.memory_ratio, within(self.taken.memory, where)
        limit = None if ratio is None else floor((total - kept - aside) * ratio)
        known = self.host.memory if where is None else any(one for one, _, _ in self.sums.values())
        return Check("memory", where, needed, used, total if known else None, limit, None, total, kept, aside, ratio)

    def pages(self, size: Size, where: Where, needed: int = 0) -> Check:
        """Huge pages in some cells."""
        name, cells = self.host.name, self._cells(where)
        pools = [pool for pool in self._pools(cells) if pool.size == size]
        total, used = sum(pool.total for pool in pools) * int(size), within(self.taken.pages.get(size, {}), where)
        reserved = [self.policy.reserved(name, None if where is None else cell.id) for cell in cells]
        kept = int(size) * sum(each.pages.get(size, 0) for each in (reserved[:1] if where is None else reserved))
        free = None
        if self.count == "running" and pools and all(pool.free is not None for pool in pools):
            own = within(self.own.pages.get(size, {}), where)
            free = sum(pool.free or 0 for pool in pools) * int(size) + own
        known = self.host.cells and size
        whole = total if known else None
        return Check(page_name(size), where, needed, used, whole, total - kept, free, total, kept)

    def _cells(self, where: Where) -> list[Cell]:
        return [cell for cell in self.host.cells if where is None or cell.id in where]

    @staticmethod
    def _pools(cells: Iterable[Cell]) -> Iterator[PagePool]:
        for cell in cells:
            for pool in cell.pages:
                if pool.is_huge and pool.total:
                    yield pool


def page_name(size: Size) -> str:
    """What the pages of a size are called in tables."""
    return f"hugepages {size.short()}" if size else "hugepages default size"


def around(taken: Iterable[Where], more: Iterable[Where]) -> list[Where]:
    """All places that somebody is bound to, and the unions of those that overlap; the smallest first after None.

    If none of them is asked for more than it has, everything has its place (Hall's theorem).

    Examples
    --------
    >>> [sorted(each) for each in around([frozenset({0, 1}), None], [frozenset({1, 2})]) if each]
    [[0, 1], [1, 2], [0, 1, 2]]
    """
    found = {each for each in (*taken, *more) if each is not None}
    grown = found
    while grown and len(found) < MOST_SETS:
        grown = {one | two for one in grown for two in found if one & two and not (one <= two or two <= one)} - found
        found = found | grown
    return [None, *sorted(found, key=lambda where: (len(where), sorted(where)))]
