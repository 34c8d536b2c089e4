"""Reading a definition safely, and writing it back as it was."""

from copy import deepcopy
from functools import cache

from lxml import etree

from phyllome_nb.errors import FieldError, ParseError

__all__ = [
    "Element",
    "copy",
    "forget_secrets",
    "new",
    "parse",
    "part_of",
    "public",
    "public_text",
    "replace",
    "set_text",
    "text_of",
    "to_text",
]

Element = etree._Element  # noqa: SLF001  (lxml gives its element type no public name)

HIDDEN = "••••••"

LIMIT = 4 * 1024 * 1024
"""Bytes: libvirt's own limit for the XML in one call."""


def parse(text: str | bytes, root: str) -> Element:
    """The root element of a document, with everything around it kept.

    Parameters
    ----------
    text : str or bytes
        The document. Comments, processing instructions, CDATA and white space are kept.
    root : str
        The element that the document must hold.

    Raises
    ------
    ParseError
        If it is no XML, no `root`, larger than 4 MiB, or has a DOCTYPE, which libvirt would expand.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > LIMIT:
        raise ParseError(f"The text is {len(data):,} bytes long; libvirt takes at most {LIMIT:,}: give one definition.")
    if not data.strip():
        raise ParseError(f"The text is empty: give the XML of one <{root}>.")
    try:
        element = etree.fromstring(data, _parser(encoding="utf-8" if isinstance(text, str) else None))
    except etree.XMLSyntaxError as error:
        raise ParseError(f"Not well-formed XML: {_one_line(error)}.", error.lineno) from None
    except (LookupError, ValueError) as error:
        raise ParseError(f"The text cannot be read as XML: {_one_line(error)}.") from None
    if _docinfo(element).doctype:
        raise ParseError("The text has a DOCTYPE, which libvirt would expand: remove the DOCTYPE and its entities.")
    if element.tag != root:
        found = etree.QName(element).text
        raise ParseError(f"This is a <{found}> document, not a libvirt <{root}>: give the XML of one virtual machine.")
    return element


def _one_line(error: Exception) -> str:
    """The parser's complaint, without line breaks and without the name of a file that there is not."""
    return "".join(str(error).partition(" (<string>")[0].splitlines())


@cache
def _parser(encoding: str | None) -> etree.XMLParser:
    """A parser that keeps what it reads and loads nothing."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        strip_cdata=False,
        encoding=encoding,
    )


def _docinfo(element: Element) -> etree.DocInfo:
    info: etree.DocInfo = element.getroottree().docinfo
    return info


def new(tag: str) -> Element:
    """An empty element."""
    return etree.Element(tag)


def copy(element: Element) -> Element:
    """The same document again, the comments around its root included."""
    tree = deepcopy(element.getroottree())
    return tree.getroot()


def part_of(text: str, path: str) -> str:
    """The element at a path below the root of a document that libvirt wrote, as text; empty where there is none."""
    found = etree.fromstring(text.encode(), _parser(encoding="utf-8")).find(path)
    return "" if found is None else etree.tostring(found, encoding="unicode", with_tail=False)


def replace(element: Element, other: Element) -> None:
    """Make an element say what another of its name says; what stands around it stays."""
    twin = deepcopy(other)
    tail = element.tail
    element.clear()
    element.text, element.tail = twin.text, tail
    element.attrib.update(twin.attrib)
    element.extend(list(twin))


def to_text(element: Element) -> str:
    """The document of `element` as text, the comments around its root included."""
    root = element.getroottree().getroot()
    if root.getprevious() is None and root.getnext() is None:
        return etree.tostring(root, encoding="unicode")
    # lxml drops the white space around the root, and would put the comments there on the root's line.
    document = [*reversed([*root.itersiblings(preceding=True)]), root, *root.itersiblings()]
    return "\n".join(etree.tostring(node, encoding="unicode", with_tail=False) for node in document)


def public_text(element: Element) -> str:
    """The document as text for the screen: passwords and cookies replaced by dots."""
    shown = copy(element)
    _replace_secrets(shown, HIDDEN)
    return to_text(shown)


def forget_secrets(element: Element) -> None:
    """Take passwords and cookies out of a document."""
    _replace_secrets(element, "")


def public(element: Element, name: str, value: str) -> str:
    """`value` for the screen, as the attribute `name` of `element` or, under no name, its text."""
    secret = name == "passwd" or (element.tag == "cookie" and not name)
    return HIDDEN if secret and value else value


def _replace_secrets(root: Element, instead: str) -> None:
    """Put `instead` in the place of every secret; nothing takes the attribute along."""
    for node in root.iter(etree.Element):
        if public(node, "passwd", node.get("passwd", "")):
            node.set("passwd", instead) if instead else node.attrib.pop("passwd")
        if public(node, "", text_of(node)) == HIDDEN:
            set_text(node, instead)


def text_of(element: Element) -> str:
    """The characters directly inside `element`, comments left out."""
    return "".join([element.text or "", *(child.tail or "" for child in element)])


def set_text(element: Element, text: str) -> None:
    """Replace the characters directly inside `element`; comments stay."""
    try:
        element.text = text or None
    except ValueError:
        raise FieldError(f"{text!r} has characters that XML cannot hold: remove control characters.") from None
    for child in element:
        child.tail = None
