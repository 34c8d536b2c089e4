"""From a ledger to a placement: VMs become shapes, hosts bins, rules and groups rows and conflicts, and back."""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from phyllome_nb.capacity.ledger import Ledger
from phyllome_nb.capacity.packing.clock import Clock
from phyllome_nb.capacity.packing.pack import Certificate, Packed, pack
from phyllome_nb.capacity.packing.problem import SLACK, Bools, Floats, Ints, Problem
from phyllome_nb.capacity.placement import Placement, Refusal, shown, unit

__all__ = ["Request", "empty", "place"]

STAY = "its group runs on more than one host"


class Request:
    """What is to be packed: the VMs that move or are new, as items; those that stay are off the capacities.

    Parameters
    ----------
    ledger : Ledger
    movable : numpy.ndarray
        N booleans: those that may leave the host they run on. One whose own host would not take it anew stays.
    hosts : numpy.ndarray, optional
        B booleans: the hosts that may take any; all where it is left out.
    """

    def __init__(self, ledger: Ledger, movable: Bools, hosts: Bools | None = None) -> None:
        self.ledger = ledger
        allowed, rule, self.why = ledger.rules
        runs = ledger.where >= 0
        if len(runs):
            movable = movable & np.where(runs, allowed[rule, ledger.where], True)
        self.stays = runs & ~movable
        self.free = ledger.limit - ledger.load(self.stays)
        self.allowed = allowed if hosts is None else allowed & hosts
        self.rule = rule
        numbers = {vm.key: number for number, vm in enumerate(ledger.vms)}
        self.items = self._items(numbers)
        self.groups = self._groups(numbers)
        self.problem, self.shape = self._problem()

    def _items(self, numbers: dict[str, int]) -> list[list[int]]:
        """What has to find a place: single VMs, or all of a group that is to be on one host."""
        items = {int(each): [int(each)] for each in np.flatnonzero(~self.stays)}
        self.anchors: dict[int, set[int]] = {}
        owner = {vm: vm for vm in items}
        for group in self.ledger.state.together:
            members = [numbers[key] for key in group if key in numbers]
            homes = {int(self.ledger.where[each]) for each in members if self.stays[each]}
            moving = list(dict.fromkeys(owner[each] for each in members if not self.stays[each]))
            if not moving:
                continue
            first = moving[0]
            for other in moving[1:]:
                for vm in items[other]:
                    owner[vm] = first
                items[first] += items.pop(other)
                homes |= self.anchors.pop(other, set())
            if homes or first in self.anchors:
                self.anchors[first] = self.anchors.get(first, set()) | homes
        return list(items.values())

    def _groups(self, numbers: dict[str, int]) -> list[set[int]]:
        groups = self.ledger.state.spread
        return [{numbers[key] for key in group if key in numbers} for group in groups]

    def row(self, item: list[int], barred: Iterable[int] = ()) -> Bools:
        """B: the hosts that an item may go to, resources aside."""
        row: Bools = np.logical_and.reduce(self.allowed[self.rule[item]], axis=0)
        homes = self.anchors.get(item[0])
        if homes:
            only = np.zeros_like(row)
            only[list(homes)] = len(homes) == 1
            row = row & only
        row = row.copy()
        row[list(barred)] = False
        return row

    def barred(self, item: list[int]) -> set[int]:
        """The hosts on which one stays that it must not be with."""
        where = self.ledger.where
        groups = [group for group in self.groups if not group.isdisjoint(item)]
        return {int(where[each]) for group in groups for each in group if self.stays[each]}

    def _problem(self) -> tuple[Problem, Ints]:
        ledger = self.ledger
        of: dict[int, list[int]] = {}
        for number, group in enumerate(self.groups):
            for vm in group:
                of.setdefault(vm, []).append(number)
        sets: dict[tuple[int, ...], int] = {(): 0}
        rows, table = [*self.allowed], {}
        firsts = np.array([item[0] for item in self.items], np.int64)
        sizes = ledger.sizes[firsts] if len(firsts) else np.zeros((0, len(ledger.names)))
        rule = self.rule[firsts].copy() if len(firsts) else np.zeros(0, np.int64)
        belongs = np.zeros(len(firsts), np.int64)
        for at, item in enumerate(self.items):
            if len(item) == 1 and item[0] not in of and item[0] not in self.anchors:
                continue
            sizes[at] = ledger.sizes[item].sum(axis=0)
            inside = [number for vm in item for number in of.get(vm, ())]
            belongs[at] = sets.setdefault(tuple(sorted(set(inside))), len(sets))
            row = self.row(item, self.barred(item))
            if len(set(inside)) < len(inside):
                row[:] = False
            key = row.tobytes()
            if key not in table:
                table[key] = len(rows)
                rows.append(row)
            rule[at] = table[key]
        distinct, shape, counts = np.unique(
            np.column_stack([sizes, rule, belongs]), axis=0, return_inverse=True, return_counts=True
        )
        dims = len(ledger.names)
        members: dict[int, list[int]] = {}
        for number, which in enumerate(distinct[:, dims + 1].astype(int).tolist()):
            for group in list(sets)[which]:
                members.setdefault(group, []).append(number)
        taken = np.zeros(len(ledger.hosts), bool)
        taken[ledger.where[self.stays]] = True
        problem = Problem(
            distinct[:, :dims],
            counts.astype(np.int64),
            self.free.clip(0),
            np.array(rows, bool).reshape(-1, len(ledger.hosts)),
            distinct[:, dims].astype(np.int64),
            taken,
            tuple(map(tuple, members.values())),
        )
        return problem, shape.reshape(-1)

    def targets(self, packed: Packed) -> Ints:
        """N: where each VM goes. Of those of one shape, one stays where it ran if it can."""
        ledger = self.ledger
        target = np.where(self.stays, ledger.where, -1)
        waiting: dict[int, list[int]] = {}
        for at, shape in enumerate(self.shape.tolist()):
            waiting.setdefault(shape, []).append(at)
        places: dict[int, Counter[int]] = {}
        plan = packed.plan
        for shape, bin_, number in zip(plan.shape.tolist(), plan.bin.tolist(), plan.number.tolist(), strict=True):
            places.setdefault(shape, Counter())[bin_] += number
        for shape, slots in places.items():
            rest = []
            for at in waiting[shape]:
                home = int(ledger.where[self.items[at][0]])
                if slots[home] > 0:
                    slots[home] -= 1
                    target[self.items[at]] = home
                else:
                    rest.append(at)
            for at, bin_ in zip(rest, slots.elements(), strict=False):
                target[self.items[at]] = bin_
        return target

    def refusals(self, target: Ints) -> dict[int, Refusal]:
        """Why those have no place that have none."""
        ledger = self.ledger
        placed = target >= 0
        free = ledger.limit.copy()
        np.subtract.at(free, target[placed], ledger.sizes[placed])
        found: dict[int, Refusal] = {}
        for item in self.items:
            if target[item[0]] < 0:
                refusal = self.refusal(item, free, target)
                found |= dict.fromkeys(item, refusal)
        return found

    def refusal(self, item: list[int], free: Floats, target: Ints) -> Refusal:
        """Why an item has no place, with so much free and the others where they are."""
        ledger, homes = self.ledger, self.anchors.get(item[0], set())
        size = ledger.sizes[item].sum(axis=0)
        allowed: Bools = np.logical_and.reduce(self.allowed[self.rule[item]], axis=0)
        if len(homes) > 1:
            return Refusal("affinity", f"It is to be with the others of its group, and {STAY}.")
        inside = [number for vm in item for number, group in enumerate(self.groups) if vm in group]
        if len(set(inside)) < len(inside):
            return Refusal("anti-affinity", "It is to be both on one host with another VM and not.")
        if not allowed.any():
            return self._barred(item)
        if homes:
            allowed = allowed & np.isin(np.arange(len(allowed)), list(homes))
        pins = [ledger.vms[vm].pin for vm in item if ledger.vms[vm].pin]
        fits = (size <= free + SLACK * np.maximum(ledger.limit, 1)).all(axis=1)
        near = {int(target[vm]) for number in inside for vm in self.groups[number] if vm not in item}
        if (fits & allowed).any():
            names = ", ".join(ledger.hosts[each] for each in np.flatnonzero(fits & allowed)[:3])
            if inside and set(np.flatnonzero(fits & allowed).tolist()) <= near:
                return Refusal("anti-affinity", f"The hosts that have room ({names}) run another VM of its group.")
            return Refusal("undecided", f"No place was found in time, though {names} has room.")
        return self._short(size, free, allowed, "affinity" if homes else "pinned" if pins else "")

    def _barred(self, item: list[int]) -> Refusal:
        ledger = self.ledger
        pins = {ledger.vms[vm].pin for vm in item if ledger.vms[vm].pin}
        if len(pins) > 1:
            return Refusal("affinity", f"Its group is pinned to more than one host: {', '.join(sorted(pins))}.")
        if not ledger.hosts:
            return Refusal("host", "There is no host left.")
        for pin in pins:
            if pin not in ledger.hosts:
                return Refusal("pinned", f"It is pinned to {pin}, which is lost.")
        reasons = Counter(
            text
            for vm in item
            for host in range(len(ledger.hosts))
            if (text := self.why.get((int(self.rule[vm]), host)))
        )
        sentences = sorted(reasons, key=lambda text: (text.startswith("It is pinned"), -reasons[text], text))
        more = f" Likewise on {len(ledger.hosts) - 1} more." if len(ledger.hosts) > 1 else ""
        return Refusal("host", (sentences[0] if sentences else "No host may take it.") + more)

    def _short(self, size: Floats, free: Floats, allowed: Bools, rule: str) -> Refusal:
        """The resource that is short on most of the hosts, and how much is left at most."""
        ledger = self.ledger
        lacks = (size > free + SLACK * np.maximum(ledger.limit, 1)) & allowed[:, None]
        worst = int(lacks.sum(axis=0).argmax())
        at = int(np.where(allowed, free[:, worst], -np.inf).argmax())
        name = ledger.names[worst]
        needed, left = shown(name, float(size[worst])), shown(name, float(free[at, worst]))
        text = f"It asks for {needed:.6g} {unit(name)} of {name}; {ledger.hosts[at]} has most left: {left:.6g}."
        if not lacks[:, worst][allowed].all():
            text = f"{text[:-1]}, but there something else is short."
        if rule:
            text = f"It may only run on {ledger.hosts[at]} ({rule}). {text}"
        return Refusal(rule or name, text, needed, left, unit(name))


def place(ledger: Ledger, clock: Clock, movable: Bools | None = None, hosts: Bools | None = None) -> Placement:
    """Place what has no host, and those that are movable anew."""
    nobody = np.zeros(len(ledger.vms), bool)
    request = Request(ledger, nobody if movable is None else movable, hosts)
    packed = pack(request.problem, clock)
    target = request.targets(packed)
    return Placement(ledger, target, _in_vms(packed.certificate, target), request.refusals(target))


def empty(ledger: Ledger) -> Placement:
    """Nothing but what runs."""
    return place(ledger, Clock(0), np.zeros(len(ledger.vms), bool))


def _in_vms(certificate: Certificate, target: Ints) -> Certificate:
    """The certificate counts items; a group that is together is several VMs."""
    left = int((target < 0).sum())
    if certificate.what == "hosts used" or left == certificate.used:
        return certificate
    return Certificate(certificate.what, certificate.bound, certificate.bound_name, left, certificate.note)
