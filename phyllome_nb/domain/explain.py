"""Parts of a definition as a manual prints them, each line with its meaning."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from phyllome_nb.errors import DefinitionError
from phyllome_nb.html import el, row, styled
from phyllome_nb.xml.document import Element
from phyllome_nb.xml.fields import Field
from phyllome_nb.xml.highlight import highlight
from phyllome_nb.xml.lines import Line, lines, steps_to
from phyllome_nb.xml.part import Part, Section, fields_by_path
from phyllome_nb.xml.path import Path

__all__ = ["Explanation", "Snippet", "explain", "meanings", "notes", "snippet"]


@dataclass(frozen=True, slots=True)
class Snippet:
    """A part of a definition, the rest as ``[...]``."""

    text: str

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return styled(highlight(self.text))


@dataclass(frozen=True, slots=True)
class Explanation:
    """Lines of a definition, and what each of them means."""

    lines: tuple[tuple[str, tuple[str, ...]], ...]
    """A line of XML, and a sentence for each value on it."""

    def __str__(self) -> str:
        return "\n".join(
            f"{text}{''.join(f'{chr(10)}    # {meaning}' for meaning in said)}" for text, said in self.lines
        )

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        rows = [row([highlight(text), el("div", *(el("div", one) for one in said))]) for text, said in self.lines]
        head = row(["XML", "meaning"], "th")
        return styled(el("table", el("thead", head), el("tbody", *rows), class_="phy-explained"))


def notes(root: Element, part: type[Part]) -> dict[int, str]:
    """By the number of a line of the document, from 0: what the values on it mean."""
    found: dict[int, list[str]] = {}
    for element in root.iter("{*}*"):
        found.setdefault((element.sourceline or 1) - 1, []).extend(meanings(element, part))
    return {line: "\n".join(said) for line, said in found.items() if said}


def snippet(root: Element, part: type[Part], names: tuple[str, ...]) -> Snippet:
    """The named parts of a document."""
    return Snippet("\n".join(line.text for line in _chosen(root, part, names)))


def explain(root: Element, part: type[Part], names: tuple[str, ...]) -> Explanation:
    """The named parts of a document, each line with its meaning; all of it where none is named."""
    chosen = _chosen(root, part, names)
    silent = None if not names or any(_is_of_the_root(part, name) for name in names) else root
    return Explanation(
        tuple(
            (line.text, () if line.element is None or line.element is silent else meanings(line.element, part))
            for line in chosen
        ),
    )


def meanings(element: Element, part: type[Part]) -> tuple[str, ...]:
    """What an element says, a sentence for each of its values that a field knows."""
    known, steps = fields_by_path(part), steps_to(element)
    places = [Path(steps), *(Path(steps, str(name)) for name in element.keys())]  # noqa: SIM118  (lxml's elements)
    return tuple(f"{known[place].name}: {known[place].field.help}" for place in places if place in known)


def _chosen(root: Element, part: type[Part], names: tuple[str, ...]) -> list[Line]:
    wanted = [element for name in names for element in _elements(root, part, name)]
    return lines(root, wanted if names else None)


def _elements(root: Element, part: type[Part], name: str) -> list[Element]:
    """The elements that belong to a part, or to a field of it."""
    what, steps = _named(part, name)
    if isinstance(what, Section) and not what.path.steps:
        return [element for first in _firsts(what.part) for element in Path((*steps, first)).all(root)]
    return Path(steps).all(root) if steps else []  # the root's own attributes are always shown


def _is_of_the_root(part: type[Part], name: str) -> bool:
    """Whether it names an attribute of the document's root."""
    what, steps = _named(part, name)
    return not steps and isinstance(what, Field)


def _named(part: type[Part], name: str) -> tuple[Any, tuple[str, ...]]:
    """What a name stands for, and the elements that lead there."""
    steps: tuple[str, ...] = ()
    what: Any = None
    inside = part
    for word in name.split("."):
        what = inside.__declared__.get(word)
        if what is None:
            near = difflib.get_close_matches(word, inside.__declared__, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(inside.__declared__)}."
            raise DefinitionError(f"{name!r} names no part of a definition: {hint}")
        steps += what.path.steps
        inside = getattr(what, "part", inside)
    return what, steps


def _firsts(part: type[Part]) -> Iterator[str]:
    """The elements in which a part without one of its own keeps its values."""
    yield from dict.fromkeys(what.path.steps[0] for what in part.__declared__.values() if _has_steps(what))


def _has_steps(what: Any) -> bool:
    return isinstance(what, Field | Section) and bool(what.path.steps)
