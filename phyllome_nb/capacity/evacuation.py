"""How to empty a host: which VM goes where, in which order, each step checked against what holds when it is taken."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from phyllome_nb.capacity.columns import listed
from phyllome_nb.capacity.ledger import Amount, Ledger
from phyllome_nb.capacity.moving import make_room
from phyllome_nb.capacity.packing.clock import Clock
from phyllome_nb.capacity.packing.problem import SLACK, Floats, Ints
from phyllome_nb.capacity.placement import Placement, shown, unit
from phyllome_nb.capacity.placing import place
from phyllome_nb.capacity.steps import State

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EVACUATION", "barred_by", "evacuate"]

EVACUATION = {
    "": listed("""
step             Int64    -    its place in the order, from 1; NA for what cannot go
vm               str      -    the VM's name
from             str      -    where it runs
to               str      -    where it goes; empty for what cannot go
waits_for        str      -    the VMs that have to be gone before, by the numbers of their steps
possible         boolean  -    whether nothing prevents the step when it is taken; NA where something is not known
check            str      -    what is free on the host it goes to at that step, and what it asks for
why              str      -    why it cannot go, or what is not known
""")
}
NOT_KNOWN = "Whether its CPU suits is not known: give what fleet.migration() tells."


def barred_by(compatible: "pd.DataFrame | None") -> tuple[dict[str, dict[str, str]], dict[tuple[str, str], str]]:
    """What a table such as `Fleet.migration` gives forbids, by VM and host; and what it does not know."""
    barred: dict[str, dict[str, str]] = {}
    unknown: dict[tuple[str, str], str] = {}
    if compatible is None:
        return barred, unknown
    missing = {"vm", "to", "possible", "why"} - set(compatible.columns)
    if missing:
        raise ValueError(f"compatible has no column {min(missing)!r}: give what fleet.migration() returns.")
    for line in compatible.to_dict("records"):
        vm, to, possible = str(line["vm"]), str(line["to"]), line["possible"]
        if possible is True or possible is np.True_:
            unknown.setdefault((vm, to), "")
        elif possible is False or possible is np.False_:
            barred.setdefault(vm, {})[to] = str(line["why"]) or f"{to} cannot take it."
        else:
            unknown[vm, to] = str(line["why"]) or NOT_KNOWN
    return barred, unknown


def evacuate(
    state: State, host: str, amount: Amount, compatible: "pd.DataFrame | None", clock: Clock
) -> "pd.DataFrame":
    """See `Scenario.evacuate`."""
    from phyllome_nb.capacity.tables.frame import frame

    state.host(host)
    barred, unknown = barred_by(compatible)
    pinned = {key for key, vm in state.vms.items() if vm.host == host and vm.pin == host}
    leaving = {key for key, vm in state.vms.items() if vm.host == host} - pinned
    running = {key: vm for key, vm in state.vms.items() if vm.host is not None}
    ledger = Ledger(replace(state, vms=running), amount, barred)
    without = {key: replace(vm, host=None) if key in leaving else vm for key, vm in running.items()}
    asked = Ledger(replace(state, vms=without), amount, {**barred, **_away(barred, leaving, host)})
    placement = place(asked, clock)
    if placement.refusals and state.moves != 0:
        placement = make_room(asked, placement, len(running) if state.moves is None else state.moves, clock)
    rows = _ordered(ledger, placement, unknown, known=compatible is not None)
    for vm, refusal in placement.refusals.items():
        rows.append((None, asked.vms[vm].key, host, "", "", False, "", refusal.why))
    rows += [(None, key, host, "", "", False, "", f"It is pinned to {host}.") for key in sorted(pinned)]
    return frame(rows, EVACUATION[""], f"How to empty {host}")


def _away(barred: Mapping[str, Mapping[str, str]], leaving: set[str], host: str) -> dict[str, dict[str, str]]:
    return {key: {**barred.get(key, {}), host: f"{host} is to be emptied."} for key in leaving}


def _ordered(ledger: Ledger, placement: Placement, unknown: dict[tuple[str, str], str], *, known: bool) -> list[Any]:
    """The moves in an order in which each finds room, the largest first of those that do."""
    where, target = ledger.where.copy(), placement.target
    free = ledger.limit - ledger.load()
    unit_ = np.maximum(ledger.limit.mean(axis=0), 1e-12)
    todo = [int(vm) for vm in np.flatnonzero((target >= 0) & (target != where))]
    todo.sort(key=lambda vm: -float((ledger.sizes[vm] / unit_).max()))
    rows: list[Any] = []
    left_by: dict[int, list[tuple[int, Floats]]] = {}
    while todo:
        vm = next((each for each in todo if _fits(ledger, each, free, target)), None)
        if vm is None:
            break
        todo.remove(vm)
        to, name = int(target[vm]), ledger.vms[vm].key
        waits = _waits(ledger, vm, free[to], left_by.get(to, []))
        why = unknown.get((name, ledger.hosts[to]), "" if not known else NOT_KNOWN)
        rows.append(
            (
                *(len(rows) + 1, name, ledger.hosts[int(where[vm])], ledger.hosts[to]),
                *(", ".join(map(str, waits)), None if why else True, _check(ledger, vm, free[to]), why),
            )
        )
        free[to] -= ledger.sizes[vm]
        free[where[vm]] += ledger.sizes[vm]
        left_by.setdefault(int(where[vm]), []).append((len(rows), ledger.sizes[vm]))
        where[vm] = to
    for vm in todo:
        why = f"{ledger.hosts[int(target[vm])]} has no room until another has left it that waits for this one."
        rows.append((None, ledger.vms[vm].key, ledger.hosts[int(where[vm])], "", "", False, "", why))
    return rows


def _fits(ledger: Ledger, vm: int, free: Floats, target: Ints) -> bool:
    size = ledger.sizes[vm]
    return bool(((size <= free[target[vm]] + SLACK * np.maximum(size, 1e-12)) | (size == 0)).all())


def _waits(ledger: Ledger, vm: int, free: Floats, left: list[tuple[int, Floats]]) -> list[int]:
    """The steps without which it would not fit."""
    size, rest, found = ledger.sizes[vm], free.copy(), []
    for step, gave in left:
        without = rest - gave
        if (size > without + SLACK * np.maximum(size, 1e-12)).any():
            found.append(step)
        else:
            rest = without
    return found


def _check(ledger: Ledger, vm: int, free: Floats) -> str:
    parts = []
    for resource, asked, left in zip(ledger.names, ledger.sizes[vm].tolist(), free.tolist(), strict=True):
        if asked:
            needs, has = shown(resource, asked), shown(resource, left)
            parts.append(f"{resource}: {needs:.6g} of {has:.6g} {unit(resource)} free")
    return "; ".join(parts)
