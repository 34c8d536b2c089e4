"""Rules about shares, quotas, priorities and I/O threads."""

from collections.abc import Iterator

from phyllome_nb.rules.case import Case
from phyllome_nb.rules.rule import Found, rule
from phyllome_nb.xml.reading import is_present

__all__: list[str] = []

RANGES = "libvirt 9.0: src/conf/domain_validate.c, virDomainDefCputuneValidate"
SESSION = "libvirt 9.0: src/qemu/qemu_command.c, qemuBuildCommandLineValidate"
DISK = "libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateDomainDeviceDefDiskIOThreads"

QUOTA = (1000, 17592186044415)
PERIOD = (1000, 1000000)
SHARES = (2, 262144)


@rule("TUN001", "error", source=RANGES, libvirt="refuses")
def shares_periods_and_quotas_are_in_range(case: Case) -> Iterator[Found]:
    """The kernel takes no others."""
    tune = case.spec.cputune
    if not is_present(tune):
        return
    ranges = {"shares": SHARES}
    for of in ("", "global_", "emulator_", "iothread_"):
        ranges |= {f"{of}period": PERIOD, f"{of}quota": QUOTA}
    for field, (least, most) in ranges.items():
        value = getattr(tune, field)
        unlimited = field.endswith("quota") and value is not None and value < 0
        # libvirt takes a 0 as if it was left out.
        if value and not least <= value <= most and not unlimited:
            yield Found(tune, field, f"{field.replace('_', ' ')} is {value}, and can be {least} to {most}.")


@rule("TUN002", "error", source=SESSION, libvirt="fails at start")
def a_session_does_not_tune(case: Case) -> Iterator[Found]:
    """A user's own libvirt has no right to set shares, limits or priorities of the host."""
    if case.host is None or not case.host.session:
        return
    tune, limits = case.spec.cputune, case.spec.memtune
    for field in ("hard_limit", "soft_limit", "swap_hard_limit"):
        if getattr(limits, field):
            yield Found(limits, field, "A user's own libvirt cannot limit the VM's memory.")
    if is_present(case.spec.blkiotune) and case.spec.blkiotune.weight:
        yield Found(case.spec.blkiotune, "weight", "A user's own libvirt cannot weigh the VM's disks.")
    for field in ("shares", "period", "quota", "global_period", "global_quota", "emulator_period", "emulator_quota"):
        if getattr(tune, field):
            yield Found(tune, field, "A user's own libvirt cannot give the VM a share of the CPUs.")


@rule("TUN003", "warning", source="https://libvirt.org/formatdomain.html#cpu-tuning", libvirt="")
def real_time_vcpus_leave_room_for_qemu(case: Case) -> Iterator[Found]:
    """A real-time vCPU that never sleeps starves QEMU's own thread, and with it the guest's devices."""
    tune = case.spec.cputune
    for schedule in tune.vcpuscheds:
        if schedule.scheduler in {"fifo", "rr"} and not tune.emulatorpin:
            said = f"vCPUs {schedule.vcpus} are real-time ({schedule.scheduler}), and QEMU's own thread is not pinned."
            yield Found(schedule, "scheduler", said)


@rule("IOT001", "error", source=DISK, libvirt="refuses")
def devices_use_iothreads_that_exist(case: Case) -> Iterator[Found]:
    """A disk or controller is served by an I/O thread that the VM has."""
    devices = case.spec.devices
    for disk in devices.disks:
        number = disk.driver_options.iothread
        if number is not None and number not in case.iothreads:
            said = f"The disk wants I/O thread {number}, and the VM has {len(case.iothreads)}."
            yield Found(disk.driver_options, "iothread", said)
    for controller in devices.controllers:
        number = controller.driver.iothread
        if number is not None and number not in case.iothreads:
            said = f"The controller wants I/O thread {number}, and the VM has {len(case.iothreads)}."
            yield Found(controller.driver, "iothread", said)


@rule("IOT002", "error", source=DISK, libvirt="refuses")
def iothreads_are_for_virtio(case: Case) -> Iterator[Found]:
    """Only virtio disks and virtio-scsi controllers can be served by an I/O thread of their own."""
    devices = case.spec.devices
    for disk in devices.disks:
        if disk.driver_options.iothread is not None and disk.bus not in {None, "virtio"}:
            said = f"A disk on bus {disk.bus} cannot have an I/O thread."
            yield Found(disk.driver_options, "iothread", said)
    for controller in devices.controllers:
        given = controller.driver.iothread is not None
        if given and (controller.type != "scsi" or not (controller.model or "virtio-scsi").startswith("virtio")):
            said = f"A {controller.type} controller of model {controller.model or 'default'} cannot have an I/O thread."
            yield Found(controller.driver, "iothread", said)


@rule("IOT003", "hint", source="https://libvirt.org/formatdomain.html#iothreads-allocation", libvirt="accepts")
def iothreads_are_used(case: Case) -> Iterator[Found]:
    """An I/O thread that serves no disk does nothing."""
    if not case.iothreads:
        return
    devices = case.spec.devices
    used = {disk.driver_options.iothread for disk in devices.disks}
    used |= {controller.driver.iothread for controller in devices.controllers}
    used |= {thread.id for disk in devices.disks for thread in disk.driver_options.iothreads}
    if idle := case.iothreads - used:
        yield Found(case.spec.iothreads, "", f"{len(idle)} of {len(case.iothreads)} I/O threads serve nothing.")
