"""What of the host's memory and disks the guest may have, and from where."""

from phyllome_nb.xml.fields import Choice, Integer, SizeField, Text
from phyllome_nb.xml.part import Many, Part, Section

__all__ = ["BlkioTune", "MemTune", "NumaTune", "Resource"]

BLKIO = "formatdomain.html#block-i-o-tuning"
NUMA = "formatdomain.html#numa-node-tuning"
MODES = "strict preferred interleave restrictive"


class BlkioDevice(Part, title="Host disk limit", doc=BLKIO, start={"path": "/dev/sda", "weight": 500}):
    """What the guest may have of one of the host's disks."""

    path = Text("path", help="The host's disk, such as /dev/sda: the whole disk, not the guest's image on it.")
    weight = Integer(
        "weight",
        help="The guest's weight against other VMs while that disk is busy, 100 to 1000, on new kernels from 10.",
    )
    read_iops_sec = Integer("read_iops_sec", unit="1/s", help="The most reads; 0 for no limit.")
    write_iops_sec = Integer("write_iops_sec", unit="1/s", help="The most writes; 0 for no limit.")
    read_bytes_sec = Integer("read_bytes_sec", unit="bytes/s", help="The most it may read; 0 for no limit.")
    write_bytes_sec = Integer("write_bytes_sec", unit="bytes/s", help="The most it may write; 0 for no limit.")


class BlkioTune(Part, title="Disk I/O tuning", doc=BLKIO):
    """What the guest may have of the host's disks. Limits of one of the guest's own disks stand with that disk."""

    weight = Integer(
        "weight",
        help="The guest's weight against other VMs while disks are busy, 100 to 1000, on new kernels from 10.",
    )
    devices = Many("device", BlkioDevice)


class MemTune(Part, title="Memory tuning", doc="formatdomain.html#memory-tuning"):
    """How much of the host's memory the VM may use, the hypervisor's own included."""

    hard_limit = SizeField(
        "hard_limit",
        help="The most the VM may use; it is killed where it needs more, so leave ample room above its memory. "
        "Set it where memory is locked.",
    )
    soft_limit = SizeField("soft_limit", help="To how much the host pushes it back while memory is short.")
    swap_hard_limit = SizeField("swap_hard_limit", help="The most of memory and swap together, above the hard limit.")
    min_guarantee = SizeField("min_guarantee", help="What the VM is sure to have; VMware and OpenVZ only.")


class NumaMemory(Part, title="Host nodes for memory", doc=NUMA):
    """The host's NUMA nodes from which the guest's memory comes."""

    mode = Choice(
        "@mode",
        MODES,
        help="strict: from these nodes or not at all. preferred: from these if they have it. interleave: in turn. "
        "restrictive: as strict, and can be changed while it runs.",
        qemu="-object memory-backend-ram,policy=",
    )
    nodeset = Text(
        "@nodeset",
        help="The host's nodes, such as 0-1. Near the CPUs that run the guest, its memory is quicker.",
        qemu="-object memory-backend-ram,host-nodes=",
    )
    placement = Choice("@placement", "static auto", help="static: the nodes named here. auto: numad chooses at start.")


class NumaMemnode(Part, title="Host nodes for a cell", doc=NUMA, start={"cellid": 0, "mode": "strict", "nodeset": "0"}):
    """The host's NUMA nodes from which the memory of one of the guest's cells comes."""

    cellid = Integer("@cellid", help="The guest's cell.")
    mode = Choice(
        "@mode",
        MODES,
        help="strict: from these nodes or not at all. preferred: from these if they have it. interleave: in turn.",
        qemu="-object memory-backend-ram,policy=",
    )
    nodeset = Text("@nodeset", help="The host's nodes, such as 0.", qemu="-object memory-backend-ram,host-nodes=")


class NumaTune(Part, title="NUMA tuning", doc=NUMA):
    """From which of the host's NUMA nodes the guest's memory comes."""

    memory = Section("memory", NumaMemory)
    memnodes = Many("memnode", NumaMemnode)


class Resource(Part, title="Resource group", doc="formatdomain.html#resource-partitioning"):
    """The group of the host's processes with which the VM shares its resources."""

    partition = Text(
        "partition",
        "/machine",
        help="The control group, such as /machine/production. It must exist; what limits it limits all VMs in it.",
    )
    fibrechannel_appid = Text(
        "fibrechannel/@appid",
        help="A name by which a Fibre Channel fabric tells this VM's traffic from that of others.",
        doc="formatdomain.html#fibre-channel-vmid",
    )
