"""Reading the VMs of a host, without waiting for one that hangs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any
from uuid import UUID

import libvirt

from phyllome_nb.capacity.facts import Claims
from phyllome_nb.capacity.snapshot import DomainFacts, Promise
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import DefinitionError
from phyllome_nb.host.deadline import side_by_side
from phyllome_nb.host.situation import waiting
from phyllome_nb.host.usage import disk_sizes
from phyllome_nb.size import Size

__all__ = ["STATES", "Answers", "Bulk", "Definitions", "answers", "bulk", "in_order", "renewed"]

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


def in_order(found: Iterable[DomainFacts]) -> tuple[DomainFacts, ...]:
    """VMs by their names."""
    return tuple(sorted(found, key=lambda domain: domain.name))


def answers(asked: Sequence[Any], known: Bulk) -> list["Answers"]:
    """What each VM says, several asked at once where there are many.

    Nothing is done about it here: a thread that computes keeps the answers that have come for others waiting.
    """

    def ask(domain: Any) -> Answers | None:
        return _ask_all(domain, known)

    found = map(ask, asked) if len(asked) <= FEW else side_by_side(ask, asked, AT_ONCE)
    return [each for each in found if each is not None]


@dataclass(frozen=True, slots=True)
class Definitions:
    """What the definition that a VM runs with and the stored one ask for, and why they cannot be read."""

    live: Promise | None
    wrong_live: str
    stored: Promise | None
    wrong_stored: str


@dataclass(slots=True)
class Answers:
    """What libvirt says of one VM."""

    name: str
    uuid: bytes
    info: tuple[int, int, int, int] | None = None
    """state, most memory, current memory and vCPUs of one that runs."""
    vcpus_max: int = 0
    hangs: int = 0
    """Seconds for which QEMU has kept another call waiting."""
    live: str = ""
    stored: str = ""
    problem: str = ""

    @property
    def digest(self) -> bytes:
        """What tells definitions that were read before."""
        return blake2b(f"{self.live}\0{self.stored}".encode("utf-8", "surrogatepass")).digest()

    def definitions(self) -> "Definitions":
        """What the definitions ask for."""
        return Definitions(*_promise(self.live), *_promise(self.stored))

    def facts(self, known: Bulk, asked: "Definitions") -> DomainFacts:
        """The facts in these answers."""
        live = asked.live
        figures = known.stats.get(self.uuid, {})
        state = figures.get("state.state", libvirt.VIR_DOMAIN_SHUTOFF)
        if self.info is not None:
            state, live = self.info[0], self.sized(live)
        takes = asked.stored or live
        return DomainFacts(
            name=self.name,
            uuid=str(UUID(bytes=self.uuid)),
            state=STATES.get(state, str(state)),
            persistent=self.uuid in known.persistent,
            autostart=self.uuid in known.autostart,
            live=live,
            stored=asked.stored,
            problem=self.problem or asked.wrong_stored or asked.wrong_live,
            claims=takes.claims if takes else Claims(),
            saved=self.uuid in known.saved,
            disks=disk_sizes(figures),
        )

    def sized(self, live: Promise | None) -> Promise:
        """What the VM runs with, its amounts as they are now."""
        _, most, current, vcpus = self.info or (0, 0, 0, 0)
        sizes: dict[str, Any] = {
            "vcpus": vcpus,
            "vcpus_max": self.vcpus_max,
            "memory": Size(current, "KiB"),
            "memory_max": Size(most, "KiB"),
        }
        return replace(live, **sizes) if live else Promise(**sizes)


def _ask_all(domain: Any, known: Bulk) -> Answers | None:
    """Ask for all that `Answers` holds; None where the VM has vanished."""
    found = Answers(domain.name(), domain.UUID())
    try:
        if found.uuid not in known.stats:
            _ask_running(domain, found)
        if found.uuid in known.persistent and not found.hangs:
            found.stored = domain.XMLDesc(STORED)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return None
        raise
    return found


def _ask_running(domain: Any, found: Answers, *, definition: bool = True) -> None:
    state, most, current, vcpus, _ = domain.info()
    found.vcpus_max = _live_vcpus(domain)
    if not found.vcpus_max:
        return  # it has stopped in this moment
    found.info = state, most, current, vcpus
    found.hangs = waiting(domain)
    if found.hangs:
        # From 11 on, libvirt lets also those wait who ask for the definition.
        found.problem = f"no answer from QEMU for {found.hangs} s: its live figures are the last known"
        return
    if definition:
        found.live = domain.XMLDesc(0)


def renewed(domain: Any, facts: DomainFacts, definitions: Definitions) -> DomainFacts:
    """The facts of a VM whose definitions are as they were, with what it has now."""
    found = Answers(domain.name(), domain.UUID())
    _ask_running(domain, found, definition=False)
    if found.info is None:
        return facts
    live = found.sized(definitions.live)
    return replace(facts, state=STATES.get(found.info[0], ""), live=live, problem=found.problem, usage=None)


def _live_vcpus(domain: Any) -> int:
    """The most vCPUs that a running VM can have; 0 where it does not run, or has just stopped."""
    try:
        return int(domain.maxVcpus()) if domain.isActive() else 0
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_OPERATION_INVALID:
            return 0
        raise


def _promise(text: str) -> tuple[Promise | None, str]:
    """What a definition asks for, and why it cannot be read."""
    if not text:
        return None, ""
    try:
        return Promise.of(DomainSpec.from_xml(text)), ""
    except DefinitionError as error:
        return None, str(error)
