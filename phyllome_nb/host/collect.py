"""Reading the facts of a host: only calls that a hung VM cannot block."""

import contextlib
from datetime import UTC, datetime
from typing import Any

import libvirt

from phyllome_nb.capacity.snapshot import DomainFacts, HostFacts, Promise, Snapshot
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import DefinitionError, NoAnswer
from phyllome_nb.host.deadline import within
from phyllome_nb.size import Size

__all__ = ["collect"]

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
    return HostFacts(
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


def _domain(domain: Any) -> DomainFacts | None:
    try:
        persistent = bool(domain.isPersistent())
        state, most, current, vcpus, _ = domain.info()
        amounts = Size(current, "KiB"), Size(most, "KiB")
        vcpus_max = _live_vcpus(domain)
        live = Promise(vcpus, vcpus_max, *amounts) if vcpus_max else None
        stored, problem = _stored(domain) if persistent else (None, "")
        return DomainFacts(
            name=domain.name(),
            uuid=domain.UUIDString(),
            state=STATES.get(state, str(state)),
            persistent=persistent,
            autostart=bool(domain.autostart()) if persistent else False,
            live=live,
            stored=stored,
            problem=problem,
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


def _stored(domain: Any) -> tuple[Promise | None, str]:
    """What a VM gets at its next start."""
    try:
        return Promise.of(DomainSpec.from_xml(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))), ""
    except DefinitionError as error:
        return None, str(error)


def _hypervisor_version(connection: Any) -> str:
    """The hypervisor's version; unknown where it takes long, as it does on a daemon that has just been started."""
    try:
        return _version(within(PATIENCE, connection.getVersion, "asking for the hypervisor's version"))
    except NoAnswer:
        return ""


def _version(number: int) -> str:
    return f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"
