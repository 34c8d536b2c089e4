"""Rules about what needs a newer libvirt or QEMU."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from phyllome_nb.rules.case import Case
from phyllome_nb.rules.rule import Found, rule
from phyllome_nb.rules.since import WORDS, Since, lacking, said
from phyllome_nb.xml.part import Part
from phyllome_nb.xml.reading import is_present

__all__ = ["NEEDS", "Need"]

NEWS = "https://libvirt.org/news.html"


@dataclass(frozen=True, slots=True)
class Need:
    """Something a definition can say that is not a word of a field, and since when."""

    what: str
    since: Since
    where: Callable[[Case], Iterator[tuple[Part, str]]]


def _given(part: Part, field: str) -> Iterator[tuple[Part, str]]:
    """The field, where it says something."""
    if is_present(part) and getattr(part, field) is not None:
        yield part, field


def _override(case: Case) -> Iterator[tuple[Part, str]]:
    for each in case.spec.qemu.override.devices:
        yield each, ""


def _acpi_index(case: Case) -> Iterator[tuple[Part, str]]:
    for each in case.spec.devices.interfaces:
        yield from _given(each, "acpi_index")


NEEDS = (
    Need("A CPU topology with dies", Since((6, 1), (4, 1)), lambda case: _given(case.spec.cpu.topology, "dies")),
    Need(
        "A CPU topology with clusters",
        Since((10, 1), (8, 2)),
        lambda case: _given(case.spec.cpu.topology, "clusters"),
    ),
    Need("The limit of maxphysaddr", Since((9, 3)), lambda case: _given(case.spec.cpu.maxphysaddr, "limit")),
    Need("qemu:override", Since((8, 2)), _override),
    Need("An ACPI index", Since((7, 3), (6, 1)), _acpi_index),
    Need(
        "A default I/O thread",
        Since((8, 5)),
        lambda case: _given(case.spec.iothreads.defaultiothread, "thread_pool_max"),
    ),
)


@rule("VER001", "error", source=NEWS, libvirt="")
def the_host_is_new_enough(case: Case) -> Iterator[Found]:
    """An older libvirt refuses it, or drops it in silence."""
    if case.libvirt is None:
        return
    for need in NEEDS:
        if lack := lacking(case, need.since):
            for part, field in need.where(case):
                yield Found(part, field, f"{need.what} {lack}.")
    for name, words in WORDS.items():
        lacks = {word: lack for word, since in words.items() if (lack := lacking(case, since))}
        for part, field, word in said(case, name) if lacks else ():
            if word in lacks:
                yield Found(part, field, f"The {field.replace('_', ' ')} {word!r} {lacks[word]}.")
