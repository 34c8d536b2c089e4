"""Which hosts may fail: the VMs of each are placed on the others, where nothing else moves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from phyllome_nb.capacity.columns import listed
from phyllome_nb.capacity.ledger import Ledger
from phyllome_nb.capacity.loss import Loss
from phyllome_nb.capacity.packing.clock import Clock
from phyllome_nb.capacity.packing.exact import exact
from phyllome_nb.capacity.packing.problem import SLACK, Floats, Problem
from phyllome_nb.capacity.placement import shown, unit
from phyllome_nb.capacity.refit import Item, refit, room

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SURVIVAL", "survives"]

SURVIVAL = {
    "": listed("""
lost             str      -    the hosts that fail together
vms              Int64    -    VMs that need another host then
survived         boolean  -    whether all of them find one, with all others where they are; NA where that is undecided
vm               str      -    one that finds none
constraint       str      -    the resource that is short, or pinned, anti-affinity, host
needed           Float64  unit what it asks for of the resource
left             Float64  unit the most that is left of it on a host that it may run on, or on all together
unit             str      -    vCPUs, CPUs or GiB
proof            str      -    how that is known: a plan, a count, or exact solving
why              str      -    a sentence
""")
}
MOST = 500_000
SECONDS = 2.0
"""For one case that neither a plan nor a count decides."""


@dataclass(frozen=True)
class Verdict:
    """What is known of one loss."""

    survived: bool | None
    proof: str = ""
    vm: str = ""
    constraint: str = ""
    needed: float | None = None
    left: float | None = None
    unit: str = ""
    why: str = ""


LATE = Verdict(None, why="It was not looked at before the deadline.")


def survives(ledger: Ledger, k: int, racks: Mapping[str, Iterable[str]] | None, clock: Clock) -> "pd.DataFrame":
    """See `Scenario.survives`."""
    from phyllome_nb.capacity.tables.frame import frame

    cases = _cases(ledger, k, racks)
    number = len(racks) if racks is not None else comb(len(ledger.hosts), k)
    loss = Loss(ledger)
    rows = []
    for at, (name, hosts) in enumerate(cases):
        if at % 64 == 0:
            clock.tell(at / number, f"losing {name}")
        verdict = (
            Verdict(None, why="It was not looked at before the deadline.") if clock.late else judge(loss, hosts, clock)
        )
        vms = sum(len(loss.running[host]) for host in hosts)
        rows.append(
            (
                *(name, vms, verdict.survived, verdict.vm, verdict.constraint, verdict.needed, verdict.left),
                *(verdict.unit, verdict.proof, verdict.why),
            )
        )
    clock.tell(1.0, "done")
    return frame(rows, SURVIVAL[""], "Which hosts may fail")


def _cases(ledger: Ledger, k: int, racks: Mapping[str, Iterable[str]] | None) -> Iterable[tuple[str, tuple[int, ...]]]:
    places = {name: number for number, name in enumerate(ledger.hosts)}
    if racks is not None:
        for name, members in racks.items():
            for member in members:
                if member not in places:
                    raise ValueError(f"Rack {name} has a host {member!r}, which the scenario has not.")
        return [(name, tuple(places[member] for member in members)) for name, members in racks.items()]
    if k < 1:
        raise ValueError(f"k={k}: give the number of hosts that fail together, from 1 on.")
    if comb(len(places), k) > MOST:
        raise ValueError(
            f"There are {comb(len(places), k)} ways to lose {k} of {len(places)} hosts: give racks instead."
        )
    return ((", ".join(ledger.hosts[each] for each in some), some) for some in combinations(range(len(places)), k))


def judge(loss: Loss, hosts: tuple[int, ...], clock: Clock) -> Verdict:
    """Whether the VMs of these hosts find a place on the others: by a plan, else by a count, else exactly."""
    items, ledger = loss.items(hosts), loss.ledger
    if not items:
        return Verdict(True, "a plan")
    for tight in (True, False):
        found = refit(items, loss.free, ledger.limit, tight=tight)
        if found.failed is None:
            return Verdict(True, "a plan")
    counted = _counted(loss, items)
    if counted is not None:
        return counted
    problem = _problem(loss, items)
    solved = exact(problem, Clock(min(SECONDS, clock.left)))
    if solved is not None and solved.left_out == 0 and solved.plan.number.sum() == problem.counts.sum():
        return Verdict(True, "exact solving")
    proven = solved is not None and solved.left_out > 0
    blamed = _blamed(loss, found.failed, found.free, "exact solving")
    if proven:
        return blamed
    return Verdict(None, "", blamed.vm, blamed.constraint, blamed.needed, blamed.left, blamed.unit, blamed.why)


def _counted(loss: Loss, items: list[Item]) -> Verdict | None:
    """Why there is no plan, if counting tells: more items of a size and above than fit, or more of a resource asked."""
    limit = np.maximum(loss.ledger.limit.mean(axis=0), 1e-12)
    for item in sorted(items, key=lambda each: -float((each.size / limit).max())):
        larger = [each for each in items if (each.size >= item.size).all() and not (each.row & ~item.row).any()]
        places = room(item.size, loss.free, item.row)
        if item.groups:
            places = np.minimum(places, 1)
            larger = [each for each in larger if each.groups & item.groups]
        if places.sum() < sum(len(each.vms) for each in larger):
            return _blamed(loss, item, loss.free, "a count")
    demand = np.sum([each.size * len(each.vms) for each in items], axis=0)
    reach = np.any([each.row for each in items], axis=0)
    there = loss.free[reach].clip(0).sum(axis=0)
    over = demand > there * (1 + SLACK)
    if not over.any():
        return None
    dim = int((demand / np.maximum(there, 1e-12) * over).argmax())
    item = max(items, key=lambda each: float(each.size[dim]))
    name = loss.ledger.names[dim]
    asked, left = shown(name, float(demand[dim])), shown(name, float(there[dim]))
    why = f"They ask for {asked:.6g} {unit(name)} of {name} together; the hosts that they may run on have {left:.6g}."
    needed = shown(name, float(item.size[dim]))
    return Verdict(False, "a count", _name(loss, item), name, needed, left, unit(name), why)


def _blamed(loss: Loss, item: Item | None, free: Floats, proof: str) -> Verdict:
    """The item that finds no place, and the resource that is short on most of the hosts."""
    assert item is not None  # noqa: S101  (one failed)
    ledger, vm = loss.ledger, _speaker(loss, item)
    if not item.row.any():
        pin = ledger.vms[vm].pin
        reasons = [text for host in range(len(ledger.hosts)) if (text := loss.why.get((int(loss.rule[vm]), host)))]
        why = f"It is pinned to {pin}." if pin else reasons[0] if reasons else "No other host may take it."
        rule = "pinned" if pin else "anti-affinity" if item.groups and not reasons else "host"
        return Verdict(False, proof, _name(loss, item), rule, why=why)
    lacks = (item.size > free + SLACK * np.maximum(item.size, 1e-12)) & item.row[:, None]
    name = _name(loss, item)
    full = lacks[item.row].any(axis=1)
    if not full.all() and item.groups:
        why = "Too few hosts have room and do not run another VM of its group."
        return Verdict(False, proof, name, "anti-affinity", why=why)
    # Where one alone would fit, so many together do not: the resource of which the fewest fit.
    tight = free[item.row].max(axis=0).clip(1e-12)
    dim = int(lacks.sum(axis=0).argmax()) if lacks.any() else int((item.size / tight).argmax())
    left = float(np.where(item.row, free[:, dim], -np.inf).max())
    resource = ledger.names[dim]
    needed, most = shown(resource, float(item.size[dim])), shown(resource, left)
    each = f"{len(item.vms)} such VMs ask for {needed:.6g}" if len(item.vms) > 1 else f"It asks for {needed:.6g}"
    why = f"{each} {unit(resource)} of {resource}; the most that another host has left is {most:.6g}."
    return Verdict(False, proof, name, resource, needed, most, unit(resource), why)


def _problem(loss: Loss, items: list[Item]) -> Problem:
    """What is undecided, on the hosts that could take any of it."""
    rows = np.array([each.row for each in items])
    could = np.any([room(each.size, loss.free, each.row) > 0 for each in items], axis=0)
    groups: dict[int, list[int]] = {}
    for number, item in enumerate(items):
        for group in item.groups:
            groups.setdefault(group, []).append(number)
    return Problem.of(
        [each.size for each in items],
        [len(each.vms) for each in items],
        loss.free[could].clip(0),
        rows[:, could],
        np.arange(len(items)),
        np.ones(int(could.sum()), bool),
        tuple(map(tuple, groups.values())),
    )


def _speaker(loss: Loss, item: Item) -> int:
    """The VM that speaks for an item: the largest of those that go together."""
    return max(item.vms[0], key=lambda vm: float(loss.ledger.sizes[vm].sum()))


def _name(loss: Loss, item: Item) -> str:
    return loss.ledger.vms[_speaker(loss, item)].key
