"""Network interfaces."""

from phyllome_nb.xml.fields import Choice, Integer, Text
from phyllome_nb.xml.part import Part

__all__ = ["Interface"]


class Interface(
    Part,
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
    mac = Text("mac/@address", help="The hardware address. Left out, libvirt makes one up and keeps it.", qemu="mac=")
    network = Text("source/@network", "default", help="libvirt's network by name, with type network.")
    bridge = Text("source/@bridge", help="The host's bridge by name, with type bridge.")
    model = Text(
        "model/@type", "virtio e1000e e1000 rtl8139", help="The card the guest sees. virtio is fastest.", qemu="-device"
    )
    boot_order = Integer("boot/@order", 1, help="Its place among the devices to boot from.", qemu="bootindex=")
