"""Anti-affinity: places are packed as if it did not matter whose they are, and then dealt out layer by layer."""

from collections import defaultdict

import numpy as np

from phyllome_nb.capacity.packing.problem import Ints, Plan, Problem

__all__ = ["deal", "merged"]


def merged(problem: Problem) -> tuple[Problem, Ints]:
    """The problem without groups, shapes of one size and rule as one; and which of those each shape is."""
    key = np.column_stack([problem.sizes, problem.rule])
    _, first, same = np.unique(key, axis=0, return_index=True, return_inverse=True)
    same = same.reshape(-1).astype(np.int64)
    counts = np.bincount(same, problem.counts, len(first)).astype(np.int64)
    plain = Problem(
        problem.sizes[first], counts, problem.capacities, problem.allowed, problem.rule[first], problem.taken
    )
    return plain, same


def deal(problem: Problem, same: Ints, plan: Plan) -> Plan:
    """Say whose the places of a plan for the merged problem are, so that no group has two in one bin.

    The largest group comes first; each of its layers goes to the bins with most such places left. One that finds only
    bins which its group is in already changes places with one that may go there. Who finds none is left out.
    """
    slots: dict[int, dict[int, int]] = defaultdict(dict)
    for shape, bin_, number in zip(plan.shape.tolist(), plan.bin.tolist(), plan.number.tolist(), strict=True):
        slots[shape][bin_] = slots[shape].get(bin_, 0) + number
    groups = [np.array(group) for group in problem.spread]
    groups_of: dict[int, list[int]] = defaultdict(list)
    for number, group in enumerate(groups):
        for shape in group.tolist():
            groups_of[shape].append(number)
    size = [int(problem.counts[group].sum()) for group in groups]
    inside: list[set[int]] = [set() for _ in groups]
    given: dict[tuple[int, int], int] = defaultdict(int)
    holders: dict[int, list[tuple[int, int]]] = defaultdict(list)

    def free(shape: int, bin_: int) -> bool:
        return not any(bin_ in inside[group] for group in groups_of[shape])

    def give(shape: int, bin_: int) -> None:
        given[shape, bin_] += 1
        holders[int(same[shape])].append((shape, bin_))
        for group in groups_of[shape]:
            inside[group].add(bin_)

    grouped = sorted(groups_of, key=lambda shape: (-max(size[group] for group in groups_of[shape]), shape))
    for shape in grouped:
        kind = int(same[shape])
        places = slots[kind]
        want = int(problem.counts[shape])
        for bin_ in sorted(places, key=lambda each: (-places[each], each)):
            if not want:
                break
            if places[bin_] and free(shape, bin_):
                give(shape, bin_)
                places[bin_] -= 1
                want -= 1
        while want and _change(shape, kind, places, holders, given, inside, groups_of):
            want -= 1
    for shape in range(len(problem.sizes)):
        want = 0 if shape in groups_of else int(problem.counts[shape])
        places = slots[int(same[shape])]
        for bin_ in list(places):
            number = min(want, places[bin_])
            if number:
                given[shape, bin_] += number
                places[bin_] -= number
                want -= number
            if not want:
                break
    return Plan.of([(shape, bin_, number) for (shape, bin_), number in given.items() if number])


def _change(  # noqa: PLR0917
    shape: int,
    kind: int,
    places: dict[int, int],
    holders: dict[int, list[tuple[int, int]]],
    given: dict[tuple[int, int], int],
    inside: list[set[int]],
    groups_of: dict[int, list[int]],
) -> bool:
    """Send another one to a free place, and take its own; whether there was one."""
    empty = [bin_ for bin_, number in places.items() if number]
    for at, (other, bin_) in enumerate(holders[kind] if empty else ()):
        if any(bin_ in inside[group] for group in groups_of[shape]):
            continue
        for target in empty:
            if any(target in inside[group] for group in groups_of[other]):
                continue
            given[other, bin_] -= 1
            given[other, target] += 1
            for group in groups_of[other]:
                inside[group].discard(bin_)
                inside[group].add(target)
            given[shape, bin_] += 1
            for group in groups_of[shape]:
                inside[group].add(bin_)
            holders[kind][at] = (other, target)
            holders[kind].append((shape, bin_))
            places[target] -= 1
            return True
    return False
