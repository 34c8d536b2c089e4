"""Lower bounds on the bins that are needed, each with its name, and on what cannot be placed at all."""

from dataclasses import dataclass

import numpy as np

from phyllome_nb.capacity.packing.clock import Clock
from phyllome_nb.capacity.packing.highs import model, solver
from phyllome_nb.capacity.packing.problem import Floats, Problem

__all__ = ["Bound", "fluid", "group_bound", "sum_bound"]

TINY = 1e-6
LARGEST = 60_000
"""Variables up to which the fluid LP is asked."""


@dataclass(frozen=True)
class Bound:
    """At least so many bins are needed."""

    bins: int
    name: str
    duals: Floats | None = None
    """D: what a unit of each dimension is worth, where an LP tells."""


def up(value: float) -> int:
    """The next whole number; what a sum of floats has too much does not make it one more."""
    return int(np.ceil(value - TINY * max(1.0, abs(value))))


def sum_bound(problem: Problem) -> Bound:
    """Of no dimension can less be there than is asked: the fewest bins, the largest first, that have as much.

    The bins in use count, as does what is free in them.
    """
    demand = (problem.sizes * problem.counts[:, None]).sum(axis=0)
    taken = problem.taken
    free = problem.capacities.clip(0)
    rest = demand - free[taken].sum(axis=0) - problem.slack
    needed = 0
    for each in np.flatnonzero(rest > 0):
        sums = np.cumsum(np.sort(free[~taken, each])[::-1])
        needed = max(needed, int(np.searchsorted(sums + problem.slack[each], rest[each])) + 1)
    return Bound(int(taken.sum()) + min(needed, int((~taken).sum())), "sum")


def group_bound(problem: Problem) -> Bound:
    """A group that may have one item in a bin needs as many bins as it has items; those in use are there already."""
    most, taken = 0, int(problem.taken.sum())
    for group in problem.spread:
        shapes = list(group)
        items = int(problem.counts[shapes].sum())
        reach = problem.allowed[problem.rule[shapes]].any(axis=0)
        most = max(most, min(items, int(reach.sum())) - int((reach & problem.taken).sum()))
    return Bound(taken + most, "anti-affinity")


def fluid(problem: Problem, clock: Clock) -> Bound | None:
    """The same with items that can be cut, but no more of a shape in a bin than fit whole (an LP by HiGHS).

    Bins in use are one pool, whose rules are left aside: that can only lower the bound.
    """
    highs = solver()
    closed = np.flatnonzero(~problem.taken)
    if highs is None or not len(closed) or clock.late:
        return None
    kinds, first, many = np.unique(problem.kind[closed], return_index=True, return_counts=True)
    shapes = np.flatnonzero(problem.counts)
    classes, dims = len(kinds), problem.sizes.shape[1]
    if not len(shapes) or len(shapes) * (classes + 1) > LARGEST:
        return None
    lp = model(highs, clock)
    inf = highs.kHighsInf
    bins = closed[first]
    # Columns: y of each class, then x of each shape in each class, then x of each shape in the pool.
    for number in many:
        lp.addVar(0.0, float(number))
    lp.changeColsCost(classes, np.arange(classes, dtype=np.int32), np.ones(classes))
    pool = problem.capacities[problem.taken].clip(0).sum(axis=0)
    fit = np.array([problem.room(int(shape), problem.capacities)[bins] for shape in shapes], float)
    wide = len(shapes) * (classes + 1)
    lp.addVars(wide, np.zeros(wide), np.append(np.repeat(1.0, wide - len(shapes)), np.repeat(1.0, len(shapes))) * inf)
    sizes, amounts = problem.sizes[shapes] / problem.unit, problem.capacities[bins] / problem.unit
    at = classes + np.arange(wide, dtype=np.int32).reshape(classes + 1, len(shapes))
    capacity_rows = []
    for each in range(classes):
        for dim in range(dims):
            asks = sizes[:, dim] > 0
            index = np.append(at[each][asks], each).astype(np.int32)
            lp.addRow(-inf, 0.0, len(index), index, np.append(sizes[asks, dim], -max(amounts[each, dim], 0.0)))
            capacity_rows.append((each, dim))
        for shape in range(len(shapes)):
            pair = np.array([at[each][shape], each], np.int32)
            lp.addRow(-inf, 0.0, 2, pair, np.array([1.0, -fit[shape, each]]))
    for dim in range(dims):
        asks = sizes[:, dim] > 0
        index = at[-1][asks]
        lp.addRow(-inf, float(pool[dim] / problem.unit[dim]), len(index), index, sizes[asks, dim])
    for shape in range(len(shapes)):
        count = float(problem.counts[shapes[shape]])
        index = np.ascontiguousarray(at[:, shape])
        lp.addRow(count, inf, len(index), index, np.ones(len(index)))
    lp.run()
    if lp.getModelStatus() != highs.HighsModelStatus.kOptimal:
        return None
    value = lp.getInfo().objective_function_value
    duals = np.array(lp.getSolution().row_dual)
    worth = np.zeros(dims)
    row = 0
    for _ in range(classes):
        worth += np.abs(duals[row : row + dims])
        row += dims + len(shapes)
    return Bound(int(problem.taken.sum()) + up(value), "fluid LP", worth)
