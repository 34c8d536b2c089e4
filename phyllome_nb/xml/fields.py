"""The kinds of field: texts, words, numbers, sizes, switches, flags and lists of them."""

import re
from collections.abc import Iterable
from operator import index
from typing import TYPE_CHECKING, Literal, SupportsIndex, Unpack

from typing_extensions import override

from phyllome_nb.errors import DefinitionError
from phyllome_nb.size import Size
from phyllome_nb.xml.document import Element, text_of
from phyllome_nb.xml.field import About, Field, R, quoted

if TYPE_CHECKING:
    from phyllome_nb.xml.part import Part

__all__ = ["Choice", "Field", "Flag", "Hex", "Integer", "R", "Secret", "SizeField", "Switch", "Text", "TextList"]

Words = Literal["yes no", "on off", "true false", "enabled disabled"]


class Text(Field[str, R]):
    """Any text; `suggestions` are common ones."""

    kind = "text"

    def __init__(self, path: str, suggestions: str = "", *, absent: R = None, **about: Unpack[About]) -> None:  # type: ignore[assignment]
        super().__init__(path, absent=absent, **about)
        self.choices = tuple(suggestions.split())

    @override
    def check(self, value: object) -> str:
        if not isinstance(value, str):
            raise ValueError(f"{quoted(value)} is not a text.")
        return value


class Secret(Text[R]):
    """A text that is never shown: not in a form, a table or a representation."""

    kind = "secret"


class Choice(Text[R]):
    """One of a few words. An unknown word in a document is read as it is, but never written."""

    kind = "choice"

    @override
    def check(self, value: object) -> str:
        if value not in self.choices:
            raise ValueError(f"{quoted(value)} is not one of its choices: {', '.join(self.choices)}.")
        return str(value)

    @override
    def decode(self, text: str, part: "Part") -> str:
        return text


NUMBER = re.compile("(?P<hex>0[xX][0-9a-fA-F]{1,16})|[+-]?[0-9]{1,20}")

MOST = 2**64 - 1
"""The largest whole number that libvirt can hold."""


class Integer(Field[int, R]):
    """A whole number, of `unit` where it counts something that the document does not say."""

    kind = "integer"

    def __init__(
        self,
        path: str,
        least: int = 0,
        *,
        unit: str = "",
        absent: R = None,  # type: ignore[assignment]
        **about: Unpack[About],
    ) -> None:
        super().__init__(path, absent=absent, **about)
        self.least = least
        self.unit = unit

    @override
    def check(self, value: object) -> int:
        number = self.decode(value)
        if number > MOST:
            raise ValueError(f"{quoted(number)} is too large: at most {MOST}.")
        if number < self.least:
            raise ValueError(f"{number} is too small: at least {self.least}.")
        return number

    @override
    def decode(self, text: object, part: "Part | None" = None) -> int:
        """The number, however large or small: a document may hold what must not be written."""
        if isinstance(text, str) and (found := NUMBER.fullmatch(text.strip())):
            return int(found[0], 16 if found["hex"] else 10)
        if isinstance(text, bool) or not isinstance(text, SupportsIndex):
            raise ValueError(f"{quoted(text)} is not a whole number.")
        return index(text)


class Hex(Integer[R]):
    """A whole number that is written with so many hexadecimal digits, and read in either form."""

    kind = "hex"

    def __init__(self, path: str, digits: int = 2, *, absent: R = None, **about: Unpack[About]) -> None:  # type: ignore[assignment]
        super().__init__(path, absent=absent, **about)
        self.digits = digits

    @override
    def encode(self, value: int) -> str:
        return f"0x{value:0{self.digits}x}"


class SizeField(Field[Size, R]):
    """An amount of memory, with its unit in ``@unit``; KiB where the document names none, rounded up to KiB.

    `unit` is another unit for documents that name none.
    """

    kind = "size"

    def __init__(
        self,
        path: str,
        unit: str = "KiB",
        *,
        least: int = 0,
        absent: R = None,  # type: ignore[assignment]
        **about: Unpack[About],
    ) -> None:
        super().__init__(path, absent=absent, **about)
        self.unit = unit
        self.least = least

    @override
    def check(self, value: object) -> Size:
        if isinstance(value, str):
            value = Size(value)
        if not isinstance(value, Size):
            raise ValueError(f"{quoted(value)} has no unit: write Size('4 GiB') or the text '4 GiB'.")
        if value < self.least:
            raise ValueError(f"{value} is too small: at least {Size(self.least)}.")
        return value.ceil("KiB")

    @override
    def decode(self, text: str, part: "Part") -> Size:
        element = part.__place__.find(self.path)
        unit = (element.get("unit") if element is not None else None) or self.unit
        if not re.fullmatch(r"\s*\+?[0-9]+\s*", text):
            raise DefinitionError(f"{quoted(text)} is not a whole number of {unit}.")
        return Size(int(text), unit).ceil("KiB")

    @override
    def put(self, element: Element, text: str) -> None:
        number, unit = text.split()
        super().put(element, number)
        element.set("unit", unit)

    @override
    def clear(self, element: Element) -> None:
        super().clear(element)
        element.attrib.pop("unit", "")


class Switch(Field[bool, R]):
    """A word for yes and a word for no."""

    kind = "switch"

    def __init__(self, path: str, words: Words, *, absent: R = None, **about: Unpack[About]) -> None:  # type: ignore[assignment]
        super().__init__(path, absent=absent, **about)
        self.yes, self.no = words.split()

    @override
    def check(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise ValueError(f"{quoted(value)} is neither True nor False.")
        return value

    @override
    def decode(self, text: str, part: "Part") -> bool:
        if text not in (self.yes, self.no):
            raise ValueError(f"{text!r} is neither {self.yes!r} nor {self.no!r}.")
        return text == self.yes

    @override
    def encode(self, value: bool) -> str:
        return self.yes if value else self.no


class Flag(Field[bool, bool]):
    """An element whose presence says yes."""

    kind = "flag"

    def __init__(self, path: str, **about: Unpack[About]) -> None:
        super().__init__(path, absent=False, **about)

    @override
    def read(self, part: "Part") -> bool:
        return part.__place__.find(self.path) is not None

    @override
    def texts(self, value: object) -> list[str]:
        if not isinstance(value, bool) and value is not None:
            raise ValueError(f"{value!r} is neither True nor False.")
        return [""] if value else []

    @override
    def store(self, part: "Part", texts: list[str]) -> None:
        if texts:
            part.__place__.ensure(self.path)
        elif (element := part.__place__.find(self.path)) is not None:
            part.__place__.prune(element)


class TextList(Field[tuple[str, ...], tuple[str, ...]]):
    """The same value of several elements, in their order: ``os/boot/@dev``."""

    kind = "list"

    def __init__(self, path: str, choices: str = "", **about: Unpack[About]) -> None:
        super().__init__(path, absent=(), **about)
        self.choices = tuple(choices.split())

    @override
    def __set__(self, part: "Part", value: Iterable[str] | None) -> None:
        self.write(part, value)

    @override
    def read(self, part: "Part") -> tuple[str, ...]:
        values = (self._value(element) for element in part.__place__.all(self.path))
        return tuple(value for value in values if value is not None)

    @override
    def texts(self, value: object) -> list[str]:
        if isinstance(value, str) or not isinstance(value, Iterable | None):
            raise ValueError(f"{value!r} is not a list of texts.")
        return [self._checked(text) for text in value or ()]

    @override
    def store(self, part: "Part", texts: list[str]) -> None:
        elements = part.__place__.all(self.path)
        for element, text in zip(elements, texts, strict=False):
            self.put(element, text)
        for element in elements[len(texts) :]:
            part.__place__.prune(element)
        for text in texts[len(elements) :]:
            self.put(part.__place__.add(self.path), text)

    def _checked(self, text: object) -> str:
        if not isinstance(text, str) or (self.choices and text not in self.choices):
            wanted = f"one of {', '.join(self.choices)}" if self.choices else "a text"
            raise ValueError(f"{text!r} is not {wanted}.")
        return text

    def _value(self, element: Element) -> str | None:
        return element.get(self.path.attribute) if self.path.attribute else text_of(element)
