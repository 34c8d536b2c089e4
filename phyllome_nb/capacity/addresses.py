"""How definitions name the host's CPUs and devices."""

from phyllome_nb.domain.devices.hostdev import Hostdev
from phyllome_nb.domain.devices.interface import Interface
from phyllome_nb.errors import FieldError

__all__ = ["cpu_set", "device_address"]

MOST = 16384
"""The highest CPU that libvirt knows (``VIR_DOMAIN_CPUMASK_LEN``)."""


def cpu_set(text: str) -> frozenset[int]:
    """The CPUs that a list in libvirt's form names.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> sorted(cpu_set("0-3,^2,8"))
    [0, 1, 3, 8]
    """
    found: set[int] = set()
    for piece in text.replace(" ", "").split(","):
        first, dash, last = piece.removeprefix("^").partition("-")
        if (dash and not last) or not (first.isdecimal() and (last or first).isdecimal()) or len(first + last) > 12:
            raise ValueError(f"{text[:60]!r} is no list of CPUs: write one such as 0-3,8.")
        low, high = int(first), int(last or first)
        if low > high or high >= MOST:
            raise ValueError(f"{text[:60]!r} is no list of CPUs: {piece[:20]} is no range below {MOST}.")
        found = found - {*range(low, high + 1)} if piece.startswith("^") else found | {*range(low, high + 1)}
    return frozenset(found)


def device_address(device: Hostdev | Interface) -> str | None:
    """How the host calls the device that is handed over; None where the definition does not say it whole.

    An interface of type hostdev is a PCI device, too.

    Examples
    --------
    >>> from phyllome_nb.domain.spec import DomainSpec
    >>> spec = DomainSpec("a")
    >>> card = spec.devices.hostdevs.add(mode="subsystem", type="pci")
    >>> card.source.address.update(domain="0x0000", bus="0x01", slot="0x00", function="0x0")
    HostAddress(domain='0x0000', bus='0x01', slot='0x00', function='0x0')
    >>> device_address(card)
    '0000:01:00.0'
    """
    address = device.source.address
    try:
        kind = device.type
        if isinstance(device, Interface):
            kind = device.source.address.type if kind == "hostdev" else None
        if kind == "pci" and address.bus is not None and address.slot is not None:
            place = (address.domain or 0, _number(address.bus), address.slot, address.function or 0)
            return "{:04x}:{:02x}:{:02x}.{:x}".format(*place)
        if kind == "usb" and address.device is not None and address.bus is not None:
            return f"{_number(address.bus):03d}:{address.device:03d}"
        if isinstance(device, Interface):
            return None
        source = device.source
        if kind == "usb" and source.vendor is not None and source.product is not None:
            return f"{source.vendor:04x}:{source.product:04x}"
        return source.address.uuid.lower() if kind == "mdev" and source.address.uuid else None
    except (FieldError, ValueError):
        return None


def _number(text: object) -> int:
    return text if isinstance(text, int) else int(str(text), 0)
