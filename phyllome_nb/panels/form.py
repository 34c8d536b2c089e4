"""The form: a section for each part, in the order of the definition, built when it is opened."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import ipywidgets as w

from phyllome_nb.domain.devices.disk import Disk
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.html import el
from phyllome_nb.panels.controls import Control, FormState
from phyllome_nb.panels.findings import counted
from phyllome_nb.panels.usual import USUAL
from phyllome_nb.rules.case import Case
from phyllome_nb.rules.finding import Findings
from phyllome_nb.xml.fields import Field
from phyllome_nb.xml.part import Many, Part, PartList, Section

__all__ = ["Form"]

OPEN = {"General", "Memory", "vCPUs"}
"""The sections that are open from the start."""

LISTS = {name.partition("[]")[0] for name in USUAL if "[]" in name}
"""The lists of parts to which a person usually adds."""


def is_shown(part: Part, what: Any, everything: bool) -> bool:
    """Whether a field, a section or a list of `part` is shown: wanted, usual, or in use."""
    name = re.sub(r"\[\d+\]", "[]", part.__place__.named(what.name))
    if isinstance(what, Many):
        return everything or name in LISTS or len(getattr(part, what.name)) > 0
    if isinstance(what, Section):
        if part.__place__.find(what.path) is None and isinstance(part, what.part):
            return False  # a part inside itself, and inside itself again
        inside = getattr(part, what.name)
        return any(is_shown(inside, below, everything) for below in inside.__declared__.values())
    return everything or name in USUAL or what.raw(part) is not None or (what.kind == "list" and bool(what.read(part)))


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
        self._spec = spec
        self.state = FormState(changed)
        self._groups = list(self._build(spec))
        explain = w.ToggleButton(description="Explain every field", tooltip="Show what each field means")
        everything = w.ToggleButton(description="Show every field", tooltip="Show also what is seldom set")
        explain.observe(lambda change: self._explain(change["new"]), "value")
        everything.observe(lambda change: self._show_everything(change["new"]), "value")
        self.widget = w.VBox([w.HBox([explain, everything]), *(group.widget for group in self._groups)])
        self.widget.add_class("phy-form")

    def refresh(self) -> None:
        """Show what the definition says now, where it was changed elsewhere."""
        for group in self._groups:
            group.refresh()

    def show_findings(self, findings: Findings) -> None:
        """Show each finding beside the field or the part that it is about."""
        self.state.findings = findings
        self.state.case = Case(self._spec, self.state.snapshot)
        for group in self._groups:
            group.annotate()

    def _build(self, spec: DomainSpec) -> Iterator["Group"]:
        yield Group(
            "General", [(spec, what) for what in spec.__declared__.values() if isinstance(what, Field)], self.state
        )
        for name, what in spec.__declared__.items():
            if not isinstance(what, Section):
                continue
            part = getattr(spec, name)
            own = [
                (part, below)
                for below in part.__declared__.values()
                if part is not spec and not _is_device(name, below)
            ]
            yield Group(part.__title__, own, self.state)
            for below in part.__declared__.values():
                if _is_device(name, below):
                    yield ListGroup(part, below, self.state)

    def _explain(self, wanted: bool) -> None:
        self.state.explain = wanted
        for group in self._groups:
            group.explain()

    def _show_everything(self, wanted: bool) -> None:
        self.state.everything = wanted
        self.refresh()


def _is_device(section: str, what: Any) -> bool:
    """Whether each list in this section is a group of its own."""
    return section == "devices" and isinstance(what, Many)


def _close(widget: Any) -> None:
    """Forget a widget and what is inside it: ipywidgets keeps all that are not closed."""
    for child in getattr(widget, "children", ()):
        _close(child)
    widget.close()


class Group:
    """Some fields, sections and lists under a button that opens and closes them."""

    def __init__(self, title: str, contents: list[tuple[Part, Any]], state: FormState) -> None:
        self._title = title
        self._contents = contents
        self._state = state
        self._controls: list[Control] = []
        self._lists: list[ListGroup] = []
        self._notes: list[tuple[str, w.HTML]] = []
        self._body = w.VBox(layout=w.Layout(display="none"))
        self._toggle = w.ToggleButton(layout=w.Layout(width="auto"))
        self._toggle.add_class("phy-section")
        self.widget = w.VBox([self._toggle, self._body])
        self._toggle.value = title in OPEN
        self._toggle.observe(lambda _: self.refresh(), "value")
        self.refresh()

    def refresh(self) -> None:
        """Build what is shown from what the definition says."""
        opened, before = self._toggle.value, self._body.children
        self._controls, self._lists, self._notes = [], [], []
        self._body.children = self._widgets() if opened else ()
        self._body.layout.display = "" if opened else "none"
        self.annotate()
        self._toggle.tooltip = f"{'Close' if opened else 'Open'} {self._title}"
        self.widget.layout.display = "" if self._is_shown() else "none"
        for widget in before:
            _close(widget)

    def explain(self) -> None:
        """Show what the fields mean, or stop showing it."""
        for control in self._controls:
            control.show()
        for below in self._lists:
            below.explain()

    def annotate(self) -> None:
        """Show what the rules say: at the fields, at the parts, and in the heading how many there are."""
        for control in self._controls:
            control.show()
        for name, widget in self._notes:
            widget.value = self._state.notes(name)
            widget.layout.display = "" if widget.value else "none"
        for below in self._lists:
            below.annotate()
        worries = [each for each in self._state.findings if each.severity != "hint" and self._holds(each.field)]
        said = f" — {counted(Findings(worries))}" if worries else ""
        self._toggle.description = f"{'▾' if self._toggle.value else '▸'} {self._heading()}{said}"

    def _holds(self, name: str) -> bool:
        """Whether a field, or a part, is one of those in here."""
        own = [part.__place__.named(what.name) for part, what in self._contents]
        return any(name == each or name.startswith((f"{each}.", f"{each}[")) for each in own)

    def _noted(self, name: str) -> w.HTML:
        """The place for what the rules say of a part as a whole."""
        self._notes.append((name, w.HTML()))
        return self._notes[-1][1]

    def _is_shown(self) -> bool:
        return any(is_shown(part, what, self._state.everything) for part, what in self._contents)

    def _heading(self) -> str:
        return self._title

    def _widgets(self) -> list[Any]:
        return [widget for part, what in self._contents for widget in self._shown(part, what)]

    def _shown(self, part: Part, what: Any) -> list[Any]:
        """The widgets of a field, a section or a list."""
        if not is_shown(part, what, self._state.everything):
            return []
        if isinstance(what, Field):
            self._controls.append(Control(part, what, self._state))
            return [self._controls[-1].widget]
        if isinstance(what, Many):
            self._lists.append(ListGroup(part, what, self._state))
            return [self._lists[-1].widget]
        inside = getattr(part, what.name)
        below = [widget for each in inside.__declared__.values() for widget in self._shown(inside, each)]
        heading = w.HTML(el("b", inside.__title__, class_="phy-subsection"))
        return [heading, self._noted(inside.__place__.name), *below]


class ListGroup(Group):
    """The parts of one kind, with buttons to add one and to remove each."""

    def __init__(self, owner: Part, many: Many[Any], state: FormState) -> None:
        self._list: PartList[Any] = getattr(owner, many.name)
        super().__init__(many.part.__title__, [(owner, many)], state)

    def _heading(self) -> str:
        return f"{self._title} ({len(self._list)})"

    def _widgets(self) -> list[Any]:
        add = w.Button(description=f"Add {self._title.lower()}", layout=w.Layout(width="auto"))
        add.on_click(lambda _: self._add())
        return [*(widget for number, part in enumerate(self._list, 1) for widget in self._item(part, number)), add]

    def _item(self, part: Part, number: int) -> list[Any]:
        name = f"{self._title} {number}"
        remove = w.Button(description=f"Remove {name.lower()}", layout=w.Layout(width="auto"))
        remove.on_click(lambda _: self._remove(part))
        heading = w.HBox([w.HTML(el("b", name)), remove], layout=w.Layout(justify_content="space-between"))
        below = (widget for what in part.__declared__.values() for widget in self._shown(part, what))
        return [heading, self._noted(part.__place__.name), *below]

    def _add(self) -> None:
        self._list.add(**self._fresh())
        self._changed()
        if self._controls:
            item = [each for each in self._controls if f"[{len(self._list) - 1}]" in each.name]
            (item or self._controls)[0].input.focus()

    def _fresh(self) -> dict[str, object]:
        """What a new one begins with; its target, where it has one, is free."""
        start = dict(self._list.kind.__start__)
        taken = [part.target for part in self._list] if "target" in start and self._list.kind is Disk else []
        while start.get("target") in taken:
            target = str(start["target"])
            start["target"] = target[:-1] + chr(ord(target[-1]) + 1)
        return start

    def _remove(self, part: Part) -> None:
        self._list.remove(part)
        self._changed()
        self._body.children[-1].focus()

    def _changed(self) -> None:
        # Numbers have moved: what was refused for one is not to appear at another.
        name = self._list.name
        self._state.refused = {
            field: why for field, why in self._state.refused.items() if not field.startswith(f"{name}[")
        }
        self.refresh()
        self._state.changed()
