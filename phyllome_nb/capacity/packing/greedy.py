"""Bin-centric greedy packing: one bin after another is filled with what suits it best."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from phyllome_nb.capacity.packing.allot import Allotment
from phyllome_nb.capacity.packing.clock import Clock
from phyllome_nb.capacity.packing.problem import Floats, Ints, Plan, Problem

__all__ = ["Filler", "Taste", "greedy", "tastes"]

POOL, FEWER, HURRIED = 1500, 600, 200
"""With more shapes than this a bin is filled from a sample of them; from fewer for more bins than MANY, or if late."""
MANY = 1000
SWAPS = 40
REPEAT = 8
AT_ONCE = 4
"""Of one shape a quarter of what fits is put in at once, since the next may suit better."""


@dataclass(frozen=True, slots=True)
class Taste:
    """What is thought to suit a bin: the weights of the dimensions, and how a shape is compared with what is free."""

    score: Literal["dot", "l2"]
    weights: tuple[float, ...]


def tastes(problem: Problem, duals: Floats | None = None) -> Iterator[Taste]:
    """Tastes to try, the most promising first."""
    demand = (problem.sizes * problem.counts[:, None]).sum(axis=0)
    share = demand / np.maximum(problem.capacities.clip(0).sum(axis=0), 1e-12)
    share /= max(share.max(), 1e-12)
    found = [share, np.ones_like(share), share**2, share**4]
    if duals is not None and duals.max(initial=0) > 0:
        found = [(duals / duals.max() + 0.1 * share), *found]
    for weights in found:
        for score in ("l2", "dot"):
            yield Taste(score, tuple(np.maximum(weights, 1e-3)))


class Filler:
    """Fills one bin after another out of what is left.

    Parameters
    ----------
    problem : Problem
    taste : Taste
    seed : int
        For the samples that are drawn where there are very many shapes.
    """

    def __init__(self, problem: Problem, taste: Taste, seed: int = 0) -> None:
        self.problem, self.taste = problem, taste
        self.left = problem.counts.copy()
        self.weights = np.array(taste.weights)
        self.sizes = problem.sizes / problem.unit
        self.slack = problem.slack / problem.unit
        self.hurry = False
        self.pool = POOL if len(problem.taken) <= MANY else FEWER
        self.draw = np.random.default_rng(seed)

    def pattern(self, bin_: int, share: Floats) -> tuple[Ints, Ints]:
        """What a bin is given: shapes, and how many of each.

        Parameters
        ----------
        bin_ : int
        share : numpy.ndarray
            D: how full it is to get. A bin that takes its share of each dimension leaves the others what they can take.
        """
        problem = self.problem
        free = problem.capacities[bin_] / problem.unit
        fits = (self.sizes <= free + self.slack).all(axis=1)
        pool = np.flatnonzero(fits & (self.left > 0) & problem.allowed[problem.rule, bin_])
        most = HURRIED if self.hurry else self.pool
        if len(pool) > most:
            # One with a large count is as likely to be drawn as so many shapes are.
            race = self.draw.exponential(size=len(pool)) / self.left[pool]
            pool = np.sort(pool[np.argpartition(race, most)[:most]])
        if not len(pool):
            return pool, pool
        bin_left = Bin(self, pool, free, free * share)
        bin_left.fill()
        if not problem.spread and not self.hurry:
            while bin_left.swap() and bin_left.fill():
                pass
        chosen = np.flatnonzero(bin_left.number)
        return pool[chosen], bin_left.number[chosen]


class Bin:
    """A bin that is being filled."""

    def __init__(self, filler: Filler, pool: Ints, free: Floats, wanted: Floats) -> None:
        self.filler, self.pool = filler, pool
        self.sizes, self.left = filler.sizes[pool], filler.left[pool].copy()
        self.weights, self.slack = filler.weights, filler.slack
        self.squares = (self.sizes * self.sizes) @ self.weights
        self.free, self.wanted = free, wanted
        self.number = np.zeros(len(pool), np.int64)

    def put(self, shape: int, times: int) -> None:
        """Put some in, or take them out."""
        self.number[shape] += times
        self.left[shape] -= times
        self.free = self.free - times * self.sizes[shape]
        self.wanted = self.wanted - times * self.sizes[shape]

    def fill(self) -> bool:
        """Put in what brings it nearest to what is wanted; whether there was any."""
        live = np.arange(len(self.pool))
        conflicts = self.filler.problem.conflicts
        dot = self.filler.taste.score == "dot"
        found = False
        while True:
            here = self.sizes[live]
            ok = (here <= self.free + self.slack).all(axis=1) & (self.left[live] > 0)
            if not ok.all():
                live, here = live[ok], here[ok]
            if not len(live):
                return found
            score = here @ (self.weights * self.wanted)
            nearer = 2 * score - self.squares[live]
            best = int((score if dot else nearer).argmax())
            if found and nearer[best] <= 0:
                return found
            found, best = True, int(live[best])
            size = self.sizes[best]
            asks = size > 0
            most = ((self.free + self.slack)[asks] / size[asks]).min() if asks.any() else self.left[best]
            times = min(max(1, int(most) // AT_ONCE), int(self.left[best]))
            banned = conflicts.get(int(self.pool[best])) if conflicts else None
            if banned is not None:
                times = 1
                live = live[~np.isin(self.pool[live], banned)]
            self.put(best, times)

    def swap(self) -> bool:
        """Exchange one for one while that brings it nearer to what is wanted; whether there was any."""
        found = False
        for _ in range(SWAPS):
            inside, outside = np.flatnonzero(self.number), np.flatnonzero(self.left)
            if not len(outside):
                break
            after = self.wanted + self.sizes[inside]
            others = self.sizes[outside]
            far = ((after * after) @ self.weights)[:, None] + self.squares[outside][None, :]
            far -= 2 * (after * self.weights) @ others.T
            room = self.free + self.sizes[inside] + self.slack
            for each in range(self.sizes.shape[1]):
                far[others[:, each][None, :] > room[:, each][:, None]] = np.inf
            at = int(far.argmin())
            if far.flat[at] >= (self.wanted * self.wanted) @ self.weights - 1e-9:
                break
            found = True
            self.put(int(inside[at // len(outside)]), -1)
            self.put(int(outside[at % len(outside)]), 1)
        return found


def greedy(
    problem: Problem,
    taste: Taste,
    clock: Clock | None = None,
    *,
    most: int | None = None,
    allotment: Allotment | None = None,
) -> Plan | None:
    """Fill the bins that would do if nothing were wasted, then what is left into as few more as it takes.

    Parameters
    ----------
    problem : Problem
    taste : Taste
    clock : Clock, optional
    most : int, optional
        Give up once more bins than this are used, or the deadline has passed. Without it the plan is completed in
        any case, the rest with less care.
    allotment : Allotment, optional
        What each class of bins is to take. Without it a class that has its turn first takes all that suits it best.

    Returns
    -------
    Plan or None
        What found a place; None where it gave up.
    """
    filler = Filler(problem, taste)
    capacities = problem.capacities.clip(0) / problem.unit
    order = np.lexsort((problem.kind, -(capacities @ filler.weights), ~problem.taken))
    rows: list[tuple[int, int, int]] = []
    left = problem.counts.copy()
    used = int(problem.taken.sum())

    def pack(bins: Ints) -> bool:
        """Fill bins of the classes in turn out of what the filler has; whether there is still time and room."""
        nonlocal used
        queues = _queues(problem.kind, bins)
        while queues and filler.left.any():
            if clock is not None and clock.late:
                if most is not None:
                    return False
                filler.hurry = True
            queue = max(queues, key=lambda each: len(each[0]) / each[1])
            open_ = np.concatenate([each[0] for each in queues])
            share = filler.left @ filler.sizes / np.maximum(capacities[open_].sum(axis=0), 1e-12)
            share = np.minimum(share / max(share.max(), 1e-12), 1.0)
            shapes, numbers = filler.pattern(queue[0][0], share)
            if not len(shapes):
                queues.remove(queue)
                continue
            times = min(max(1, len(queue[0]) // REPEAT), int((filler.left[shapes] // numbers).min()))
            for bin_ in queue[0][:times]:
                rows.extend(zip(shapes.tolist(), [bin_] * len(shapes), numbers.tolist(), strict=True))
                used += not problem.taken[bin_]
            filler.left[shapes] -= times * numbers
            del queue[0][:times]
            if not queue[0]:
                queues.remove(queue)
            if most is not None and used > most:
                return False
        return True

    if allotment is not None:
        for bins, counts in zip(allotment.bins, allotment.counts, strict=True):
            filler.left = np.minimum(counts, left)
            left = left - filler.left
            if not pack(bins):
                return None
            left = left + filler.left
    filler.left = left
    fresh = np.ones(len(order), bool)
    fresh[[bin_ for _, bin_, _ in rows]] = False
    spare = order[fresh[order]]
    number = int(problem.taken.sum()) if allotment is None else 0
    while len(spare) and filler.left.any():
        number = max(1, number, _enough(capacities[spare], filler))
        if not pack(spare[:number]):
            return None
        spare, number = spare[number:], 0
    return Plan.of(rows)


def _queues(kind: Ints, bins: Ints) -> list[tuple[list[int], int]]:
    """The bins class by class, and how many there are of each."""
    found: dict[int, list[int]] = {}
    for bin_, class_ in zip(bins.tolist(), kind[bins].tolist(), strict=True):
        found.setdefault(class_, []).append(bin_)
    return [(each, len(each)) for each in found.values()]


def _enough(capacities: Floats, filler: Filler) -> int:
    """How many of the bins would do if nothing were wasted."""
    demand = filler.left @ filler.sizes - filler.slack
    short = (np.cumsum(capacities, axis=0) < demand).any(axis=1)
    return min(int(short.sum()) + 1, len(capacities))
