"""Rules about host devices and the IOMMU."""

from examples.example import Example, before_11_3, host, machine
from phyllome_nb.capacity.facts import Claims, HostDevice
from phyllome_nb.capacity.snapshot import DomainFacts

__all__ = ["EXAMPLES"]

PRIVILEGED = "PCI devices of the host need privileges, and one that is there"
UUID = "6695eb01-f6a4-8304-79aa-97f2502e193f"
HOLDER = DomainFacts("holder", UUID, "shut off", True, False, claims=Claims(devices=frozenset({"0000:01:00.0"})))
SPLIT = "<features><acpi/><ioapic driver='qemu'/></features>"


def pci(bus: int = 1, slot: int = 0) -> str:
    """A PCI device of the host."""
    address = f'<address domain="0x0000" bus="0x{bus:02x}" slot="0x{slot:02x}" function="0x0"/>'
    return f'<hostdev mode="subsystem" type="pci" managed="yes"><source>{address}</source></hostdev>'


def usb(product: str = "0xbeef") -> str:
    """A USB device of the host."""
    source = f'<source><vendor id="0x1234"/><product id="{product}"/></source>'
    return f'<hostdev mode="subsystem" type="usb">{source}</hostdev>'


def mdev(attributes: str = "", inner: str = "", number: int = 1) -> str:
    """A mediated device of the host."""
    source = f'<source><address uuid="c2177883-f1bb-47f0-914d-32a22e3a880{number}"/></source>'
    return f'<hostdev mode="subsystem" type="mdev" model="vfio-pci" {attributes}>{source}{inner}</hostdev>'


def iommu(model: str = "intel", driver: str = "") -> str:
    """A guest's IOMMU."""
    return f'<iommu model="{model}"><driver {driver}/></iommu>' if driver else f'<iommu model="{model}"/>'


def older(devices: str) -> str:
    """A pc machine."""
    return machine(devices, os='<os><type arch="x86_64" machine="pc">hvm</type></os>')


def device(address: str, group: int = 1) -> HostDevice:
    """A PCI device of the host."""
    return HostDevice(f"pci_{address}", "pci", address, group=group, device_class="0x030000")


VNC = '<graphics type="vnc" autoport="yes"/>'
ALONE = host(devices=(device("0000:01:00.0"), device("0000:02:00.0", 2)), session=False)
GROUPED = host(devices=(device("0000:01:00.0"), device("0000:01:00.1")), session=False)

EXAMPLES = [
    Example("HDV001", wrong=machine(usb() * 2), right=machine(usb() + usb("0xbeee")), message=""),
    Example("HDV002", wrong=machine(pci()), right=machine(pci(2)), against=host(HOLDER), libvirt="", note=PRIVILEGED),
    Example("HDV003", wrong=machine(pci(9)), right=machine(pci(1)), against=ALONE, note=PRIVILEGED),
    Example(
        "HDV003",
        wrong=machine(pci()),
        right=machine(usb()),
        against=host(iommu=False, session=False),
        note=PRIVILEGED,
    ),
    Example(
        "HDV004", wrong=machine(pci()), right=machine(pci()), against=GROUPED, right_against=ALONE, note=PRIVILEGED
    ),
    Example(
        "HDV005", wrong=machine(mdev('display="on"')), right=machine(VNC + mdev('display="on"')), message="display"
    ),
    Example(
        "HDV005",
        wrong=machine(VNC + mdev('display="on" ramfb="on"') + mdev('display="on" ramfb="on"', number=2)),
        right=machine(VNC + mdev('display="on" ramfb="on"') + mdev('display="on"', number=2)),
        message="ramfb",
    ),
    Example("HDV006", wrong=machine(pci()), right=machine(usb()), against=host(), note=PRIVILEGED),
    Example(
        "HDV007",
        wrong=machine(pci()),
        right=machine(usb()),
        severity="hint",
        note="it is refused when the VM is to move",
    ),
    Example("HDV008", wrong=machine(mdev(inner="<boot order='1'/>")), right=machine(mdev()), message="boot"),
    Example("IOM001", wrong=older(iommu()), right=machine(iommu()), message="IOMMU"),
    Example("IOM001", wrong=older(iommu("virtio")), right=machine(iommu("virtio")), message="IOMMU"),
    Example(
        "IOM002",
        wrong=machine(iommu(driver='intremap="on"')),
        right=machine(iommu(driver='intremap="on"'), features=SPLIT),
        message="interrupt remapping",
        versions=before_11_3,
    ),
    Example(
        "IOM002",
        wrong=machine(iommu(driver='eim="on"'), features=SPLIT),
        right=machine(iommu(driver='eim="on" intremap="on"'), features=SPLIT),
        message="eim",
    ),
    Example(
        "IOM004",
        wrong=machine(iommu() + pci()),
        right=machine(iommu(driver='caching_mode="on"') + pci()),
        note=PRIVILEGED,
    ),
]
