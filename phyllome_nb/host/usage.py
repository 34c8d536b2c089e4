"""What VMs use: calls that wait for QEMU, and may do so for ever.

They are the last that a snapshot makes: in libvirt 9.0, one that is stuck can hold up others on its connection.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import libvirt

from phyllome_nb.capacity.snapshot import DomainFacts, Usage
from phyllome_nb.errors import NoAnswer
from phyllome_nb.host.deadline import within
from phyllome_nb.host.situation import supported
from phyllome_nb.size import Size

__all__ = ["Used", "disk_sizes", "usage_of", "with_usage"]

PATIENCE = 1
"""Seconds that one VM may take to tell what it uses."""
SIZES = ("capacity", "allocation", "physical")


@dataclass(frozen=True, slots=True)
class Used:
    """What one VM says."""

    usage: Usage | None = None
    blocks: dict[str, Any] = field(default_factory=dict)
    """Sizes of its images, as getAllDomainStats names them."""
    problem: str = ""
    gone: bool = False
    """It has vanished meanwhile."""


def usage_of(domains: Sequence[Any]) -> tuple[list[Used], bool]:
    """What each VM uses, and whether one of them gave no answer.

    The others are then not asked: the next snapshot knows which one it was, and asks them.
    """
    found: list[Used] = []
    stuck = False
    for domain in domains:
        if stuck:
            found.append(Used(problem="what it uses was not asked: another VM gave no answer"))
            continue
        try:
            found.append(within(PATIENCE, lambda asked=domain: _ask(asked), "asking what it uses"))  # type: ignore[misc]
        except NoAnswer:
            stuck = True
            found.append(Used(problem=f"no answer from QEMU for {PATIENCE} s: what it uses is not known"))
    return found, stuck


def _ask(domain: Any) -> Used:
    try:
        return _told(domain)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return Used(gone=True)
        raise


def _told(domain: Any) -> Used:
    stats: dict[str, int] = supported(domain.memoryStats, {}) or {}
    told = supported(lambda: domain.connect().domainListGetStats([domain], libvirt.VIR_DOMAIN_STATS_BLOCK), ())
    blocks = dict(told[0][1]) if told else {}
    if not stats:
        return Used(blocks=blocks)
    size = {key: Size(stats[key], "KiB") for key in ("actual", "rss", "unused", "usable") if key in stats}
    return Used(Usage(size.get("actual"), size.get("rss"), size.get("unused"), size.get("usable")), blocks)


def with_usage(facts: DomainFacts, used: Used) -> DomainFacts:
    """The facts of a VM that runs, with what it uses."""
    live = facts.live
    if live is not None and used.usage and used.usage.balloon is not None:
        # libvirt learns of a balloon's move a moment later than QEMU knows it.
        live = replace(live, memory=used.usage.balloon)
    disks = disk_sizes(used.blocks) or facts.disks
    return replace(facts, live=live, usage=used.usage, problem=facts.problem or used.problem, disks=disks)


def disk_sizes(figures: dict[str, Any]) -> dict[str, tuple[Size | None, Size | None, Size | None]]:
    """The sizes of the images, by the target of the disk."""
    found = {}
    for number in range(int(figures.get("block.count", 0))):
        target = figures.get(f"block.{number}.name")
        sizes = [figures.get(f"block.{number}.{part}") for part in SIZES]
        if target and any(size is not None for size in sizes):
            capacity, allocation, physical = (None if size is None else Size(size) for size in sizes)
            found[str(target)] = capacity, allocation, physical
    return found
