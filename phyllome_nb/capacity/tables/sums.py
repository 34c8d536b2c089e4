"""What VMs were promised together: dedicated CPUs and huge pages apart from the rest, and who has what alone."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from phyllome_nb.capacity.facts import Cell
from phyllome_nb.capacity.places import cell_of, default_page, places
from phyllome_nb.capacity.policy import Overhead
from phyllome_nb.capacity.promise import Promise
from phyllome_nb.capacity.snapshot import Count, DomainFacts, HostFacts
from phyllome_nb.size import Size

__all__ = ["Cpus", "Sums", "Thing", "Totals", "pages_of", "sums_by_cell", "sums_of", "things"]

T = TypeVar("T")
Thing = tuple[str, str]
"""What only one VM can have: its kind (cpu, device, group, image, mac) and which."""
KEPT = 32
"""More than a panel asks for: two counts, a policy or two, one VM left out."""


@dataclass(slots=True)
class Sums:
    """What some VMs were promised together."""

    vcpus: list[int] = field(default_factory=lambda: [0, 0])
    """Current and maximum, without those that have a CPU of their own."""
    memory: list[int] = field(default_factory=lambda: [0, 0])
    """Current and maximum, without huge pages, with overhead."""
    dedicated: list[set[int]] = field(default_factory=lambda: [set(), set()])
    pages: dict[Size, int] = field(default_factory=dict)
    """Bytes by the size of the page; 0 where it cannot be told."""

    def __add__(self, more: "Sums") -> "Sums":
        sizes = self.pages | more.pages
        return Sums(
            [one + other for one, other in zip(self.vcpus, more.vcpus, strict=True)],
            [one + other for one, other in zip(self.memory, more.memory, strict=True)],
            [one | other for one, other in zip(self.dedicated, more.dedicated, strict=True)],
            {size: self.pages.get(size, 0) + more.pages.get(size, 0) for size in sizes},
        )


@dataclass(frozen=True, slots=True)
class Cpus:
    """How many CPUs a host has, as a policy counts them."""

    whole: int
    threads: int
    """How many of a host's CPUs count as one."""
    cells: dict[int, int]

    @classmethod
    def of(cls, host: HostFacts, *, cores: bool) -> "Cpus":
        """All of the host's, and those of each cell that are online."""
        online = {cell.id: [cpu for cpu in cell.cpus if host.is_online(cpu.id)] for cell in host.cells}
        if not cores:
            return cls(host.cpus, 1, {cell: len(cpus) for cell, cpus in online.items()})
        shape = host.topology
        cells = {cell: len({(cpu.socket, cpu.die, cpu.core) for cpu in cpus}) for cell, cpus in online.items()}
        return cls(shape.cores, shape.threads or 1, cells)


class Totals:
    """The sums over a snapshot's VMs, each made once: a panel asks for them with every key that is pressed.

    A VM that is left out is named by its uuid.
    """

    def __init__(self, host: HostFacts, domains: tuple[DomainFacts, ...]) -> None:
        self._host = host
        self._domains = domains
        self._made: dict[tuple[object, ...], Any] = {}

    def whole(self, count: Count, overhead: Overhead, without: str = "") -> Sums:
        """What the VMs were promised of the whole host."""
        return self._once(
            ("whole", count, overhead, without),
            lambda: sums_of([promise for _, promise in self.counted(count, without)], overhead, self._host),
        )

    def by_cell(self, count: Count, overhead: Overhead, without: str = "") -> dict[int | None, Sums]:
        """What they were promised of each cell; under None what is bound to no single one."""
        return self._once(
            ("cell", count, overhead, without),
            lambda: sums_by_cell([promise for _, promise in self.counted(count, without)], overhead, self._host),
        )

    def holders(self, count: Count, without: str = "") -> dict[Thing, list[str]]:
        """The names of the VMs that want each of the things that only one can have."""
        return self._once(("holders", count, without), lambda: self._holders(count, without))

    def cpus(self, *, cores: bool) -> Cpus:
        """What the host has."""
        return self._once(("cpus", cores), lambda: Cpus.of(self._host, cores=cores))

    def counted(self, count: Count, without: str = "") -> list[tuple[DomainFacts, Promise]]:
        """The VMs that a count sums up, with what each was promised."""
        return [
            (domain, promise)
            for domain in self._domains
            if (promise := domain.promise(count)) and not (without and domain.uuid == without)
        ]

    def _holders(self, count: Count, without: str) -> dict[Thing, list[str]]:
        found: dict[Thing, list[str]] = {}
        groups = self.groups
        for domain, promise in self.counted(count, without):
            claimed = {("image", path) for path in domain.claims.images} | {("mac", mac) for mac in domain.claims.macs}
            for thing in things(promise, groups) | claimed:
                found.setdefault(thing, []).append(domain.name)
        return found

    @property
    def groups(self) -> dict[str, int]:
        """The IOMMU groups of devices, by the device's address."""
        return {each.address: each.group for each in self._host.devices or () if each.group is not None}

    def _once(self, key: tuple[object, ...], make: Callable[[], T]) -> T:
        if key not in self._made:
            while len(self._made) >= KEPT:
                del self._made[next(iter(self._made))]
            self._made[key] = make()
        made: T = self._made[key]
        return made


def things(promise: Promise, groups: dict[str, int]) -> set[Thing]:
    """The CPUs and devices that a VM is to have alone, and the groups of these devices."""
    found = {("cpu", str(cpu)) for cpu in promise.dedicated.values()}
    found |= {("device", address) for address in promise.devices}
    return found | {("group", str(groups[address])) for address in promise.devices if address in groups}


def pages_of(cells: Iterable[Cell]) -> dict[Size, int]:
    """The bytes of huge pages, by the size of the page."""
    found: dict[Size, int] = {}
    for cell in cells:
        for pool in cell.pages:
            if pool.is_huge and pool.total:
                found[pool.size] = found.get(pool.size, 0) + pool.total * pool.size
    return found


def sums_of(promises: Iterable[Promise], overhead: Overhead, host: HostFacts) -> Sums:
    """The sums over whole VMs."""
    sums = Sums()
    costs = overhead != Overhead()
    vcpus = vcpus_max = memory = memory_max = 0
    default: Size | None = None
    for promise in promises:
        alone, alone_now = 0, 0
        if promise.affinity and (dedicated := promise.dedicated):
            plugged = set(promise.plugged)
            now = {cpu for vcpu, cpu in dedicated.items() if vcpu in plugged}
            sums.dedicated[0] |= now
            sums.dedicated[1] |= set(dedicated.values())
            alone, alone_now = len(dedicated), sum(vcpu in plugged for vcpu in dedicated)
        vcpus += promise.vcpus - alone_now
        vcpus_max += promise.vcpus_max - alone
        most = promise.memory_max
        # The balloon gives nothing back of memory that is locked.
        current = most if promise.vfio or promise.locked else promise.memory
        extra = overhead.of(promise) if costs else 0
        huge = 0
        for share in promise.shares:
            if share.page is not None:
                default = default_page(host) or Size(0) if default is None else default
                size = share.page or default
                sums.pages[size] = sums.pages.get(size, 0) + share.memory
                huge += share.memory
        memory += max(current - huge, 0) + extra
        memory_max += max(most - huge, 0) + extra
    sums.vcpus, sums.memory = [vcpus, vcpus_max], [memory, memory_max]
    return sums


def sums_by_cell(promises: Iterable[Promise], overhead: Overhead, host: HostFacts) -> dict[int | None, Sums]:
    """The sums of the maxima by cell; under None what is bound to no single one. No part of a VM is in two."""
    found: dict[int | None, Sums] = {}
    of, default = cell_of(host.cells), default_page(host) or Size(0)
    costs = overhead != Overhead()
    for promise in promises:
        for cpu in promise.dedicated.values() if promise.affinity else ():
            found.setdefault(of.get(cpu), Sums()).dedicated[1].add(cpu)
        for place in places(promise, of, dedicated=False):
            sums = found.setdefault(place.cell, Sums())
            sums.vcpus[1] += place.vcpus
            if place.page is None:
                sums.memory[1] += place.memory
            else:
                size = place.page or default
                sums.pages[size] = sums.pages.get(size, 0) + place.memory
        if costs:
            found.setdefault(None, Sums()).memory[1] += overhead.of(promise)
    return found
