"""Somebody else changed the same VM: what each did, and the choice."""

from collections.abc import Callable

import ipywidgets as w

from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.domain.three_way import ThreeWay
from phyllome_nb.html import Html, el
from phyllome_nb.panels.calls import Calls

__all__ = ["ConflictView"]


class ConflictView:
    """What was, what somebody else made of it and what you did, with a button for each way on.

    Nothing is written by a button: it puts a definition into the form, to be looked at and saved.

    Parameters
    ----------
    chosen : callable
        Called with the definition that was chosen.
    calls : Calls
        Passes on what a person does.
    """

    def __init__(self, chosen: Callable[[DomainSpec], None], calls: Calls) -> None:
        self._calls = calls
        self._chosen = chosen
        self._table = w.HTML()
        self._buttons = w.HBox(layout=w.Layout(flex_flow="row wrap", grid_gap="0.5em"))
        self.widget = w.VBox([self._table, self._buttons], layout=w.Layout(display="none"))

    def show(self, three_way: ThreeWay) -> None:
        """Ask which way to go on."""
        base, theirs, mine = three_way.base, three_way.theirs, three_way.mine
        self._table.value = el("div", Html(three_way._repr_html_()), role="alert")
        ways = {"Put my changes on top of theirs": three_way.merged, "Take theirs, drop mine": theirs}
        if three_way.clashes:
            ways = {
                "Put both together, mine where they clash": three_way.merged,
                "Put both together, theirs where they clash": base.merge(theirs, mine, "theirs").merged,
                "Take theirs, drop mine": theirs,
            }
        self._buttons.children = [self._button(label, spec) for label, spec in ways.items()]
        self.widget.layout.display = ""

    def hide(self) -> None:
        """Ask no longer."""
        self.widget.layout.display = "none"

    def _button(self, label: str, spec: DomainSpec) -> w.Button:
        button = w.Button(description=label, tooltip=f"{label}; nothing is written yet", layout=w.Layout(width="auto"))
        self._calls.pressed(button, lambda: self._choose(spec))
        return button

    def _choose(self, spec: DomainSpec) -> None:
        self.hide()
        self._chosen(spec)
