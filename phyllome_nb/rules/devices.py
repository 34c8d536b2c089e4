"""Rules about the other devices."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from phyllome_nb.rules.case import Case
from phyllome_nb.rules.rule import Found, removing, rule, setting
from phyllome_nb.xml.reading import element_of, is_present

if TYPE_CHECKING:
    from phyllome_nb.xml.part import Part

__all__: list[str] = []

ADDRESSES = "libvirt 9.0: src/conf/domain_addr.c, virDomainPCIAddressReserveAddrInternal"
HOTPLUG = "https://libvirt.org/pci-hotplug.html"
CONTROLLERS = "https://libvirt.org/formatdomain.html#controllers"
KINDS = (
    *("disks", "controllers", "filesystems", "interfaces", "sounds", "videos", "hostdevs"),
    *("watchdogs", "rngs", "inputs", "tpms", "shmems", "iommus", "cryptos"),
)
EXPRESS = {
    "pcie-root-port",
    "pcie-switch-upstream-port",
    "pcie-switch-downstream-port",
    "pcie-to-pci-bridge",
    "dmi-to-pci-bridge",
}


@rule(
    "USB001",
    "error",
    source="libvirt 9.0: src/conf/domain_addr.c, virDomainUSBAddressSetAddControllers",
    libvirt="refuses",
)
def usb_devices_have_a_controller(case: Case) -> Iterator[Found]:
    """A USB device is plugged into a USB controller, and this VM is to have none."""
    devices = case.spec.devices
    none = [each for each in devices.controllers if each.type == "usb" and each.model == "none"]
    if not none:
        return
    plugged: list[tuple[Part, str]] = [(disk, "bus") for disk in devices.disks if disk.bus == "usb"]
    plugged += [(each, "bus") for each in devices.inputs if each.bus == "usb"]
    plugged += [(each, "type") for each in devices.hostdevs if each.type == "usb"]
    plugged += [(each, "bus") for each in devices.redirdevs if each.bus == "usb"]
    for part, field in plugged:
        said = "The device is on USB, and the USB controller is none."
        yield Found(part, field, said, removing("Let libvirt add a controller", none[0]))


@rule("PCI001", "error", source=ADDRESSES, libvirt="refuses")
def a_pci_address_is_taken_once(case: Case) -> Iterator[Found]:
    """Two devices cannot be in one place."""
    seen: dict[tuple[int, ...], Part] = {}
    for kind in KINDS:
        for device in getattr(case.spec.devices, kind):
            # Most have no address of their own: the element is looked for first, since that is quick.
            if element_of(device.address) is None or device.address.type != "pci":
                continue
            place = _place(device.address)
            if place is not None and place in seen:
                shown = "{:04x}:{:02x}:{:02x}.{:x}".format(*place)
                fix = setting("Let libvirt choose", device.address, **dict.fromkeys(ADDRESS))
                yield Found(device, "", f"Two devices are at PCI address {shown}.", fix)
            if place is not None:
                seen[place] = device


ADDRESS = ("type", "domain", "bus", "slot", "function", "multifunction")


def _place(address: object) -> tuple[int, ...] | None:
    """A PCI address as numbers; None where it is left open."""
    try:
        parts = [getattr(address, name) for name in ("domain", "bus", "slot", "function")]
        numbers = tuple(int(part, 0) if isinstance(part, str) else part or 0 for part in parts)
    except ValueError:
        return None
    return numbers if parts[2] is not None else None


@rule("PCI002", "hint", source=HOTPLUG, libvirt="accepts")
def q35_has_room_for_more(case: Case) -> Iterator[Found]:
    """A device is plugged into a free root port, and the ports must be there when the guest starts."""
    if case.machine != "q35" or case.spec.devices.emulator is None:
        return
    ports = [each for each in case.spec.devices.controllers if each.model == "pcie-root-port"]
    buses = {
        each.address.bus
        for kind in KINDS
        for each in getattr(case.spec.devices, kind)
        if element_of(each.address) is not None
    }
    if ports and not any(str(port.index) not in {str(_bus(bus)) for bus in buses} for port in ports):
        yield Found(
            case.spec.devices, "", f"All {len(ports)} root ports are in use, so that nothing can be plugged in."
        )


def _bus(bus: str | None) -> int | None:
    try:
        return int(bus, 0) if bus else None
    except ValueError:
        return None


@rule(
    "PCI003",
    "error",
    source="libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateDomainDeviceDefControllerPCI",
    libvirt="refuses",
)
def pci_express_is_for_q35(case: Case) -> Iterator[Found]:
    """The older machine has PCI only."""
    if case.machine != "pc" or not case.is_qemu:
        return
    for each in case.spec.devices.controllers:
        if each.type == "pci" and (each.model == "pcie-root" or each.model in EXPRESS):
            fix = removing("Remove the controller", each)
            yield Found(each, "model", f"A pc machine has no PCI Express, which a {each.model} is for.", fix)


@rule("BAL001", "error", source="libvirt 9.0: src/conf/domain_conf.c, virDomainDefParseXML", libvirt="refuses")
def there_is_one_balloon(case: Case) -> Iterator[Found]:
    """A guest has one balloon."""
    element = element_of(case.spec.devices.memballoon)
    parent = None if element is None else element.getparent()
    count = 0 if parent is None else len(parent.findall("memballoon"))
    if count > 1:
        yield Found(case.spec.devices.memballoon, "", f"The VM has {count} balloons.")


@rule("CTL001", "error", source=CONTROLLERS, libvirt="rewrites")
def a_controllers_model_is_an_attribute(case: Case) -> Iterator[Found]:
    """The child of that name is for PCI, and libvirt drops its type in silence."""
    for each in case.spec.devices.controllers:
        element = element_of(each)
        child = None if element is None else element.find("model")
        if child is not None and child.get("type") and not child.get("name"):
            yield Found(each, "model_name", f"The model {child.get('type')} stands in a child, and libvirt drops it.")


@rule(
    "CTL002", "error", source="libvirt 9.0: src/conf/domain_validate.c, virDomainDefValidateInternal", libvirt="refuses"
)
def controllers_are_numbered(case: Case) -> Iterator[Found]:
    """Two controllers of a kind have different numbers."""
    given = case.spec.devices.controllers
    if len(given) < 2:
        return
    # An EHCI controller has companions under its own number.
    alone = [each for each in given if not (each.type == "usb" and (each.model or "").startswith("ich9"))]
    counts = Counter((each.type, each.index) for each in alone)
    for each in alone:
        same = counts[each.type, each.index] if each.index is not None else 0
        if same > 1:
            yield Found(each, "index", f"{same} {each.type} controllers have the number {each.index}.")


@rule("VSK001", "error", source="libvirt 9.0: src/conf/domain_validate.c, virDomainVsockDefValidate", libvirt="refuses")
def a_vsock_address_is_free(case: Case) -> Iterator[Found]:
    """Addresses below 3 are the host's own, and no two VMs have the same."""
    vsock = case.spec.devices.vsock
    if not is_present(vsock):
        return
    number = case.raw_number(vsock, "cid_address")
    if number is not None and number < 3:
        yield Found(vsock, "cid_address", f"The address {number} is the host's; the first free one is 3.")
    elif holders := case.others.holding("cids", number) if case.others and number is not None else ():
        said = f"{', '.join(holders[:3])} has the address {number} too, so that only one can run."
        yield Found(vsock, "cid_address", said, severity="warning")


@rule(
    "RNG001",
    "warning",
    source="https://libvirt.org/formatdomain.html#random-number-generator-device",
    libvirt="accepts",
)
def random_numbers_come_from_a_device(case: Case) -> Iterator[Found]:
    """On Linux /dev/urandom is as good as any and never blocks; a plain file is no source of chance."""
    for each in case.spec.devices.rngs:
        if each.backend == "random" and each.source and not each.source.startswith("/dev/"):
            fix = setting("Take /dev/urandom", each, source="/dev/urandom")
            yield Found(each, "source", f"{each.source} is no device that makes random numbers.", fix)


@rule(
    "WDG001", "error", source="libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateDomainWatchdogDef", libvirt="refuses"
)
def a_watchdog_suits_the_machine(case: Case) -> Iterator[Found]:
    """One model is part of certain machines, and others are cards for PCI."""
    for each in case.spec.devices.watchdogs:
        if each.model == "diag288" and case.is_x86 and case.is_qemu:
            fix = setting("Make it i6300esb", each, model="i6300esb")
            yield Found(each, "model", "A diag288 watchdog is part of s390 machines.", fix)


@rule("CHR001", "error", source="libvirt 9.0: src/conf/domain_conf.c, virDomainChrSourceDefValidate", libvirt="refuses")
def a_character_device_has_its_other_end(case: Case) -> Iterator[Found]:
    """A device of this kind leads to a file or a device of the host, which must be named."""
    devices = case.spec.devices
    for kind in (devices.serials, devices.parallels, devices.consoles):
        for each in kind:
            if each.type in {"file", "dev", "pipe"} and not each.path:
                yield Found(each, "type", f"A device of type {each.type} names no path on the host.")


@rule(
    "CTL003",
    "error",
    source="libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateDomainDeviceDefControllerIDE",
    libvirt="refuses",
)
def there_is_one_ide_controller(case: Case) -> Iterator[Found]:
    """The machine has one IDE controller, for four drives."""
    for each in case.spec.devices.controllers if case.machine == "pc" and case.is_qemu else ():
        if each.type == "ide" and each.index:
            yield Found(
                each, "index", f"There is an IDE controller {each.index}.", removing("Remove the controller", each)
            )
    for disk in case.spec.devices.disks:
        if disk.bus == "ide" and disk.address.type == "drive":
            for field in ("controller", "target"):
                if number := getattr(disk.address, field):
                    said = f"Disk {disk.target} is at {field} {number}, and IDE has 0 alone."
                    yield Found(disk.address, field, said)


@rule(
    "CTL004", "error", source="libvirt 9.0: src/qemu/qemu_domain.c, qemuDomainDefAddDefaultDevices", libvirt="refuses"
)
def usb_is_there_or_not(case: Case) -> Iterator[Found]:
    """A USB controller of model none says that there is to be none."""
    usb = [each for each in case.spec.devices.controllers if each.type == "usb"]
    none = [each for each in usb if each.model == "none"]
    if none and len(usb) > 1:
        said = f"There are {len(usb)} USB controllers, one of them none."
        yield Found(none[0], "model", said, removing("Remove that one", none[0]))


@rule("PCI004", "error", source="libvirt 9.0: src/qemu/qemu_domain.c, qemuDomainAssignPCIAddresses", libvirt="refuses")
def the_root_of_pci_is_the_machines(case: Case) -> Iterator[Found]:
    """q35 has a PCI Express root and pc a PCI root, each with the number 0."""
    if not case.is_qemu or case.machine not in {"q35", "pc"}:
        return
    wanted = "pcie-root" if case.machine == "q35" else "pci-root"
    for each in case.spec.devices.controllers:
        if each.type != "pci":
            continue
        root = each.model in {"pci-root", "pcie-root"}
        if each.index == 0 and each.model is not None and each.model != wanted:
            fix = setting(f"Make it {wanted}", each, model=wanted)
            yield Found(each, "model", f"The root of a {case.machine} machine is {wanted}, not {each.model}.", fix)
        elif root and each.index:
            yield Found(each, "index", f"The root has the number {each.index}, and must have 0.")


@rule("AUD001", "error", source="libvirt 9.0: src/conf/domain_validate.c, virDomainAudioDefValidate", libvirt="refuses")
def audio_backends_are_numbered(case: Case) -> Iterator[Found]:
    """A sound card names its backend by number."""
    seen: set[int] = set()
    for each in case.spec.devices.audios:
        number = case.raw_number(each, "id")
        if number is None:
            continue
        if number < 1:
            yield Found(each, "id", f"The number is {number}; the first is 1.")
        elif number in seen:
            yield Found(each, "id", f"Two audio backends have the number {number}.", removing("Remove it", each))
        seen.add(number)


@rule("INP003", "error", source="libvirt 9.0: src/conf/domain_validate.c, virDomainInputDefValidate", libvirt="refuses")
def an_input_suits_its_bus(case: Case) -> Iterator[Found]:
    """PS/2 has a mouse and a keyboard, and Xen's bus is Xen's."""
    for each in case.spec.devices.inputs if case.is_qemu else ():
        if each.bus == "ps2" and each.type not in {"mouse", "keyboard"}:
            fix = setting("Make it USB", each, bus="usb")
            yield Found(each, "bus", f"PS/2 has no {each.type}.", fix)
        elif each.bus == "xen":
            yield Found(each, "bus", "An input on Xen's bus is for Xen.", setting("Make it USB", each, bus="usb"))


@rule(
    "BAL002",
    "error",
    source="libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateDomainDeviceDefMemballoon",
    libvirt="refuses",
)
def a_balloon_is_virtios(case: Case) -> Iterator[Found]:
    """QEMU has a virtio balloon; Xen's is Xen's."""
    balloon = case.spec.devices.memballoon
    if case.is_qemu and balloon.model == "xen":
        fix = setting("Make it virtio", balloon, model="virtio")
        yield Found(balloon, "model", "The balloon is Xen's, and QEMU runs the guest.", fix)


@rule("CHR002", "error", source="libvirt 9.0: src/conf/domain_validate.c, virDomainChrDefValidate", libvirt="refuses")
def only_the_first_console_is_a_serial_line(case: Case) -> Iterator[Found]:
    """The first console is the first serial line under another name; others are virtio's."""
    for each in list(case.spec.devices.consoles)[1:]:
        if each.target == "serial":
            fix = setting("Make it virtio", each, target="virtio")
            yield Found(each, "target", "A console after the first is a serial line.", fix)
