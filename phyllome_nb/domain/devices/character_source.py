"""The host's end of a line to the guest: what serial ports, consoles, channels and others have in common."""

from phyllome_nb.domain.devices.seclabel import SecLabel
from phyllome_nb.xml.fields import Choice, Integer, Switch, Text
from phyllome_nb.xml.part import Many, Part, Section

__all__ = ["HostEnd", "Reconnect", "Source"]


class Reconnect(Part, title="Reconnecting", doc="formatdomain.html#tcp-client-server"):
    """What QEMU does when the other end of a socket goes away."""

    enabled = Switch("@enabled", "yes no", help="Connect again when the other end comes back.")
    timeout = Integer("@timeout", unit="seconds", help="How long to wait between two attempts.", qemu="reconnect=")


class Source(Part, title="Source", doc="formatdomain.html#host-interface"):
    """Where the host's end is, beyond its path."""

    mode = Choice(
        "@mode",
        "bind connect",
        help="bind: QEMU waits there for a program to call. connect: a program waits there, and QEMU calls it.",
        qemu="server=",
    )
    append = Switch(
        "@append",
        "on off",
        help="With type file: add to the file at the next start, instead of beginning anew.",
        qemu="append=",
    )
    host = Text("@host", "127.0.0.1", help="With tcp and udp: the name or address to use.", qemu="host=")
    service = Text(
        "@service", help="With tcp and udp: the port, as a number or as the name of a service.", qemu="port="
    )
    tls = Switch(
        "@tls",
        "yes no",
        help="With tcp: encrypt what is sent. The host needs certificates; left out, the host's setting counts.",
        qemu="tls-creds=",
    )
    channel = Text(
        "@channel",
        "org.spice-space.webdav.0 org.qemu.console.serial.0",
        help="With spiceport and dbus: the name that the program on the other end asks for.",
        qemu="name=",
    )
    master = Text("@master", help="With nmdm, on FreeBSD: the guest's end of the pair of devices.")
    slave = Text("@slave", help="With nmdm, on FreeBSD: the end of the pair that programs on the host open.")
    seclabels = Many("seclabel", SecLabel)
    reconnect = Section("reconnect", Reconnect)
    clipboard = Switch(
        "clipboard/@copypaste",
        "yes no",
        help="With qemu-vdagent: share the clipboard between the guest and the viewer.",
        qemu="clipboard=",
    )
    mouse = Choice(
        "mouse/@mode",
        "client server",
        help="With qemu-vdagent: client moves the pointer where yours is, server sends how far it moved.",
        qemu="mouse=",
    )


class HostEnd(Part, title="Host's end", doc="formatdomain.html#host-interface"):
    """The host's end of a line to the guest."""

    type = Choice(
        "@type",
        "pty file unix tcp udp dev pipe stdio null vc spicevmc spiceport dbus nmdm qemu-vdagent",
        help="Where the host's end is: pty is what `virsh console` opens, unix a socket, file keeps what is written.",
        qemu="-chardev",
    )
    path = Text(
        "source/@path", help="The file, socket or device on the host, for the types that have one.", qemu="path="
    )
    source = Section("source", Source)
    protocol = Choice(
        "protocol/@type",
        "raw telnet telnets tls",
        help="With tcp: raw sends the bytes as they are, telnet suits a telnet program.",
        qemu="telnet=",
    )
    log = Text("log/@file", help="A file on the host that keeps all that the guest writes; it grows.", qemu="logfile=")
    log_append = Switch(
        "log/@append",
        "on off",
        help="Add to that file at the next start, instead of beginning anew.",
        qemu="logappend=",
    )
