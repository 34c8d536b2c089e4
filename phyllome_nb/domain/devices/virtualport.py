"""How an interface is known to the switch it is plugged into: port profile, VLANs."""

from phyllome_nb.xml.fields import Choice, Integer, Switch, Text
from phyllome_nb.xml.part import Many, Part, Section

__all__ = ["Virtualport", "Vlan"]

BRIDGE = "formatdomain.html#bridge-to-lan"


class Parameters(Part, title="Port parameters", doc="formatdomain.html#direct-attachment-to-physical-interface"):
    """What the switch is told about the port. The network's administrator knows the values."""

    managerid = Integer("@managerid", help="802.1Qbg: the database that defines types and instances of ports; not 0.")
    typeid = Integer("@typeid", help="802.1Qbg: the type of port, which says what network access it gets.")
    typeidversion = Integer("@typeidversion", help="802.1Qbg: the version of that type.")
    instanceid = Text("@instanceid", help="802.1Qbg: a UUID for this port, the same for as long as the guest exists.")
    profileid = Text("@profileid", help="802.1Qbh and Open vSwitch: the port profile by name.")
    interfaceid = Text(
        "@interfaceid",
        help="Open vSwitch and Midonet: a UUID for the port; Open vSwitch's is made up where it is left out.",
        doc=BRIDGE,
    )


class Virtualport(Part, title="Switch port", doc=BRIDGE):
    """The port of a switch that is more than a plain Linux bridge."""

    type = Choice(
        "@type",
        "openvswitch midonet 802.1Qbg 802.1Qbh",
        help="The kind of switch. Left out, libvirt's network says it; needed for a bridge of Open vSwitch.",
    )
    parameters = Section("parameters", Parameters)


class Tag(
    Part,
    title="VLAN tag",
    doc="formatdomain.html#setting-vlan-tag-on-supported-network-types-only",
    start={"id": 1},
):
    """A VLAN that the interface is part of."""

    id = Integer("@id", help="The VLAN's number, up to 4095.")
    native_mode = Choice(
        "@nativeMode",
        "tagged untagged",
        help="Open vSwitch: makes this the VLAN of packets without a tag, and says whether the guest's have one.",
    )


class Vlan(Part, title="VLANs", doc="formatdomain.html#setting-vlan-tag-on-supported-network-types-only"):
    """The VLANs that the guest's traffic is put into, without the guest's doing.

    Open vSwitch and network cards that are given to the guest can do it; a plain bridge cannot before libvirt 11.0.
    """

    trunk = Switch("@trunk", "yes no", help="Pass tagged packets to the guest even where there is only one tag.")
    tags = Many("tag", Tag)
