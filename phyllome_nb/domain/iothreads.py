"""Threads of the host that do a guest's disk I/O."""

from phyllome_nb.xml.fields import Integer
from phyllome_nb.xml.part import Many, Part, Section

__all__ = ["DefaultIothread", "Iothread", "Iothreads", "Poll"]

REFERENCE = "formatdomain.html#iothreads-allocation"


class Poll(Part, title="Polling", doc=REFERENCE):
    """How long an idle thread looks for new work before it sleeps: quicker answers, paid for with host CPU time."""

    max = Integer(
        "@max",
        unit="ns",
        help="The longest time to look; 0 never looks. Leave it out unless latency was measured.",
        qemu="-object iothread,poll-max-ns=",
    )
    grow = Integer(
        "@grow", help="By what factor the time grows where it was too short.", qemu="-object iothread,poll-grow="
    )
    shrink = Integer(
        "@shrink", help="By what divisor it shrinks where it was too long.", qemu="-object iothread,poll-shrink="
    )


class Iothread(Part, title="I/O thread", doc=REFERENCE, start={"id": 1}):
    """One I/O thread, by its number."""

    id = Integer("@id", 1, help="The number by which disks and controllers choose it.", qemu="-object iothread,id=")
    thread_pool_min = Integer(
        "@thread_pool_min",
        help="How many helpers it keeps ready, so that a burst of requests need not wait for them.",
        qemu="-object iothread,thread-pool-min=",
    )
    thread_pool_max = Integer(
        "@thread_pool_max",
        help="The most helpers it may have.",
        qemu="-object iothread,thread-pool-max=",
    )
    poll = Section("poll", Poll)


class DefaultIothread(Part, title="Default I/O thread", doc=REFERENCE):
    """The main loop, which serves every device that has no I/O thread of its own."""

    thread_pool_min = Integer(
        "@thread_pool_min",
        help="How many helpers it keeps ready. Raise it where the guest must answer in fixed time.",
        qemu="-object main-loop,thread-pool-min=",
    )
    thread_pool_max = Integer(
        "@thread_pool_max",
        help="The most helpers it may have.",
        qemu="-object main-loop,thread-pool-max=",
    )


class Iothreads(Part, title="I/O threads", doc=REFERENCE):
    """Threads of the host that do the guest's disk I/O, beside the one that serves all else."""

    count = Integer(
        "iothreads",
        help="How many there are. One for each busy disk makes fast disks faster; each can use a host CPU.",
        qemu="-object iothread",
    )
    iothreadids = Many("iothreadids/iothread", Iothread)
    defaultiothread = Section("defaultiothread", DefaultIothread)
