"""Exact solving of small cases: one whole-number programme over shapes and bins (HiGHS)."""

from dataclasses import dataclass

import numpy as np

from phyllome_nb.capacity.packing.clock import Clock
from phyllome_nb.capacity.packing.highs import model, solver
from phyllome_nb.capacity.packing.problem import Plan, Problem

__all__ = ["SMALL", "Solved", "exact"]

SMALL = 2000
"""Shapes times bins up to which it is worth a try."""


@dataclass(frozen=True)
class Solved:
    """What came of it."""

    plan: Plan
    proven: bool
    """Whether no plan places more, or as many in fewer bins."""
    left_out: int
    """At least so many cannot be placed."""


def exact(problem: Problem, clock: Clock) -> Solved | None:
    """The plan that places most, in the fewest bins; None where HiGHS is missing or found none in time."""
    highs = solver()
    shapes = np.flatnonzero(problem.counts)
    if highs is None or not len(shapes) or clock.late:
        return None
    room = np.array([problem.room(int(shape), problem.capacities) for shape in shapes])
    room = np.minimum(room, problem.counts[shapes][:, None])
    pairs = np.argwhere(room > 0)
    bins = np.unique(pairs[:, 1])
    place = {int(bin_): number for number, bin_ in enumerate(bins)}
    wide, tall = len(pairs), len(bins)
    lp = model(highs, clock)
    lp.setOptionValue("mip_rel_gap", 0.0)
    lp.setOptionValue("mip_abs_gap", 0.5)
    lp.addVars(wide, np.zeros(wide), room[pairs[:, 0], pairs[:, 1]].astype(float))
    lp.addVars(tall, problem.taken[bins].astype(float), np.ones(tall))
    index = np.arange(wide + tall, dtype=np.int32)
    # Placing one more is worth more than all the bins together.
    lp.changeColsCost(len(index), index, np.append(np.full(wide, -float(tall + 1)), np.ones(tall)))
    lp.changeColsIntegrality(len(index), index, np.full(len(index), highs.HighsVarType.kInteger))
    inf = highs.kHighsInf
    for number, shape in enumerate(shapes):
        mine = np.flatnonzero(pairs[:, 0] == number).astype(np.int32)
        lp.addRow(0.0, float(problem.counts[shape]), len(mine), mine, np.ones(len(mine)))
    sizes = problem.sizes[shapes] / problem.unit
    limit = (problem.capacities + problem.slack).clip(0) / problem.unit
    for bin_ in bins:
        mine = np.flatnonzero(pairs[:, 1] == bin_).astype(np.int32)
        for dim in range(sizes.shape[1]):
            amount = sizes[pairs[mine, 0], dim]
            columns = np.append(mine, wide + place[int(bin_)]).astype(np.int32)
            lp.addRow(-inf, 0.0, len(columns), columns, np.append(amount, -limit[bin_, dim]))
        # Also of what has no size.
        columns = np.append(mine, wide + place[int(bin_)]).astype(np.int32)
        lp.addRow(-inf, 0.0, len(columns), columns, np.append(np.ones(len(mine)), -float(room[:, bin_].sum())))
        for group in problem.spread:
            rows = mine[np.isin(shapes[pairs[mine, 0]], group)]
            if len(rows) > 1:
                lp.addRow(-inf, 1.0, len(rows), rows, np.ones(len(rows)))
    lp.run()
    info = lp.getInfo()
    if wide and info.primal_solution_status != highs.SolutionStatus.kSolutionStatusFeasible:
        return None
    many = np.round(np.array(lp.getSolution().col_value)[:wide]).astype(np.int64)
    found = [
        (int(shapes[pair[0]]), int(pair[1]), number)
        for pair, number in zip(pairs, many.tolist(), strict=True)
        if number
    ]
    proven = lp.getModelStatus() == highs.HighsModelStatus.kOptimal
    best = max(-info.mip_dual_bound, 0.0) if np.isfinite(info.mip_dual_bound) else float("inf")
    most = problem.counts.sum() if best == float("inf") else min(problem.counts.sum(), int((best + tall) / (tall + 1)))
    plan = Plan.of(found)
    left = int(problem.counts.sum() - plan.number.sum()) if proven else int(problem.counts.sum() - most)
    return Solved(plan, proven, left)
