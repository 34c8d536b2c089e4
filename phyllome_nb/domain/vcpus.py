"""How many virtual CPUs the guest has, and where they run."""

from phyllome_nb.xml.fields import Choice, Integer, Switch, Text
from phyllome_nb.xml.part import Many, Part

__all__ = ["Vcpu", "Vcpus"]


class Vcpu(
    Part,
    title="vCPU",
    doc="formatdomain.html#cpu-allocation",
    start={"id": 0, "enabled": True, "hotpluggable": False},
):
    """One vCPU: plugged in or not. Where one is named, all must be."""

    id = Integer("@id", help="The number of the vCPU, from 0. The first one must be enabled.")
    enabled = Switch("@enabled", "yes no", help="Whether it is plugged in when the guest boots.")
    hotpluggable = Switch("@hotpluggable", "yes no", help="Whether it can be unplugged again while the guest runs.")
    order = Integer("@order", 1, help="When it is plugged in at boot, 1 first. Leave it out where that is the same.")


class Vcpus(Part, title="vCPUs", doc="formatdomain.html#cpu-allocation"):
    """How many virtual CPUs the guest has, and where they run."""

    maximum = Integer(
        "vcpu",
        1,
        absent=1,
        help="The most virtual CPUs the guest can have. It must equal the product of the topology, where one is given.",
        qemu="-smp maxcpus=",
    )
    current = Integer(
        "vcpu/@current",
        1,
        help="How many of them are plugged in at boot; the others can be added while it runs. Left out, all are.",
        qemu="-smp",
    )
    placement = Choice(
        "vcpu/@placement",
        "static auto",
        help="static: the host schedules them freely, or on the CPUs named in cpuset. auto: numad chooses at start.",
    )
    cpuset = Text(
        "vcpu/@cpuset",
        help="The host CPUs that may run the guest, such as 0-3,8. Left out, all may.",
    )
    vcpus = Many("vcpus/vcpu", Vcpu)
