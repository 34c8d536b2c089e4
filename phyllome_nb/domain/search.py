"""Fields found by a few letters: of their name, their XML, the QEMU option that they become, or what they do."""

from dataclasses import dataclass
from functools import cache

from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.xml.part import Entry, entries

__all__ = ["search"]

NOT_AT_ALL = 100


@dataclass(frozen=True, slots=True)
class Described:
    """A field, and the texts by which it is found, in small letters."""

    entry: Entry
    name: str
    xml: str
    qemu: str
    help: str

    def distance(self, word: str) -> int:
        """How far a word is from meaning this field: 0 is its very name."""
        *_, own = self.name.split(".")
        places = {
            0: own == word,
            1: any(step.startswith(word) for step in self.name.split(".")) or self.qemu == word,
            2: word in self.name or self.qemu.startswith(word),
            3: word in self.xml,
            4: word in self.qemu,
            8: word in self.help,
        }
        return next((far for far, found in places.items() if found), NOT_AT_ALL)


def search(typed: str) -> list[Entry]:
    """The fields that are meant by what was typed, the likeliest first.

    Parameters
    ----------
    typed : str
        Words, each of which a field must have in its name, its XML path, its QEMU option or its help.

    Examples
    --------
    >>> [entry.name for entry in search("-smp")][:2]
    ['vcpus.maximum', 'vcpus.current']
    >>> search("free page")[0].name
    'devices.memballoon.free_page_reporting'
    >>> search("<currentMemory>")[0].name
    'memory.current'
    """
    typed = typed.translate(str.maketrans("<>=\"'", "     "))
    words = [_plain(word) for word in typed.split() if any(map(str.isalnum, word))]
    if not words:
        return []
    far = [(sum(map(each.distance, words)), number, each.entry) for number, each in enumerate(_described())]
    return [entry for distance, _, entry in sorted(far, key=lambda one: one[:2]) if distance < NOT_AT_ALL]


def _plain(text: str) -> str:
    return text.lower().strip("/").replace("_", "-")


@cache
def _described() -> tuple[Described, ...]:
    """Every field, the least deep of two alike first."""
    found = sorted(entries(DomainSpec), key=lambda entry: entry.name.count("."))
    return tuple(
        Described(
            entry,
            _plain(entry.name.replace("[]", "")),
            str(entry.path).lower(),
            _plain(entry.field.qemu),
            f"{entry.field.help} {entry.part.__title__}".lower(),
        )
        for entry in found
    )
