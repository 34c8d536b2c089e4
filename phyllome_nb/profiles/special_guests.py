"""Guests with a part of the host for themselves: CPUs and memory, or a graphics card."""

import re
from collections.abc import Sequence

from phyllome_nb.errors import DefinitionError
from phyllome_nb.profiles import devices
from phyllome_nb.profiles import preferences as prefer
from phyllome_nb.profiles.linux_guests import DESK
from phyllome_nb.profiles.resources import amounts, huge_pages, pinned
from phyllome_nb.profiles.setting import Setting, Settings, profile
from phyllome_nb.size import Size

__all__ = ["gpu_passthrough", "low_latency"]

UNDISTURBED: Settings = (
    Setting(
        "features.pmu", False, "Nothing in it counts the processor's events, and switching the counters takes time."
    ),
    Setting("features.vmport", False, "It is VMware's port, which no Linux needs."),
    Setting(
        "clock.timers", {"name": "hpet", "present": False}, "One source of interrupts less; Linux has better clocks."
    ),
)
ALONE: Settings = (
    Setting("cpu.migratable", False, "The guest may have what cannot move, such as the steady time stamp counter."),
    Setting(
        "cpu.cache.mode", "passthrough", "The guest sees the host's caches, so that its scheduler can plan for them."
    ),
    Setting(
        "features.kvm",
        {"hint_dedicated": True, "poll_control": True},
        "The guest knows that its CPUs are its own, and waits awake instead of giving them up.",
    ),
)
ADDRESS = re.compile(r"(?:([0-9a-f]{4}):)?([0-9a-f]{2}):([01][0-9a-f])\.([0-7])", re.IGNORECASE)


@profile
def low_latency(
    name: str = "low-latency",
    memory: Size | str = "2 GiB",
    vcpus: int = 2,
    *,
    disk: str | None = None,
    network: str | None = "default",
    type: str = "kvm",  # noqa: A002  (libvirt's name)
    session: bool = False,
    pins: Sequence[int | str] | None = None,
    emulator: int | str = 0,
    node: int | None = None,
    page: Size | str | None = "2 MiB",
) -> Settings:
    """A virtual machine for Linux that answers in steady time: pinned vCPUs, huge pages, few devices.

    Its other parameters are those of `linux`.

    Parameters
    ----------
    pins : sequence of int or str, optional
        The host's CPU for each vCPU, such as ``(2, 3)``: best cores of one NUMA node that the host keeps free
        (``isolcpus``). Left out, they are the host's CPUs from 1 on, which is a guess.
    emulator : int or str
        The host's CPUs for all other threads of QEMU, such as ``"0-1"``.
    node : int, optional
        The host's NUMA node from which all memory comes: that of the pins.
    page : Size or str, optional
        The size of the host's huge pages. With None ordinary ones, as in a session, which has no right to huge ones.

    Raises
    ------
    DefinitionError
        If one of the values cannot be used.

    Examples
    --------
    >>> spec = low_latency(name="audio", vcpus=2, pins=(2, 3), emulator="0-1")
    >>> [(pin.vcpu, pin.cpuset) for pin in spec.cputune.vcpupins], spec.cputune.emulatorpin
    ([(0, '2'), (1, '3')], '0-1')
    """
    return (
        *prefer.identity(name, type),
        *amounts(memory, vcpus),
        *huge_pages(memory, None if session else page),
        *pinned(vcpus, pins, emulator, node),
        *prefer.Q35,
        *prefer.BIOS,
        *prefer.boot(),
        *prefer.processor(type, "host-passthrough"),
        *(ALONE if type == "kvm" else ()),
        *UNDISTURBED,
        *prefer.UTC,
        *prefer.POWER,
        *devices.disk(disk, more={"driver_options.iothread": 1}),
        *devices.network(network, session=session),
        *devices.CONSOLE,
        *devices.AGENT,
        *devices.NO_USB,
        *devices.no_balloon("Memory that is taken back would have to be found again."),
        *devices.ENTROPY,
    )


@profile
def gpu_passthrough(
    name: str = "gpu",
    memory: Size | str = "8 GiB",
    vcpus: int = 4,
    *,
    disk: str | None = None,
    network: str | None = "default",
    type: str = "kvm",  # noqa: A002
    session: bool = False,
    cdrom: str | None = None,
    pci: str | Sequence[str] = (),
) -> Settings:
    """A virtual machine for Linux with a graphics card of the host, which needs an IOMMU.

    Its other parameters are those of `linux`. All its memory is the host's for as long as it runs.

    Parameters
    ----------
    pci : str or sequence of str
        The card's address as ``lspci -D`` shows it, such as ``"0000:01:00.0"``; the addresses of all of its
        functions, such as the one for sound, where it has several. Left out, the VM has all but the card.

    Raises
    ------
    DefinitionError
        If one of the values cannot be used, or it is asked for a session, which cannot give it a card.

    Examples
    --------
    >>> spec = gpu_passthrough(name="render", pci=("0000:01:00.0", "0000:01:00.1"))
    >>> [hostdev.source.address.function for hostdev in spec.devices.hostdevs]
    [0, 1]
    """
    if session:
        raise DefinitionError("session: only the system's libvirt can hand a card over: leave session out.")
    return (
        *prefer.identity(name, type),
        *amounts(memory, vcpus),
        *prefer.Q35,
        *prefer.UEFI,
        *prefer.UNSIGNED,
        *prefer.boot(cdrom),
        *prefer.processor(type, "host-passthrough"),
        *prefer.UTC,
        *prefer.POWER,
        *devices.disk(disk),
        *devices.cdrom(cdrom),
        *devices.network(network, session=session),
        *DESK,
        *(_card(address) for address in ((pci,) if isinstance(pci, str) else pci)),
        *devices.no_balloon("The card may write anywhere in the guest's memory, so that none can be taken back."),
    )


def _card(address: object) -> Setting:
    found = ADDRESS.fullmatch(address) if isinstance(address, str) else None
    if found is None:
        raise DefinitionError(f"pci: {address!r} is no PCI address: write it as lspci -D does, such as '0000:01:00.0'.")
    domain, bus, slot, function = (f"0x{part or '0000'}" for part in found.groups())
    where = {"domain": domain, "bus": bus, "slot": slot, "function": function}
    return Setting(
        "devices.hostdevs",
        {
            "mode": "subsystem",
            "type": "pci",
            "managed": True,
            **{f"source.address.{name}": part for name, part in where.items()},
        },
        "The guest drives it itself; libvirt takes it from the host at start and gives it back at the end.",
    )
