"""The patterns of a RelaxNG schema, each made once, so that equal patterns are the same object."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from phyllome_nb.xml.schema.datatypes import Datatype, squeezed

__all__ = [
    "EMPTY",
    "NOT_ALLOWED",
    "TEXT",
    "Attribute",
    "Choice",
    "Data",
    "Element",
    "Group",
    "Interleave",
    "Leaf",
    "Listed",
    "Names",
    "OneOrMore",
    "Pattern",
    "Patterns",
    "Value",
]


class Pattern:
    """What may come: compared by identity, for `Patterns` makes equal ones once."""

    __slots__ = ("__weakref__", "nullable")

    def __init__(self, nullable: bool = False) -> None:
        self.nullable = nullable
        """Whether nothing at all satisfies it."""


EMPTY = Pattern(nullable=True)
NOT_ALLOWED = Pattern()


class Leaf(Pattern):
    """What one thing in a document can satisfy: an element, an attribute, or text."""

    __slots__ = ()


TEXT = Leaf(nullable=True)


@dataclass(frozen=True)
class Names:
    """Which names an element or attribute may have; a name outside is ``{namespace}local`` or ``local``."""

    some: frozenset[str] = frozenset()
    every: bool = False
    spaces: frozenset[str] = frozenset()
    """All names of these namespaces."""
    but: "Names | None" = None
    parts: "tuple[Names, ...]" = ()

    def allow(self, name: str) -> bool:
        """Whether `name` is one of them.

        Examples
        --------
        >>> Names(every=True, but=Names(frozenset({"secret"}))).allow("secret")
        False
        """
        if name in self.some:
            return True
        if any(part.allow(name) for part in self.parts):
            return True
        if not self.every and (not self.spaces or _space(name) not in self.spaces):
            return False
        return self.but is None or not self.but.allow(name)

    @cached_property
    def listed(self) -> tuple[str, ...]:
        """The names that can be told one by one, in alphabetical order."""
        return tuple(sorted({*self.some, *(name for part in self.parts for name in part.listed)}))


def _space(name: str) -> str:
    return name[1:].partition("}")[0] if name.startswith("{") else ""


class Value(Leaf):
    """One word."""

    __slots__ = ("exact", "text")

    def __init__(self, text: str, *, exact: bool = False) -> None:
        super().__init__()
        self.text = text if exact else squeezed(text)
        self.exact = exact

    def allows(self, text: str) -> bool:
        """Whether `text` is this word."""
        return (text if self.exact else squeezed(text)) == self.text


class Data(Leaf):
    """A value of a datatype, but for some."""

    __slots__ = ("but", "type")

    def __init__(self, type_: Datatype, but: Pattern) -> None:
        super().__init__()
        self.type = type_
        self.but = but


class Listed(Leaf):
    """Words between blanks."""

    __slots__ = ("content",)

    def __init__(self, content: Pattern) -> None:
        super().__init__()
        self.content = content


class Attribute(Leaf):
    """An attribute and its value."""

    __slots__ = ("content", "names", "verdicts")

    def __init__(self, names: Names, content: Pattern) -> None:
        super().__init__()
        self.names = names
        self.content = content
        self.verdicts: dict[str, bool] = {}
        """Values asked about already."""


class Element(Leaf):
    """An element; what it holds is compiled when a document has one, for a schema can be inside itself."""

    __slots__ = ("_compile", "_content", "names")

    def __init__(self, names: Names, compiled: Callable[[], Pattern]) -> None:
        super().__init__()
        self.names = names
        self._compile = compiled
        self._content: Pattern | None = None

    @property
    def content(self) -> Pattern:
        """Its attributes, text and elements."""
        if self._content is None:
            self._content = self._compile()
        return self._content


class Choice(Pattern):
    """One of several; at least two, none of them a choice."""

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[Pattern, ...]) -> None:
        super().__init__(any(part.nullable for part in parts))
        self.parts = parts


class Group(Pattern):
    """Several in this order; at least two, none of them a group."""

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[Pattern, ...]) -> None:
        super().__init__(all(part.nullable for part in parts))
        self.parts = parts


class Interleave(Pattern):
    """Several in any order, also intermingled; at least two, none of them an interleave."""

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[Pattern, ...]) -> None:
        super().__init__(all(part.nullable for part in parts))
        self.parts = parts


class OneOrMore(Pattern):
    """One, again and again."""

    __slots__ = ("part",)

    def __init__(self, part: Pattern) -> None:
        super().__init__(part.nullable)
        self.part = part


@dataclass
class Patterns:
    """Makes patterns: simplified, and each once.

    Examples
    --------
    >>> made = Patterns()
    >>> word = Value("on")
    >>> made.choice([word, NOT_ALLOWED, word]) is word
    True
    >>> made.group([word, TEXT]) is made.group([EMPTY, word, TEXT])
    True
    """

    _known: dict[tuple[object, ...], Pattern] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._known)

    def forget(self) -> None:
        """Start anew: patterns made before stay right, they are merely no longer found again."""
        self._known.clear()

    def choice(self, parts: Iterable[Pattern]) -> Pattern:
        """One of `parts`."""
        found: dict[Pattern, None] = {}
        for part in parts:
            if isinstance(part, Choice):
                found.update(dict.fromkeys(part.parts))
            elif part is not NOT_ALLOWED:
                found[part] = None
        if EMPTY in found and any(part.nullable for part in found if part is not EMPTY):
            del found[EMPTY]
        if len(found) < 2:
            return next(iter(found), NOT_ALLOWED)
        # The order of a choice means nothing: the same parts in another order are the same choice.
        return self._once((Choice, frozenset(found)), lambda: Choice(tuple(found)))

    def group(self, parts: Iterable[Pattern]) -> Pattern:
        """All `parts`, in this order."""
        return self._all(Group, parts)

    def interleave(self, parts: Iterable[Pattern]) -> Pattern:
        """All `parts`, in any order."""
        return self._all(Interleave, parts)

    def one_or_more(self, part: Pattern) -> Pattern:
        """`part`, again and again."""
        if part is EMPTY or part is NOT_ALLOWED or isinstance(part, OneOrMore):
            return part
        return self._once((OneOrMore, part), lambda: OneOrMore(part))

    def optional(self, part: Pattern) -> Pattern:
        """`part` or nothing."""
        return self.choice([part, EMPTY])

    def _all(self, kind: type[Group] | type[Interleave], parts: Iterable[Pattern]) -> Pattern:
        found: list[Pattern] = []
        for part in parts:
            if part is NOT_ALLOWED:
                return NOT_ALLOWED
            if isinstance(part, kind):
                found += part.parts
            elif part is not EMPTY:
                found.append(part)
        if len(found) < 2:
            return found[0] if found else EMPTY
        whole = tuple(found)
        # The parts of an interleave keep their places, so that what follows from one is found again; sorting is dearer.
        return self._once((kind, whole), lambda: kind(whole))

    def _once(self, key: tuple[object, ...], make: Callable[[], Pattern]) -> Pattern:
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = make()
        return known
