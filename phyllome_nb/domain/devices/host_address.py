"""Where a device stands on the host that is given to a guest."""

from phyllome_nb.xml.fields import Choice, Hex, Integer, Switch, Text
from phyllome_nb.xml.part import Part

__all__ = ["HostAddress", "InterfaceHostAddress"]


class HostAddress(Part, title="Address on the host", doc="formatdomain.html#usb-pci-scsi-devices"):
    """Where the host has the device: ``virsh nodedev-list`` and ``lspci`` show it."""

    domain = Hex("@domain", 4, help="PCI: the domain, 0 on most hosts.")
    bus = Text("@bus", help="The bus: PCI's in hexadecimal, that of USB or SCSI in decimal.")
    slot = Hex("@slot", help="PCI: the slot on the bus.")
    function = Hex("@function", 1, help="PCI: the function in the slot; give all of one device to one guest.")
    multifunction = Switch("@multifunction", "on off", help="PCI: allowed here, but only the guest's address uses it.")
    device = Integer("@device", help="USB: the number on the bus; it changes when the device is plugged in again.")
    target = Integer("@target", help="SCSI: the target number.")
    unit = Integer("@unit", help="SCSI: the unit, also called LUN.")
    uuid = Text("@uuid", help="Mediated devices: the identity that the host gave the device when it was made.")


class InterfaceHostAddress(Part, title="Address on the host", doc="formatdomain.html#pci-passthrough"):
    """Where the host has the network card: ``virsh nodedev-list --cap net`` shows it."""

    type = Choice("@type", "pci usb", help="The kind of bus.")
    domain = Hex("@domain", 4, help="PCI: the domain, 0 on most hosts.")
    bus = Text("@bus", help="The bus: PCI's in hexadecimal, USB's in decimal.")
    slot = Hex("@slot", help="PCI: the slot on the bus.")
    function = Hex("@function", 1, help="PCI: the function in the slot, which tells virtual functions apart.")
    multifunction = Switch("@multifunction", "on off", help="PCI: allowed here, but only the guest's address uses it.")
    device = Integer("@device", help="USB: the number on the bus; it changes when the card is plugged in again.")
