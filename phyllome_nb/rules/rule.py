"""How a rule is written: a function that looks at one case and yields what it finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Literal

from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.rules.case import Case
from phyllome_nb.rules.finding import Severity
from phyllome_nb.xml.part import Part
from phyllome_nb.xml.reading import name_of

__all__ = ["Answer", "Fix", "Found", "Rule", "removing", "rule", "same_part", "setting"]

Answer = Literal["refuses", "fails at start", "rewrites", "accepts", ""]
"""What libvirt does about it: at define, at start, in silence, or nothing. Empty where that depends."""


@dataclass(frozen=True, slots=True)
class Fix:
    """The one right answer."""

    label: str
    """What it does, as a button says it: ``Make it 4 cores``."""
    do: Callable[[DomainSpec], object]


@dataclass(frozen=True, slots=True)
class Found:
    """One place that breaks a rule."""

    part: Part
    field: str
    """The field of the part that is wrong; empty where the whole part is."""
    what: str
    fix: Fix | None = None
    severity: Severity | None = None
    """Where it differs from the rule's own."""
    path: str | None = None
    """Where in the XML, where that is no place of the part's."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that experts check."""

    id: str
    severity: Severity
    why: str
    """Its function's docstring: one sentence."""
    source: str
    libvirt: Answer
    look: Callable[[Case], Iterator[Found]]

    @property
    def group(self) -> str:
        """The module that it stands in."""
        return self.look.__module__.rpartition(".")[2]

    @property
    def title(self) -> str:
        """Its function's name in words."""
        return self.look.__name__.replace("_", " ")


Look = Callable[[Case], Iterator[Found]]


def rule(id: str, severity: Severity, *, source: str, libvirt: Answer = "") -> Callable[[Look], Rule]:  # noqa: A002
    """Make a rule of a function whose docstring says in one sentence why it matters."""

    def make(look: Look) -> Rule:
        return Rule(id, severity, " ".join((look.__doc__ or "").split()), source, libvirt, look)

    return make


def setting(label: str, part: Part, **values: object) -> Fix:
    """The fix that sets fields of a part; None takes one out."""
    name = name_of(part)
    return Fix(label, lambda spec: same_part(spec, name).update(**values))


def removing(label: str, part: Part) -> Fix:
    """The fix that takes a part out of the list in which it stands."""
    *above, last = name_of(part).split(".")
    listed = last.partition("[")[0]

    def remove(spec: DomainSpec) -> None:
        getattr(same_part(spec, ".".join(above)), listed).remove(same_part(spec, name_of(part)))

    return Fix(label, remove)


def same_part(spec: DomainSpec, name: str) -> Part:
    """The part that is called so in a definition: ``devices.disks[1]``."""
    start: Part = spec
    return reduce(_step, name.split(".") if name else [], start)


def _step(part: Part, step: str) -> Part:
    name, _, number = step.rstrip("]").partition("[")
    found = getattr(part, name)
    below: Part = found[int(number)] if number else found
    return below
