"""What each VM was promised."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from phyllome_nb.capacity.columns import ALLOCATIONS
from phyllome_nb.capacity.places import cell_of, cells_of, places
from phyllome_nb.capacity.policy import Policy
from phyllome_nb.capacity.promise import Promise
from phyllome_nb.capacity.snapshot import DomainFacts, Snapshot
from phyllome_nb.capacity.tables.frame import choose, cpu_list, frame, gib, known_gib

__all__ = ["allocations"]

Row = tuple[Any, ...]
OVIRT, KUBEVIRT = Policy.preset("ovirt_server").overhead, Policy.preset("kubevirt").overhead


def allocations(snapshot: Snapshot, by: str) -> pd.DataFrame:
    """See `Snapshot.allocations`."""
    columns = choose(ALLOCATIONS, by)
    rows = ROWS[by](snapshot)
    return frame(rows, columns, f"What the VMs of {snapshot.host.name} were promised, by {by}")


def _own(snapshot: Snapshot) -> Iterator[tuple[Row, DomainFacts, Promise]]:
    """Each VM that can be read: its first columns, its facts, and what it has now or its definition says."""
    for domain in snapshot.domains:
        if domain.shown:
            yield _names(snapshot, domain), domain, domain.shown


def _names(snapshot: Snapshot, domain: DomainFacts) -> Row:
    return snapshot.host.name, domain.name, domain.uuid, domain.live is not None


def _vm(snapshot: Snapshot) -> Iterator[Row]:
    everywhere = snapshot.host.online
    for domain in snapshot.domains:
        shown = domain.shown
        kept = (domain.persistent, domain.autostart, domain.saved)
        yield (
            *(*_names(snapshot, domain), domain.state, *kept),
            *(_amounts(domain, shown, everywhere) if shown else [None] * 14),
            *(domain.pending, domain.memory_source, domain.problem),
        )


def _amounts(domain: DomainFacts, shown: Promise, everywhere: frozenset[int] | None) -> Row:
    usage = domain.usage
    locked = gib(shown.memory_max) if shown.vfio or shown.locked else 0.0
    return (
        shown.vcpus,
        shown.vcpus_max,
        sum(_is_pinned(cpus, everywhere) for cpus in shown.affinity.values()),
        len(shown.dedicated),
        gib(shown.memory),
        gib(shown.memory_max),
        known_gib(usage.balloon) if usage else None,
        known_gib(usage.rss) if usage else None,
        known_gib(usage.unused) if usage else None,
        gib(OVIRT.of(shown)),
        gib(KUBEVIRT.of(shown)),
        gib(shown.huge),
        locked,
        shown.vfio,
    )


def _is_pinned(cpus: frozenset[int], everywhere: frozenset[int] | None) -> bool:
    return everywhere is None or not everywhere <= cpus


def _cell(snapshot: Snapshot) -> Iterator[Row]:
    of = cell_of(snapshot.host.cells)
    for own, _, promise in _own(snapshot):
        for place in places(promise, of):
            what = "vcpus" if place.vcpus else "memory" if place.page is None else "hugepages"
            page = int(place.page.to("KiB")) if place.page else None
            amounts = (place.vcpus, None) if what == "vcpus" else (None, gib(place.memory))
            yield *own, place.cell, cpu_list(place.cells or ()), what, page, *amounts, place.mode


def _vcpu(snapshot: Snapshot) -> Iterator[Row]:
    of, everywhere = cell_of(snapshot.host.cells), snapshot.host.online
    for own, _, promise in _own(snapshot):
        plugged = set(promise.plugged)
        for vcpu in range(promise.vcpus_max):
            cpus = promise.affinity.get(vcpu)
            where = cells_of(cpus, of)
            cell = min(where) if where and len(where) == 1 else None
            pinned = cpus is not None and _is_pinned(cpus, everywhere)
            alone = cpus is not None and len(cpus) == 1
            yield *own, vcpu, vcpu in plugged, cpu_list(cpus or ()), cell, pinned, alone


def _device(snapshot: Snapshot) -> Iterator[Row]:
    devices = snapshot.host.devices
    known = {device.address: device for device in devices or ()}
    for own, _, promise in _own(snapshot):
        for address in promise.devices:
            found = known.get(address)
            said = (found.kind, found.product, found.node, found.group) if found else ("", "", None, None)
            yield *own, address, *said, None if devices is None else found is not None


def _disk(snapshot: Snapshot) -> Iterator[Row]:
    for own, domain, promise in _own(snapshot):
        sizes = domain.disks
        for disk in promise.disks:
            amounts = (known_gib(size) for size in sizes.get(disk.target, (None, None, None)))
            what = (disk.target, disk.bus, disk.device, disk.type, disk.source, disk.format, disk.cache)
            yield *own, *what, disk.readonly, disk.shareable, *amounts


def _interface(snapshot: Snapshot) -> Iterator[Row]:
    for own, _, promise in _own(snapshot):
        for number, each in enumerate(promise.interfaces):
            yield *own, number, each.mac, each.type, each.source, each.model, each.link, each.target


ROWS = {
    "vm": _vm,
    "cell": _cell,
    "vcpu": _vcpu,
    "device": _device,
    "disk": _disk,
    "interface": _interface,
}
