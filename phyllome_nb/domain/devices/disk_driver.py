"""How the host reads and writes a disk's image."""

from phyllome_nb.domain.devices.common import VirtioDriver
from phyllome_nb.domain.devices.iothread_map import MappedIoThread
from phyllome_nb.xml.fields import Choice, Integer, Switch, Text, TextList
from phyllome_nb.xml.part import Many, Part, Section

__all__ = ["DiskDriver", "LatencyHistogram", "MetadataCache"]

DISKS = "formatdomain.html#hard-drives-floppy-disks-cdroms"


class MetadataCache(Part, title="Metadata cache", doc=DISKS):
    """What the host keeps in memory of a qcow2 image's tables."""

    max_size = Integer(
        "max_size",
        help="How much it may keep. More speeds up random access to large images and costs that much memory.",
        qemu="-blockdev cache-size=",
    )
    unit = Text("max_size/@unit", "bytes KiB MiB", help="What the number counts: bytes where it is left out.")


class LatencyHistogram(
    Part,
    title="Latency histogram",
    doc=DISKS,
    start={"type": "read", "bins": ("0", "1000000", "100000000")},
):
    """Counts how long reads or writes take, for `virsh domstats`."""

    type = Text(
        "@type", "read write zone flush", help="What is counted; left out, each kind. One histogram for each type."
    )
    bins = TextList("bin/@start", help="Where each class of durations begins, in nanoseconds; the first at 0.")


class DiskDriver(VirtioDriver, title="Disk driver", doc=DISKS):
    """How the host reads and writes the image. The defaults suit most; measure before and after a change."""

    error_policy = Choice(
        "@error_policy",
        "stop report ignore enospace",
        help="What happens if the host cannot write: stop pauses the VM, report tells the guest, enospace pauses "
        "only where the host is full, ignore loses data.",
        qemu="werror=",
    )
    rerror_policy = Choice(
        "@rerror_policy",
        "stop report ignore",
        help="What happens if the host cannot read; left out, the same as for writing.",
        qemu="rerror=",
    )
    io = Choice(
        "@io",
        "threads native io_uring",
        help="How the host reads and writes: native and io_uring cost less processor time; native needs cache none "
        "or directsync.",
        qemu="-blockdev aio=",
    )
    ioeventfd = Switch(
        "@ioeventfd",
        "on off",
        help="Serve the disk outside the guest's own processors; off only to compare.",
        qemu="ioeventfd=",
    )
    event_idx = Switch(
        "@event_idx", "on off", help="Fewer interrupts for the guest; off only to compare.", qemu="event_idx="
    )
    copy_on_read = Switch(
        "@copy_on_read",
        "on off",
        help="Keep in the image what was read from a slow backing store; the image grows by reading.",
        qemu="-blockdev driver=copy-on-read",
    )
    discard = Choice(
        "@discard",
        "unmap ignore",
        help="unmap gives back to the host what the guest deletes, so that a thin image can shrink.",
        qemu="-blockdev discard=",
    )
    iothread = Integer(
        "@iothread",
        1,
        help="The number of the VM's I/O thread that serves this disk, so that it waits for no other; virtio only.",
        qemu="iothread=",
    )
    detect_zeroes = Choice(
        "@detect_zeroes",
        "off on unmap",
        help="Look for blocks of zeroes and do not store them; saves room, costs processor time.",
        qemu="-blockdev detect-zeroes=",
    )
    discard_no_unref = Switch(
        "@discard_no_unref",
        "on off",
        help="Keep a deleted block's place in a qcow2 image, so that the image does not become scattered.",
        qemu="-blockdev discard-no-unref=",
    )
    queues = Integer(
        "@queues",
        1,
        help="How many queues a virtio disk has: one for each vCPU lets all of them work at once.",
        qemu="num-queues=",
    )
    queue_size = Integer("@queue_size", 1, help="How many requests fit into a queue.", qemu="queue-size=")
    iothreads = Many("iothreads/iothread", MappedIoThread)
    statistics = TextList(
        "statistics/statistic/@interval",
        help="Over how many seconds each the host averages its statistics of this disk, for `virsh domstats`.",
    )
    latency_histograms = Many("statistics/latency-histogram", LatencyHistogram)
    metadata_cache = Section("metadata_cache", MetadataCache)
