"""How packets are moved between a network card and its backend."""

from phyllome_nb.domain.devices.common import VirtioDriver
from phyllome_nb.xml.fields import Choice, Integer, Switch, Text
from phyllome_nb.xml.part import Part, Section

__all__ = ["Backend", "Coalesce", "InterfaceDriver"]

REFERENCE = "formatdomain.html#setting-nic-driver-specific-options"
BACKEND = "formatdomain.html#setting-network-backend-specific-options"


class HostOffloads(Part, title="Host offloads", doc=REFERENCE):
    """Work on packets that the guest may leave to the host. All are on; turn one off to find a fault, at a cost."""

    csum = Switch("@csum", "on off", help="The host computes checksums.", qemu="csum=")
    gso = Switch("@gso", "on off", help="The host cuts large packets of any kind.", qemu="gso=")
    tso4 = Switch("@tso4", "on off", help="The host cuts large TCP packets over IPv4.", qemu="host_tso4=")
    tso6 = Switch("@tso6", "on off", help="The host cuts large TCP packets over IPv6.", qemu="host_tso6=")
    ecn = Switch("@ecn", "on off", help="The host cuts TCP packets that report congestion.", qemu="host_ecn=")
    ufo = Switch("@ufo", "on off", help="The host cuts large UDP packets.", qemu="host_ufo=")
    mrg_rxbuf = Switch(
        "@mrg_rxbuf",
        "on off",
        help="A large packet may fill several of the guest's buffers, which saves memory.",
        qemu="mrg_rxbuf=",
    )


class GuestOffloads(Part, title="Guest offloads", doc=REFERENCE):
    """What the guest takes as it comes. All are on; off helps a guest that forwards packets and gets them wrong."""

    csum = Switch("@csum", "on off", help="The guest takes packets without a checksum.", qemu="guest_csum=")
    tso4 = Switch("@tso4", "on off", help="The guest takes large TCP packets over IPv4.", qemu="guest_tso4=")
    tso6 = Switch("@tso6", "on off", help="The guest takes large TCP packets over IPv6.", qemu="guest_tso6=")
    ecn = Switch("@ecn", "on off", help="The guest takes TCP packets that report congestion.", qemu="guest_ecn=")
    ufo = Switch("@ufo", "on off", help="The guest takes large UDP packets.", qemu="guest_ufo=")


class InterfaceDriver(VirtioDriver, title="Network driver", doc=REFERENCE):
    """How packets are moved; the defaults suit all but fast networks. Most of it is for the model virtio."""

    name = Choice(
        "@name",
        "vhost qemu vfio kvm xen",
        help="vhost moves packets in the host's kernel, qemu in its own process, slower; vfio is for type hostdev.",
        qemu="-netdev vhost=",
    )
    model = Text("@model", help="Type hostdev: the host's driver by name, where the card has one of its own.")
    queues = Integer(
        "@queues",
        1,
        help="How many packet queues work at once: up to one for each vCPU. Each costs the host a thread.",
        qemu="-netdev queues=",
    )
    rx_queue_size = Integer(
        "@rx_queue_size",
        1,
        unit="packets",
        help="How many incoming packets can wait: 256, 512 or 1024. More help against losses under load.",
        qemu="rx_queue_size=",
    )
    tx_queue_size = Integer(
        "@tx_queue_size",
        1,
        unit="packets",
        help="How many outgoing packets can wait; more than 256 only with vhostuser and vdpa.",
        qemu="tx_queue_size=",
    )
    txmode = Choice(
        "@txmode",
        "iothread timer",
        help="What qemu does when it cannot send at once; leave it unless you measure a gain.",
        qemu="tx=",
    )
    ioeventfd = Switch(
        "@ioeventfd",
        "on off",
        help="The guest goes on while another thread sends; off only to find a fault.",
        qemu="ioeventfd=",
    )
    event_idx = Switch(
        "@event_idx", "on off", help="Fewer interrupts for the guest; off only to find a fault.", qemu="event_idx="
    )
    rss = Switch("@rss", "on off", help="The card itself spreads packets over the guest's queues.", qemu="rss=")
    rss_hash_report = Switch(
        "@rss_hash_report", "on off", help="The guest also gets the number by which they were spread.", qemu="hash="
    )
    iommufd = Switch("@iommufd", "yes no", help="Type hostdev: use the kernel's newer way to give devices to guests.")
    host = Section("host", HostOffloads)
    guest = Section("guest", GuestOffloads)


class Backend(Part, title="Network backend", doc=BACKEND):
    """The program or the devices of the host that carry the packets."""

    type = Choice(
        "@type",
        "default passt",
        help="With type user: passt is faster than QEMU's own and can forward ports; the host must have it.",
        doc="formatdomain.html#userspace-slirp-or-passt-connection",
        qemu="-netdev",
    )
    tap = Text("@tap", "/dev/net/tun", help="The host's device that makes tap devices, where it is not the usual one.")
    vhost = Text(
        "@vhost", "/dev/vhost-net", help="The host's device for vhost, where it is not the usual one.", qemu="vhostfd="
    )
    log_file = Text(
        "@logFile",
        help="Where passt writes its messages, to find a fault; its folder must exist.",
        doc="formatdomain.html#userspace-slirp-or-passt-connection",
    )
    hostname = Text("@hostname", help="The name that passt's DHCP gives the guest.")
    fqdn = Text("@fqdn", help="The name with its domain that passt's DHCP gives the guest.")


class Coalesce(Part, title="Coalescing", doc="formatdomain.html#coalesce-settings"):
    """How long the host collects packets before it tells the guest: fewer interrupts, but each packet waits."""

    rx_frames_max = Integer(
        "rx/frames/@max", unit="packets", help="How many incoming packets are collected; 0 passes each on at once."
    )
