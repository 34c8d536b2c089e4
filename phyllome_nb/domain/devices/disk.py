"""Disks and CD drives."""

from phyllome_nb.domain.devices.boot import Bootable
from phyllome_nb.domain.devices.disk_chain import FORMATS, KINDS, BackingStore, DiskSource, Mirror
from phyllome_nb.domain.devices.disk_driver import DiskDriver
from phyllome_nb.domain.devices.iotune import IoTune
from phyllome_nb.domain.devices.secret import Auth, Encryption
from phyllome_nb.xml.fields import Choice, Flag, Integer, Switch, Text, TextList
from phyllome_nb.xml.part import Part, Section

__all__ = ["Disk"]

DISKS = "formatdomain.html#hard-drives-floppy-disks-cdroms"


class Geometry(Part, title="Geometry", doc=DISKS):
    """Cylinders, heads and sectors, for very old systems and mainframe disks."""

    cyls = Integer("@cyls", help="How many cylinders.", qemu="cyls=")
    heads = Integer("@heads", help="How many heads.", qemu="heads=")
    secs = Integer("@secs", help="How many sectors on a track.", qemu="secs=")
    trans = Choice("@trans", "auto none lba", help="How the BIOS translates them.", qemu="bios-chs-trans=")


class BlockIo(Part, title="Block sizes", doc=DISKS):
    """What sizes of blocks the disk reports to the guest."""

    logical_block_size = Integer(
        "@logical_block_size",
        unit="bytes",
        help="The smallest piece the guest can read or write: 512, or 4096 where its system can start from that.",
        qemu="logical_block_size=",
    )
    physical_block_size = Integer(
        "@physical_block_size",
        unit="bytes",
        help="The size to which the guest aligns its data; the host's own is fastest.",
        qemu="physical_block_size=",
    )
    discard_granularity = Integer(
        "@discard_granularity",
        unit="bytes",
        help="The smallest piece the guest can give back.",
        qemu="discard_granularity=",
    )


class Disk(
    Bootable,
    title="Disk",
    doc=DISKS,
    start={"type": "file", "device": "disk", "driver": "qemu", "format": "qcow2", "target": "vda", "bus": "virtio"},
):
    """A disk or a CD drive."""

    type = Choice("@type", KINDS, help="What kind of thing on the host holds the data.")
    device = Choice("@device", "disk cdrom lun floppy", help="What the guest sees.", qemu="-device")
    model = Choice(
        "@model",
        "virtio virtio-transitional virtio-non-transitional",
        help="With bus virtio: transitional suits guests of before 2016 on current machines.",
        qemu="-device",
    )
    rawio = Switch(
        "@rawio",
        "yes no",
        help="With device lun: let the guest send any SCSI command; QEMU then has that right for all its disks.",
    )
    sgio = Choice(
        "@sgio",
        "filtered unfiltered",
        help="With device lun: whether the host's kernel filters SCSI commands; new kernels have no such filter.",
    )
    snapshot = Choice(
        "@snapshot",
        "no internal external manual",
        help="How a snapshot of the VM treats this disk: external in a new file, internal inside a qcow2 image.",
    )
    driver = Text("driver/@name", "qemu", help="Who reads the image: qemu on QEMU hosts.")
    format = Text(
        "driver/@type",
        FORMATS,
        help="The format of the image. A wrong one destroys data.",
        qemu="-blockdev driver=",
    )
    cache = Choice(
        "driver/@cache",
        "default none writethrough writeback directsync unsafe",
        help="How the host caches: none leaves it to the guest, unsafe loses data if the host fails.",
        qemu="-blockdev cache.direct=",
    )
    driver_options = Section("driver", DiskDriver)
    auth = Section("auth", Auth)
    file = Text("source/@file", help="The image by path, with type file.", qemu="-blockdev filename=")
    dev = Text("source/@dev", help="The host's block device, with type block.", qemu="-blockdev filename=")
    source = Section("source", DiskSource)
    backing_store = Section("backingStore", BackingStore)
    backenddomain = Text("backenddomain/@name", help="Xen: the domain that serves the disk.")
    geometry = Section("geometry", Geometry)
    blockio = Section("blockio", BlockIo)
    mirror = Section("mirror", Mirror)
    target = Text(
        "target/@dev", help="The name that tells the disks of a VM apart: vda, sda, …; the guest may use another."
    )
    bus = Choice(
        "target/@bus",
        "virtio sata scsi usb ide fdc sd nvme xen uml",
        help="virtio is fastest; the guest needs its driver.",
        qemu="-device",
    )
    tray = Choice("target/@tray", "open closed", help="Whether the tray of a CD drive is open.")
    removable = Switch(
        "target/@removable", "on off", help="USB: tell the guest that it can be pulled out.", qemu="removable="
    )
    rotation_rate = Integer(
        "target/@rotation_rate",
        1,
        help="What the guest is told of its speed: 1 for a solid-state disk, else turns a minute.",
        qemu="rotation_rate=",
    )
    iotune = Section("iotune", IoTune)
    throttle_filters = TextList(
        "throttlefilters/throttlefilter/@group",
        help="The VM's throttle groups that limit this disk, one after the other, instead of its own limits.",
    )
    readonly = Flag("readonly", help="The guest cannot write to it.", qemu="-blockdev read-only=on")
    shareable = Flag(
        "shareable",
        help="Several VMs use it at once. Only a cluster file system in them keeps the data whole; turn caching off.",
        qemu="share-rw=on",
    )
    transient = Flag("transient", help="What the guest writes is gone when it stops.")
    share_backing = Switch(
        "transient/@shareBacking", "yes no", help="With transient: several VMs run from the same image at once."
    )
    serial = Text("serial", help="The serial number that the guest sees, at most 20 characters.", qemu="serial=")
    wwn = Text("wwn", help="The World Wide Name that the guest sees: 16 hexadecimal digits.", qemu="wwn=")
    vendor = Text("vendor", help="SCSI: the maker that the guest sees, at most 8 characters.", qemu="vendor=")
    product = Text("product", help="SCSI: the product that the guest sees, at most 16 characters.", qemu="product=")
    encryption = Section("encryption", Encryption)
