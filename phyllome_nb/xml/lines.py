"""A document as the lines of a manual: one element a line, what is not asked for as ``[...]``."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from phyllome_nb.xml.document import Element
from phyllome_nb.xml.path import NAMESPACES

__all__ = ["REST", "Line", "lines", "steps_to"]

REST = "[...]"
INDENT = "  "
PREFIXES = {uri: prefix for prefix, uri in NAMESPACES.items()}


@dataclass(frozen=True, slots=True)
class Line:
    """One line, and the element that begins on it."""

    text: str
    element: Element | None = None


def lines(root: Element, wanted: Collection[Element] | None = None) -> list[Line]:
    """The lines of a document; those of the `wanted` elements and the way to them, or all."""
    if wanted is None:
        return list(_whole(root, 0))
    leading = {parent for element in wanted for parent in element.iterancestors()}
    return list(_part(root, 0, set(wanted), leading))


def steps_to(element: Element) -> tuple[str, ...]:
    """The names from below the root to an element, as a field's path has them."""
    above = [_name(parent.tag) for parent in element.iterancestors()][:-1]
    return (*reversed(above), _name(element.tag)) if element.getparent() is not None else ()


def _part(element: Element, depth: int, wanted: set[Element], leading: set[Element]) -> Iterator[Line]:
    if element in wanted:
        yield from _whole(element, depth)
        return
    yield Line(f"{INDENT * depth}<{_head(element)}>", element)
    for shown, children in groupby(element.iterchildren(tag=etree.Element), lambda child: child in wanted | leading):
        if not shown:
            yield Line(f"{INDENT * (depth + 1)}{REST}")
            continue
        for child in children:
            yield from _part(child, depth + 1, wanted, leading)
    yield Line(f"{INDENT * depth}</{_tag(element)}>")


def _whole(node: Element, depth: int) -> Iterator[Line]:
    indent = INDENT * depth
    if not isinstance(node.tag, str):
        yield Line(indent + etree.tostring(node, encoding="unicode", with_tail=False))
    elif len(node):
        yield Line(f"{indent}<{_head(node)}>{escape((node.text or '').strip())}", node)
        for child in node:
            yield from _whole(child, depth + 1)
            if (child.tail or "").strip():
                yield Line(f"{indent}{INDENT}{escape((child.tail or '').strip())}")
        yield Line(f"{indent}</{_tag(node)}>")
    elif node.text:
        yield Line(f"{indent}<{_head(node)}>{escape(node.text)}</{_tag(node)}>", node)
    else:
        yield Line(f"{indent}<{_head(node)}/>", node)


def _head(element: Element) -> str:
    """What stands between the brackets of a start tag."""
    parent = element.getparent()
    inherited = {} if parent is None else parent.nsmap
    declared = {prefix: uri for prefix, uri in element.nsmap.items() if inherited.get(prefix) != uri}
    names = [(f"xmlns:{prefix}" if prefix else "xmlns", uri) for prefix, uri in declared.items()]
    own = [(_attribute(element, str(name)), str(value)) for name, value in element.items()]
    return " ".join([_tag(element), *(f"{name}={quoteattr(value)}" for name, value in [*names, *own])])


def _tag(element: Element) -> str:
    return f"{element.prefix}:{etree.QName(element).localname}" if element.prefix else etree.QName(element).localname


def _attribute(element: Element, name: str) -> str:
    found = etree.QName(name)
    prefix = next((prefix for prefix, uri in element.nsmap.items() if uri == found.namespace), None)
    return f"{prefix}:{found.localname}" if prefix else found.localname


def _name(tag: object) -> str:
    """An element's name with the prefix that fields use for its namespace."""
    found = etree.QName(str(tag))
    prefix = PREFIXES.get(found.namespace or "")
    return f"{prefix}:{found.localname}" if prefix else found.localname
