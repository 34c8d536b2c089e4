"""What VMs take for themselves, and the question who else wants the same."""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from phyllome_nb.capacity.facts import Claims
from phyllome_nb.domain.devices.hostdev import Hostdev
from phyllome_nb.domain.devices.interface import Interface
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import FieldError
from phyllome_nb.size import Size

if TYPE_CHECKING:
    from phyllome_nb.capacity.snapshot import Count, DomainFacts

__all__ = ["KINDS", "Index", "Others", "Sum", "claims_of", "cpu_set", "device_address"]

KINDS = ("macs", "images", "devices", "cpus", "cids")
"""What a VM can claim, by the names of `Claims`."""

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


def claims_of(spec: DomainSpec) -> Claims:
    """What a definition takes for itself; what cannot be read is left out.

    Examples
    --------
    >>> spec = DomainSpec("a")
    >>> pin = spec.cputune.vcpupins.add(vcpu=0, cpuset="2-3")
    >>> sorted(claims_of(spec).cpus)
    [2, 3]
    """
    return Claims(
        macs=frozenset(mac.lower() for mac in _each(spec, "interfaces", "mac")),
        images=frozenset(_images(spec)),
        devices=frozenset(filter(None, map(device_address, [*spec.devices.hostdevs, *spec.devices.interfaces]))),
        cpus=frozenset(cpu for pin in spec.cputune.vcpupins for cpu in _cpus(pin.cpuset or "")),
        cids=frozenset(_cids(spec)),
    )


def _cids(spec: DomainSpec) -> Iterator[int]:
    with contextlib.suppress(FieldError):
        address = spec.devices.vsock.cid_address
        if address is not None:
            yield address


def _each(spec: DomainSpec, devices: str, field: str) -> Iterator[Any]:
    for device in getattr(spec.devices, devices):
        with contextlib.suppress(FieldError):
            value = getattr(device, field)
            if value is not None:
                yield value


def _images(spec: DomainSpec) -> Iterator[str]:
    for disk in spec.devices.disks:
        with contextlib.suppress(FieldError):
            alone = disk.device in {None, "disk", "lun"} and not (disk.readonly or disk.shareable or disk.transient)
            image = disk.file or disk.dev
            if alone and image:
                yield image


def _cpus(text: str) -> Iterable[int]:
    try:
        return cpu_set(text)
    except ValueError:
        return ()


@dataclass(frozen=True, slots=True)
class Sum:
    """What several VMs were promised together."""

    vcpus: int
    vcpus_max: int
    memory: Size
    memory_max: Size


class Index:
    """The VMs of a host, by what they are called and what they claim; made once for a snapshot."""

    def __init__(self, domains: "tuple[DomainFacts, ...]") -> None:
        self.by_name = {domain.name: domain for domain in domains}
        self.by_uuid = {domain.uuid: domain for domain in domains}
        self.holders: dict[tuple[str, object], list[str]] = {}
        for domain in domains:
            for kind in KINDS:
                for value in getattr(domain.claims, kind):
                    self.holders.setdefault((kind, value), []).append(domain.name)
        self._sums: dict[str, tuple[int, int, int, int]] = {}

    def promised(self, count: "Count") -> tuple[int, int, int, int]:
        """What all of them were promised."""
        if count not in self._sums:
            promises = [promise for domain in self.by_name.values() if (promise := domain.promise(count))]
            rows = [(each.vcpus, each.vcpus_max, each.memory, each.memory_max) for each in promises]
            self._sums[count] = (
                sum(row[0] for row in rows),
                sum(row[1] for row in rows),
                sum(row[2] for row in rows),
                sum(row[3] for row in rows),
            )
        return self._sums[count]


class Others:
    """The VMs of a host but for the one with a given uuid."""

    def __init__(self, index: Index, uuid: str | None) -> None:
        self._index = index
        self.this = index.by_uuid.get((uuid or "").lower())
        """The VM that the host has under that uuid."""

    def named(self, name: str) -> "DomainFacts | None":
        """The other VM of that name."""
        found = self._index.by_name.get(name)
        return None if found is self.this else found

    def with_uuid(self, uuid: str) -> "DomainFacts | None":
        """The VM that has a uuid, be it this one."""
        return self._index.by_uuid.get(uuid.lower())

    def holding(self, kind: str, value: object) -> tuple[str, ...]:
        """The names of the other VMs that claim something: see `KINDS`."""
        own = self.this.name if self.this else None
        return tuple(name for name in self._index.holders.get((kind, value), ()) if name != own)

    def promised(self, count: "Count") -> Sum:
        """What the others were promised together."""
        vcpus, vcpus_max, memory, memory_max = self._index.promised(count)
        if own := self.this.promise(count) if self.this else None:
            vcpus, vcpus_max = vcpus - own.vcpus, vcpus_max - own.vcpus_max
            memory, memory_max = memory - own.memory, memory_max - own.memory_max
        return Sum(vcpus, vcpus_max, Size(memory), Size(memory_max))
