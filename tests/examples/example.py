"""How an example is written, and the definitions and hosts from which examples are made."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from phyllome_nb.capacity.facts import Cell, DomainCapabilities, LogicalCpu, PagePool
from phyllome_nb.capacity.snapshot import DomainFacts, HostFacts, Snapshot
from phyllome_nb.rules.rule import Answer
from phyllome_nb.size import Size

__all__ = ["Example", "before_11_3", "cells", "host", "machine"]


@dataclass(frozen=True, slots=True)
class Example:
    """A definition that breaks a rule, and one that does not although it is nearly the same."""

    id: str
    """The rule's."""
    wrong: str
    right: str
    against: Snapshot | None = None
    """The host, where the rule needs one; for a near miss on another host see `right_against`."""
    right_against: Snapshot | None = None
    severity: str = ""
    """Where it differs from the rule's own."""
    libvirt: Answer | None = None
    """What libvirt does with the wrong one, where this example differs from what the rule says; "" is not asked."""
    message: str = ""
    """A piece of what libvirt says when it refuses, so that it refuses for this reason."""
    right_starts: bool = True
    """Whether the near miss is started too, where the wrong one fails at start."""
    versions: Callable[[tuple[int, ...]], bool] = lambda version: True  # noqa: ARG005  (all but a few)
    """For which libvirt this holds, where not for all."""
    system: str = ""
    """A piece of what the system's own libvirt says, where a user's session cannot be asked; it is a private one."""
    alone: bool = False
    """Whether what refuses the wrong one is harmed by it, so that a libvirt of this example's own is asked."""
    note: str = ""
    """Why libvirt is not asked."""


def before_11_3(version: tuple[int, ...]) -> bool:
    """Whether a libvirt is older than 11.3, which was seen to do otherwise."""
    return version < (11, 3)


def machine(
    devices: str = "",
    *,
    top: str = "",
    memory: str = "<memory>65536</memory>",
    vcpu: str = "<vcpu>1</vcpu>",
    os: str = '<os><type arch="x86_64" machine="q35">hvm</type></os>',
    features: str = "<features><acpi/></features>",
    cpu: str = "",
    type: str = "qemu",  # noqa: A002  (libvirt's word)
    name: str = "example",
    attributes: str = "",
) -> str:
    """A small machine that libvirt's QEMU driver defines and starts without privileges, with what is added."""
    return (
        f'<domain type="{type}" {attributes}><name>{name}</name>{memory}{vcpu}{top}{os}{features}{cpu}'
        f"<devices>{devices}</devices></domain>"
    )


def cells(*cpus: int, memory: str = "4 GiB", threads: int = 1, pages: int = 0) -> tuple[Cell, ...]:
    """NUMA cells with so many CPUs each; a core has `threads` of them, which are numbered one after the other."""
    found: list[Cell] = []
    first = 0
    for number, count in enumerate(cpus):
        ids = range(first, first + count)
        first += count
        siblings = {cpu: frozenset(ids[(cpu - ids[0]) // threads * threads :][:threads]) for cpu in ids}
        logical = [LogicalCpu(cpu, number, 0, (cpu - ids[0]) // threads, siblings[cpu]) for cpu in ids]
        pools = (PagePool(Size("4 KiB"), Size(memory) // 4096, 0), PagePool(Size("2 MiB"), pages, pages))
        found.append(Cell(number, Size(memory), tuple(logical), pools))
    return tuple(found)


def host(
    *domains: DomainFacts,
    capabilities: dict[str, Any] | None = None,
    **facts: Any,
) -> Snapshot:
    """The snapshot of a small host with libvirt 9.0 and QEMU 7.2; `facts` replace what it has."""
    offered = DomainCapabilities("/usr/bin/qemu-system-x86_64", "qemu", "x86_64", "pc-q35-7.2", 288)
    plain = HostFacts(
        name="plain",
        uri="qemu:///session",
        cpus=4,
        sockets=1,
        cores=4,
        threads=1,
        nodes=1,
        memory=Size("4 GiB"),
        memory_source="getMemoryStats",
        libvirt="9.0.0",
        hypervisor="QEMU 7.2.22",
        session=True,
        arch="x86_64",
        cpu_vendor="Intel",
        cpu_model="Broadwell",
        cells=cells(4),
        domain_capabilities=(replace(offered, **(capabilities or {})),),
    )
    return Snapshot(replace(plain, **facts), domains, datetime(2026, 1, 1, tzinfo=UTC))
