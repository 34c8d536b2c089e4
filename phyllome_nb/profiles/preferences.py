"""What guests prefer: name, machine, firmware, processor, clock, power."""

from phyllome_nb.profiles.setting import Setting, Settings

__all__ = [
    "BIOS",
    "ENLIGHTENED",
    "PC",
    "POWER",
    "Q35",
    "SIGNED",
    "UEFI",
    "UNSIGNED",
    "UTC",
    "WINDOWS_CLOCK",
    "boot",
    "identity",
    "processor",
]

INTERRUPTS = Setting("features.apic", True, "More than one vCPU needs this interrupt controller.")
Q35: Settings = (
    Setting("os.machine", "q35", "PCI Express is what current systems are tested on; libvirt pins the version."),
    Setting("features.acpi", True, "The host can ask for a shutdown; UEFI needs it as well."),
    INTERRUPTS,
)
PC: Settings = (
    Setting("os.machine", "pc", "On its plain PCI bus virtio devices also speak their first form, for old kernels."),
    Setting("features.acpi", True, "The host can ask for a shutdown."),
    INTERRUPTS,
)
UEFI: Settings = (Setting("os.firmware", "efi", "Current systems expect UEFI; libvirt finds the image."),)
BIOS: Settings = (
    Setting(
        "os.firmware", None, "Left out, it is QEMU's own BIOS, which starts sooner and keeps no file beside the VM."
    ),
)
UNSIGNED: Settings = (
    Setting("os.features", {"enabled": False, "name": "secure-boot"}, "Kernels and drivers nobody signed start, too."),
)
SIGNED: Settings = (
    Setting(
        "os.features", {"enabled": True, "name": "secure-boot"}, "Windows 11 asks for a firmware with Secure Boot."
    ),
    Setting(
        "os.features",
        {"enabled": True, "name": "enrolled-keys"},
        "With Microsoft's keys in it from the start, Secure Boot is on and not just possible.",
    ),
)
UTC: Settings = (Setting("clock.offset", "utc", "Linux takes the hardware clock to show UTC."),)
POWER: Settings = (
    Setting(
        "events",
        {"on_poweroff": "destroy", "on_reboot": "restart", "on_crash": "destroy"},
        "It ends when it powers off or crashes and comes back when it reboots; its disks stay in any case.",
    ),
    Setting(
        "pm",
        {"suspend_to_mem": False, "suspend_to_disk": False},
        "A VM that sleeps looks like one that hangs, and some devices do not wake up.",
    ),
)
WINDOWS_CLOCK: Settings = (
    Setting("clock.offset", "localtime", "Windows takes the hardware clock to show local time."),
    Setting(
        "clock.timers", {"name": "rtc", "tickpolicy": "catchup"}, "Missed ticks are made up for, so time stays right."
    ),
    Setting("clock.timers", {"name": "pit", "tickpolicy": "delay"}, "Late ticks come late, and not in a burst."),
    Setting(
        "clock.timers", {"name": "hpet", "present": False}, "Windows would use it, and it is slow to read in a VM."
    ),
)
ENLIGHTENED: Settings = (
    Setting(
        "features.hyperv",
        {"mode": "custom", "relaxed": True, "vapic": True, "spinlocks": True, "spinlock_retries": 8191},
        "Windows expects a busy host: no time-outs by mistake, quicker interrupts, no waiting for a vCPU that sleeps.",
    ),
    Setting(
        "features.hyperv", {"vpindex": True, "runtime": True}, "Windows knows its vCPUs by number and what they used."
    ),
    Setting(
        "features.hyperv",
        {"synic": True, "stimer": True, "stimer_direct": True},
        "Timers of the hypervisor replace ticking hardware; they need vpindex, synic and the hypervclock.",
    ),
    Setting(
        "features.hyperv",
        {"tlbflush": True, "ipi": True},
        "vCPUs reach each other in one call, and need not wait for one that does not run; both need vpindex.",
    ),
    Setting("features.hyperv", {"frequencies": True}, "Windows is told the clock's speed and need not measure it."),
    Setting(
        "clock.timers", {"name": "hypervclock", "present": True}, "Windows reads the time without leaving the guest."
    ),
)


def identity(name: str, type: str) -> Settings:  # noqa: A002  (libvirt's name)
    """What the VM is called, and what runs it.

    Examples
    --------
    >>> identity("web", "qemu")[1].value
    'qemu'
    """
    runs = "It runs on the host's processor itself." if type == "kvm" else "You asked for it; QEMU's emulation is slow."
    return (
        Setting("name", name, "Every VM of a host has a name of its own."),
        Setting("type", type, runs),
        Setting("os.type", "hvm", "It is a whole machine, as QEMU and KVM run it."),
        Setting("os.arch", "x86_64", "The profile is made for this architecture."),
    )


def processor(type: str, mode: str = "host-model") -> Settings:  # noqa: A002
    """A processor like the host's with KVM; without it, all that QEMU can imitate.

    Examples
    --------
    >>> processor("qemu")[0].value
    'maximum'
    """
    why = {
        "host-model": "It is nearly the host's processor, and the VM can still move to a host that is like it.",
        "host-passthrough": "It is the host's processor with all it has; the VM can move to the very same one only.",
    }
    if type == "kvm":
        return (Setting("cpu.mode", mode, why[mode]),)
    return (
        Setting("cpu.mode", "maximum", "Without KVM there is no host processor to resemble: it has all QEMU knows."),
    )


def boot(cdrom: str | None = None) -> Settings:
    """The disk first, then the CD where there is one.

    Examples
    --------
    >>> boot("/srv/debian.iso")[0].value
    ('hd', 'cdrom')
    """
    if cdrom is None:
        return (Setting("os.boot", ("hd",), "The disk starts what was installed on it."),)
    why = "An empty disk is passed over, so the CD starts the first time and the disk from then on."
    return (Setting("os.boot", ("hd", "cdrom"), why),)
