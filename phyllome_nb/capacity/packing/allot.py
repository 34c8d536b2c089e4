"""Which class of bins is to take how much of what, going by the fluid LP: then no class runs out of what suits it."""

from dataclasses import dataclass

import numpy as np

from phyllome_nb.capacity.packing.clock import Clock
from phyllome_nb.capacity.packing.highs import model, solver
from phyllome_nb.capacity.packing.problem import Floats, Ints, Problem

__all__ = ["Allotment", "allot"]

GROUPS = 400
CLASSES = 40
"""With more classes than this there are no two bins that are alike, and nothing to allot."""


@dataclass(frozen=True)
class Allotment:
    """What each class of bins is to take."""

    bins: tuple[Ints, ...]
    """Of each class those that would do if nothing were wasted."""
    counts: tuple[Ints, ...]
    """Of each class S: how many of each shape."""


def allot(problem: Problem, clock: Clock) -> Allotment | None:
    """Share the shapes out among the classes of bins; None where there is no telling."""
    highs = solver()
    kinds, which, many = np.unique(problem.kind, return_inverse=True, return_counts=True)
    first = np.array([int(np.flatnonzero(which == each)[0]) for each in range(len(kinds))])
    if highs is None or not 1 < len(kinds) <= CLASSES or clock.late or not problem.counts.any():
        return None
    group = _groups(problem)
    groups = int(group.max()) + 1
    amounts = np.zeros((groups, problem.sizes.shape[1]))
    np.add.at(amounts, group, problem.sizes / problem.unit * problem.counts[:, None])
    may = np.zeros((groups, len(kinds)), bool)
    may[group] = problem.allowed[problem.rule][:, first]
    may[group] &= (problem.sizes[:, None, :] <= problem.capacities[first][None] + problem.slack).all(axis=2)
    solved = _fluid(problem, first, many, amounts, may, clock)
    if solved is None:
        return None
    used, shares = solved
    bins = tuple(np.flatnonzero(which == each)[: int(used[each] + 1e-6)] for each in range(len(kinds)))
    return Allotment(bins, tuple(_deal(problem, group, shares).T))


def _deal(problem: Problem, group: Ints, shares: Floats) -> Ints:
    """S × C whole numbers that keep to the shares of the groups, and in sum to the amounts that these make up."""
    counts, sizes = problem.counts, problem.sizes / problem.unit
    exact = shares[group] * counts[:, None]
    dealt = np.floor(exact + 1e-9).astype(np.int64)
    over = counts - dealt.sum(axis=1)
    owed = np.zeros_like(shares)
    amount = np.zeros((shares.shape[1], sizes.shape[1]))
    mean = max(float((sizes**2).sum(axis=1) @ counts / max(counts.sum(), 1)), 1e-12)
    for shape in np.argsort(-sizes.sum(axis=1), kind="stable"):
        lack = exact[shape] - dealt[shape]
        owed[group[shape]] += lack
        amount += lack[:, None] * sizes[shape]
        for _ in range(int(over[shape])):
            want = owed[group[shape]] + amount @ sizes[shape] / mean
            class_ = int(np.where(shares[group[shape]] > 1e-9, want, -np.inf).argmax())
            dealt[shape, class_] += 1
            owed[group[shape], class_] -= 1
            amount[class_] -= sizes[shape]
    return dealt


def _groups(problem: Problem) -> Ints:
    """S: shapes that are alike in direction and size, as finely as GROUPS allows."""
    shapes = len(problem.sizes)
    if shapes <= GROUPS:
        return np.arange(shapes)
    sizes = problem.sizes / problem.unit
    whole = sizes.sum(axis=1, keepdims=True)
    for levels in range(8, 0, -1):
        key = np.column_stack([np.floor(sizes / np.maximum(whole, 1e-12) * levels), problem.rule])
        found = np.unique(key, axis=0, return_inverse=True)[1].reshape(-1)
        if found.max() < GROUPS:
            break
    return found.astype(np.int64)


def _fluid(  # noqa: PLR0917
    problem: Problem, first: Ints, many: Ints, amounts: Floats, may: np.ndarray, clock: Clock
) -> tuple[Floats, Floats] | None:
    """The bins of each class that are used, and the share of each group that each class takes."""
    highs = solver()
    assert highs is not None  # noqa: S101
    lp = model(highs, clock)
    # Inner points leave every class some of everything; corners do not.
    lp.setOptionValue("solver", "ipm")
    lp.setOptionValue("run_crossover", "off")
    inf = highs.kHighsInf
    classes, groups = len(first), len(amounts)
    taken = problem.taken[first]
    for each in range(classes):
        lp.addVar(0.0, float(many[each]))
    cost = np.where(taken, 1e-4, 1.0)
    lp.changeColsCost(classes, np.arange(classes, dtype=np.int32), cost)
    lp.addVars(groups * classes, np.zeros(groups * classes), may.astype(float).ravel())
    at = classes + np.arange(groups * classes, dtype=np.int32).reshape(groups, classes)
    capacities = problem.capacities[first].clip(0) / problem.unit
    for each in range(classes):
        for dim in range(amounts.shape[1]):
            index = np.append(at[:, each], each).astype(np.int32)
            lp.addRow(-inf, 0.0, len(index), index, np.append(amounts[:, dim], -capacities[each, dim]))
    for group in range(groups):
        lp.addRow(1.0, 1.0, classes, np.ascontiguousarray(at[group]), np.ones(classes))
    lp.run()
    if lp.getModelStatus() != highs.HighsModelStatus.kOptimal:
        return None
    values = np.array(lp.getSolution().col_value)
    shares = values[classes:].reshape(groups, classes).clip(0)
    return values[:classes], shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-12)
