"""Charts to look at: drawn beside the kernel, in the colours of light and dark themes."""

import threading
from base64 import b64encode
from typing import TYPE_CHECKING

import ipywidgets as w

from phyllome_nb.html import Html, el
from phyllome_nb.panels.calls import Calls
from phyllome_nb.panels.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from phyllome_nb.charts.theme import Chart

__all__ = ["ChartView"]

PATIENCE = 10
"""Seconds that drawing may take."""


class ChartView:
    """One of several charts.

    Parameters
    ----------
    charts : mapping of str to callable
        What draws each of them, by its title, given whether it is for a dark theme.
    calls : Calls
        Passes on what a person does.
    """

    def __init__(self, charts: "Mapping[str, Callable[[bool], Chart]]", calls: Calls) -> None:
        self._charts = dict(charts)
        self._which = w.Dropdown(
            options=list(self._charts), description="Chart", style={"description_width": "initial"}
        )
        calls.changed(self._which, lambda _: self.refresh())
        self._which.layout.display = "" if len(self._charts) > 1 else "none"
        self._work = Work()
        self.idle = self._work.idle
        self._shown = w.HTML()
        self._lock = threading.Lock()
        self._drawing = self._again = False
        self.widget = w.VBox([self._which, self._work.widget, self._shown])

    def refresh(self) -> None:
        """Draw it as things are now; what changes while that is under way is drawn right after it, once."""
        with self._lock:
            self._again = self._drawing
            if self._drawing:
                return
            self._drawing = True
        draw = self._charts[self._which.value]
        self._work.run("Drawing", PATIENCE, lambda: (draw(False), draw(True)), self._have, self._done)

    def _have(self, drawn: "tuple[Chart, Chart]") -> Html:
        light, dark = drawn
        self._shown.value = el("div", _image(light, "phy-for-light"), _image(dark, "phy-for-dark"))
        self._done()
        return Html("")

    def _done(self) -> None:
        with self._lock:
            self._drawing, again = False, self._again
        if again:
            self.refresh()


def _image(chart: "Chart", class_: str) -> Html:
    data = b64encode(chart._repr_png_()).decode("ascii")
    return el("img", src=f"data:image/png;base64,{data}", alt=chart.alt, class_=class_)
