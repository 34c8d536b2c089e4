"""What is at the host's end of a network interface."""

from phyllome_nb.domain.devices.character_source import Reconnect
from phyllome_nb.domain.devices.host_address import InterfaceHostAddress
from phyllome_nb.domain.devices.ip import Ip, Route
from phyllome_nb.xml.fields import Choice, Hex, Integer, Switch, Text
from phyllome_nb.xml.part import Many, Part, Section

__all__ = ["InterfaceSource"]

DIRECT = "formatdomain.html#direct-attachment-to-physical-interface"
PCI = "formatdomain.html#pci-passthrough"
VHOST_USER = "formatdomain.html#vhost-user-interface"


class Local(Part, title="Local end", doc="formatdomain.html#udp-unicast-tunnel"):
    """This host's end of a UDP tunnel."""

    address = Text("@address", help="The host's address to send from and listen on.", qemu="-netdev socket,localaddr=")
    port = Integer("@port", help="The port to send from and listen on.", qemu="-netdev socket,localaddr=")


class InterfaceSource(Part, title="Network source", doc="formatdomain.html#network-interfaces"):
    """What the interface is plugged into on the host. The type says which of these count."""

    portgroup = Text(
        "@portgroup",
        help="Type network: a group of settings that the network has under this name, for limits and VLANs.",
        doc="formatdomain.html#virtual-network",
    )
    portid = Text(
        "@portid",
        help="Type network: the identity of the port in use, which libvirt reports. Type vds: the switch's port.",
        doc="formatdomain.html#virtual-network",
    )
    mac_table_manager = Choice(
        "@macTableManager",
        "kernel libvirt",
        help="Who tells the bridge where hardware addresses are; libvirt reports what its network says.",
        doc="formatdomain.html#virtual-network",
    )
    dev = Text(
        "@dev",
        help="A device of the host: its network card with type direct and passt, /dev/vhost-vdpa-0 with type vdpa.",
        doc=DIRECT,
    )
    mode = Choice(
        "@mode",
        "vepa bridge private passthrough server client",
        help="Type direct: bridge lets guests of one card talk, passthrough takes the whole card; the host itself "
        "is not reached. Type vhostuser: server makes the socket, client uses one.",
        doc=DIRECT,
    )
    name = Text("@name", help="Type internal: a name; interfaces with the same one are on one network (VirtualBox).")
    ip_address = Text(
        "@address",
        help="Tunnels: the address to listen on (server), to call (client, udp), or of the group (mcast).",
        doc="formatdomain.html#tcp-tunnel",
        qemu="-netdev socket",
    )
    port = Integer(
        "@port",
        help="Tunnels: the port. All who reach it are on the guest's network: nothing is encrypted.",
        doc="formatdomain.html#tcp-tunnel",
        qemu="-netdev socket",
    )
    type = Choice("@type", "unix", help="Type vhostuser: the kind of socket.", doc=VHOST_USER, qemu="-chardev socket")
    path = Text(
        "@path",
        help="Type vhostuser: the socket to the program that moves the packets.",
        doc=VHOST_USER,
        qemu="-chardev socket,path=",
    )
    switchid = Text("@switchid", help="Type vds (VMware): the UUID of the distributed switch.")
    portgroupid = Text("@portgroupid", help="Type vds (VMware): the port group by its identity, not its name.")
    connectionid = Integer("@connectionid", help="Type vds (VMware): the number of the connection to the port.")
    missing = Switch("@missing", "yes no", help="Type hostdev: libvirt reports that the device is not there.", doc=PCI)
    local = Section("local", Local)
    reconnect = Section("reconnect", Reconnect)
    ips = Many("ip", Ip)
    routes = Many("route", Route)
    vendor = Hex("vendor/@id", 4, help="Type hostdev, USB: the maker's number.", doc=PCI)
    product = Hex("product/@id", 4, help="Type hostdev, USB: the product's number.", doc=PCI)
    address = Section("address", InterfaceHostAddress)
