"""Promise: what a definition asks of a host."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from phyllome_nb.capacity.facts import Claims
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.size import Size

__all__ = ["DiskFacts", "InterfaceFacts", "MemoryShare", "Promise"]

UNSET = Size(0)
ALONE = {"disk", "lun"}


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
    transient: bool = False

    @property
    def image(self) -> str:
        """The file or block device that nobody else may write to; empty where there is none."""
        shared = self.readonly or self.shareable or self.transient
        alone = self.device in ALONE and self.type in {"file", "block"} and not shared
        return self.source if alone else ""


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
    cids: frozenset[int] = field(default=frozenset(), compare=False)
    """vsock addresses that it names itself."""
    pinned: frozenset[int] = field(default=frozenset(), compare=False)
    """The host CPUs that single vCPUs are pinned to."""

    @property
    def claims(self) -> Claims:
        """What it takes for itself alone."""
        return Claims(
            macs=frozenset(each.mac for each in self.interfaces if each.mac),
            images=frozenset(filter(None, (each.image for each in self.disks))),
            devices=frozenset(self.devices),
            cpus=self.pinned,
            cids=self.cids,
        )

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
        from phyllome_nb.capacity.definition import asked

        return cls(**asked(spec))
