"""The firewall rules of an interface."""

from phyllome_nb.xml.fields import Text
from phyllome_nb.xml.part import Many, Part

__all__ = ["Filterref"]

REFERENCE = "formatdomain.html#traffic-filtering-with-nwfilter"


class FilterParameter(Part, title="Filter parameter", doc=REFERENCE, start={"name": "IP", "value": "192.168.122.5"}):
    """A value that the filter's rules ask for."""

    name = Text(
        "@name", "IP MAC DHCPSERVER CTRL_IP_LEARNING", help="What the rules call it; one name may have several values."
    )
    value = Text("@value", help="The value, such as the only address the guest may use.")


class Filterref(Part, title="Packet filter", doc=REFERENCE):
    """A set of firewall rules of the host, which the guest cannot lift."""

    filter = Text(
        "@filter",
        "clean-traffic clean-traffic-gateway no-mac-spoofing no-ip-spoofing no-arp-spoofing allow-dhcp",
        help="The filter by name: clean-traffic keeps the guest from using addresses that are not its own.",
    )
    parameters = Many("parameter", FilterParameter)
