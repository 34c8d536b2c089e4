"""What hypervisors other than QEMU take beyond the common definition, each in a namespace of its own."""

from phyllome_nb.xml.fields import Choice, Text, TextList
from phyllome_nb.xml.part import Part, Section

__all__ = ["Bhyve", "Lxc", "Share", "ShareNet", "Vmware", "Xen"]

INHERIT = "drvlxc.html#inherit-namespaces"
VALUE = "Its name or number, as the type says."


class ShareNet(Part, title="Shared network", doc=INHERIT):
    """The network of another container or process that this container uses as its own."""

    type = Choice(
        "@type",
        "netns name pid",
        help="What value is: netns, a network namespace made with ip netns; name, a container; pid, a process.",
    )
    value = Text("@value", help=VALUE)


class Share(Part, title="Shared namespace", doc=INHERIT):
    """A namespace of another container or process that this container uses as its own."""

    type = Choice("@type", "name pid", help="What value is: the name of a container, or the number of a process.")
    value = Text("@value", help=VALUE)


class Lxc(Part, title="Container namespaces", doc=INHERIT):
    """What an LXC container shares with another. Less is kept apart then."""

    sharenet = Section("lxc:sharenet", ShareNet)
    shareipc = Section("lxc:shareipc", Share)
    shareuts = Section("lxc:shareuts", Share)


class Bhyve(Part, title="bhyve command line", doc="drvbhyve.html#pass-through-of-arbitrary-bhyve-commands"):
    """What is handed to bhyve as it stands."""

    args = TextList("bhyve:arg/@value", help="Arguments for bhyve's command line; libvirt does not check them.")


class Xen(
    Part,
    title="Xen device model",
    doc="drvxen.html#pass-through-of-arbitrary-command-line-arguments-to-the-qemu-device-model",
):
    """What is handed to the QEMU that emulates devices for Xen, as it stands."""

    args = TextList("xen:arg/@value", help="Arguments for its command line, one word each; libvirt checks none.")


class Vmware(Part, title="VMware", doc="drvesx.html#datastore-references"):
    """Where VMware keeps the VM. libvirt tells it, and nobody sets it."""

    datacenterpath = Text("vmware:datacenterpath", help="The path of its data center in vCenter.")
    moref = Text("vmware:moref", help="The number by which VMware's own interface knows the VM.")
