"""Case: a definition, and the host against which rules look at it."""

import re
from functools import cached_property
from itertools import count, islice
from string import ascii_lowercase

from phyllome_nb.capacity.addresses import device_address
from phyllome_nb.capacity.claims import Others
from phyllome_nb.capacity.facts import DomainCapabilities
from phyllome_nb.capacity.machines import family, offered
from phyllome_nb.capacity.snapshot import HostFacts, Snapshot
from phyllome_nb.domain.devices.hostdev import Hostdev
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.size import Size
from phyllome_nb.xml.part import Part
from phyllome_nb.xml.reading import raw, reading

__all__ = ["Case", "Version", "family", "version"]

Version = tuple[int, ...]

WINDOWS = "microsoft.com/win"
MOST = 4096
"""As many I/O threads as anybody has."""


class Case:
    """What the rules look at: one definition, read once, and what is known of a host.

    Parameters
    ----------
    spec : DomainSpec
        The definition; it must not change while the case is in use.
    snapshot : Snapshot, optional
        The host. Rules that need one say nothing where there is none.
    """

    def __init__(self, spec: DomainSpec, snapshot: Snapshot | None = None) -> None:
        self.original = spec
        self.spec = reading(spec)
        """For reading only. A value that cannot be read is None; lists are tuples."""
        self.snapshot = snapshot

    @property
    def host(self) -> HostFacts | None:
        """What the host has."""
        return None if self.snapshot is None else self.snapshot.host

    @cached_property
    def others(self) -> Others | None:
        """The host's VMs without the one that is defined here, which has its uuid; None without a host."""
        return None if self.snapshot is None else self.snapshot.others(self.spec.uuid)

    @cached_property
    def libvirt(self) -> Version | None:
        """The host's libvirt, as (9, 0, 0); None where it is unknown or no QEMU driver."""
        return version(self.host.libvirt) if self.host and self.host.hypervisor.startswith("QEMU") else None

    def before(self, *later: int) -> bool:
        """Whether the host's libvirt is older than a version, or unknown."""
        return self.libvirt is None or self.libvirt < later

    @property
    def libvirt_name(self) -> str:
        """The host's libvirt for a sentence."""
        return self.host.libvirt if self.host else ""

    @property
    def host_name(self) -> str:
        """The host for a sentence."""
        return self.host.name if self.host else "the host"

    @staticmethod
    def raw_number(part: Part, field: str) -> int | None:
        """A number as it stands in the document, also where the field refuses it; None where it is none."""
        text = (raw(part, field) or "").strip()
        return int(text) if re.fullmatch("[+-]?[0-9]{1,18}", text) else None

    def raw_text(self, field: str) -> str | None:
        """A text of the definition itself as it stands in the document."""
        return raw(self.spec, field)

    def free_target(self, prefix: str) -> str:
        """A name for a disk that no other has: ``sda``."""
        taken = {disk.target for disk in self.spec.devices.disks}
        letters = [*ascii_lowercase, *(f"{first}{last}" for first in ascii_lowercase for last in ascii_lowercase)]
        return next((name for letter in letters if (name := f"{prefix}{letter}") not in taken), f"{prefix}aaa")

    @cached_property
    def qemu(self) -> Version | None:
        """The host's QEMU, as (7, 2, 22); None where it is unknown."""
        kind, _, number = (self.host.hypervisor if self.host else "").partition(" ")
        return version(number) if kind == "QEMU" else None

    @cached_property
    def arch(self) -> str:
        """The guest's architecture; the host's where the definition names none; else empty."""
        return self.spec.os.arch or (self.host.arch if self.host else "")

    @cached_property
    def is_x86(self) -> bool:
        """Whether the guest is an x86 machine; so are most that do not say."""
        return self.arch in {"", "x86_64", "i686"}

    @cached_property
    def machine(self) -> str:
        """The chipset without its version: q35, pc, microvm, virt, …; what libvirt takes where none is named."""
        named = self.spec.os.machine
        return family(named) if named else "pc" if self.is_x86 else ""

    @cached_property
    def is_qemu(self) -> bool:
        """Whether libvirt's QEMU driver runs it."""
        return self.spec.type in {"kvm", "qemu", "hvf"}

    @cached_property
    def is_windows(self) -> bool:
        """Whether the definition says that the guest is a Windows."""
        return WINDOWS in (self.spec.metadata.os or "")

    @cached_property
    def windows(self) -> str:
        """Which Windows, as libosinfo numbers it: ``10``, ``11``, ``2k22``; empty for any other guest."""
        return (self.spec.metadata.os or "").rpartition(f"{WINDOWS}/")[2] if self.is_windows else ""

    @cached_property
    def memory(self) -> Size:
        """The memory the guest boots with: that of its cells, where it has any, as libvirt sums them up."""
        cells = self.spec.cpu.numa.cells
        if cells and self.is_qemu:
            return Size(sum(cell.memory or 0 for cell in cells))
        return self.spec.memory.maximum or Size(0)

    @cached_property
    def is_shared(self) -> bool:
        """Whether other processes may map all of the guest's memory."""
        backing, cells = self.spec.memory, self.spec.cpu.numa.cells
        return backing.access == "shared" or (bool(cells) and all(cell.mem_access == "shared" for cell in cells))

    @cached_property
    def has_vfio(self) -> bool:
        """Whether a PCI device or a mediated one of the host is handed over."""
        return any(device.type in {"pci", "mdev"} for device in self.spec.devices.hostdevs) or any(
            interface.type == "hostdev" for interface in self.spec.devices.interfaces
        )

    @cached_property
    def iothreads(self) -> frozenset[int]:
        """The numbers of the I/O threads: those that are named, and as many more as are counted."""
        given = self.spec.iothreads
        named = [thread.id for thread in given.iothreadids if thread.id is not None]
        free = (number for number in count(1) if number not in named)
        return frozenset([*named, *islice(free, max(min(given.count or 0, MOST) - len(named), 0))])

    @staticmethod
    def address_of(device: Hostdev) -> str | None:
        """How the host calls a device that is handed over."""
        return device_address(device)

    @cached_property
    def capabilities(self) -> DomainCapabilities | None:
        """What the host's emulator offers for this kind of machine; None where that is unknown."""
        if self.host is None or self.spec.type is None:
            return None
        return offered(self.host, self.spec.type, self.arch, self.machine, self.spec.devices.emulator)


def version(text: str) -> Version | None:
    """A version as numbers; None where it is none.

    Examples
    --------
    >>> version("9.0.0") < version("10.1")
    True
    """
    numbers = text.split(".")
    return tuple(map(int, numbers)) if all(number.isdecimal() for number in numbers) else None
