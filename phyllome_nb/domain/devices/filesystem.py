"""Directories of the host that the guest mounts."""

from phyllome_nb.domain.devices.boot import Bootable
from phyllome_nb.domain.devices.common import VirtioDriver
from phyllome_nb.xml.fields import Choice, Flag, Integer, Switch, Text
from phyllome_nb.xml.part import Many, Part, Section

__all__ = ["Filesystem"]

FILESYSTEMS = "formatdomain.html#filesystems"


class FilesystemDriver(VirtioDriver, title="File system driver", doc=FILESYSTEMS):
    """How the directory comes into the guest."""

    type = Choice(
        "@type",
        "virtiofs path handle loop nbd ploop mtp",
        help="virtiofs is fastest and behaves like a local disk, but needs shared memory; path is 9p, slow and simple.",
        qemu="-device vhost-user-fs-pci or virtio-9p-pci",
    )
    format = Text("@format", "raw qcow2 ploop", help="Containers: the format of an image.")
    wrpolicy = Choice(
        "@wrpolicy",
        "immediate",
        help="9p: write at once to the host's disk what the guest writes; safer and slower.",
        qemu="writeout=",
    )
    queue = Integer("@queue", 1, help="virtiofs: how many requests fit into its queue.", qemu="queue-size=")


class Binary(Part, title="virtiofsd", doc=FILESYSTEMS):
    """The program on the host that serves the directory, with virtiofs."""

    path = Text("@path", "/usr/libexec/virtiofsd", help="The program. Left out, libvirt takes the host's.")
    xattr = Switch("@xattr", "on off", help="Let the guest use extended attributes, which SELinux and others need.")
    cache_mode = Choice(
        "cache/@mode",
        "none always",
        help="always is fast, and right only if nobody else changes the files; none is always right.",
    )
    sandbox_mode = Choice(
        "sandbox/@mode",
        "namespace chroot",
        help="How the program is locked in: namespace is stricter, chroot works inside containers.",
    )
    lock_posix = Switch("lock/@posix", "on off", help="Let the guest lock parts of files; recent versions cannot.")
    lock_flock = Switch("lock/@flock", "on off", help="Let the guest lock whole files; recent versions cannot.")
    thread_pool_size = Integer(
        "thread_pool/@size", help="How many threads serve requests; 0 for none beside the queue."
    )
    openfiles_max = Integer("openfiles/@max", 1, help="How many files it may have open at once.")


class IdRange(Part, title="Range of IDs", doc=FILESYSTEMS, start={"start": 0, "target": 100000, "count": 65536}):
    """Users or groups of the guest, and who they are on the host."""

    start = Integer("@start", help="The first in the guest, mostly 0.")
    target = Integer("@target", help="Who that is on the host.")
    count = Integer("@count", help="How many follow each other.")


class FilesystemSource(Part, title="Source", doc=FILESYSTEMS):
    """What is mounted, where that is no directory of the host."""

    socket = Text("@socket", help="virtiofs: the socket of a virtiofsd that you run yourself, instead of a directory.")
    file = Text("@file", help="Containers: an image with a file system, with type file.")
    dev = Text("@dev", help="Containers: a block device with a file system, with type block.")
    name = Text("@name", help="OpenVZ: the template, with type template.")
    pool = Text("@pool", help="Virtuozzo: libvirt's storage pool, with type volume.")
    volume = Text("@volume", help="Virtuozzo: the volume in the pool.")
    usage = Integer("@usage", help="Containers: how large a file system in memory may grow, with type ram.")
    units = Text("@units", "KiB MiB GiB", help="What usage counts: KiB where it is left out.")


class Filesystem(
    Bootable,
    title="Shared directory",
    doc=FILESYSTEMS,
    start={"type": "mount", "accessmode": "passthrough", "dir": "/srv/share", "target": "share"},
):
    """A directory of the host that the guest mounts."""

    type = Choice(
        "@type",
        "mount bind template file block ram volume",
        help="mount shares a directory of the host; the others are for containers.",
    )
    accessmode = Choice(
        "@accessmode",
        "passthrough mapped squash",
        help="Whose rights count on the host: passthrough the guest user's (virtiofs knows no other), mapped those "
        "of QEMU, squash as passthrough without failing.",
        qemu="-fsdev security_model=",
    )
    multidevs = Choice(
        "@multidevs",
        "default remap forbid warn",
        help="9p: what happens if the directory spans several of the host's disks; remap keeps files apart.",
        qemu="-fsdev multidevs=",
    )
    model = Choice(
        "@model",
        "virtio virtio-transitional virtio-non-transitional",
        help="The device the guest sees: transitional suits guests of before 2016 on current machines.",
        qemu="-device",
    )
    fmode = Text("@fmode", "0644 0600", help="mapped: the rights of new files on the host.", qemu="-fsdev fmode=")
    dmode = Text("@dmode", "0755 0700", help="mapped: the rights of new directories on the host.", qemu="-fsdev dmode=")
    driver = Section("driver", FilesystemDriver)
    binary = Section("binary", Binary)
    dir = Text("source/@dir", help="The directory on the host, with type mount or bind.", qemu="-fsdev path=")
    source = Section("source", FilesystemSource)
    uids = Many("idmap/uid", IdRange)
    gids = Many("idmap/gid", IdRange)
    target = Text(
        "target/@dir",
        help="The tag by which the guest mounts it, as in `mount -t virtiofs share /mnt`; a path in containers.",
        qemu="tag= or mount_tag=",
    )
    readonly = Flag("readonly", help="The guest cannot write to it.", qemu="-fsdev readonly=on")
    space_hard_limit = Integer("space_hard_limit", help="OpenVZ: the most that fits; bytes without a unit.")
    space_hard_limit_unit = Text("space_hard_limit/@unit", "bytes KiB MiB GiB", help="What the hard limit counts.")
    space_soft_limit = Integer(
        "space_soft_limit", help="OpenVZ: what may be exceeded only for a while; bytes without a unit."
    )
    space_soft_limit_unit = Text("space_soft_limit/@unit", "bytes KiB MiB GiB", help="What the soft limit counts.")
