"""Which processor the guest sees."""

from math import prod

from phyllome_nb.domain.numa import Numa
from phyllome_nb.xml.fields import Choice, Integer, Switch, Text
from phyllome_nb.xml.part import Many, Part, Section

__all__ = ["Cpu", "CpuCache", "CpuFeature", "MaxPhysAddr", "Topology"]


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


class CpuCache(Part, title="CPU cache", doc="formatdomain.html#cpu-model-and-topology"):
    """What the guest is told about the processor's caches."""

    level = Integer("@level", 1, help="The level that this is about, mostly 3. Left out, all of them.")
    mode = Choice(
        "@mode",
        "emulate passthrough disable",
        help="emulate: made up by the hypervisor. passthrough: the host's own, with the host's processor only. "
        "disable: none, which can make the guest slower.",
        qemu="-cpu l3-cache=",
    )


class MaxPhysAddr(Part, title="Physical addresses", doc="formatdomain.html#cpu-model-and-topology"):
    """How much memory the guest's processor can address."""

    mode = Choice(
        "@mode",
        "emulate passthrough",
        help="emulate: so many bits as are named. passthrough: as many as the host's; needed for guests of terabytes.",
        qemu="-cpu host-phys-bits=",
    )
    bits = Integer("@bits", help="The bits of an address, with emulate: 40 reach 1 TiB.", qemu="-cpu phys-bits=")
    limit = Integer(
        "@limit",
        help="The most bits, with passthrough: the smallest of the hosts between which the guest may migrate.",
        qemu="-cpu host-phys-bits-limit=",
    )


class CpuFeature(
    Part,
    title="CPU feature",
    doc="formatdomain.html#cpu-model-and-topology",
    start={"policy": "disable", "name": "vmx"},
):
    """A feature that the processor has beyond its model, or lacks."""

    policy = Choice(
        "@policy",
        "require disable optional force forbid",
        help="require: the guest has it, or does not start. optional: if the host has it. disable: never. "
        "forbid: never, and not on a host that has it. force: even if the host lacks it.",
        qemu="-cpu …,+",
    )
    name = Text(
        "@name",
        "vmx svm invtsc pcid ssbd spec-ctrl md-clear topoext pdpe1gb hypervisor",
        help="The feature: vmx and svm let the guest run VMs of its own, invtsc gives it a steady clock.",
    )


class Cpu(Part, title="CPU", doc="formatdomain.html#cpu-model-and-topology"):
    """Which processor the guest sees."""

    mode = Choice(
        "cpu/@mode",
        "host-model host-passthrough maximum custom",
        help="host-model: close to the host's and can migrate. host-passthrough: the host's own, fastest, and tied to "
        "it. maximum: all the hypervisor offers. custom: the model named below.",
        qemu="-cpu",
    )
    match = Choice(
        "cpu/@match",
        "exact minimum strict",
        help="With a named model. exact: just that. minimum: all that the host has beyond it, too. strict: only on a "
        "host that has no more.",
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
    deprecated_features = Switch(
        "cpu/@deprecated_features",
        "on off",
        help="s390: whether a host-model keeps features that newer machines drop. Off lets it move to them.",
    )
    model = Text(
        "cpu/model",
        "qemu64 Haswell Skylake-Server Cascadelake-Server Icelake-Server EPYC EPYC-Rome EPYC-Milan",
        help="The processor by name, with mode custom.",
        qemu="-cpu",
    )
    fallback = Choice(
        "cpu/model/@fallback",
        "allow forbid",
        help="Whether libvirt may take the nearest model that the hypervisor knows, instead of refusing to start.",
    )
    vendor_id = Text(
        "cpu/model/@vendor_id",
        "GenuineIntel AuthenticAMD",
        help="The maker that the guest is told of: exactly 12 characters. Some software asks for one maker's.",
        qemu="-cpu …,vendor=",
    )
    vendor = Text(
        "cpu/vendor",
        "Intel AMD",
        help="The maker that the host's processor must have; on any other the VM does not start.",
    )
    topology = Section("cpu/topology", Topology)
    cache = Section("cpu/cache", CpuCache)
    maxphysaddr = Section("cpu/maxphysaddr", MaxPhysAddr)
    features = Many("cpu/feature", CpuFeature)
    numa = Section("cpu/numa", Numa)
