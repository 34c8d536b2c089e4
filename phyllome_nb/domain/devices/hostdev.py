"""Devices of the host that a guest gets for itself."""

from phyllome_nb.domain.devices.boot import Card
from phyllome_nb.domain.devices.hostdev_source import HostdevSource
from phyllome_nb.domain.devices.ip import Ip, Route
from phyllome_nb.domain.devices.teaming import Teaming
from phyllome_nb.xml.fields import Choice, Flag, Switch, Text
from phyllome_nb.xml.part import Many, Part, Section

__all__ = ["Hostdev"]

REFERENCE = "formatdomain.html#usb-pci-scsi-devices"


class HostdevDriver(Part, title="Host driver", doc=REFERENCE):
    """The driver of the host that hands a PCI device over."""

    name = Choice("@name", "vfio kvm xen", help="vfio on every current Linux host, and the default there.")
    model = Text(
        "@model",
        "vfio-pci mlx5_vfio_pci",
        help="The vfio driver by name, where the device has one of its own; it may allow migration.",
    )
    iommufd = Switch(
        "@iommufd", "yes no", help="Use the kernel's newer way to give devices to guests.", qemu="-object iommufd"
    )


class Hostdev(
    Card,
    title="Host device",
    doc="formatdomain.html#host-device-assignment",
    start={"mode": "subsystem", "type": "pci", "managed": True},
):
    """A device of the host that the guest gets for itself. The VM is then tied to this host."""

    mode = Choice("@mode", "subsystem capabilities", help="subsystem for VMs, capabilities for containers.")
    type = Choice(
        "@type",
        "pci usb scsi scsi_host mdev storage misc net",
        help="pci: a card, such as a graphics card. mdev: a slice of one. usb, scsi: one device. The rest: containers.",
        qemu="-device",
    )
    managed = Switch(
        "@managed",
        "yes no",
        help="PCI: libvirt takes the device from the host at start and gives it back after; no leaves that to you.",
    )
    sgio = Choice(
        "@sgio",
        "filtered unfiltered",
        help="SCSI: unfiltered lets the guest send any command, also dangerous ones.",
    )
    rawio = Switch(
        "@rawio", "yes no", help="SCSI: give QEMU the right to send raw commands, for all devices of the VM."
    )
    model = Choice(
        "@model",
        "vfio-pci vfio-ccw vfio-ap virtio virtio-transitional virtio-non-transitional",
        help="mdev: the kind of slice, vfio-pci for graphics, the others for s390. scsi_host: the card the guest sees.",
        qemu="-device",
    )
    display = Switch(
        "@display",
        "on off",
        help="Show what the graphics slice draws in VNC or SPICE; off by default.",
        qemu="display=",
    )
    ramfb = Switch("@ramfb", "on off", help="Show the boot as well, before the guest has its driver.", qemu="ramfb=")
    driver = Section("driver", HostdevDriver)
    source = Section("source", HostdevSource)
    ips = Many("ip", Ip)
    routes = Many("route", Route)
    teaming = Section("teaming", Teaming)
    readonly = Flag("readonly", help="SCSI: the guest cannot write to it.", qemu="-blockdev read-only=")
    shareable = Flag("shareable", help="SCSI: other guests may use it too; they must know how to share a disk.")
    acpi_nodeset = Text(
        "acpi/@nodeset",
        help="The guest's NUMA nodes for the memory on the device, such as 2-9; for GPUs that share it with the CPU.",
        qemu="-object acpi-generic-initiator",
    )
