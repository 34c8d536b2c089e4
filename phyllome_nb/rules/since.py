"""Since when a word can be said: which libvirt, and which QEMU, brought a choice."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from phyllome_nb.rules.case import Case, Version
from phyllome_nb.xml.part import Part
from phyllome_nb.xml.reading import raw

__all__ = ["WORDS", "Since", "lacking", "said", "written"]


@dataclass(frozen=True, slots=True)
class Since:
    """The first versions that know a word."""

    libvirt: Version
    qemu: Version | None = None
    """None where the reference names none."""


def _words(words: str, libvirt: Version, qemu: Version | None = None) -> dict[str, Since]:
    return dict.fromkeys(words.split(), Since(libvirt, qemu))


TRANSITIONAL = _words("virtio-transitional virtio-non-transitional", (5, 2))

WORDS: Mapping[str, Mapping[str, Since]] = {
    "type": _words("hvf", (8, 1), (2, 12)),
    "os.firmware": _words("efi bios", (5, 2)),
    "os.features[].name": _words("secure-boot enrolled-keys", (7, 2)),
    "os.loader_stateless": _words("yes no", (8, 6)),
    "os.loader_format": _words("raw qcow2", (9, 2)),
    "os.nvram_format": _words("raw qcow2", (9, 2)),
    "os.nvram_template_format": _words("raw qcow2", (10, 10)),
    "os.nvram_type": _words("file block network", (8, 5)),
    "cpu.mode": _words("maximum", (7, 1), (2, 9)),
    "cpu.maxphysaddr.mode": _words("emulate passthrough", (8, 7)),
    "features.hyperv.mode": _words("custom passthrough", (8, 0)) | _words("host-model", (11, 9)),
    "features.hyperv.stimer_direct": _words("on", (5, 7), (4, 1)),
    "features.hyperv.tlbflush_direct": _words("on", (11, 0), (7, 1)),
    "features.hyperv.tlbflush_extended": _words("on", (11, 0), (7, 1)),
    "features.hyperv.avic": _words("on", (8, 10), (6, 2)),
    "features.hyperv.emsr_bitmap": _words("on", (10, 7), (7, 1)),
    "features.hyperv.xmm_input": _words("on", (10, 7), (7, 1)),
    "features.kvm.hint_dedicated": _words("on", (5, 7), (2, 12)),
    "features.kvm.poll_control": _words("on", (6, 10), (4, 2)),
    "features.kvm.pv_ipi": _words("on", (7, 10), (3, 1)),
    "features.kvm.dirty_ring": _words("on", (8, 0), (6, 1)),
    "features.async_teardown": _words("yes no", (9, 6)),
    "features.ras": _words("on off", (10, 4)),
    "features.ps2": _words("on off", (10, 7)),
    "features.aia": _words("none aplic aplic-imsic", (11, 1)),
    "clock.offset": _words("absolute", (8, 4)),
    "clock.timers[].name": _words("armvtimer", (6, 1)),
    "devices.disks[].type": _words("nvme", (6, 0)) | _words("vhostuser", (7, 1)) | _words("vhostvdpa", (9, 8), (8, 1)),
    "devices.disks[].model": TRANSITIONAL,
    "devices.disks[].bus": _words("nvme", (11, 5)),
    "devices.disks[].driver_options.io": _words("io_uring", (6, 3), (5, 0)),
    "devices.filesystems[].model": TRANSITIONAL,
    "devices.filesystems[].driver.type": _words("virtiofs", (6, 2)),
    "devices.filesystems[].multidevs": _words("default remap forbid warn", (6, 3), (4, 2)),
    "devices.filesystems[].binary.sandbox_mode": _words("namespace chroot", (7, 2)),
    "devices.controllers[].model": TRANSITIONAL,
    "devices.interfaces[].type": _words("vdpa", (6, 9), (5, 1)),
    "devices.interfaces[].backend.type": _words("default passt", (9, 0)),
    "devices.serials[].target": _words("isa-debug", (8, 1)),
    "devices.channels[].type": _words("qemu-vdagent", (8, 4)),
    "devices.inputs[].type": _words("evdev", (7, 4)),
    "devices.inputs[].model": TRANSITIONAL,
    "devices.inputs[].grab_toggle": _words(
        "ctrl-ctrl alt-alt shift-shift meta-meta scrolllock ctrl-scrolllock", (7, 6)
    ),
    "devices.tpms[].model": _words("tpm-spapr", (6, 1)) | _words("spapr-tpm-proxy", (6, 5)),
    "devices.tpms[].backend": _words("external", (9, 0)),
    "devices.tpms[].source_type": _words("unix", (9, 0)) | _words("file dir", (10, 10)),
    "devices.tpms[].profile.remove_disabled": _words("check fips-host", (10, 10)),
    # The QEMU of dbus, of a virtio IOMMU and of a maximum CPU is in QEMU's own release notes.
    "devices.graphics[].type": _words("dbus", (8, 4), (7, 0)) | _words("rdp", (11, 1)),
    "devices.sounds[].model": _words("virtio", (10, 4), (8, 2)),
    "devices.audios[].type": _words("none spice pulseaudio alsa jack oss sdl coreaudio file", (7, 2))
    | _words("dbus", (8, 4))
    | _words("pipewire", (9, 10)),
    "devices.videos[].model": _words("bochs", (5, 6)) | _words("ramfb", (5, 9)),
    "devices.videos[].driver.name": _words("qemu vhostuser", (5, 8)),
    "devices.hostdevs[].model": TRANSITIONAL,
    "devices.hostdevs[].source.guest_reset": _words("off uninitialized on", (8, 6)),
    "devices.watchdogs[].model": _words("itco", (9, 1)),
    "devices.memballoon.model": TRANSITIONAL,
    "devices.memballoon.free_page_reporting": _words("on off", (6, 9)),
    "devices.rngs[].model": TRANSITIONAL,
    "devices.rngs[].backend": _words("builtin", (6, 1), (4, 2)),
    "devices.panics[].model": _words("pvpanic", (9, 1)),
    "devices.shmems[].role": _words("master peer", (6, 6)),
    "devices.memories[].model": _words("virtio-pmem", (7, 1))
    | _words("virtio-mem", (7, 9))
    | _words("sgx-epc", (8, 10), (7, 0)),
    "devices.memories[].dynamic_memslots": _words("yes no", (10, 1), (8, 2)),
    "devices.iommus[].model": _words("smmuv3", (5, 5)) | _words("virtio", (8, 3), (6, 2)) | _words("amd", (11, 5)),
    "devices.iommus[].driver.dma_translation": _words("on off", (10, 7)),
    "devices.iommus[].driver.passthrough": _words("on off", (11, 5)),
    "devices.iommus[].driver.xtsup": _words("on off", (11, 5)),
    "devices.iommus[].driver.granule_mode": _words("host", (12, 1)),
    "devices.vsock.model": TRANSITIONAL,
    # The reference says 9.0, which was seen to drop the whole element.
    "devices.cryptos[].model": _words("virtio", (9, 1)),
    "devices.cryptos[].backend": _words("builtin lkcf", (9, 1)),
    "devices.pstore.backend": _words("acpi-erst", (10, 6)),
    "launch_security.type": _words("s390-pv", (7, 6)) | _words("sev-snp", (10, 5)),
    "launch_security.kernel_hashes": _words("yes no", (8, 0)),
}
"""By field and word, as libvirt 12.1 documents it in the section of formatdomain.html that the field names.

What came with libvirt 5.0 or before is left out, and so is what the reference gives no version for.
"""


def written(version: Version) -> str:
    """A version as people write it.

    Examples
    --------
    >>> written((8, 4))
    '8.4'
    """
    return ".".join(map(str, version))


def lacking(case: Case, since: Since) -> str:
    """What the host would need for a word and does not have; empty where it has it, or nothing is known.

    Examples
    --------
    >>> from phyllome_nb.domain.spec import DomainSpec
    >>> lacking(Case(DomainSpec.from_xml("<domain/>")), Since((8, 4)))
    ''
    """
    if case.libvirt is None:
        return ""
    if case.libvirt < since.libvirt:
        return f"needs libvirt {written(since.libvirt)}, and the host has {case.libvirt_name}"
    if since.qemu is not None and case.qemu is not None and case.qemu < since.qemu:
        return f"needs QEMU {written(since.qemu)}, and the host has {written(case.qemu)}"
    return ""


def said(case: Case, name: str) -> Iterator[tuple[Part, str, str]]:
    """Each part of the definition that says something in a field, with the field's own name and the word."""
    *steps, field = name.split(".")
    parts: list[Part] = [case.spec]
    for step in steps:
        if step.endswith("[]"):
            parts = [each for part in parts for each in getattr(part, step.removesuffix("[]"))]
        else:
            parts = [getattr(part, step) for part in parts]
    for part in parts:
        if word := raw(part, field):
            yield part, field, word
