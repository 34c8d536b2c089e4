"""XML as coloured HTML, line by line."""

from collections.abc import Container, Mapping

from pygments import lex
from pygments.lexers.html import XmlLexer
from pygments.token import Comment, Name, String, _TokenType

from phyllome_nb.html import Html, el

__all__ = ["highlight"]

CLASSES = {Name.Tag: "phy-tag", Name.Attribute: "phy-attribute", String: "phy-string", Comment: "phy-comment"}


def highlight(text: str, changed: Container[int] = (), notes: Mapping[int, str] | None = None) -> Html:
    """`text` as a ``<pre>``; the lines whose numbers (from 0) are in `changed` are marked, and `notes` are tooltips.

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
    said = notes or {}
    shown = (_line(line, number in changed, said.get(number, "")) for number, line in enumerate(lines))
    return el("pre", *shown, class_="phy-xml")


def _line(parts: list[str], changed: bool, note: str) -> Html:
    title = note or ("changed" if changed else "")
    tooltip = {"title": title} if title else {}
    return el("span", *parts, class_="phy-line phy-changed" if changed else "phy-line", **tooltip)


def _token(kind: _TokenType, text: str) -> str:
    name = next((name for group, name in CLASSES.items() if group in kind.split()), None)
    return el("span", text, class_=name) if name and text else text
