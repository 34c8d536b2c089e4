"""What may come after what came: James Clark's derivatives, each worked out once.

A state is the pattern that the rest of an element has to satisfy. An element, attribute or text satisfies some of the
leaves that the state offers, and the state after it is the derivative by those leaves. An element is looked at by
itself, so a state holds nothing of the elements around it, and states come back all the time.

Source: https://relaxng.org/jclark/derivative.html
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from phyllome_nb.xml.document import Element as Node
from phyllome_nb.xml.schema.patterns import (
    EMPTY,
    NOT_ALLOWED,
    TEXT,
    Attribute,
    Choice,
    Data,
    Element,
    Group,
    Interleave,
    Leaf,
    Listed,
    OneOrMore,
    Pattern,
    Patterns,
    Value,
)

__all__ = ["Machine", "pieces"]

KEPT = 100_000
"""How many transitions are remembered before all are forgotten; some 200 bytes each."""

VERDICTS = 512
"""How many values of one attribute are remembered: names, paths and the like never come again."""

Leaves = tuple[Leaf, ...]


@dataclass
class Machine:
    """The transitions between patterns, remembered."""

    patterns: Patterns = field(default_factory=Patterns)
    kept: int = KEPT
    _after: dict[tuple[Pattern, Leaves], Pattern] = field(default_factory=dict)
    _closed: dict[Pattern, Pattern] = field(default_factory=dict)
    _offers: dict[tuple[Pattern, type[Leaf], str], Leaves] = field(default_factory=dict)
    _texts: dict[Pattern, Leaves] = field(default_factory=dict)

    def __len__(self) -> int:
        """How much is remembered."""
        return len(self._after) + len(self._closed) + len(self._offers) + len(self._texts) + len(self.patterns)

    def tidy(self) -> None:
        """Forget everything once it is too much; to be called between documents."""
        if len(self) > self.kept:
            for table in (self._after, self._closed, self._offers, self._texts):
                table.clear()
            self.patterns.forget()

    # What a state offers

    def offers(self, state: Pattern, kind: type[Leaf], name: str) -> Leaves:
        """The elements or attributes of that name that may come now."""
        key = (state, kind, name)
        known = self._offers.get(key)
        if known is None:
            known = self._offers[key] = tuple(dict.fromkeys(self._find(state, kind, name)))
        return known

    def _find(self, state: Pattern, kind: type[Leaf], name: str) -> Iterator[Leaf]:
        if isinstance(state, kind):
            if isinstance(state, Attribute | Element) and state.names.allow(name):
                yield state
        elif isinstance(state, OneOrMore):
            yield from self.offers(state.part, kind, name)
        elif isinstance(state, Choice | Interleave | Group):
            for part in state.parts:
                yield from self.offers(part, kind, name)
                if isinstance(state, Group) and kind is Element and not part.nullable:
                    break

    def all_offers(self, state: Pattern, kind: type[Leaf]) -> Leaves:
        """All elements or attributes that may come now, in the order of the schema."""
        return tuple(dict.fromkeys(_leaves(state, kind)))

    def texts(self, state: Pattern) -> Leaves:
        """The kinds of text that may come now."""
        known = self._texts.get(state)
        if known is None:
            known = self._texts[state] = tuple(
                dict.fromkeys(leaf for leaf in _leaves(state, Leaf) if not isinstance(leaf, Attribute | Element))
            )
        return known

    # The state afterwards

    def after(self, state: Pattern, leaves: Leaves) -> Pattern:
        """The state after something that satisfied these leaves, of one kind."""
        if len(leaves) == 1 and leaves[0] is state:
            return TEXT if state is TEXT else EMPTY
        key = (state, leaves)
        known = self._after.get(key)
        if known is None:
            known = self._after[key] = self._derive(state, leaves)
        return known

    def _derive(self, state: Pattern, leaves: Leaves) -> Pattern:
        make = self.patterns
        if isinstance(state, Leaf):
            return NOT_ALLOWED if state not in leaves else TEXT if state is TEXT else EMPTY
        if isinstance(state, Choice):
            return make.choice([self.after(part, leaves) for part in state.parts])
        if isinstance(state, OneOrMore):
            once = self.after(state.part, leaves)
            return NOT_ALLOWED if once is NOT_ALLOWED else make.group([once, make.optional(state)])
        if isinstance(state, Interleave):
            return make.choice(
                [
                    make.interleave([*state.parts[:index], next_, *state.parts[index + 1 :]])
                    for index, part in enumerate(state.parts)
                    if (next_ := self.after(part, leaves)) is not NOT_ALLOWED
                ]
            )
        if isinstance(state, Group):
            return make.choice(self._in_order(state, leaves))
        return NOT_ALLOWED

    def _in_order(self, state: Group, leaves: Leaves) -> Iterator[Pattern]:
        anywhere = isinstance(leaves[0], Attribute)  # attributes have no order
        for index, part in enumerate(state.parts):
            next_ = self.after(part, leaves)
            if next_ is not NOT_ALLOWED:
                before = state.parts[:index] if anywhere else ()
                yield self.patterns.group([*before, next_, *state.parts[index + 1 :]])
            if not anywhere and not part.nullable:
                break

    def closed(self, state: Pattern) -> Pattern:
        """The state when no attribute follows any more."""
        known = self._closed.get(state)
        if known is None:
            known = self._closed[state] = self._close(state)
        return known

    def _close(self, state: Pattern) -> Pattern:
        if isinstance(state, Attribute):
            return NOT_ALLOWED
        if isinstance(state, Choice):
            return self.patterns.choice([self.closed(part) for part in state.parts])
        if isinstance(state, Group):
            return self.patterns.group([self.closed(part) for part in state.parts])
        if isinstance(state, Interleave):
            return self.patterns.interleave([self.closed(part) for part in state.parts])
        if isinstance(state, OneOrMore):
            return self.patterns.one_or_more(self.closed(state.part))
        return state

    # Text and values

    def matches(self, content: Pattern, text: str) -> bool:
        """Whether `text` is all that `content` wants."""
        if content.nullable and not text.strip():
            return True
        good = tuple(leaf for leaf in self.texts(content) if self.is_text(leaf, text))
        return bool(good) and self.after(content, good).nullable

    def is_text(self, leaf: Leaf, text: str) -> bool:
        """Whether a text leaf allows `text`."""
        if leaf is TEXT:
            return True
        if isinstance(leaf, Value):
            return leaf.allows(text)
        if isinstance(leaf, Data):
            return leaf.type.allows(text) and (leaf.but is NOT_ALLOWED or not self.matches(leaf.but, text))
        return isinstance(leaf, Listed) and self._is_list(leaf.content, text)

    def _is_list(self, state: Pattern, text: str) -> bool:
        for word in text.split():
            state = self.after(state, good) if (good := self._words(state, word)) else NOT_ALLOWED
        return state.nullable

    def _words(self, state: Pattern, word: str) -> Leaves:
        return tuple(leaf for leaf in self.texts(state) if self.is_text(leaf, word))

    def is_value(self, leaf: Leaf, value: str) -> bool:
        """Whether an attribute may have `value`."""
        if not isinstance(leaf, Attribute):
            return False
        verdict = leaf.verdicts.get(value)
        if verdict is None:
            if len(leaf.verdicts) >= VERDICTS:
                leaf.verdicts.clear()
            verdict = leaf.verdicts[value] = self.matches(leaf.content, value)
        return verdict

    # A whole element

    def allows(self, node: Node, leaf: Leaf) -> bool:
        """Whether `node`, with all that is in it, is the element that `leaf` wants; its name is not looked at."""
        if not isinstance(leaf, Element):
            return False
        state = leaf.content
        for name, value in node.attrib.items():
            good = self.with_value(state, str(name), str(value))
            if not good:
                return False
            state = self.after(state, good)
        state = self.closed(state)
        if not len(node):
            return self.matches(state, node.text or "")
        return self._holds(state, node)

    def with_value(self, state: Pattern, name: str, value: str) -> Leaves:
        """The attributes of that name that may have that value."""
        offered = self.offers(state, Attribute, name)
        if len(offered) == 1:
            return offered if self.is_value(offered[0], value) else ()
        return tuple(leaf for leaf in offered if self.is_value(leaf, value))

    def _holds(self, state: Pattern, node: Node) -> bool:
        inside = pieces(node)
        if len(inside) == 1 and isinstance(inside[0], str):
            return self.matches(state, inside[0])
        for piece in inside:
            if state is NOT_ALLOWED:
                return False
            if isinstance(piece, str):
                good = self._words(state, piece) if piece.strip() else None
            else:
                good = self.fitting(state, piece)
            if good is not None:
                state = self.after(state, good) if good else NOT_ALLOWED
        return state.nullable

    def fitting(self, state: Pattern, child: Node) -> Leaves:
        """The elements that `child` may be, with all that is in it."""
        offered = self.offers(state, Element, str(child.tag))
        return tuple(leaf for leaf in offered if self.allows(child, leaf))


def _leaves(state: Pattern, kind: type[Leaf]) -> Iterator[Leaf]:
    if isinstance(state, kind):
        yield state
    elif isinstance(state, OneOrMore):
        yield from _leaves(state.part, kind)
    elif isinstance(state, Choice | Interleave | Group):
        for part in state.parts:
            yield from _leaves(part, kind)
            if isinstance(state, Group) and kind is not Attribute and not part.nullable:
                break


def pieces(node: Node) -> list[Node | str]:
    """The elements and texts in `node`: comments and instructions left out, the text around them joined."""
    found: list[Node | str] = []
    text = node.text or ""
    for child in node:
        if isinstance(child.tag, str):
            if text:
                found.append(text)
            found.append(child)
            text = ""
        text += child.tail or ""
    return [*found, text] if text or not found else found
