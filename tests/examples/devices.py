"""Rules about the other devices."""

from examples.example import Example, host, machine
from phyllome_nb.capacity.facts import Claims
from phyllome_nb.capacity.snapshot import DomainFacts

__all__ = ["EXAMPLES"]

UUID = "6695eb01-f6a4-8304-79aa-97f2502e193f"
HOLDER = DomainFacts("holder", UUID, "shut off", True, False, claims=Claims(cids=frozenset({7})))
NO_USB = '<controller type="usb" model="none"/>'


def disk(letter: str, slot: int) -> str:
    """A disk in a place."""
    address = f'<address type="pci" domain="0x0000" bus="0x00" slot="0x{slot:02x}" function="0x0"/>'
    return f'<disk type="file"><source file="/srv/{letter}"/><target dev="vd{letter}" bus="virtio"/>{address}</disk>'


def older(devices: str) -> str:
    """A pc machine."""
    return machine(devices, os='<os><type arch="x86_64" machine="pc">hvm</type></os>')


def vsock(cid: int) -> str:
    """A vsock device."""
    return machine(f'<vsock model="virtio"><cid auto="no" address="{cid}"/></vsock>')


def scsi(index: int, inner: str = "", attributes: str = 'model="virtio-scsi"') -> str:
    """A SCSI controller."""
    return f'<controller type="scsi" index="{index}" {attributes}>{inner}</controller>'


def rng(source: str) -> str:
    """A source of random numbers."""
    return machine(f'<rng model="virtio"><backend model="random">{source}</backend></rng>')


BALLOON = '<memballoon model="virtio"/>'
PORT = '<controller type="pci" index="1" model="pcie-root-port"/>'
USB = '<controller type="usb" index="0"/>'
CONSOLE = '<console type="pty"><target type="{}"/></console>'
TABLET = '<input type="tablet" bus="usb"/>'

EXAMPLES = [
    Example("USB001", wrong=machine(NO_USB + TABLET), right=machine(TABLET), message="USB"),
    Example(
        "PCI001", wrong=older(disk("a", 7) + disk("b", 7)), right=older(disk("a", 7) + disk("b", 8)), message="PCI"
    ),
    Example("PCI003", wrong=older(PORT), right=machine('<controller type="pci" index="0" model="pcie-root"/>' + PORT)),
    Example("BAL001", wrong=machine(BALLOON * 2), right=machine(BALLOON)),
    Example(
        "CTL001",
        wrong=machine(scsi(0, "<model type='virtio-scsi'/>", "")),
        right=machine(scsi(0)),
    ),
    Example("CTL002", wrong=machine(scsi(1) * 2), right=machine(scsi(0) + scsi(1)), message="index"),
    Example("VSK001", wrong=vsock(2), right=vsock(3), message="cid"),
    Example("VSK001", wrong=vsock(7), right=vsock(8), against=host(HOLDER), severity="warning", libvirt="accepts"),
    Example("RNG001", wrong=rng("/etc/passwd"), right=rng("/dev/random")),
    Example(
        "WDG001",
        wrong=machine('<watchdog model="diag288" action="reset"/>'),
        right=machine('<watchdog model="i6300esb" action="reset"/>'),
        message="diag288",
    ),
    Example("CHR001", wrong=machine('<serial type="file"/>'), right=machine('<serial type="pty"/>'), message="path"),
    Example("CTL002", wrong=older(USB * 2), right=older(USB), message="PCI"),
    Example(
        "CTL003",
        wrong=older('<controller type="ide" index="1"/>'),
        right=older('<controller type="ide" index="0"/>'),
        message="IDE",
    ),
    Example("CTL004", wrong=machine(NO_USB + USB.replace("0", "1")), right=machine(NO_USB), message="USB"),
    Example(
        "PCI004",
        wrong=machine('<controller type="pci" index="0" model="pci-root"/>'),
        right=older('<controller type="pci" index="0" model="pci-root"/>'),
        message="pcie-root",
    ),
    Example(
        "AUD001",
        wrong=machine('<audio id="1" type="none"/>' * 2),
        right=machine('<audio id="1" type="none"/><audio id="2" type="none"/>'),
        message="audio",
    ),
    Example(
        "INP003",
        wrong=machine('<input type="tablet" bus="ps2"/>'),
        right=machine('<input type="mouse" bus="ps2"/>'),
        message="ps2",
    ),
    Example("BAL002", wrong=machine('<memballoon model="xen"/>'), right=machine(BALLOON)),
    Example(
        "CHR002",
        wrong=machine(CONSOLE.format("serial") * 2),
        right=machine(CONSOLE.format("serial") + CONSOLE.format("virtio")),
        message="console",
    ),
]
