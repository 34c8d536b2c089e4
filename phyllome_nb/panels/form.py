"""The form: a section for each part, in the order of the definition, built when it is opened."""

from collections.abc import Callable, Iterator
from typing import Any

import ipywidgets as w

from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.html import el
from phyllome_nb.panels.controls import Control
from phyllome_nb.xml.fields import Field
from phyllome_nb.xml.part import Many, Part, PartList, Section

__all__ = ["Form"]

OPEN = {"General", "Memory", "vCPUs"}
"""The sections that are open from the start."""


class Form:
    """The fields of a definition, grouped as its parts are.

    Parameters
    ----------
    spec : DomainSpec
        The definition that is edited.
    changed : callable
        Called after each change.
    """

    def __init__(self, spec: DomainSpec, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._explain = w.ToggleButton(description="Explain every field", tooltip="Show what each field means")
        self._explain.observe(self._explained, "value")
        self._groups = list(self._build(spec))
        self.widget = w.VBox([self._explain, *(group.widget for group in self._groups)])
        self.widget.add_class("phy-form")

    def refresh(self) -> None:
        """Show what the definition says now, where it was changed elsewhere."""
        for group in self._groups:
            group.refresh()

    def _build(self, spec: DomainSpec) -> Iterator["Group"]:
        yield self._group("General", spec)
        for name, what in spec.__declared__.items():
            if isinstance(what, Section):
                part = getattr(spec, name)
                yield self._group(part.__title__, part)
                yield from self._lists(part)

    def _lists(self, part: Part) -> Iterator["Group"]:
        """A group for each list of parts, and for what stands below the part on its own."""
        for name, what in part.__declared__.items():
            if isinstance(what, Section):
                below = getattr(part, name)
                yield self._group(below.__title__, below)
            elif isinstance(what, Many):
                yield ListGroup(what.part.__title__, getattr(part, name), self._changed, self._explain)

    def _group(self, title: str, part: Part) -> "Group":
        return Group(title, part, self._changed, self._explain)

    def _explained(self, _: object) -> None:
        for group in self._groups:
            group.explain()


class Group:
    """The fields of one part under a button that opens and closes them."""

    def __init__(self, title: str, part: Any, changed: Callable[[], None], explain: Any) -> None:
        self._title = title
        self._part = part
        self._changed = changed
        self._explain = explain
        self._controls: list[Control] = []
        self._body = w.VBox(layout=w.Layout(display="none"))
        self._toggle = w.ToggleButton(layout=w.Layout(width="auto"))
        self._toggle.add_class("phy-section")
        self._toggle.observe(self._toggled, "value")
        self.widget = w.VBox([self._toggle, self._body])
        self._toggle.value = title in OPEN
        self._label()

    def explain(self) -> None:
        """Show what the fields mean, or stop showing it, as the form's button says."""
        for control in self._controls:
            control.explain(self._explain.value)

    def refresh(self) -> None:
        """Build the fields again from what the definition says."""
        if self._body.children:
            self._fill()

    def _toggled(self, _: object) -> None:
        if self._toggle.value and not self._body.children:
            self._fill()
        self._body.layout.display = "" if self._toggle.value else "none"
        self._label()

    def _label(self) -> None:
        self._toggle.description = f"{'▾' if self._toggle.value else '▸'} {self._title}"
        self._toggle.tooltip = f"{'Close' if self._toggle.value else 'Open'} {self._title}"

    def _fill(self) -> None:
        self._controls = []
        self._body.children = self._fields(self._part)

    def _fields(self, part: Part) -> list[Any]:
        fields = [what for what in part.__declared__.values() if isinstance(what, Field)]
        controls = [Control(part, field, self._changed, explain=self._explain.value) for field in fields]
        self._controls += controls
        return [control.widget for control in controls]


class ListGroup(Group):
    """The parts of one kind, with buttons to add one and to remove each."""

    _part: PartList[Any]

    def _label(self) -> None:
        super()._label()
        self._toggle.description += f" ({len(self._part)})"

    def _fill(self) -> None:
        self._controls = []
        add = w.Button(description=f"Add {self._title.lower()}", layout=w.Layout(width="auto"))
        add.on_click(lambda _: self._add())
        items = [child for number, part in enumerate(self._part, 1) for child in self._item(part, number)]
        self._body.children = [*items, add]
        self._label()

    def _item(self, part: Part, number: int) -> list[Any]:
        name = f"{self._title} {number}"
        remove = w.Button(description=f"Remove {name.lower()}", layout=w.Layout(width="auto"))
        remove.on_click(lambda _: self._remove(part))
        heading = w.HBox([w.HTML(el("b", name)), remove], layout=w.Layout(justify_content="space-between"))
        return [heading, *self._fields(part)]

    def _add(self) -> None:
        self._part.add(**self._part.kind.__start__)
        self._fill()
        self._changed()

    def _remove(self, part: Part) -> None:
        self._part.remove(part)
        self._fill()
        self._changed()
