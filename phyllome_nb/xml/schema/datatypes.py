"""The datatypes of XML Schema that libvirt's grammar uses."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

__all__ = ["Datatype", "datatype"]

INTEGERS = {
    "integer": (None, None),
    "int": (-(2**31), 2**31 - 1),
    "long": (-(2**63), 2**63 - 1),
    "short": (-(2**15), 2**15 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedLong": (0, 2**64 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "positiveInteger": (1, None),
    "nonNegativeInteger": (0, None),
}
PATTERNS = {
    "NCName": r"[^\W\d][\w.\-]*",
    "dateTime": r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?",
    "double": r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|-?INF|NaN",
}

NUMBERS = {"[0-9]+", "[0-9]{1,10}", "[0-9]{1,20}", r"(-|\+)?[0-9]+"}
"""Patterns that a person reads better in words."""


@dataclass(frozen=True)
class Datatype:
    """A type of text, with its limits."""

    name: str
    params: tuple[tuple[str, str], ...] = ()

    def allows(self, text: str) -> bool:
        """Whether a text is of it."""
        return _check(self)(text)

    def __str__(self) -> str:
        given = dict(self.params)
        if given.get("pattern") in NUMBERS:
            return "a whole number"
        if "pattern" in given:
            return f"text like {given['pattern']}"
        if self.name in INTEGERS:
            low, high = INTEGERS[self.name]
            least, most = given.get("minInclusive", low), given.get("maxInclusive", high)
            return f"a whole number{'' if least is None else f' from {least}'}{'' if most is None else f' to {most}'}"
        return {"string": "any text", "double": "a number"}.get(self.name, f"a {self.name}")


@cache
def datatype(name: str, params: tuple[tuple[str, str], ...] = ()) -> Datatype:
    """The type of that name with these limits; the same one each time."""
    return Datatype(name, params)


@cache
def _check(kind: Datatype) -> Callable[[str], bool]:
    low, high = INTEGERS.get(kind.name, (None, None))
    patterns = [PATTERNS[kind.name]] if kind.name in PATTERNS else []
    longest = None
    for name, value in kind.params:
        if name == "pattern":
            patterns.append(value)
        elif name == "minInclusive":
            low = max(low, int(value)) if low is not None else int(value)
        elif name == "maxInclusive":
            high = min(high, int(value)) if high is not None else int(value)
        elif name == "maxLength":
            longest = int(value)
    compiled = [re.compile(pattern) for pattern in patterns]

    def allows(text: str) -> bool:
        if kind.name != "string":
            text = " ".join(text.split())
        if kind.name in INTEGERS:
            if not re.fullmatch("[+-]?[0-9]+", text):
                return False
            number = int(text) if len(text) < 40 else 10**40
            if (low is not None and number < low) or (high is not None and number > high):
                return False
        if longest is not None and len(text) > longest:
            return False
        return all(pattern.fullmatch(text) for pattern in compiled)

    return allows
