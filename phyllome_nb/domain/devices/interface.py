"""Network interfaces."""

from phyllome_nb.domain.devices.bandwidth import Bandwidth
from phyllome_nb.domain.devices.boot import Card
from phyllome_nb.domain.devices.interface_driver import Backend, Coalesce, InterfaceDriver
from phyllome_nb.domain.devices.interface_source import InterfaceSource
from phyllome_nb.domain.devices.ip import Ip, Route
from phyllome_nb.domain.devices.nwfilter import Filterref
from phyllome_nb.domain.devices.passt import PortForward
from phyllome_nb.domain.devices.teaming import Teaming
from phyllome_nb.domain.devices.virtualport import Virtualport, Vlan
from phyllome_nb.xml.fields import Choice, Integer, Switch, Text
from phyllome_nb.xml.part import Many, Part, Section

__all__ = ["Interface"]

TARGET = "formatdomain.html#overriding-the-target-element"
ETHERNET = "formatdomain.html#generic-ethernet-connection"


class GuestSide(Part, title="Guest side", doc=TARGET):
    """What a container calls the interface."""

    dev = Text("@dev", help="The interface's name inside the container, such as eth0.")
    actual = Text("@actual", help="The name it really got, which libvirt reports while the container runs.")


class Interface(
    Card,
    title="Network interface",
    doc="formatdomain.html#network-interfaces",
    start={"type": "network", "network": "default", "model": "virtio"},
):
    """A network card."""

    type = Choice(
        "@type",
        "network bridge user direct ethernet hostdev vhostuser vdpa internal mcast server client udp null vds",
        help="network: one that libvirt manages. user: behind the host's address, needs no rights. bridge: the host's.",
        qemu="-netdev",
    )
    managed = Switch(
        "@managed",
        "yes no",
        help="Type hostdev: libvirt takes the card from the host at start and gives it back at the end.",
        doc="formatdomain.html#pci-passthrough",
    )
    trust_guest_rx_filters = Switch(
        "@trustGuestRxFilters",
        "yes no",
        help="Let the guest change its hardware address and what it listens to; virtio with type direct only. "
        "A guest could then pose as another.",
    )
    mac = Text("mac/@address", help="The hardware address. Left out, libvirt makes one up and keeps it.", qemu="mac=")
    mac_type = Choice(
        "mac/@type", "generated static", help="VMware: static keeps an address from the range that VMware gives out."
    )
    mac_check = Switch("mac/@check", "yes no", help="VMware: no lets it take an address that it would refuse.")
    mac_current_address = Text(
        "mac/@currentAddress", help="The address that the guest has set itself, which libvirt reports while it runs."
    )
    network = Text("source/@network", "default", help="libvirt's network by name, with type network.")
    bridge = Text("source/@bridge", help="The host's bridge by name, with type bridge.")
    source = Section("source", InterfaceSource)
    vlan = Section("vlan", Vlan)
    virtualport = Section("virtualport", Virtualport)
    bandwidth = Section("bandwidth", Bandwidth)
    isolated = Switch(
        "port/@isolated",
        "yes no",
        help="Keep it from all other isolated interfaces of the same bridge; it still reaches the host and the rest.",
        doc="formatdomain.html#isolating-guests-network-traffic-from-each-other",
    )
    ips = Many("ip", Ip)
    routes = Many("route", Route)
    port_forwards = Many("portForward", PortForward)
    script = Text(
        "script/@path", help="A program on the host to run when the interface comes up.", doc=ETHERNET, qemu="script="
    )
    downscript = Text(
        "downscript/@path", help="A program on the host to run when it goes down.", doc=ETHERNET, qemu="downscript="
    )
    backenddomain = Text(
        "backenddomain/@name",
        help="Xen: the VM that has the real network, where that is not the host itself.",
        doc="formatdomain.html#setting-up-a-network-backend-in-a-driver-domain",
    )
    target = Text(
        "target/@dev",
        help="What the host calls its end. Left out, libvirt names it vnet0 and so on; do not begin with that.",
        doc=TARGET,
        qemu="ifname=",
    )
    target_managed = Switch(
        "target/@managed",
        "yes no",
        help="Type ethernet: no uses a device that you made yourself, as it is.",
        doc=ETHERNET,
    )
    guest = Section("guest", GuestSide)
    model = Text(
        "model/@type", "virtio e1000e e1000 rtl8139", help="The card the guest sees. virtio is fastest.", qemu="-device"
    )
    driver = Section("driver", InterfaceDriver)
    backend = Section("backend", Backend)
    teaming = Section("teaming", Teaming)
    filterref = Section("filterref", Filterref)
    sndbuf = Integer(
        "tune/sndbuf",
        unit="bytes",
        help="How much the host holds of what the guest sends; 0 for no limit. Smaller slows a guest that floods.",
        doc="formatdomain.html#setting-network-backend-specific-options",
        qemu="sndbuf=",
    )
    link = Choice(
        "link/@state",
        "up down",
        help="down is a cable that is pulled; it can be changed while the guest runs.",
        doc="formatdomain.html#modifying-virtual-link-state",
    )
    mtu = Integer(
        "mtu/@size",
        unit="bytes",
        help="The largest packet: 1500 is usual, 9000 is faster where the whole network has it.",
        doc="formatdomain.html#mtu-configuration",
        qemu="host_mtu=",
    )
    coalesce = Section("coalesce", Coalesce)
