"""The NUMA cells that the guest sees, and how far apart they are."""

from phyllome_nb.xml.fields import Choice, Integer, SizeField, Switch, Text
from phyllome_nb.xml.part import Many, Part, Section

__all__ = ["Cell", "Interconnects", "Numa"]

REFERENCE = "formatdomain.html#cpu-model-and-topology"
HMAT = "formatdomain.html#acpi-heterogeneous-memory-attribute-table"
WHAT = "access read write"


class Distance(Part, title="Distance", doc=REFERENCE, start={"id": 1, "value": 20}):
    """How far it is from this cell to another."""

    id = Integer("@id", help="The other cell.", qemu="-numa dist,dst=")
    value = Integer(
        "@value",
        help="10 is the cell itself, 20 twice as far. The guest's kernel prefers near memory.",
        qemu="-numa dist,val=",
    )


class MemoryCache(
    Part,
    title="Memory-side cache",
    doc=HMAT,
    start={"level": 1, "associativity": "direct", "policy": "writeback", "size": "8 MiB", "line": 64, "line_unit": "B"},
):
    """A cache before the cell's memory, as the guest sees it."""

    level = Integer("@level", help="Its level, from 1; a higher one is nearer to the memory.", qemu="-numa hmat-cache")
    associativity = Choice(
        "@associativity",
        "none direct full",
        help="Which of its lines may hold a given address: one (direct) or any (full).",
        qemu="-numa hmat-cache,associativity=",
    )
    policy = Choice(
        "@policy",
        "none writeback writethrough",
        help="When a write reaches the memory: later (writeback) or at once (writethrough).",
        qemu="-numa hmat-cache,policy=",
    )
    size = SizeField("size/@value", help="How much it holds.", qemu="-numa hmat-cache,size=")
    line = Integer(
        "line/@value", help="How much one of its lines holds, in its own unit.", qemu="-numa hmat-cache,line="
    )
    line_unit = Text("line/@unit", "B KiB", help="The unit of the line's size.")


class Cell(
    Part,
    title="NUMA cell",
    doc=REFERENCE,
    start={"id": 0, "cpus": "0", "memory": "1 GiB"},
):
    """Some of the guest's vCPUs with the memory that is near to them."""

    id = Integer("@id", help="The cell's number, from 0 and without gaps.", qemu="-numa node,nodeid=")
    cpus = Text("@cpus", help="Its vCPUs, such as 0-3. A cell may have none.", qemu="-numa node,cpus=")
    memory = SizeField(
        "@memory",
        help="Its memory; those of all cells together are the guest's.",
        qemu="-numa node,memdev=",
    )
    mem_access = Choice(
        "@memAccess",
        "shared private",
        help="Whether other processes may map its memory; virtiofs and vhost-user devices need it shared. "
        "Left out, as for all memory.",
        qemu="share=on",
    )
    discard = Switch(
        "@discard",
        "yes no",
        help="Throw its content away when the guest stops, instead of writing it back to its file.",
        qemu="discard-data=on",
    )
    distances = Many("distances/sibling", Distance)
    caches = Many("cache", MemoryCache)


class Latency(Part, title="Latency", doc=HMAT, start={"initiator": 0, "target": 0, "type": "access", "value": 5}):
    """How long one cell waits for the memory of another."""

    initiator = Integer("@initiator", help="The cell whose vCPUs ask.", qemu="-numa hmat-lb,initiator=")
    target = Integer("@target", help="The cell whose memory answers.", qemu="-numa hmat-lb,target=")
    cache = Integer("@cache", help="The level of that cell's cache that answers. Left out, its memory does.")
    type = Choice("@type", WHAT, help="For which accesses: reads, writes, or both.", qemu="-numa hmat-lb,data-type=")
    value = Integer("@value", unit="ns", help="The time.", qemu="-numa hmat-lb,latency=")


class Bandwidth(
    Part,
    title="Bandwidth",
    doc=HMAT,
    start={"initiator": 0, "target": 0, "type": "access", "value": "1 GiB"},
):
    """How much one cell can move to and from the memory of another."""

    initiator = Integer("@initiator", help="The cell whose vCPUs ask.", qemu="-numa hmat-lb,initiator=")
    target = Integer("@target", help="The cell whose memory answers.", qemu="-numa hmat-lb,target=")
    cache = Integer("@cache", help="The level of that cell's cache that answers. Left out, its memory does.")
    type = Choice("@type", WHAT, help="For which accesses: reads, writes, or both.", qemu="-numa hmat-lb,data-type=")
    value = SizeField("@value", help="The amount in a second.", qemu="-numa hmat-lb,bandwidth=")


class Interconnects(Part, title="NUMA interconnects", doc=HMAT):
    """How quickly the cells reach each other's memory, in more detail than distances say."""

    latencies = Many("latency", Latency)
    bandwidths = Many("bandwidth", Bandwidth)


class Numa(Part, title="Guest NUMA", doc=REFERENCE):
    """The NUMA cells that the guest sees. Large guests are faster where they match the host's nodes."""

    cells = Many("cell", Cell)
    interconnects = Section("interconnects", Interconnects)
