"""Loss: what needs another host once some hosts fail."""

from itertools import pairwise

import numpy as np

from phyllome_nb.capacity.ledger import Ledger
from phyllome_nb.capacity.packing.problem import Bools, Floats, Ints
from phyllome_nb.capacity.refit import Item

__all__ = ["Loss"]


class Loss:
    """The question for one set of hosts after another.

    Parameters
    ----------
    ledger : Ledger
    where : numpy.ndarray, optional
        N: the hosts that the VMs run on, if not those of the ledger.
    """

    def __init__(self, ledger: Ledger, where: Ints | None = None) -> None:
        self.ledger = ledger
        self.where = ledger.where if where is None else where
        self.allowed, self.rule, self.why = ledger.rules
        self.free = ledger.limit.copy()
        runs = self.where >= 0
        np.subtract.at(self.free, self.where[runs], ledger.sizes[runs])
        order = np.argsort(self.where, kind="stable")
        starts = np.searchsorted(self.where[order], np.arange(len(ledger.hosts) + 1))
        self.running = [order[low:high] for low, high in pairwise(starts.tolist())]
        numbers = {vm.key: number for number, vm in enumerate(ledger.vms)}
        self.groups = [[numbers[key] for key in group if key in numbers] for group in ledger.state.spread]
        self.groups_of: dict[int, list[int]] = {}
        for number, inside in enumerate(self.groups):
            for vm in inside:
                self.groups_of.setdefault(vm, []).append(number)
        self.group_with: dict[int, list[int]] = {}
        for group in ledger.state.together:
            members = [numbers[key] for key in group if key in numbers]
            for vm in members:
                self.group_with[vm] = sorted({*self.group_with.get(vm, ()), *members})

    def items(self, hosts: tuple[int, ...]) -> list[Item]:
        """The VMs of some hosts, alike ones together."""
        ledger, lost = self.ledger, list(hosts)
        vms = np.concatenate([self.running[host] for host in hosts])
        found: dict[object, list[tuple[int, ...]]] = {}
        sizes: dict[object, tuple[Floats, Bools, frozenset[int]]] = {}
        seen: set[int] = set()
        for vm, rule, key in zip(vms.tolist(), self.rule[vms].tolist(), ledger.sizes[vms].tolist(), strict=True):
            if vm in seen:
                continue
            if vm not in self.groups_of and vm not in self.group_with:
                kind: object = (rule, *key)
                if kind not in found:
                    row = self.allowed[rule].copy()
                    row[lost] = False
                    found[kind], sizes[kind] = [], (ledger.sizes[vm], row, frozenset())
                found[kind].append((vm,))
                continue
            members = [each for each in self.group_with.get(vm, [vm]) if int(self.where[each]) in hosts]
            seen.update(members)
            found[vm] = [tuple(members)]
            sizes[vm] = (ledger.sizes[members].sum(axis=0), self._row(members, lost), self._groups(members))
        return [Item(tuple(found[kind]), *sizes[kind]) for kind in found]

    def _groups(self, members: list[int]) -> frozenset[int]:
        return frozenset(number for vm in members for number in self.groups_of.get(vm, ()))

    def _row(self, members: list[int], lost: list[int]) -> Bools:
        where = self.where
        row: Bools = np.logical_and.reduce(self.allowed[self.rule[members]], axis=0)
        near = {int(where[each]) for each in self.group_with.get(members[0], ())} - {-1, *lost}
        if near:
            row = row & np.isin(np.arange(len(row)), list(near)) & (len(near) == 1)
        others = (each for number in self._groups(members) for each in self.groups[number] if each not in members)
        row[[host for each in others if (host := int(where[each])) >= 0]] = False
        row[lost] = False
        return row
