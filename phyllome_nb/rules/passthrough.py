"""Rules about host devices and the IOMMU."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from phyllome_nb.rules.case import Case
from phyllome_nb.rules.rule import Found, rule, setting

if TYPE_CHECKING:
    from phyllome_nb.domain.devices.common import VirtioDriver

__all__: list[str] = []

VALIDATE = "libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateDomainDeviceDefHostdev"
REFERENCE = "https://libvirt.org/formatdomain.html#host-device-assignment"
IOMMU = "libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateDomainDeviceDefIOMMU"
IOMMU_REFERENCE = "https://libvirt.org/formatdomain.html#iommu-devices"
VFIO = "https://docs.kernel.org/driver-api/vfio.html#groups-devices-and-iommus"


@rule(
    "HDV001", "error", source="libvirt 9.0: src/conf/domain_validate.c, virDomainDefHostdevValidate", libvirt="refuses"
)
def a_host_device_is_given_once(case: Case) -> Iterator[Found]:
    """The guest has a device of the host once."""
    given = case.spec.devices.hostdevs
    if len(given) < 2:
        return
    seen: set[str] = set()
    for each in given:
        address = case.address_of(each)
        if address and address in seen:
            yield Found(each, "", f"{address} is given to the guest a second time.")
        seen.add(address or "")


@rule("HDV002", "warning", source=REFERENCE, libvirt="accepts")
def a_host_device_is_given_to_one_vm(case: Case) -> Iterator[Found]:
    """Only one of the VMs can run at a time."""
    for each in case.spec.devices.hostdevs if case.others else ():
        address = case.address_of(each)
        if holders := case.others.holding("devices", address) if case.others and address else ():
            yield Found(each, "", f"{address} is given to {', '.join(holders[:3])} too.")


@rule("HDV003", "error", source=VALIDATE, libvirt="")
def the_host_has_the_device(case: Case) -> Iterator[Found]:
    """The guest starts only where the device is there and the IOMMU is on."""
    given = case.spec.devices.hostdevs
    if case.host is None or not given:
        return
    known = {device.address for device in case.host.devices or ()}
    for each in given:
        address = case.address_of(each)
        if each.type == "pci" and case.host.iommu is False:
            yield Found(each, "", f"A PCI device is given, and the IOMMU of {case.host_name} is off.")
        elif each.type == "pci" and known and address and address not in known:
            yield Found(each, "", f"{case.host_name} has no PCI device {address}.")


@rule("HDV004", "warning", source=VFIO, libvirt="")
def whole_groups_are_given(case: Case) -> Iterator[Found]:
    """The devices of an IOMMU group can reach each other, so that all leave the host or none."""
    if case.host is None or not case.host.devices or not case.spec.devices.hostdevs:
        return
    group = {device.address: device.group for device in case.host.devices}
    given = {case.address_of(each) for each in case.spec.devices.hostdevs}
    for each in case.spec.devices.hostdevs:
        own = group.get(case.address_of(each) or "")
        left = [
            device
            for device in case.host.devices
            if own is not None
            and device.group == own
            and device.address not in given
            and not device.device_class.startswith("0x06")  # bridges stay with the host
            and device.driver != "vfio-pci"
        ]
        if left:
            names = ", ".join(device.address for device in left[:3])
            yield Found(each, "", f"{names} is in the same IOMMU group ({own}), and stays with the host.")


@rule("HDV005", "error", source=f"{VALIDATE}; domain_validate.c, virDomainDefHostdevValidate", libvirt="refuses")
def a_shown_device_has_a_display(case: Case) -> Iterator[Found]:
    """A mediated device that draws needs a display that shows it, and one of them can show the boot."""
    given = case.spec.devices.hostdevs
    ramfb = [each for each in given if each.ramfb]
    for each in given:
        if each.display and not case.spec.devices.graphics:
            yield Found(each, "display", "The device is to be shown, and the VM has no display.")
        elif each.ramfb and not each.display:
            yield Found(each, "ramfb", "ramfb shows the boot on a display, and display is off.")
    for each in ramfb[1:]:
        yield Found(
            each, "ramfb", f"{len(ramfb)} devices are to show the boot.", setting("Not this one", each, ramfb=None)
        )


@rule("HDV006", "error", source=REFERENCE, libvirt="")
def a_session_gives_no_pci_devices(case: Case) -> Iterator[Found]:
    """A user's own libvirt may not take a device from the host."""
    if case.host is None or not case.host.session:
        return
    for each in case.spec.devices.hostdevs:
        if each.type == "pci":
            yield Found(each, "type", "A user's own libvirt cannot give a PCI device of the host to a guest.")


@rule("HDV007", "warning", source="https://libvirt.org/formatdomain.html#host-device-assignment", libvirt="")
def host_devices_tie_a_vm_to_its_host(case: Case) -> Iterator[Found]:
    """Nobody can carry the device's state to another host, or into a file."""
    for each in case.spec.devices.hostdevs:
        if each.type in {"pci", "mdev"}:
            said = "With this device the VM cannot be migrated, saved, or snapshotted with its memory."
            yield Found(each, "", said, severity="hint")
            return


@rule("HDV008", "error", source=VALIDATE, libvirt="refuses")
def a_mediated_device_does_not_boot(case: Case) -> Iterator[Found]:
    """The firmware cannot boot from a mediated device."""
    for each in case.spec.devices.hostdevs:
        if each.type == "mdev" and each.boot_order is not None:
            fix = setting("Leave it out", each, boot_order=None)
            yield Found(each, "boot_order", f"A mediated device is to boot as number {each.boot_order}.", fix)


@rule("IOM001", "error", source=IOMMU, libvirt="refuses")
def the_iommu_suits_the_machine(case: Case) -> Iterator[Found]:
    """Intel's IOMMU is part of q35, ARM's of virt; the virtio one is announced by ACPI."""
    for each in case.spec.devices.iommus if case.is_qemu else ():
        if each.model == "intel" and case.machine != "q35":
            yield Found(each, "model", f"Intel's IOMMU is part of q35, and the machine is {case.machine}.")
        if each.model == "smmuv3" and case.machine != "virt":
            yield Found(each, "model", f"ARM's SMMU is part of virt, and the machine is {case.machine}.")
        if each.model == "virtio" and case.machine not in {"q35", "virt"}:
            yield Found(each, "model", f"A virtio IOMMU needs q35 or virt, and the machine is {case.machine}.")
        elif each.model == "virtio" and not case.spec.features.acpi:
            fix = setting("Turn on acpi", case.spec.features, acpi=True)
            yield Found(each, "model", "A virtio IOMMU is announced by ACPI, which is off.", fix)


@rule("IOM002", "error", source="libvirt 9.0: src/conf/domain_validate.c, virDomainDefIOMMUValidate", libvirt="refuses")
def interrupts_can_be_remapped(case: Case) -> Iterator[Found]:
    """Remapping needs QEMU's own I/O APIC, and extended interrupts need remapping."""
    for each in case.spec.devices.iommus:
        driver, features = each.driver, case.spec.features
        # 9.0 refuses it, 11.3 was seen to start it.
        if driver.intremap and features.ioapic != "qemu" and case.before(11, 3):
            fix = setting("Let QEMU do it", features, ioapic="qemu")
            yield Found(driver, "intremap", "Interrupts are to be remapped, and the I/O APIC is not QEMU's.", fix)
        if driver.eim and not driver.intremap:
            yield Found(
                driver, "eim", "eim is on and intremap is not.", setting("Turn on intremap", driver, intremap=True)
            )


@rule("IOM003", "hint", source=IOMMU_REFERENCE, libvirt="accepts")
def virtio_devices_go_through_the_iommu(case: Case) -> Iterator[Found]:
    """A virtio device reaches all of the guest's memory unless its driver has iommu on."""
    if not case.spec.devices.iommus:
        return
    devices = case.spec.devices
    virtio: list[VirtioDriver] = [disk.driver_options for disk in devices.disks if disk.bus == "virtio"]
    virtio += [each.driver for each in devices.interfaces if (each.model or "").startswith("virtio")]
    if past := [driver for driver in virtio if not driver.iommu]:
        yield Found(past[0], "iommu", f"{len(past)} virtio devices go past the guest's IOMMU.")


@rule("IOM004", "warning", source=f"{IOMMU_REFERENCE}: caching_mode", libvirt="")
def an_iommu_beside_host_devices_sees_changes(case: Case) -> Iterator[Found]:
    """QEMU tells the host's IOMMU what the guest maps only in caching mode; without, it does not start."""
    for each in case.spec.devices.iommus:
        if each.model == "intel" and case.has_vfio and not each.driver.caching_mode:
            fix = setting("Turn on caching mode", each.driver, caching_mode=True)
            yield Found(
                each.driver, "caching_mode", "A host device is behind the guest's IOMMU without caching mode.", fix
            )
