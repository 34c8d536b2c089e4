"""Moves of VMs that run: to make room for others, or to empty hosts."""

from dataclasses import replace

import numpy as np

from phyllome_nb.capacity.ledger import Ledger
from phyllome_nb.capacity.loss import Loss
from phyllome_nb.capacity.packing.bound import sum_bound
from phyllome_nb.capacity.packing.clock import Clock
from phyllome_nb.capacity.packing.pack import Certificate, left_out
from phyllome_nb.capacity.packing.problem import SLACK, Bools, Floats, Ints
from phyllome_nb.capacity.placement import Placement
from phyllome_nb.capacity.placing import Request, place
from phyllome_nb.capacity.refit import refit, room

__all__ = ["consolidated", "make_room"]

TRIED = 50
"""Hosts on which room is looked for, those that lack least first."""


def make_room(ledger: Ledger, placement: Placement, moves: int, clock: Clock) -> Placement:
    """Move at most so many VMs that run, so that more of those without a place find one.

    VMs that are pinned or in a group stay where they are.
    """
    target = placement.target.copy()
    request = Request(ledger, np.zeros(len(ledger.vms), bool))
    state = ledger.state
    fixed = {key for group in (*state.spread, *state.together) for key in group}
    loose = np.array([not vm.pin and vm.key not in fixed for vm in ledger.vms], bool)
    free = _free(ledger, target)
    unit = np.maximum(ledger.limit.mean(axis=0), 1e-12)
    for item in sorted(request.items, key=lambda each: -float((ledger.sizes[each].sum(axis=0) / unit).max())):
        if target[item[0]] >= 0 or clock.late or moves <= 0:
            continue
        size = ledger.sizes[item].sum(axis=0)
        near = {int(target[vm]) for group in request.groups if not group.isdisjoint(item) for vm in group}
        row = request.row(item, near - {-1})
        lack = ((size - free).clip(0) / unit).sum(axis=1)
        for host in np.argsort(np.where(row, lack, np.inf), kind="stable")[:TRIED].tolist():
            found = _evicted(ledger, target, free, size, host, loose, moves) if row[host] else None
            if found is not None:
                for vm, to in found:
                    target[vm] = to
                target[item] = host
                moves -= len(found)
                free = _free(ledger, target)
                break
    refusals = request.refusals(target)
    return Placement(ledger, target, _whatever_moves(ledger, target, placement.certificate.note), refusals)


def _evicted(  # noqa: PLR0917
    ledger: Ledger, target: Ints, free: Floats, size: Floats, host: int, loose: Bools, moves: int
) -> list[tuple[int, int]] | None:
    """Who leaves a host, and for where, so that something of a size fits; None if that takes too many."""
    allowed, rule, _ = ledger.rules
    free = free.copy()
    found: list[tuple[int, int]] = []
    slack = SLACK * np.maximum(size, 1e-12)
    while len(found) < moves:
        lack = size - free[host] - slack
        if (lack <= 0).all():
            return found
        gone = [vm for vm, _ in found]
        here = np.flatnonzero((target == host) & (ledger.where == host) & loose)
        here = here[~np.isin(here, gone)]
        if not len(here):
            return None
        gives = np.minimum(ledger.sizes[here], lack.clip(0)).sum(axis=1)
        whole = (ledger.sizes[here] >= lack).all(axis=1)
        # The smallest that is enough, else the one that gives most.
        for at in np.lexsort((ledger.sizes[here].sum(axis=1), -gives, ~whole)).tolist():
            vm = int(here[at])
            row = allowed[rule[vm]].copy()
            row[host] = False
            fits = np.flatnonzero(room(ledger.sizes[vm], free, row))
            if gives[at] > 0 and len(fits):
                to = int(fits[free[fits].sum(axis=1).argmin()])
                free[host] += ledger.sizes[vm]
                free[to] -= ledger.sizes[vm]
                found.append((vm, to))
                break
        else:
            return None
    return found if (size <= free[host] + slack).all() else None


def consolidated(ledger: Ledger, moves: int | None, clock: Clock) -> Placement:
    """As few hosts as possible, with at most so many moves."""
    begun = place(ledger, clock.part(0.2))
    drained = _drained(ledger, begun, moves, clock.part(0.3))
    if moves is not None:
        return drained
    movable = np.array([not vm.pin for vm in ledger.vms], bool)
    anew = place(ledger, clock, movable)
    best = min((anew, drained), key=lambda each: (each.displaced, len(each.refusals), each.hosts_used, each.moves))
    known = _whatever_moves(ledger, best.target, anew.certificate.note)
    told = anew.certificate
    # A host that has promised too much may stay so: then what was packed anew within the limits bounds nothing else.
    within = bool((ledger.load() <= ledger.limit * (1 + SLACK)).all())
    if within and told.what == known.what and told.bound > known.bound:
        known = replace(known, bound=min(told.bound, known.used), bound_name=told.bound_name)
    return Placement(ledger, best.target, known, best.refusals)


def _drained(ledger: Ledger, placement: Placement, moves: int | None, clock: Clock) -> Placement:
    """Empty one host after another, those with fewest VMs first, while the others that are in use can take its VMs."""
    target = placement.target.copy()
    budget = len(ledger.vms) if moves is None else moves
    loss = Loss(ledger, target)
    number = np.bincount(target[target >= 0], minlength=len(ledger.hosts))
    open_ = number > 0
    for host in np.argsort(number, kind="stable").tolist():
        runs = int((ledger.where[loss.running[host]] == host).sum())
        if not open_[host] or clock.late or runs > budget:
            continue
        items = loss.items((host,))
        for item in items:
            item.row[~open_] = False
        found = refit(items, loss.free, ledger.limit)
        if found.failed is not None:
            continue
        for vms, to in found.moves:
            target[list(vms)] = to
        budget -= runs
        open_[host] = False
        loss = Loss(ledger, target)
    certificate = _whatever_moves(ledger, target, placement.certificate.note)
    return Placement(ledger, target, certificate, placement.refusals)


def _whatever_moves(ledger: Ledger, target: Ints, note: str) -> Certificate:
    """How good a plan is among all that there are, whatever they move.

    A host may keep what it has promised too much. Groups are left aside: VMs that run may break them already.
    """
    if ledger.state.spread or ledger.state.together:
        ledger = Ledger(replace(ledger.state, spread=(), together=()), ledger.amount, ledger.barred)
    request = Request(ledger, np.array([not vm.pin for vm in ledger.vms], bool))
    most = np.maximum(ledger.limit, ledger.load()) - ledger.load(request.stays)
    problem = replace(request.problem, capacities=most.clip(0))
    left = int((target < 0).sum())
    if left:
        bound, name = left_out(problem)
        return Certificate("VMs not placed", min(bound, left), name, left, note)
    used = len(np.unique(target))
    return Certificate("hosts used", min(sum_bound(problem).bins, used), "sum", used, note)


def _free(ledger: Ledger, target: Ints) -> Floats:
    free = ledger.limit.copy()
    placed = target >= 0
    np.subtract.at(free, target[placed], ledger.sizes[placed])
    return free
