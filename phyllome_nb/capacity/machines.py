"""Which of a host's emulators a definition is for, and what that one offers."""

from phyllome_nb.capacity.facts import DomainCapabilities
from phyllome_nb.capacity.snapshot import HostFacts

__all__ = ["family", "offered"]


def family(machine: str) -> str:
    """A machine's chipset, without its version.

    Examples
    --------
    >>> family("pc-q35-7.2"), family("pc-i440fx-7.2"), family("virt-7.2")
    ('q35', 'pc', 'virt')
    """
    if "q35" in machine:
        return "q35"
    return "pc" if machine.startswith("pc-") else machine.partition("-")[0] if machine.startswith("virt-") else machine


def offered(host: HostFacts, kind: str, arch: str, machine: str, emulator: str | None) -> DomainCapabilities | None:
    """What the host's emulator offers for such a machine; None where that is unknown.

    Parameters
    ----------
    host : HostFacts
    kind : str
        kvm or qemu.
    arch : str
    machine : str
        The machine, or its family.
    emulator : str or None
        Its path; None for any.
    """
    for each in host.domain_capabilities:
        same = each.type == kind and each.arch == arch and family(each.machine) == family(machine)
        if same and emulator in (None, each.emulator):
            return each
    return None
