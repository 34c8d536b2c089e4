"""What a scenario assumes: hosts, VMs and rules; and the steps, plain data each, that change them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from phyllome_nb.capacity import file
from phyllome_nb.capacity.policy import Policy
from phyllome_nb.capacity.promise import Promise
from phyllome_nb.capacity.snapshot import Count, HostFacts, Snapshot
from phyllome_nb.size import Size

__all__ = ["State", "Step", "Vm", "begin", "carry_out", "words"]

Step = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Vm:
    """A VM of a scenario."""

    key: str
    """Its name, with its host's before it (``host/name``) where the name alone is not enough."""
    name: str
    promise: Promise
    uuid: str = ""
    host: str | None = None
    """Where it runs; None where it has to find a place."""
    origin: str = ""
    """Where it ran; empty for one that is new."""
    pin: str = ""
    """The only host that it may run on."""


@dataclass(frozen=True)
class State:
    """What a scenario assumes."""

    hosts: Mapping[str, HostFacts]
    vms: Mapping[str, Vm]
    policy: Policy
    spread: tuple[tuple[str, ...], ...] = ()
    together: tuple[tuple[str, ...], ...] = ()
    moves: int | None = 0
    """How many VMs may be moved from where they run; None for any number."""
    lost: tuple[str, ...] = field(default=())

    def vm(self, name: str) -> Vm:
        """A VM by its name."""
        if name not in self.vms:
            same = [key for key, vm in self.vms.items() if vm.name == name]
            more = f": say which, {' or '.join(same)}" if same else ""
            raise ValueError(f"The scenario has {'more than one' if same else 'no'} VM named {name!r}{more}.")
        return self.vms[name]

    def host(self, name: str) -> HostFacts:
        """A host by its name."""
        if name not in self.hosts:
            raise ValueError(f"The scenario has no host {name!r}: it has {_listed(self.hosts)}.")
        return self.hosts[name]

    def matching(self, patterns: Iterable[str]) -> tuple[str, ...]:
        """The VMs that names or patterns (``web-*``) stand for."""
        found: dict[str, None] = {}
        for pattern in patterns:
            if pattern in self.vms:
                found[pattern] = None
                continue
            some = [key for key in self.vms if fnmatchcase(key, pattern)]
            if not some:
                raise ValueError(f"No VM of the scenario is named {pattern!r} or matches it.")
            found.update(dict.fromkeys(some))
        return tuple(found)


def begin(snapshots: Iterable[Snapshot], policy: Policy, count: Count) -> State:
    """The hosts and VMs as they are; one that is on two hosts, by its uuid, counts where it runs, else on the first."""
    snapshots = list(snapshots)
    hosts = {each.host.name: each.host for each in snapshots}
    if len(hosts) < len(snapshots):
        raise ValueError("Two of the hosts have one name: take a fleet's snapshot, which numbers them.")
    found: dict[str, tuple[str, Any]] = {}
    for snapshot in snapshots:
        for number, domain in enumerate(snapshot.domains):
            if domain.promise(count) is None:
                continue
            uuid = domain.uuid or f"{snapshot.host.name}/{number}"
            if uuid not in found or (found[uuid][1].live is None and domain.live is not None):
                found[uuid] = (snapshot.host.name, domain)
    names: dict[str, int] = {}
    for _, domain in found.values():
        names[domain.name] = names.get(domain.name, 0) + 1
    vms = {}
    for host, domain in found.values():
        key = domain.name if names[domain.name] == 1 else f"{host}/{domain.name}"
        while key in vms:
            key += "+"
        vms[key] = Vm(key, domain.name, domain.promise(count), domain.uuid, host, host)
    return State(hosts, vms, policy)


def carry_out(state: State, step: Step) -> State:
    """The state after a step.

    Raises
    ------
    ValueError
        If the step cannot be understood, or names what is not there.
    """
    what = step.get("do")
    if what not in ACTS:
        raise ValueError(f"There is no step {what!r}: choose one of {', '.join(ACTS)}.")
    given = {key: value for key, value in step.items() if key != "do"}
    try:
        return ACTS[what](state, **given)
    except TypeError as error:
        raise ValueError(f"The step {dict(step)!r} cannot be understood: {error}.") from None


def words(step: Step) -> str:
    """A step as a line that people read."""
    shown = {key: value for key, value in step.items() if key not in {"do", "promise"}}
    if "promise" in step:
        promise = file.made(Promise, step["promise"])
        shown |= {"vcpus": promise.vcpus_max, "memory": promise.memory_max.short()}
    parts = (f"{key}={_short(key, value)}" for key, value in shown.items() if value is not None)
    return f"{step['do']} {', '.join(parts)}"


def _short(key: str, value: Any) -> str:
    if key == "memory" and isinstance(value, int):
        return Size(value).short()
    if key == "policy":
        return str(value["name"])
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _add(state: State, promise: Any, name: str, count: int = 1) -> State:
    made = file.made(Promise, promise)
    vms = dict(state.vms)
    if count < 1:
        raise ValueError(f"count={count}: give at least 1.")
    if count == 1 and name in vms:
        raise ValueError(f"The scenario has a VM named {name} already: give another name.")
    number = 0
    for _ in range(count):
        number += 1
        while count > 1 and f"{name}-{number}" in vms:
            number += 1
        key = name if count == 1 else f"{name}-{number}"
        vms[key] = Vm(key, key, made)
    return replace(state, vms=vms)


def _grow(state: State, percent: float) -> State:
    """Copies of VMs all over the list, so that small and large ones grow alike."""
    if not percent > 0:
        raise ValueError(f"percent={percent}: give a number above 0.")
    old = list(state.vms.values())
    number = round(len(old) * percent / 100)
    vms = dict(state.vms)
    for place in range(number):
        like = old[place * len(old) // number % len(old)]
        copies = 1
        while (key := f"{like.key} +{copies}") in vms:
            copies += 1
        vms[key] = Vm(key, key, _free(like.promise))
    return replace(state, vms=vms)


def _free(promise: Promise) -> Promise:
    """The same sizes, without what only one VM can have: pins, cells, devices."""
    shares = tuple(replace(each, nodes=None, mode="") for each in promise.shares)
    return replace(
        promise, shares=shares, affinity={}, emulator=None, iothread_affinity={}, devices=(), vfio=0, pinned=frozenset()
    )


def _remove(state: State, vm: str) -> State:
    gone = state.vm(vm).key
    return replace(state, vms={key: each for key, each in state.vms.items() if key != gone})


def _resize(state: State, vm: str, vcpus: int | None = None, memory: int | None = None) -> State:
    old = state.vm(vm)
    promise = old.promise
    if vcpus is not None:
        kept = {number: cpus for number, cpus in promise.affinity.items() if number < vcpus}
        promise = replace(promise, vcpus=vcpus, vcpus_max=vcpus, affinity=kept, offline=frozenset())
    if memory is not None:
        if promise.shares:
            raise ValueError(f"{vm} has its memory bound to cells or huge pages: remove it, and add it as it is to be.")
        promise = replace(promise, memory=Size(memory), memory_max=Size(memory))
    return replace(state, vms={**state.vms, old.key: replace(old, promise=promise)})


def _add_host(  # noqa: PLR0917
    state: State, name: str, like: str | None = None, cpus: int = 0, memory: int = 0, count: int = 1
) -> State:
    if like is not None:
        made = state.host(like)
    elif cpus > 0 and memory > 0:
        made = HostFacts(name, "", cpus, 1, cpus, 1, 1, Size(memory), "assumed")
    else:
        raise ValueError("Say what the host is like: another host's name, or how many CPUs and how much memory.")
    hosts = dict(state.hosts)
    for number in range(count):
        own = name if count == 1 else f"{name}-{number + 1}"
        if own in hosts:
            raise ValueError(f"The scenario has a host {own} already: give another name.")
        hosts[own] = replace(made, name=own)
    return replace(state, hosts=hosts)


def _lose(state: State, hosts: Iterable[str]) -> State:
    gone = {state.host(name).name for name in hosts}
    vms = {key: replace(vm, host=None) if vm.host in gone else vm for key, vm in state.vms.items()}
    left = {name: host for name, host in state.hosts.items() if name not in gone}
    return replace(state, hosts=left, vms=vms, lost=(*state.lost, *sorted(gone)))


def _pin(state: State, vm: str, host: str) -> State:
    old = state.vm(vm)
    if host not in state.lost:
        state.host(host)
    stays = old.host if old.host == host else None
    return replace(state, vms={**state.vms, old.key: replace(old, pin=host, host=stays)})


def _policy(state: State, policy: Any) -> State:
    return replace(state, policy=file.made(Policy, policy))


def _spread(state: State, vms: Iterable[str]) -> State:
    return replace(state, spread=(*state.spread, state.matching(vms)))


def _together(state: State, vms: Iterable[str]) -> State:
    return replace(state, together=(*state.together, state.matching(vms)))


def _moves(state: State, moves: int | None) -> State:
    if moves is not None and moves < 0:
        raise ValueError(f"moves={moves}: give a number from 0 on, or None for any number.")
    return replace(state, moves=moves)


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


ACTS: dict[str, Callable[..., State]] = {
    "add": _add,
    "grow": _grow,
    "remove": _remove,
    "resize": _resize,
    "add_host": _add_host,
    "lose": _lose,
    "policy": _policy,
    "spread": _spread,
    "together": _together,
    "pin": _pin,
    "moves": _moves,
}
