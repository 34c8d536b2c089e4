"""The values of a definition one by one, as virt-install reads them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from phyllome_nb.domain.virt_install_options import Step
from phyllome_nb.errors import DefinitionError
from phyllome_nb.xml.document import Element, text_of
from phyllome_nb.xml.path import NAMESPACES, Path

__all__ = ["Leaf", "children", "leaves_of", "own_leaves", "quoted"]

PREFIXES = {NAMESPACES[prefix]: prefix for prefix in ("qemu", "libosinfo")}
"""The namespaces that virt-install knows."""
ESCAPED = "&<>'\""
"""Characters that virt-install escapes twice in an attribute."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value of a definition."""

    steps: tuple[Step, ...]
    attribute: str
    value: str | None
    """None for an element that says something by being there."""

    @classmethod
    def at(cls, place: str) -> Self:
        """A place that is written as ``driver/@name``."""
        path = Path.of(place)
        return cls(tuple((step, 1) for step in path.steps), path.attribute or "", None)

    @property
    def path(self) -> str:
        """The place, as XPath."""
        steps = [tag if index == 1 else f"{tag}[{index}]" for tag, index in self.steps]
        return "/".join([".", *steps, *([f"@{self.attribute}"] if self.attribute else [])])

    def set(self, prefix: str) -> str:
        """The sub-option that says it by its place."""
        if self.value is None:
            return f"{prefix}create={self.path}"
        if "=" in self.value:
            return f"{prefix}set={self.path},{prefix}value={quoted(self.value)}"
        return f"{prefix}set={quoted(f'{self.path}={self.value}')}"

    def unset(self, prefix: str) -> str:
        """The sub-option that takes out what is there."""
        return f"{prefix}set={self.path}=" if self.attribute else f"{prefix}delete={self.path}"


def leaves_of(element: Element, steps: tuple[Step, ...]) -> Iterator[Leaf]:
    """Everything that an element says."""
    yield from own_leaves(element, steps)
    for step, child in children(element):
        yield from leaves_of(child, (*steps, step))


def own_leaves(element: Element, steps: tuple[Step, ...]) -> Iterator[Leaf]:
    """What an element itself says."""
    holds, text = bool(element.findall("{*}*")), text_of(element)
    for name, value in element.items():
        leaf = Leaf(steps, str(name), str(value))
        if not value or str(name).startswith("{") or any(each in str(value) for each in ESCAPED):
            raise DefinitionError(f"virt-install cannot say {leaf.path}={str(value)!r}: use virsh instead.")
        yield leaf
    if holds and text.strip():
        raise DefinitionError(f"virt-install cannot say the text in {Leaf(steps, '', '').path}: use virsh instead.")
    if text.strip():
        yield Leaf(steps, "", text)
    elif not holds and not element.items():
        yield Leaf(steps, "", None)


def children(element: Element) -> Iterator[tuple[Step, Element]]:
    """The elements inside one, each with its place."""
    seen: Counter[str] = Counter()
    for child in element.iterchildren("{*}*"):
        tag = _tag(str(child.tag))
        seen[tag] += 1
        yield (tag, seen[tag]), child


def _tag(tag: str) -> str:
    space, _, name = tag.removeprefix("{").rpartition("}")
    if space and space not in PREFIXES:
        raise DefinitionError(f"virt-install cannot say <{name}> of {space}: define the VM with virsh instead.")
    return f"{PREFIXES[space]}:{name}" if space else name


def quoted(value: str) -> str:
    """A value as virt-install reads it between commas."""
    if not any(each in value for each in "',\\\""):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
