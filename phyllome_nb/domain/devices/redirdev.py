"""USB devices of the person who looks at the guest's screen."""

from phyllome_nb.domain.devices.boot import Bootable
from phyllome_nb.domain.devices.character_source import HostEnd
from phyllome_nb.xml.fields import Choice, Switch, Text
from phyllome_nb.xml.part import Many, Part

__all__ = ["Redirdev", "Redirfilter"]

REFERENCE = "formatdomain.html#redirected-devices"


class Redirdev(
    Bootable,
    title="USB redirection",
    doc=REFERENCE,
    start={"bus": "usb", "type": "spicevmc"},
):
    """A socket for one USB device from afar, such as a stick in the computer of the person at the screen."""

    bus = Choice("@bus", "usb", help="The kind of device; USB is the only one.", qemu="-device usb-redir")
    type = HostEnd.type
    path = HostEnd.path
    source = HostEnd.source
    protocol = HostEnd.protocol
    log = HostEnd.log
    log_append = HostEnd.log_append


class UsbRule(Part, title="USB rule", doc=REFERENCE, start={"allow": True}):
    """A rule about some devices. Values are hexadecimal; -1 or nothing fits all."""

    usb_class = Text("@class", "0x03 0x08 0x0b 0x0e -1", help="The kind of device: 0x03 keyboards, 0x08 storage.")
    vendor = Text("@vendor", help="The maker's number, the first of the two that lsusb shows, as in 0x1234.")
    product = Text("@product", help="The product's number, the second that lsusb shows, as in 0xbeef.")
    version = Text("@version", help="The device's own version, such as 2.56; not the version of USB.")
    allow = Switch("@allow", "yes no", help="Whether a device that fits may be redirected.")


class Redirfilter(Part, title="USB filter", doc=REFERENCE):
    """Which USB devices may be redirected: the first rule that fits a device decides."""

    usbdevs = Many("usbdev", UsbRule)
