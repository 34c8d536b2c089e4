"""Rules about disks and shared directories."""

from collections import Counter
from collections.abc import Iterator

from phyllome_nb.domain.devices.disk import Disk
from phyllome_nb.rules.case import Case
from phyllome_nb.rules.rule import Found, rule, setting
from phyllome_nb.xml.reading import element_of

__all__: list[str] = []

VIRTIOFS = "libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateDomainDeviceDefFS"
KBASE = "https://libvirt.org/kbase/virtiofs.html"
DISK = "libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateDomainDeviceDefDisk"
NAMES = {"virtio": ("vd",), "sata": ("sd",), "scsi": ("sd",), "usb": ("sd",), "ide": ("hd",), "fdc": ("fd",)}


def image(disk: Disk) -> str | None:
    """The file or block device of a disk."""
    return disk.file or disk.dev


def is_written(disk: Disk) -> bool:
    """Whether the guest writes to it, and alone."""
    return disk.device in {None, "disk", "lun"} and not (disk.readonly or disk.shareable or disk.transient)


@rule("FS001", "error", source=VIRTIOFS, libvirt="refuses")
def virtiofs_has_shared_memory(case: Case) -> Iterator[Found]:
    """The daemon that serves the directory works in the guest's memory, so that both must map it."""
    for each in case.spec.devices.filesystems:
        if each.driver.type == "virtiofs" and not case.is_shared:
            backing = case.spec.memory
            given = {"access": "shared"} | ({} if backing.source else {"source": "memfd"})
            fix = setting("Share the memory, as a memfd", backing, **given)
            yield Found(
                each.driver, "type", f"{each.dir or 'A directory'} is shared by virtiofs, and the memory is not.", fix
            )


@rule("FS002", "error", source="libvirt 11.0 release notes", libvirt="refuses")
def libvirt_knows_readonly_virtiofs(case: Case) -> Iterator[Found]:
    """Before 11.0 libvirt cannot keep the guest from writing."""
    for each in case.spec.devices.filesystems:
        if each.driver.type == "virtiofs" and each.readonly and case.libvirt and case.libvirt < (11, 0):
            said = f"Read-only virtiofs needs libvirt 11.0, and the host has {case.libvirt_name}."
            yield Found(each, "readonly", said)


@rule("FS003", "error", source="libvirt 10.0 release notes", libvirt="refuses")
def a_session_may_use_virtiofs(case: Case) -> Iterator[Found]:
    """Before 10.0 only the system's libvirt starts the daemon that serves the directory."""
    if case.host is None or not case.host.session or case.libvirt is None or case.libvirt >= (10, 0):
        return
    for each in case.spec.devices.filesystems:
        if each.driver.type == "virtiofs" and not each.source.socket:
            said = f"virtiofs needs libvirt 10.0 in a session, and the host has {case.libvirt_name}."
            yield Found(each.driver, "type", said)


@rule("FS004", "error", source=VIRTIOFS, libvirt="refuses")
def virtiofs_has_no_options_of_9p(case: Case) -> Iterator[Found]:
    """The daemon maps all of the owner's rights through, and knows none of these."""
    for each in case.spec.devices.filesystems:
        if each.driver.type != "virtiofs":
            continue
        if each.accessmode not in {None, "passthrough"}:
            fix = setting("Make it passthrough", each, accessmode="passthrough")
            yield Found(each, "accessmode", f"virtiofs has no access mode {each.accessmode}.", fix)
        for field in ("fmode", "dmode", "multidevs", "model"):
            if getattr(each, field) is not None:
                yield Found(each, field, f"virtiofs has no {field}.", setting("Leave it out", each, **{field: None}))
        for field in ("wrpolicy", "format"):
            if getattr(each.driver, field) is not None:
                fix = setting("Leave it out", each.driver, **{field: None})
                yield Found(each.driver, field, f"virtiofs has no {field}.", fix)


@rule("FS005", "error", source="libvirt 9.0: src/conf/domain_validate.c, virDomainDefFSValidate", libvirt="refuses")
def shares_have_names_of_their_own(case: Case) -> Iterator[Found]:
    """The guest mounts a shared directory by its tag."""
    shares = [each for each in case.spec.devices.filesystems if each.driver.type == "virtiofs"]
    counts = Counter(each.target for each in shares)
    for each in shares if len(shares) > 1 else ():
        if each.target and counts[each.target] > 1:
            yield Found(each, "target", f"{counts[each.target]} directories have the tag {each.target}.")


@rule("FS006", "warning", source=KBASE, libvirt="")
def virtiofs_stays_on_its_host(case: Case) -> Iterator[Found]:
    """Before QEMU 8.2 such a guest cannot be saved or migrated."""
    if case.qemu is None or case.qemu >= (8, 2):
        return
    for each in case.spec.devices.filesystems:
        if each.driver.type == "virtiofs":
            yield Found(
                each.driver, "type", "With virtiofs this VM can be neither saved nor migrated.", severity="hint"
            )


@rule("DSK001", "hint", source="https://libvirt.org/formatdomain.html#hard-drives-floppy-disks-cdroms", libvirt="")
def a_missing_medium_does_not_stop_the_guest(case: Case) -> Iterator[Found]:
    """A CD image that is gone keeps the VM from starting, unless its startupPolicy is optional."""
    for disk in case.spec.devices.disks:
        if disk.device in {"cdrom", "floppy"} and disk.file and disk.source.startup_policy is None:
            fix = setting("Start without it", disk.source, startup_policy="optional")
            yield Found(disk.source, "startup_policy", f"Without {disk.file} the VM will not start.", fix)


@rule(
    "DSK002",
    "error",
    source="libvirt 9.0: src/conf/domain_validate.c, virDomainDefDuplicateDiskInfoValidate",
    libvirt="refuses",
)
def disks_have_names_of_their_own(case: Case) -> Iterator[Found]:
    """The target is how everything else refers to a disk."""
    disks = case.spec.devices.disks
    counts = Counter(disk.target for disk in disks)
    seen: set[str] = set()
    for disk in disks:
        if disk.target and disk.target in seen:
            fix = setting("Take a free name", disk, target=case.free_target(disk.target[:2]))
            yield Found(disk, "target", f"{counts[disk.target]} disks are called {disk.target}.", fix)
        seen.add(disk.target or "")
        names = NAMES.get(disk.bus or "")
        if names and disk.target and not disk.target.startswith(names) and counts[disk.target] == 1:
            said = f"Disk {disk.target} is on bus {disk.bus}, whose disks are called {names[0]}a and so on."
            yield Found(disk, "target", said, severity="hint")


@rule("DSK003", "error", source=DISK, libvirt="refuses")
def native_io_goes_round_the_cache(case: Case) -> Iterator[Found]:
    """Linux's native I/O blocks on cached files."""
    for disk in case.spec.devices.disks:
        if disk.driver_options.io == "native" and disk.cache not in {"none", "directsync"} and case.is_qemu:
            fix = setting("Make the cache none", disk, cache="none")
            said = f"Disk {disk.target} has io native with cache {disk.cache or 'left open'}."
            yield Found(disk.driver_options, "io", said, fix)


@rule("DSK004", "error", source="QEMU: block/file-posix.c locks images", libvirt="")
def an_image_has_one_writer(case: Case) -> Iterator[Found]:
    """Two VMs that write one image destroy it; QEMU's lock keeps the second from starting."""
    own: set[str] = set()
    for disk in case.spec.devices.disks:
        path = image(disk)
        if not path or not is_written(disk):
            continue
        field = "file" if disk.file else "dev"
        if path in own:
            yield Found(disk, field, f"{path} is another disk of this VM as well.")
        own.add(path)
        if holders := case.others.holding("images", path) if case.others else ():
            yield Found(disk, field, f"{path} is a disk of {', '.join(holders[:3])} too.")


@rule(
    "DSK005",
    "warning",
    source="https://libvirt.org/formatdomain.html#hard-drives-floppy-disks-cdroms",
    libvirt="accepts",
)
def written_data_reaches_the_disk(case: Case) -> Iterator[Found]:
    """With unsafe nothing is written out before the guest ends; a host that fails takes it all along."""
    for disk in case.spec.devices.disks:
        if disk.cache == "unsafe" and is_written(disk):
            fix = setting("Leave it to QEMU", disk, cache=None)
            yield Found(disk, "cache", f"Disk {disk.target} loses what was written if the host fails.", fix)


@rule("DSK006", "hint", source="QEMU: num-queues of virtio-blk", libvirt="accepts")
def a_disk_has_no_more_queues_than_vcpus(case: Case) -> Iterator[Found]:
    """Each vCPU uses one queue; more are never used."""
    vcpus = case.spec.vcpus.maximum
    for disk in case.spec.devices.disks:
        queues = disk.driver_options.queues
        if queues and vcpus and queues > vcpus:
            fix = setting(f"Make it {vcpus}", disk.driver_options, queues=vcpus)
            said = f"Disk {disk.target} has {queues} queues for {vcpus} vCPUs."
            yield Found(disk.driver_options, "queues", said, fix)


@rule("DSK007", "error", source=DISK, libvirt="refuses")
def queues_and_event_options_are_for_virtio(case: Case) -> Iterator[Found]:
    """Only virtio disks have queues and events that can be chosen."""
    for disk in case.spec.devices.disks:
        if disk.bus in {None, "virtio"}:
            continue
        for field in ("queues", "queue_size", "ioeventfd", "event_idx"):
            if getattr(disk.driver_options, field) is not None:
                fix = setting("Leave it out", disk.driver_options, **{field: None})
                said = f"Disk {disk.target} on bus {disk.bus} has {field.replace('_', ' ')}, which is for virtio."
                yield Found(disk.driver_options, field, said, fix)


@rule("DSK008", "error", source="libvirt 9.0: src/conf/domain_validate.c, virDomainDiskDefValidate", libvirt="refuses")
def a_floppy_is_on_its_own_bus(case: Case) -> Iterator[Found]:
    """A floppy drive has a controller of its own, and nothing else can be on it."""
    for disk in case.spec.devices.disks:
        if (disk.device == "floppy") != (disk.bus == "fdc") and disk.bus is not None:
            said = f"Disk {disk.target} is a {disk.device or 'disk'} on bus {disk.bus}."
            yield Found(disk, "bus", said)


@rule("DSK009", "error", source=DISK, libvirt="refuses")
def a_cd_drive_is_on_a_bus_that_has_some(case: Case) -> Iterator[Found]:
    """virtio has disks only; a CD drive needs SATA, SCSI, USB or IDE."""
    for disk in case.spec.devices.disks:
        if disk.device == "cdrom" and disk.bus == "virtio" and case.is_qemu:
            fix = setting("Make it SATA", disk, bus="sata", target=case.free_target("sd"))
            yield Found(disk, "bus", f"CD drive {disk.target} is on bus virtio.", fix)


@rule(
    "DSK010",
    "error",
    source="libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateDomainDeviceDefDiskFrontend",
    libvirt="refuses",
)
def a_disk_suits_its_bus(case: Case) -> Iterator[Found]:
    """What QEMU's disk of that kind can do, and how it is addressed."""
    for disk in case.spec.devices.disks if case.is_qemu else ():
        if disk.driver not in {None, "qemu"}:
            fix = setting("Make it qemu", disk, driver="qemu")
            yield Found(disk, "driver", f"The driver of disk {disk.target} is {disk.driver}, and QEMU's is qemu.", fix)
        if disk.bus == "virtio" and disk.address.type == "drive":
            fields = ("type", "controller", "bus", "target", "unit")
            fix = setting("Let libvirt choose", disk.address, **dict.fromkeys(fields))
            yield Found(disk.address, "type", f"Disk {disk.target} is virtio, which has no place on a drive bus.", fix)
        if disk.bus in {"ide", "sata"} and disk.readonly and disk.device in {None, "disk"}:
            fix = setting("Let it be written", disk, readonly=False)
            said = f"Disk {disk.target} is read-only, and {disk.bus} has no read-only disks."
            yield Found(disk, "readonly", said, fix)
        if disk.device == "lun" and disk.bus not in {None, "virtio", "scsi"}:
            fix = setting("Make it a disk", disk, device="disk")
            yield Found(disk, "device", f"Disk {disk.target} is a LUN on bus {disk.bus}, which takes disks only.", fix)
        if (
            disk.type in {None, "file", "block"}
            and not (disk.file or disk.dev)
            and disk.device in {None, "disk", "lun"}
        ):
            yield Found(disk, "", f"Disk {disk.target} names no image.")


@rule(
    "DSK011", "error", source="libvirt 9.0: src/conf/domain_conf.c, virDomainDiskBackingStoreParse", libvirt="refuses"
)
def a_backing_image_is_named(case: Case) -> Iterator[Found]:
    """A backing store says what the image stands on, or is empty."""
    for disk in case.spec.devices.disks:
        store = disk.backing_store
        element = element_of(store)
        if element is not None and element.get("type") and element.find("source") is None:
            yield Found(store, "type", f"The backing store of disk {disk.target} names no source.")
