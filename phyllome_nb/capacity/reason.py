"""Reason: one thing that speaks against a VM on a host."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Reason", "Severity"]

Severity = Literal["refused", "policy", "unknown"]
"""libvirt or QEMU would refuse it; the policy does not want it; the facts do not tell."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks against it, in a sentence, with its numbers where it has any."""

    what: str
    """vcpus, memory, hugepages 2 MiB, machine, network, …"""
    severity: Severity
    why: str
    cell: int | None = None
    needed: float | None = None
    available: float | None = None
    unit: str = ""
    decides: bool = True
    """Whether it keeps the VM off the host; otherwise only from lying wholly in that cell, or it is a detail of the
    emulator's that is not known."""
