"""Policy: how much of a host may be promised."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from phyllome_nb.capacity.promise import Promise
from phyllome_nb.size import Size

__all__ = ["Overhead", "Policy", "Reservation"]

NONE = Size(0)
ARM = "aarch64"


@dataclass(frozen=True, slots=True)
class Overhead:
    """What the host's hypervisor is reckoned to need for a VM beside the memory of the guest.

    Examples
    --------
    >>> small = Promise(2, 2, Size("4 GiB"), Size("4 GiB"), graphics=1)
    >>> Policy.preset("kubevirt").overhead.of(small), Policy.preset("ovirt_server").overhead.of(small)
    (Size('304 MiB'), Size('88 MiB'))
    """

    fixed: Size = NONE
    share: int = 0
    """One byte for so many of the guest's; 0 for none."""
    vcpu: Size = NONE
    """For each vCPU that the guest can have."""
    iothread: Size = NONE
    """For each I/O thread."""
    graphics: Size = NONE
    """Once, where the guest has a display."""
    video: bool = False
    """Whether the memory of its graphics cards counts."""
    vfio: Size = NONE
    """Once, where a device of the host's is handed over."""
    tpm: Size = NONE
    sev: Size = NONE
    dedicated: Size = NONE
    """Once, where all its vCPUs have a CPU of their own."""
    arm: Size = NONE

    def of(self, promise: Promise) -> Size:
        """The overhead of one VM."""
        # Plain integers: a fleet has tens of thousands of VMs to be summed at once.
        total = int(self.fixed) + int(self.vcpu) * promise.vcpus_max + int(self.iothread) * promise.iothreads
        total += int(promise.memory_max) // self.share if self.share else 0
        total += int(promise.video) if self.video else 0
        total += int(self.graphics) if promise.graphics else 0
        total += int(self.vfio) if promise.vfio else 0
        total += int(self.tpm) if promise.tpm else 0
        total += int(self.sev) if promise.sev else 0
        total += int(self.arm) if promise.arch == ARM else 0
        if self.dedicated and len(promise.dedicated) == promise.vcpus_max:
            total += int(self.dedicated)
        return Size(total)


@dataclass(frozen=True, slots=True)
class Reservation:
    """What is kept for the host itself: on every host, or on the one named, or in one of its cells."""

    memory: Size = NONE
    cpus: int = 0
    pages: Mapping[Size, int] = field(default_factory=dict)
    """Huge pages, by their size."""
    host: str | None = None
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """How much may be promised: ratios, reservations, and what a VM costs beyond what it was promised.

    Start from a preset and change what differs:

    Examples
    --------
    >>> from dataclasses import replace
    >>> nova = Policy.preset("nova")
    >>> nova.cpu_ratio, nova.sources["cpu_ratio"]
    (4.0, 'nova/conf/compute.py: initial_cpu_allocation_ratio')
    >>> replace(nova, cpu_ratio=2.0, reservations=(Reservation(memory=Size("8 GiB")),)).cpu_ratio
    2.0
    """

    name: str = "own"
    cpu_ratio: float | None = 1.0
    """vCPUs that may be promised for each CPU; None for no limit."""
    memory_ratio: float | None = 1.0
    """Bytes that may be promised for each byte; None for no limit. Huge pages are never promised twice."""
    cpus: Literal["threads", "cores"] = "threads"
    """Whether a core with two threads counts as two CPUs."""
    overhead: Overhead = Overhead()
    reservations: tuple[Reservation, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    """Where each number comes from."""
    amount: Literal["maximum", "current"] = "maximum"
    """What of a VM counts where it is asked whether another fits: the most it can have, or what it is to have now."""

    @classmethod
    def preset(cls, name: str) -> "Policy":
        """The defaults of a system that people know: one of `presets`.

        Raises
        ------
        ValueError
            If there is none of that name.
        """
        if name not in PRESETS:
            raise ValueError(f"There is no policy {name!r}: choose one of {', '.join(PRESETS)}.")
        return PRESETS[name]

    @classmethod
    def presets(cls) -> tuple[str, ...]:
        """The names of the presets.

        Examples
        --------
        >>> Policy.presets()
        ('physical', 'nova', 'ovirt_server', 'ovirt_desktop', 'kubevirt', 'harvester', 'proxmox')
        """
        return tuple(PRESETS)

    @classmethod
    def named(cls, policy: "Policy | str | None") -> "Policy":
        """A policy as people give it: itself, the name of a preset, or None for ``physical``."""
        if isinstance(policy, cls):
            return policy
        return cls.preset("physical" if policy is None else str(policy))

    def reserved(self, host: str, cell: int | None = None) -> Reservation:
        """What is kept for a host, all together; of one cell, only what is kept in that cell."""
        own = [each for each in self.reservations if each.host in {None, host}]
        if cell is not None:
            own = [each for each in own if each.cell == cell]
        return _together(own)

    def reserved_anywhere(self, host: str) -> Reservation:
        """What is kept for a host in no cell in particular."""
        return _together([each for each in self.reservations if each.host in {None, host} and each.cell is None])


def _together(reservations: list[Reservation]) -> Reservation:
    pages: dict[Size, int] = {}
    for each in reservations:
        for size, number in each.pages.items():
            pages[size] = pages.get(size, 0) + number
    memory = Size(sum(each.memory for each in reservations))
    return Reservation(memory, sum(each.cpus for each in reservations), pages)


def _mib(number: int) -> Size:
    return Size(number, "MiB")


OVIRT = Overhead(_mib(64), share=512, vcpu=_mib(8), iothread=_mib(8), video=True)
OVIRT_SOURCES = {
    "cpu_ratio": "oVirt has none: a VM may have as many vCPUs as the host has CPUs (CpuPolicyUnit)",
    "cpus": "oVirt clusters, 'count threads as cores' off",
    "overhead": "ovirt-engine VmOverheadCalculatorImpl: RAM/512 + 64 MiB, video RAM, 8 MiB a vCPU and an I/O thread",
    "reservations": "vdsm config: host_mem_reserve 256 MiB + extra_mem_reserve 65 MiB",
}
KUBEVIRT = Overhead(
    # 240 MiB for its own processes, and 8 MiB for I/O threads whether there are any or not.
    _mib(248),
    share=512,
    vcpu=_mib(8),
    graphics=_mib(32),
    vfio=_mib(1024),
    tpm=_mib(53),
    sev=_mib(256),
    dedicated=_mib(100),
    arm=_mib(128),
)
KUBEVIRT_SOURCES = {
    "cpu_ratio": "KubeVirt cpuAllocationRatio 10",
    "memory_ratio": "KubeVirt memoryOvercommit 100 %",
    "overhead": "kubevirt hypervisorbackend.go GetMemoryOverhead",
    "reservations": "what the kubelet keeps is set on each node, not by KubeVirt",
}

PRESETS = {
    policy.name: policy
    for policy in (
        Policy("physical", sources={"cpu_ratio": "every CPU once", "memory_ratio": "every byte once"}),
        Policy(
            "nova",
            4.0,
            1.0,
            reservations=(Reservation(_mib(512)),),
            sources={
                "cpu_ratio": "nova/conf/compute.py: initial_cpu_allocation_ratio",
                "memory_ratio": "nova/conf/compute.py: initial_ram_allocation_ratio",
                "reservations": "nova/conf/compute.py: reserved_host_memory_mb 512",
                "overhead": "nova reckons with none",
            },
        ),
        Policy(
            "ovirt_server",
            None,
            1.5,
            "cores",
            OVIRT,
            (Reservation(_mib(321)),),
            OVIRT_SOURCES | {"memory_ratio": "oVirt cluster, memory optimisation for servers: 150 %"},
        ),
        Policy(
            "ovirt_desktop",
            None,
            2.0,
            "cores",
            OVIRT,
            (Reservation(_mib(321)),),
            OVIRT_SOURCES | {"memory_ratio": "oVirt cluster, memory optimisation for desktops: 200 %"},
        ),
        Policy("kubevirt", 10.0, 1.0, overhead=KUBEVIRT, sources=KUBEVIRT_SOURCES),
        Policy(
            "harvester",
            10.0,
            1.5,
            overhead=KUBEVIRT,
            sources=KUBEVIRT_SOURCES
            | {
                "cpu_ratio": "harvester pkg/settings: overcommit-config cpu 1000 %",
                "memory_ratio": "harvester pkg/settings: overcommit-config memory 150 %",
            },
        ),
        Policy(
            "proxmox",
            None,
            None,
            reservations=(Reservation(_mib(1024)),),
            sources={
                "cpu_ratio": "Proxmox VE has none",
                "memory_ratio": "Proxmox VE has none; it takes memory back by balloon from 80 % of use (pvestatd)",
                "reservations": "Proxmox VE manual, qm.adoc: leave 1 GiB to the host",
                "overhead": "Proxmox VE reckons with none",
            },
        ),
    )
}
