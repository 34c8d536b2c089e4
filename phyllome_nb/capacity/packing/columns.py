"""Column generation: the patterns that bins are filled by come out of the duals of those known so far."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from phyllome_nb.capacity.packing.clock import Clock
from phyllome_nb.capacity.packing.greedy import Taste, greedy
from phyllome_nb.capacity.packing.highs import model, solver
from phyllome_nb.capacity.packing.problem import Bools, Floats, Ints, Plan, Problem

__all__ = ["Columns", "suits"]

SHAPES, CLASSES = 600, 40
WAYS = 8
"""Weightings by which a round looks for patterns."""
KEPT = 4
"""Patterns that a round keeps of each class."""
MISSED = 50.0
"""What it costs not to place one, in bins."""
GAIN = 1e-6
SURE = 0.8
"""From this share of a bin on a pattern is taken whole."""
EXACT = 0.5
"""Seconds that HiGHS has for one pattern."""


def suits(problem: Problem) -> bool:
    """Whether there are few enough shapes and classes, and HiGHS."""
    few = (problem.counts > 0).sum() <= SHAPES and len(np.unique(problem.kind)) <= CLASSES
    return bool(few) and solver() is not None and not problem.spread


@dataclass
class Columns:
    """The patterns found so far, and the LP over them.

    Parameters
    ----------
    problem : Problem
        Of which `suits` is true.
    clock : Clock
    """

    problem: Problem
    clock: Clock

    def __post_init__(self) -> None:
        problem = self.problem
        self.classes, first, self.many = np.unique(problem.kind, return_index=True, return_counts=True)
        self.sizes = problem.sizes / problem.unit
        self.room = problem.capacities[first].clip(0) / problem.unit
        self.slack = problem.slack / problem.unit
        self.may: Bools = problem.allowed[problem.rule][:, first].T
        self.cost = np.where(problem.taken[first], 1e-4, 1.0)
        self.left, self.bins = problem.counts.copy(), self.many.copy()
        self.patterns: list[tuple[int, Ints]] = []
        self.known: set[tuple[int, bytes]] = set()
        self.bound = 0.0
        """The least that is to be paid, as far as it is known."""
        self.waste = float((self.cost * self.many)[self.cost < 1].sum())
        self.draw = np.random.default_rng(0)
        self.lp = self._master()

    def _master(self) -> Any:
        highs = solver()
        assert highs is not None  # noqa: S101
        lp = model(highs, Clock(None))
        none = np.array([], np.int32)
        for count in self.left:
            lp.addRow(float(count), highs.kHighsInf, 0, none, none.astype(float))
        for number in self.bins:
            lp.addRow(-highs.kHighsInf, float(number), 0, none, none.astype(float))
        for shape in range(len(self.left)):
            lp.addCol(MISSED, 0.0, highs.kHighsInf, 1, np.array([shape], np.int32), np.ones(1))
        return lp

    def add(self, class_: int, pattern: Ints) -> None:
        """One more pattern for a class."""
        key = (class_, pattern.tobytes())
        if key in self.known:
            return
        self.known.add(key)
        self.patterns.append((class_, pattern))
        shapes = np.flatnonzero(pattern)
        index = np.append(shapes, len(pattern) + class_).astype(np.int32)
        highs = solver()
        assert highs is not None  # noqa: S101
        self.lp.addCol(self.cost[class_], 0.0, highs.kHighsInf, len(index), index, np.append(pattern[shapes], 1.0))

    def learn(self, plan: Plan) -> None:
        """The patterns of a plan."""
        table = np.zeros((len(self.problem.kind), len(self.left)), np.int64)
        np.add.at(table, (plan.bin, plan.shape), plan.number)
        kind = np.searchsorted(self.classes, self.problem.kind)
        rows = np.unique(np.column_stack([kind, table]), axis=0)
        for row in rows[rows[:, 1:].any(axis=1)]:
            self.add(int(row[0]), row[1:])

    def solve(self) -> tuple[Floats, Floats, Floats]:
        """The share of each pattern, what a shape is worth, and what a bin of a class is worth (below zero)."""
        self.lp.run()
        solution = self.lp.getSolution()
        duals = np.array(solution.row_dual)
        shapes = len(self.left)
        return np.array(solution.col_value)[shapes:], duals[:shapes].clip(0), duals[shapes:]

    def price(self, worth: Floats, bin_worth: Floats) -> bool:
        """Look for patterns that are worth more than they cost; whether there were any."""
        ways = self.draw.dirichlet(np.ones(self.sizes.shape[1]), WAYS)
        ways[0] = 1.0 / ways.shape[1]
        cheap = worth[None, :] / np.maximum(self.sizes @ ways.T, 1e-9).T
        cheap *= self.draw.uniform(0.8, 1.0, cheap.shape)
        cheap[0] = worth / np.maximum(self.sizes @ ways[0], 1e-9)
        order = np.argsort(-cheap, axis=1)
        classes = len(self.classes)
        order = np.tile(order, (classes, 1))
        which = np.repeat(np.arange(classes), WAYS)
        number = _fill(self.sizes, order, self.room[which] + self.slack, np.where(self.may[which], self.left, 0))
        value = number @ worth
        found = False
        for class_ in np.flatnonzero(self.bins):
            mine = np.flatnonzero(which == class_)
            for each in mine[np.argsort(-value[mine], kind="stable")][:KEPT]:
                pattern = self._better(number[each], worth, int(class_))
                if pattern @ worth > self.cost[class_] - bin_worth[class_] + GAIN:
                    before = len(self.patterns)
                    self.add(int(class_), pattern)
                    found = found or len(self.patterns) > before
        return found

    def _better(self, pattern: Ints, worth: Floats, class_: int) -> Ints:
        """The pattern after exchanges of one for one that make it worth more."""
        pattern = pattern.copy()
        free = self.room[class_] - pattern @ self.sizes
        for _ in range(20):
            inside = np.flatnonzero(pattern)
            outside = np.flatnonzero((pattern < self.left) & self.may[class_] & (worth > 0))
            gain = worth[outside][None, :] - np.append(worth[inside], 0.0)[:, None]
            room = free + np.vstack([self.sizes[inside], np.zeros_like(free)]) + self.slack
            for each in range(len(free)):
                gain[self.sizes[outside, each][None, :] > room[:, each][:, None]] = 0
            if not gain.size or gain.max() <= GAIN:
                break
            one, other = np.unravel_index(int(gain.argmax()), gain.shape)
            if one < len(inside):
                pattern[inside[one]] -= 1
                free = free + self.sizes[inside[one]]
            pattern[outside[other]] += 1
            free = free - self.sizes[outside[other]]
        return pattern

    def generate(self, clock: Clock, rounds: int = 10_000, *, exact: bool = True) -> tuple[Floats, Floats]:
        """Add patterns until none is worth it or the clock has run out; the shares and what the shapes are worth."""
        shares, worth, bin_worth = self.solve()
        for _ in range(rounds):
            if clock.late or not (
                self.price(worth, bin_worth) or (exact and self.price_exactly(worth, bin_worth, clock))
            ):
                break
            shares, worth, bin_worth = self.solve()
        return shares, worth

    def price_exactly(self, worth: Floats, bin_worth: Floats, clock: Clock) -> bool:
        """The same with the best pattern of each class, which HiGHS looks for; it also gives a bound (Lagrange's)."""
        most = np.zeros(len(self.classes))
        found = False
        for class_ in range(len(self.classes)):
            pattern, most[class_] = self._best(class_, worth, clock)
            if pattern is not None and pattern @ worth > self.cost[class_] - bin_worth[class_] + GAIN:
                before = len(self.patterns)
                self.add(class_, pattern)
                found = found or len(self.patterns) > before
        spent = np.minimum(self.cost - most, 0.0) @ self.bins
        # Farley's scaling is the better one where there are bins in plenty.
        scale = max(1.0, float((most / self.cost).max()))
        whole = float(worth @ self.left)
        self.bound = max(self.bound, whole + float(spent), whole / scale)
        return found

    def _best(self, class_: int, worth: Floats, clock: Clock) -> tuple[Ints | None, float]:
        """The pattern that is worth most, if it was found, and what none can be worth more than."""
        highs = solver()
        assert highs is not None  # noqa: S101
        shapes = np.flatnonzero((self.left > 0) & self.may[class_] & (worth > 0))
        pattern = np.zeros(len(worth), np.int64)
        if not len(shapes):
            return pattern, 0.0
        lp = model(highs, Clock(min(EXACT, clock.left)))
        lp.addVars(len(shapes), np.zeros(len(shapes)), self.left[shapes].astype(float))
        index = np.arange(len(shapes), dtype=np.int32)
        lp.changeColsCost(len(shapes), index, worth[shapes])
        lp.changeColsIntegrality(len(shapes), index, np.full(len(shapes), highs.HighsVarType.kInteger))
        lp.changeObjectiveSense(highs.ObjSense.kMaximize)
        for dim, amount in enumerate(self.room[class_] + self.slack):
            lp.addRow(-highs.kHighsInf, float(amount), len(index), index, self.sizes[shapes, dim])
        lp.run()
        info = lp.getInfo()
        if info.primal_solution_status == highs.SolutionStatus.kSolutionStatusFeasible:
            pattern[shapes] = np.round(np.array(lp.getSolution().col_value)).astype(np.int64).clip(0)
            if ((pattern @ self.sizes) <= self.room[class_] + self.slack).all():
                return pattern, float(info.mip_dual_bound)
        return None, float(info.mip_dual_bound)

    def dive(self) -> Plan:
        """Fix what the LP is sure of and solve what is left, until nothing is, or the deadline has passed."""
        kind = np.searchsorted(self.classes, self.problem.kind)
        queues = [list(np.flatnonzero(kind == each)) for each in range(len(self.classes))]
        rows: list[tuple[int, int, int]] = []
        whole = max(int(self.left.sum()), 1)
        shares, _ = self.generate(self.clock.part(0.5))
        while self.left.any() and not self.clock.late:
            sure = np.flatnonzero(shares >= 1 - 1e-6)
            if not len(sure):
                best = int(shares.argmax()) if len(shares) else 0
                if not len(shares) or shares[best] < 1e-6:
                    break
                sure = np.flatnonzero(shares >= min(SURE, shares[best]))
            for each in sure.tolist():
                self._fix(each, max(1, int(shares[each] + 1e-6)), queues, rows)
            self.clock.tell(1 - self.left.sum() / whole, "settling on patterns")
            self._renew()
            shares, _ = self.generate(self.clock, 2, exact=False)
        return Plan.of(rows)

    def _fix(self, column: int, times: int, queues: list[list[Any]], rows: list[tuple[int, int, int]]) -> None:
        class_, pattern = self.patterns[column]
        for _ in range(times):
            pattern = np.minimum(pattern, self.left)
            if not pattern.any() or not self.bins[class_]:
                return
            self.left -= pattern
            self.bins[class_] -= 1
            bin_ = int(queues[class_].pop(0))
            rows.extend((int(shape), bin_, int(pattern[shape])) for shape in np.flatnonzero(pattern))

    def _renew(self) -> None:
        """Tell the LP what is left to do."""
        highs = solver()
        assert highs is not None  # noqa: S101
        lower = np.append(self.left.astype(float), np.full(len(self.bins), -highs.kHighsInf))
        upper = np.append(np.full(len(self.left), highs.kHighsInf), self.bins.astype(float))
        rows = np.arange(len(lower), dtype=np.int32)
        self.lp.changeRowsBounds(len(rows), rows, lower, upper)

    def plan(self, taste: Taste) -> Plan:
        """A whole plan: what the dive settles, and a greedy one for the rest."""
        settled = self.dive()
        rest = greedy(self.problem.after(settled), taste)
        return settled if rest is None else settled + rest


def _fill(sizes: Floats, order: Ints, free: Floats, most: Ints) -> Ints:
    """Rows of patterns: each takes the shapes in its order, as many as fit."""
    rows = np.arange(len(order))
    number = np.zeros_like(most)
    for at in range(order.shape[1]):
        shape = order[:, at]
        size = sizes[shape]
        with np.errstate(divide="ignore", invalid="ignore"):
            fit = np.where(size > 0, free / size, np.inf).min(axis=1)
        times = np.minimum(np.floor(fit.clip(0, 1e9)), most[rows, shape]).astype(np.int64)
        number[rows, shape] = times
        free = free - times[:, None] * size
    return number
