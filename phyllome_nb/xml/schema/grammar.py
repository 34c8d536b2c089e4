"""Reading a grammar: the files, the definitions in them, and the pattern that each stands for."""

from functools import cache, cached_property
from pathlib import Path

from lxml import etree

from phyllome_nb.xml.document import Element
from phyllome_nb.xml.schema.datatypes import datatype
from phyllome_nb.xml.schema.pattern import (
    ANY,
    EMPTY,
    NOTHING,
    TEXT,
    Pattern,
    attribute,
    choice,
    data,
    element,
    group,
    interleave,
    many,
    value,
)

__all__ = ["PLACES", "Schema", "installed"]

RNG = "{http://relaxng.org/ns/structure/1.0}"
PLACES = ("/usr/share/libvirt/schemas", "/usr/local/share/libvirt/schemas")
"""Where libvirt's library installs its grammar."""


class Schema:
    """A grammar in RelaxNG's XML form.

    Parameters
    ----------
    file : Path
        The file with its start.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._definitions: dict[str, list[Element]] = {}
        self._starts: list[Element] = []
        self._patterns: dict[str, Pattern] = {}
        self._read(file)

    def _read(self, file: Path) -> None:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
        self._collect(etree.parse(file, parser).getroot(), file.parent)

    def _collect(self, parent: Element, directory: Path) -> None:
        for child in parent.iterchildren(tag=etree.Element):
            kind = _kind(child)
            if kind == "include":
                self._read(directory / child.get("href", ""))
                # What stands inside an include takes the place of what it brings.
                for inner in child.iterchildren(f"{RNG}define"):
                    self._definitions.pop(inner.get("name", ""), None)
                self._collect(child, directory)
            elif kind == "define":
                self._definitions.setdefault(child.get("name", ""), []).append(child)
            elif kind == "start":
                self._starts.append(child)
            elif kind == "div":
                self._collect(child, directory)

    @cached_property
    def start(self) -> Pattern:
        """What a whole document may be."""
        return choice(self._all(start) for start in self._starts)

    def _named(self, name: str) -> Pattern:
        if name not in self._patterns:
            given = self._definitions.get(name, [])
            patterns = [self._all(each) for each in given]
            combined = any(each.get("combine") == "interleave" for each in given)
            self._patterns[name] = interleave(patterns) if combined else choice(patterns)
        return self._patterns[name]

    def _all(self, node: Element) -> Pattern:
        """What the children of a node stand for together."""
        return group(self._pattern(child) for child in _children(node))

    def _pattern(self, node: Element) -> Pattern:  # noqa: PLR0911, PLR0912  (one for each construct)
        kind = _kind(node)
        match kind:
            case "ref":
                return self._named(node.get("name", ""))
            case "element":
                return choice(self._element(node, name) for name in _element_names(node))
            case "attribute":
                return choice(attribute(name, self._content(node)) for name in _attribute_names(node))
            case "choice":
                return choice(self._pattern(child) for child in _children(node))
            case "interleave":
                return interleave(self._pattern(child) for child in _children(node))
            case "optional":
                return choice([self._all(node), EMPTY])
            case "zeroOrMore":
                return choice([many(self._all(node)), EMPTY])
            case "oneOrMore":
                return many(self._all(node))
            case "group":
                return self._all(node)
            case "text":
                return TEXT
            case "empty":
                return EMPTY
            case "value":
                return value(node.text or "")
            case "data":
                params = tuple((each.get("name", ""), each.text or "") for each in node.iterchildren(f"{RNG}param"))
                return data(datatype(node.get("type", "string"), params))
            case "mixed":
                return interleave([self._all(node), TEXT])
        return NOTHING

    def _element(self, node: Element, name: str) -> Pattern:
        made: list[Pattern] = []

        def content() -> Pattern:
            if not made:
                made.append(self._content(node))
            return made[0]

        return element(name, content)

    def _content(self, node: Element) -> Pattern:
        """What is in an element or an attribute, its name apart; an attribute that says nothing holds any text."""
        children = [child for child in _children(node) if _kind(child) not in {"anyName", "name", "nsName"}]
        named_by_child = node.get("name") is None
        inner = [child for child in children if not (named_by_child and _kind(child) == "choice" and _is_name(child))]
        if not inner:
            return TEXT if _kind(node) == "attribute" else EMPTY
        return group(self._pattern(child) for child in inner)


@cache
def installed(directory: str = "") -> Schema | None:
    """Libvirt's grammar for domains as it is on this machine; None where there is none.

    Debian has it in the package ``libvirt0``, which libvirt-python needs anyway.
    """
    for place in (directory,) if directory else PLACES:
        file = Path(place, "domain.rng")
        if file.is_file():
            return Schema(file)
    return None


def _kind(node: Element) -> str:
    return str(node.tag).removeprefix(RNG)


def _children(node: Element) -> list[Element]:
    return [child for child in node.iterchildren(tag=etree.Element) if str(child.tag).startswith(RNG)]


def _is_name(node: Element) -> bool:
    return all(_kind(child) in {"name", "nsName", "anyName"} for child in _children(node))


def _element_names(node: Element) -> list[str]:
    if (name := node.get("name")) is not None:
        prefix, _, local = name.strip().rpartition(":")
        space = node.nsmap.get(prefix) if prefix else _inherited(node)
        return [f"{{{space}}}{local}" if space else local]
    return [ANY]


def _inherited(node: Element) -> str:
    """The namespace that holds where an element is declared."""
    at: Element | None = node
    while at is not None:
        if (space := at.get("ns")) is not None:
            return space
        at = at.getparent()
    return ""


def _attribute_names(node: Element) -> list[str]:
    if (name := node.get("name")) is not None:
        prefix, _, local = name.strip().rpartition(":")
        space = node.nsmap.get(prefix) if prefix else node.get("ns")
        return [f"{{{space}}}{local}" if space else local]
    return [ANY]
