"""Ledger: what each host may still promise, and what each VM asks for, as arrays; and which VM may run where."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal

import numpy as np

from phyllome_nb.capacity.migration import obstacles
from phyllome_nb.capacity.packing.problem import Bools, Floats, Ints
from phyllome_nb.capacity.places import default_page
from phyllome_nb.capacity.promise import Promise
from phyllome_nb.capacity.snapshot import DomainFacts, HostFacts, Snapshot
from phyllome_nb.capacity.steps import State, Vm
from phyllome_nb.capacity.tables.sums import pages_of
from phyllome_nb.size import Size

__all__ = ["Amount", "Ledger"]

Amount = Literal["current", "maximum"]
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
VCPUS, MEMORY, DEDICATED = "vcpus", "memory", "dedicated CPUs"


@dataclass(frozen=True)
class Ledger:
    """The numbers of a state: B hosts, N VMs, D resources.

    Resources are vCPUs under the ratio (one that has a CPU of its own takes as much as may be promised on that CPU),
    memory under the ratio with the policy's overhead, and huge pages of each size that a VM asks for. A resource
    without a limit is left out.
    """

    state: State
    amount: Amount = "maximum"
    barred: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By VM and host: why it cannot go there, beyond what the state tells."""
    hosts: tuple[str, ...] = field(init=False)
    vms: tuple[Vm, ...] = field(init=False)
    names: tuple[str, ...] = field(init=False)
    """D."""
    limit: Floats = field(init=False)
    """B × D: what may be promised."""
    sizes: Floats = field(init=False)
    """N × D."""
    where: Ints = field(init=False)
    """N: the host that a VM runs on, -1 for none."""

    def __post_init__(self) -> None:
        state, policy = self.state, self.state.policy
        vms = tuple(state.vms.values())
        page = next((size for host in state.hosts.values() if (size := default_page(host))), Size(0))
        found: dict[int, int] = {}
        asked: list[dict[object, float]] = []
        kind = []
        for vm in vms:
            if id(vm.promise) not in found:
                found[id(vm.promise)] = len(asked)
                asked.append(self._asked(vm.promise, page))
            kind.append(found[id(vm.promise)])
        pages = sorted({size for each in asked for size in each if isinstance(size, Size)})
        names = [VCPUS] if policy.cpu_ratio is not None else []
        names += [MEMORY] if policy.memory_ratio is not None else []
        names += [DEDICATED] if any(each[DEDICATED] for each in asked) else []
        columns = [*names, *pages]
        sizes = np.array([[each.get(column, 0.0) for column in columns] for each in asked]).reshape(-1, len(columns))
        places = {name: number for number, name in enumerate(state.hosts)}
        set_ = object.__setattr__
        set_(self, "hosts", tuple(state.hosts))
        set_(self, "vms", vms)
        set_(self, "names", (*names, *(f"hugepages {size.short()}" for size in pages)))
        set_(self, "sizes", sizes[kind] if vms else np.zeros((0, len(columns))))
        set_(self, "where", np.array([-1 if vm.host is None else places[vm.host] for vm in vms], np.int64))
        limits = [self._limits(host, names, pages) for host in state.hosts.values()]
        set_(self, "limit", np.array(limits, float).reshape(-1, len(columns)))

    @property
    def _threads(self) -> int:
        """The fewest threads that a core has, where cores are counted: a dedicated thread takes its part of one."""
        if self.state.policy.cpus == "threads":
            return 1
        return min((max(host.topology.threads, 1) for host in self.state.hosts.values()), default=1)

    def _asked(self, promise: Promise, page: Size) -> dict[object, float]:
        policy, most = self.state.policy, self.amount == "maximum"
        dedicated = promise.dedicated
        if not most:
            plugged = set(promise.plugged)
            dedicated = {vcpu: cpu for vcpu, cpu in dedicated.items() if vcpu in plugged}
        alone = len(dedicated)
        vcpus = (promise.vcpus_max if most else promise.vcpus) - alone
        memory = promise.memory_max if most or promise.vfio or promise.locked else promise.memory
        found: dict[object, float] = {
            VCPUS: vcpus + alone / self._threads * (policy.cpu_ratio or 0.0),
            MEMORY: float(max(memory - promise.huge, 0) + policy.overhead.of(promise)),
            DEDICATED: float(alone),
        }
        for share in promise.shares:
            if share.page is not None:
                size = share.page or page
                found[size] = found.get(size, 0.0) + share.memory
        return found

    def _limits(self, host: HostFacts, names: list[str], pages: list[Size]) -> list[float]:
        policy, kept = self.state.policy, self.state.policy.reserved(host.name)
        pools = pages_of(host.cells)
        cpus = host.topology.cores if policy.cpus == "cores" else host.cpus
        found = {
            VCPUS: (cpus - kept.cpus) * (policy.cpu_ratio or 0.0),
            MEMORY: int(host.memory - kept.memory - sum(pools.values())) * (policy.memory_ratio or 0.0),
            DEDICATED: float(host.cpus - kept.cpus),
        }
        return [
            *(max(found[name], 0.0) for name in names),
            *(max(pools.get(size, 0) - size * kept.pages.get(size, 0), 0) for size in pages),
        ]

    def load(self, chosen: Bools | None = None) -> Floats:
        """B × D: what the VMs have been promised where they run; those of `chosen` only."""
        counted = self.where >= 0 if chosen is None else (self.where >= 0) & chosen
        load = np.zeros_like(self.limit)
        np.add.at(load, self.where[counted], self.sizes[counted])
        return load

    @cached_property
    def rules(self) -> tuple[Bools, Ints, dict[tuple[int, int], str]]:
        """Which VMs may run where, resources aside.

        Returns
        -------
        tuple
            R × B booleans; N rows of these; and what prevents it, by row and host. Where a VM runs now it may stay.
        """
        rows: dict[object, int] = {}
        allowed: list[Bools] = []
        why: dict[tuple[int, int], str] = {}
        alike: dict[object, list[int]] = {}
        for number, host in enumerate(self.state.hosts.values()):
            pages = tuple(pages_of(host.cells).items())
            same = (host.cpus, host.memory, host.guests, host.networks, bool(host.cells), pages)
            alike.setdefault(same, []).append(number)
        taken = self._twice
        found = np.zeros(len(self.vms), np.int64)
        memory: dict[int, object] = {}
        for number, vm in enumerate(self.vms):
            asks = memory.get(id(vm.promise))
            if asks is None:
                asks = memory[id(vm.promise)] = _asks(vm.promise)
            special = taken.get(vm.name) if vm.name in taken else None
            own = self.barred.get(vm.key)
            others = special and tuple(sorted(special - {int(self.where[number])}))
            key = (asks, vm.pin, others, own and tuple(sorted(own.items())))
            if key not in rows:
                rows[key] = len(allowed)
                allowed.append(self._row(vm, number, alike, len(allowed), why, special))
            found[number] = rows[key]
        table = np.array(allowed, bool).reshape(-1, len(self.hosts))
        return table, found, why

    @cached_property
    def _twice(self) -> dict[str, set[int]]:
        """The hosts of VMs that share their name."""
        places: dict[str, set[int]] = {}
        many: dict[str, int] = {}
        for vm, host in zip(self.vms, self.where.tolist(), strict=True):
            many[vm.name] = many.get(vm.name, 0) + 1
            places.setdefault(vm.name, set()).add(host)
        return {name: places[name] - {-1} for name, number in many.items() if number > 1}

    def _row(  # noqa: PLR0917
        self,
        vm: Vm,
        number: int,
        alike: dict[object, list[int]],
        row: int,
        why: dict[tuple[int, int], str],
        special: Iterable[int] | None,
    ) -> Bools:
        allowed = np.ones(len(self.hosts), bool)
        facts = DomainFacts(vm.name, vm.uuid, "shut off", persistent=True, autostart=False)
        hosts = list(self.state.hosts.values())
        for members in alike.values():
            reason = next(obstacles(facts, vm.promise, Snapshot(hosts[members[0]], (), NEVER)), None)
            for member in members if reason else ():
                allowed[member] = False
                why[row, member] = (reason or "").replace(hosts[members[0]].name, self.hosts[member])
        for other in special or ():
            if other != self.where[number]:
                allowed[other] = False
                why[row, other] = f"{self.hosts[other]} has another VM named {vm.name}."
        for name, reason in self.barred.get(vm.key, {}).items():
            if name in self.state.hosts:
                member = self.hosts.index(name)
                allowed[member] = False
                why[row, member] = reason
        if vm.pin:
            for member, name in enumerate(self.hosts):
                if name != vm.pin:
                    allowed[member] = False
                    why[row, member] = f"It is pinned to {vm.pin}."
        return allowed


def _asks(promise: Promise) -> object:
    """What of a promise `obstacles` looks at."""
    networks = frozenset(each.source for each in promise.interfaces if each.type == "network")
    rest = (promise.arch, promise.kind, promise.machine, networks, promise.shares)
    return (promise.vcpus_max, promise.memory_max, promise.devices, *rest)
