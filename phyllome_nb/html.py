"""HTML that is escaped by construction, and the one style sheet."""

from collections.abc import Iterable
from functools import cache
from html import escape
from importlib.resources import files

__all__ = ["Html", "el", "row", "styled"]


class Html(str):
    """Text that is HTML already. Any other text is escaped where it meets one."""

    __slots__ = ()


def el(name: str, *children: str, **attributes: str) -> Html:
    """An element; children that are not `Html` and all attributes are escaped.

    A trailing underscore is dropped from an attribute's name, and other underscores become hyphens.

    Examples
    --------
    >>> el("b", "<img src=x onerror=alert(1)>", class_="phy-name")
    '<b class="phy-name">&lt;img src=x onerror=alert(1)&gt;</b>'
    """
    given = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    inner = "".join(child if isinstance(child, Html) else escape(child) for child in children)
    return Html(f"<{name}{given}>{inner}</{name}>")


def row(cells: Iterable[str], cell: str = "td") -> Html:
    """A row of a table."""
    return el("tr", *(el(cell, text) for text in cells))


def styled(*children: str, **attributes: str) -> Html:
    """A block that brings the style sheet along, for output that stands alone."""
    return el("div", Html(f"<style>{style()}</style>"), *children, class_="phyllome", **attributes)


@cache
def style() -> str:
    """The style sheet; every rule is below ``.phyllome`` and every colour one of the theme's."""
    return files("phyllome_nb").joinpath("style.css").read_text("utf-8")
