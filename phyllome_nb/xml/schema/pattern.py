"""Patterns of RelaxNG and their derivatives, after James Clark's algorithm.

The derivative of a pattern with respect to an event (a tag that opens, an attribute, …) is the pattern of what may
follow. There is one object for each pattern, which remembers its derivatives, so that what was seen once is looked up.
"""

from collections.abc import Callable, Iterable
from typing import Any

from phyllome_nb.xml.schema.datatypes import Datatype

__all__ = [
    "ANY",
    "EMPTY",
    "NOTHING",
    "TEXT",
    "Name",
    "Pattern",
    "after",
    "attribute",
    "choice",
    "data",
    "element",
    "group",
    "interleave",
    "many",
    "value",
]

Name = str
"""In Clark's notation: ``{namespace}local``."""

ANY: Name = "*"
"""Any name at all."""

MOST = 200_000
"""Derivatives that are remembered before all are forgotten, so that a long session does not fill the memory."""

_made: dict[tuple[Any, ...], "Pattern"] = {}
_remembered = 0


class Pattern:
    """What a part of a document may be."""

    __slots__ = (
        "_attributes",
        "_closed",
        "_ended",
        "_names",
        "_opened",
        "_texts",
        "_values",
        "kind",
        "nullable",
        "parts",
    )

    def __init__(self, kind: str, parts: tuple[Any, ...], nullable: bool) -> None:
        self.kind = kind
        self.parts = parts
        self.nullable = nullable
        self._opened: dict[Name, Pattern] = {}
        self._values: dict[tuple[Name, str | None], Pattern] = {}
        self._texts: dict[str | None, Pattern] = {}
        self._closed: dict[bool, Pattern] = {}
        self._ended: Pattern | None = None
        self._names: frozenset[Name] | None = None
        self._attributes: frozenset[Name] | None = None

    def opened(self, name: Name) -> "Pattern":
        """After a tag of that name has opened."""
        found = self._opened.get(name)
        if found is None:
            found = self._opened[name] = _open(self, name) if _begins(self, name) else NOTHING
            _count()
        return found

    def with_attribute(self, name: Name, text: str | None) -> "Pattern":
        """After an attribute; None stands for a value that is right."""
        key = (name, text)
        found = self._values.get(key)
        if found is None:
            found = self._values[key] = _attribute(self, name, text) if _has(self, name) else NOTHING
            _count()
        return found

    def closed(self, *, lenient: bool = False) -> "Pattern":
        """After the start tag has ended; `lenient` takes missing attributes as given."""
        found = self._closed.get(lenient)
        if found is None:
            found = self._closed[lenient] = _close(self, lenient)
            _count()
        return found

    def with_text(self, text: str | None) -> "Pattern":
        """After a text; None stands for one that is right."""
        found = self._texts.get(text)
        if found is None:
            found = self._texts[text] = _text(self, text)
            _count()
        return found

    def ended(self, *, lenient: bool = False) -> "Pattern":
        """After the element has ended; `lenient` takes what is missing as given."""
        if lenient:
            return choice(_last(self, lenient=True))
        if self._ended is None:
            self._ended = choice(_last(self, lenient=False))
        return self._ended

    @property
    def names(self) -> frozenset[Name]:
        """The elements that may come next."""
        if self._names is None:
            self._names = frozenset(_names(self))
        return self._names

    @property
    def attributes(self) -> frozenset[Name]:
        """The attributes that may be given."""
        if self._attributes is None:
            self._attributes = frozenset(_attributes(self))
        return self._attributes

    def __repr__(self) -> str:
        return f"<{self.kind} {self.parts if self.kind in {'value', 'data'} else len(self.parts)}>"


def _count() -> None:
    global _remembered  # noqa: PLW0603  (one memory for one grammar of libvirt's)
    _remembered += 1
    if _remembered > MOST:
        _remembered = 0
        for pattern in _made.values():
            pattern._opened.clear()  # noqa: SLF001
            pattern._values.clear()  # noqa: SLF001
            pattern._texts.clear()  # noqa: SLF001
            pattern._closed.clear()  # noqa: SLF001
            pattern._ended = None  # noqa: SLF001
        for key in [key for key in _made if key[0] == "after"]:
            del _made[key]


def _make(kind: str, *parts: Any, nullable: bool = False) -> Pattern:
    key = (kind, *parts)
    found = _made.get(key)
    if found is None:
        found = _made[key] = Pattern(kind, parts, nullable)
    return found


NOTHING = _make("nothing")
EMPTY = _make("empty", nullable=True)
TEXT = _make("text", nullable=True)


def choice(options: Iterable[Pattern]) -> Pattern:
    """One of several."""
    found: dict[Pattern, None] = {}
    for option in options:
        for part in option.parts if option.kind == "choice" else (option,):
            if part is not NOTHING:
                found[part] = None
    if len(found) == 1:
        return next(iter(found))
    if not found:
        return NOTHING
    parts = tuple(sorted(found, key=id))
    return _make("choice", *parts, nullable=any(part.nullable for part in parts))


def group(parts: Iterable[Pattern]) -> Pattern:
    """One after the other."""
    return _several("group", parts)


def interleave(parts: Iterable[Pattern]) -> Pattern:
    """In any order."""
    return _several("interleave", parts)


def _several(kind: str, parts: Iterable[Pattern]) -> Pattern:
    found: list[Pattern] = []
    for part in parts:
        if part is NOTHING:
            return NOTHING
        found.extend(part.parts if part.kind == kind else () if part is EMPTY else (part,))
    if len(found) < 2:
        return found[0] if found else EMPTY
    if kind == "interleave":
        found.sort(key=id)
    return _make(kind, *found, nullable=all(part.nullable for part in found))


def many(part: Pattern) -> Pattern:
    """Once or more."""
    return (
        part if part in {NOTHING, EMPTY, TEXT} or part.kind == "many" else _make("many", part, nullable=part.nullable)
    )


def after(first: Pattern, then: Pattern) -> Pattern:
    """What is left of an element, then what follows it."""
    return NOTHING if NOTHING in (first, then) else _make("after", first, then)


def element(name: Name, content: Callable[[], Pattern]) -> Pattern:
    """An element; its content is made when it is first looked into, since elements may contain themselves."""
    return Pattern("element", (name, content), nullable=False)


def attribute(name: Name, content: Pattern) -> Pattern:
    """An attribute."""
    return _make("attribute", name, content)


def data(kind: Datatype) -> Pattern:
    """A text of some type."""
    return _make("data", kind)


def value(text: str) -> Pattern:
    """This very text, but for white space around it."""
    return _make("value", " ".join(text.split()))


def _begins(pattern: Pattern, name: Name) -> bool:
    return name in pattern.names or ANY in pattern.names


def _has(pattern: Pattern, name: Name) -> bool:
    return name in pattern.attributes or ANY in pattern.attributes


def _then(pattern: Pattern, change: Callable[[Pattern], Pattern]) -> Pattern:
    """Apply `change` to what follows the element that is open."""
    if pattern.kind == "after":
        return after(pattern.parts[0], change(pattern.parts[1]))
    if pattern.kind == "choice":
        return choice(_then(part, change) for part in pattern.parts)
    return NOTHING


def _open(pattern: Pattern, name: Name) -> Pattern:
    kind, parts = pattern.kind, pattern.parts
    if kind == "element":
        return after(parts[1](), EMPTY)
    if kind == "choice":
        return choice(part.opened(name) for part in parts)
    if kind == "many":
        again = choice([pattern, EMPTY])
        return _then(parts[0].opened(name), lambda left: group([left, again]))
    if kind == "after":
        return _then(parts[0].opened(name), lambda left: after(left, parts[1]))
    if kind == "interleave":
        options = []
        for index, part in enumerate(parts):
            if _begins(part, name):
                others = parts[:index] + parts[index + 1 :]
                options.append(_then(part.opened(name), lambda left, others=others: interleave([left, *others])))  # type: ignore[misc]
        return choice(options)
    options = []
    for index, part in enumerate(parts if kind == "group" else ()):
        if _begins(part, name):
            rest = parts[index + 1 :]
            options.append(_then(part.opened(name), lambda left, rest=rest: group([left, *rest])))  # type: ignore[misc]
        if not part.nullable:
            break
    return choice(options)


def _attribute(pattern: Pattern, name: Name, text: str | None) -> Pattern:
    kind, parts = pattern.kind, pattern.parts
    if kind == "attribute":
        matches = text is None or _matches(parts[1], text)
        return EMPTY if matches else NOTHING
    if kind == "choice":
        return choice(part.with_attribute(name, text) for part in parts)
    if kind == "many":
        return group([parts[0].with_attribute(name, text), choice([pattern, EMPTY])])
    if kind == "after":
        return after(parts[0].with_attribute(name, text), parts[1])
    several = interleave if kind == "interleave" else group
    return choice(
        several([*parts[:index], part.with_attribute(name, text), *parts[index + 1 :]])
        for index, part in enumerate(parts)
        if _has(part, name)
    )


def _close(pattern: Pattern, lenient: bool) -> Pattern:
    kind, parts = pattern.kind, pattern.parts
    if kind == "attribute":
        return EMPTY if lenient else NOTHING
    if kind == "choice":
        return choice(part.closed(lenient=lenient) for part in parts)
    if kind == "many":
        return many(parts[0].closed(lenient=lenient))
    if kind == "after":
        return after(parts[0].closed(lenient=lenient), parts[1])
    if kind in {"group", "interleave"}:
        return _several(kind, (part.closed(lenient=lenient) for part in parts))
    return pattern


def _text(pattern: Pattern, text: str | None) -> Pattern:  # noqa: PLR0911  (one for each kind)
    kind, parts = pattern.kind, pattern.parts
    if kind in {"data", "value", "text"}:
        if kind == "text":
            return pattern
        return EMPTY if text is None or _matches(pattern, text) else NOTHING
    if kind == "choice":
        return choice(part.with_text(text) for part in parts)
    if kind == "many":
        return group([parts[0].with_text(text), choice([pattern, EMPTY])])
    if kind == "after":
        return after(parts[0].with_text(text), parts[1])
    if kind == "interleave":
        return choice(
            interleave([*parts[:index], part.with_text(text), *parts[index + 1 :]]) for index, part in enumerate(parts)
        )
    options = []
    for index, part in enumerate(parts if kind == "group" else ()):
        options.append(group([part.with_text(text), *parts[index + 1 :]]))
        if not part.nullable:
            break
    return choice(options)


def _matches(pattern: Pattern, text: str) -> bool:
    """Whether a text alone is what the pattern wants."""
    kind, parts = pattern.kind, pattern.parts
    if kind == "data":
        allowed: bool = parts[0].allows(text)
        return allowed
    if kind == "value":
        return bool(parts[0] == " ".join(text.split()))
    if kind == "choice":
        return any(_matches(part, text) for part in parts)
    return kind == "text" or (kind == "empty" and not text.strip())


def _last(pattern: Pattern, *, lenient: bool) -> list[Pattern]:
    if pattern.kind == "after":
        return [pattern.parts[1]] if lenient or pattern.parts[0].nullable else []
    if pattern.kind == "choice":
        return [last for part in pattern.parts for last in _last(part, lenient=lenient)]
    return []


def _names(pattern: Pattern) -> Iterable[Name]:
    kind, parts = pattern.kind, pattern.parts
    if kind == "element":
        yield parts[0]
    elif kind in {"choice", "interleave"}:
        for part in parts:
            yield from part.names
    elif kind in {"many", "after"}:
        yield from parts[0].names
    elif kind == "group":
        for part in parts:
            yield from part.names
            if not part.nullable:
                break


def _attributes(pattern: Pattern) -> Iterable[Name]:
    kind, parts = pattern.kind, pattern.parts
    if kind == "attribute":
        yield parts[0]
    elif kind in {"choice", "interleave", "group"}:
        for part in parts:
            yield from part.attributes
    elif kind in {"many", "after"}:
        yield from parts[0].attributes
