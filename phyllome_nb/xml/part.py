"""Parts: typed views of one element and of what lies below it."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, overload

from phyllome_nb.xml.document import HIDDEN, Element, replace
from phyllome_nb.xml.fields import Field
from phyllome_nb.xml.path import Order, Path, Place, swap

__all__ = ["Entry", "Many", "Part", "PartList", "Section", "entries", "fields_by_path"]

P = TypeVar("P", bound="Part")


class Part:
    """A typed view of an element. It stores nothing: the tree is the only store.

    A subclass declares its fields, sections and lists of parts in schema order::

        class Rng(Part, title="Random numbers", doc="formatdomain.html#random-number-generator-device"):
            model = Choice("@model", "virtio", help="How the guest sees it.", qemu="-device virtio-rng-pci")

    Names with two underscores are the lens's own, so that no field of libvirt's can clash with them.
    """

    __declared__: ClassVar[dict[str, Any]] = {}
    """Name to field, section or list of parts, in order; what a base class declares comes last."""
    __title__: ClassVar[str] = ""
    """What a person calls it."""
    __reference__: ClassVar[str] = ""
    """Its section of libvirt's reference, below https://libvirt.org/."""
    __start__: ClassVar[dict[str, object]] = {}
    """What a new one begins with, where a person adds one."""
    __place__: Place

    def __init_subclass__(cls, title: str = "", doc: str = "", start: dict[str, object] | None = None) -> None:
        own = {name: what for name, what in vars(cls).items() if isinstance(what, Field | Section | Many)}
        cls.__declared__ = own | {name: what for name, what in cls.__declared__.items() if name not in own}
        cls.__title__ = title or cls.__name__
        cls.__reference__ = doc
        cls.__start__ = start or {}

    def __init__(self, place: Place) -> None:
        vars(self)["__place__"] = place

    def __setattr__(self, name: str, value: object) -> None:
        if name not in self.__declared__:
            raise AttributeError(_no_such(type(self), name))
        super().__setattr__(name, value)

    if not TYPE_CHECKING:  # a type checker must still see what is missing

        def __getattr__(self, name: str) -> Any:
            raise AttributeError(_no_such(type(self), name))

    def __dir__(self) -> list[str]:
        return [*self.__declared__, *(name for name in dir(type(self)) if not name.startswith("_"))]

    def __repr__(self) -> str:
        fields = (what for what in self.__declared__.values() if isinstance(what, Field))
        given = ((field, field.raw(self)) for field in fields)
        shown = [f"{f.name}={HIDDEN if f.kind == 'secret' else raw!r}" for f, raw in given if raw is not None]
        return f"{type(self).__name__}({', '.join(shown)})"

    def update(self, **values: object) -> Self:
        """Set several fields at once.

        Raises
        ------
        TypeError
            If there is no such field; nothing is then changed.
        FieldError
            If a field refuses its value; nothing is then changed either.
        """
        for name, texts in _accepted(self, values).items():
            self.__declared__[name].store(self, texts)
        return self


class Section(Generic[P]):
    """A part that occurs at most once: ``topology = Section("topology", Topology)``.

    Without a part it is one more of the part that declares it, as a backing store has a backing store.
    """

    def __init__(self, path: str, part: type[P] | None = None) -> None:
        self.path = Path.of(path)
        self._part = part
        self.name = ""

    def __set_name__(self, owner: type[P], name: str) -> None:
        self.name = name
        self._part = self._part or owner
        self.__doc__ = self._part.__doc__

    @property
    def part(self) -> type[P]:
        """The kind of part."""
        if self._part is None:
            raise TypeError("A section without a part stands in the body of one.")
        return self._part

    @overload
    def __get__(self, part: None, owner: type[Part]) -> Self: ...
    @overload
    def __get__(self, part: Part, owner: type[Part]) -> P: ...
    def __get__(self, part: Part | None, owner: type[Part]) -> Self | P:
        if part is None:
            return self
        return self.part(part.__place__.below(self.path, self.name))

    def __set__(self, part: Part, value: object) -> None:
        example = next(iter(self.part.__declared__))
        raise AttributeError(f"{self.name} is a part: set its fields, such as {self.name}.{example}.")


class Many(Generic[P]):
    """A part that occurs any number of times: ``disks = Many("disk", Disk)``."""

    def __init__(self, path: str, part: type[P]) -> None:
        self.path = Path.of(path)
        self.part = part
        self.name = ""

    def __set_name__(self, owner: type[Part], name: str) -> None:
        self.name = name
        self.__doc__ = self.part.__doc__

    @overload
    def __get__(self, part: None, owner: type[Part]) -> Self: ...
    @overload
    def __get__(self, part: Part, owner: type[Part]) -> "PartList[P]": ...
    def __get__(self, part: Part | None, owner: type[Part]) -> "Self | PartList[P]":
        if part is None:
            return self
        return PartList(self, part.__place__)

    def __set__(self, part: Part, value: object) -> None:
        raise AttributeError(f"{self.name} is a list of parts: use {self.name}.add(…) and {self.name}.remove(…).")


class PartList(Generic[P]):
    """The parts of one kind, in the order of the document."""

    def __init__(self, many: Many[P], place: Place) -> None:
        self.kind = many.part
        self.name = place.named(many.name)
        self._many = many
        self._place = place

    def __iter__(self) -> Iterator[P]:
        for index, element in enumerate(self._place.all(self._many.path)):
            yield self._part(element, index)

    def __len__(self) -> int:
        return len(self._place.all(self._many.path))

    def __getitem__(self, index: int) -> P:
        return list(self)[index]

    def __repr__(self) -> str:
        return repr(list(self))

    def add(self, **values: object) -> P:
        """Append a part with these fields; nothing is added if one is refused.

        Raises
        ------
        TypeError
            If there is no such field.
        FieldError
            If a field refuses its value.
        """
        index = len(self)
        _accepted(self._part(self._place.anchor, index, listed=False), values)
        return self._part(self._place.add(self._many.path), index).update(**values)

    def repeat(self, part: P) -> P:
        """Append a part that says what `part` says.

        Raises
        ------
        FieldError
            If it was taken out already.
        """
        part.__place__.confirm()
        element = self._place.add(self._many.path)
        replace(element, part.__place__.anchor)
        return self._part(element, len(self) - 1)

    def move(self, part: P, steps: int) -> None:
        """Let a part stand so many places further down, or up where that is negative; not beyond the ends.

        Raises
        ------
        FieldError
            If it was taken out already.
        """
        part.__place__.confirm()
        elements = self._place.all(self._many.path)
        here = elements.index(part.__place__.anchor)
        there = min(max(here + steps, 0), len(elements) - 1)
        step = 1 if there > here else -1
        for number in range(here, there, step):
            swap(part.__place__.anchor, elements[number + step])

    def remove(self, part: P) -> None:
        """Take one part out of the document.

        Raises
        ------
        FieldError
            If it was taken out already.
        """
        part.__place__.confirm()
        self._place.prune(part.__place__.anchor)

    def _part(self, element: Element, index: int, *, listed: bool = True) -> P:
        return self.kind(Place(element, schema_order(self.kind), (), f"{self.name}[{index}]", listed))


@dataclass(frozen=True, slots=True)
class Entry:
    """A field as the whole definition sees it."""

    name: str
    """Its attribute: ``cpu.topology.cores``, ``devices.disks[].source``."""
    path: Path
    """Its place below the root."""
    field: Field[Any, Any]
    part: type[Part]


def entries(part: type[Part]) -> Iterator[Entry]:
    """Every field that a part reaches, in order; a part inside itself is entered once."""
    yield from _entries(part, "", (), ())


def _entries(part: type[Part], name: str, steps: tuple[str, ...], above: tuple[type[Part], ...]) -> Iterator[Entry]:
    for own, what in part.__declared__.items():
        if isinstance(what, Field):
            yield Entry(f"{name}{own}", what.path.below(steps), what, part)
        elif what.part not in above:
            below = f"{name}{own}{'[]' if isinstance(what, Many) else ''}."
            yield from _entries(what.part, below, steps + what.path.steps, (*above, part))


_ORDERS: dict[type[Part], Order] = {}
_PLACES: dict[type[Part], dict[Path, Entry]] = {}


def fields_by_path(part: type[Part]) -> dict[Path, Entry]:
    """The field that holds each value below `part`; the first declared, where several do."""
    if part not in _PLACES:
        _PLACES[part] = {entry.path: entry for entry in reversed([*entries(part)])}
    return _PLACES[part]


def schema_order(part: type[Part]) -> Order:
    """For the steps to each parent below `part`, its children in the order of declaration."""
    if part not in _ORDERS:
        found: dict[tuple[str, ...], dict[str, None]] = {}
        for entry in entries(part):
            for depth, step in enumerate(entry.path.steps):
                found.setdefault(entry.path.steps[:depth], {})[step] = None
        _ORDERS[part] = {parent: tuple(children) for parent, children in found.items()}
    return _ORDERS[part]


def _accepted(part: Part, values: dict[str, object]) -> dict[str, list[str]]:
    """What each field would store; an error if there is no such field, or it refuses its value."""
    for name in values:
        if not isinstance(part.__declared__.get(name), Field):
            raise TypeError(_no_such(type(part), name))
    return {name: part.__declared__[name].accept(part, value) for name, value in values.items()}


def _no_such(part: type[Part], name: str) -> str:
    near = difflib.get_close_matches(name, part.__declared__, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(part.__declared__)}."
    return f"{part.__name__} has no field {name!r}: {hint}"
