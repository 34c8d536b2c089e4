"""What a host has beyond its totals: NUMA cells, page pools, devices, networks, and what its hypervisors can do."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from phyllome_nb.size import Size

__all__ = ["Cell", "Claims", "DomainCapabilities", "Guest", "HostDevice", "LogicalCpu", "PagePool"]


@dataclass(frozen=True, slots=True)
class PagePool:
    """The pages of one size in one NUMA cell."""

    size: Size
    total: int
    free: int | None = None
    """Pages that nobody uses now; None where the host was not asked."""


@dataclass(frozen=True, slots=True)
class LogicalCpu:
    """One CPU as the scheduler sees it."""

    id: int
    socket: int | None = None
    die: int | None = None
    core: int | None = None
    siblings: frozenset[int] = frozenset()
    """The CPUs of the same core, this one included."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A NUMA cell (``/capabilities/host/topology/cells/cell``)."""

    id: int
    memory: Size
    cpus: tuple[LogicalCpu, ...] = ()
    pages: tuple[PagePool, ...] = ()


@dataclass(frozen=True, slots=True)
class Guest:
    """A kind of machine that an emulator of the host offers (``/capabilities/guest/arch``)."""

    arch: str
    emulator: str
    types: frozenset[str]
    """kvm, qemu, …"""
    machines: frozenset[str]


@dataclass(frozen=True, slots=True)
class HostDevice:
    """A device of the host that can be given to a VM (``virNodeDevice``)."""

    name: str
    kind: str
    """pci, usb or mdev."""
    address: str
    """PCI: ``0000:01:00.0``. USB: ``001:003``. mdev: its uuid."""
    product: str = ""
    group: int | None = None
    """The IOMMU group of a PCI device: its members can be given to one VM only."""
    node: int | None = None
    driver: str = ""
    device_class: str = ""
    """The PCI class: ``0x030000`` is a VGA controller, ``0x0604`` begins a bridge's."""


@dataclass(frozen=True, slots=True)
class DomainCapabilities:
    """What one emulator offers for one machine (``virConnectGetDomainCapabilities``)."""

    emulator: str
    type: str
    arch: str
    machine: str
    vcpus: int | None = None
    """The most vCPUs that the machine takes."""
    enums: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By place and name, as ``devices/tpm/backendModel`` or ``features/hyperv/features``: the values offered."""
    supported: Mapping[str, bool] = field(default_factory=dict)
    """By place, as ``devices/graphics``, ``cpu/host-passthrough`` or ``memoryBacking``: whether there is any."""
    models: Mapping[str, str] = field(default_factory=dict)
    """The CPU models by name, and whether each is usable: yes, no or unknown."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a VM's definition takes for itself, for the question whether two VMs want the same thing."""

    macs: frozenset[str] = frozenset()
    """In small letters."""
    images: frozenset[str] = frozenset()
    """Files and block devices that it writes to and does not share."""
    devices: frozenset[str] = frozenset()
    """Host devices, as `HostDevice.address`."""
    cpus: frozenset[int] = frozenset()
    """Host CPUs to which its vCPUs are pinned."""
    cids: frozenset[int] = frozenset()
    """vsock addresses that it names itself."""
