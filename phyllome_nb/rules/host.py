"""Rules about the host: its hypervisor, its names."""

import re
from collections.abc import Iterator

from phyllome_nb.domain.identity import check_name
from phyllome_nb.rules.case import Case
from phyllome_nb.rules.rule import Found, rule, setting

__all__: list[str] = []

NAMES = "libvirt 9.0: src/conf/virdomainobjlist.c, virDomainObjListAddLocked"
UUID = re.compile(r"\s*([0-9a-fA-F]{2}[ -]*){16}\s*")


@rule("URI001", "error", source="libvirt 9.0: src/qemu/qemu_process.c, qemuProcessStartValidate", libvirt="")
def the_host_has_the_hypervisor(case: Case) -> Iterator[Found]:
    """Without KVM such a guest does not start; an emulated one does, and is slow."""
    if case.spec.type == "kvm" and case.host is not None and case.host.kvm is False:
        fix = setting("Emulate the processor", case.spec, type="qemu")
        yield Found(case.spec, "type", f"KVM is asked for, and {case.host_name} offers none.", fix)


@rule("URI002", "error", source="libvirt 9.0: src/qemu/qemu_domain.c, qemuDomainDefPostParseBasic", libvirt="refuses")
def the_emulator_is_there(case: Case) -> Iterator[Found]:
    """libvirt runs the emulator at define, to ask what it can do."""
    emulator = case.spec.devices.emulator
    known = case.host.emulators if case.host else None
    if emulator and known and emulator not in known and case.is_qemu:
        fix = setting("Let libvirt choose", case.spec.devices, emulator=None)
        said = f"{case.host_name} does not list the emulator {emulator}, only {', '.join(sorted(known)[:3])}."
        yield Found(case.spec.devices, "emulator", said, fix)


@rule("OS003", "error", source=NAMES, libvirt="refuses")
def the_name_is_free(case: Case) -> Iterator[Found]:
    """No two VMs have one name or one uuid."""
    name, uuid = case.raw_text("name") or "", case.raw_text("uuid")
    try:
        check_name(name)
    except ValueError as error:
        yield Found(case.spec, "name", str(error))
        return
    if uuid and not UUID.fullmatch(uuid):
        fix = setting("Let libvirt choose one", case.spec, uuid=None)
        yield Found(case.spec, "uuid", f"{uuid[:40]!r} is no uuid.", fix)
    if case.others is None:
        return
    if case.others.named(name) is not None:
        yield Found(case.spec, "name", f"{case.host_name} has a VM named {name}, with another uuid.")
    known = case.others.with_uuid(uuid) if uuid else None
    if known is not None and known.name != name:
        yield Found(case.spec, "uuid", f"The uuid is that of {known.name}.")


@rule("URI005", "error", source="libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateDomainDef", libvirt="refuses")
def an_emulator_offers_such_a_machine(case: Case) -> Iterator[Found]:
    """libvirt knows of each emulator which processors, machines and hypervisors it offers."""
    if case.host is None or not case.host.guests:
        return
    os = case.spec.os
    guests = [guest for guest in case.host.guests if guest.arch == case.arch and guest.emulator]
    if not guests:
        archs = ", ".join(sorted({guest.arch for guest in case.host.guests}))
        yield Found(os, "arch", f"{case.host_name} emulates no {case.arch}, only {archs}.")
        return
    if case.spec.type and not any(case.spec.type in guest.types for guest in guests):
        kinds = ", ".join(sorted({kind for guest in guests for kind in guest.types}))
        if case.spec.type != "kvm":  # URI001 says so
            yield Found(case.spec, "type", f"{case.host_name} has no {case.spec.type}, only {kinds}.")
    elif os.machine and not any(os.machine in guest.machines for guest in guests):
        yield Found(os, "machine", f"{case.host_name} offers no machine {os.machine}.")
