"""Serial ports, consoles and channels."""

from phyllome_nb.xml.fields import Choice, Integer, Text
from phyllome_nb.xml.part import Part

__all__ = ["Channel", "Console", "Serial"]

HOST_SIDE = "pty file unix tcp udp dev pipe stdio null vc spicevmc spiceport dbus nmdm qemu-vdagent"


class Serial(
    Part,
    title="Serial port",
    doc="formatdomain.html#serial-port",
    start={"type": "pty"},
):
    """A serial port."""

    type = Choice(
        "@type", HOST_SIDE, help="Where the host's end is: pty is what `virsh console` opens.", qemu="-chardev"
    )
    path = Text("source/@path", help="The file or socket on the host, for the types that have one.")
    log = Text("log/@file", help="A file on the host that keeps all that the guest writes.", qemu="logfile=")
    target = Choice(
        "target/@type",
        "isa-serial pci-serial usb-serial system-serial spapr-vio-serial sclp-serial isa-debug",
        help="The port the guest sees.",
    )
    port = Integer("target/@port", help="Its number.")


class Console(
    Part,
    title="Console",
    doc="formatdomain.html#console",
    start={"type": "pty", "target": "serial", "port": 0},
):
    """The guest's main text console."""

    type = Choice(
        "@type", HOST_SIDE, help="Where the host's end is: pty is what `virsh console` opens.", qemu="-chardev"
    )
    target = Choice(
        "target/@type", "serial virtio sclp xen", help="serial works everywhere; virtio is faster.", qemu="-device"
    )
    port = Integer("target/@port", help="Its number.")


class Channel(
    Part,
    title="Channel",
    doc="formatdomain.html#channel",
    start={"type": "unix", "target": "virtio", "name": "org.qemu.guest_agent.0"},
):
    """A private line between a program on the host and one in the guest."""

    type = Choice("@type", HOST_SIDE, help="Where the host's end is.", qemu="-chardev")
    target = Choice(
        "target/@type", "virtio guestfwd xen", help="The device the guest sees.", qemu="-device virtserialport"
    )
    name = Text(
        "target/@name",
        "org.qemu.guest_agent.0 com.redhat.spice.0",
        help="What the guest's program looks for: the guest agent, or SPICE's.",
        qemu="name=",
    )
