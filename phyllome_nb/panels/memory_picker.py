"""How much memory, and how much of it the balloon leaves: by slider, by number, in the unit one likes."""

from bisect import bisect_right
from collections.abc import Callable
from decimal import Context, Decimal

import ipywidgets as w

from phyllome_nb.errors import DefinitionError
from phyllome_nb.html import el
from phyllome_nb.panels.calls import Calls
from phyllome_nb.panels.picker import Picker
from phyllome_nb.size import Size

__all__ = ["MemoryPicker", "steps"]

UNITS = ("TiB", "GiB", "MiB")
LEAST = Size("64 MiB")
EXACT = Context(prec=80)
"""Powers of two below one end after as many digits as their exponent."""


def steps(most: Size) -> list[Size]:
    """The amounts a slider stops at: four to each doubling, the last is `most`.

    Examples
    --------
    >>> [str(each) for each in steps(Size("160 MiB"))]
    ['64 MiB', '80 MiB', '96 MiB', '112 MiB', '128 MiB', '160 MiB']
    """
    found, base = list[Size](), LEAST
    while base < most:
        found += [Size(base // 4 * (4 + quarter)) for quarter in range(4)]
        base = Size(base * 2)
    return [*(each for each in found if each < most), most]


class MemoryPicker(Picker):
    """A line for the maximum and one for what the balloon leaves."""

    def _build(self) -> None:
        self._most: Size | None = None
        self._unit = w.Dropdown(
            options=UNITS[::-1],
            description=el("span", "Unit", class_="phy-hidden"),
            description_allow_html=True,
            tooltip="How memory is shown; the amount stays",
            style={"description_width": "0"},
            layout=w.Layout(width="5.5em"),
        )
        self._unit.add_class("phy-bare")
        self._maximum = _Amount("Memory", "The memory the guest boots with", self._set_maximum, self._calls)
        self._current = _Amount("Balloon leaves", "What the balloon leaves the guest", self._set_current, self._calls)
        self._said = w.HTML(layout=w.Layout(margin="0 0 0 10.5em"))
        self._unit.value = self._fitting()
        self._calls.changed(self._unit, lambda _: self.refresh())
        line = w.Layout(flex_flow="row wrap", grid_gap="0.3em 0.5em", align_items="center", min_width="0")
        number, slider = self._maximum.widgets
        maximum = w.HBox([number, self._unit, slider], layout=line)
        self.widget = w.VBox([maximum, w.HBox(self._current.widgets, layout=line), self._said])
        self.widget.add_class("phy-picker")

    def refresh(self) -> None:
        """Show what the definition says now, to the last KiB."""
        self._show()
        self._say()

    def _show(self) -> None:
        try:
            maximum, current = self._spec.memory.maximum, self._spec.memory.current
        except DefinitionError as error:
            self._say(str(error), "phy-error")
            return
        self._maximum.show(maximum, steps(self._limit(maximum)), self._unit.value)
        self._current.show(maximum if current is None else current, steps(maximum), self._unit.value)

    def _say(self, text: str = "", look: str = "phy-quiet") -> None:
        if not text:
            text = self._balloon()
        role = "alert" if look == "phy-error" else "status"
        self._said.value = el("div", text, class_=look, role=role)

    def _balloon(self) -> str:
        try:
            maximum, current = self._spec.memory.maximum, self._spec.memory.current
        except DefinitionError as error:
            return str(error)
        if current is None or current == maximum:
            return "No balloon taken: the same."
        if current > maximum:
            return f"The balloon cannot leave {current}: that is more than the maximum, {maximum}."
        return f"The balloon takes {Size(maximum - current).short()}, and leaves {current.short()}."

    def _limit(self, maximum: Size) -> Size:
        """Where the slider ends; it stays there without a host, else it would run away from who drags it."""
        snapshot = self._snapshot()
        if snapshot is not None and snapshot.host.memory:
            self._most = None
            return Size(max(snapshot.host.memory, LEAST))
        if self._most is None or maximum > self._most:
            self._most = Size(max(maximum, LEAST) * 2)
        return self._most

    def _fitting(self) -> str:
        try:
            maximum = self._spec.memory.maximum
        except DefinitionError:
            return "MiB"
        return next((unit for unit in UNITS if maximum and isinstance(maximum.to(unit), int)), "MiB")

    def _set_maximum(self, typed: str | Size) -> None:
        memory = self._spec.memory
        said = ""
        try:
            before, current = memory.maximum, memory.current
            new = self._read(typed)
            memory.maximum = new
            if current is not None and current == before:
                memory.current = new
            elif current is not None and current > new:
                memory.current = new
                said = f"The balloon left {current}, which is more than there is now: it leaves {new}."
        except DefinitionError as error:
            self._say(str(error), "phy-error")
            return
        self._done(said)

    def _set_current(self, typed: str | Size) -> None:
        memory = self._spec.memory
        try:
            new, maximum = self._read(typed), memory.maximum
            if new > maximum:
                self._say(f"The balloon cannot leave {new}: the maximum is {maximum}.", "phy-error")
                return
            if memory.current is not None or new != maximum:
                memory.current = new
        except DefinitionError as error:
            self._say(str(error), "phy-error")
            return
        self._done()

    def _read(self, typed: str | Size) -> Size:
        new = typed if isinstance(typed, Size) else Size(f"{typed.strip()} {self._unit.value}")
        if not new:
            raise DefinitionError("A guest needs memory: type a number above zero.")
        return new.ceil("KiB")

    def _done(self, said: str = "") -> None:
        # What is shown anew by others comes first: the sentence is to stay.
        self._changed()
        self._show()
        self._say(said, "phy-warning" if said else "phy-quiet")


class _Amount:
    """A number to type and a slider to drag; the slider stands at the nearest stop below, the number is exact."""

    def __init__(self, label: str, tooltip: str, changed: Callable[[str | Size], None], calls: Calls) -> None:
        self._changed = changed
        self._steps: list[Size] = [LEAST]
        self._showing = False
        self._text = w.Text(
            description=label,
            tooltip=tooltip,
            continuous_update=False,
            style={"description_width": "10em"},
            layout=w.Layout(width="18em", max_width="100%"),
        )
        self._slider = w.IntSlider(
            min=0,
            max=0,
            readout=False,
            continuous_update=False,
            tooltip=tooltip,
            layout=w.Layout(flex="1 1 8em", min_width="6em"),
        )
        calls.changed(self._text, self._moved)
        calls.changed(self._slider, lambda stop: self._moved(self._steps[stop]))
        self.widgets = (self._text, self._slider)

    def _moved(self, to: str | Size) -> None:
        if not self._showing:
            self._changed(to)

    def show(self, amount: Size, stops: list[Size], unit: str) -> None:
        """Show an amount in a unit; nothing is rounded but where the slider stands."""
        self._showing = True
        self._steps = stops
        self._slider.max = len(stops) - 1
        self._slider.value = max(bisect_right(stops, amount) - 1, 0)
        self._text.value = _exact(amount, unit)
        self._showing = False


def _exact(amount: Size, unit: str) -> str:
    """All digits of an amount in a unit."""
    return f"{EXACT.divide(Decimal(int(amount)), Decimal(int(Size(1, unit)))):f}"
