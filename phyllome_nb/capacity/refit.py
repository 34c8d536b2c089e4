"""A few VMs on hosts that run others: the quick way, which looks at each shape once for all hosts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phyllome_nb.capacity.packing.problem import SLACK, Bools, Floats, Ints

__all__ = ["Item", "Refit", "refit", "room"]


@dataclass(frozen=True)
class Item:
    """VMs that are alike."""

    vms: tuple[tuple[int, ...], ...]
    """Each a VM, or several that go together."""
    size: Floats
    """D."""
    row: Bools
    """B: where they may go."""
    groups: frozenset[int] = frozenset()
    """Of each of these groups no other may be where one of them is."""


@dataclass(frozen=True)
class Refit:
    """What came of it."""

    moves: list[tuple[tuple[int, ...], int]]
    """Who goes where, in this order."""
    failed: Item | None
    """The first that found no place; the others were not looked at."""
    free: Floats
    """B × D: what is left."""


def room(size: Floats, free: Floats, row: Bools) -> Ints:
    """B: how many of a size each host would take."""
    asks = np.flatnonzero(size > 0)
    fit = np.full(len(free), 2**31, float)
    for dim in asks:
        fit = np.minimum(fit, np.floor((free[:, dim] + SLACK * size[dim]) / size[dim] + SLACK))
    return np.where(row, fit.clip(0), 0).astype(np.int64)


def refit(items: Sequence[Item], free: Floats, limit: Floats, *, tight: bool = True) -> Refit:
    """Place items one shape after another, the largest first.

    Parameters
    ----------
    items : sequence of Item
    free, limit : numpy.ndarray
        B × D; `free` is left as it is.
    tight : bool
        Whether the host is taken that is fullest, or the one that is emptiest.
    """
    free = free.copy()
    unit = np.maximum(limit.mean(axis=0), 1e-12)
    moves: list[tuple[tuple[int, ...], int]] = []
    closed: dict[int, list[int]] = {}
    for item in sorted(
        items, key=lambda each: (int(each.row.sum()) > len(free) // 2, -float((each.size / unit).max()))
    ):
        row = item.row
        for group in item.groups & closed.keys():
            row = row.copy()
            row[closed[group]] = False
        fit = room(item.size, free, row)
        if item.groups:
            fit = np.minimum(fit, 1)
        if fit.sum() < len(item.vms):
            return Refit(moves, item, free)
        hosts = np.flatnonzero(fit)
        left = (free[hosts] / unit).min(axis=1) if not tight else -(free[hosts] / unit).sum(axis=1)
        at = 0
        for host in hosts[np.argsort(-left, kind="stable")].tolist():
            number = min(int(fit[host]), len(item.vms) - at)
            moves += [(vms, host) for vms in item.vms[at : at + number]]
            free[host] -= number * item.size
            for group in item.groups:
                closed.setdefault(group, []).append(host)
            at += number
            if at == len(item.vms):
                break
    return Refit(moves, None, free)
