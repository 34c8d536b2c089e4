"""A place below an element, and how it is found, made and removed without disturbing the rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Self

from lxml import etree

from phyllome_nb.errors import FieldError
from phyllome_nb.xml.document import Element

__all__ = ["NAMESPACES", "Order", "Path", "Place", "insert", "line_of", "prune", "swap"]

NAMESPACES = {
    "qemu": "http://libvirt.org/schemas/domain/qemu/1.0",
    "lxc": "http://libvirt.org/schemas/domain/lxc/1.0",
    "bhyve": "http://libvirt.org/schemas/domain/bhyve/1.0",
    "xen": "http://libvirt.org/schemas/domain/xen/1.0",
    "vmware": "http://libvirt.org/schemas/domain/vmware/1.0",
    "libosinfo": "http://libosinfo.org/xmlns/libvirt/domain/1.0",
}

Order = Mapping[tuple[str, ...], tuple[str, ...]]
"""For the steps to a parent, its children's tags in schema order."""

INDENT = "  "
"""What a level is indented by where the document does not show it."""


@dataclass(frozen=True, slots=True)
class Path:
    """Steps of element names, then an attribute or, where there is none, the element's text.

    Examples
    --------
    >>> Path.of("memoryBacking/source/@type")
    Path(steps=('memoryBacking', 'source'), attribute='type')
    >>> str(Path.of("memory"))
    'memory'
    """

    steps: tuple[str, ...] = ()
    attribute: str | None = None

    @classmethod
    def of(cls, text: str) -> Self:
        """Read ``a/b/@c`` or ``a/b``."""
        *steps, last = text.split("/") if text else [""]
        if last.startswith("@"):
            return cls(tuple(steps), last[1:])
        return cls((*steps, last) if last else tuple(steps))

    def __str__(self) -> str:
        return "/".join([*self.steps, *([f"@{self.attribute}"] if self.attribute else [])])

    def below(self, steps: tuple[str, ...]) -> Self:
        """This path, `steps` further down."""
        return type(self)(steps + self.steps, self.attribute)

    def find(self, anchor: Element) -> Element | None:
        """The first element at the steps, as libvirt reads the first, or None."""
        found: Element | None = anchor
        for step in self.steps:
            if found is None:
                return None
            found = found.find(_clark(step))
        return found

    def all(self, anchor: Element) -> list[Element]:
        """Every element at the steps."""
        return anchor.findall(_joined(self.steps))

    def ensure(self, anchor: Element, order: Order) -> Element:
        """The element at the steps, made in its place in schema order where it is missing."""
        found = anchor
        for depth, step in enumerate(self.steps):
            child = found.find(_clark(step))
            if child is None:
                child = insert(found, step, order.get(self.steps[:depth], ()))
            found = child
        return found


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part stands: so many steps below an element, which need not exist yet."""

    anchor: Element
    """The element that is there: the document's root, or one device."""
    order: Order
    """Schema order below the anchor."""
    steps: tuple[str, ...] = ()
    name: str = ""
    """How a person calls it: ``cpu.topology``."""
    listed: bool = False
    """The anchor is one of a list, and may have been taken out of it."""

    def below(self, path: Path, name: str) -> Self:
        """The place of a part at `path`."""
        return type(self)(self.anchor, self.order, self.steps + path.steps, self.named(name), self.listed)

    def confirm(self) -> None:
        """Raise FieldError if what stood here was taken out of its document."""
        if self.listed and self.anchor.getparent() is None:
            raise FieldError(f"{self.name} was taken out of the definition; look at the list again.")

    def named(self, name: str) -> str:
        """How a person calls what stands here under `name`."""
        return f"{self.name}.{name}" if self.name else name

    def find(self, path: Path) -> Element | None:
        """The first element of `path`, or None."""
        # A snapshot of a large host comes here a hundred thousand times.
        found: Element | None = self.anchor
        for step in self.steps + path.steps:
            if found is None:
                return None
            found = found.find(_clark(step))
        return found

    def all(self, path: Path) -> list[Element]:
        """Every element of `path`."""
        return self.anchor.findall(_joined(self.steps + path.steps))

    def ensure(self, path: Path) -> Element:
        """The element of `path`, made where it is missing."""
        return path.below(self.steps).ensure(self.anchor, self.order)

    def add(self, path: Path) -> Element:
        """One more element of `path`."""
        *parents, last = path.below(self.steps).steps
        parent = Path(tuple(parents)).ensure(self.anchor, self.order)
        return insert(parent, last, self.order.get(tuple(parents), ()))

    def prune(self, element: Element) -> None:
        """Take `element` out, with the parents that it leaves empty."""
        prune(element, self.anchor)


def insert(parent: Element, step: str, siblings: tuple[str, ...]) -> Element:
    """A new child of `parent`: after those of its name, else where schema order puts it."""
    child = _make(parent, step)
    same = parent.findall(_clark(step))
    later = {_clark(tag) for tag in siblings[siblings.index(step) + 1 :]} if step in siblings else set()
    following = [other for other in parent.iterchildren(tag=etree.Element) if other.tag in later]
    if same:
        position = parent.index(same[-1]) + 1
    elif following:
        position = _above_comments(parent, parent.index(following[0]))
    else:
        position = len(parent)
    _place(parent, child, position)
    return child


def prune(element: Element, anchor: Element) -> None:
    """Remove `element` and every parent below `anchor` that it leaves with nothing in it."""
    while element is not anchor:
        parent = element.getparent()
        if parent is None:
            return
        _take_out(parent, element)
        if len(parent) or parent.attrib or not _blank(parent.text):
            return
        parent.text = None
        element = parent


def line_of(root: Element, path: str) -> int:
    r"""The line of the text it was read from, from 1, on which an element stands, or what comes nearest to it.

    Parameters
    ----------
    root : Element
        The root of the document.
    path : str
        A path below it, as a finding has it: ``devices/disk[2]/driver/@queues``.

    Examples
    --------
    >>> from lxml import etree
    >>> root = etree.fromstring("<domain>\n<cpu>\n<topology cores='2'/>\n</cpu>\n</domain>")
    >>> line_of(root, "cpu/topology/@cores"), line_of(root, "cpu/numa"), line_of(root, "")
    (3, 2, 1)
    """
    steps = [step for step in path.split("/") if step and not step.startswith("@")]
    while steps:
        try:
            found = root.find("/".join(steps), NAMESPACES)
        except (SyntaxError, KeyError):
            found = None
        if found is not None:
            return found.sourceline or 1
        steps.pop()
    return root.sourceline or 1


def swap(first: Element, second: Element) -> None:
    """Let two elements of one parent change places; the white space around each place stays."""
    parent = first.getparent()
    if parent is None:
        return
    tails = first.tail, second.tail
    stand_in = parent.makeelement("swap")
    parent.replace(first, stand_in)
    parent.replace(second, first)
    parent.replace(stand_in, second)
    second.tail, first.tail = tails


@cache
def _joined(steps: tuple[str, ...]) -> str:
    return "/".join(map(_clark, steps))


@cache
def _clark(step: str) -> str:
    prefix, _, name = step.rpartition(":")
    return f"{{{NAMESPACES[prefix]}}}{name}" if prefix else step


def _blank(text: str | None) -> bool:
    return not (text or "").strip()


def _make(parent: Element, step: str) -> Element:
    """An element whose namespace, if any, is declared on the document's root, where libvirt puts it."""
    prefix = step.rpartition(":")[0]
    if not prefix:
        return parent.makeelement(step)
    wanted = {prefix: NAMESPACES[prefix]}
    root = parent.getroottree().getroot()
    if NAMESPACES[prefix] not in root.nsmap.values():
        declared = {name for node in root.iter(etree.Element) for name in node.nsmap if name}
        etree.cleanup_namespaces(root, top_nsmap=wanted, keep_ns_prefixes=[*declared, prefix])
    return parent.makeelement(_clark(step), nsmap=wanted)


def _above_comments(parent: Element, position: int) -> int:
    """The position above the comments that stand on lines of their own before `position`."""
    while position and _is_comment(parent[position - 1]) and "\n" in _before(parent[position - 1]):
        position -= 1
    return position


def _is_comment(node: Element) -> bool:
    return isinstance(node, etree._Comment)  # noqa: SLF001  (lxml gives the type no public name)


def _place(parent: Element, child: Element, position: int) -> None:
    """Put `child` at `position`, indented as its siblings are."""
    between = parent.text if _blank(parent.text) else None
    if len(parent) == 0:
        outer = _before(parent).rpartition("\n")
        if outer[1] and _blank(parent.text):
            parent.text, child.tail = f"\n{outer[2]}{_indent(parent)}", f"\n{outer[2]}"
    elif position == len(parent):
        child.tail, parent[-1].tail = parent[-1].tail, between
    else:
        child.tail = between
    parent.insert(position, child)


def _indent(element: Element) -> str:
    """What a level of the document is indented by: as much as the root's first child."""
    text = element.getroottree().getroot().text or ""
    return text.rpartition("\n")[2] if "\n" in text and _blank(text) else INDENT


def _take_out(parent: Element, child: Element) -> None:
    """Remove `child` and the white space that stood before it; other text stays."""
    before = child.getprevious()
    stays = child.tail if child.getnext() is None or not _blank(child.tail) else None
    child.tail = None
    parent.remove(child)
    if stays is None:
        return
    if before is None:
        parent.text = stays if _blank(parent.text) else f"{parent.text}{stays}"
    else:
        before.tail = stays if _blank(before.tail) else f"{before.tail}{stays}"


def _before(element: Element) -> str:
    """The text that stands before `element`; a line break before the root."""
    parent, before = element.getparent(), element.getprevious()
    if parent is None:
        return "\n"
    return (parent.text if before is None else before.tail) or ""
