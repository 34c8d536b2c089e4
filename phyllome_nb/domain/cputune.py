"""What of the host's CPUs the guest may have."""

from phyllome_nb.xml.fields import Choice, Integer, SizeField, Text
from phyllome_nb.xml.part import Many, Part, Section

__all__ = ["CacheTune", "CpuTune", "MemoryTune"]

REFERENCE = "formatdomain.html#cpu-tuning"

PRIORITY = "1 to 99, with fifo and rr: the higher runs first. Too high, it starves the host itself."


class VcpuPin(Part, title="vCPU pinning", doc=REFERENCE, start={"vcpu": 0, "cpuset": "0"}):
    """The host CPUs on which one vCPU may run."""

    vcpu = Integer("@vcpu", help="The number of the vCPU, from 0.")
    cpuset = Text(
        "@cpuset",
        help="The host CPUs, such as 4 or 1-4,^2. One alone gives steady latency, and is worth it only where no "
        "other guest uses that CPU.",
    )


class IothreadPin(Part, title="I/O thread pinning", doc=REFERENCE, start={"iothread": 1, "cpuset": "0"}):
    """The host CPUs on which one I/O thread may run."""

    iothread = Integer("@iothread", help="The number of the I/O thread, from 1.")
    cpuset = Text("@cpuset", help="The host CPUs, such as 0-1: best near the disk's controller and beside the vCPUs.")


class Scheduler(Part, title="Scheduler", doc=REFERENCE):
    """How the host's kernel chooses when the threads run."""

    scheduler = Choice(
        "@scheduler",
        "batch idle fifo rr",
        help="batch: less often, for longer. idle: only when nothing else wants the CPU. fifo and rr: real time, "
        "before everything ordinary on the host.",
    )
    priority = Integer("@priority", help=PRIORITY)


class VcpuSched(Scheduler, title="vCPU scheduler", doc=REFERENCE, start={"vcpus": "0", "scheduler": "batch"}):
    """How the host's kernel chooses when some vCPUs run."""

    vcpus = Text("@vcpus", help="The vCPUs it is for, such as 0-3,^2. Left out, all others.")


class IothreadSched(
    Scheduler, title="I/O thread scheduler", doc=REFERENCE, start={"iothreads": "1", "scheduler": "batch"}
):
    """How the host's kernel chooses when some I/O threads run."""

    iothreads = Text("@iothreads", help="The I/O threads it is for, such as 1-2. Left out, all others.")


class Cache(
    Part,
    title="Cache share",
    doc=REFERENCE,
    start={"id": 0, "level": 3, "type": "both", "size": "1 MiB"},
):
    """A share of one of the host's CPU caches that is kept for some vCPUs."""

    id = Integer("@id", help="Which of the host's caches of that level; the host's capabilities number them.")
    level = Integer("@level", help="The level of the cache, mostly 3.")
    type = Choice(
        "@type",
        "both code data",
        help="What it holds. both on most hosts; code and data where the host keeps them apart (CDP).",
    )
    size = SizeField(
        "@size",
        unit="bytes",
        help="How much is kept: a multiple of the step that the host's capabilities name. No other guest can use it.",
    )


class CacheMonitor(Part, title="Cache monitor", doc=REFERENCE, start={"level": 3, "vcpus": "0"}):
    """Measures how much of a cache some vCPUs use; virsh domstats shows it."""

    level = Integer("@level", help="The level of the cache, mostly 3.")
    vcpus = Text("@vcpus", help="The vCPUs that are measured together: all of the allocation, or some of it.")


class CacheTune(Part, title="CPU cache allocation", doc=REFERENCE, start={"vcpus": "0"}):
    """Shares of the host's CPU caches for some vCPUs, where the host's processor can divide them (resctrl)."""

    vcpus = Text("@vcpus", help="The vCPUs it is for, such as 0-3. A vCPU can be in one allocation only.")
    id = Text("@id", help="The name libvirt gives the allocation of a running VM; it ignores what you write.")
    caches = Many("cache", Cache)
    monitors = Many("monitor", CacheMonitor)


class BandwidthNode(Part, title="Memory bandwidth share", doc=REFERENCE, start={"id": 0, "bandwidth": 100}):
    """How fast some vCPUs may use the memory of one host node."""

    id = Integer("@id", help="The host's node.")
    bandwidth = Integer("@bandwidth", unit="%", help="The share of its memory bandwidth that they may use at most.")


class BandwidthMonitor(Part, title="Memory bandwidth monitor", doc=REFERENCE, start={"vcpus": "0"}):
    """Measures how much memory bandwidth some vCPUs use."""

    vcpus = Text("@vcpus", help="The vCPUs that are measured together: all of the allocation, or some of it.")


class MemoryTune(Part, title="Memory bandwidth allocation", doc=REFERENCE, start={"vcpus": "0"}):
    """Shares of the host's memory bandwidth for some vCPUs, where the host's processor can divide it (resctrl)."""

    vcpus = Text("@vcpus", help="The vCPUs it is for, such as 0-3. A vCPU can be in one allocation only.")
    nodes = Many("node", BandwidthNode)
    monitors = Many("monitor", BandwidthMonitor)


class CpuTune(Part, title="CPU tuning", doc=REFERENCE):
    """What of the host's CPUs the guest may have, when, and which ones."""

    shares = Integer(
        "shares",
        help="Its weight against other VMs while the CPUs are busy: 2048 gets twice the time of 1024. "
        "Costs nothing while they are not.",
    )
    period = Integer("period", unit="µs", help="The interval in which each vCPU may use its quota, 1000 to 1000000.")
    quota = Integer(
        "quota",
        -1,
        unit="µs",
        help="CPU time that each vCPU may use in a period: half the period is half a CPU. -1: no limit.",
    )
    global_period = Integer("global_period", unit="µs", help="The interval in which the whole VM may use its quota.")
    global_quota = Integer(
        "global_quota", -1, unit="µs", help="CPU time that the whole VM may use in a period. -1: no limit."
    )
    emulator_period = Integer(
        "emulator_period", unit="µs", help="The interval in which the emulator's threads may use their quota."
    )
    emulator_quota = Integer(
        "emulator_quota",
        -1,
        unit="µs",
        help="CPU time that the emulator's threads, all that are no vCPU and no I/O thread, may use in a period. "
        "-1: no limit.",
    )
    iothread_period = Integer(
        "iothread_period", unit="µs", help="The interval in which each I/O thread may use its quota."
    )
    iothread_quota = Integer(
        "iothread_quota", -1, unit="µs", help="CPU time that each I/O thread may use in a period. -1: no limit."
    )
    vcpupins = Many("vcpupin", VcpuPin)
    emulatorpin = Text(
        "emulatorpin/@cpuset",
        help="The host CPUs for the emulator's own threads, such as 0-1: best not those of pinned vCPUs.",
    )
    iothreadpins = Many("iothreadpin", IothreadPin)
    emulatorsched = Section("emulatorsched", Scheduler)
    vcpuscheds = Many("vcpusched", VcpuSched)
    iothreadscheds = Many("iothreadsched", IothreadSched)
    cachetunes = Many("cachetune", CacheTune)
    memorytunes = Many("memorytune", MemoryTune)
