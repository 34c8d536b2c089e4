"""What one document says that another does not: by meaning, not by characters."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from lxml import etree

from phyllome_nb.errors import DefinitionError
from phyllome_nb.size import Size
from phyllome_nb.xml.document import Element, public, text_of

__all__ = ["Difference", "compare", "label", "own", "pairs", "same", "same_text", "summary"]

SIZES = {"memory", "currentMemory", "maxMemory", "hard_limit", "soft_limit", "swap_hard_limit", "min_guarantee"}
"""Elements whose number is in KiB where no unit is named."""

NUMBER = re.compile(r"0[xX][0-9a-fA-F]{1,16}|[0-9]{1,20}")

ORDERED = {"boot", "arg", "initarg"}
"""Elements whose order among those of their name means something."""

AMOUNTS = ("memory", "size", "value", "")
"""What holds the number where an element has a unit: one of these attributes, else the text."""


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

    def __repr__(self) -> str:
        return f"<{self}>"


def compare(before: Element, after: Element) -> list[Difference]:
    """The differences between two elements of one name, in the order of `before`.

    White space between elements, comments, attribute order, the order of elements with different names,
    and the unit in which a size is written make no difference.
    """
    return list(_differences(before, after, ""))


def _differences(before: Element, after: Element, path: str) -> Iterator[Difference]:
    old, new = own(before), own(after)
    for name in dict.fromkeys([*old, *new]):
        place = f"{path}@{label(name)}" if name else path.rstrip("/")
        shown = (_readable(each, name, said.get(name, "")) for each, said in ((before, old), (after, new)))
        if name not in old:
            yield Difference("added", place, *shown)
        elif name not in new:
            yield Difference("dropped", place, *shown)
        elif not same_text(old[name], new[name]):
            yield Difference("rewrote", place, *shown)
    tags = dict.fromkeys(
        str(child.tag) for parent in (before, after) for child in parent.iterchildren(tag=etree.Element)
    )
    for tag in tags:
        yield from _children(before.findall(tag), after.findall(tag), f"{path}{label(tag)}")


def _children(before: list[Element], after: list[Element], path: str) -> Iterator[Difference]:
    twins = pairs(before, after)
    for old in before:
        if old in twins:
            yield from _differences(old, twins[old], f"{path}/")
        else:
            yield Difference("dropped", path, before=summary(old))
    for new in after:
        if new not in twins.values():
            yield Difference("added", path, after=summary(new))


def pairs(before: list[Element], after: list[Element]) -> dict[Element, Element]:
    """Which elements of one name are the same thing: the only ones, else the likest first."""
    if len(before) == len(after) == 1 or (before and label(str(before[0].tag)) in ORDERED):
        return dict(zip(before, after, strict=False))
    twins: dict[Element, Element] = {}
    for resembles in (same, _namesakes, _alike):
        for old in before:
            rest = (new for new in after if new not in twins.values())
            if old not in twins and (twin := next((new for new in rest if resembles(old, new)), None)) is not None:
                twins[old] = twin
    return twins


def same(old: Element, new: Element) -> bool:
    """Whether two elements mean the same."""
    return next(_differences(old, new, ""), None) is None


def _namesakes(old: Element, new: Element) -> bool:
    """Whether both have the one thing that tells devices of their kind apart."""
    return any(name is not None and name == other for name, other in zip(_names(old), _names(new), strict=True))


def _alike(old: Element, new: Element) -> bool:
    """Whether `new` says all that `old` says of itself, and is not named otherwise."""
    said = own(new)
    if any(name not in said or not same_text(value, said[name]) for name, value in own(old).items()):
        return False
    return all(name in (None, other) for name, other in zip(_names(old), _names(new), strict=True))


def _names(device: Element) -> tuple[str | None, str | None]:
    """A device's target and hardware address."""
    target, mac = device.find("target"), device.find("mac")
    return (
        None if target is None else target.get("dev") or target.get("name") or target.get("dir"),
        None if mac is None else mac.get("address"),
    )


def own(element: Element) -> dict[str, str]:
    """What an element says of itself: its attributes, and under no name its text; numbers with their units."""
    said = {str(name): str(value) for name, value in element.items()} | {"": text_of(element).strip()}
    amount = next((name for name in AMOUNTS if said.get(name)), None)
    unit = said.get("unit") or ("KiB" if amount == "memory" or (element.tag in SIZES and amount == "") else "")
    if amount is not None and unit:
        said.pop("unit", "")
        said[amount] = f"{said[amount]} {unit}"
    return said


def same_text(old: str, new: str) -> bool:
    """Whether two values mean the same."""
    if old == new or _number(old) == _number(new) is not None:
        return True
    try:
        return Size(old).ceil("KiB") == Size(new).ceil("KiB")
    except DefinitionError:
        return False


def _readable(element: Element, name: str, value: str) -> str:
    """A value as a person would write it: no password, and KiB in the largest unit in which they are whole."""
    raw = element.get(name) if name else text_of(element).strip()
    if name in AMOUNTS and value == f"{raw} KiB":  # as libvirt writes them all
        with suppress(DefinitionError):
            return str(Size(value))
    return public(element, name, value)


def _number(text: str) -> int | None:
    """The number that a text is, decimal or hexadecimal."""
    return int(text, 16 if text[:2] in {"0x", "0X"} else 10) if NUMBER.fullmatch(text) else None


def summary(element: Element) -> str:
    """What an element says of itself, on one line."""
    said = {name: public(element, name, value) for name, value in own(element).items()}
    text = said.pop("")
    attributes = [f"{label(name)}={value!r}" for name, value in said.items()]
    inside = [label(str(child.tag)) for child in element.iterchildren(tag=etree.Element)]
    return " ".join([text, *attributes, *(["with", ", ".join(inside)] if inside else [])]).strip()


def label(tag: str) -> str:
    """The name of an element or attribute as it is shown."""
    return etree.QName(tag).localname
