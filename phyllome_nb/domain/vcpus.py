"""How many virtual CPUs the guest has, and where they run."""

from phyllome_nb.xml.fields import Choice, Integer, Text
from phyllome_nb.xml.part import Part

__all__ = ["Vcpus"]


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
