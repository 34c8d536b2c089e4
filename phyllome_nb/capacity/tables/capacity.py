"""What a host has."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from phyllome_nb.capacity.columns import CAPACITY, SOURCES
from phyllome_nb.capacity.facts import Cache, Cell, HostDevice
from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.capacity.tables.frame import choose, cpu_list, frame, gib, known_gib
from phyllome_nb.size import Size

__all__ = ["capacity", "sources"]

Row = tuple[Any, ...]


def capacity(snapshot: Snapshot, by: str) -> pd.DataFrame:
    """See `Snapshot.capacity`."""
    columns = choose(CAPACITY, by)
    return frame(ROWS[by](snapshot), columns, f"What {snapshot.host.name} has, by {by}")


def sources(snapshot: Snapshot) -> pd.DataFrame:
    """See `Snapshot.sources`."""
    host = snapshot.host
    first: dict[str, int | str] = {}
    rows = []
    for each in host.readings:
        used = each.figure not in first
        agrees = first.setdefault(each.figure, each.value) == each.value
        rows.append((host.name, each.figure, str(each.value), each.unit, each.source, used, agrees))
    return frame(rows, SOURCES[""], f"What says what of {host.name}")


def _host(snapshot: Snapshot) -> Iterator[Row]:
    host = snapshot.host
    shape = host.topology
    yield (
        host.name,
        host.cpus or None,
        len(host.offline) if host.online is not None and host.cells else None,
        shape.sockets or None,
        shape.dies,
        shape.cores or None,
        shape.threads or None,
        len(host.cells) or host.nodes,
        host.mhz,
        host.cpu_vendor,
        host.cpu_model,
        host.arch,
        gib(host.memory) or None,
        known_gib(host.memory_available),
        gib(_set_aside(host.cells)) if host.cells else None,
        host.libvirt,
        host.hypervisor,
        host.source("cpus"),
        shape.source if shape.cores else "",
        host.memory_source if host.memory else "",
    )


def _cell(snapshot: Snapshot) -> Iterator[Row]:
    host = snapshot.host
    told = any(cell.memory for cell in host.cells)
    near = Counter(device.node for device in host.devices or ())
    for cell in host.cells:
        online = [cpu for cpu in cell.cpus if host.is_online(cpu.id)]
        ids = {cpu.id for cpu in online}
        yield (
            host.name,
            cell.id,
            len(online),
            len(cell.cpus) - len(online),
            len({(cpu.socket, cpu.die, cpu.core) for cpu in online}),
            cpu_list(ids),
            gib(cell.memory) if told else None,
            known_gib(cell.free),
            gib(_set_aside([cell])),
            " ".join(str(distance) for _, distance in sorted(cell.distances.items())),
            _caches(cache for cache in host.caches if cache.cpus & ids),
            None if host.devices is None else near[cell.id],
        )


def _cpu(snapshot: Snapshot) -> Iterator[Row]:
    host = snapshot.host
    for cell in host.cells:
        for cpu in cell.cpus:
            online = None if host.online is None else cpu.id in host.online
            place = (cpu.socket, cpu.die, cpu.core) if online is not False else (None, None, None)
            shared = _caches(cache for cache in host.caches if cpu.id in cache.cpus)
            yield host.name, cpu.id, cell.id, *place, cpu_list(cpu.siblings), online, shared
    for number in sorted(host.offline - {cpu.id for cell in host.cells for cpu in cell.cpus}):
        yield host.name, number, None, None, None, None, "", False, ""


def _page(snapshot: Snapshot) -> Iterator[Row]:
    for cell in snapshot.host.cells:
        for pool in cell.pages:
            free = None if pool.free is None else gib(pool.free * pool.size)
            kib = int(pool.size.to("KiB"))
            yield snapshot.host.name, cell.id, kib, pool.total, pool.free, gib(pool.total * pool.size), free


def _device(snapshot: Snapshot) -> Iterator[Row]:
    name = snapshot.host.name
    for each in snapshot.host.devices or ():
        sriov = "virtual" if each.physical else "physical" if each.virtual_most or each.virtual else ""
        virtual = (len(each.virtual), each.virtual_most) if sriov == "physical" else (None, None)
        yield name, each.name, each.kind, each.address, *_named(each), each.is_gpu, sriov, each.physical, *virtual, None
        for kind in each.mdev_types:
            product = kind.name or kind.id
            place = (each.node, each.group, each.driver, False)
            yield (
                *(name, each.name, "mdev type", kind.id, each.vendor, product, *place),
                *("", each.address, None, None, kind.available),
            )


def _named(device: HostDevice) -> Row:
    return device.vendor, device.product, device.node, device.group, device.driver


def _pool(snapshot: Snapshot) -> Iterator[Row]:
    for each in snapshot.host.pools or ():
        sizes = (known_gib(size) for size in (each.capacity, each.allocation, each.available))
        yield snapshot.host.name, each.name, each.active, each.autostart, each.type, each.path, *sizes


def _network(snapshot: Snapshot) -> Iterator[Row]:
    plugged = Counter(
        interface.source
        for domain in snapshot.domains
        for interface in (domain.shown.interfaces if domain.shown else ())
        if interface.type == "network"
    )
    for each in snapshot.host.networks or ():
        own = (each.name, each.active, each.autostart, each.bridge, each.forward)
        yield snapshot.host.name, *own, plugged[each.name]


ROWS = {
    "host": _host,
    "cell": _cell,
    "cpu": _cpu,
    "page": _page,
    "device": _device,
    "pool": _pool,
    "network": _network,
}


def _set_aside(cells: Iterable[Cell]) -> int:
    return sum(pool.total * pool.size for cell in cells for pool in cell.pages if pool.is_huge)


def _caches(caches: Iterable[Cache]) -> str:
    """Caches in words, of equal ones how many."""
    counted = Counter((cache.level, cache.kind, cache.size) for cache in caches)
    return ", ".join(_cache(number, *which) for which, number in counted.items())


def _cache(number: int, level: int, kind: str, size: Size) -> str:
    name = f"L{level}{'' if kind == 'both' else f' {kind}'} {size.short()}"
    return f"{number} × {name}" if number > 1 else name
