"""Rules about memory and what backs it."""

from collections.abc import Iterator

from phyllome_nb.rules.case import Case
from phyllome_nb.rules.rule import Found, rule, setting
from phyllome_nb.size import Size
from phyllome_nb.xml.reading import element_of, is_present, raw, unreadable

__all__: list[str] = []

REFERENCE = "https://libvirt.org/formatdomain.html#memory-allocation"
BACKING = "https://libvirt.org/formatdomain.html#memory-backing"
VALIDATE = "libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateDomainDefMemory"
POSTPARSE = "libvirt 9.0: src/conf/domain_postparse.c, virDomainDefPostParseMemory"
LOCK = "libvirt 9.0: src/qemu/qemu_domain.c, qemuDomainGetMemLockLimitBytes"

GIB = 1024**3
ORDINARY = 64 * 1024
"""As large as ordinary pages are anywhere; larger ones are huge."""
SMALL = 64 * 1024**2
"""Less than this no current guest boots with."""
DECIMAL = {"kb", "mb", "gb", "tb", "pb", "eb"}
SHARERS = "virtiofs, vhost-user or a blob video device"


def are_huge(case: Case) -> bool:
    """Whether huge pages are asked for, and not pages of the ordinary size under that name."""
    memory = case.spec.memory
    return bool(memory.hugepages) and (
        not memory.pages or any((page.size or ORDINARY + 1) > ORDINARY for page in memory.pages)
    )


def needs_sharing(case: Case) -> bool:
    """Whether a device works only where the memory is shared."""
    devices = case.spec.devices
    return (
        any(each.driver.type == "virtiofs" for each in devices.filesystems)
        or any(each.type == "vhostuser" for each in devices.interfaces)
        or any(each.type == "vhostuser" for each in devices.disks)
        or any(each.blob or each.driver.name == "vhostuser" for each in devices.videos)
    )


@rule("MEM001", "error", source=POSTPARSE, libvirt="refuses")
def there_is_some_memory(case: Case) -> Iterator[Found]:
    """A machine without memory cannot be defined."""
    memory = case.spec.memory
    if case.memory == 0 and unreadable(memory, "maximum") is None and not case.spec.cpu.numa.cells and case.is_qemu:
        yield Found(memory, "maximum", "The VM has no memory.")


@rule("MEM002", "warning", source=POSTPARSE, libvirt="rewrites")
def the_balloon_leaves_no_more_than_there_is(case: Case) -> Iterator[Found]:
    """libvirt lowers it in silence, so that the definition says what never happens."""
    memory = case.spec.memory
    most = case.memory + sum(device.size or 0 for device in case.spec.devices.memories)
    if memory.current and most and memory.current > most:
        fix = setting(f"Make it {Size(most).short()}", memory, current=Size(most))
        yield Found(
            memory, "current", f"The balloon is to leave {memory.current.short()} of {Size(most).short()}.", fix
        )


@rule("MEM004", "error", source="libvirt 9.0: src/util/virutil.c, virScaleInteger", libvirt="refuses")
def sizes_are_whole_numbers_with_known_units(case: Case) -> Iterator[Found]:
    """libvirt reads whole numbers and its own units only."""
    memory = case.spec.memory
    for field in ("maximum", "current", "max_memory"):
        if wrong := unreadable(memory, field):
            yield Found(memory, field, wrong.partition(": ")[2])


@rule("MEM005", "warning", source=REFERENCE, libvirt="accepts")
def units_are_those_of_memory(case: Case) -> Iterator[Found]:
    """KB, MB and GB are powers of ten, which no memory module is; KiB, MiB and GiB are most often meant."""
    memory = case.spec.memory
    for field in ("maximum", "current"):
        element = element_of(memory, field)
        unit = "" if element is None else element.get("unit", "")
        text, size = raw(memory, field), getattr(memory, field)
        if unit.lower() in DECIMAL and size and text and text.strip().isdecimal() and int(text) % 1000:
            meant = Size(f"{text.strip()} {unit[0]}iB")
            fix = setting(f"Make it {meant.short()}", memory, **{field: meant})
            yield Found(memory, field, f"{text.strip()} {unit} is {Size(size).to('MiB'):,.1f} MiB.", fix)


@rule("MEM006", "error", source="QEMU refuses to start: cannot set up guest memory", libvirt="")
def the_host_has_that_much_memory(case: Case) -> Iterator[Found]:
    """A guest that uses more than the host has left is swapped out or killed, with others beside it."""
    if case.host is None or case.others is None or not case.host.memory:
        return
    wanted, has = case.memory, case.host.memory
    field = "maximum" if not case.spec.cpu.numa.cells else ""
    part = case.spec.memory if field else case.spec.cpu.numa
    if wanted > has:
        fixed = bool(case.spec.memory.hugepages) or case.spec.memory.allocation == "immediate"
        said = f"The VM may use {wanted.short()}, and all of {case.host.name} has {has.short()}."
        yield Found(part, field, said, severity="error" if fixed or case.spec.memory.locked else "warning")
        return
    promised = case.others.promised("running").memory_max
    if promised + wanted > has:
        said = f"With the VMs that run, {Size(promised + wanted).short()} would be promised of {has.short()}."
        yield Found(part, field, said, severity="warning")


@rule("MEM007", "warning", source="virt-install warns of abnormally little memory", libvirt="accepts")
def there_is_enough_to_boot(case: Case) -> Iterator[Found]:
    """A number without a unit is KiB, so that 4096 is 4 MiB and no guest boots with it."""
    memory = case.spec.memory
    size = case.memory
    if case.is_qemu and 0 < size < SMALL:
        yield Found(memory, "maximum", f"The VM has {size.short()} of memory.")


@rule("MEM008", "warning", source="https://libvirt.org/formatdomain.html#memory-balloon-device", libvirt="accepts")
def a_balloon_is_there_to_hold_memory_back(case: Case) -> Iterator[Found]:
    """Without a balloon the guest has all of its memory from the start, whatever currentMemory says."""
    memory = case.spec.memory
    if memory.current and case.spec.devices.memballoon.model == "none" and memory.current < case.memory:
        fix = setting(f"Make it {case.memory.short()}", memory, current=case.memory)
        said = f"{memory.current.short()} of {case.memory.short()} are to be left to the guest, and it has no balloon."
        yield Found(memory, "current", said, fix)


@rule("MEM009", "warning", source="Phyllome's own definitions: an installer with 1 of 4 GiB", libvirt="accepts")
def an_installer_has_memory_enough(case: Case) -> Iterator[Found]:
    """Installers run before the balloon's driver gives memory back, and run out of it."""
    memory = case.spec.memory
    installs = any(disk.device == "cdrom" and disk.file for disk in case.spec.devices.disks)
    if installs and memory.current and memory.current < min(2 * GIB, case.memory):
        fix = setting(f"Make it {case.memory.short()}", memory, current=case.memory)
        said = f"The VM is to boot from a CD image with {memory.current.short()} of its {case.memory.short()}."
        yield Found(memory, "current", said, fix)


@rule("MEM010", "warning", source="QEMU: hw/virtio/virtio-balloon.c, virtio_balloon_inhibited", libvirt="")
def a_balloon_works_beside_host_devices(case: Case) -> Iterator[Found]:
    """A device of the host may reach all of the guest's memory, so QEMU pins it and takes nothing from the balloon."""
    memory = case.spec.memory
    held = memory.current and memory.current < case.memory
    if held and case.has_vfio and case.spec.devices.memballoon.model != "none":
        said = f"The balloon is to hold back {Size(case.memory - (memory.current or 0)).short()} beside a host device."
        yield Found(memory, "current", said, setting(f"Make it {case.memory.short()}", memory, current=case.memory))


@rule("MEM011", "hint", source="virtio-win: the balloon's driver and service", libvirt="accepts")
def windows_has_a_driver_for_the_balloon(case: Case) -> Iterator[Found]:
    """Windows has no driver for the balloon of its own."""
    balloon = case.spec.devices.memballoon
    if case.is_windows and balloon.model != "none":
        yield Found(balloon, "model", "The balloon does nothing in this Windows before virtio-win is installed.")


@rule("MEM012", "warning", source=LOCK, libvirt="")
def memory_can_be_pinned_for_host_devices(case: Case) -> Iterator[Found]:
    """What a host device may reach stays in RAM from the start and can be promised to nobody else."""
    if case.host is None or case.others is None or not case.has_vfio:
        return
    count = sum(device.type in {"pci", "mdev"} for device in case.spec.devices.hostdevs)
    times = max(count, 1) if case.spec.devices.iommus else 1
    pinned = Size(times * case.memory + GIB)
    left = case.host.memory - case.others.promised("running").memory
    if pinned > left:
        said = f"Up to {pinned.short()} are locked into RAM, and {Size(max(left, 0)).short()} are not promised yet."
        yield Found(case.spec.memory, "maximum", said)


@rule("MEM013", "warning", source=f"{BACKING}: locked", libvirt="")
def locked_memory_has_a_limit(case: Case) -> Iterator[Found]:
    """Without a hard limit libvirt lets QEMU lock any amount of the host's RAM."""
    memory = case.spec.memory
    if memory.locked and not case.spec.memtune.hard_limit:
        yield Found(memory, "locked", "The memory is locked, and no memtune hard_limit bounds how much that may be.")


@rule("MEM014", "error", source="https://libvirt.org/formatdomain.html#memory-tuning", libvirt="")
def a_hard_limit_leaves_room_for_qemu(case: Case) -> Iterator[Found]:
    """QEMU needs memory beside the guest's, and the kernel kills it where it reaches the limit."""
    limit, wanted = case.spec.memtune.hard_limit, case.memory
    if limit and wanted and limit < wanted:
        said = f"QEMU may use {Size(limit).short()}, and the guest alone {wanted.short()}."
        yield Found(case.spec.memtune, "hard_limit", said)
    elif limit and wanted and limit < wanted + GIB:
        said = f"Beside the guest's {wanted.short()}, {Size(limit - wanted).short()} are left to QEMU."
        yield Found(case.spec.memtune, "hard_limit", said, severity="warning")


@rule("MEM015", "error", source=POSTPARSE, libvirt="refuses")
def memory_that_can_grow_has_slots_and_cells(case: Case) -> Iterator[Found]:
    """Memory is plugged into slots, and each module into a NUMA cell."""
    memory = case.spec.memory
    most = memory.max_memory
    if not case.is_qemu or not is_growing(case):
        return
    older = case.before(11, 3)  # 9.0 refuses it without slots and without cells, 11.3 was seen to start both
    if most and memory.slots is None and older:
        yield Found(memory, "slots", f"The memory may grow to {most.short()}, and has no slots to do so.")
    if most and most < case.memory:
        yield Found(
            memory, "max_memory", f"The memory may grow to {most.short()}, and is {case.memory.short()} already."
        )
    if most and memory.slots and case.is_x86 and not case.spec.cpu.numa.cells and older:
        yield Found(memory, "max_memory", f"The memory may grow to {most.short()}, and the guest has no NUMA cell.")


def is_growing(case: Case) -> bool:
    """Whether the definition speaks of memory that can be plugged in."""
    memory = case.spec.memory
    return memory.max_memory is not None or memory.slots is not None


@rule(
    "MEM016",
    "error",
    source="libvirt 9.0: src/qemu/qemu_domain.c, qemuDomainDefValidateMemoryHotplug",
    libvirt="refuses",
)
def memory_devices_have_a_place(case: Case) -> Iterator[Found]:
    """A memory device needs a slot, an address range to grow into, and a NUMA cell to belong to."""
    devices = case.spec.devices.memories
    if not devices or not case.is_qemu:
        return
    pluggable = [device for device in devices if device.model in {"dimm", "nvdimm", "virtio-mem"}]
    if pluggable and case.spec.memory.max_memory is None:
        yield Found(pluggable[0], "", f"The VM has a {pluggable[0].model}, and no maxMemory with slots.")
    cells = len(case.spec.cpu.numa.cells)
    for device in pluggable:
        if cells and device.node is None and case.is_x86:
            yield Found(device, "node", f"The {device.model} belongs to no NUMA cell.")
        elif cells and device.node is not None and device.node >= cells:
            yield Found(device, "node", f"The {device.model} belongs to cell {device.node}, and there are {cells}.")


@rule(
    "MEM017", "error", source="libvirt 9.0: src/conf/domain_validate.c, virDomainMemoryDefValidate", libvirt="refuses"
)
def virtio_mem_grows_in_whole_blocks(case: Case) -> Iterator[Found]:
    """virtio-mem gives and takes memory in blocks, whose size is a power of two."""
    for device in case.spec.devices.memories:
        block, size, requested = device.block, device.size, device.requested
        if device.model != "virtio-mem" or not block or not size:
            continue
        if block & (block - 1):
            yield Found(device, "block", f"A block of {Size(block).short()} is no power of two.")
        elif requested is not None and requested > size:
            yield Found(device, "requested", f"{requested.short()} are requested of {size.short()}.")
        elif size % block:
            yield Found(device, "size", f"{size.short()} are no whole blocks of {Size(block).short()}.")
        elif requested and requested % block:
            yield Found(device, "requested", f"{requested.short()} are no whole blocks of {Size(block).short()}.")


@rule("MEM020", "error", source=VALIDATE, libvirt="refuses")
def huge_pages_are_allocated_at_once(case: Case) -> Iterator[Found]:
    """Huge pages are set aside when the guest starts, never on demand."""
    memory = case.spec.memory
    if memory.hugepages and memory.allocation == "ondemand":
        fix = setting("Allocate it at once", memory, allocation="immediate")
        yield Found(memory, "allocation", "Huge pages cannot be allocated on demand.", fix)


@rule("MEM021", "error", source=VALIDATE, libvirt="refuses")
def huge_pages_are_not_anonymous(case: Case) -> Iterator[Found]:
    """Huge pages come from files on hugetlbfs or from a memfd, never from anonymous memory."""
    memory = case.spec.memory
    if memory.hugepages and memory.source == "anonymous":
        fix = setting("Take a memfd", memory, source="memfd")
        yield Found(memory, "source", "Huge pages cannot come from anonymous memory.", fix)


@rule("MEM022", "error", source=f"{BACKING}: hugepages", libvirt="")
def the_host_has_pages_of_that_size(case: Case) -> Iterator[Found]:
    """The guest starts only where the host has set aside enough pages of that size."""
    if not are_huge(case) or case.host is None or not case.host.cells:
        return
    pools = [pool for cell in case.host.cells for pool in cell.pages if pool.size > ORDINARY]
    offered = {pool.size for pool in pools}
    if not offered:
        return
    for page in case.spec.memory.pages:
        if page.size and page.size > ORDINARY and page.size not in offered:
            sizes = ", ".join(size.short() for size in sorted(offered))
            yield Found(page, "size", f"{case.host.name} has no pages of {page.size.short()}, only of {sizes}.")
    wanted = page_size(case)
    if wanted in offered and len(case.spec.memory.pages) <= 1:
        free = [pool.free for pool in pools if pool.size == wanted]
        need = -(-case.memory // wanted)
        if None not in free and sum(each or 0 for each in free) < need:
            said = f"{need} pages of {wanted.short()} are needed, and {sum(each or 0 for each in free)} are free."
            yield Found(case.spec.memory, "hugepages", said)


def page_size(case: Case) -> Size:
    """The size of the guest's huge pages, where they are all alike; x86's default where none is named."""
    pages = case.spec.memory.pages
    return (pages[0].size if pages else None) or Size("2 MiB")


@rule("MEM023", "error", source="https://kubevirt.io/user-guide/compute/hugepages/", libvirt="")
def memory_is_whole_huge_pages(case: Case) -> Iterator[Found]:
    """The guest's memory, and that of each of its cells, is made of whole pages."""
    memory = case.spec.memory
    if not memory.hugepages or len(memory.pages) != 1:
        return
    size = memory.pages[0].size
    if not size:
        return
    cells = case.spec.cpu.numa.cells
    for cell in cells:
        if cell.memory and cell.memory % size:
            yield Found(cell, "memory", f"{cell.memory.short()} are no whole pages of {size.short()}.")
    if not cells and memory.maximum and memory.maximum % size:
        rounded = Size(-(-memory.maximum // size) * size)
        fix = setting(f"Make it {rounded.short()}", memory, maximum=rounded)
        yield Found(memory, "maximum", f"{memory.maximum.short()} are no whole pages of {size.short()}.", fix)


@rule(
    "MEM024", "error", source="libvirt 9.0: src/qemu/qemu_conf.c, qemuGetDomainHupageMemPath", libvirt="fails at start"
)
def a_session_may_use_huge_pages(case: Case) -> Iterator[Found]:
    """A user's own libvirt has no mount of huge pages, unless its qemu.conf names one."""
    memory = case.spec.memory
    if are_huge(case) and case.host is not None and case.host.session and memory.source != "memfd":
        said = "A user's own libvirt finds no hugetlbfs, unless hugetlbfs_mount in its qemu.conf names one."
        yield Found(memory, "hugepages", said, setting("Take a memfd", memory, source="memfd"))


@rule(
    "MEM025",
    "error",
    source="libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateDomainDefMemoryHugepages",
    libvirt="refuses",
)
def pages_are_for_cells_that_are_there(case: Case) -> Iterator[Found]:
    """A page size for certain NUMA cells means nothing where the guest has none of that number."""
    pages = case.spec.memory.pages
    if not pages or not case.is_qemu:
        return
    cells = len(case.spec.cpu.numa.cells)
    for page in pages:
        if page.nodeset and page.nodeset.strip().isdecimal() and int(page.nodeset) >= max(cells, 1):
            yield Found(page, "nodeset", f"Pages are asked for cell {page.nodeset.strip()}, and the guest has {cells}.")


@rule("MEM026", "hint", source=f"{BACKING}: hugepages", libvirt="accepts")
def huge_pages_are_taken_for_good(case: Case) -> Iterator[Found]:
    """They are never swapped, merged or given to another guest while this one runs."""
    if case.spec.memory.hugepages:
        yield Found(case.spec.memory, "hugepages", f"{case.memory.short()} of huge pages are this VM's alone.")


@rule("MEM027", "hint", source="Linux: Documentation/admin-guide/mm/ksm.rst", libvirt="accepts")
def shared_memory_is_not_merged(case: Case) -> Iterator[Found]:
    """KSM merges anonymous pages only, so plan with the whole amount."""
    if case.spec.memory.access == "shared" and case.spec.memory.source in {"memfd", "file"}:
        yield Found(case.spec.memory, "access", "The host cannot merge pages of this VM with equal ones of others.")


@rule("MEM028", "hint", source=BACKING, libvirt="accepts")
def shared_memory_is_shared_with_something(case: Case) -> Iterator[Found]:
    """Shared memory costs the host the merging of equal pages, and nothing here uses it."""
    if case.spec.memory.access == "shared" and not needs_sharing(case) and not case.spec.devices.shmems:
        yield Found(case.spec.memory, "access", f"The memory is shared, and there is no {SHARERS}.")


@rule("MEM029", "hint", source=f"{BACKING}: nosharepages", libvirt="accepts")
def an_isolated_guest_is_not_merged(case: Case) -> Iterator[Found]:
    """Merged pages let one guest learn from timing what another one has in memory."""
    memory = case.spec.memory
    isolated = is_present(case.spec.launch_security) or (memory.locked and case.spec.cputune.emulatorpin)
    if isolated and not memory.nosharepages:
        fix = setting("Do not merge", memory, nosharepages=True)
        yield Found(
            memory, "nosharepages", "This guest is set apart, and its pages may still be merged with others'.", fix
        )
