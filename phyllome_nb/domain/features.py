"""What the hypervisor offers the guest beyond a bare machine."""

from phyllome_nb.xml.fields import Choice, Flag, Integer, Switch
from phyllome_nb.xml.part import Part, Section

__all__ = ["Features", "Hyperv"]


class Hyperv(Part, title="Hyper-V enlightenments", doc="formatdomain.html#hypervisor-features"):
    """Interfaces of Microsoft's hypervisor that Windows guests know how to use."""

    mode = Choice("@mode", "custom passthrough", help="custom: those named here. passthrough: all that the host has.")
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


class Features(Part, title="Hypervisor features", doc="formatdomain.html#hypervisor-features"):
    """What the hypervisor offers the guest beyond a bare machine."""

    acpi = Flag(
        "acpi",
        help="Power management: the guest can be shut down from outside. UEFI needs it.",
        qemu="-machine acpi=on",
    )
    apic = Flag("apic", help="The interrupt controller that more than one vCPU needs.")
    hyperv = Section("hyperv", Hyperv)
