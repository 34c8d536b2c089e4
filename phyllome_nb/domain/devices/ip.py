"""Addresses and routes that libvirt sets on an interface."""

from phyllome_nb.xml.fields import Choice, Integer, Text
from phyllome_nb.xml.part import Part

__all__ = ["Ip", "Route"]


class Ip(
    Part, title="IP address", doc="formatdomain.html#ip-configuration", start={"address": "192.168.122.5", "prefix": 24}
):
    """An IP address that the interface is given. Containers take it; most VMs ignore it and use DHCP."""

    address = Text("@address", help="The address: IPv4 or IPv6.")
    family = Choice("@family", "ipv4 ipv6", help="Which of the two the address is; needed for IPv6.")
    prefix = Integer("@prefix", help="How many bits of the address name the network, 24 for 255.255.255.0.")
    peer = Text("@peer", help="The address at the other end of a line with two ends.")


class Route(
    Part,
    title="Route",
    doc="formatdomain.html#ip-configuration",
    start={"family": "ipv4", "address": "192.168.122.0", "prefix": 24, "gateway": "192.168.122.1"},
):
    """A way to another network through this interface; used by containers."""

    family = Choice("@family", "ipv4 ipv6", help="Whether the addresses are IPv4 or IPv6.")
    address = Text("@address", help="The network that is reached, such as 10.20.0.0; 0.0.0.0 is everything else.")
    netmask = Text("@netmask", help="The size of that network in the older form 255.255.0.0; not with a prefix.")
    prefix = Integer("@prefix", help="The size of that network as a number of bits; not with a netmask.")
    gateway = Text("@gateway", help="The machine that passes the packets on; it must be reachable directly.")
    metric = Integer("@metric", 1, help="Of several routes to one network the lowest is taken.")
