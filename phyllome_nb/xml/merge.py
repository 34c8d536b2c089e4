"""Two changes of one document, put together."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Literal

from lxml import etree

from phyllome_nb.xml.compare import label, own, pairs, same, same_text, summary
from phyllome_nb.xml.document import Element, copy, public, set_text

__all__ = ["Clash", "Prefer", "merge"]

Prefer = Literal["mine", "theirs"]


@dataclass(frozen=True, slots=True)
class Clash:
    """One thing that both changed, and not alike."""

    path: str
    """Where, below the root: ``memory`` or ``devices/disk/driver/@cache``."""
    before: str
    theirs: str
    mine: str


def merge(base: Element, theirs: Element, mine: Element, prefer: Prefer = "mine") -> tuple[Element, list[Clash]]:
    """`theirs`, with what `mine` changed since `base`; and what both changed, where `prefer` decides.

    Devices are told apart as `compare` does: by target, by hardware address, else by likeness.
    """
    merged = copy(theirs)
    merging = _Merge(prefer)
    merging.element(base, merged, mine, "")
    return merged, merging.clashes


class _Merge:
    def __init__(self, prefer: Prefer) -> None:
        self._mine = prefer == "mine"
        self.clashes: list[Clash] = []

    def element(self, base: Element, theirs: Element, mine: Element, path: str) -> None:
        """Bring what `mine` changed into `theirs`."""
        self._own(base, theirs, mine, path)
        tags = dict.fromkeys(str(child.tag) for root in (base, mine) for child in root.iterchildren(tag=etree.Element))
        for tag in tags:
            self._children(base.findall(tag), theirs, mine.findall(tag), f"{path}{label(tag)}")

    def _own(self, base: Element, theirs: Element, mine: Element, path: str) -> None:
        """Attributes and text."""
        was, said, wanted = own(base), own(theirs), own(mine)
        for name in dict.fromkeys([*was, *wanted]):
            before, there, here = was.get(name), said.get(name), wanted.get(name)
            if _equal(before, here) or _equal(there, here):
                continue
            if not _equal(before, there):
                place = f"{path}@{label(name)}" if name else path.rstrip("/")
                shown = (public(base, name, value or "") for value in (before, there, here))
                self.clashes.append(Clash(place, *shown))
                if not self._mine:
                    continue
            _take(theirs, mine, name)

    def _children(self, base: list[Element], parent: Element, mine: list[Element], path: str) -> None:
        """The elements of one name."""
        tag = str((base or mine)[0].tag)
        theirs = parent.findall(tag)
        here, there = pairs(base, mine), pairs(base, theirs)
        for was in base:
            wanted, said = here.get(was), there.get(was)
            if wanted is not None and said is not None:
                self.element(was, said, wanted, f"{path}/")
            elif said is not None:  # mine dropped it
                if same(was, said) or self._clash(path, was, said, None):
                    _remove(said)
            elif wanted is not None and not same(was, wanted) and self._clash(path, was, None, wanted):
                _add(parent, wanted)
        kept = set(there.values())
        for wanted in mine:
            if wanted in here.values():
                continue
            twin = next((said for said in theirs if said not in kept and same(wanted, said)), None)
            if twin is not None:
                kept.add(twin)  # both added it
            elif not base and len(mine) == len(theirs) == 1:
                if self._clash(path, None, theirs[0], wanted):
                    parent.replace(theirs[0], _moved(wanted, theirs[0].tail))
            else:
                _add(parent, wanted)

    def _clash(self, path: str, base: Element | None, theirs: Element | None, mine: Element | None) -> bool:
        """Note it; whether mine is to be taken."""
        said = ("" if element is None else summary(element) or "there" for element in (base, theirs, mine))
        self.clashes.append(Clash(path, *said))
        return self._mine


def _equal(one: str | None, other: str | None) -> bool:
    if one is None or other is None:
        return one is other
    return same_text(one, other)


def _take(theirs: Element, mine: Element, name: str) -> None:
    """Make `theirs` say what `mine` does under one name, in the unit in which it says so."""
    if name:
        for each in (name, "unit") if name in {"size", "value", "memory"} else (name,):
            _set(theirs, each, mine.get(each))
        return
    own_text = mine.text or ""
    if own_text.strip() or len(theirs) == 0:
        set_text(theirs, own_text)
    _set(theirs, "unit", mine.get("unit"))


def _set(element: Element, name: str, value: str | None) -> None:
    if value is not None:
        element.set(name, value)
    else:
        element.attrib.pop(name, None)


def _remove(element: Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _add(parent: Element, element: Element) -> None:
    """Put a copy after the last of its name."""
    before = parent.findall(str(element.tag))
    if before:
        before[-1].addnext(_moved(element, before[-1].tail))
    else:
        parent.append(_moved(element, element.tail))


def _moved(element: Element, tail: str | None) -> Element:
    moved = deepcopy(element)
    moved.tail = tail
    return moved
