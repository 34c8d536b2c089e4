"""What is counted about a VM, and which users of the host its own are."""

from phyllome_nb.xml.fields import Choice, Integer, Switch
from phyllome_nb.xml.part import Many, Part

__all__ = ["Idmap", "Perf"]

PERF = "formatdomain.html#performance-monitoring-events"
CONTAINER = "formatdomain.html#container-boot"


class Event(Part, title="Counter", doc=PERF, start={"name": "cpu_cycles", "enabled": True}):
    """Something that the host counts about the VM; virsh domstats --perf shows it."""

    name = Choice(
        "@name",
        "cmt mbmt mbml cpu_cycles instructions cache_references cache_misses branch_instructions branch_misses "
        "bus_cycles stalled_cycles_frontend stalled_cycles_backend ref_cpu_cycles cpu_clock task_clock page_faults "
        "context_switches cpu_migrations page_faults_min page_faults_maj alignment_faults emulation_faults",
        help="What is counted, by the name of Linux's perf.",
    )
    enabled = Switch("@enabled", "yes no", help="Whether it is counted. Each costs a little on every vCPU.")


class Perf(Part, title="Counters", doc=PERF):
    """What the host's processor counts about the VM."""

    events = Many("event", Event)


class Mapping(Part, title="Mapping", doc=CONTAINER, start={"start": 0, "target": 100000, "count": 65536}):
    """Numbers of users or groups in a container, and what they are on the host."""

    start = Integer("@start", help="The first number in the container: 0, which is root.")
    target = Integer("@target", help="The number that it is on the host.")
    count = Integer("@count", help="How many follow it.")


class Idmap(Part, title="Users of a container", doc=CONTAINER):
    """Which users of the host a container's own are, so that its root is nobody outside."""

    uids = Many("uid", Mapping)
    gids = Many("gid", Mapping)
