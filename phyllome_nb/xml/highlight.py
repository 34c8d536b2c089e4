"""XML as coloured HTML, line by line."""

from collections.abc import Container

from pygments import lex
from pygments.lexers.html import XmlLexer
from pygments.token import Comment, Name, String, _TokenType

from phyllome_nb.html import Html, el

__all__ = ["highlight"]

CLASSES = {Name.Tag: "phy-tag", Name.Attribute: "phy-attribute", String: "phy-string", Comment: "phy-comment"}


def highlight(text: str, changed: Container[int] = ()) -> Html:
    """`text` as a ``<pre>``; the lines whose numbers (from 0) are in `changed` are marked.

    Examples
    --------
    >>> highlight("<acpi/>", changed=[0])
    '<pre class="phy-xml"><span class="phy-line phy-changed" title="changed"><span class="phy-tag">&lt;acpi</span>...
    """
    lines: list[list[str]] = [[]]
    for kind, value in lex(text, XmlLexer(stripnl=False, ensurenl=False)):
        first, *others = value.split("\n")
        lines[-1].append(_token(kind, first))
        lines.extend([_token(kind, other)] for other in others)
    return el("pre", *(_line(line, number in changed) for number, line in enumerate(lines)), class_="phy-xml")


def _line(parts: list[str], changed: bool) -> Html:
    if not changed:
        return el("span", *parts, class_="phy-line")
    return el("span", *parts, class_="phy-line phy-changed", title="changed")


def _token(kind: _TokenType, text: str) -> str:
    name = next((name for group, name in CLASSES.items() if group in kind.split()), None)
    return el("span", text, class_=name) if name and text else text
