"""A field: one declaration says where a value lives in the XML, what it may be, and what it means.

A field is a data descriptor of a :class:`~phyllome_nb.xml.part.Part`. Reading decodes the XML in place;
writing checks the value first and then changes the one node that holds it. ``None`` removes it.
"""

import re
from typing import TYPE_CHECKING, ClassVar, Generic, Required, Self, TypedDict, Unpack, overload

from typing_extensions import TypeVar

from phyllome_nb.errors import FieldError
from phyllome_nb.xml.document import Element, set_text, text_of
from phyllome_nb.xml.path import Path

if TYPE_CHECKING:
    from phyllome_nb.xml.part import Part

__all__ = ["About", "Field", "R", "quoted"]

T = TypeVar("T")
"""What the field holds."""

R = TypeVar("R", default=None)
"""What reading it gives where the document does not say: None, or `T` where libvirt has a value of its own."""


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


def _is_flag(path: Path, part: "Part") -> bool:
    """Whether the mere presence of the element at a path says something."""
    fields = (what for what in part.__declared__.values() if isinstance(what, Field))
    return any(field.kind == "flag" and field.path.steps == path.steps for field in fields)


def quoted(value: object) -> str:
    """`value` for a sentence, cut where it is long."""
    text = "a number of many digits" if isinstance(value, int) and value.bit_length() > 1000 else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _check_characters(text: str) -> None:
    """Refuse what XML cannot hold before anything is changed."""
    if found := re.search("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text):
        raise ValueError(f"{quoted(text)} has the character {found[0]!r}, which XML cannot hold: remove it.")
