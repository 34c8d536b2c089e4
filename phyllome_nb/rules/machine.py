"""Rules about the machine, its firmware and what it boots."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from phyllome_nb.rules.case import Case
from phyllome_nb.rules.rule import Fix, Found, removing, rule, setting
from phyllome_nb.xml.reading import is_present

if TYPE_CHECKING:
    from phyllome_nb.domain.devices.common import Device
    from phyllome_nb.xml.part import Part

__all__: list[str] = []

BOOT = "https://libvirt.org/formatdomain.html#bios-bootloader"
LOADER = "libvirt 9.0: src/conf/domain_validate.c, virDomainDefOSValidate"
SECURE = "libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateDomainDefBoot"
FIRMWARE = "libvirt 9.0: src/qemu/qemu_firmware.c, qemuFirmwareMatchDomain"
POSTPARSE = "libvirt 9.0: src/conf/domain_postparse.c"
TPM = "libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateDomainDeviceDefTPM"
SECUREBOOT = "https://libvirt.org/kbase/secureboot.html"


def firmware_feature(case: Case, name: str) -> bool | None:
    """Whether a feature of the firmware is asked for, ruled out, or left open."""
    return next((feature.enabled for feature in case.spec.os.features if feature.name == name), None)


def is_uefi(case: Case) -> bool:
    """Whether the guest has UEFI, chosen or named."""
    return case.spec.os.firmware == "efi" or case.spec.os.loader_type == "pflash"


def is_secure(case: Case) -> bool:
    """Whether the guest is to do Secure Boot."""
    return bool(case.spec.os.loader_secure) or firmware_feature(case, "secure-boot") is True


@rule("FW001", "error", source=LOADER, libvirt="refuses")
def chosen_firmware_is_not_named_too(case: Case) -> Iterator[Found]:
    """Where libvirt chooses the firmware, no image may be named beside it."""
    os = case.spec.os
    if not os.firmware or not case.is_qemu:
        return
    for field in ("loader", "loader_readonly", "loader_type", "nvram_template"):
        named = getattr(os, field)
        # Newer libvirt writes down what it chose, and reads it again.
        if named is not None and case.libvirt is not None and case.libvirt < (9, 2):
            said = f"firmware is {os.firmware}, and {field.replace('_', ' ')} is given too."
            yield Found(os, field, said, setting("Let libvirt choose", os, **{field: None}))


@rule("FW002", "error", source=LOADER, libvirt="refuses")
def secure_boot_is_asked_of_the_chosen_firmware(case: Case) -> Iterator[Found]:
    """Older libvirt refuses this form; a feature of the firmware says the same to all."""
    os = case.spec.os
    if os.firmware == "efi" and os.loader_secure is False and case.libvirt is not None and case.libvirt < (9, 2):

        def mend(spec: object) -> None:
            edited = spec.os  # type: ignore[attr-defined]
            edited.loader_secure = None
            if not any(feature.name == "secure-boot" for feature in edited.features):
                edited.features.add(enabled=False, name="secure-boot")

        said = "loader secure=no stands beside firmware=efi."
        yield Found(os, "loader_secure", said, Fix("Say it as a feature of the firmware", mend))


@rule("FW003", "error", source=SECURE, libvirt="refuses")
def secure_boot_has_a_q35_machine(case: Case) -> Iterator[Found]:
    """Secure Boot needs a machine with system management mode, which on x86 is q35."""
    os = case.spec.os
    if case.is_qemu and os.loader_secure and os.loader and not (case.machine == "q35" and case.arch in {"", "x86_64"}):
        yield Found(os, "machine", f"Secure Boot is asked of a {case.machine} machine.")


@rule("FW004", "error", source=SECURE, libvirt="refuses")
def a_named_secure_loader_has_smm(case: Case) -> Iterator[Found]:
    """Without system management mode the guest could write to the variables that Secure Boot trusts."""
    os, features = case.spec.os, case.spec.features
    if not case.before(11, 3):  # 9.0 refuses it, 11.3 was seen to start it
        return
    if case.is_qemu and os.loader_secure and os.loader and case.machine == "q35" and not features.smm:
        yield Found(
            features, "smm", "The loader is secure, and smm is off.", setting("Turn on smm", features, smm=True)
        )


@rule("FW005", "error", source=f"{POSTPARSE}, virDomainDefPostParseOs", libvirt="refuses")
def keys_are_enrolled_for_secure_boot(case: Case) -> Iterator[Found]:
    """Keys mean nothing where Secure Boot is off."""
    if firmware_feature(case, "enrolled-keys") and firmware_feature(case, "secure-boot") is False:
        keys = next(each for each in case.spec.os.features if each.name == "enrolled-keys")
        fix = setting("Ask for none", keys, enabled=False)
        yield Found(keys, "enabled", "Keys are to be enrolled, and Secure Boot is off.", fix)


@rule(
    "FW006", "error", source="libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateDomainDefFeatures", libvirt="refuses"
)
def uefi_has_acpi(case: Case) -> Iterator[Found]:
    """UEFI tells the guest of its devices by ACPI."""
    features = case.spec.features
    if case.is_qemu and is_uefi(case) and case.arch in {"", "x86_64", "aarch64"} and not features.acpi:
        yield Found(
            features, "acpi", "The firmware is UEFI, and acpi is off.", setting("Turn on acpi", features, acpi=True)
        )


@rule("FW007", "error", source=LOADER, libvirt="refuses")
def a_stateless_loader_keeps_nothing(case: Case) -> Iterator[Found]:
    """A loader that keeps no variables has no file for them."""
    os = case.spec.os
    if os.loader_stateless:
        for field in ("nvram", "nvram_template"):
            if getattr(os, field) is not None:
                fix = setting("Leave it out", os, **{field: None})
                yield Found(os, field, "The loader is stateless, and a file for its variables is named.", fix)


@rule("FW008", "warning", source=SECUREBOOT, libvirt="accepts")
def secure_boot_starts_with_fresh_variables(case: Case) -> Iterator[Found]:
    """The variables of an existing VM keep the old choice; only virsh start --reset-nvram makes them anew."""
    known = case.others.this if case.others and case.spec.uuid else None
    asked = firmware_feature(case, "secure-boot")
    if known is not None and asked is not None and case.spec.os.nvram:
        said = f"{known.name} has variables in {case.spec.os.nvram} already, which may say otherwise."
        yield Found(case.spec.os, "nvram", said)


@rule("FW009", "hint", source="libvirt 9.0: src/qemu/qemu_driver.c, qemuDomainUndefineFlags", libvirt="")
def uefi_leaves_a_file_behind(case: Case) -> Iterator[Found]:
    """Such a VM is undefined with --nvram, which deletes the file, or --keep-nvram; libvirt refuses without."""
    if case.is_qemu and is_uefi(case) and not case.spec.os.loader_stateless:
        yield Found(case.spec.os, "firmware", "The VM will have a file of UEFI variables.")


@rule("FW010", "hint", source="libvirt 9.2 release notes", libvirt="")
def the_firmware_is_chosen_at_start(case: Case) -> Iterator[Found]:
    """Another package on the host can then change the firmware that a guest boots with."""
    if case.spec.os.firmware == "efi" and case.libvirt is not None and case.libvirt < (9, 2):
        yield Found(case.spec.os, "firmware", f"libvirt {case.libvirt_name} chooses the firmware anew at each start.")


@rule("FW011", "hint", source=SECUREBOOT, libvirt="accepts")
def smm_is_for_q35(case: Case) -> Iterator[Found]:
    """On the older machine it protects nothing."""
    if case.spec.features.smm and case.machine == "pc":
        yield Found(case.spec.features, "smm", "smm is on in a pc machine, where Secure Boot cannot use it.")


@rule(
    "FW012",
    "error",
    source="libvirt 9.0: src/qemu/qemu_domain_address.c, qemuValidateDevicePCISlotsChipsets",
    libvirt="refuses",
)
def q35_has_no_ide(case: Case) -> Iterator[Found]:
    """The IDE controller of the older machine is SATA on q35, and smaller machines have neither."""
    if case.machine not in {"q35", "microvm", "isapc", "virt"} or not case.is_qemu:
        return
    for disk in case.spec.devices.disks:
        if disk.bus == "ide":
            bus, prefix = ("sata", "sd") if case.machine == "q35" else ("virtio", "vd")
            fix = setting(f"Make it {bus}", disk, bus=bus, target=case.free_target(prefix))
            yield Found(disk, "bus", f"Disk {disk.target} is on IDE, which a {case.machine} machine has not.", fix)
    for controller in case.spec.devices.controllers:
        if controller.type == "ide":
            said = f"A {case.machine} machine has no IDE controller."
            yield Found(controller, "type", said, removing("Remove the controller", controller))


@rule(
    "FW013",
    "warning",
    source="https://learn.microsoft.com/windows/whats-new/windows-11-requirements",
    libvirt="accepts",
)
def windows_11_has_what_it_asks_for(case: Case) -> Iterator[Found]:
    """Its installer refuses less: UEFI, TPM 2.0, two vCPUs, 4 GiB."""
    if case.windows != "11":
        return
    if not is_uefi(case):
        yield Found(case.spec.os, "firmware", "This Windows 11 has no UEFI.")
    if not any(tpm.version in {"2.0", None} for tpm in case.spec.devices.tpms):
        yield Found(case.spec.devices, "", "This Windows 11 has no TPM 2.0.")
    vcpus = case.spec.vcpus.maximum
    if vcpus is not None and vcpus < 2:
        yield Found(case.spec.vcpus, "maximum", f"This Windows 11 has {vcpus} vCPU.")
    if 0 < case.memory < 4 * 1024**3:
        yield Found(case.spec.memory, "maximum", f"This Windows 11 has {case.memory.short()}.")


@rule("TPM001", "error", source=TPM, libvirt="refuses")
def the_tpm_speaks_its_version(case: Case) -> Iterator[Found]:
    """The CRB interface came with TPM 2.0."""
    for tpm in case.spec.devices.tpms:
        if case.is_qemu and tpm.model == "tpm-crb" and tpm.version == "1.2":
            yield Found(
                tpm,
                "version",
                "tpm-crb is TPM 2.0's, and the version is 1.2.",
                setting("Make it 2.0", tpm, version="2.0"),
            )


@rule("TPM002", "error", source="libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateDomainDefTPMs", libvirt="refuses")
def there_is_one_tpm(case: Case) -> Iterator[Found]:
    """A machine has one TPM, and on POWER a proxy beside it."""
    tpms = [tpm for tpm in case.spec.devices.tpms if tpm.model != "spapr-tpm-proxy"]
    for tpm in tpms[1:] if case.is_qemu else ():
        yield Found(tpm, "", f"The VM has {len(tpms)} TPMs.", removing("Remove it", tpm))


@rule("TPM003", "error", source="https://libvirt.org/formatdomaincaps.html#tpm-device", libvirt="")
def the_host_has_such_a_tpm(case: Case) -> Iterator[Found]:
    """An emulated TPM is a program of its own, swtpm, which the host must have."""
    offered = case.capabilities.enums.get("devices/tpm/backendModel") if case.capabilities else None
    for tpm in case.spec.devices.tpms if offered is not None else ():
        if tpm.backend and tpm.backend not in (offered or ()):
            yield Found(tpm, "backend", f"{case.host_name} offers no TPM of type {tpm.backend}.")


@rule("TPM004", "warning", source="https://libvirt.org/manpages/virsh.html#undefine", libvirt="")
def the_tpm_is_kept(case: Case) -> Iterator[Found]:
    """Undefining the VM deletes what its TPM keeps, such as the keys to its disks, unless --keep-tpm is given."""
    for tpm in case.spec.devices.tpms:
        sealed = case.is_windows and tpm.backend == "emulator" and tpm.persistent_state is not True
        if sealed:
            yield Found(
                tpm, "persistent_state", "This Windows may keep the key to its disk in the TPM.", severity="hint"
            )


@rule("SEV001", "error", source="https://libvirt.org/formatdomaincaps.html#sev-capabilities", libvirt="")
def the_host_can_encrypt_memory(case: Case) -> Iterator[Found]:
    """Memory is encrypted by the processor, which must be able to."""
    security = case.spec.launch_security
    if not is_present(security) or case.capabilities is None or security.type not in {"sev", "sev-snp"}:
        return
    if case.capabilities.supported.get("features/sev") is False:
        yield Found(security, "type", f"{case.host_name} cannot encrypt a guest's memory ({security.type}).")


@rule("OS001", "error", source=f"{POSTPARSE}, virDomainDefBootOrderPostParse", libvirt="refuses")
def the_boot_order_is_said_once(case: Case) -> Iterator[Found]:
    """Either the machine names kinds of devices, or each device its place; and no two have the same."""
    devices = case.spec.devices
    ordered = [
        (device, device.boot_order)
        for kind in (devices.disks, devices.interfaces, devices.hostdevs, devices.redirdevs)
        for device in kind
        if device.boot_order is not None
    ]
    if not ordered:
        return
    if case.spec.os.boot:
        fix = setting("Leave it to the devices", case.spec.os, boot=None)
        yield Found(case.spec.os, "boot", f"The machine names what it boots, and {len(ordered)} devices do too.", fix)
    counts = Counter(order for _, order in ordered)
    for device, order in ordered:
        if counts[order] > 1:
            yield Found(device, "boot_order", f"{counts[order]} devices are to boot as number {order}.")


@rule("OS002", "warning", source="Phyllome's own windows11.xml", libvirt="accepts")
def there_is_something_to_boot(case: Case) -> Iterator[Found]:
    """The firmware finds nothing and waits."""
    os, devices = case.spec.os, case.spec.devices
    if not case.is_qemu or os.kernel or os.loader_type == "rom" or devices.hostdevs or devices.redirdevs:
        return
    if any("kernel" in arg for arg in case.spec.qemu.args):
        return
    full = [disk for disk in devices.disks if disk.device not in {"cdrom", "floppy"} or has_medium(disk)]
    if not full and not devices.interfaces and devices.disks:
        yield Found(devices.disks[0], "", "The VM has no disk, only an empty drive.")
    elif not full and not devices.interfaces:
        yield Found(devices, "", "The VM has no disk, no network card and no kernel to boot from.", severity="hint")


def has_medium(disk: object) -> bool:
    """Whether there is something in a drive."""
    source = disk.source  # type: ignore[attr-defined]
    return bool(disk.file or disk.dev or source.name or source.volume or source.dir)  # type: ignore[attr-defined]


@rule("OS004", "error", source="libvirt 9.0: src/conf/domain_conf.c, virDomainDefParseXML", libvirt="refuses")
def the_title_is_one_line(case: Case) -> Iterator[Found]:
    """libvirt refuses a title with a line break."""
    title = case.raw_text("title")
    if title and "\n" in title:
        fix = setting("Make it one line", case.spec, title=" ".join(title.split()))
        yield Found(case.spec, "title", f"The title has {title.count(chr(10)) + 1} lines.", fix)


@rule("OS005", "error", source="libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateLifecycleAction", libvirt="refuses")
def rebooting_and_powering_off_agree(case: Case) -> Iterator[Found]:
    """QEMU cannot tell a reboot from a power-off early enough to do opposite things."""
    events = case.spec.events
    if not case.is_qemu:
        return
    off, again = events.on_poweroff, events.on_reboot
    if off == "restart" and again == "destroy":
        yield Found(events, "on_reboot", "A reboot is to destroy the VM, and a power-off to restart it.")
    for field in ("on_poweroff", "on_reboot", "on_crash"):
        action = getattr(events, field)
        if action == "rename-restart" or (action == "preserve" and field != "on_crash"):
            yield Found(events, field, f"{field} cannot be {action} with QEMU.")


@rule(
    "PM001",
    "warning",
    source="https://github.com/quickemu-project/quickemu; Phyllome's wiki, virt/vm.md",
    libvirt="accepts",
)
def sleeping_guests_keep_their_devices(case: Case) -> Iterator[Found]:
    """A device of the host, a graphics card above all, seldom wakes up with the guest."""
    if case.spec.pm.suspend_to_mem and (case.has_vfio or (case.is_windows and is_secure(case))):
        beside = "a device of the host" if case.has_vfio else "Secure Boot"
        fix = setting("Do not offer it", case.spec.pm, suspend_to_mem=False)
        yield Found(case.spec.pm, "suspend_to_mem", f"The guest may suspend to memory beside {beside}.", fix)


@rule("OS006", "error", source="libvirt 9.0: src/conf/domain_postparse.c, virDomainDefPostParseOs", libvirt="refuses")
def the_kind_of_machine_is_said(case: Case) -> Iterator[Found]:
    """A whole machine is hvm; without a type libvirt does not know what to make."""
    if case.is_qemu and not case.spec.os.type:
        fix = setting("Make it a whole machine", case.spec.os, type="hvm")
        yield Found(case.spec.os, "type", "The type of the machine is left out.", fix)


@rule("OS007", "error", source="libvirt 9.0: src/qemu/qemu_domain_address.c", libvirt="refuses")
def a_machine_without_pci_has_no_pci_devices(case: Case) -> Iterator[Found]:
    """microvm has no PCI bus, and isapc the older bus alone, so that such a device has no place."""
    if case.machine not in {"microvm", "isapc"} or not case.is_qemu:
        return
    devices = case.spec.devices
    old = case.machine == "isapc"
    kinds = {"sata", "pci", "usb"} | ({"virtio-serial", "scsi"} if old else set())
    placed: list[tuple[Part, str, bool]] = [
        *((each, "model", each.model in {"none", "ramfb"}) for each in devices.videos),
        *((each, "model", each.model in {"sb16", "pcspk", "usb"}) for each in devices.sounds),
        *((each, "model", each.model in {"ne2k_isa", "usb-net"} or is_mmio(each)) for each in devices.interfaces),
        *((each, "bus", each.bus in {"ide", "fdc", "usb"} or is_mmio(each)) for each in devices.disks),
        *((each, "type", each.type not in kinds or each.model == "none") for each in devices.controllers),
        *((each, "type", each.type not in {"pci", "mdev"}) for each in devices.hostdevs),
        *((each, "model", is_mmio(each)) for each in devices.rngs),
        (devices.memballoon, "model", devices.memballoon.model == "none" or is_mmio(devices.memballoon)),
    ]
    # Where the definition makes a bus of its own, libvirt believes it.
    named = any(each.type == "pci" for each in devices.controllers)
    for part, field, fits in placed:
        if not fits:
            said = f"A machine of type {case.machine} has no PCI bus for it."
            yield Found(part, field, said, severity="warning" if named else None)


def is_mmio(device: "Device") -> bool:
    """Whether a device is reached without PCI."""
    return device.address.type == "virtio-mmio"


@rule(
    "OS008", "error", source="libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateDomainDefFeatures", libvirt="refuses"
)
def features_suit_the_machine(case: Case) -> Iterator[Found]:
    """The memory for system management mode is set aside by q35 alone."""
    features = case.spec.features
    if case.is_qemu and features.smm_tseg is not None and case.machine != "q35":
        fix = setting("Leave it out", features, smm_tseg=None)
        yield Found(features, "smm_tseg", f"tseg is q35's, and the machine is {case.machine}.", fix)


@rule("CLK004", "error", source="libvirt 9.0: src/conf/domain_conf.c, virDomainClockDefParse", libvirt="refuses")
def a_clock_of_a_time_zone_names_it(case: Case) -> Iterator[Found]:
    """The guest's clock is to follow a time zone."""
    clock = case.spec.clock
    if clock.offset == "timezone" and not clock.timezone:
        yield Found(clock, "timezone", "The clock follows a time zone that is not named.")
