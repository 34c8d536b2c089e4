"""Rules about what is handed to QEMU past libvirt."""

import re
from collections.abc import Iterator
from itertools import pairwise

from phyllome_nb.rules.case import Case
from phyllome_nb.rules.rule import Found, rule
from phyllome_nb.xml.reading import element_of, root_of

__all__: list[str] = []

REFERENCE = "https://libvirt.org/drvqemu.html#pass-through-of-arbitrary-qemu-commands"
NAMESPACE = "http://libvirt.org/schemas/domain/qemu/1.0"
OWN = {"commandline", "capabilities", "override", "deprecation"}
KINDS = {
    "hostdev": "hostdevs",
    "virtio-disk": "disks",
    "sata0-0-": "disks",
    "net": "interfaces",
    "video": "videos",
    "sound": "sounds",
    "rng": "rngs",
    "watchdog": "watchdogs",
    "fs": "filesystems",
    "redir": "redirdevs",
}
"""The aliases that libvirt gives, by their first letters, and the devices that have them."""


@rule("QCL001", "error", source=REFERENCE, libvirt="rewrites")
def arguments_are_in_qemus_namespace(case: Case) -> Iterator[Found]:
    """libvirt drops them in silence where the namespace is left out or misspelt."""
    root = root_of(case.spec)
    for child in root:
        tag = child.tag if isinstance(child.tag, str) else ""
        space, _, name = tag.rpartition("}")
        space = space.removeprefix("{")
        if name in OWN and space != NAMESPACE and (not space or "qemu" in space):
            how = f"the namespace {space}" if space else "no namespace"
            said = f"<{name}> is in {how}, and libvirt reads only {NAMESPACE}."
            yield Found(case.spec.qemu, "", said, path=name)


@rule("QCL002", "error", source="QEMU: system/vl.c, parse of -set", libvirt="fails at start")
def set_names_a_device_that_is_there(case: Case) -> Iterator[Found]:
    """QEMU does not start where -set names a device that the VM has not."""
    args = _args(case)
    for option, value in pairwise(args):
        found = re.fullmatch(r"device\.([a-z-]+(?:0-0-)?)([0-9]+)\.[^=]+=.*", value) if option == "-set" else None
        if found is None or found[1] not in KINDS:
            continue
        has = len(getattr(case.spec.devices, KINDS[found[1]]))
        # Devices that libvirt adds itself are not counted, so that only what surely is not there is said.
        if int(found[2]) >= has and found[1] in {"hostdev", "redir", "fs"}:
            said = f"-set names {found[1]}{found[2]}, and the VM has {has} such devices, numbered from 0."
            yield Found(case.spec.qemu, "args", said)


@rule("QCL003", "error", source="QEMU: system/vl.c, parse of options", libvirt="fails at start")
def every_set_has_its_value(case: Case) -> Iterator[Found]:
    """An option without its value swallows the next one."""
    args = _args(case)
    for option, value in pairwise([*args, ""]):
        if option == "-set" and not re.fullmatch(r"[^.\s]+\.[^=\s]+=.*", value):
            said = f"-set is followed by {value!r}, and takes group.id.property=value."
            yield Found(case.spec.qemu, "args", said)


@rule("QCL004", "hint", source=REFERENCE, libvirt="accepts")
def arguments_taint_the_vm(case: Case) -> Iterator[Found]:
    """libvirt knows nothing of them, so that it cannot check, migrate or support such a VM."""
    if args := _args(case):
        yield Found(case.spec.qemu, "args", f"{len(args)} arguments are handed to QEMU as they stand.")


@rule(
    "QCL005", "hint", source="https://libvirt.org/drvqemu.html#overriding-properties-of-qemu-devices", libvirt="accepts"
)
def properties_are_overridden_by_libvirt(case: Case) -> Iterator[Found]:
    """libvirt's own override, from 8.2 on, checks that the device is there and works however QEMU is told of it."""
    if "-set" in _args(case) and (case.libvirt is None or case.libvirt >= (8, 2)):
        yield Found(case.spec.qemu, "args", "-set is given; qemu:override does the same from libvirt 8.2 on.")


def _args(case: Case) -> list[str]:
    """The arguments; none for most, which is found out quickly."""
    if element_of(case.spec.qemu, "args") is None:
        return []
    return [*case.spec.qemu.args]
