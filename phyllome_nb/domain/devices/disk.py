"""Disks and CD drives."""

from phyllome_nb.xml.fields import Choice, Flag, Integer, Text
from phyllome_nb.xml.part import Part

__all__ = ["Disk"]


class Disk(
    Part,
    title="Disk",
    doc="formatdomain.html#hard-drives-floppy-disks-cdroms",
    start={"type": "file", "device": "disk", "driver": "qemu", "format": "qcow2", "target": "vda", "bus": "virtio"},
):
    """A disk or a CD drive."""

    type = Choice(
        "@type", "file block network volume nvme vhostuser dir", help="What kind of thing on the host holds the data."
    )
    device = Choice("@device", "disk cdrom lun floppy", help="What the guest sees.", qemu="-device")
    driver = Text("driver/@name", "qemu", help="Who reads the image: qemu on QEMU hosts.")
    format = Text(
        "driver/@type",
        "qcow2 raw",
        help="The format of the image. A wrong one destroys data.",
        qemu="-blockdev driver=",
    )
    cache = Choice(
        "driver/@cache",
        "default none writethrough writeback directsync unsafe",
        help="How the host caches: none leaves it to the guest, unsafe loses data if the host fails.",
        qemu="-blockdev cache.direct=",
    )
    file = Text("source/@file", help="The image by path, with type file.", qemu="-blockdev filename=")
    dev = Text("source/@dev", help="The host's block device, with type block.", qemu="-blockdev filename=")
    target = Text(
        "target/@dev", help="The name that tells the disks of a VM apart: vda, sda, …; the guest may use another."
    )
    bus = Choice(
        "target/@bus",
        "virtio sata scsi usb ide fdc sd",
        help="virtio is fastest; the guest needs its driver.",
        qemu="-device",
    )
    readonly = Flag("readonly", help="The guest cannot write to it.", qemu="-blockdev read-only=on")
    boot_order = Integer("boot/@order", 1, help="Its place among the devices to boot from.", qemu="bootindex=")
