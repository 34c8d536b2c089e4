"""What one document says that another does not: by meaning, not by characters."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from lxml import etree

from phyllome_nb.size import Size
from phyllome_nb.xml.document import Element, text_of

__all__ = ["Difference", "compare"]

SIZES = {"memory", "currentMemory", "maxMemory"}
"""Elements whose number is in KiB where no unit is named."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that two documents say differently."""

    kind: Literal["added", "dropped", "rewrote"]
    path: str
    """Where, below the root: ``devices/disk/driver/@type``."""
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        value = f"{self.before} → {self.after}" if self.kind == "rewrote" else self.before or self.after
        return f"{self.kind} {self.path}: {value}" if value else f"{self.kind} {self.path}"


def compare(before: Element, after: Element) -> list[Difference]:
    """The differences between two elements of one name, in the order of `before`.

    White space between elements, comments, attribute order, the order of elements with different names,
    and the unit in which a size is written make no difference.
    """
    return list(_differences(before, after, ""))


def _differences(before: Element, after: Element, path: str) -> Iterator[Difference]:
    same_size = _size(before) is not None and _size(before) == _size(after)
    yield from _attributes(before, after, path, {"unit"} if same_size else set())
    old, new = text_of(before).strip(), text_of(after).strip()
    if old != new and not same_size:
        yield Difference("rewrote", path.rstrip("/"), _quantity(before) or old, _quantity(after) or new)
    tags = dict.fromkeys(
        str(child.tag) for parent in (before, after) for child in parent.iterchildren(tag=etree.Element)
    )
    for tag in tags:
        yield from _children(before.findall(tag), after.findall(tag), f"{path}{_label(tag)}")


def _attributes(before: Element, after: Element, path: str, ignored: set[str]) -> Iterator[Difference]:
    for name in dict.fromkeys([*before.keys(), *after.keys()]):
        old, new = before.get(name), after.get(name)
        if old == new or name in ignored:
            continue
        place = f"{path}@{_label(name)}"
        if old is None:
            yield Difference("added", place, after=new or "")
        elif new is None:
            yield Difference("dropped", place, before=old)
        else:
            yield Difference("rewrote", place, old, new)


def _children(before: list[Element], after: list[Element], path: str) -> Iterator[Difference]:
    """Pair elements of one name: those that say the same first, a single pair last."""
    rest = list(after)
    lonely = []
    for old in before:
        twin = next((new for new in rest if _alike(old, new)), None)
        if twin is None:
            lonely.append(old)
            continue
        rest.remove(twin)
        yield from _differences(old, twin, f"{path}/")
    if len(before) == len(after) == 1 and lonely:
        yield from _differences(lonely.pop(), rest.pop(), f"{path}/")
    for old in lonely:
        yield Difference("dropped", path, before=_summary(old))
    for new in rest:
        yield Difference("added", path, after=_summary(new))


def _alike(old: Element, new: Element) -> bool:
    """Whether `new` says all that `old` says of itself: its attributes, its text, and what names a device."""
    if any(new.get(name) != value for name, value in old.items()):
        return False
    if text_of(old).strip() != text_of(new).strip():
        return False
    return all(_own_name(old, path) in (None, _own_name(new, path)) for path in ("target", "mac"))


def _own_name(device: Element, tag: str) -> str | None:
    found = device.find(tag)
    return None if found is None else found.get("dev") or found.get("address")


def _size(element: Element) -> Size | None:
    if element.tag not in SIZES and element.get("unit") is None:
        return None
    try:
        return Size(int(text_of(element)), element.get("unit") or "KiB").ceil("KiB")
    except ValueError:
        return None


def _quantity(element: Element) -> str:
    return "" if _size(element) is None else f"{text_of(element).strip()} {element.get('unit') or 'KiB'}"


def _summary(element: Element) -> str:
    """What an element says of itself, on one line."""
    attributes = [f"{_label(name)}={value!r}" for name, value in element.items()]
    inside = [_label(str(child.tag)) for child in element.iterchildren(tag=etree.Element)]
    return " ".join(
        [_quantity(element) or text_of(element).strip(), *attributes, *(["with", ", ".join(inside)] if inside else [])]
    ).strip()


def _label(tag: str) -> str:
    return etree.QName(tag).localname
