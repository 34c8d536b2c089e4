"""The recipe: bounds and cheap heuristics first, then column generation, then exact solving; the best is kept."""

from dataclasses import dataclass, replace

import numpy as np

from phyllome_nb.capacity.packing.allot import allot
from phyllome_nb.capacity.packing.bound import Bound, fluid, group_bound, sum_bound, up
from phyllome_nb.capacity.packing.clock import Clock
from phyllome_nb.capacity.packing.columns import Columns, suits
from phyllome_nb.capacity.packing.exact import SMALL, exact
from phyllome_nb.capacity.packing.greedy import Taste, greedy, tastes
from phyllome_nb.capacity.packing.highs import solver
from phyllome_nb.capacity.packing.problem import Plan, Problem
from phyllome_nb.capacity.packing.repair import deal, merged

__all__ = ["Certificate", "Packed", "left_out", "pack"]

MANY = 1500
"""With more shapes than this they are shared out among the classes first: there is no time to pack them twice."""
ROUNDS = 4
DIRECT = 2000
"""Shapes up to which groups are also packed without detour."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """How far a plan can be from the best one.

    Examples
    --------
    >>> Certificate("hosts used", 100, "fluid LP", 101)
    Certificate(what='hosts used', bound=100, bound_name='fluid LP', used=101, note='')
    >>> print(Certificate("hosts used", 100, "fluid LP", 101))
    101 hosts used, at least 100 in any plan (fluid LP): at most 1.00 % above the best possible
    """

    what: str
    """What was to be as few as possible: hosts used; or VMs not placed, where some are not."""
    bound: int
    """No plan has fewer."""
    bound_name: str
    used: int
    """This plan has so many."""
    note: str = ""

    @property
    def gap(self) -> float:
        """By what share it may be above the best possible: (used - bound) / bound; infinite where the bound is 0."""
        return 0.0 if self.used <= self.bound else (self.used - self.bound) / self.bound if self.bound else float("inf")

    @property
    def optimal(self) -> bool:
        """Whether there is no better plan."""
        return self.used <= self.bound

    def __str__(self) -> str:
        near = "the best possible" if self.optimal else f"at most {self.gap:.2%} above the best possible"
        near = near.replace("%", " %").replace("inf %", "infinitely far")
        if not self.optimal and not self.bound:
            near = "how far from the best possible is not known"
        what = self.what.replace("s ", " ", 1) if self.used == 1 else self.what
        text = f"{self.used} {what}, at least {self.bound} in any plan ({self.bound_name}): {near}"
        return f"{text}. {self.note}" if self.note else text


@dataclass(frozen=True)
class Packed:
    """A plan and how good it is."""

    plan: Plan
    certificate: Certificate


class Best:
    """The best plan so far, and the best bound."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.plan = Plan.of([])
        self.key = (int(problem.counts.sum()), problem.hosts_used(self.plan))
        self.bound = max((sum_bound(problem), group_bound(problem)), key=lambda each: each.bins)
        self.left_out, self.left_name = left_out(problem)

    def take(self, plan: Plan | None) -> None:
        """Keep a plan if it is better."""
        if plan is not None:
            key = (int(self.problem.counts.sum() - plan.number.sum()), self.problem.hosts_used(plan))
            if key < self.key:
                self.plan, self.key = plan, key

    def raise_to(self, bound: Bound | None) -> None:
        """Keep a bound if it is higher."""
        if bound is not None and bound.bins > self.bound.bins:
            self.bound = bound

    def done(self) -> bool:
        """Whether nothing can be better."""
        left, used = self.key
        return left <= self.left_out and (left > 0 or used <= self.bound.bins)

    @property
    def most(self) -> int | None:
        """More bins than this are not worth looking at."""
        return None if self.key[0] else self.key[1] - 1

    def certificate(self) -> Certificate:
        """How good the best plan is."""
        note = "" if solver() else "Without HiGHS (the extra plan) there are simple bounds and heuristics only."
        left, used = self.key
        if left:
            return Certificate("VMs not placed", min(self.left_out, left), self.left_name, left, note)
        return Certificate("hosts used", min(self.bound.bins, used), self.bound.name, used, note)


def pack(problem: Problem, clock: Clock) -> Packed:
    """Place as many as possible, in as few bins as possible.

    Parameters
    ----------
    problem : Problem
    clock : Clock
        One plan at least is made, however late it is.

    Returns
    -------
    Packed
        The plan, which never exceeds a capacity, and its certificate.
    """
    best = Best(problem)
    if not problem.counts.any():
        return Packed(best.plan, best.certificate())
    clock.tell(0.05, "packing greedily")
    if problem.spread:
        _grouped(problem, best, clock)
    else:
        _plain(problem, best, clock)
    if not best.done() and not clock.late and (problem.counts > 0).sum() * len(problem.taken) <= SMALL:
        clock.tell(0.9, "solving exactly")
        solved = exact(problem, clock)
        if solved is not None:
            best.take(solved.plan)
            if solved.left_out > best.left_out:
                best.left_out, best.left_name = solved.left_out, "exact"
            if solved.proven:
                best.raise_to(Bound(best.key[1], "exact"))
    clock.tell(1.0, "done")
    return Packed(best.plan, best.certificate())


def _insisting(problem: Problem, best: Best, taste: Taste, clock: Clock) -> None:
    """While some are left out: once more, with the shapes of these first."""
    hard = np.zeros(len(problem.counts), bool)
    for _ in range(ROUNDS):
        left = problem.counts > best.plan.placed(len(problem.counts))
        if best.done() or clock.late or not (left & ~hard).any():
            return
        hard |= left
        begun = greedy(replace(problem, counts=np.where(hard, problem.counts, 0)), taste, clock)
        if begun is not None:
            rest = greedy(problem.after(begun), taste, clock)
            best.take(begun if rest is None else begun + rest)


def _plain(problem: Problem, best: Best, clock: Clock) -> None:
    """Without groups."""
    first, *others = tastes(problem)
    many = (problem.counts > 0).sum() > MANY
    allotment = allot(problem, clock.part(0.2)) if many else None
    best.take(greedy(problem, first, clock.part(0.8), allotment=allotment))
    _insisting(problem, best, first, clock)
    if best.done() or clock.late:
        return
    best.raise_to(fluid(problem, clock.part(0.2)))
    if best.done():
        return
    clock.tell(0.2, "packing by class")
    if not many:
        allotment = allot(problem, clock.part(0.2))
        if allotment is not None:
            best.take(greedy(problem, first, clock, most=best.most, allotment=allotment))
    columns = Columns(problem, clock) if suits(problem) and not best.done() and not clock.late else None
    heuristics = clock.part(0.15 if columns else 1.0)
    plans = [best.plan]
    for number, taste in enumerate(others):
        if best.done() or heuristics.late:
            break
        clock.tell(0.3 + 0.02 * number, "packing greedily")
        by_class = None if number % 2 == 0 and not many else allotment
        most = len(problem.taken) if columns is not None else best.most
        plan = greedy(problem, taste, heuristics, most=most, allotment=by_class)
        best.take(plan)
        plans += [plan] if plan is not None else []
    if columns is None or best.done() or clock.late:
        return
    clock.tell(0.5, "generating columns")
    for plan in plans:
        columns.learn(plan)
    best.take(columns.plan(first))
    if columns.bound > 0:
        fewest = int(problem.taken.sum()) + up(columns.bound - columns.waste)
        best.raise_to(Bound(fewest, "column generation"))


def _grouped(problem: Problem, best: Best, clock: Clock) -> None:
    """With groups: packed as if there were none and dealt out; and directly, where there are few shapes."""
    first, *others = tastes(problem)
    few = (problem.counts > 0).sum() <= DIRECT
    if few:
        best.take(greedy(problem, first))
        _insisting(problem, best, first, clock.part(0.3))
    if best.done():
        return
    plain, same = merged(problem)
    inner = Best(plain)
    _plain(plain, inner, clock.part(0.6))
    best.raise_to(inner.bound)
    dealt = deal(problem, same, inner.plan)
    rest = greedy(problem.after(dealt), first)
    best.take(dealt if rest is None else dealt + rest)
    for taste in others if few else ():
        if best.done() or clock.late:
            return
        best.take(greedy(problem, taste, clock, most=best.most))


def left_out(problem: Problem) -> tuple[int, str]:
    """At least so many cannot be placed: of a shape more than fit one by one, or of a dimension more than there is."""
    alone = 0
    for shape in np.flatnonzero(problem.counts):
        alone += max(0, int(problem.counts[shape] - problem.room(int(shape), problem.capacities).sum()))
    found = (alone, "each shape alone")
    over = problem.counts @ problem.sizes - problem.capacities.clip(0).sum(axis=0) - len(problem.taken) * problem.slack
    for dim in np.flatnonzero(over > 0):
        order = np.argsort(-problem.sizes[:, dim], kind="stable")
        sums = np.cumsum(problem.sizes[order, dim] * problem.counts[order])
        at = int(np.searchsorted(sums, over[dim]))
        before = float(sums[at - 1]) if at else 0.0
        number = int(problem.counts[order[:at]].sum()) + up((over[dim] - before) / problem.sizes[order[at], dim])
        found = max(found, (number, "sum"))
    return found
