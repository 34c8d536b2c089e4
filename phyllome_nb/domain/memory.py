"""How much memory the guest gets, and how the host backs it."""

from phyllome_nb.size import Size
from phyllome_nb.xml.fields import Choice, Flag, Integer, SizeField, Switch, Text
from phyllome_nb.xml.part import Many, Part

__all__ = ["HugePage", "Memory"]

BACKING = "formatdomain.html#memory-backing"


class HugePage(Part, title="Huge page size", doc=BACKING, start={"size": "2 MiB"}):
    """A size of huge page, and the guest's NUMA cells that are made of it."""

    size = SizeField(
        "@size",
        help="How large each page is. The host must have set aside enough pages of that size before the guest starts.",
        qemu="-object memory-backend-file,mem-path=",
    )
    nodeset = Text("@nodeset", help="The guest's NUMA cells that use it, such as 0-3,5. Left out, all others do.")


class Memory(Part, title="Memory", doc="formatdomain.html#memory-allocation"):
    """How much memory the guest gets, and how the host backs it."""

    max_memory = SizeField(
        "maxMemory",
        help="How far the memory may grow while the guest runs, by adding memory devices. Only for hot-plug: "
        "leave it out otherwise.",
        qemu="-m maxmem=",
    )
    slots = Integer(
        "maxMemory/@slots",
        help="How many memory devices can be plugged in.",
        qemu="-m slots=",
    )
    maximum = SizeField(
        "memory",
        least=1,
        absent=Size(0),
        help="The memory the guest boots with; it can use no more unless memory is plugged in.",
        qemu="-m",
    )
    dump_core = Switch(
        "memory/@dumpCore",
        "on off",
        help="Whether the guest's memory is part of a core dump when the hypervisor crashes. Off keeps dumps small "
        "and the guest's secrets out of them.",
        qemu="-machine dump-guest-core=",
    )
    current = SizeField(
        "currentMemory",
        help="What the balloon leaves the guest; at most the maximum. Left out, the guest has the maximum.",
    )
    hugepages = Flag(
        "memoryBacking/hugepages",
        help="Take the memory from the host's huge pages: faster for large guests, and set aside for them alone. "
        "The host must have enough of them.",
        doc=BACKING,
        qemu="-object memory-backend-file,mem-path=",
    )
    pages = Many("memoryBacking/hugepages/page", HugePage)
    nosharepages = Flag(
        "memoryBacking/nosharepages",
        help="Never merge this guest's pages with equal ones of other guests (KSM): more memory used, and nothing "
        "can be learned about it from timing.",
        doc=BACKING,
        qemu="-machine mem-merge=off",
    )
    locked = Flag(
        "memoryBacking/locked",
        help="Keep all of it in the host's RAM, never in swap. The host can then give none of it to others.",
        doc=BACKING,
        qemu="-overcommit mem-lock=on",
    )
    source = Choice(
        "memoryBacking/source/@type",
        "anonymous file memfd",
        help="Where the memory comes from: memfd is needed to share it with other processes, as virtiofs does.",
        doc=BACKING,
        qemu="-object memory-backend-memfd",
    )
    access = Choice(
        "memoryBacking/access/@mode",
        "shared private",
        help="Whether other processes may map the memory. virtiofs and vhost-user devices need it shared.",
        doc=BACKING,
        qemu="share=on",
    )
    allocation = Choice(
        "memoryBacking/allocation/@mode",
        "immediate ondemand",
        help="immediate: take all memory when the guest starts, which is slower and cannot fail later. "
        "ondemand: as the guest touches it.",
        doc=BACKING,
        qemu="prealloc=on",
    )
    allocation_threads = Integer(
        "memoryBacking/allocation/@threads",
        help="How many threads fill the memory at start, with immediate: more make a large guest start sooner.",
        doc=BACKING,
        qemu="prealloc-threads=",
    )
    discard = Flag(
        "memoryBacking/discard",
        help="Throw the memory's content away when the guest stops, instead of writing it back to its file.",
        doc=BACKING,
        qemu="discard-data=on",
    )
