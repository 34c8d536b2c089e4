"""Reading the VMs of a host, without waiting for one that hangs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any
from uuid import UUID

import libvirt

from phyllome_nb.capacity.facts import Claims
from phyllome_nb.capacity.snapshot import DomainFacts, Promise, Usage
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import DefinitionError, NoAnswer
from phyllome_nb.host.deadline import side_by_side, within
from phyllome_nb.host.situation import supported, waiting
from phyllome_nb.size import Size

__all__ = ["STATES", "Answers", "Bulk", "Definitions", "Patience", "answers", "bulk", "in_order", "used"]

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


def in_order(found: Iterable[DomainFacts]) -> tuple[DomainFacts, ...]:
    """VMs by their names."""
    return tuple(sorted(found, key=lambda domain: domain.name))


def answers(asked: Sequence[Any], known: Bulk) -> list["Answers"]:
    """What each VM says, several asked at once where there are many.

    Nothing is done about it here: a thread that computes keeps the answers that have come for others waiting.
    """
    patience = Patience()

    def ask(domain: Any) -> Answers | None:
        return _ask_all(domain, known, patience)

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
    usage: Usage | None = None
    blocks: dict[str, Any] = field(default_factory=dict)
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
        figures = self.blocks or known.stats.get(self.uuid, {})
        state = figures.get("state.state", libvirt.VIR_DOMAIN_SHUTOFF)
        if self.info is not None:
            state, most, current, vcpus = self.info
            # libvirt learns of a balloon's move a moment later than QEMU knows it.
            told = self.usage.balloon if self.usage else None
            memory = Size(current, "KiB") if told is None else told
            sizes: dict[str, Any] = {"vcpus": vcpus, "vcpus_max": self.vcpus_max, "memory": memory}
            sizes["memory_max"] = Size(most, "KiB")
            live = replace(live, **sizes) if live else Promise(**sizes)
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
            usage=self.usage,
            disks=_disks(figures),
        )


def _ask_all(domain: Any, known: Bulk, patience: "Patience") -> Answers | None:
    """Ask for all that `Answers` holds; None where the VM has vanished."""
    found = Answers(domain.name(), domain.UUID())
    try:
        if found.uuid not in known.stats:
            _ask_running(domain, found, patience)
        if found.uuid in known.persistent and not found.hangs:
            found.stored = domain.XMLDesc(STORED)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return None
        raise
    return found


def _ask_running(domain: Any, found: Answers, patience: "Patience") -> None:
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
    found.live = domain.XMLDesc(0)
    found.usage, found.blocks, found.problem = patience.usage(domain)


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


def used(domain: Any, facts: DomainFacts, patience: Patience) -> DomainFacts:
    """The facts of a VM that runs with what it has and uses now; its definitions are as they were."""
    state, most, current, vcpus, _ = domain.info()
    before = facts.live
    if before is None or waiting(domain):
        return facts
    usage, blocks, problem = patience.usage(domain)
    memory = usage.balloon if usage and usage.balloon is not None else Size(current, "KiB")
    live = replace(before, vcpus=vcpus, memory=memory, memory_max=Size(most, "KiB"))
    return replace(
        facts, state=STATES.get(state, str(state)), live=live, usage=usage, problem=problem, disks=_disks(blocks)
    )


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
