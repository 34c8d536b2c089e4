"""Rules about Hyper-V enlightenments, KVM features and clocks."""

from collections.abc import Iterator

from phyllome_nb.domain.features import Hyperv
from phyllome_nb.rules.case import Case
from phyllome_nb.rules.rule import Found, rule, setting
from phyllome_nb.xml.fields import Switch
from phyllome_nb.xml.reading import is_present

__all__: list[str] = []

QEMU = "QEMU: docs/system/i386/hyperv.rst"
PROCESS = "libvirt 9.0: src/qemu/qemu_process.c, qemuProcessVerifyHypervFeatures"
CLOCK = "https://libvirt.org/formatdomain.html#time-keeping"
FEATURES = "https://libvirt.org/formatdomain.html#hypervisor-features"

ENLIGHTENMENTS = tuple(
    name
    for name, what in vars(Hyperv).items()
    if isinstance(what, Switch) and what.path.steps and len(what.path.steps) == 1
)
FORGIVEN = {"relaxed", "vapic"}
"""What libvirt only warns about where the host lacks it."""


def has_hyperv_time(case: Case) -> bool:
    """Whether the guest has the clock that its Hyper-V timers are read against."""
    return any(timer.name == "hypervclock" and timer.present is not False for timer in case.spec.clock.timers)


def needs(case: Case, wanting: str, needed: tuple[str, ...]) -> list[str]:
    """What one enlightenment lacks; nothing where it is off."""
    hyperv = case.spec.features.hyperv
    if not is_present(hyperv) or not getattr(hyperv, wanting):
        return []
    return [name for name in needed if not getattr(hyperv, name)]


def lacking(case: Case, wanting: str, needed: tuple[str, ...]) -> Iterator[Found]:
    """What an enlightenment lacks, with the fix that turns it on."""
    hyperv = case.spec.features.hyperv
    if missing := needs(case, wanting, needed):
        fix = setting(f"Turn on {' and '.join(missing)}", hyperv, **dict.fromkeys(missing, True))
        yield Found(hyperv, wanting, f"{wanting} is on, and {' and '.join(missing)} is not.", fix)


@rule("HV001", "error", source=QEMU, libvirt="")
def synic_has_vpindex(case: Case) -> Iterator[Found]:
    """QEMU does not start with synic alone."""
    yield from lacking(case, "synic", ("vpindex",))


@rule("HV002", "error", source=QEMU, libvirt="")
def stimer_has_what_it_needs(case: Case) -> Iterator[Found]:
    """Hyper-V timers use its message controller and its clock; QEMU does not start without these."""
    yield from lacking(case, "stimer", ("vpindex", "synic"))
    hyperv = case.spec.features.hyperv
    if is_present(hyperv) and hyperv.stimer and not has_hyperv_time(case):
        yield Found(hyperv, "stimer", "stimer is on, and the clock has no hypervclock timer.")


@rule("HV003", "error", source=QEMU, libvirt="")
def direct_timers_are_timers(case: Case) -> Iterator[Found]:
    """Direct mode is a way to deliver the timers, so that there must be timers."""
    yield from lacking(case, "stimer_direct", ("stimer",))


@rule("HV004", "error", source=QEMU, libvirt="")
def flushes_and_signals_have_vpindex(case: Case) -> Iterator[Found]:
    """They name the vCPUs by Hyper-V's numbers; QEMU does not start without these."""
    yield from lacking(case, "tlbflush", ("vpindex",))
    yield from lacking(case, "ipi", ("vpindex",))


@rule("HV005", "error", source=f"{QEMU}; libvirt 11.0 release notes", libvirt="")
def finer_flushes_are_known_to_libvirt(case: Case) -> Iterator[Found]:
    """Before 11.0 libvirt drops them in silence."""
    hyperv = case.spec.features.hyperv
    if not is_present(hyperv):
        return
    for field in ("tlbflush_direct", "tlbflush_extended"):
        if getattr(hyperv, field) and case.libvirt and case.libvirt < (11, 0):
            fix = setting("Leave it out", hyperv, **{field: None})
            said = f"{field.replace('_', ' ')} needs libvirt 11.0, and the host has {case.libvirt_name}."
            yield Found(hyperv, field, said, fix)
    yield from lacking(case, "tlbflush_extended", ("tlbflush",))
    yield from lacking(case, "tlbflush_direct", ("vapic",))


@rule("HV006", "error", source=QEMU, libvirt="")
def nested_enlightenments_suit_the_processor(case: Case) -> Iterator[Found]:
    """evmcs is about Intel's VMX, and QEMU does not start with it and no vapic."""
    yield from lacking(case, "evmcs", ("vapic",))
    hyperv = case.spec.features.hyperv
    if is_present(hyperv) and hyperv.evmcs and case.host and case.host.cpu_vendor not in {"", "Intel"}:
        fix = setting("Turn it off", hyperv, evmcs=None)
        yield Found(
            hyperv, "evmcs", f"evmcs is for Intel processors, and the host has one by {case.host.cpu_vendor}.", fix
        )
    if is_present(hyperv) and hyperv.avic and hyperv.evmcs:
        yield Found(hyperv, "avic", "evmcs keeps avic from working.", severity="warning")


@rule("HV007", "hint", source=QEMU, libvirt="accepts")
def reenlightenment_has_frequencies(case: Case) -> Iterator[Found]:
    """Only a guest that is itself a hypervisor and migrates uses it, and it then needs the clock frequencies."""
    hyperv = case.spec.features.hyperv
    if is_present(hyperv) and hyperv.reenlightenment:
        lacks = "" if hyperv.frequencies else ", and frequencies is off"
        yield Found(hyperv, "reenlightenment", f"reenlightenment is for nested hypervisors that migrate{lacks}.")


@rule(
    "HV008", "error", source="libvirt 9.0: src/conf/domain_conf.c, virDomainFeaturesHyperVDefParse", libvirt="refuses"
)
def spinlocks_retry_often_enough(case: Case) -> Iterator[Found]:
    """Fewer than 4095 retries are refused."""
    hyperv = case.spec.features.hyperv
    text = case.raw_number(hyperv, "spinlock_retries") if is_present(hyperv) and hyperv.spinlocks else None
    if text is not None and text < 4095:
        fix = setting("Make it 8191", hyperv, spinlock_retries=8191)
        yield Found(hyperv, "spinlock_retries", f"spinlocks retries is {text}, and must be at least 4095.", fix)


@rule("HV009", "error", source=PROCESS, libvirt="")
def the_host_has_the_enlightenments(case: Case) -> Iterator[Found]:
    """The guest does not start where the host's KVM lacks one that is on."""
    hyperv = case.spec.features.hyperv
    if case.spec.type != "kvm" or case.capabilities is None or not is_present(hyperv):
        return
    offered = case.capabilities.enums.get("features/hyperv/features")
    if not offered:
        return
    for name in ENLIGHTENMENTS:
        if getattr(hyperv, name) and name not in offered and name not in FORGIVEN:
            fix = setting("Turn it off", hyperv, **{name: None})
            yield Found(
                hyperv, name, f"{name} is on, and {case.host_name} offers only {', '.join(sorted(offered))}.", fix
            )


@rule("HV010", "warning", source="QEMU: target/i386/kvm/kvm.c implements them", libvirt="accepts")
def enlightenments_need_kvm(case: Case) -> Iterator[Found]:
    """An emulated processor has none of them, so that they are dropped without a word."""
    hyperv = case.spec.features.hyperv
    if case.spec.type == "qemu" and is_present(hyperv) and any(getattr(hyperv, name) for name in ENLIGHTENMENTS):
        yield Found(hyperv, "", "Hyper-V enlightenments do nothing in an emulated machine.")


@rule("HV011", "hint", source="https://github.com/OpenNebula/one/issues/6298", libvirt="accepts")
def windows_has_its_enlightenments(case: Case) -> Iterator[Found]:
    """Windows without them wakes often and waits for its own CPUs."""
    hyperv = case.spec.features.hyperv
    if not case.is_windows or case.spec.type != "kvm":
        return
    if not is_present(hyperv):
        yield Found(case.spec.features, "", "This Windows has no Hyper-V enlightenments.")
    elif hyperv.tlbflush and not hyperv.ipi:
        yield Found(hyperv, "ipi", "tlbflush is on and ipi is not.", setting("Turn on ipi", hyperv, ipi=True))
    if not any(timer.name == "hypervclock" for timer in case.spec.clock.timers):
        yield Found(case.spec.clock, "", "This Windows has no hypervclock timer.")


@rule("HV012", "hint", source=QEMU, libvirt="accepts")
def enlightenments_are_for_windows(case: Case) -> Iterator[Found]:
    """Linux uses KVM's own interfaces, which are better, where it finds no Hyper-V."""
    hyperv = case.spec.features.hyperv
    system = case.spec.metadata.os
    if system and not case.is_windows and is_present(hyperv):
        yield Found(hyperv, "", f"Hyper-V enlightenments are for Windows, and this is {system}.")


@rule("KVM001", "hint", source=f"{FEATURES}: hidden", libvirt="accepts")
def hiding_kvm_costs_something(case: Case) -> Iterator[Found]:
    """A guest that does not know it runs on KVM uses none of its fast paths, its clock among them."""
    kvm = case.spec.features.kvm
    if is_present(kvm) and kvm.hidden:
        yield Found(kvm, "hidden", "KVM is hidden from the guest, with its clock and its other fast paths.")


@rule("CLK001", "hint", source=CLOCK, libvirt="accepts")
def the_clock_suits_the_system(case: Case) -> Iterator[Found]:
    """Windows takes the machine's clock for local time, every other system for UTC."""
    system, offset = case.spec.metadata.os, case.spec.clock.offset
    wanted = "localtime" if case.is_windows else "utc"
    if system and offset in {"utc", "localtime"} and offset != wanted:
        fix = setting(f"Make it {wanted}", case.spec.clock, offset=wanted)
        yield Found(case.spec.clock, "offset", f"The clock starts at {offset}, and {system} expects {wanted}.", fix)


@rule("CLK002", "hint", source=CLOCK, libvirt="accepts")
def a_kvmclock_is_present_or_not(case: Case) -> Iterator[Found]:
    """Without present= the timer changes nothing."""
    for timer in case.spec.clock.timers:
        if timer.name == "kvmclock" and timer.present is None:
            yield Found(timer, "present", "A kvmclock that is neither present nor absent changes nothing.")


@rule("CLK003", "warning", source="QEMU: target/i386/kvm/kvm.c marks invtsc as unmigratable", libvirt="")
def an_invariant_clock_can_migrate(case: Case) -> Iterator[Found]:
    """QEMU refuses to migrate a guest with invtsc unless the frequency of its TSC is fixed."""
    wants = [feature for feature in case.spec.cpu.features if feature.name == "invtsc" and feature.policy == "require"]
    if not wants:
        return
    fixed = any(timer.name == "tsc" and timer.frequency for timer in case.spec.clock.timers)
    if not fixed:
        yield Found(wants[0], "", "invtsc is required, and no tsc timer fixes its frequency.")
