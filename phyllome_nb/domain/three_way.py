"""Three versions of one definition: as it was, as somebody else made it, and as you did."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from phyllome_nb.html import el, row, styled
from phyllome_nb.xml.merge import Clash

if TYPE_CHECKING:
    import pandas as pd

    from phyllome_nb.domain.spec import DomainSpec

__all__ = ["ThreeWay"]


@dataclass(frozen=True, slots=True)
class ThreeWay:
    """What two people made of one definition, and both put together."""

    base: "DomainSpec"
    theirs: "DomainSpec"
    mine: "DomainSpec"
    merged: "DomainSpec"
    """Theirs, with what mine changed."""
    clashes: tuple[Clash, ...]
    """What both changed, and not alike."""

    def to_frame(self) -> "pd.DataFrame":
        """Every change, a row each.

        Returns
        -------
        pandas.DataFrame
            The columns who (theirs, mine, or both where they clash), path, before, theirs and mine, all str.
        """
        import pandas as pd

        clashing = {clash.path for clash in self.clashes}
        rows = [("both", clash.path, clash.before, clash.theirs, clash.mine) for clash in self.clashes]
        theirs = (each for each in self.base.diff(self.theirs) if each.path not in clashing)
        mine = (each for each in self.base.diff(self.mine) if each.path not in clashing)
        rows += [("theirs", each.path, each.before, each.after, "") for each in theirs]
        rows += [("mine", each.path, each.before, "", each.after) for each in mine]
        return pd.DataFrame(rows, columns=["who", "path", "before", "theirs", "mine"], dtype="str")

    def __repr__(self) -> str:
        return self.to_frame().to_string(index=False)

    def _repr_html_(self) -> str:
        head = row(["changed by", "where", "as it was", "theirs", "mine"], "th")
        rows = (row(map(str, values)) for values in self.to_frame().itertuples(index=False))
        return styled(el("table", el("thead", head), el("tbody", *rows), class_="phy-table"))
