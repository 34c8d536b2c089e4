"""Resources: how much memory and how many vCPUs a guest gets, and from where on the host."""

import re
from collections.abc import Sequence

from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import DefinitionError
from phyllome_nb.profiles.setting import Setting, Settings
from phyllome_nb.size import Size

__all__ = ["SHARED", "amounts", "huge_pages", "pinned"]

CPUS = re.compile(r"[0-9]+(-[0-9]+)?(,\^?[0-9]+(-[0-9]+)?)*")
SHARED: Settings = (
    Setting(
        "memory",
        {"source": "memfd", "access": "shared"},
        "A directory can be shared by virtiofs later; the host cannot merge such memory with that of other guests.",
    ),
)


def amounts(memory: Size | str, vcpus: int) -> Settings:
    """So much memory, so many vCPUs.

    Examples
    --------
    >>> [setting.value for setting in amounts("4 GiB", 2)[:2]]
    ['4 GiB', 2]
    """
    return (
        Setting("memory.maximum", memory, "It is what you asked for, or else the profile's own amount."),
        Setting("vcpus.maximum", vcpus, "It is what you asked for, or else the profile's own number."),
        Setting("vcpus.placement", "static", "The host's scheduler places them; nothing else need be installed."),
        Setting(
            "cpu.topology",
            {"sockets": 1, "dies": 1, "cores": vcpus, "threads": 1},
            "All are cores of one socket, since some systems and licences use no more than one or two sockets.",
        ),
    )


def huge_pages(memory: Size | str, page: Size | str | None) -> Settings:
    """Memory in huge pages of the host; with None in ordinary ones, taken all at once.

    Raises
    ------
    DefinitionError
        If the memory is no multiple of the page.

    Examples
    --------
    >>> huge_pages("3 MiB", "2 MiB")
    Traceback (most recent call last):
    ...
    phyllome_nb.errors.DefinitionError: 3 MiB is no multiple of huge pages of 2 MiB: give the VM ...
    """
    at_once = Setting("memory.allocation", "immediate", "All memory is there at start; none is waited for later.")
    if page is None:
        alone = "The host never merges its pages with those of other guests, which would have to be parted again."
        return (at_once, Setting("memory.nosharepages", True, alone))
    asked, step = Size(memory), Size(page)
    if step <= 0 or asked % step:
        raise DefinitionError(
            f"{asked} is no multiple of huge pages of {step}: give the VM as much memory as whole pages hold."
        )
    why = "Addresses are found with fewer steps, and such memory is never swapped; the host must have set it aside."
    return (at_once, Setting("memory.pages", {"size": step}, why))


def pinned(vcpus: int, pins: Sequence[int | str] | None, emulator: int | str, node: int | None) -> Settings:
    """Each vCPU on a host CPU of its own, the emulator's threads elsewhere.

    Parameters
    ----------
    vcpus : int
        How many vCPUs there are.
    pins : sequence of int or str, optional
        For each vCPU the host CPU; left out, the host's CPUs from 1 on.
    emulator : int or str
        The host CPUs for everything but the vCPUs.
    node : int, optional
        The host's NUMA node from which all memory comes.

    Raises
    ------
    DefinitionError
        If the pins do not fit the vCPUs.

    Examples
    --------
    >>> pinned(2, (4,), 0, None)
    Traceback (most recent call last):
    ...
    phyllome_nb.errors.DefinitionError: pins: 1 host CPU is named for 2 vCPUs: name one for each vCPU.
    """
    count = _count(vcpus)
    cpus = [str(cpu) for cpu in (range(1, count + 1) if pins is None else _listed(pins))]
    for whose, cpu in [*(("pins", cpu) for cpu in cpus), ("emulator", str(emulator))]:
        if not CPUS.fullmatch(cpu):
            raise DefinitionError(f"{whose}: {cpu!r} names no host CPU: write its number, or a text such as '2-3'.")
    if len(cpus) != count:
        named = "1 host CPU is named" if len(cpus) == 1 else f"{len(cpus)} host CPUs are named"
        raise DefinitionError(f"pins: {named} for {count} vCPUs: name one for each vCPU.")
    if twice := next((cpu for cpu in cpus if cpus.count(cpu) > 1), None):
        raise DefinitionError(f"pins: host CPU {twice} is named twice: no two vCPUs can have it for themselves.")
    why = "It has that host CPU for itself, as long as nothing else is put there."
    if pins is None:
        why = f"{why} Which one is a guess: name CPUs of one NUMA node that the host keeps free."
    elsewhere = "What QEMU does beside the vCPUs stays away from their CPUs."
    return (
        *(Setting("cputune.vcpupins", {"vcpu": vcpu, "cpuset": cpu}, why) for vcpu, cpu in enumerate(cpus)),
        Setting("cputune.emulatorpin", str(emulator), elsewhere),
        Setting("iothreads.count", 1, "The disk has a thread of its own and waits for nothing else in QEMU."),
        Setting("cputune.iothreadpins", {"iothread": 1, "cpuset": str(emulator)}, elsewhere),
        *_memory_of(node),
    )


def _memory_of(node: object) -> Settings:
    if node is None:
        return ()
    if isinstance(node, bool) or not isinstance(node, int) or node < 0:
        raise DefinitionError(f"node: {node!r} is no NUMA node of a host: write its number, such as 0.")
    near = "All memory is beside the CPUs that use it; the VM does not start if it does not fit there."
    return (Setting("numatune.memory", {"mode": "strict", "nodeset": str(node)}, near),)


def _listed(pins: Sequence[int | str]) -> Sequence[int | str]:
    if isinstance(pins, str) or not isinstance(pins, Sequence):
        raise DefinitionError(f"pins: {pins!r} is no list: name a host CPU for each vCPU, such as (2, 3).")
    return pins


def _count(vcpus: int) -> int:
    """The number as its field reads it; the field's own error where it cannot."""
    spec = DomainSpec()
    spec.vcpus.maximum = vcpus
    return spec.vcpus.maximum
