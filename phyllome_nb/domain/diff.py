"""What two definitions say differently: in words, and as coloured XML."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from phyllome_nb.html import Html, el, styled
from phyllome_nb.xml.compare import Difference

__all__ = ["Diff"]

CLASSES = {"+": "phy-added-line", "-": "phy-dropped-line"}


@dataclass(frozen=True, slots=True)
class Diff:
    """The differences between two definitions, a line each; iterate over it for `Difference` objects."""

    differences: tuple[Difference, ...]
    before: str
    """The lines of one, as they are shown."""
    after: str

    def __iter__(self) -> Iterator[Difference]:
        return iter(self.differences)

    def __len__(self) -> int:
        return len(self.differences)

    def unified(self) -> str:
        """The XML of both as a unified diff, after both were indented alike."""
        found = difflib.unified_diff(self.before.splitlines(), self.after.splitlines(), "before", "after", lineterm="")
        return "\n".join(found)

    def __str__(self) -> str:
        return "\n".join(map(str, self.differences)) or "no difference"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        words = el("ul", *(el("li", str(difference)) for difference in self.differences))
        shown = el("pre", *map(_line, self.unified().splitlines()[2:]), class_="phy-xml")
        return styled(words if self.differences else el("p", "no difference"), shown if self.differences else Html())


def _line(text: str) -> Html:
    return el("span", text, class_=f"phy-line {CLASSES.get(text[:1], '')}".strip())
