"""HTML that is escaped by construction, and the one style sheet."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from html import escape
from importlib.resources import files

__all__ = ["Html", "el", "legible", "row", "styled"]

RIGHT_TO_LEFT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
TURNING = "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
EMPTY = "\u00ad\u200b\u2060-\u2065\ufeff"
JOINER = "(?<=[\x00-\x7f])[\u200c\u200d](?=[\x00-\x7f])"
"""Between plain letters it does nothing; in other scripts and in emoji it is part of the spelling."""
UNSEEN = re.compile(f"[{TURNING}{EMPTY}]|{JOINER}")
"""What nobody sees, and what can make one name look like another."""
WORDS = f"[{RIGHT_TO_LEFT}](?:[^\\x00-\\x1f!-/:-~{TURNING}{EMPTY}]*[{RIGHT_TO_LEFT}])?"
"""Words that are read from the right, with spaces and digits between them."""
APART = re.compile(f"(?P<unseen>{UNSEEN.pattern})|{WORDS}")


class Html(str):
    """Text that is HTML already. Any other text is escaped where it meets one."""

    __slots__ = ()


def el(name: str, *children: str, **attributes: str) -> Html:
    """An element; children that are not `Html` and all attributes are escaped.

    A trailing underscore is dropped from an attribute's name, and other underscores become hyphens. In text, words that
    are read from the right cannot turn what stands beside them, and characters that nobody sees are named.

    Examples
    --------
    >>> el("b", "<img src=x onerror=alert(1)>", class_="phy-name")
    '<b class="phy-name">&lt;img src=x onerror=alert(1)&gt;</b>'
    """
    given = "".join(f' {key.rstrip("_").replace("_", "-")}="{_plain(value)}"' for key, value in attributes.items())
    text = _plain if name == "title" else _text
    inner = "".join(child if isinstance(child, Html) else text(child) for child in children)
    return Html(f"<{name}{given}>{inner}</{name}>")


def legible(text: str) -> str:
    """A text in which characters that nobody sees are named, for a button, a list or a tooltip.

    Examples
    --------
    >>> legible("web\N{ZERO WIDTH SPACE}1")
    'web⟨U+200B⟩1'
    """
    return text if text.isascii() else UNSEEN.sub(lambda found: f"⟨{_code(found[0])}⟩", text)


def _plain(text: str) -> str:
    """Text where no element can be."""
    return escape(legible(text))


def _text(text: str) -> str:
    escaped = escape(text)
    return escaped if text.isascii() else APART.sub(_isolated, escaped)


def _isolated(found: "re.Match[str]") -> str:
    """Words in an element of their own; what is not seen stays there to be copied, and is named beside."""
    if not found["unseen"]:
        return f"<bdi>{found[0]}</bdi>"
    named = unicodedata.name(found[0], _code(found[0]))
    return f'<bdi class="phy-unseen" data-code="{_code(found[0])}" title="{named}">{found[0]}</bdi>'


def _code(character: str) -> str:
    return f"U+{ord(character):04X}"


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
