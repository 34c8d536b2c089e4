"""Size: an amount of memory or storage that knows libvirt's units."""

import re
from fractions import Fraction
from operator import index
from typing import Self

from phyllome_nb.errors import DefinitionError

__all__ = ["Size"]

BINARY = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
DECIMAL = ("KB", "MB", "GB", "TB", "PB", "EB")

# libvirt's table (formatdomain, "unit"): case does not matter, a bare letter is binary.
FACTORS: dict[str, int] = (
    dict.fromkeys(("b", "byte", "bytes"), 1)
    | {name.lower(): 1024**power for power, name in enumerate(BINARY, 1)}
    | {name[0].lower(): 1024**power for power, name in enumerate(BINARY, 1)}
    | {name.lower(): 1000**power for power, name in enumerate(DECIMAL, 1)}
)
TEXT = re.compile(r"\s*(?P<number>[0-9]{1,40}(?:\.[0-9]{1,40})?)\s*(?P<unit>[A-Za-z]*)\s*")


def factor(unit: str) -> int:
    """Bytes in one `unit`, read as libvirt reads it."""
    try:
        return FACTORS[unit.lower()]
    except KeyError:
        raise DefinitionError(f"{unit!r} is not a unit libvirt knows: use {choices()}.") from None


def choices() -> str:
    """The units, for a sentence."""
    return f"bytes, {', '.join(BINARY)} (powers of 1024) or {', '.join(DECIMAL)} (powers of 1000)"


class Size(int):
    """A whole number of bytes that reads and prints libvirt's units.

    Parameters
    ----------
    value : int or str
        A number of bytes, a number of `unit`, or a text such as ``"4 GiB"``. Fractions are read
        where they make whole bytes (``"1.5 GiB"``).
    unit : str, optional
        The unit of `value` where `value` is a number. As in libvirt, case does not matter,
        ``k``, ``M``, ``G`` … and ``KiB``, ``MiB``, ``GiB`` … are powers of 1024, and ``KB``, ``MB``,
        ``GB`` … are powers of 1000.

    Raises
    ------
    DefinitionError
        If the text is not a number with a unit, or libvirt does not know the unit.

    Notes
    -----
    Source: https://libvirt.org/formatdomain.html#memory-allocation.

    Examples
    --------
    >>> Size("4 GiB")
    Size('4 GiB')
    >>> Size(4, "GB").to("MiB")
    3814.697265625
    >>> print(Size("4 GiB") - Size("512 MiB"))
    3584 MiB
    >>> Size("4")
    Traceback (most recent call last):
    ...
    phyllome_nb.errors.DefinitionError: '4' has no unit: write '4 GiB', or another of bytes, KiB, MiB, ...
    """

    def __new__(cls, value: int | str = 0, unit: str | None = None) -> Self:  # noqa: D102  (documented above)
        if isinstance(value, str):
            if unit is not None:
                value = f"{value} {unit}"
            return super().__new__(cls, _read(value))
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise DefinitionError(f"{value!r} is not a size: write '4 GiB', Size(4, 'GiB') or a whole number of bytes.")
        return super().__new__(cls, index(value) * factor(unit) if unit else value)

    def __getnewargs__(self) -> tuple[int]:
        return (int(self),)

    def to(self, unit: str) -> int | float:
        """The number of `unit` in this size: an int where it is whole, else a float.

        Examples
        --------
        >>> Size("4 GiB").to("MiB"), Size("1 MiB").to("GiB")
        (4096, 0.0009765625)
        """
        whole, rest = divmod(int(self), factor(unit))
        return int(self) / factor(unit) if rest else whole

    def ceil(self, unit: str) -> Self:
        """This size rounded up to whole `unit`, as libvirt rounds memory up to KiB.

        Examples
        --------
        >>> Size("1000 KB").ceil("KiB")
        Size('977 KiB')
        """
        return type(self)(-(-int(self) // factor(unit)), unit)

    def split(self) -> tuple[int, str]:
        """The number and the largest binary unit in which it is whole: ``(4, "GiB")``."""
        for unit in reversed(BINARY):
            if self and int(self) % factor(unit) == 0:
                return int(self) // factor(unit), unit
        return int(self), "bytes"

    def short(self) -> str:
        """A rounded text for people.

        Examples
        --------
        >>> Size("8480972 KiB").short()
        '8.1 GiB'
        """
        unit = next((unit for unit in reversed(BINARY) if abs(self) >= factor(unit)), "bytes")
        number = f"{int(self) / factor(unit):.1f}".removesuffix(".0")
        return f"{number} {unit}"

    def __str__(self) -> str:
        number, unit = self.split()
        return f"{number} {unit}"

    def __repr__(self) -> str:
        return f"Size({str(self)!r})"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __add__(self, other: int) -> Self:
        return type(self)(int(self) + other)

    __radd__ = __add__

    def __sub__(self, other: int) -> Self:
        return type(self)(int(self) - other)

    def __mul__(self, times: int) -> Self:
        return type(self)(int(self) * times)

    __rmul__ = __mul__


def _read(text: str) -> int:
    """Bytes in a text such as ``4 GiB``."""
    match = TEXT.fullmatch(text)
    if not match:
        text = text if len(text) <= 60 else f"{text[:57]}…"
        raise DefinitionError(f"{text!r} is not a size: write a number and a unit, such as '4 GiB'.")
    if not match["unit"]:
        raise DefinitionError(f"{text!r} has no unit: write '{match['number']} GiB', or another of {choices()}.")
    exact = Fraction(match["number"]) * factor(match["unit"])
    if exact.denominator != 1:
        raise DefinitionError(f"{text!r} is not a whole number of bytes: use a smaller unit.")
    return int(exact)
