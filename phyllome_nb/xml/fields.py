"""Fields: one declaration says where a value lives in the XML, what it may be, and what it means.

A field is a data descriptor of a :class:`~phyllome_nb.xml.part.Part`. Reading decodes the XML in place;
writing checks the value first and then changes the one node that holds it. ``None`` removes it.
"""

import re
from collections.abc import Iterable
from operator import index
from typing import TYPE_CHECKING, ClassVar, Generic, Literal, Required, Self, SupportsIndex, TypedDict, Unpack, overload

from typing_extensions import TypeVar, override

from phyllome_nb.errors import DefinitionError, FieldError
from phyllome_nb.size import Size
from phyllome_nb.xml.document import Element, set_text, text_of
from phyllome_nb.xml.path import Path

if TYPE_CHECKING:
    from phyllome_nb.xml.part import Part

__all__ = ["Choice", "Field", "Flag", "Hex", "Integer", "Secret", "SizeField", "Switch", "Text", "TextList"]

T = TypeVar("T")
"""What the field holds."""

R = TypeVar("R", default=None)
"""What reading it gives where the document does not say: None, or `T` where libvirt has a value of its own."""


Words = Literal["yes no", "on off", "true false", "enabled disabled"]


class About(TypedDict, total=False):
    """What every field says of itself."""

    help: Required[str]
    """A sentence for a person who does not know libvirt."""
    doc: str
    """The address of its section below https://libvirt.org/; the part's own where it is left out."""
    qemu: str
    """The QEMU option that it becomes."""


class Field(Generic[T, R]):
    """One value of a definition.

    Parameters
    ----------
    path : str
        Where it lives below its part, such as ``memoryBacking/source/@type``.
    absent : optional
        What libvirt takes where the document does not say; None where it has no fixed value.
    **about
        ``help``, ``doc`` and ``qemu``, see `About`.
    """

    kind: ClassVar[str] = "value"
    unit: str = ""

    def __init__(self, path: str, *, absent: R = None, **about: Unpack[About]) -> None:  # type: ignore[assignment]
        self.path = Path.of(path)
        self.absent = absent
        self.help = about["help"]
        self.doc = about.get("doc", "")
        self.qemu = about.get("qemu", "")
        self.name = ""

    def __set_name__(self, owner: type["Part"], name: str) -> None:
        self.name = name
        self.__doc__ = self.help

    @overload
    def __get__(self, part: None, owner: type["Part"]) -> Self: ...
    @overload
    def __get__(self, part: "Part", owner: type["Part"]) -> T | R: ...
    def __get__(self, part: "Part | None", owner: type["Part"]) -> Self | T | R:
        if part is None:
            return self
        return self.read(part)

    def __set__(self, part: "Part", value: T | str | None) -> None:
        self.write(part, value)

    def read(self, part: "Part") -> T | R:
        """The value in the document, or what libvirt takes where it has none."""
        text = self.raw(part)
        if text is None:
            return self.absent
        try:
            return self.decode(text, part)
        except ValueError as error:
            raise FieldError(f"{self.label(part)}: {error}") from None

    def raw(self, part: "Part") -> str | None:
        """The text in the document as it stands, or None."""
        element = part.__place__.find(self.path)
        if element is None:
            return None
        if self.path.attribute:
            return element.get(self.path.attribute)
        # An empty element says nothing to libvirt either, nor do the blanks between the elements in one.
        text = text_of(element)
        return text if text.strip() or (text and element.find("*") is None) else None

    def write(self, part: "Part", value: object) -> None:
        """Check `value`, then put it into the document; None removes it.

        Raises
        ------
        FieldError
            If the field cannot hold it; the document is then unchanged.
        """
        self.store(part, self.accept(part, value))

    def accept(self, part: "Part", value: object) -> list[str]:
        """The texts that `store` writes for `value`; none removes the field. FieldError says why there are none."""
        part.__place__.confirm()
        try:
            texts = self.texts(value)
            for text in texts:
                _check_characters(text)
        except ValueError as error:
            raise FieldError(f"{self.label(part)}: {error}") from None
        return texts

    def texts(self, value: object) -> list[str]:
        """The texts that stand for `value`, one for each element; ValueError says why there are none."""
        return [] if value is None else [self.encode(self.check(value))]

    def store(self, part: "Part", texts: list[str]) -> None:
        """Write what was accepted; what the document says already stays as it is written there."""
        if not texts:
            self.remove(part)
        elif not self._says(part, texts[0]):
            self.put(part.__place__.ensure(self.path), texts[0])

    def _says(self, part: "Part", text: str) -> bool:
        """Whether the document has this value, in whatever form."""
        before = self.raw(part)
        try:
            return before is not None and self.encode(self.decode(before, part)) == text
        except ValueError:
            return False

    def put(self, element: Element, text: str) -> None:
        """Store `text` in its element."""
        if self.path.attribute:
            element.set(self.path.attribute, text)
        else:
            set_text(element, text)

    def remove(self, part: "Part") -> None:
        """Take the value out, with the elements that it leaves empty."""
        element = part.__place__.find(self.path)
        if element is None:
            return
        self.clear(element)
        empty = not element.attrib and element.find("*") is None and not text_of(element).strip()
        if empty and not _is_flag(self.path, part):
            part.__place__.prune(element)

    def clear(self, element: Element) -> None:
        """Take the value out of its element, and nothing else that the element says."""
        if self.path.attribute:
            element.attrib.pop(self.path.attribute, "")
        else:
            set_text(element, "")

    def label(self, part: "Part") -> str:
        """How a person calls this field: ``memory.maximum``."""
        return part.__place__.named(self.name)

    def check(self, value: object) -> T:
        """`value` as the field holds it; ValueError says why it cannot."""
        raise NotImplementedError

    def decode(self, text: str, part: "Part") -> T:  # noqa: ARG002
        """The value that `text` stands for; ValueError says why there is none."""
        return self.check(text)

    def encode(self, value: T) -> str:
        """The text that stands for `value`."""
        return str(value)


class Text(Field[str, R]):
    """Any text; `suggestions` are common ones."""

    kind = "text"

    def __init__(self, path: str, suggestions: str = "", *, absent: R = None, **about: Unpack[About]) -> None:  # type: ignore[assignment]
        super().__init__(path, absent=absent, **about)
        self.choices = tuple(suggestions.split())

    @override
    def check(self, value: object) -> str:
        if not isinstance(value, str):
            raise ValueError(f"{_quoted(value)} is not a text.")
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
            raise ValueError(f"{_quoted(value)} is not one of its choices: {', '.join(self.choices)}.")
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
            raise ValueError(f"{_quoted(number)} is too large: at most {MOST}.")
        if number < self.least:
            raise ValueError(f"{number} is too small: at least {self.least}.")
        return number

    @override
    def decode(self, text: object, part: "Part | None" = None) -> int:
        """The number, however large or small: a document may hold what must not be written."""
        if isinstance(text, str) and (found := NUMBER.fullmatch(text.strip())):
            return int(found[0], 16 if found["hex"] else 10)
        if isinstance(text, bool) or not isinstance(text, SupportsIndex):
            raise ValueError(f"{_quoted(text)} is not a whole number.")
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
            raise ValueError(f"{_quoted(value)} has no unit: write Size('4 GiB') or the text '4 GiB'.")
        if value < self.least:
            raise ValueError(f"{value} is too small: at least {Size(self.least)}.")
        return value.ceil("KiB")

    @override
    def decode(self, text: str, part: "Part") -> Size:
        element = part.__place__.find(self.path)
        unit = (element.get("unit") if element is not None else None) or self.unit
        if not re.fullmatch(r"\s*\+?[0-9]+\s*", text):
            raise DefinitionError(f"{_quoted(text)} is not a whole number of {unit}.")
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
            raise ValueError(f"{_quoted(value)} is neither True nor False.")
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


def _is_flag(path: Path, part: "Part") -> bool:
    """Whether the mere presence of the element at a path says something."""
    flags = (field.path for field in part.__declared__.values() if isinstance(field, Flag))
    return any(flag.steps == path.steps for flag in flags)


def _quoted(value: object) -> str:
    """`value` for a sentence, cut where it is long."""
    text = repr(value) if not isinstance(value, int) or abs(value) <= MOST**2 else "a number of many digits"
    return text if len(text) <= 60 else f"{text[:57]}…"


def _check_characters(text: str) -> None:
    """Refuse what XML cannot hold before anything is changed."""
    if found := re.search("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text):
        raise ValueError(f"{_quoted(text)} has the character {found[0]!r}, which XML cannot hold: remove it.")
