"""What is known to keep a VM from running on another host, its CPU left aside."""

from collections.abc import Iterator

from phyllome_nb.capacity.places import default_page
from phyllome_nb.capacity.promise import Promise
from phyllome_nb.capacity.snapshot import DomainFacts, HostFacts, Snapshot
from phyllome_nb.capacity.tables.sums import pages_of
from phyllome_nb.size import Size

__all__ = ["obstacles", "unknowns"]


def obstacles(domain: DomainFacts, promise: Promise, target: Snapshot) -> Iterator[str]:
    """What prevents it, a sentence each."""
    host = target.host
    same = next((each for each in target.domains if each.uuid == domain.uuid), None)
    if same is not None:
        yield f"{host.name} has it already, as {same.name}."
    elif any(each.name == domain.name for each in target.domains):
        yield f"{host.name} has another VM named {domain.name}."
    if promise.vcpus_max > host.cpus:
        yield f"It has {promise.vcpus_max} vCPUs, and {host.name} {host.cpus} CPUs."
    if promise.memory_max > host.memory:
        yield f"It can use {promise.memory_max.short()}, and {host.name} has {host.memory.short()}."
    if promise.devices:
        yield f"It holds devices of its host: {', '.join(promise.devices)}."
    yield from _machine(promise, host)
    yield from _networks(promise, host)
    yield from _pages(promise, host)


def _machine(promise: Promise, host: HostFacts) -> Iterator[str]:
    if not host.guests or not promise.arch:
        return
    offered = [guest for guest in host.guests if guest.arch == promise.arch]
    if not offered:
        yield f"{host.name} has no emulator for {promise.arch}."
    elif not any(promise.kind in guest.types for guest in offered):
        yield f"{host.name} offers no {promise.kind} for {promise.arch}."
    elif promise.machine and not any(promise.machine in guest.machines for guest in offered):
        yield f"{host.name} does not know the machine {promise.machine}."


def _networks(promise: Promise, host: HostFacts) -> Iterator[str]:
    networks = None if host.networks is None else {each.name: each.active for each in host.networks}
    for name in sorted({each.source for each in promise.interfaces if each.type == "network"}):
        if networks is not None and not networks.get(name):
            yield f"{host.name} has no network {name}." if name not in networks else f"Network {name} is not active."


def _pages(promise: Promise, host: HostFacts) -> Iterator[str]:
    if not host.cells:
        return
    pools = pages_of(host.cells)
    for share in promise.shares:
        size = share.page or default_page(host) or Size(0)
        if share.page is not None and pools.get(size, 0) < share.memory:
            yield f"It is made of huge pages ({size.short()}), and {host.name} has too few of them."


def unknowns(promise: Promise, target: HostFacts) -> Iterator[str]:
    """What would have to be known to say that it can go there."""
    files = sorted({disk.source for disk in promise.disks if disk.type in {"file", "block", "dir"} and disk.source})
    if files:
        yield f"Whether {target.name} reaches {files[0]}{' and others' if len(files) > 1 else ''} is not known."
    bridges = {each.source for each in promise.interfaces if each.type == "bridge"}
    for bridge in sorted(bridges - (target.bridges or frozenset())):
        yield f"Whether {target.name} has a bridge {bridge} is not known."
    if promise.arch and not target.guests:
        yield f"What {target.name} emulates is not known."
