"""Promise: what a definition asks of a host."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from phyllome_nb.capacity.claims import cpu_set, device_address
from phyllome_nb.domain.devices.disk import Disk
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.size import Size
from phyllome_nb.xml.reading import reading

__all__ = ["DiskFacts", "InterfaceFacts", "MemoryShare", "Promise"]

BINDING = {"strict", "restrictive", "interleave"}
"""The modes of numatune that keep memory on the nodes named; preferred only asks for them."""
UNSET = Size(0)


@dataclass(frozen=True, slots=True)
class MemoryShare:
    """A part of a VM's memory that is backed in one way: all of it, or that of some of its NUMA cells."""

    memory: Size
    nodes: frozenset[int] | None = None
    """The host's cells that it is bound to; None where it may lie anywhere."""
    page: Size | None = None
    """The size of its huge pages, 0 for the host's default; None for ordinary memory."""
    mode: str = ""
    """numatune's mode where one is given: strict, interleave, preferred, restrictive."""


@dataclass(frozen=True, slots=True)
class DiskFacts:
    """A disk of a VM's, as its definition says."""

    target: str
    bus: str
    device: str
    """disk, cdrom, lun or floppy."""
    type: str
    """file, block, volume, network, …"""
    source: str
    """A path, ``pool/volume``, or ``protocol:name``; empty for an empty drive."""
    format: str = ""
    cache: str = ""
    readonly: bool = False
    shareable: bool = False


@dataclass(frozen=True, slots=True)
class InterfaceFacts:
    """A network interface of a VM's, as its definition says."""

    mac: str
    type: str
    source: str
    """The network, bridge or device that it is plugged into."""
    model: str = ""
    link: str = ""
    """down where its cable is unplugged."""
    target: str = ""
    """The host's end of it while the VM runs."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What a host has promised one VM."""

    vcpus: int
    vcpus_max: int
    memory: Size
    """What the balloon leaves it."""
    memory_max: Size
    """DIMMs and virtio-mem devices included, as libvirt counts them."""
    affinity: Mapping[int, frozenset[int]] = field(default_factory=dict)
    """The host CPUs that a vCPU may run on, by its number; those without an entry may run on all."""
    shares: tuple[MemoryShare, ...] = ()
    """Where its memory lies; nothing where it is ordinary memory that may lie anywhere."""
    offline: frozenset[int] = frozenset()
    """The vCPUs that are not plugged in, where the definition says which."""
    emulator: frozenset[int] | None = None
    """The host CPUs that the emulator's threads may run on; None for those that `anywhere` says, or all."""
    iothread_affinity: Mapping[int, frozenset[int]] = field(default_factory=dict)
    iothreads: int = 0
    graphics: int = field(default=0, compare=False)
    video: Size = field(default=UNSET, compare=False)
    """Memory of its graphics cards (``ram`` and ``vram``)."""
    vfio: int = 0
    """PCI and mediated devices of the host's that are handed over: while it runs, all its memory is locked."""
    locked: bool = False
    """Whether the definition locks its memory into the host's RAM."""
    tpm: bool = False
    sev: bool = False
    balloon: bool = field(default=True, compare=False)
    arch: str = field(default="", compare=False)
    machine: str = field(default="", compare=False)
    firmware: str = field(default="", compare=False)
    """efi or bios."""
    kind: str = field(default="", compare=False)
    """The hypervisor: kvm, qemu, …"""
    cpu: str = field(default="", compare=False)
    """The CPU mode, and the model where one is named: ``custom Skylake-Client``."""
    os: str = field(default="", compare=False)
    """libosinfo's address of the guest's system."""
    title: str = field(default="", compare=False)
    description: str = field(default="", compare=False)
    disks: tuple[DiskFacts, ...] = field(default=(), compare=False)
    interfaces: tuple[InterfaceFacts, ...] = field(default=(), compare=False)
    devices: tuple[str, ...] = field(default=(), compare=False)
    """The addresses of the host devices that it is given."""

    @property
    def dedicated(self) -> dict[int, int]:
        """The vCPUs that may run on one host CPU only, and on which."""
        return {vcpu: min(cpus) for vcpu, cpus in self.affinity.items() if len(cpus) == 1}

    @property
    def plugged(self) -> list[int]:
        """The numbers of the vCPUs that are plugged in."""
        return [vcpu for vcpu in range(self.vcpus_max) if vcpu not in self.offline][: self.vcpus]

    @property
    def memory_shares(self) -> tuple[MemoryShare, ...]:
        """Where its memory lies, all of it."""
        return self.shares or (MemoryShare(self.memory_max),)

    @property
    def huge(self) -> Size:
        """How much of its memory is huge pages."""
        return Size(sum(share.memory for share in self.shares if share.page is not None))

    @classmethod
    def of(cls, spec: DomainSpec) -> Self:
        """What a definition asks for.

        Where it has NUMA cells their sum is the memory, with memory devices added, as libvirt does it.

        Raises
        ------
        FieldError
            If one of its numbers of vCPUs or amounts of memory cannot be read.

        Examples
        --------
        >>> spec = DomainSpec("web")
        >>> spec.memory.maximum, spec.memory.current, spec.vcpus.maximum = "4 GiB", "1 GiB", 2
        >>> asked = Promise.of(spec)
        >>> asked.vcpus, asked.vcpus_max, asked.memory, asked.memory_max
        (2, 2, Size('1 GiB'), Size('4 GiB'))
        """
        most = _memory(spec)
        read = reading(spec)
        vcpus, devices = spec.vcpus, read.devices
        current = min(spec.memory.current or most, most)
        video = sum((each.ram or 0) + (each.vram or 0) for each in devices.videos)
        given = [*spec.devices.hostdevs, *spec.devices.interfaces]
        return cls(
            vcpus.current or vcpus.maximum,
            vcpus.maximum,
            current,
            most,
            affinity=_affinity(read, vcpus.maximum),
            shares=tuple(_shares(read, most)),
            offline=frozenset(each.id for each in read.vcpus.vcpus if each.enabled is False and each.id is not None),
            emulator=_cpus(read.cputune.emulatorpin),
            iothread_affinity=_pinned((pin.iothread, pin.cpuset) for pin in read.cputune.iothreadpins),
            iothreads=max(read.iothreads.count or 0, len(read.iothreads.iothreadids)),
            graphics=len(devices.graphics),
            video=Size(video, "KiB"),
            vfio=sum(each.type in {"pci", "mdev"} for each in devices.hostdevs)
            + sum(each.type == "hostdev" for each in devices.interfaces),
            locked=bool(read.memory.locked),
            tpm=bool(devices.tpms),
            sev=bool(read.launch_security.type),
            balloon=devices.memballoon.model != "none",
            arch=read.os.arch or "",
            machine=read.os.machine or "",
            firmware="efi" if read.os.firmware == "efi" or read.os.loader_type == "pflash" else "bios",
            kind=read.type or "",
            cpu=" ".join(filter(None, (read.cpu.mode, read.cpu.model))),
            os=read.metadata.os or "",
            title=read.title or "",
            description=read.description or "",
            disks=tuple(map(_disk, devices.disks)),
            interfaces=tuple(
                InterfaceFacts(
                    (each.mac or "").lower(),
                    each.type or "",
                    each.network or each.bridge or each.source.dev or "",
                    each.model or "",
                    each.link or "",
                    each.target or "",
                )
                for each in devices.interfaces
            ),
            devices=tuple(filter(None, map(device_address, given))),
        )


def _memory(spec: DomainSpec) -> Size:
    """All the memory it can use: libvirt sums up cells and devices where there are cells."""
    cells = spec.cpu.numa.cells
    if not len(cells):
        return spec.memory.maximum
    own = [cell.memory or UNSET for cell in cells]
    return Size(sum(own) + sum(device.size or 0 for device in spec.devices.memories))


def _cpus(text: str | None) -> frozenset[int] | None:
    """A list of CPUs; None where there is none that can be read."""
    try:
        return cpu_set(text) if text else None
    except ValueError:
        return None


def _pinned(pins: Iterator[tuple[int | None, str | None]]) -> dict[int, frozenset[int]]:
    return {number: cpus for number, text in pins if number is not None and (cpus := _cpus(text))}


def _affinity(read: DomainSpec, most: int) -> dict[int, frozenset[int]]:
    """Where each vCPU may run: what its own pin says, else what the definition says for all."""
    own = _pinned((pin.vcpu, pin.cpuset) for pin in read.cputune.vcpupins)
    all_of_them = _cpus(read.vcpus.cpuset)
    rest = dict.fromkeys(range(most), all_of_them) if all_of_them else {}
    return {vcpu: cpus for vcpu, cpus in sorted({**rest, **own}.items()) if vcpu < most}


def _shares(read: DomainSpec, most: Size) -> Iterator[MemoryShare]:
    """Where the memory lies, cell by cell; nothing where it is ordinary memory that may lie anywhere."""
    whole = read.numatune.memory
    bound = {node.cellid: (_cpus(node.nodeset), node.mode) for node in read.numatune.memnodes}
    everywhere = (_cpus(whole.nodeset) if whole.placement != "auto" else None, whole.mode)
    if not (bound or everywhere[0] or read.memory.hugepages or read.devices.memories):
        return
    cells = [(cell.id, cell.memory or UNSET) for cell in read.cpu.numa.cells]
    for number, memory in cells or [(None, most)]:
        nodes, mode = bound.get(number, everywhere)
        yield _share(memory, nodes, mode, _page(read, number))
    if cells:
        for device in read.devices.memories:
            nodes, mode = _cpus(device.source.nodemask), "strict"
            if nodes is None:
                nodes, mode = bound.get(device.node, everywhere)
            page = device.source.pagesize or (None if device.model == "nvdimm" else _page(read, device.node))
            yield _share(device.size or UNSET, nodes, mode, page)


def _share(memory: Size, nodes: frozenset[int] | None, mode: str | None, page: Size | None) -> MemoryShare:
    named = (mode or "strict") if nodes else ""
    return MemoryShare(memory, nodes if named in BINDING else None, page, named)


def _page(read: DomainSpec, cell: int | None) -> Size | None:
    """The size of the huge pages behind a cell of the guest's; 0 for the host's default, None for none."""
    if not read.memory.hugepages:
        return None
    pages = read.memory.pages
    for page in pages:
        if page.nodeset and (cell or 0) in (_cpus(page.nodeset) or ()):
            return page.size or UNSET
    others = [page.size or UNSET for page in pages if not page.nodeset]
    if others:
        return others[0]
    return None if pages else UNSET


def _disk(disk: Disk) -> DiskFacts:
    source = disk.source
    named = disk.file or disk.dev or ""
    if not named and disk.type == "volume":
        named = f"{source.pool or ''}/{source.volume or ''}"
    elif not named and disk.type == "network":
        named = f"{source.protocol or ''}:{source.name or ''}"
    return DiskFacts(
        disk.target or "",
        disk.bus or "",
        disk.device or "disk",
        disk.type or "",
        named or source.dir or "",
        disk.format or "",
        disk.cache or "",
        bool(disk.readonly),
        bool(disk.shareable),
    )
