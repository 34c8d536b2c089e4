"""The datatypes of XML Schema that libvirt's schema uses, read as libxml2 reads them."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from phyllome_nb.errors import PhyllomeError

__all__ = ["Datatype", "datatype", "expression", "squeezed"]

SPACE = re.compile(r"[ \t\n\r]+")

INTEGER = re.compile(r"[+-]?[0-9]+")
NATURAL = re.compile(r"[0-9]+")
DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
DOUBLE = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|-?INF|NaN")
MOMENT = re.compile(
    r"-?([0-9]{4,})-([0-9]{2})-([0-9]{2})T(([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?|24:00:00(\.0+)?)"
    r"(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)?"
)
NCNAME = re.compile(r"[^\W\d][\w.\-·]*")

RANGES: dict[str, tuple[int | None, int | None]] = {
    "integer": (None, None),
    "nonNegativeInteger": (0, None),
    "positiveInteger": (1, None),
    "long": (-(2**63), 2**63 - 1),
    "int": (-(2**31), 2**31 - 1),
    "short": (-(2**15), 2**15 - 1),
    "byte": (-(2**7), 2**7 - 1),
    "unsignedLong": (0, 2**64 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedByte": (0, 2**8 - 1),
}
"""Whole numbers, with the least and the greatest that each type holds."""

LONGEST = 24
"""Digits that libxml2 reads of a whole number."""

Check = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Datatype:
    """One type with its limits: whether a text is of it, and how a person would call it."""

    checks: tuple[Check, ...]
    says: str

    def allows(self, text: str) -> bool:
        """Whether `text`, as it stands in the document, is a value of this type."""
        return all(check(text) for check in self.checks)


def squeezed(text: str) -> str:
    """`text` with its white space made single blanks, as tokens are compared."""
    return " ".join(part for part in SPACE.split(text) if part)


def datatype(name: str, limits: Iterable[tuple[str, str]] = ()) -> Datatype:
    """A type by its name in XML Schema, within its limits.

    Parameters
    ----------
    name : str
        ``string``, ``unsignedInt``, …
    limits : iterable of (str, str)
        The parameters of the schema: ``("pattern", "[0-9]+")``, ``("maxInclusive", "31")``, …

    Raises
    ------
    PhyllomeError
        If the type or a limit is none of those known here.

    Examples
    --------
    >>> slot = datatype("int", [("minInclusive", "0"), ("maxInclusive", "31")])
    >>> slot.says, slot.allows(" 31 "), slot.allows("32"), slot.allows("lots")
    ('a whole number from 0 to 31', True, False, False)
    """
    given = [(kind, value) for kind, value in limits]
    patterns = [value for kind, value in given if kind == "pattern"]
    bounds = [(kind, value) for kind, value in given if kind != "pattern"]
    if name in RANGES:
        made = _whole(name, bounds)
    elif name in {"double", "float", "decimal"}:
        made = _real(name, bounds)
    elif name in OTHERS:
        made = Datatype((OTHERS[name][0], *(_length(kind, value) for kind, value in bounds)), OTHERS[name][1])
    else:
        raise PhyllomeError(f"The schema uses the datatype {name!r}, which is not known here.")
    if not patterns:
        return made
    says = [f"text that matches {pattern}" for pattern in patterns]
    checks = (_matching(pattern, plain=name == "string") for pattern in patterns)
    return Datatype((*made.checks, *checks), " and ".join(says if name == "string" else [made.says, *says]))


def _whole(name: str, bounds: list[tuple[str, str]]) -> Datatype:
    least, most = RANGES[name]
    for kind, value in bounds:
        number = int(value)
        if kind in {"minInclusive", "minExclusive"}:
            number += kind == "minExclusive"
            least = number if least is None else max(least, number)
        elif kind in {"maxInclusive", "maxExclusive"}:
            number -= kind == "maxExclusive"
            most = number if most is None else min(most, number)
        else:
            raise PhyllomeError(f"The schema limits {name} by {kind!r}, which is not known here.")
    form = NATURAL if name.startswith("unsigned") else INTEGER

    def check(text: str) -> bool:
        token = squeezed(text)
        if not form.fullmatch(token) or len(token.lstrip("+-").lstrip("0")) > LONGEST:
            return False
        number = int(token)
        return (least is None or least <= number) and (most is None or number <= most)

    span = [f"from {least}" if most is not None else f"of at least {least}"] if least is not None else []
    if most is not None:
        span.append(f"to {most}" if span else f"of at most {most}")
    return Datatype((check,), " ".join(["a whole number", *span]))


def _real(name: str, bounds: list[tuple[str, str]]) -> Datatype:
    form = DECIMAL if name == "decimal" else DOUBLE

    def check(text: str) -> bool:
        token = squeezed(text)
        if not form.fullmatch(token):
            return False
        try:
            number = Decimal(token.replace("INF", "Infinity"))
            return all(_within(kind, number, Decimal(value)) for kind, value in bounds)
        except InvalidOperation:  # a comparison with NaN
            return not bounds

    return Datatype((check,), " ".join(["a number", *(f"({kind} {value})" for kind, value in bounds)]))


def _within(kind: str, number: Decimal, bound: Decimal) -> bool:
    if kind == "minInclusive":
        return number >= bound
    if kind == "maxInclusive":
        return number <= bound
    if kind == "minExclusive":
        return number > bound
    if kind == "maxExclusive":
        return number < bound
    raise PhyllomeError(f"The schema limits a number by {kind!r}, which is not known here.")


def _length(kind: str, value: str) -> Check:
    bound = int(value)
    if kind == "maxLength":
        return lambda text: len(text) <= bound
    if kind == "minLength":
        return lambda text: len(text) >= bound
    if kind == "length":
        return lambda text: len(text) == bound
    raise PhyllomeError(f"The schema limits text by {kind!r}, which is not known here.")


def _moment(text: str) -> bool:
    found = MOMENT.fullmatch(squeezed(text))
    if found is None:
        return False
    try:
        date(int(found[1]) % 400 + 400, int(found[2]), int(found[3]))  # the calendar repeats itself
    except ValueError:
        return False
    return True


def _truth(text: str) -> bool:
    return squeezed(text) in {"true", "false", "1", "0"}


def _matching(pattern: str, *, plain: bool) -> Check:
    form = expression(pattern)
    return lambda text: form.fullmatch(text if plain else squeezed(text)) is not None


OTHERS: dict[str, tuple[Check, str]] = {
    "string": (lambda _: True, "text"),
    "normalizedString": (lambda _: True, "text"),
    "token": (lambda _: True, "text"),
    "anyURI": (lambda _: True, "an address (URI)"),
    "dateTime": (_moment, "a date and time such as 2026-01-31T12:00:00"),
    "boolean": (_truth, "true or false"),
    "NCName": (lambda text: NCNAME.fullmatch(squeezed(text)) is not None, "a name without colons and blanks"),
}


def expression(pattern: str) -> re.Pattern[str]:
    """The expression of XML Schema, as Python's.

    There ``^`` and ``$`` are common characters, and a bracket within brackets is one, too, unless it is taken away
    from the rest (``[a-z-[aeiou]]``), which libvirt does not use.

    Examples
    --------
    >>> bool(expression("$[a-z]+").fullmatch("$abc"))
    True
    """
    found = []
    inside = False
    for piece in re.findall(r"\\.|.", pattern, re.DOTALL):
        if inside:
            found.append("\\" + piece if piece in {"[", "&", "~", "|"} else piece)
            inside = piece != "]"
        else:
            found.append({"^": r"\^", "$": r"\$", ".": r"[^\n\r]"}.get(piece, piece))
            inside = piece == "["
    try:
        return re.compile("".join(found))
    except re.error as error:
        raise PhyllomeError(f"The schema's pattern {pattern!r} cannot be read: {error}.") from None
