"""Reading the VMs of a host, without waiting for one that hangs."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import libvirt

from phyllome_nb.capacity.claims import claims_of
from phyllome_nb.capacity.facts import Claims
from phyllome_nb.capacity.snapshot import DomainFacts, Promise, Usage
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import DefinitionError, NoAnswer
from phyllome_nb.host.deadline import within
from phyllome_nb.host.situation import supported, waiting
from phyllome_nb.size import Size

__all__ = ["Bulk", "bulk", "domains"]

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
STORED = libvirt.VIR_DOMAIN_XML_INACTIVE
SIZES = ("capacity", "allocation", "physical")
PATIENCE = 1
"""Seconds that one VM may take to tell what it uses."""
AT_ONCE = 4
"""Calls under way at the same time: libvirtd serves five on one connection, and one is kept for others."""
FEW = 16
"""So few VMs are read one after another."""


@dataclass(frozen=True, slots=True)
class Bulk:
    """What one call tells of all VMs; the sets hold their uuids."""

    domains: tuple[Any, ...]
    persistent: frozenset[bytes]
    autostart: frozenset[bytes]
    saved: frozenset[bytes]
    stats: dict[bytes, dict[str, Any]] = field(default_factory=dict)
    """Of those that do not run: state, memory, vCPUs, and the sizes of their images."""


def bulk(connection: Any, groups: int) -> Bulk:
    """Ask for what costs one call, however many VMs there are. None of these calls waits for a VM that hangs."""

    def those(flag: int) -> frozenset[bytes]:
        return frozenset(domain.UUID() for domain in connection.listAllDomains(flag))

    stats = connection.getAllDomainStats(groups, libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_INACTIVE)
    return Bulk(
        tuple(connection.listAllDomains()),
        those(libvirt.VIR_CONNECT_LIST_DOMAINS_PERSISTENT),
        those(libvirt.VIR_CONNECT_LIST_DOMAINS_AUTOSTART),
        those(libvirt.VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE),
        {domain.UUID(): figures for domain, figures in stats},
    )


GROUPS = (
    libvirt.VIR_DOMAIN_STATS_STATE
    | libvirt.VIR_DOMAIN_STATS_BALLOON
    | libvirt.VIR_DOMAIN_STATS_VCPU
    | libvirt.VIR_DOMAIN_STATS_BLOCK
)


def domains(connection: Any) -> tuple[DomainFacts, ...]:
    """The facts of every VM, in the order of names.

    One that vanishes meanwhile is left out; one that cannot be read says why.
    """
    known = bulk(connection, GROUPS)
    patience = Patience()

    def read(domain: Any) -> DomainFacts | None:
        return _domain(domain, known, patience)

    return tuple(sorted(each(read, known.domains), key=lambda domain: domain.name))


def each(read: Any, found: tuple[Any, ...]) -> Iterator[DomainFacts]:
    """What `read` makes of each VM, several at once where there are many."""
    if len(found) <= FEW:
        yield from filter(None, map(read, found))
        return
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="libvirt: reading") as pool:
        yield from filter(None, pool.map(read, found))


class Patience:
    """Asks VMs what they use, until one gives no answer: the next snapshot knows it, and asks the others."""

    def __init__(self) -> None:
        self.lost = False

    def usage(self, domain: Any) -> tuple[Usage | None, dict[str, Any], str]:
        """What a VM uses, the sizes of its images, and why not if it does not say."""
        if self.lost:
            return None, {}, "what it uses was not asked: another VM gave no answer"
        try:
            stats, blocks = within(PATIENCE, lambda: _ask(domain), "asking what it uses")
        except NoAnswer:
            self.lost = True
            return None, {}, f"no answer from QEMU for {PATIENCE} s: what it uses is not known"
        if not stats:
            return None, blocks, ""
        size = {key: Size(stats[key], "KiB") for key in ("actual", "rss", "unused", "usable") if key in stats}
        return Usage(size.get("actual"), size.get("rss"), size.get("unused"), size.get("usable")), blocks, ""


def _ask(domain: Any) -> tuple[dict[str, int], dict[str, Any]]:
    """Both may wait for QEMU."""
    stats: dict[str, int] = supported(domain.memoryStats, {}) or {}
    return stats, dict(supported(lambda: _block_stats(domain), {}))


def _block_stats(domain: Any) -> dict[str, Any]:
    [(_, figures)] = domain.connect().domainListGetStats([domain], libvirt.VIR_DOMAIN_STATS_BLOCK)
    found: dict[str, Any] = figures
    return found


def _domain(domain: Any, known: Bulk, patience: Patience) -> DomainFacts | None:
    uuid = domain.UUID()
    persistent = uuid in known.persistent
    live, usage, stored, problem, claims = None, None, None, "", Claims()
    figures = known.stats.get(uuid, {})
    state = figures.get("state.state", libvirt.VIR_DOMAIN_SHUTOFF)
    try:
        hangs = False
        if uuid not in known.stats:
            state, most, current, vcpus, _ = domain.info()
            vcpus_max = _live_vcpus(domain)
            if vcpus_max:
                live = Promise(vcpus, vcpus_max, Size(current, "KiB"), Size(most, "KiB"))
                if seconds := waiting(domain):
                    # From 11 on, libvirt lets also those wait who ask for the definition.
                    problem, hangs = f"no answer from QEMU for {seconds} s: its live figures are the last known", True
                else:
                    live, usage, figures, problem = _live(domain, live, patience)
        if persistent and not hangs:
            stored, wrong, claims = _read(domain, STORED)
            problem = wrong or problem
        elif live and not hangs:
            _, wrong, claims = _read(domain, 0)
        return DomainFacts(
            name=domain.name(),
            uuid=domain.UUIDString(),
            state=STATES.get(state, str(state)),
            persistent=persistent,
            autostart=uuid in known.autostart,
            live=live,
            stored=stored,
            problem=problem,
            claims=claims,
            saved=uuid in known.saved,
            usage=usage,
            disks=_disks(figures),
        )
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return None
        raise


def _live(domain: Any, said: Promise, patience: Patience) -> tuple[Promise, Usage | None, dict[str, Any], str]:
    """What a VM that runs has: the definition it runs with, and the sizes that libvirt and QEMU keep up to date."""
    asked, wrong, _ = _read(domain, 0)
    usage, blocks, problem = patience.usage(domain)
    # libvirt learns of a balloon's move a moment later than QEMU knows it.
    current = usage.balloon if usage and usage.balloon is not None else said.memory
    sizes: dict[str, Any] = {
        "vcpus": said.vcpus,
        "vcpus_max": said.vcpus_max,
        "memory": current,
        "memory_max": said.memory_max,
    }
    live = replace(asked, **sizes) if asked else replace(said, memory=current)
    return live, usage, blocks, wrong or problem


def _live_vcpus(domain: Any) -> int:
    """The most vCPUs that a running VM can have; 0 where it does not run, or has just stopped."""
    try:
        return int(domain.maxVcpus()) if domain.isActive() else 0
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_OPERATION_INVALID:
            return 0
        raise


def _read(domain: Any, flags: int) -> tuple[Promise | None, str, Claims]:
    """What a definition asks for, and what it takes for itself."""
    try:
        spec = DomainSpec.from_xml(domain.XMLDesc(flags))
        return Promise.of(spec), "", claims_of(spec)
    except DefinitionError as error:
        return None, str(error), Claims()


def _disks(figures: dict[str, Any]) -> dict[str, tuple[Size | None, Size | None, Size | None]]:
    """The sizes of the images, by the target of the disk."""
    found = {}
    for number in range(int(figures.get("block.count", 0))):
        target = figures.get(f"block.{number}.name")
        sizes = [figures.get(f"block.{number}.{part}") for part in SIZES]
        if target and any(size is not None for size in sizes):
            capacity, allocation, physical = (None if size is None else Size(size) for size in sizes)
            found[str(target)] = capacity, allocation, physical
    return found
