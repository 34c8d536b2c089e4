"""HTML is escaped by construction, and the coloured XML loses no character."""

import re
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phyllome_nb.html import Html, el, row, style, styled
from phyllome_nb.xml.highlight import highlight


@pytest.mark.parametrize("text", ["<img src=x onerror=alert(1)>", "&lt;", "\"'", "</pre><script>", ""])
def test_text_is_escaped(text: str) -> None:
    """A child that is not HTML, and every attribute, shows as it was written."""
    made = el("b", text, title=text)
    assert made.count("<") == made.count(">") == 2
    assert unescape(made) == f'<b title="{text}">{text}</b>'


def test_html_is_not_escaped_twice() -> None:
    """Elements nest; a plain str that looks like one does not."""
    inner = el("i", "<")
    assert el("b", inner) == "<b><i>&lt;</i></b>"
    assert el("b", str(inner) + "") == "<b>&lt;i&gt;&amp;lt;&lt;/i&gt;</b>"


def test_joining_html_makes_it_text_again() -> None:
    """Only what the room itself made counts: pieces put together by hand are escaped, not trusted."""
    assert not isinstance(el("b") + "<script>", Html)
    assert not isinstance(f"{el('b')}<script>", Html)
    assert "<script" not in el("div", el("b") + "<script>")


def test_names_of_attributes_are_pythons() -> None:
    """``class_`` is class, ``aria_label`` is aria-label."""
    assert el("a", class_="x", aria_label="y") == '<a class="x" aria-label="y"></a>'


def test_a_row_escapes_its_cells() -> None:
    """In the body and in the head."""
    assert row(["<", el("i")]) == "<tr><td>&lt;</td><td><i></i></td></tr>"
    assert row(["a"], "th") == "<tr><th>a</th></tr>"


def test_a_styled_block_brings_its_style_and_loads_nothing() -> None:
    """It stands alone in a saved notebook: no link, no import, no address."""
    made = styled("<", id="x")
    assert made.startswith('<div class="phyllome" id="x"><style>')
    assert made.endswith("</style>&lt;</div>")
    assert re.search(r"@import|url\(|https?:|</", style()) is None


def test_every_rule_of_the_style_sheet_is_below_our_class() -> None:
    """It changes nothing else on the page."""
    rules = re.sub(r"/\*.*?\*/", "", style(), flags=re.DOTALL)
    selectors = [selector.strip() for selector in re.findall(r"([^{};]+)\{", rules)]
    assert selectors
    assert [
        each
        for selector in selectors
        if not selector.startswith("@")
        for each in selector.split(",")
        if not each.strip().startswith(".phyllome")
    ] == []


@given(st.text() | st.text("<>/=\"'&;![]-? ab\n\r"))
@settings(max_examples=300, database=None, deadline=None)
def test_highlighting_loses_no_character(text: str) -> None:
    """The lines of the block, joined, are the text, whatever it is."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = re.findall(r'<span class="phy-line">(.*?)</span>(?=<span class="phy-line">|</pre>)', highlight(text))
    assert "\n".join(unescape(re.sub("<[^>]*>", "", line)) for line in lines) == text


def test_changed_lines_are_marked() -> None:
    """By their numbers from 0, and in words as well as by colour."""
    made = highlight("<a>\n  <b/>\n</a>", changed=[1])
    assert made.count("phy-changed") == made.count('title="changed"') == 1
    assert re.search(r'title="changed">.*&lt;b', made)


def test_tags_attributes_values_and_comments_have_classes() -> None:
    """Each a class of the style sheet's, none a colour of its own."""
    made = highlight('<a b="c"><!-- d --></a>')
    for name in ("phy-tag", "phy-attribute", "phy-string", "phy-comment"):
        assert f'class="{name}"' in made
        assert f".{name}" in style()
    assert "style=" not in made
