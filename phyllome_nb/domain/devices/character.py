"""Serial and parallel ports, consoles and channels."""

from phyllome_nb.domain.devices.character_source import HostEnd
from phyllome_nb.domain.devices.common import Device
from phyllome_nb.xml.fields import Choice, Integer, Text

__all__ = ["Channel", "Console", "Parallel", "Serial"]

TTY = Text("@tty", help="The terminal on the host that a running guest was given; libvirt fills it in.")


class Serial(Device, title="Serial port", doc="formatdomain.html#serial-port", start={"type": "pty"}):
    """A serial port, which most systems can use as a text console from their first message on."""

    type = HostEnd.type
    tty = TTY
    path = HostEnd.path
    source = HostEnd.source
    protocol = HostEnd.protocol
    log = HostEnd.log
    log_append = HostEnd.log_append
    target = Choice(
        "target/@type",
        "isa-serial pci-serial usb-serial system-serial spapr-vio-serial sclp-serial isa-debug",
        help="How the port is attached. Left out, libvirt takes what suits the machine.",
        qemu="-device",
    )
    port = Integer("target/@port", help="Its number: 0 is the guest's first, such as ttyS0 or COM1.")
    model = Choice(
        "target/model/@name",
        "isa-serial pci-serial usb-serial 16550a spapr-vty pl011 sclpconsole sclplmconsole isa-debugcon",
        help="The device the guest needs a driver for. libvirt chooses it by the way the port is attached.",
        qemu="-device",
    )


class Parallel(Device, title="Parallel port", doc="formatdomain.html#parallel-port", start={"type": "pty", "port": 0}):
    """A parallel port, as old printers have."""

    type = HostEnd.type
    tty = TTY
    path = HostEnd.path
    source = HostEnd.source
    protocol = HostEnd.protocol
    log = HostEnd.log
    log_append = HostEnd.log_append
    port = Integer("target/@port", help="Its number: 0 is the guest's first.")


class Console(
    Device,
    title="Console",
    doc="formatdomain.html#console",
    start={"type": "pty", "target": "serial", "port": 0},
):
    """The guest's text console. The first one of target serial is the first serial port under another name."""

    type = HostEnd.type
    tty = TTY
    path = HostEnd.path
    source = HostEnd.source
    protocol = HostEnd.protocol
    log = HostEnd.log
    log_append = HostEnd.log_append
    target = Choice(
        "target/@type",
        "serial virtio sclp sclplm xen lxc openvz uml",
        help="serial works everywhere; virtio is faster, but silent until the guest has loaded its driver.",
        qemu="-device",
    )
    port = Integer("target/@port", help="Its number.")


class Channel(
    Device,
    title="Channel",
    doc="formatdomain.html#channel",
    start={"type": "unix", "target": "virtio", "name": "org.qemu.guest_agent.0"},
):
    """A private line between a program on the host and one in the guest."""

    type = HostEnd.type
    path = HostEnd.path
    source = HostEnd.source
    protocol = HostEnd.protocol
    log = HostEnd.log
    log_append = HostEnd.log_append
    target = Choice(
        "target/@type",
        "virtio guestfwd xen",
        help="virtio: a port that the guest opens by name. guestfwd: an address that the guest connects to.",
        qemu="-device virtserialport",
    )
    name = Text(
        "target/@name",
        "org.qemu.guest_agent.0 com.redhat.spice.0 org.libguestfs.channel.0",
        help="What the guest's program looks for: the guest agent, or SPICE's.",
        qemu="name=",
    )
    state = Choice(
        "target/@state",
        "connected disconnected",
        help="Whether the guest's program has the line open; libvirt fills it in while the guest runs.",
    )
    guest_address = Text("target/@address", "10.0.2.1", help="With guestfwd: the address that the guest connects to.")
    port = Integer("target/@port", help="With guestfwd: the TCP port that the guest connects to.")
