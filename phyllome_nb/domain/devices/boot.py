"""What devices have that a guest can boot from: a place in the boot order, and a card's own firmware."""

from phyllome_nb.domain.devices.common import Device
from phyllome_nb.xml.fields import Integer, Switch, Text
from phyllome_nb.xml.part import Part, Section

__all__ = ["Bootable", "Card", "Rom"]


class Rom(Part, title="Card firmware", doc="formatdomain.html#interface-rom-bios-configuration"):
    """The firmware that a PCI card brings along, such as the one that boots from the network."""

    enabled = Switch(
        "@enabled", "yes no", help="Whether the card has firmware at all; no saves time at boot.", qemu="romfile="
    )
    bar = Switch(
        "@bar", "on off", help="Whether the guest sees the firmware; off cures some host cards.", qemu="rombar="
    )
    file = Text(
        "@file", help="A file on the host to use as the firmware, such as a dump of a graphics card's.", qemu="romfile="
    )


class Bootable(Device):
    """A device that the guest can boot from."""

    boot_order = Integer("boot/@order", 1, help="Its place among the devices to boot from.", qemu="bootindex=")
    loadparm = Text(
        "boot/@loadparm",
        help="s390: what the boot loader is told, usually the number of the menu entry; up to 8 characters.",
        qemu="loadparm=",
    )


class Card(Bootable):
    """A device that can have firmware of its own; libvirt writes that between its alias and its address."""

    boot_order = Bootable.boot_order
    loadparm = Bootable.loadparm
    alias = Device.alias
    rom = Section("rom", Rom)
