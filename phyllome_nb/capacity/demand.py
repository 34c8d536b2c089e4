"""Demand: what a promise takes, by the CPUs and the NUMA cells that it may be taken from."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from phyllome_nb.capacity.policy import Overhead, Policy
from phyllome_nb.capacity.promise import Promise
from phyllome_nb.size import Size

__all__ = ["Demand", "Where", "demand", "within"]

FREE = Overhead()
Where = frozenset[int] | None
"""Numbers of CPUs or cells; None for all."""


@dataclass(slots=True)
class Demand:
    """What is taken, by where it may be."""

    vcpus: dict[Where, int] = field(default_factory=dict)
    """vCPUs that share CPUs, by the CPUs that they may run on."""
    memory: dict[Where, int] = field(default_factory=dict)
    """Bytes of ordinary memory with overhead, by the cells that they may lie in."""
    pages: dict[Size, dict[Where, int]] = field(default_factory=dict)
    """Bytes of huge pages, by the size of the page and the cells."""
    alone: frozenset[int] = frozenset()
    """The CPUs that single vCPUs are pinned to."""

    def add(self, other: "Demand") -> None:
        """Take as much more."""
        _add(self.vcpus, other.vcpus.items())
        _add(self.memory, other.memory.items())
        for size, places in other.pages.items():
            _add(self.pages.setdefault(size, {}), places.items())
        self.alone |= other.alone

    def in_cell(self, cell: int, cpus: frozenset[int]) -> "Demand":
        """The same, wholly in one cell."""
        here = frozenset({cell})
        shared = sum(self.vcpus.values())
        return Demand(
            {cpus: shared} if shared else {},
            {here: sum(self.memory.values())},
            {size: {here: sum(places.values())} for size, places in self.pages.items()},
            self.alone,
        )


def demand(promise: Promise, policy: Policy, default_page: Size | None) -> Demand:
    """What one VM takes.

    Parameters
    ----------
    promise : Promise
    policy : Policy
        Says what a VM costs beside its memory, and whether its maximum counts.
    default_page : Size or None
        The size of the huge pages of those that name none.
    """
    now, most = policy.amount == "current", int(promise.memory_max)
    given_back = most - int(promise.memory) if now and not (promise.vfio or promise.locked) else 0
    overhead = 0 if policy.overhead == FREE else int(policy.overhead.of(promise))
    if not promise.affinity and not promise.shares:
        vcpus = promise.vcpus if now else promise.vcpus_max
        return Demand({None: vcpus}, {None: most - given_back + overhead})
    found = Demand()
    numbers = promise.plugged if now else range(promise.vcpus_max)
    cpus = [promise.affinity.get(vcpu) for vcpu in numbers]
    _add(found.vcpus, ((each, 1) for each in cpus if each is None or len(each) != 1))
    found.alone = frozenset().union(*(each for each in cpus if each and len(each) == 1))
    for share in promise.memory_shares:
        if share.page is None:
            back = min(given_back, int(share.memory))
            given_back -= back
            _add(found.memory, [(share.nodes, int(share.memory) - back)])
        else:
            size = share.page or default_page or Size(0)
            whole = -(-int(share.memory) // int(size)) * int(size) if size else int(share.memory)
            _add(found.pages.setdefault(size, {}), [(share.nodes, whole)])
    # What strict numatune binds is all of the process.
    nodes = [share.nodes for share in promise.memory_shares]
    bound = frozenset[int]().union(*(each for each in nodes if each)) if all(nodes) else None
    _add(found.memory, [(bound, overhead)])
    return found


def within(taken: dict[Where, int], where: Where) -> int:
    """How much is taken that can be nowhere else."""
    if where is None:
        return sum(taken.values())
    return sum(amount for place, amount in taken.items() if place is not None and place <= where)


def _add(taken: dict[Where, int], more: Iterable[tuple[Where, int]]) -> None:
    for where, amount in more:
        taken[where] = taken.get(where, 0) + amount
