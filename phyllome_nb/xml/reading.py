"""A part as rules read it: every value decoded once, and none of them an error."""

from typing import Any, TypeVar, cast

from lxml import etree

from phyllome_nb.errors import FieldError
from phyllome_nb.xml.document import Element
from phyllome_nb.xml.fields import Field
from phyllome_nb.xml.lines import steps_to
from phyllome_nb.xml.part import Many, Part, Section
from phyllome_nb.xml.path import Path

__all__ = [
    "comments_of",
    "element_of",
    "field_at",
    "is_present",
    "name_of",
    "numbered_path",
    "path_of",
    "raw",
    "reading",
    "root_of",
    "unreadable",
]

P = TypeVar("P", bound=Part)


class Reading:
    """What a part says, each value decoded when it is first asked for and kept from then on.

    It has the part's own attributes. A value that cannot be read is None. A list of parts is a tuple.
    """

    def __init__(self, part: Part) -> None:
        self.__part__ = part
        self.__wrong__: dict[str, str] = {}

    def __getattr__(self, name: str) -> Any:
        part = self.__part__
        what = part.__declared__.get(name)
        value: Any
        if what is None:
            value = getattr(type(part), name).__get__(self)  # a method of the part reads what was read already
        elif isinstance(what, Field):
            try:
                value = what.read(part)
            except FieldError as error:
                self.__wrong__[name] = str(error)
                value = None
        elif isinstance(what, Section):
            value = Reading(getattr(part, name))
        else:
            value = tuple(Reading(each) for each in getattr(part, name))
        vars(self)[name] = value
        return value

    def __repr__(self) -> str:
        return repr(self.__part__)


def reading(part: P) -> P:
    """`part` for reading only, with its own type. What is changed afterwards is not seen.

    Examples
    --------
    >>> from phyllome_nb.domain.spec import DomainSpec
    >>> spec = reading(DomainSpec.from_xml("<domain><memory>lots</memory><vcpu>2</vcpu></domain>"))
    >>> spec.vcpus.maximum, spec.memory.maximum, unreadable(spec.memory, "maximum")
    (2, None, "memory.maximum: 'lots' is not a whole number of KiB.")
    """
    return cast("P", Reading(part))


def unreadable(part: Part, field: str) -> str | None:
    """Why a value of a `reading` cannot be read; None where it can, or is not there."""
    getattr(part, field)
    wrong: dict[str, str] = vars(part)["__wrong__"]
    return wrong.get(field)


def raw(part: Part, field: str) -> str | None:
    """The text of a value as it stands in the document, or None."""
    below = _part(part)
    text: str | None = below.__declared__[field].raw(below)
    return text


def is_present(part: Part) -> bool:
    """Whether the document has the part's own element."""
    return element_of(part) is not None


def element_of(part: Part, field: str = "") -> Element | None:
    """The element of a part, or of one of its fields; None where the document has none."""
    below = _part(part)
    path = Path(below.__declared__[field].path.steps) if field else Path()
    return below.__place__.find(path)


def root_of(part: Part) -> Element:
    """The root of the document in which a part stands."""
    root: Element = _part(part).__place__.anchor.getroottree().getroot()
    return root


def comments_of(part: Part) -> int:
    """How many comments the document has that are not somebody's metadata."""
    parents = [comment.getparent() for comment in root_of(part).iter(etree.Comment)]
    return sum(parent is not None and "metadata" not in steps_to(parent) for parent in parents)


def name_of(part: Part, field: str = "") -> str:
    """How a person calls a part, or one of its fields: ``devices.disks[0].bus``."""
    place = _part(part).__place__
    return place.named(field) if field else place.name


def path_of(part: Part, field: str = "") -> str:
    """Where the document has a part, or one of its fields: ``devices/disk[2]/target/@bus``.

    An element is counted, from 1, where it has siblings of its name.
    """
    below = _part(part)
    path = below.__declared__[field].path if field else Path()
    steps = [*_numbered(below.__place__.anchor), *below.__place__.steps, *path.steps]
    return "/".join([*steps, *([f"@{path.attribute}"] if path.attribute else [])])


def numbered_path(element: Element) -> str:
    """Where an element is: ``devices/disk[2]``; empty for the root."""
    return "/".join(_numbered(element))


def field_at(kind: type[Part], path: str) -> str:
    """The attribute that holds what is at a path: the field, else the nearest part around it.

    Examples
    --------
    >>> from phyllome_nb.domain.spec import DomainSpec
    >>> field_at(DomainSpec, "devices/disk[2]/target/@bus"), field_at(DomainSpec, "devices/disk[2]/teapot")
    ('devices.disks[1].bus', 'devices.disks[1]')
    """
    given = Path.of(path)
    steps = [step.partition("[")[0] for step in given.steps]
    numbers = [int(step.partition("[")[2].rstrip("]") or 1) - 1 for step in given.steps]
    return _field_at(kind, steps, numbers, given.attribute)


def _field_at(kind: type[Part], steps: list[str], numbers: list[int], attribute: str | None) -> str:
    best = ""
    for what in kind.__declared__.values():
        own = list(what.path.steps)
        if isinstance(what, Field):
            if own == steps and what.path.attribute == attribute:
                return what.name
        elif own == steps[: len(own)] and (own or what.part not in {kind, *kind.__mro__}):
            number = f"[{numbers[len(own) - 1]}]" if isinstance(what, Many) else ""
            inside = _field_at(what.part, steps[len(own) :], numbers[len(own) :], attribute)
            name = f"{what.name}{number}{'.' if inside else ''}{inside}"
            # A part that stands at the root itself is a guess, unless it has the very field.
            if (own or inside) and len(name) > len(best):
                best = name
    return best


def _numbered(anchor: Element) -> list[str]:
    """The steps to an element from below the root, numbered where there are several of a name."""
    names = steps_to(anchor)
    found = []
    node = anchor
    for name in reversed(names):
        parent = node.getparent()
        same = [] if parent is None else parent.findall(str(node.tag))
        found.append(f"{name}[{same.index(node) + 1}]" if len(same) > 1 else name)
        node = anchor if parent is None else parent
    return found[::-1]


def _part(part: Part) -> Part:
    """The part behind a reading of it."""
    below: Part = vars(part).get("__part__", part)
    return below
