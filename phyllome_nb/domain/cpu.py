"""Which processor the guest sees."""

from math import prod

from phyllome_nb.xml.fields import Choice, Integer, Switch, Text
from phyllome_nb.xml.part import Part, Section

__all__ = ["Cpu", "Topology"]


class Topology(Part, title="CPU topology", doc="formatdomain.html#cpu-model-and-topology"):
    """How the guest sees its vCPUs arranged; the product must equal their maximum."""

    sockets = Integer(
        "@sockets", 1, help="Processor packages. Windows editions use only one or two.", qemu="-smp sockets="
    )
    dies = Integer("@dies", 1, help="Dies in each package.", qemu="-smp dies=")
    clusters = Integer("@clusters", 1, help="Clusters in each die; libvirt 10.1 or later.", qemu="-smp clusters=")
    cores = Integer("@cores", 1, help="Cores in each cluster.", qemu="-smp cores=")
    threads = Integer(
        "@threads", 1, help="Threads in each core: 2 where the guest should see siblings.", qemu="-smp threads="
    )

    def product(self) -> int | None:
        """The vCPUs that it makes; None where none is given."""
        given = [self.sockets, self.dies, self.clusters, self.cores, self.threads]
        return None if given == [None] * len(given) else prod(count or 1 for count in given)

    def fitting_cores(self, vcpus: int) -> int | None:
        """The cores with which it would make so many vCPUs, the rest as it is; None where none does.

        Examples
        --------
        >>> from phyllome_nb.domain.spec import DomainSpec
        >>> topology = DomainSpec("web").cpu.topology.update(sockets=1, cores=2, threads=2)
        >>> topology.product(), topology.fitting_cores(6), topology.fitting_cores(7)
        (4, 3, None)
        """
        others = (self.product() or 1) // (self.cores or 1)
        return vcpus // others if vcpus % others == 0 else None


class Cpu(Part, title="CPU", doc="formatdomain.html#cpu-model-and-topology"):
    """Which processor the guest sees."""

    mode = Choice(
        "cpu/@mode",
        "host-model host-passthrough maximum custom",
        help="host-model: close to the host's and can migrate. host-passthrough: the host's own, fastest, and tied to "
        "it. maximum: all the hypervisor offers. custom: the model named below.",
        qemu="-cpu",
    )
    check = Choice(
        "cpu/@check",
        "none partial full",
        help="How strictly libvirt compares what the guest was promised with what it gets before it starts.",
    )
    migratable = Switch(
        "cpu/@migratable",
        "on off",
        help="With host-passthrough or maximum: leave out features that would stop a migration.",
        qemu="-cpu host,migratable=",
    )
    model = Text(
        "cpu/model",
        "qemu64 Haswell Skylake-Server Cascadelake-Server Icelake-Server EPYC EPYC-Rome EPYC-Milan",
        help="The processor by name, with mode custom.",
        qemu="-cpu",
    )
    topology = Section("cpu/topology", Topology)
