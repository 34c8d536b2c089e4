"""Reading the facts of a host: only calls that a hung VM cannot block."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import libvirt

from phyllome_nb.capacity.capabilities import (
    domain_capabilities,
    host_capabilities,
    host_device,
    network_facts,
    pool_facts,
)
from phyllome_nb.capacity.facts import Cell, DomainCapabilities, HostDevice, Network, Pool, Reading
from phyllome_nb.capacity.snapshot import HostFacts
from phyllome_nb.errors import DefinitionError, NoAnswer
from phyllome_nb.host.deadline import within
from phyllome_nb.size import Size

__all__ = ["host_facts", "now"]

T = TypeVar("T")

MADE_UP = {"arch": "", "kvm": None, "iommu": None, "emulators": None, "guests": (), "cells": (), "caches": ()}
"""What libvirt's test driver says of itself, whatever host it plays; it takes any definition all the same."""

SILENT = {
    libvirt.VIR_ERR_NO_SUPPORT,
    libvirt.VIR_ERR_OPERATION_DENIED,
    libvirt.VIR_ERR_NO_CONNECT,
    libvirt.VIR_ERR_CONFIG_UNSUPPORTED,
    libvirt.VIR_ERR_INVALID_ARG,
    libvirt.VIR_ERR_INTERNAL_ERROR,
    libvirt.VIR_ERR_SYSTEM_ERROR,
    libvirt.VIR_ERR_NO_NODE_DEVICE,
    libvirt.VIR_ERR_OPERATION_FAILED,
}
"""What libvirt answers where a driver has no such thing, or it is gone by now."""

DEVICES = (
    libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV
    | libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_USB_DEV
    | libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV
)
PATIENCE = 1
"""Seconds for what is nice to know."""


def host_facts(connection: Any, name: str, uri: str) -> HostFacts:
    """The facts of the host alone."""
    _, mebibytes, cpus, mhz, nodes, sockets, cores, threads = connection.getInfo()
    known = host_capabilities(connection.getCapabilities())
    if connection.getType() == "TEST":
        known |= MADE_UP
    stats = _memory(connection)
    cells = tuple(_now(connection, cell) for cell in known.pop("cells"))
    online, offline = _cpu_map(connection) if cells else (None, frozenset())
    # getInfo sums what the kernel has initialised so far; /proc/meminfo's MemTotal is the honest total.
    memory = [
        Reading("memory", stats.get("total", 0) * 1024, "B", "getMemoryStats"),
        Reading("memory", mebibytes * 2**20, "B", "getInfo"),
        Reading("memory", int(sum(cell.memory for cell in cells)), "B", "getCapabilities"),
    ]
    counted = [
        Reading("cpus", len(online or ()), "", "getCPUMap"),
        Reading("cpus", cpus, "", "getInfo"),
        Reading("cpus", sum(len(cell.cpus) for cell in cells), "", "getCapabilities"),
    ]
    said = [reading for reading in (*memory, *counted) if reading.value]
    first = {reading.figure: reading for reading in reversed(said)}
    return HostFacts(
        **known,
        **_around(connection),
        cells=cells,
        online=online,
        offline=offline,
        mhz=mhz or None,
        session={"/session": True, "/system": False}.get(urlsplit(uri).path),
        nested=_nested(uri),
        memory_available=_available(stats),
        domain_capabilities=tuple(_domain_capabilities(connection, known)),
        name=name,
        uri=uri,
        cpus=int(first["cpus"].value) if "cpus" in first else cpus,
        sockets=sockets,
        cores=cores,
        threads=threads,
        nodes=nodes,
        memory=Size(int(first["memory"].value)) if "memory" in first else Size(0),
        memory_source=first["memory"].source if "memory" in first else "",
        readings=tuple(said),
        libvirt=_version(connection.getLibVersion()),
        hypervisor=f"{connection.getType()} {_hypervisor_version(connection)}".strip(),
    )


def now(connection: Any, host: HostFacts) -> HostFacts:
    """The facts of a host that were read before, with what is free now."""
    cells = tuple(_now(connection, cell) for cell in host.cells)
    return replace(host, cells=cells, memory_available=_available(_memory(connection)))


def _memory(connection: Any) -> dict[str, int]:
    """What ``/proc/meminfo`` says on the host, in KiB."""
    return _or_none(lambda: connection.getMemoryStats(libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS)) or {}


def _available(stats: dict[str, int]) -> Size | None:
    """Free memory, buffers and caches."""
    parts = [stats[part] for part in ("free", "buffers", "cached") if part in stats]
    return Size(sum(parts), "KiB") if len(parts) == 3 else None


def _cpu_map(connection: Any) -> tuple[frozenset[int] | None, frozenset[int]]:
    """The CPUs that the host uses, None where it does not say, and those that it does not use."""
    answer = _or_none(connection.getCPUMap)
    if answer is None:
        return None, frozenset()
    used = frozenset(cpu for cpu, used in enumerate(answer[1]) if used)
    return used, frozenset(range(len(answer[1]))) - used


def _or_none(ask: Callable[[], T]) -> T | None:
    """What a driver answers; None where it has no such thing, or does not tell a reader."""
    try:
        return ask()
    except libvirt.libvirtError as error:
        if error.get_error_code() in SILENT and error.get_error_domain() != libvirt.VIR_FROM_RPC:
            return None
        raise


def _around(connection: Any) -> dict[str, Any]:
    """The networks, pools and devices of the host; None where the connection does not tell."""
    networks = _or_none(connection.listAllNetworks)
    pools = _or_none(connection.listAllStoragePools)
    devices = _or_none(lambda: connection.listAllDevices(DEVICES))
    known = None if networks is None else tuple(map(_network, networks))
    return {
        "networks": known,
        "pools": None if pools is None else tuple(map(_pool, pools)),
        "bridges": None if known is None else frozenset(each.bridge for each in known if each.bridge),
        "devices": None if devices is None else tuple(filter(None, map(_device, devices))),
    }


def _network(network: Any) -> Network:
    text = _or_none(network.XMLDesc)
    said = network_facts(text) if text else {}
    start = _or_none(network.autostart)
    return Network(network.name(), bool(network.isActive()), None if start is None else bool(start), **said)


def _pool(pool: Any) -> Pool:
    text, start = _or_none(pool.XMLDesc), _or_none(pool.autostart)
    active = bool(pool.isActive())
    said = pool_facts(text, active) if text else {}
    return Pool(pool.name(), active, None if start is None else bool(start), **said)


def _device(device: Any) -> HostDevice | None:
    text = _or_none(device.XMLDesc)
    try:
        return None if text is None else host_device(text)
    except (DefinitionError, ValueError):
        return None  # one that cannot be read is none that can be given to a guest


def _now(connection: Any, cell: Cell) -> Cell:
    """A cell with what is free in it at that moment. Each is asked on its own: their numbers may have gaps."""
    sizes = [int(pool.size.to("KiB")) for pool in cell.pages]
    answer = _or_none(lambda: connection.getFreePages(sizes, cell.id, 1)) if sizes else None
    free = (answer or {}).get(cell.id, {})
    pools = (replace(pool, free=free.get(size)) for pool, size in zip(cell.pages, sizes, strict=True))
    memory = _or_none(lambda: connection.getCellsFreeMemory(cell.id, 1)) if cell.memory else None
    return replace(cell, pages=tuple(pools), free=Size(memory[0]) if memory else None)


def _nested(uri: str) -> bool | None:
    """Whether the KVM of this machine lets guests run guests; None where the host is another."""
    if urlsplit(uri).hostname:
        return None
    for module in ("kvm_intel", "kvm_amd"):
        with contextlib.suppress(OSError):
            return Path(f"/sys/module/{module}/parameters/nested").read_text("ascii").strip() in {"1", "Y"}
    return None


def _domain_capabilities(connection: Any, known: dict[str, Any]) -> Iterator[DomainCapabilities]:
    """What the emulators for the host's own architecture offer for the usual machines."""
    for guest in known["guests"]:
        if guest.arch != known["arch"]:
            continue
        for machine in [each for each in ("q35", "pc", "microvm", "isapc", "virt") if each in guest.machines]:
            for kind in sorted(guest.types & {"kvm", "qemu"}):
                ask = partial(connection.getDomainCapabilities, guest.emulator, guest.arch, machine, kind)
                try:
                    # On a daemon that has just been started QEMU is asked first, which takes long.
                    text = _or_none(partial(within, PATIENCE, ask, "asking what the emulator offers"))
                except NoAnswer:
                    return
                if text is None:
                    return
                yield domain_capabilities(text)


def _hypervisor_version(connection: Any) -> str:
    """The hypervisor's version; unknown where it takes long, as it does on a daemon that has just been started."""
    try:
        return _version(within(PATIENCE, connection.getVersion, "asking for the hypervisor's version"))
    except NoAnswer:
        return ""


def _version(number: int) -> str:
    return f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"
