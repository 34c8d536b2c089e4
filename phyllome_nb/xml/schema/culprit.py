"""What exactly a document has against a schema: the place, the cause, and what was expected."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from phyllome_nb.xml.document import Element, public, text_of
from phyllome_nb.xml.reading import numbered_path
from phyllome_nb.xml.schema.grammar import Schema
from phyllome_nb.xml.schema.pattern import ANY, NOTHING, Pattern

__all__ = ["Culprit", "culprits", "is_valid"]

MOST = 12
"""Expected names and words that a sentence lists."""


@dataclass(frozen=True, slots=True)
class Culprit:
    """One thing that a schema does not allow."""

    path: str
    """Where: ``devices/disk[2]/driver/@queues``; empty for the root."""
    line: int
    """The line of the text on which its element begins; 0 for one that was made in code."""
    kind: str
    """element, attribute, value, missing or text."""
    what: str
    """What is wrong, and what was expected."""
    expected: tuple[str, ...]
    """What may stand there: names, words, or a description of the text."""

    def __str__(self) -> str:
        return f"{f'Line {self.line}: ' if self.line else ''}{self.what}"


def is_valid(root: Element, schema: Schema) -> bool:
    """Whether a schema allows a document."""
    return not culprits(root, schema)


def culprits(root: Element, schema: Schema) -> tuple[Culprit, ...]:
    """All that a schema does not allow, in the order of the document.

    After each it goes on as if that one thing was right.
    """
    found: list[Culprit] = []
    left = _element(schema.start, root, found)
    if not found and not left.nullable:
        found.append(_culprit(root, "", "missing", "The document is not whole.", ()))
    return tuple(found)


def _element(pattern: Pattern, node: Element, found: list[Culprit]) -> Pattern:
    """What may follow an element; what is wrong with it goes into `found`."""
    name = str(node.tag)
    inside = pattern.opened(name)
    if inside is NOTHING:
        found.append(_unexpected(pattern, node))
        return pattern
    inside = _attributes(inside, node, found)
    closed = inside.closed()
    if closed is NOTHING:
        found.append(_lacks_attribute(inside, node))
        closed = inside.closed(lenient=True)
    inside = _content(closed, node, found)
    ended = inside.ended()
    if ended is NOTHING:
        found.append(_lacks_child(inside, node))
        ended = inside.ended(lenient=True)
    return ended


def _attributes(pattern: Pattern, node: Element, found: list[Culprit]) -> Pattern:
    for name, text in node.items():
        given = pattern.with_attribute(str(name), str(text))
        if given is NOTHING:
            given = pattern.with_attribute(str(name), None)
            if given is NOTHING:
                found.append(_unknown_attribute(pattern, node, str(name)))
                continue
            found.append(_bad_value(pattern, node, str(name), str(text)))
        pattern = given
    return pattern


def _content(pattern: Pattern, node: Element, found: list[Culprit]) -> Pattern:
    children = [child for child in node if isinstance(child.tag, str)]
    if not children:
        text = text_of(node)
        given = pattern.with_text(text)
        if not text.strip():
            # White space alone may be a text, and may be nothing.
            both = [each for each in (pattern, given) if each.ended() is not NOTHING]
            return both[0] if both else pattern
        if given is NOTHING:
            found.append(_bad_text(pattern, node, text))
            given = pattern.with_text(None)
        return pattern if given is NOTHING else given
    for text, child in _mixed(node):
        if text.strip():
            given = pattern.with_text(text)
            if given is NOTHING:
                found.append(_bad_text(pattern, node, text))
            else:
                pattern = given
        if child is not None:
            pattern = _element(pattern, child, found)
    return pattern


def _mixed(node: Element) -> Iterator[tuple[str, Element | None]]:
    """The texts of an element, each with the element that follows it."""
    text = node.text or ""
    for child in node:
        if isinstance(child.tag, str):
            yield text, child
            text = ""
        text += child.tail or ""
    yield text, None


def _culprit(node: Element, attribute: str, kind: str, what: str, expected: tuple[str, ...]) -> Culprit:
    path = numbered_path(node)
    place = f"{path}/@{_plain(attribute)}" if attribute and path else f"@{_plain(attribute)}" if attribute else path
    return Culprit(place, node.sourceline or 0, kind, what, expected)


def _unexpected(pattern: Pattern, node: Element) -> Culprit:
    name = _plain(str(node.tag))
    expected = _words(pattern.names)
    before = node.getprevious()
    parent = node.getparent()
    inside = "the document" if parent is None else f"<{_plain(str(parent.tag))}>"
    same = None if parent is None else parent.find(str(node.tag))
    while before is not None and not isinstance(before.tag, str):
        before = before.getprevious()
    if same is not None and same is not node:
        what = f"<{name}> occurs again in {inside}, where one is allowed."
    else:
        what = f"{inside[0].upper()}{inside[1:]} cannot have a <{name}>{' here' if before is not None else ''}"
        what += _meant(name, expected, "<{}>")
    return _culprit(node, "", "element", what, expected)


def _unknown_attribute(pattern: Pattern, node: Element, name: str) -> Culprit:
    expected = _words(pattern.attributes)
    what = f"<{_plain(str(node.tag))}> cannot have the attribute {_plain(name)}{_meant(_plain(name), expected, '{}')}"
    return _culprit(node, name, "attribute", what, expected)


def _bad_value(pattern: Pattern, node: Element, name: str, text: str) -> Culprit:
    expected = tuple(sorted(set(_values(pattern, name))))
    shown = public(node, name, text)
    what = f"{_plain(name)}={shown!r} of <{_plain(str(node.tag))}> is not allowed{_meant(text, expected, '{}')}"
    return _culprit(node, name, "value", what, expected)


def _bad_text(pattern: Pattern, node: Element, text: str) -> Culprit:
    expected = tuple(sorted(set(_values(pattern, ""))))
    name = _plain(str(node.tag))
    shown = public(node, "", " ".join(text.split()))
    if expected:
        said = f"{shown[:60]!r} in <{name}> is not allowed{_meant(text.strip(), expected, '{}')}"
        return _culprit(node, "", "value", said, expected)
    return _culprit(node, "", "text", f"<{name}> holds no text, and here it has {shown[:60]!r}.", ())


def _lacks_attribute(pattern: Pattern, node: Element) -> Culprit:
    expected = _words(pattern.attributes)
    needed = [name for name in expected if pattern.with_attribute(name, None).closed() is not NOTHING]
    names = needed or list(expected)
    what = f"<{_plain(str(node.tag))}> lacks {_one_of(names, 'the attribute {}')}."
    return _culprit(node, "", "missing", what, tuple(names))


def _lacks_child(pattern: Pattern, node: Element) -> Culprit:
    expected = _words(pattern.names)
    name = _plain(str(node.tag))
    texts = tuple(sorted(set(_values(pattern, ""))))
    if texts and not text_of(node).strip() and not expected:
        return _culprit(node, "", "missing", f"<{name}> is empty, and must hold {_one_of(list(texts), '{}')}.", texts)
    needed = [each for each in expected if _completes(pattern, each)]
    names = needed or list(expected)
    what = f"<{name}> lacks {_one_of(names, '<{}>')}." if names else f"<{name}> is not whole."
    return _culprit(node, "", "missing", what, tuple(names))


def _completes(pattern: Pattern, name: str) -> bool:
    """Whether the element would be whole with one more child of that name."""
    return any(
        pattern.opened(each).closed(lenient=True).ended(lenient=True).ended() is not NOTHING
        for each in pattern.names
        if _plain(each) == name
    )


def _values(pattern: Pattern, attribute: str) -> Iterator[str]:
    """What an attribute may be, or under no name the text that comes next."""
    kind, parts = pattern.kind, pattern.parts
    if kind == "attribute":
        if attribute in {parts[0], ANY}:
            yield from _values(parts[1], "")
    elif kind == "value" and not attribute:
        yield parts[0]
    elif kind == "data" and not attribute:
        yield str(parts[0])
    elif kind in {"choice", "group", "interleave"}:
        for part in parts:
            if part.kind != "attribute" or attribute:
                yield from _values(part, attribute if part.kind != "attribute" or attribute else "")
    elif kind in {"many", "after"}:
        yield from _values(parts[0], attribute)


def _words(names: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(_plain(name) for name in names if name != ANY))


def _meant(given: str, expected: tuple[str, ...], form: str) -> str:
    """The end of a sentence: what was meant, and what is allowed."""
    near = difflib.get_close_matches(given, expected, 1)
    hint = f"; {form.format(near[0])} may be meant." if near else "."
    if not expected:
        return hint
    listed = [form.format(name) for name in expected]
    if near and len(listed) > MOST:
        return hint
    more = f" and {len(listed) - MOST} more" if len(listed) > MOST else ""
    return f"{hint} It can be {', '.join(listed[:MOST])}{more}."


def _one_of(names: list[str], form: str) -> str:
    shown = [form.format(name) for name in names[:MOST]]
    return shown[0] if len(shown) == 1 else f"one of {', '.join(shown)}" if shown else "something"


def _plain(name: str) -> str:
    """A name for people: without its namespace, but for a prefix that is known."""
    return etree.QName(name).localname if name != ANY else name
