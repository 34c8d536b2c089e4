"""What on the host, or on a storage server, holds the data of a disk."""

from phyllome_nb.domain.devices.seclabel import SecLabel
from phyllome_nb.domain.devices.secret import Auth, Encryption
from phyllome_nb.xml.fields import Choice, Hex, Integer, Secret, Switch, Text
from phyllome_nb.xml.part import Many, Part, Section

__all__ = ["Host", "Source", "SourceOptions"]

DISKS = "formatdomain.html#hard-drives-floppy-disks-cdroms"


class Host(Part, title="Storage server", doc=DISKS, start={"name": "storage.example.org"}):
    """A server that holds the image."""

    name = Text("@name", help="Its name or address.", qemu="-blockdev server.host=")
    port = Integer("@port", help="Its port; left out, the protocol's usual one.", qemu="-blockdev server.port=")
    transport = Choice(
        "@transport", "tcp unix rdma", help="How it is reached: tcp where it is left out, unix for a local socket."
    )
    socket = Text("@socket", help="The path of its socket, with transport unix.", qemu="-blockdev server.path=")


class Cookie(Part, title="Cookie", doc=DISKS, start={"name": "session"}):
    """A cookie that is sent along, with http and https; treat it as a password."""

    name = Text("@name", help="Its name.")
    value = Secret("", help="Its value, which may let anybody read the image.", qemu="-blockdev cookie-secret=")


class Identity(Part, title="Identity", doc=DISKS):
    """As whom the storage server is asked, with nfs and ssh."""

    user = Text("@user", help="nfs: the user by name, or +1000 by number.", qemu="-blockdev user=")
    group = Text("@group", help="nfs: the group by name, or +1000 by number.", qemu="-blockdev group=")
    username = Text("@username", help="ssh: the name to log in with.")
    keyfile = Text("@keyfile", help="ssh: the private key's file on the host.")
    agentsock = Text("@agentsock", help="ssh: the socket of an agent that holds the key, instead of a file.")


class NvmeAddress(Part, title="Address on the host", doc=DISKS):
    """Where on the host an NVMe controller is, with type nvme; `lspci` shows it."""

    domain = Hex("@domain", 4, help="The PCI domain, 0 on most hosts.")
    bus = Hex("@bus", help="The bus.")
    slot = Hex("@slot", help="The slot on the bus.")
    function = Hex("@function", 1, help="The function in the slot.")


class Reconnect(Part, title="Reconnection", doc=DISKS):
    """What happens when the other side of a socket goes away."""

    enabled = Switch("@enabled", "yes no", help="Whether it is tried again.")
    timeout = Integer("@timeout", unit="s", help="How long to wait before each try.", qemu="reconnect=")
    delay = Integer("@delay", unit="s", help="nbd: how long requests wait for the server to come back.")


class Slice(Part, title="Slice", doc=DISKS, start={"type": "storage", "offset": 0, "size": 1048576}):
    """The part of the file or device that holds the image, where that is not all of it."""

    type = Choice("@type", "storage", help="What is cut: the storage below the image's format.")
    offset = Integer("@offset", unit="bytes", help="Where it begins.", qemu="-blockdev offset=")
    size = Integer("@size", 1, unit="bytes", help="How long it is.", qemu="-blockdev size=")


class Reservations(Part, title="Persistent reservations", doc=DISKS):
    """Lets the guest reserve a SCSI disk for itself, as clusters do; a helper on the host does it."""

    managed = Switch("@managed", "yes no", help="Let libvirt run the helper; no where another program does.")
    type = Choice("source/@type", "unix", help="Without managed: how the helper is reached.")
    path = Text("source/@path", help="Without managed: the helper's socket.", qemu="-object pr-manager-helper,path=")
    mode = Choice("source/@mode", "client server", help="Without managed: client, for the helper is the server.")
    reconnect = Section("source/reconnect", Reconnect)


class SourceOptions(Part, title="Source", doc=DISKS):
    """What holds the data, beside a plain file or block device, and how it is reached."""

    index = Integer("@index", 1, help="The number by which block jobs name it, as in vda[2]; libvirt writes it.")
    type = Choice("@type", "pci unix", help="With type nvme: pci. With type vhostuser: unix.")
    startup_policy = Choice(
        "@startupPolicy",
        "mandatory requisite optional",
        help="What happens if it is missing: mandatory fails, requisite fails only at boot, optional starts without.",
    )
    fdgroup = Text("@fdgroup", help="Files that a program has already opened and handed to libvirt under this name.")
    dir = Text("@dir", help="A directory of the host, shown as a FAT disk, with type dir.")
    pool = Text("@pool", "default", help="libvirt's storage pool, with type volume.")
    volume = Text("@volume", help="The volume in the pool, as `virsh vol-list` names it.")
    mode = Choice(
        "@mode", "host direct", help="iSCSI pools: the host's device, or a connection that QEMU makes by itself."
    )
    protocol = Choice(
        "@protocol",
        "nbd rbd iscsi gluster nfs http https ftp ftps tftp ssh sheepdog vxhs",
        help="How the server is spoken to, with type network.",
        qemu="-blockdev driver=",
    )
    name = Text("@name", help="The image on the server: pool/image, an export, a path or an iSCSI name with /unit.")
    query = Text("@query", help="http and https: what follows the question mark of the address.")
    tls = Switch(
        "@tls", "yes no", help="Encrypt the connection with the host's certificates.", qemu="-blockdev tls-creds="
    )
    tls_hostname = Text(
        "@tlsHostname",
        help="The name that the server's certificate must have, where it differs.",
        qemu="-blockdev tls-hostname=",
    )
    managed = Switch("@managed", "yes no", help="nvme: take the device from the host at the start, and give it back.")
    namespace = Integer("@namespace", 1, help="nvme: which of the device's namespaces.", qemu="-blockdev namespace=")
    path = Text("@path", help="The socket of the program that plays the disk, with type vhostuser.")
    hosts = Many("host", Host)
    snapshot = Text("snapshot/@name", help="rbd: a snapshot on the server instead of the image itself.")
    config = Text("config/@file", help="rbd: a configuration file for Ceph's library.", qemu="-blockdev conf=")
    ssl_verify = Switch(
        "ssl/@verify",
        "yes no",
        help="https and ftps: check the server's certificate. Without, anybody between can alter the data.",
        qemu="-blockdev sslverify=",
    )
    cookies = Many("cookies/cookie", Cookie)
    readahead = Integer(
        "readahead/@size",
        unit="bytes",
        help="http and ftp: how much to read ahead; 0 for the usual.",
        qemu="-blockdev readahead=",
    )
    timeout = Integer(
        "timeout/@seconds",
        unit="s",
        help="http and ftp: how long to wait for the server; 0 for the usual.",
        qemu="-blockdev timeout=",
    )
    identity = Section("identity", Identity)
    known_hosts = Text("knownHosts/@path", help="ssh: the file with the keys of known servers.")
    address = Section("address", NvmeAddress)
    reconnect = Section("reconnect", Reconnect)
    slices = Many("slices/slice", Slice)
    seclabels = Many("seclabel", SecLabel)
    auth = Section("auth", Auth)
    encryption = Section("encryption", Encryption)
    reservations = Section("reservations", Reservations)
    initiator = Text(
        "initiator/iqn/@name", help="iscsi: the name by which this VM speaks to the server, which may check it."
    )


class Source(SourceOptions, title="Source", doc=DISKS):
    """What holds the data, and how it is reached."""

    file = Text("@file", help="The image by path, with type file.", qemu="-blockdev filename=")
    dev = Text("@dev", help="The host's block device, with type block.", qemu="-blockdev filename=")
