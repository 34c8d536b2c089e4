"""How much memory the guest gets, and how the host backs it."""

from phyllome_nb.size import Size
from phyllome_nb.xml.fields import Choice, Flag, SizeField
from phyllome_nb.xml.part import Part

__all__ = ["Memory"]


class Memory(Part, title="Memory", doc="formatdomain.html#memory-allocation"):
    """How much memory the guest gets, and how the host backs it."""

    maximum = SizeField(
        "memory",
        absent=Size(0),
        help="The memory the guest is booted with: the most it can ever use. The host must be able to provide it.",
        qemu="-m",
    )
    current = SizeField(
        "currentMemory",
        help="What the balloon leaves the guest; at most the maximum. Left out, the guest has the maximum.",
    )
    source = Choice(
        "memoryBacking/source/@type",
        "anonymous file memfd",
        help="Where the memory comes from: memfd is needed to share it with other processes, as virtiofs does.",
        doc="formatdomain.html#memory-backing",
        qemu="-object memory-backend-memfd",
    )
    access = Choice(
        "memoryBacking/access/@mode",
        "shared private",
        help="Whether other processes may map the memory. virtiofs and vhost-user devices need it shared.",
        doc="formatdomain.html#memory-backing",
        qemu="share=on",
    )
    locked = Flag(
        "memoryBacking/locked",
        help="Keep all of it in the host's RAM, never in swap. The host can then give none of it to others.",
        doc="formatdomain.html#memory-backing",
        qemu="-overcommit mem-lock=on",
    )
