"""Ports of the host that lead into a guest without a network of its own."""

from phyllome_nb.xml.fields import Choice, Integer, Switch, Text
from phyllome_nb.xml.part import Many, Part

__all__ = ["PortForward"]

REFERENCE = "formatdomain.html#userspace-slirp-or-passt-connection"


class PortRange(Part, title="Port range", doc=REFERENCE, start={"start": 2222, "to": 22}):
    """A row of ports."""

    start = Integer("@start", help="The first port on the host; below 1024 needs rights that a session lacks.")
    end = Integer("@end", help="The last port on the host; left out, there is only the first.")
    to = Integer("@to", help="The guest's port for the first of them; left out, the numbers stay.")
    exclude = Switch("@exclude", "yes no", help="Leave these ports out of a larger range.")


class PortForward(Part, title="Port forward", doc=REFERENCE, start={"proto": "tcp"}):
    """Connections to the host that go to the guest; with type user and the backend passt. No range means every port."""

    proto = Choice("@proto", "tcp udp", help="The protocol: tcp for SSH and the web.")
    address = Text("@address", "127.0.0.1", help="Only what comes to this address of the host; left out, to any.")
    dev = Text("@dev", help="Only what comes in by this interface of the host, such as eth0.")
    ranges = Many("range", PortRange)
