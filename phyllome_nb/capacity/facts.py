"""What a host has beyond its totals: NUMA cells, page pools, devices, networks, and what its hypervisors can do."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from phyllome_nb.size import Size

__all__ = [
    "Cache",
    "Cell",
    "Claims",
    "DomainCapabilities",
    "Guest",
    "HostDevice",
    "LogicalCpu",
    "MdevType",
    "Network",
    "PagePool",
    "Pool",
    "Reading",
]

SMALLEST_HUGE = Size("64 KiB")
"""Above the largest page that kernels use for everything: 4 KiB, or 64 KiB on some ARM and POWER hosts."""


@dataclass(frozen=True, slots=True)
class PagePool:
    """The pages of one size in one NUMA cell."""

    size: Size
    total: int
    free: int | None = None
    """Pages that nobody uses now; None where the host was not asked."""

    @property
    def is_huge(self) -> bool:
        """Whether its memory was set aside for VMs that ask for pages of that size."""
        return self.size > SMALLEST_HUGE


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
class Cache:
    """A cache of the host's (``/capabilities/host/cache/bank``)."""

    level: int
    id: int
    kind: str
    """both, code or data."""
    size: Size
    cpus: frozenset[int]


@dataclass(frozen=True, slots=True)
class Cell:
    """A NUMA cell (``/capabilities/host/topology/cells/cell``)."""

    id: int
    memory: Size
    """Nothing for a cell that has none."""
    cpus: tuple[LogicalCpu, ...] = ()
    """Those that are offline included; none for a cell of memory only."""
    pages: tuple[PagePool, ...] = ()
    distances: Mapping[int, int] = field(default_factory=dict)
    """To each cell by its number: 10 is the cell itself, 20 twice as far."""
    free: Size | None = None
    """Memory that nobody uses at that moment (``virNodeGetCellsFreeMemory``)."""


@dataclass(frozen=True, slots=True)
class Guest:
    """A kind of machine that an emulator of the host offers (``/capabilities/guest/arch``)."""

    arch: str
    emulator: str
    types: frozenset[str]
    """kvm, qemu, …"""
    machines: frozenset[str]


@dataclass(frozen=True, slots=True)
class MdevType:
    """A kind of mediated device that a device can be divided into."""

    id: str
    name: str = ""
    available: int | None = None
    """How many more of them can be made."""


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
    vendor: str = ""
    physical: str = ""
    """SR-IOV: the address of the device whose virtual function it is."""
    virtual: tuple[str, ...] = ()
    """SR-IOV: the addresses of its virtual functions."""
    virtual_most: int | None = None
    """SR-IOV: how many virtual functions it can have; None where it can have none."""
    mdev_types: tuple[MdevType, ...] = ()
    parent: str = ""
    """The node device it hangs on; for a mediated device the one it is part of."""

    @property
    def is_gpu(self) -> bool:
        """Whether it is a display controller (PCI class 03)."""
        return self.device_class.lower().removeprefix("0x").startswith("03")


@dataclass(frozen=True, slots=True)
class Pool:
    """A storage pool."""

    name: str
    active: bool
    autostart: bool | None = None
    type: str = ""
    path: str = ""
    capacity: Size | None = None
    """None where the pool is not active, as for the next two."""
    allocation: Size | None = None
    available: Size | None = None


@dataclass(frozen=True, slots=True)
class Network:
    """A virtual network."""

    name: str
    active: bool
    autostart: bool | None = None
    bridge: str = ""
    forward: str = ""
    """nat, route, bridge, …; empty where it leads nowhere else."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one source says of one figure of a host."""

    figure: str
    """The figure's name, as `HostFacts` has it."""
    value: int | str
    unit: str
    """B for memory; empty for a number of things."""
    source: str
    """The call of libvirt's, as libvirt-python names it, or the document."""


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
