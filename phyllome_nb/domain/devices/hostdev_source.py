"""Which device of the host is given to a guest."""

from phyllome_nb.domain.devices.host_address import HostAddress
from phyllome_nb.domain.devices.secret import Auth
from phyllome_nb.xml.fields import Choice, Hex, Integer, Switch, Text
from phyllome_nb.xml.part import Many, Part, Section

__all__ = ["HostdevSource"]

REFERENCE = "formatdomain.html#usb-pci-scsi-devices"
CONTAINER = "formatdomain.html#block-character-devices"


class IscsiHost(Part, title="iSCSI server", doc=REFERENCE, start={"name": "localhost", "port": 3260}):
    """A server that has the disk."""

    name = Text("@name", help="The server's name or address.")
    port = Integer("@port", help="Its port; 3260 is iSCSI's own.")


class HostdevSource(Part, title="Host device", doc=REFERENCE):
    """Which device of the host it is. The type says which of these count."""

    startup_policy = Choice(
        "@startupPolicy",
        "mandatory requisite optional",
        help="USB: what happens if it is not plugged in. optional starts without it, requisite only after a migration.",
    )
    missing = Switch("@missing", "yes no", help="libvirt reports here that it started the guest without the device.")
    guest_reset = Choice(
        "@guestReset",
        "off uninitialized on",
        help="USB: whether the guest may reset the device; off helps those that crash on it.",
        qemu="-device usb-host,guest-reset=",
    )
    write_filtering = Switch(
        "@writeFiltering",
        "yes no",
        help="PCI with Xen: no lets the guest change all of the device's settings, which some drivers need.",
    )
    protocol = Choice(
        "@protocol",
        "adapter iscsi vhost",
        help="SCSI: iscsi for a disk on a server, vhost with type scsi_host; left out for one of the host's own.",
    )
    name = Text("@name", help="iSCSI: the disk's name, an iqn, with /1 and so on for the unit.")
    wwpn = Text("@wwpn", help="scsi_host: the name of the host's vhost target, naa. and 16 digits.", qemu="wwpn=")
    hosts = Many("host", IscsiHost)
    auth = Section("auth", Auth)
    initiator_iqn = Text("initiator/iqn/@name", help="iSCSI: the name by which the server knows this host.")
    vendor = Hex("vendor/@id", 4, help="USB: the maker's number, the first of the two that lsusb shows.")
    product = Hex("product/@id", 4, help="USB: the product's number, the second that lsusb shows.")
    adapter = Text("adapter/@name", "scsi_host0", help="SCSI: the host's adapter that has the device.")
    address = Section("address", HostAddress)
    block = Text("block", help="Containers, type storage: the disk's path, such as /dev/sdf1.", doc=CONTAINER)
    char = Text("char", help="Containers, type misc: the device's path, such as /dev/input/event3.", doc=CONTAINER)
    interface = Text("interface", help="Containers, type net: the host's network card, such as eth0.", doc=CONTAINER)
