"""What a person edits shows no password, and gives back each of them."""

from xml.sax.saxutils import quoteattr

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from phyllome_nb.xml.mask import Mask

SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=1).filter(lambda text: text.strip())


@given(st.lists(SECRETS, max_size=4))
def test_every_password_is_hidden_and_comes_back(secrets: list[str]) -> None:
    """Whatever is in it, and however often."""
    text = "<a>" + "".join(f"<graphics passwd={quoteattr(secret)}/>" for secret in secrets) + "</a>"
    mask = Mask()
    shown = mask.hide(text)
    assert shown.count("••••••") == len(secrets)
    assert [each.get("passwd") for each in etree.fromstring(mask.reveal(shown))] == secrets


@given(st.text(), st.text())
def test_text_without_secrets_stays(text: str, more: str) -> None:
    """Also text that has dots of its own, and text that is no XML."""
    mask = Mask()
    mask.hide("<graphics passwd='geheim'/>")
    plain = f"{text}••••••1{more}".replace("passwd", "").replace("cookie", "")
    assert mask.reveal(mask.hide(plain)) == plain


def test_dots_that_are_copied_elsewhere_tell_nothing() -> None:
    """Only the place of a password gives it back."""
    mask = Mask()
    shown = mask.hide("<graphics passwd='geheim'/>")
    assert mask.reveal(f"<title>••••••1</title>{shown}") == "<title>••••••1</title><graphics passwd='geheim'/>"


def test_a_cookie_is_a_secret_too() -> None:
    """As a whole, with its line breaks."""
    mask = Mask()
    text = "<cookies>\n<cookie name='a'>one\ntwo</cookie>\n<cookie name='b'/></cookies>"
    assert "one" not in mask.hide(text)
    assert mask.reveal(mask.hide(text)) == text
