"""Rules about what needs a newer libvirt or QEMU."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from phyllome_nb.rules.case import Case, Version
from phyllome_nb.rules.rule import Found, rule
from phyllome_nb.xml.part import Part
from phyllome_nb.xml.reading import is_present

__all__ = ["NEEDS", "Need"]

NEWS = "https://libvirt.org/news.html"


@dataclass(frozen=True, slots=True)
class Need:
    """Something a definition can say, and since when."""

    what: str
    libvirt: Version
    where: Callable[[Case], Iterator[tuple[Part, str]]]
    qemu: Version | None = None


def _given(part: Part, field: str, *values: object) -> Iterator[tuple[Part, str]]:
    """The field, where it says something, or one of these values."""
    if is_present(part):
        value = getattr(part, field)
        if value in values if values else value is not None:
            yield part, field


def _firmware_features(case: Case) -> Iterator[tuple[Part, str]]:
    for feature in case.spec.os.features:
        yield feature, "name"


def _iommus(case: Case) -> Iterator[tuple[Part, str]]:
    for iommu in case.spec.devices.iommus:
        yield from _given(iommu, "model", "virtio")


def _graphics(case: Case) -> Iterator[tuple[Part, str]]:
    for each in case.spec.devices.graphics:
        yield from _given(each, "type", "dbus")


def _cryptos(case: Case) -> Iterator[tuple[Part, str]]:
    for each in case.spec.devices.cryptos:
        yield each, ""


def _override(case: Case) -> Iterator[tuple[Part, str]]:
    for each in case.spec.qemu.override.devices:
        yield each, ""


def _acpi_index(case: Case) -> Iterator[tuple[Part, str]]:
    for each in case.spec.devices.interfaces:
        yield from _given(each, "acpi_index")


NEEDS = (
    Need("A CPU topology with dies", (6, 1), lambda case: _given(case.spec.cpu.topology, "dies"), (4, 1)),
    Need("A CPU topology with clusters", (10, 1), lambda case: _given(case.spec.cpu.topology, "clusters"), (8, 2)),
    Need("maxphysaddr", (8, 7), lambda case: _given(case.spec.cpu.maxphysaddr, "mode")),
    Need("The limit of maxphysaddr", (9, 3), lambda case: _given(case.spec.cpu.maxphysaddr, "limit")),
    Need("A virtio IOMMU", (8, 3), _iommus, (6, 2)),
    Need("A feature of the firmware", (7, 2), _firmware_features),
    Need("A D-Bus display", (8, 4), _graphics, (7, 0)),
    Need("A crypto device", (9, 0), _cryptos),
    Need("qemu:override", (8, 2), _override),
    Need("An ACPI index", (7, 3), _acpi_index, (6, 1)),
    Need("mode maximum of the CPU", (7, 1), lambda case: _given(case.spec.cpu, "mode", "maximum"), (2, 9)),
    Need("A default I/O thread", (8, 5), lambda case: _given(case.spec.iothreads.defaultiothread, "thread_pool_max")),
    Need("A persistent store (pstore)", (10, 5), lambda case: _given(case.spec.devices.pstore, "backend")),
    Need("emsr_bitmap", (11, 0), lambda case: _given(case.spec.features.hyperv, "emsr_bitmap", True)),
    Need("xmm_input", (11, 0), lambda case: _given(case.spec.features.hyperv, "xmm_input", True)),
)


def words(version: Version) -> str:
    """A version as people write it."""
    return ".".join(map(str, version))


@rule("VER001", "error", source=NEWS, libvirt="")
def the_host_is_new_enough(case: Case) -> Iterator[Found]:
    """An older libvirt refuses it, or drops it in silence."""
    if case.libvirt is None:
        return
    for need in NEEDS:
        if case.libvirt < need.libvirt:
            for part, field in need.where(case):
                said = f"{need.what} needs libvirt {words(need.libvirt)}, and the host has {case.libvirt_name}."
                yield Found(part, field, said)
        elif need.qemu is not None and case.qemu is not None and case.qemu < need.qemu:
            for part, field in need.where(case):
                said = f"{need.what} needs QEMU {words(need.qemu)}, and the host has {words(case.qemu)}."
                yield Found(part, field, said)
