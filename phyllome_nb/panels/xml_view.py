"""The XML to look at, in pieces, of which only those that change are sent."""

import re
from collections.abc import Iterator
from functools import lru_cache

import ipywidgets as w

from phyllome_nb.html import Html, el
from phyllome_nb.xml.highlight import highlight

__all__ = ["XmlView"]

BEGINS = re.compile("(?:  |    )<[^/!?]")
"""A line with which an element begins that stands below the root, or below one of those."""
LEAST = 4
"""Lines of a piece, unless the text ends."""

_highlighted = lru_cache(256)(highlight)


class XmlView:
    r"""Coloured XML; a change of one line sends a few lines.

    Examples
    --------
    >>> view = XmlView()
    >>> view.show("<domain>\n  <name>a</name>\n</domain>", changed={1})
    >>> view.widget.children[0].value.count("phy-changed")
    1
    """

    def __init__(self) -> None:
        self._layout, self._style = w.Layout(), w.HTML().style
        self.widget = w.VBox()
        self.widget.add_class("phy-pieces")

    def show(self, text: str, changed: set[int]) -> None:
        """Show the text; the lines whose numbers, from 0, are in `changed` are marked."""
        wanted = [_highlighted(piece, frozenset(marked)) for piece, marked in _pieces(text.split("\n"), changed)]
        # What is longer than its place is scrolled by the keyboard, too: the first piece can have the focus.
        wanted[0] = el("div", wanted[0], tabindex="0", role="region", aria_label="The definition as XML")
        have = list(self.widget.children)
        for child, html in zip(have, wanted, strict=False):
            child.value = html
        if len(have) != len(wanted):
            made = [self._piece(html) for html in wanted[len(have) :]]
            self.widget.children = [*have[: len(wanted)], *made]
            for child in have[len(wanted) :]:
                child.close()

    def _piece(self, html: Html) -> w.HTML:
        return w.HTML(html, layout=self._layout, style=self._style)


def _pieces(lines: list[str], changed: set[int]) -> Iterator[tuple[str, set[int]]]:
    """The text in pieces that begin where elements begin, each with the numbers in it that are in `changed`."""
    begun, comment = 0, False
    for number, line in enumerate(lines):
        if number >= begun + LEAST and not comment and BEGINS.match(line):
            yield _piece(lines, changed, begun, number)
            begun = number
        comment = line.rfind("<!--") > line.rfind("-->") or (comment and "-->" not in line)
    yield _piece(lines, changed, begun, len(lines))


def _piece(lines: list[str], changed: set[int], start: int, end: int) -> tuple[str, set[int]]:
    return "\n".join(lines[start:end]), {number - start for number in changed if start <= number < end}
