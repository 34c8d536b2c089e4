"""What stands behind a disk's image: the images it is based on, and the copy that is being made of it."""

from phyllome_nb.domain.devices.disk_driver import MetadataCache
from phyllome_nb.domain.devices.disk_source import Source, SourceOptions
from phyllome_nb.xml.fields import Choice, Flag, Integer, Text
from phyllome_nb.xml.part import Part, Section

__all__ = ["FORMATS", "KINDS", "BackingStore", "DataStore", "DiskSource", "Mirror"]

DISKS = "formatdomain.html#hard-drives-floppy-disks-cdroms"
KINDS = "file block network volume nvme vhostuser vhostvdpa dir"
FORMATS = "qcow2 raw luks qed qcow cow vmdk vdi vhd vpc iso dmg bochs cloop fat dir ploop"


class DataStore(Part, title="Data store", doc=DISKS):
    """The raw file or device that holds a qcow2 image's data, where the image itself holds only its tables."""

    type = Choice("@type", KINDS, help="What kind of thing on the host holds the data.")
    format = Text("format/@type", "raw", help="Its format: raw.")
    metadata_cache = Section("format/metadata_cache", MetadataCache)
    source = Section("source", Source)


class DiskSource(SourceOptions, title="Source", doc=DISKS):
    """What holds the data, beside a plain file or block device, and how it is reached."""

    data_store = Section("dataStore", DataStore)


class ChainSource(Source, title="Source", doc=DISKS):
    """What holds the data of a backing store."""

    data_store = Section("dataStore", DataStore)


class BackingStore(Part, title="Backing store", doc=DISKS):
    """The image that holds what this one does not: this one only keeps what was changed since."""

    present = Flag(
        "",
        help="Whether the definition says anything of a backing store: an empty one says that there is none. "
        "Left out, libvirt looks into the image.",
    )
    type = Choice("@type", KINDS, help="What kind of thing on the host holds it.")
    index = Integer("@index", 1, help="The number by which block jobs name it, as in vda[2]; libvirt writes it.")
    format = Text(
        "format/@type", FORMATS, help="The format of the image. A wrong one destroys data.", qemu="-blockdev driver="
    )
    metadata_cache = Section("format/metadata_cache", MetadataCache)
    source = Section("source", ChainSource)
    backing_store: "Section[BackingStore]" = Section("backingStore")


class Mirror(Part, title="Mirror", doc=DISKS):
    """The copy that a running job makes of the disk. libvirt shows it and ignores it in what it is given."""

    type = Choice("@type", KINDS, help="What kind of thing on the host takes the copy.")
    mirror_file = Text("@file", help="The copy's path, as older versions of libvirt wrote it.")
    mirror_format = Text("@format", FORMATS, help="The copy's format, as older versions of libvirt wrote it.")
    job = Choice("@job", "copy active-commit", help="What was asked for: a copy, or to merge the newest image down.")
    ready = Choice("@ready", "yes abort pivot", help="yes where the copy is complete; abort or pivot while it ends.")
    format = Text("format/@type", FORMATS, help="The copy's format.")
    metadata_cache = Section("format/metadata_cache", MetadataCache)
    source = Section("source", Source)
    backing_store = Section("backingStore", BackingStore)
