"""Tables to look through: chosen by name, filtered, ordered, a page at a time."""

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as w
import pandas as pd

from phyllome_nb.capacity.matching import matching, ordered
from phyllome_nb.export.page import table as as_html
from phyllome_nb.html import Html, el
from phyllome_nb.panels.calls import Calls

__all__ = ["TableView"]

PAGE = 50
"""Rows on a page."""
QUIET = {"uuid"}
"""Columns for programs."""
AS_IT_IS = "as it is"


class TableView:
    """One of several tables, and what a person wants to see of it.

    Parameters
    ----------
    tables : mapping of str to callable
        What makes each table, by its title; only the one that is shown is made.
    calls : Calls
        Passes on what a person does.
    """

    def __init__(self, tables: Mapping[str, Callable[[], pd.DataFrame]], calls: Calls) -> None:
        self._tables = dict(tables)
        self._page = 0
        wide = {"description_width": "initial"}
        self._which = w.Dropdown(options=list(self._tables), description="Table", style=wide)
        self._filter = w.Text(
            description="Filter",
            placeholder="web vcpus>4 autostart=yes",
            tooltip="Words that a row must have, and comparisons with a column",
            style=wide,
            layout=w.Layout(width="22em"),
        )
        self._order = w.Dropdown(options=[AS_IT_IS], description="Order by", style=wide)
        self._descending = w.Checkbox(description="largest first", indent=False, layout=w.Layout(width="auto"))
        self._back = _button("Previous page", lambda: self._turn(-1), calls)
        self._on = _button("Next page", lambda: self._turn(1), calls)
        self._where = w.HTML()
        self._shown = w.HTML()
        calls.changed(self._which, lambda _: self._choose())
        for control in (self._filter, self._order, self._descending):
            calls.changed(control, lambda _: self._begin())
        line = w.Layout(flex_flow="row wrap", grid_gap="0.4em 1em", align_items="center")
        pane = w.Box([self._shown], layout=w.Layout(overflow="auto", max_height="40em"))
        self.widget = w.VBox(
            [
                w.HBox([self._which, self._filter, self._order, self._descending], layout=line),
                w.HBox([self._where, self._back, self._on], layout=line),
                pane,
            ]
        )

    @property
    def table(self) -> pd.DataFrame:
        """The rows that are wanted, all pages together.

        Raises
        ------
        ValueError
            If the filter cannot be understood.
        """
        found = matching(self._tables[self._which.value](), self._filter.value)
        if self._order.value == AS_IT_IS or self._order.value not in found.columns:
            return found
        return ordered(found, self._order.value, descending=self._descending.value)

    def refresh(self) -> None:
        """Show what the tables say now; what was chosen stays chosen."""
        try:
            found = self.table
        except ValueError as error:
            self._where.value = el("span", str(error), class_="phy-error", role="status")
            return
        names = [AS_IT_IS, *(str(name) for name in found.columns)]
        if list(self._order.options) != names:
            with self._order.hold_trait_notifications():
                chosen = self._order.value
                self._order.options = names
                self._order.value = chosen if chosen in names else AS_IT_IS
        pages = max((len(found) - 1) // PAGE + 1, 1)
        self._page = min(self._page, pages - 1)
        self._back.disabled, self._on.disabled = self._page == 0, self._page == pages - 1
        first = self._page * PAGE
        self._where.value = _where(first, min(first + PAGE, len(found)), len(found))
        told = [name for name in found.columns if name not in QUIET and _is_told(found[name])]
        rows = as_html(found[told].iloc[first : first + PAGE])
        # It can have the focus, so that the keyboard scrolls it.
        self._shown.value = el("div", rows, tabindex="0", role="group", aria_label=str(self._which.value))

    def _choose(self) -> None:
        self._order.value = AS_IT_IS
        self._begin()

    def _begin(self) -> None:
        self._page = 0
        self.refresh()

    def _turn(self, pages: int) -> None:
        self._page += pages
        self.refresh()


def _button(label: str, press: Callable[[], None], calls: Calls) -> w.Button:
    button = w.Button(description=label, disabled=True, layout=w.Layout(width="auto"))
    calls.pressed(button, press)
    return button


def _is_told(column: "pd.Series[Any]") -> bool:
    """Whether some row has a value there."""
    return bool((column.notna() & (column.astype("string") != "")).any())


def _where(first: int, last: int, rows: int) -> Html:
    said = f"Rows {first + 1} to {last} of {rows}" if rows else "No row"
    return el("span", said, class_="phy-quiet", role="status")
