"""What many devices have: an address, an alias, a place in the boot order, options of virtio."""

from phyllome_nb.xml.fields import Choice, Hex, Integer, Switch, Text
from phyllome_nb.xml.part import Part, Section

__all__ = ["Address", "Device", "VirtioDriver"]


class Address(Part, title="Address", doc="formatdomain.html#device-addresses"):
    """Where the guest finds the device. libvirt chooses it once; a device that moves looks new to the guest."""

    type = Choice(
        "@type",
        "pci drive virtio-serial ccid usb spapr-vio ccw virtio-mmio isa dimm unassigned",
        help="The kind of bus. unassigned keeps a host device from the guest.",
    )
    domain = Hex("@domain", 4, help="PCI: the domain, 0 in ordinary machines.")
    bus = Text("@bus", help="The bus: PCI's in hexadecimal, that of a drive, a serial line or USB in decimal.")
    slot = Hex("@slot", help="PCI: the slot on the bus; smart cards: that of the reader.")
    function = Hex("@function", 1, help="PCI: the function in the slot.")
    multifunction = Switch("@multifunction", "on off", help="PCI: other devices stand in the same slot.")
    controller = Integer("@controller", help="Drives and serial lines: the number of their controller.")
    target = Integer("@target", help="Drives: the target number.")
    unit = Integer("@unit", help="Drives: the unit on the bus.")
    port = Text("@port", help="USB and serial lines: the port, 1.2 for one behind a hub.")
    cssid = Hex("@cssid", help="s390: the channel subsystem.")
    ssid = Hex("@ssid", 1, help="s390: the subchannel set.")
    devno = Hex("@devno", 4, help="s390: the device number.")
    reg = Hex("@reg", 8, help="ppc64: the register of the device.")
    iobase = Hex("@iobase", help="ISA: the first port.")
    irq = Hex("@irq", 1, help="ISA: the interrupt.")
    base = Hex("@base", 9, help="Memory devices: the guest's address of the first byte.")
    uuid = Text("@uuid", help="The identity of a mediated device.")
    zpci_uid = Hex("zpci/@uid", 4, help="s390: the user-defined number of a PCI device.")
    zpci_fid = Hex("zpci/@fid", 8, help="s390: the function number of a PCI device.")


class Device(Part):
    """What every device can have; a device's own fields come before these."""

    alias = Text(
        "alias/@name", help="The name by which QEMU knows the device; one that begins with ua- is kept.", qemu="id="
    )
    acpi_index = Integer("acpi/@index", 1, help="The number by which the guest's firmware names it, as in eno1.")
    address = Section("address", Address)


class VirtioDriver(Part, title="Virtio options", doc="formatdomain.html#virtio-related-options"):
    """How a virtio device is driven; the defaults suit all but special machines."""

    iommu = Switch("@iommu", "on off", help="Use the guest's IOMMU; encrypted guests need it.", qemu="iommu_platform=")
    ats = Switch("@ats", "on off", help="Cache address translations in the device.", qemu="ats=")
    packed = Switch(
        "@packed", "on off", help="The packed queue layout, faster where the guest knows it.", qemu="packed="
    )
    page_per_vq = Switch("@page_per_vq", "on off", help="A page of notifications for each queue.", qemu="page-per-vq=")
