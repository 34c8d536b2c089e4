"""A field found by typing a few letters of its name, its XML or its QEMU option."""

from collections.abc import Callable

import ipywidgets as w

from phyllome_nb.domain.search import search
from phyllome_nb.html import Html, el
from phyllome_nb.panels.calls import Calls
from phyllome_nb.xml.part import Entry

__all__ = ["FieldSearch"]

MOST = 8
"""So many are shown at once."""


class FieldSearch:
    """A text to type in, and below it a button for each field that is meant.

    Parameters
    ----------
    chosen : callable
        Called with the name of the field whose button was pressed: ``devices.disks[].cache``.
    calls : Calls
        Passes on what a person does.
    """

    def __init__(self, chosen: Callable[[str], None], calls: Calls) -> None:
        self._chosen = chosen
        self._found: list[Entry] = []
        self._typed = w.Text(
            description="Find a field",
            placeholder="queues, @cpuset, -smp …",
            tooltip="A few letters of its name, its XML or its QEMU option",
            style={"description_width": "10em"},
            layout=w.Layout(width="auto"),
        )
        self._typed.add_class("phy-find")
        self._said = w.HTML()
        self._buttons = [self._button(number, calls) for number in range(MOST)]
        self._results = w.VBox(layout=w.Layout(display="none"))
        self._results.add_class("phy-found")
        calls.changed(self._typed, self._look)
        self.widget = w.VBox([self._typed, self._said, self._results])

    def _button(self, number: int, calls: Calls) -> w.Button:
        button = w.Button(layout=w.Layout(width="auto"))
        calls.pressed(button, lambda: self._chosen(self._found[number].name))
        return button

    def _look(self, typed: str) -> None:
        """Show what is meant; of many the likeliest."""
        self._found = search(typed)
        shown = self._found[:MOST]
        for button, entry in zip(self._buttons, shown, strict=False):
            button.description = _line(entry)
            button.tooltip = f"Show {entry.name}: {entry.field.help}"
        self._results.children = self._buttons[: len(shown)]
        self._results.layout.display = "" if shown else "none"
        said = _counted(typed, len(self._found))
        self._said.value = el("div", said, role="status", class_="phy-help") if said else Html("")


def _line(entry: Entry) -> str:
    qemu = f" · QEMU {entry.field.qemu}" if entry.field.qemu else ""
    return f"{entry.name} · {entry.path}{qemu}"


def _counted(typed: str, number: int) -> str:
    if not typed.strip():
        return ""
    if not number:
        return f"No field is called {typed.strip()[:40]!r}; the XML can be written by hand in its tab."
    return "" if number <= MOST else f"{number} fields; the likeliest {MOST} are shown. Type more to narrow them down."
