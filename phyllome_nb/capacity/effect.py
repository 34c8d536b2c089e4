"""Effect: what one definition would change on a host, number by number, before and after."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from phyllome_nb.capacity.policy import Policy
from phyllome_nb.capacity.promise import Promise
from phyllome_nb.capacity.room import page_name
from phyllome_nb.capacity.snapshot import Count, DomainFacts, Snapshot
from phyllome_nb.capacity.tables.balance import Line, lines, lines_by_cell
from phyllome_nb.capacity.tables.sums import Sums, Thing, sums_by_cell, sums_of
from phyllome_nb.domain.spec import DomainSpec

__all__ = ["Effect", "Pair", "pairs"]

Pair = tuple[Line, Line]
"""A row of the balance before and after."""
NOTHING = Sums()


@dataclass(frozen=True, slots=True)
class Effect:
    """The balance of a host before and after, once one more VM runs, or one of its own is defined otherwise.

    The others are summed up once for a snapshot; what one VM asks for is added. The numbers are those of `balance`
    and `conflicts` of the host as it is, and of the same `Snapshot.with_vm`.
    """

    taken: Snapshot
    asked: Promise
    old: DomainFacts | None
    """The VM that the host has under the same uuid."""
    policy: Policy

    @classmethod
    def of(cls, taken: Snapshot, spec: DomainSpec, policy: Policy | str | None = None) -> Self:
        """What a definition would change.

        Raises
        ------
        FieldError
            If one of its numbers cannot be read.
        """
        return cls(taken, Promise.of(spec), taken.others(spec.uuid).this, Policy.named(policy))

    @property
    def promises(self) -> tuple[Promise, ...]:
        """What it asks for, and what it was promised until now, be it now or at its next start."""
        old = (self.old.live, self.old.stored) if self.old else ()
        return (self.asked, *filter(None, old))

    @property
    def bound(self) -> bool:
        """Whether some of it may not lie anywhere."""
        return any(each.affinity or any(share.nodes for share in each.shares) for each in self.promises)

    @property
    def pages(self) -> frozenset[str]:
        """The resources of the huge pages that it is made of, or was until now."""
        return frozenset(map(page_name, sums_of(self.promises, self.policy.overhead, self.taken.host).pages))

    @property
    def devices(self) -> tuple[str, ...]:
        """The addresses of the host devices that it is given, then of those that it gives back."""
        return tuple(dict.fromkeys(address for each in self.promises for address in each.devices))

    def sums(self, count: Count) -> tuple[Sums, Sums]:
        """What was promised of the whole host."""
        totals, costs = self.taken.totals, self.policy.overhead
        others = totals.whole(count, costs, self._without)
        return totals.whole(count, costs), others + sums_of([self.asked], costs, self.taken.host)

    def lines(self, count: Count) -> dict[str, Pair]:
        """The rows of the whole host by resource, every VM at its maximum."""
        now, then = (
            {line.resource: line for line in lines(self.taken, sums, self.policy) if line.amount == "maximum"}
            for sums in self.sums(count)
        )
        return pairs(now, then)

    def cells(self, count: Count) -> dict[int | None, dict[str, Pair]]:
        """The rows of each cell by resource; under None those of what is bound to no single one."""
        totals, costs, host = self.taken.totals, self.policy.overhead, self.taken.host
        others = totals.by_cell(count, costs, self._without)
        own = sums_by_cell([self.asked], costs, host)
        after = {cell: others.get(cell, NOTHING) + own.get(cell, NOTHING) for cell in others | own}
        now, then = (
            _by_cell(lines_by_cell(self.taken, sums, self.policy)) for sums in (totals.by_cell(count, costs), after)
        )
        return {cell: pairs(now.get(cell, {}), then[cell]) for cell in then}

    def holders(self, count: Count, thing: Thing) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The VMs that have a thing now, and those among them that are others."""
        totals = self.taken.totals
        return tuple(totals.holders(count).get(thing, ())), tuple(totals.holders(count, self._without).get(thing, ()))

    @property
    def _without(self) -> str:
        return self.old.uuid if self.old else ""


def pairs(now: dict[str, Line], then: dict[str, Line]) -> dict[str, Pair]:
    """Both by resource; of what has a row on one side only, nothing was promised on the other."""
    return {
        resource: (
            now.get(resource) or then[resource]._replace(promised=0.0),
            then.get(resource) or now[resource]._replace(promised=0.0),
        )
        for resource in then | now
    }


def _by_cell(found: Iterable[tuple[int | None, Line]]) -> dict[int | None, dict[str, Line]]:
    cells: dict[int | None, dict[str, Line]] = {}
    for cell, line in found:
        cells.setdefault(cell, {})[line.resource] = line
    return cells
