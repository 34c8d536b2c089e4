"""Reading the facts of a host: only calls that a hung VM cannot block."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import libvirt

from phyllome_nb.capacity.capabilities import domain_capabilities, host_capabilities, host_device
from phyllome_nb.capacity.claims import claims_of
from phyllome_nb.capacity.facts import Cell, Claims, DomainCapabilities, HostDevice
from phyllome_nb.capacity.snapshot import DomainFacts, HostFacts, Promise, Snapshot
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import DefinitionError, NoAnswer
from phyllome_nb.host.deadline import within
from phyllome_nb.host.situation import waiting
from phyllome_nb.size import Size

__all__ = ["collect"]

T = TypeVar("T")

MADE_UP = {"arch": "", "kvm": None, "iommu": None, "emulators": None, "guests": (), "cells": ()}
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

STATES = {
    libvirt.VIR_DOMAIN_NOSTATE: "no state",
    libvirt.VIR_DOMAIN_RUNNING: "running",
    libvirt.VIR_DOMAIN_BLOCKED: "idle",
    libvirt.VIR_DOMAIN_PAUSED: "paused",
    libvirt.VIR_DOMAIN_SHUTDOWN: "in shutdown",
    libvirt.VIR_DOMAIN_SHUTOFF: "shut off",
    libvirt.VIR_DOMAIN_CRASHED: "crashed",
    libvirt.VIR_DOMAIN_PMSUSPENDED: "pmsuspended",
}


def collect(connection: Any, name: str, uri: str) -> Snapshot:
    """The facts of the host behind a connection.

    A VM that vanishes while it is read is left out; one that cannot be read says why.
    """
    domains = [_domain(domain) for domain in connection.listAllDomains()]
    found = sorted((domain for domain in domains if domain), key=lambda domain: domain.name)
    return Snapshot(_host(connection, name, uri), tuple(found), datetime.now(UTC).astimezone())


def _host(connection: Any, name: str, uri: str) -> HostFacts:
    _, mebibytes, cpus, _, nodes, sockets, cores, threads = connection.getInfo()
    memory, source = Size(mebibytes, "MiB"), "getInfo"
    with contextlib.suppress(libvirt.libvirtError, KeyError):
        # getInfo sums what the kernel has initialised so far; /proc/meminfo's MemTotal is the honest total.
        total = connection.getMemoryStats(libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS)["total"]
        memory, source = Size(total, "KiB"), "getMemoryStats"
    known = host_capabilities(connection.getCapabilities())
    if connection.getType() == "TEST":
        known |= MADE_UP
    cells = tuple(_with_free_pages(connection, cell) for cell in known.pop("cells"))
    return HostFacts(
        **known,
        **_around(connection),
        cells=cells,
        session={"/session": True, "/system": False}.get(urlsplit(uri).path),
        nested=_nested(uri),
        memory_available=_available(connection),
        domain_capabilities=tuple(_domain_capabilities(connection, known)),
        name=name,
        uri=uri,
        cpus=cpus,
        sockets=sockets,
        cores=cores,
        threads=threads,
        nodes=nodes,
        memory=memory,
        memory_source=source,
        libvirt=_version(connection.getLibVersion()),
        hypervisor=f"{connection.getType()} {_hypervisor_version(connection)}".strip(),
    )


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
    bridges = [_or_none(network.bridgeName) for network in networks or ()]
    return {
        "networks": None if networks is None else {network.name(): bool(network.isActive()) for network in networks},
        "pools": None if pools is None else {pool.name(): bool(pool.isActive()) for pool in pools},
        "bridges": None if networks is None else frozenset(filter(None, bridges)),
        "devices": None if devices is None else tuple(filter(None, map(_device, devices))),
    }


def _device(device: Any) -> HostDevice | None:
    text = _or_none(device.XMLDesc)
    try:
        return None if text is None else host_device(text)
    except (DefinitionError, ValueError):
        return None  # one that cannot be read is none that can be given to a guest


def _with_free_pages(connection: Any, cell: Cell) -> Cell:
    sizes = [int(pool.size.to("KiB")) for pool in cell.pages]
    answer = _or_none(lambda: connection.getFreePages(sizes, cell.id, 1)) if sizes else None
    free = (answer or {}).get(cell.id, {})
    pools = (replace(pool, free=free.get(size)) for pool, size in zip(cell.pages, sizes, strict=True))
    return replace(cell, pages=tuple(pools))


def _available(connection: Any) -> Size | None:
    """Free memory, buffers and caches."""
    stats = _or_none(lambda: connection.getMemoryStats(libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS)) or {}
    parts = [stats.get(name) for name in ("free", "buffers", "cached")]
    return None if None in parts else Size(sum(parts), "KiB")  # type: ignore[arg-type]


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


def _domain(domain: Any) -> DomainFacts | None:
    try:
        persistent = bool(domain.isPersistent())
        state, most, current, vcpus, _ = domain.info()
        amounts = Size(current, "KiB"), Size(most, "KiB")
        vcpus_max = _live_vcpus(domain)
        live = Promise(vcpus, vcpus_max, *amounts) if vcpus_max else None
        stored, problem, claims = None, "", Claims()
        if live and (seconds := waiting(domain)):
            # From 11 on, libvirt lets also those wait who ask for the definition.
            problem = f"no answer from QEMU for {seconds} s: its live figures are the last known"
        elif persistent:
            stored, problem, claims = _stored(domain)
        return DomainFacts(
            name=domain.name(),
            uuid=domain.UUIDString(),
            state=STATES.get(state, str(state)),
            persistent=persistent,
            autostart=bool(domain.autostart()) if persistent else False,
            live=live,
            stored=stored,
            problem=problem,
            claims=claims,
        )
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return None
        raise


def _live_vcpus(domain: Any) -> int:
    """The most vCPUs that a running VM can have; 0 where it does not run, or has just stopped."""
    try:
        return int(domain.maxVcpus()) if domain.isActive() else 0
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_OPERATION_INVALID:
            return 0
        raise


def _stored(domain: Any) -> tuple[Promise | None, str, Claims]:
    """What a VM gets at its next start, and what it takes for itself."""
    try:
        spec = DomainSpec.from_xml(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
        return Promise.of(spec), "", claims_of(spec)
    except DefinitionError as error:
        return None, str(error), Claims()


def _hypervisor_version(connection: Any) -> str:
    """The hypervisor's version; unknown where it takes long, as it does on a daemon that has just been started."""
    try:
        return _version(within(PATIENCE, connection.getVersion, "asking for the hypervisor's version"))
    except NoAnswer:
        return ""


def _version(number: int) -> str:
    return f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"
