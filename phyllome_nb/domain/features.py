"""What the hypervisor offers the guest beyond a bare machine."""

from phyllome_nb.domain.capabilities import Capabilities
from phyllome_nb.xml.fields import Choice, Flag, Integer, SizeField, Switch, Text
from phyllome_nb.xml.part import Part, Section

__all__ = ["Features", "Hyperv", "Kvm", "XenFeatures"]

REFERENCE = "formatdomain.html#hypervisor-features"
MENDED = "broken: nothing. workaround: by software. fixed: by the processor."


class Hyperv(Part, title="Hyper-V enlightenments", doc=REFERENCE):
    """Interfaces of Microsoft's hypervisor that Windows guests know how to use."""

    mode = Choice(
        "@mode",
        "custom passthrough host-model",
        help="custom: those named here. passthrough: all that the host has, known or not. "
        "host-model: all that libvirt knows of them, written down at the start; newer libvirt only.",
    )
    relaxed = Switch("relaxed/@state", "on off", help="Fewer time-outs on a busy host.", qemu="hv-relaxed")
    vapic = Switch("vapic/@state", "on off", help="A faster interrupt controller.", qemu="hv-vapic")
    spinlocks = Switch("spinlocks/@state", "on off", help="Tell the host of a vCPU that spins.", qemu="hv-spinlocks")
    spinlock_retries = Integer("spinlocks/@retries", 4095, help="Spins before the host is told.", qemu="hv-spinlocks=")
    vpindex = Switch(
        "vpindex/@state", "on off", help="Number the vCPUs; synic, ipi and tlbflush need it.", qemu="hv-vpindex"
    )
    runtime = Switch("runtime/@state", "on off", help="Tell the guest how long its vCPUs ran.", qemu="hv-runtime")
    synic = Switch("synic/@state", "on off", help="A message controller; stimer needs it.", qemu="hv-synic")
    stimer = Switch(
        "stimer/@state",
        "on off",
        help="Timers of the hypervisor; needs synic, vpindex and hypervclock.",
        qemu="hv-stimer",
    )
    stimer_direct = Switch(
        "stimer/direct/@state", "on off", help="Timers as plain interrupts.", qemu="hv-stimer-direct"
    )
    reset = Switch("reset/@state", "on off", help="Let the guest reset itself through the hypervisor.", qemu="hv-reset")
    vendor_id = Switch("vendor_id/@state", "on off", help="Give the hypervisor a name of its own.", qemu="hv-vendor-id")
    vendor_id_value = Text(
        "vendor_id/@value",
        help="The name, at most 12 characters. Some graphics drivers refuse to work where they find the usual one.",
        qemu="hv-vendor-id=",
    )
    frequencies = Switch(
        "frequencies/@state", "on off", help="Tell the guest the clock frequencies.", qemu="hv-frequencies"
    )
    reenlightenment = Switch(
        "reenlightenment/@state",
        "on off",
        help="Tell a guest that is itself a hypervisor when it was migrated.",
        qemu="hv-reenlightenment",
    )
    tlbflush = Switch("tlbflush/@state", "on off", help="Faster flushes of address translations.", qemu="hv-tlbflush")
    tlbflush_direct = Switch(
        "tlbflush/direct/@state",
        "on off",
        help="Flushes for nested guests; libvirt 11.0 or later.",
        qemu="hv-tlbflush-direct",
    )
    tlbflush_extended = Switch(
        "tlbflush/extended/@state", "on off", help="Flushes of ranges; libvirt 11.0 or later.", qemu="hv-tlbflush-ext"
    )
    ipi = Switch("ipi/@state", "on off", help="Faster signals between vCPUs; needs vpindex.", qemu="hv-ipi")
    evmcs = Switch(
        "evmcs/@state",
        "on off",
        help="Make a hypervisor inside the guest faster, on Intel hosts. Stops avic.",
        qemu="hv-evmcs",
    )
    avic = Switch(
        "avic/@state",
        "on off",
        help="Let the processor deliver interrupts beside synic, where it can.",
        qemu="hv-avic",
    )
    emsr_bitmap = Switch(
        "emsr_bitmap/@state",
        "on off",
        help="Spare a hypervisor inside the guest some exits; libvirt 10.7 or later.",
        qemu="hv-emsr-bitmap",
    )
    xmm_input = Switch(
        "xmm_input/@state",
        "on off",
        help="Hand over arguments in vector registers; libvirt 10.7 or later.",
        qemu="hv-xmm-input",
    )


class Kvm(Part, title="KVM features", doc=REFERENCE):
    """What KVM does differently for this guest."""

    hidden = Switch(
        "hidden/@state",
        "on off",
        help="Do not tell the guest that it runs on KVM. Some drivers need that; Linux guests get slower.",
        qemu="-cpu kvm=off",
    )
    hint_dedicated = Switch(
        "hint-dedicated/@state",
        "on off",
        help="Tell the guest that no other uses its CPUs, so that it spins and does not sleep. For pinned vCPUs only.",
        qemu="-cpu kvm-hint-dedicated=",
    )
    poll_control = Switch(
        "poll-control/@state",
        "on off",
        help="Let the guest look for work itself before it sleeps: quicker I/O for more CPU time.",
        qemu="-cpu kvm-poll-control=",
    )
    pv_ipi = Switch(
        "pv-ipi/@state",
        "on off",
        help="Faster signals between vCPUs. On where the host has it; off may help pinned guests.",
        qemu="-cpu kvm-pv-ipi=",
    )
    dirty_ring = Switch(
        "dirty-ring/@state",
        "on off",
        help="Another way to note which memory changed, quicker for large guests that migrate.",
        qemu="-accel kvm,dirty-ring-size=",
    )
    dirty_ring_size = Integer(
        "dirty-ring/@size",
        help="How many changes it holds for each vCPU: a power of two from 1024 to 65536.",
        qemu="-accel kvm,dirty-ring-size=",
    )


class XenFeatures(Part, title="Xen features", doc=REFERENCE):
    """What Xen does differently for this guest."""

    e820_host = Switch(
        "e820_host/@state", "on off", help="Show the guest the host's memory map; for paravirtual guests with devices."
    )
    passthrough = Switch("passthrough/@state", "on off", help="Make it possible to hand PCI devices to the guest.")
    passthrough_mode = Choice(
        "passthrough/@mode",
        "sync_pt share_pt",
        help="Whether the IOMMU has its own page tables (sync_pt) or shares the processor's (share_pt).",
    )


class Features(Part, title="Hypervisor features", doc=REFERENCE):
    """What the hypervisor offers the guest beyond a bare machine."""

    acpi = Flag(
        "acpi",
        help="Power management: the guest can be shut down from outside. UEFI needs it.",
        qemu="-machine acpi=on",
    )
    apic = Flag("apic", help="The interrupt controller that more than one vCPU needs.")
    apic_eoi = Switch(
        "apic/@eoi", "on off", help="A quicker end of interrupts, for guests that know it.", qemu="kvm-pv-eoi"
    )
    pae = Flag("pae", help="Let 32-bit guests use more than 4 GiB. 64-bit guests need it on Xen only.")
    hap = Flag("hap", help="Xen: let the processor translate the guest's addresses, which is faster.")
    hap_state = Switch("hap/@state", "on off", help="Whether it does. Left out, it does where the host can.")
    viridian = Flag("viridian", help="Xen: interfaces of Microsoft's hypervisor for Windows guests.")
    privnet = Flag("privnet", help="LXC: a network of the container's own even where it has no interface.")
    hyperv = Section("hyperv", Hyperv)
    kvm = Section("kvm", Kvm)
    xen = Section("xen", XenFeatures)
    pvspinlock = Switch(
        "pvspinlock/@state",
        "on off",
        help="Let a vCPU that waits for a lock give up its host CPU. Off only where no CPU is shared.",
        qemu="-cpu kvm-pv-unhalt=",
    )
    capabilities = Section("capabilities", Capabilities)
    pmu = Switch(
        "pmu/@state",
        "on off",
        help="Performance counters in the guest, as profilers need them. Off keeps them from untrusted guests.",
        qemu="-cpu pmu=",
    )
    vmport = Switch(
        "vmport/@state",
        "on off",
        help="VMware's port, by which some guests find their mouse. Off where nothing needs it.",
        qemu="-machine vmport=",
    )
    gic_version = Choice(
        "gic/@version",
        "2 3 host",
        help="ARM: the version of the interrupt controller. 3 is needed for more than 8 vCPUs.",
        qemu="-machine gic-version=",
    )
    smm = Switch(
        "smm/@state",
        "on off",
        help="A processor mode for firmware alone, which Secure Boot needs to guard its variables.",
        qemu="-machine smm=",
    )
    smm_tseg = SizeField(
        "smm/tseg",
        "MiB",
        help="Memory for that mode. Raise it only for guests with hundreds of vCPUs or terabytes of memory "
        "that do not boot.",
        qemu="-global mch.extended-tseg-mbytes=",
    )
    ioapic = Choice(
        "ioapic/@driver",
        "kvm qemu",
        help="Who runs the I/O interrupt controller: kvm is faster, qemu is needed to remap interrupts in the guest.",
        qemu="-machine kernel_irqchip=",
    )
    hpt_resizing = Choice(
        "hpt/@resizing",
        "enabled disabled required",
        help="pSeries: whether the table of pages can grow with the memory.",
        qemu="-machine resize-hpt=",
    )
    hpt_maxpagesize = SizeField(
        "hpt/maxpagesize",
        help="pSeries: the largest page the guest can use, such as 16 MiB.",
        qemu="-machine cap-hpt-max-page-size=",
    )
    vmcoreinfo = Switch(
        "vmcoreinfo/@state",
        "on off",
        help="Let a Linux guest say where its debugging details are, for dumps taken from outside.",
        qemu="-device vmcoreinfo",
    )
    htm = Switch("htm/@state", "on off", help="pSeries: transactional memory.", qemu="-machine cap-htm=")
    nested_hv = Switch(
        "nested-hv/@state", "on off", help="pSeries: let the guest run VMs of its own.", qemu="-machine cap-nested-hv="
    )
    msrs_unknown = Choice(
        "msrs/@unknown",
        "ignore fault",
        help="bhyve: what happens when the guest asks for a processor register that is not there.",
    )
    ccf_assist = Switch(
        "ccf-assist/@state",
        "on off",
        help="pSeries: help of the processor with guarding against Spectre.",
        qemu="-machine cap-ccf-assist=",
    )
    cfpc = Choice(
        "cfpc/@value",
        "broken workaround fixed",
        help=f"pSeries: what guards against Meltdown. {MENDED}",
        qemu="-machine cap-cfpc=",
    )
    sbbc = Choice(
        "sbbc/@value",
        "broken workaround fixed",
        help=f"pSeries: what guards array bounds against Spectre. {MENDED}",
        qemu="-machine cap-sbbc=",
    )
    ibs = Choice(
        "ibs/@value",
        "broken workaround fixed-ibs fixed-ccd fixed-na",
        help="pSeries: what guards indirect branches against Spectre. broken: nothing. workaround: by software. "
        "The others: by the processor, in three ways.",
        qemu="-machine cap-ibs=",
    )
    tcg_tb_cache = SizeField(
        "tcg/tb-cache",
        help="Without KVM: how much translated code QEMU keeps. More is faster for large guests.",
        qemu="-accel tcg,tb-size=",
    )
    async_teardown = Switch(
        "async-teardown/@enabled",
        "yes no",
        help="Give a stopped guest's memory back in the background, so that a large one can start again at once.",
        qemu="-run-with async-teardown=",
    )
    ras = Switch(
        "ras/@state", "on off", help="ARM: tell the guest of memory that the host found broken.", qemu="-machine ras="
    )
    ps2 = Switch(
        "ps2/@state",
        "on off",
        help="The old keyboard and mouse controller. Off where the guest has USB or virtio input.",
        qemu="-machine i8042=",
    )
    aia = Choice(
        "aia/@value",
        "none aplic aplic-imsic",
        help="RISC-V: the interrupt controller; aplic-imsic is the fullest.",
        qemu="-machine aia=",
    )
