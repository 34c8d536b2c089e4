"""Rules about vCPUs, their topology and the processor they are."""

from collections import Counter
from collections.abc import Iterator

from phyllome_nb.domain.topology import best
from phyllome_nb.rules.case import Case
from phyllome_nb.rules.rule import Fix, Found, removing, rule, setting
from phyllome_nb.xml.reading import is_present

__all__: list[str] = []

VALIDATE = "libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateDomainDef"
MODEL = "https://libvirt.org/formatdomain.html#cpu-model-and-topology"
ALLOCATION = "https://libvirt.org/formatdomain.html#cpu-allocation"
CPU_XML = "libvirt 9.0: src/conf/cpu_conf.c, virCPUDefParseXML"
PROCESS = "libvirt 9.0: src/qemu/qemu_process.c"
OVERCOMMIT = "https://docs.openstack.org/nova/latest/admin/configuration/resource-provider.html: cpu_allocation_ratio"

RATIO = 4.0
"""vCPUs for each CPU beyond which guests wait for each other: nova's default for its newer releases."""
MOST = 4096
NATIVE = {"host-passthrough", "maximum"}
CLIENTS = {"xp", "vista", "7", "8", "8.1", "10", "11"}
"""The editions of Windows that use two sockets at most, by libosinfo's numbers."""


def arranged(case: Case, vcpus: int) -> Fix | None:
    """The fix that gives the topology that suits the host best; None for a number that no machine has."""
    if not 1 <= vcpus <= MOST:
        return None
    chosen = best(vcpus, case.host, 2 if case.windows in CLIENTS else None)
    values = {"sockets": chosen.sockets, "cores": chosen.cores, "threads": chosen.threads}
    return setting(f"Make it {chosen}", case.spec.cpu.topology, **values, dies=None, clusters=None)


@rule("CPU001", "error", source=VALIDATE, libvirt="refuses")
def topology_makes_the_vcpus(case: Case) -> Iterator[Found]:
    """QEMU starts only where sockets × dies × clusters × cores × threads is the maximum of vCPUs."""
    given, vcpus = case.spec.cpu.topology, case.spec.vcpus.maximum
    makes = given.product() if is_present(given) else None
    if case.is_qemu and makes is not None and vcpus and makes != vcpus:
        yield Found(given, "", f"The topology makes {makes} vCPUs, but the VM has {vcpus}.", arranged(case, vcpus))


@rule("CPU002", "error", source="libvirt 9.0: src/conf/domain_conf.c, virDomainVcpuParse", libvirt="refuses")
def no_more_vcpus_are_plugged_in_than_there_are(case: Case) -> Iterator[Found]:
    """More than the maximum cannot be plugged in."""
    vcpus = case.spec.vcpus
    if vcpus.current is not None and vcpus.maximum is not None and vcpus.current > vcpus.maximum:
        fix = setting("Plug in all", vcpus, current=None)
        yield Found(vcpus, "current", f"{vcpus.current} vCPUs are plugged in, and there are {vcpus.maximum}.", fix)


@rule("CPU003", "error", source=VALIDATE, libvirt="refuses")
def there_is_a_vcpu(case: Case) -> Iterator[Found]:
    """A machine without a processor cannot run."""
    vcpus = case.spec.vcpus
    number = case.raw_number(vcpus, "maximum")
    if number is not None and number < 1:
        yield Found(vcpus, "maximum", f"The VM has {number} vCPUs.", setting("Make it 1", vcpus, maximum=1))


@rule("CPU004", "error", source=f"{VALIDATE}; https://libvirt.org/formatdomaincaps.html", libvirt="refuses")
def the_machine_takes_so_many_vcpus(case: Case) -> Iterator[Found]:
    """Each machine has an upper limit."""
    vcpus, offered = case.spec.vcpus, case.capabilities
    if offered is not None and offered.vcpus and vcpus.maximum and vcpus.maximum > offered.vcpus:
        fix = setting(f"Make it {offered.vcpus}", vcpus, maximum=offered.vcpus)
        said = f"The VM has {vcpus.maximum} vCPUs, and a {case.machine} machine takes {offered.vcpus}."
        yield Found(vcpus, "maximum", said, fix if not is_present(case.spec.cpu.topology) else None)


@rule("CPU005", "error", source=VALIDATE, libvirt="refuses")
def many_vcpus_have_an_iommu(case: Case) -> Iterator[Found]:
    """Interrupts reach more than 255 processors only through an IOMMU with extended interrupt mode."""
    vcpus = case.spec.vcpus
    if not case.is_qemu or not case.is_x86 or not vcpus.maximum or vcpus.maximum <= 255:
        return
    if case.machine != "q35":
        yield Found(vcpus, "maximum", f"The VM has {vcpus.maximum} vCPUs, and more than 255 need a q35 machine.")
    elif not any(iommu.driver.eim for iommu in case.spec.devices.iommus):
        yield Found(vcpus, "maximum", f"The VM has {vcpus.maximum} vCPUs, and no IOMMU with eim=on.")


@rule("CPU006", "warning", source="Proxmox VE refuses to start such a guest", libvirt="accepts")
def the_host_has_as_many_cpus(case: Case) -> Iterator[Found]:
    """The guest's own processors then wait for each other, which spinning locks make worse."""
    vcpus = case.spec.vcpus.current or case.spec.vcpus.maximum
    if case.host is not None and vcpus and case.host.cpus and vcpus > case.host.cpus:
        said = f"The VM has {vcpus} vCPUs, and {case.host_name} {case.host.cpus} CPUs."
        yield Found(case.spec.vcpus, "maximum", said)


@rule("CPU007", "warning", source=OVERCOMMIT, libvirt="accepts")
def the_host_is_not_promised_too_often(case: Case) -> Iterator[Found]:
    """The more vCPUs share a CPU, the longer each waits for its turn."""
    vcpus = case.spec.vcpus.current or case.spec.vcpus.maximum
    if case.host is None or case.others is None or not vcpus or not case.host.cpus:
        return
    total = case.others.promised("running").vcpus + vcpus
    ratio = total / case.host.cpus
    if ratio > RATIO:
        said = (
            f"With the VMs that run, {total} vCPUs share {case.host.cpus} CPUs: {ratio:.1f} for each, beyond {RATIO:g}."
        )
        yield Found(case.spec.vcpus, "maximum", said)


@rule("CPU008", "hint", source=MODEL, libvirt="accepts")
def threads_are_like_the_hosts(case: Case) -> Iterator[Found]:
    """The guest treats two threads as halves of one core, which they are only where the host's are, and pinned."""
    threads = case.spec.cpu.topology.threads if is_present(case.spec.cpu.topology) else None
    if case.host is None or not threads or threads < 2:
        return
    if case.host.threads != threads:
        said = f"A core of the guest has {threads} threads, and one of the host {case.host.threads}."
        yield Found(case.spec.cpu.topology, "threads", said)
    elif not case.spec.cputune.vcpupins:
        yield Found(case.spec.cpu.topology, "threads", "The guest's threads are not pinned to the threads of one core.")


@rule("CPU009", "warning", source="https://github.com/cockpit-project/cockpit-machines/issues/2381", libvirt="accepts")
def amd_guests_see_threads_with_topoext(case: Case) -> Iterator[Found]:
    """Without that feature the guest takes every thread for a core of its own."""
    threads = case.spec.cpu.topology.threads if is_present(case.spec.cpu.topology) else None
    if not threads or threads < 2 or case.spec.cpu.mode not in {"host-passthrough", "host-model", "maximum"}:
        return
    vendor = case.host.cpu_vendor if case.host else ""
    if vendor == "AMD" and not any(feature.name == "topoext" for feature in case.spec.cpu.features):
        fix = Fix("Require topoext", lambda spec: spec.cpu.features.add(policy="require", name="topoext"))
        said = f"The guest has {threads} threads in a core on an AMD host, and no topoext."
        yield Found(case.spec.cpu.topology, "threads", said, fix)


@rule("CPU010", "warning", source="https://github.com/virt-manager/virt-manager/issues/155", libvirt="accepts")
def windows_uses_all_sockets(case: Case) -> Iterator[Found]:
    """Windows Home uses one socket and Pro two, so that the other vCPUs are idle."""
    if case.windows not in CLIENTS:
        return
    vcpus, given = case.spec.vcpus.maximum, case.spec.cpu.topology
    sockets = (given.sockets or 1) if is_present(given) else vcpus
    if sockets and vcpus and sockets > 2:
        said = f"Windows {case.windows} has {sockets} sockets and uses one or two."
        yield Found(given if is_present(given) else case.spec.vcpus, "", said, arranged(case, vcpus))


@rule("CPU011", "hint", source=ALLOCATION, libvirt="accepts")
def the_topology_is_about_the_maximum(case: Case) -> Iterator[Found]:
    """The vCPUs that are not plugged in have their place in it already."""
    vcpus = case.spec.vcpus
    if vcpus.current and vcpus.maximum and vcpus.current < vcpus.maximum and is_present(case.spec.cpu.topology):
        said = f"The topology is that of all {vcpus.maximum} vCPUs, of which {vcpus.current} are plugged in."
        yield Found(vcpus, "current", said)


@rule("CPU013", "hint", source=MODEL, libvirt="accepts")
def sockets_are_like_the_hosts(case: Case) -> Iterator[Found]:
    """A guest of several sockets and no NUMA cells treats far memory as near."""
    given = case.spec.cpu.topology
    if case.host is None or not is_present(given):
        return
    cores = (given.cores or 1) * (given.dies or 1) * (given.clusters or 1)
    if case.host.cores and cores > case.host.cores:
        yield Found(given, "cores", f"A socket of the guest has {cores} cores, and one of the host {case.host.cores}.")
    elif (given.sockets or 1) > max(case.host.nodes, 1) and not case.spec.cpu.numa.cells:
        said = f"The guest has {given.sockets} sockets and no NUMA cells, and the host {case.host.nodes} nodes."
        yield Found(given, "sockets", said)


@rule("CPU014", "hint", source=MODEL, libvirt="accepts")
def plugged_in_vcpus_are_whole_cores(case: Case) -> Iterator[Found]:
    """Half a core is a layout that no real machine has."""
    vcpus, given = case.spec.vcpus, case.spec.cpu.topology
    if vcpus.current and is_present(given) and given.threads and vcpus.current % given.threads:
        said = f"{vcpus.current} vCPUs are plugged in, which are no whole cores of {given.threads} threads."
        yield Found(vcpus, "current", said)


@rule("CPU020", "warning", source=MODEL, libvirt="accepts")
def the_hosts_own_processor_stays_there(case: Case) -> Iterator[Found]:
    """Such a guest migrates only to a host with the same processor, microcode and QEMU."""
    if case.spec.cpu.mode == "host-passthrough" and case.spec.type == "kvm":
        said = "The guest has the host's own processor, and can migrate only to the same."
        yield Found(case.spec.cpu, "mode", said, severity="hint")


@rule(
    "CPU021",
    "error",
    source="libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateDomainDefCpu",
    libvirt="fails at start",
)
def the_hosts_own_processor_needs_kvm(case: Case) -> Iterator[Found]:
    """An emulated processor is never the host's."""
    if case.spec.type == "qemu" and case.spec.cpu.mode == "host-passthrough":
        fix = setting("Take all that QEMU can emulate", case.spec.cpu, mode="maximum", migratable=None)
        yield Found(case.spec.cpu, "mode", "The host's own processor is asked for, and the machine is emulated.", fix)


@rule("CPU022", "warning", source="https://www.qemu.org/docs/master/system/i386/cpu.html", libvirt="accepts")
def a_processor_is_chosen(case: Case) -> Iterator[Found]:
    """QEMU's own default has no AES, no SSE4 and no defence against the known attacks on processors."""
    cpu = case.spec.cpu
    if case.spec.type == "kvm" and case.is_x86 and cpu.mode in {None, "custom"} and not cpu.model:
        yield Found(cpu, "mode", "No processor is chosen.", setting("Take one like the host's", cpu, mode="host-model"))


@rule("CPU023", "error", source=f"{PROCESS}, qemuProcessVerifyCPU", libvirt="")
def the_host_can_be_that_processor(case: Case) -> Iterator[Found]:
    """The guest does not start where the host lacks features of the model."""
    cpu = case.spec.cpu
    usable = case.capabilities.models.get(cpu.model) if case.capabilities and cpu.model else None
    if usable == "no" and cpu.mode in {None, "custom"} and case.spec.type == "kvm" and cpu.check != "none":
        yield Found(cpu, "model", f"{case.host_name} cannot be a {cpu.model}.")


@rule("CPU024", "error", source="libvirt 9.0: src/cpu/cpu.c", libvirt="fails at start")
def the_processor_is_known(case: Case) -> Iterator[Found]:
    """The guest does not start with a model that nobody knows."""
    cpu, offered = case.spec.cpu, case.capabilities
    known = offered.models if offered is not None and cpu.model and cpu.mode in {None, "custom"} else {}
    if known and cpu.model not in {*known, "qemu64", "qemu32", "kvm64", "kvm32", "host"}:
        yield Found(cpu, "model", f"{case.host_name} knows no processor {cpu.model}.")


@rule("CPU025", "error", source=CPU_XML, libvirt="refuses")
def a_feature_is_named_once(case: Case) -> Iterator[Found]:
    """Two policies for one feature contradict each other."""
    features = case.spec.cpu.features
    counts = Counter(feature.name for feature in features)
    seen: set[str | None] = set()
    for feature in features if len(counts) < len(features) else ():
        if feature.name in seen:
            said = f"The CPU feature {feature.name} is named {counts[feature.name]} times."
            yield Found(feature, "name", said, removing("Remove it", feature))
        seen.add(feature.name)


@rule("CPU026", "error", source=CPU_XML, libvirt="refuses")
def only_the_hosts_processor_is_migratable_or_not(case: Case) -> Iterator[Found]:
    """Any other processor is made so that it can migrate."""
    cpu = case.spec.cpu
    if cpu.migratable is not None and cpu.mode not in NATIVE:
        yield Found(
            cpu,
            "migratable",
            f"migratable is for the host's processor, and the mode is {cpu.mode or 'custom'}.",
            setting("Leave it out", cpu, migratable=None),
        )


@rule("CPU027", "error", source="libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateDomainDefCpu", libvirt="refuses")
def addresses_have_their_bits(case: Case) -> Iterator[Found]:
    """Emulated addresses need a number of bits, and the host's own have theirs."""
    given = case.spec.cpu.maxphysaddr
    if not is_present(given):
        return
    if given.mode == "emulate" and given.bits is None and case.before(11, 3):  # which was seen to start it
        yield Found(given, "bits", "Addresses are emulated, and their bits are not said.")
    elif given.mode == "passthrough" and given.bits is not None:
        fix = setting("Leave it out", given, bits=None)
        yield Found(given, "bits", f"Addresses are the host's, and {given.bits} bits are asked for.", fix)
    elif given.mode == "passthrough" and case.spec.cpu.mode not in NATIVE:
        yield Found(
            given, "mode", f"Addresses are the host's, and the processor is not ({case.spec.cpu.mode or 'custom'})."
        )
    elif case.host is not None and case.host.address_bits and given.bits and given.bits > case.host.address_bits:
        said = f"Addresses are to have {given.bits} bits, and those of {case.host_name} have {case.host.address_bits}."
        yield Found(given, "bits", said, severity="warning")


@rule("CPU028", "error", source="libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateDomainDefCpu", libvirt="refuses")
def caches_are_the_hosts_or_made_up(case: Case) -> Iterator[Found]:
    """The host's caches go with the host's processor, and QEMU makes up the third level only."""
    cache, mode = case.spec.cpu.cache, case.spec.cpu.mode
    if not is_present(cache):
        return
    if cache.mode == "passthrough" and mode not in NATIVE:
        fix = setting("Leave it out", cache, mode=None, level=None)
        yield Found(cache, "mode", f"The caches are the host's, and the processor is not ({mode or 'custom'}).", fix)
    elif cache.mode == "emulate" and cache.level not in {None, 3}:
        yield Found(cache, "level", f"QEMU makes up the cache of level 3, not {cache.level}.")
    elif cache.mode == "passthrough" and cache.level is not None:
        yield Found(cache, "level", f"The caches are the host's, all of them, and level {cache.level} is named.")
    elif cache.mode == "disable" and cache.level is not None:
        yield Found(cache, "level", f"All caches are disabled or none, and level {cache.level} is named.")


@rule("CPU029", "hint", source="https://docs.kernel.org/virt/kvm/x86/nested-vmx.html", libvirt="accepts")
def the_host_lets_guests_run_guests(case: Case) -> Iterator[Found]:
    """The host's KVM module decides whether a guest may run VMs of its own."""
    wants = [
        each for each in case.spec.cpu.features if each.name in {"vmx", "svm"} and each.policy in {"require", "force"}
    ]
    if wants and case.host is not None and case.host.nested is False:
        said = f"The guest is to run VMs of its own, and {case.host_name} does not let it."
        yield Found(wants[0], "", said)


@rule("CPU030", "hint", source="https://libvirt.org/formatdomain.html#bios-bootloader", libvirt="rewrites")
def the_machine_has_a_version(case: Case) -> Iterator[Found]:
    """libvirt writes down the newest version at define, which an older host then does not have."""
    machine = case.spec.os.machine
    if machine in {"q35", "pc", "virt"} and case.spec.uuid is None and case.is_qemu:
        said = f"{machine} will become the newest {machine} of the host on which the VM is defined."
        yield Found(case.spec.os, "machine", said)


@rule("CPU031", "error", source="libvirt 9.0: src/conf/domain_validate.c, virDomainDefVcpuValidate", libvirt="refuses")
def named_vcpus_make_sense(case: Case) -> Iterator[Found]:
    """The first vCPU is always there, and cannot be unplugged."""
    vcpus = case.spec.vcpus.vcpus
    for each in vcpus:
        if each.id == 0 and each.enabled is False:
            yield Found(each, "enabled", "vCPU 0 is not plugged in.", setting("Plug it in", each, enabled=True))


@rule("CPU032", "error", source=CPU_XML, libvirt="refuses")
def a_topology_is_whole(case: Case) -> Iterator[Found]:
    """libvirt wants sockets, cores and threads, each at least 1."""
    given = case.spec.cpu.topology
    if not is_present(given):
        return
    for field in ("sockets", "cores", "threads"):
        number = case.raw_number(given, field)
        if number is None or number < 1:
            shown = "left out" if number is None else str(number)
            fix = setting("Make it 1", given, **{field: 1})
            yield Found(given, field, f"{field} is {shown}.", fix)
