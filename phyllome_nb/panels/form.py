"""The form: a section for each part, in the order of the definition, built when it is opened."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import ipywidgets as w

from phyllome_nb.domain.another import duplicate, fresh, move
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.html import el
from phyllome_nb.panels.calls import Calls
from phyllome_nb.panels.controls import Control, FormState
from phyllome_nb.panels.field_search import FieldSearch
from phyllome_nb.panels.findings import counted
from phyllome_nb.panels.picker import Picker
from phyllome_nb.panels.usual import USUAL
from phyllome_nb.rules.case import Case
from phyllome_nb.rules.finding import Findings
from phyllome_nb.xml.fields import Field
from phyllome_nb.xml.part import Many, Part, PartList, Section

__all__ = ["Form", "MakePicker"]

OPEN = {"General", "Memory", "vCPUs"}
"""The sections that are open from the start."""

LISTS = {name.partition("[]")[0] for name in USUAL if "[]" in name}
"""The lists of parts to which a person usually adds."""


def is_shown(part: Part, what: Any, state: FormState) -> bool:
    """Whether a field, a section or a list of `part` is shown: wanted, usual, or in use."""
    name = _any(part.__place__.named(what.name))
    if isinstance(what, Many):
        asked = any(each.startswith(f"{name}[]") for each in state.wanted)
        return state.everything or asked or name in LISTS or len(getattr(part, what.name)) > 0
    if isinstance(what, Section):
        if part.__place__.find(what.path) is None and isinstance(part, what.part):
            return False  # a part inside itself, and inside itself again
        inside = getattr(part, what.name)
        return any(is_shown(inside, below, state) for below in inside.__declared__.values())
    if state.everything or name in USUAL or name in state.wanted:
        return True
    return what.raw(part) is not None or (what.kind == "list" and bool(what.read(part)))


def _any(name: str) -> str:
    """The name of a field without the numbers of the parts that it is in."""
    return re.sub(r"\[\d+\]", "[]", name)


MakePicker = Callable[[Callable[[], None]], Picker]


class Form:
    """The fields of a definition, grouped as its parts are.

    Parameters
    ----------
    spec : DomainSpec
        The definition that is edited.
    changed : callable
        Called after each change.
    calls : Calls
        Passes on what a person does.
    pickers : mapping of str to callable
        What makes the picker of a group, given what it calls after a change, by the group's title.
    """

    def __init__(
        self,
        spec: DomainSpec,
        changed: Callable[[], None],
        calls: Calls,
        pickers: "Mapping[str, MakePicker] | None" = None,
    ) -> None:
        self._spec = spec
        self.state = FormState(changed, calls)
        self._pickers = {title: partial(make, self._picked) for title, make in (pickers or {}).items()}
        self._groups = list(self._build(spec))
        explain = w.ToggleButton(description="Explain every field", tooltip="Show what each field means")
        everything = w.ToggleButton(description="Show every field", tooltip="Show also what is seldom set")
        calls.changed(explain, self._explain)
        calls.changed(everything, self._show_everything)
        self._shown = w.VBox()
        self._shown.add_class("phy-form")
        self._search = FieldSearch(self.reveal, calls)
        self.widget = w.VBox([w.HBox([explain, everything]), self._search.widget, self._shown])
        self._arrange()

    def refresh(self) -> None:
        """Show what the definition says now, where it was changed elsewhere."""
        for group in self._groups:
            group.refresh()
        self._arrange()

    def follow(self) -> None:
        """Let the pickers show what the definition says now; the controls keep what is being typed."""
        for group in self._groups:
            group.follow()

    def show_findings(self, findings: Findings) -> None:
        """Show each finding beside the field or the part that it is about."""
        self.state.findings = findings
        self.state.case = Case(self._spec, self.state.snapshot)
        for group in self._groups:
            group.annotate()

    def reveal(self, name: str) -> None:
        """Open the group of a field, show the field and put the focus there.

        Parameters
        ----------
        name : str
            As `phyllome_nb.fields` lists it: ``devices.disks[].cache``.
        """
        self.state.wanted.add(name)
        group = next(each for each in self._groups if each.holds(name))
        group.open()
        self._arrange()
        group.focus(name)

    def _picked(self) -> None:
        """Show in the controls what a picker has changed."""
        self.refresh()
        self.state.changed()

    def _arrange(self) -> None:
        """Have those groups on the page that have something to show."""
        wanted = [group.widget for group in self._groups if group.is_shown()]
        if list(self._shown.children) != wanted:
            self._shown.children = wanted

    def _build(self, spec: DomainSpec) -> Iterator["Group"]:
        own: list[tuple[Part, Any]] = [
            (spec, what) for what in spec.__declared__.values() if isinstance(what, Field | Many)
        ]
        yield Group("General", own, self.state)
        for name, what in spec.__declared__.items():
            if not isinstance(what, Section):
                continue
            part = getattr(spec, name)
            inside = [(part, below) for below in part.__declared__.values() if not _is_device(name, below)]
            yield Group(part.__title__, inside, self.state, self._pickers.get(part.__title__))
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
    """Some fields, sections and lists under a button that opens and closes them; made when it is first shown."""

    def __init__(
        self,
        title: str,
        contents: list[tuple[Part, Any]],
        state: FormState,
        picker: "Callable[[], Picker] | None" = None,
    ) -> None:
        self._title = title
        self._contents = contents
        self._state = state
        self._make_picker = picker
        self._picker: Picker | None = None
        self._controls: list[Control] = []
        self._lists: list[ListGroup] = []
        self._notes: list[tuple[str, w.HTML]] = []
        self._made: w.VBox | None = None

    @property
    def widget(self) -> w.VBox:
        """The heading, and what is below it while it is open."""
        if self._made is None:
            self._toggle = w.ToggleButton(value=self._title in OPEN, layout=w.Layout(width="auto"))
            self._toggle.add_class("phy-section")
            self._body = w.VBox(layout=w.Layout(display="none"))
            self._state.calls.changed(self._toggle, lambda _: self.refresh())
            self._made = w.VBox([self._toggle, self._body])
            self.refresh()
        return self._made

    def refresh(self) -> None:
        """Build what is shown from what the definition says."""
        if self._made is None:
            return
        opened, before = self._toggle.value, self._body.children
        self._controls, self._lists, self._notes = [], [], []
        self._body.children = (*self._picked(), *self._widgets()) if opened else ()
        self._body.layout.display = "" if opened else "none"
        self.annotate()
        self._toggle.tooltip = f"{'Close' if opened else 'Open'} {self._title}"
        for widget in before:
            if self._picker is None or widget is not self._picker.widget:
                _close(widget)

    def open(self) -> None:
        """Open it, and build it anew."""
        opened = self.widget.children[0].value
        self._toggle.value = True
        if opened:
            self.refresh()

    def focus(self, name: str) -> bool:
        """Put the focus on the control of a field, or on what adds a part that has it; whether there is either."""
        for control in self._controls:
            if _any(control.name) == name:
                control.input.focus()
                return True
        return any(below.focus(name) for below in self._lists if below.holds(name))

    def follow(self) -> None:
        """Let the picker show what the definition says now."""
        if self._picker is not None and self._made is not None and self._toggle.value:
            self._picker.refresh()

    def explain(self) -> None:
        """Show what the fields mean, or stop showing it."""
        for control in self._controls:
            control.show()
        for below in self._lists:
            below.explain()

    def annotate(self) -> None:
        """Show what the rules say: at the fields, at the parts, and in the heading how many there are."""
        if self._made is None:
            return
        for control in self._controls:
            control.show()
        for name, widget in self._notes:
            widget.value = self._state.notes(name)
            widget.layout.display = "" if widget.value else "none"
        for below in self._lists:
            below.annotate()
        worries = [each for each in self._state.findings if each.severity != "hint" and self.holds(each.field)]
        said = f" — {counted(Findings(worries))}" if worries else ""
        self._toggle.description = f"{'▾' if self._toggle.value else '▸'} {self._heading()}{said}"

    def holds(self, name: str) -> bool:
        """Whether a field, or a part, is one of those in here."""
        own = [part.__place__.named(what.name) for part, what in self._contents]
        return any(name == each or name.startswith((f"{each}.", f"{each}[")) for each in own)

    def is_shown(self) -> bool:
        """Whether there is anything to show."""
        return any(is_shown(part, what, self._state) for part, what in self._contents)

    def _picked(self) -> list[Any]:
        """The picker, made when it is first seen."""
        if self._picker is None and self._make_picker is not None:
            self._picker = self._make_picker()
        if self._picker is None:
            return []
        self._picker.refresh()
        return [self._picker.widget]

    def _noted(self, name: str) -> w.HTML:
        """The place for what the rules say of a part as a whole."""
        self._notes.append((name, w.HTML()))
        return self._notes[-1][1]

    def _heading(self) -> str:
        return self._title

    def _widgets(self) -> list[Any]:
        return [widget for part, what in self._contents for widget in self._shown(part, what)]

    def _shown(self, part: Part, what: Any) -> list[Any]:
        """The widgets of a field, a section or a list."""
        if not is_shown(part, what, self._state):
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
    """The parts of one kind, with buttons to add one, and to duplicate, move and remove each."""

    def __init__(self, owner: Part, many: Many[Any], state: FormState) -> None:
        self._list: PartList[Any] = getattr(owner, many.name)
        super().__init__(many.part.__title__, [(owner, many)], state)

    def focus(self, name: str) -> bool:
        """Put the focus on the field of the first part, or where there is none on what adds one."""
        self.open()
        if not super().focus(name):
            self._add_button.focus()
        return True

    def _heading(self) -> str:
        return f"{self._title} ({len(self._list)})"

    def _widgets(self) -> list[Any]:
        self._add_button = self._button(f"Add {self._title.lower()}", self._add)
        items = (widget for number, part in enumerate(self._list, 1) for widget in self._item(part, number))
        return [*items, self._add_button]

    def _item(self, part: Part, number: int) -> list[Any]:
        name = f"{self._title} {number}"
        said = name.lower()
        buttons = [
            self._button(f"Duplicate {said}", lambda: self._duplicate(part)),
            self._button(f"Move {said} up", lambda: self._move(part, number, -1), able=number > 1),
            self._button(f"Move {said} down", lambda: self._move(part, number, 1), able=number < len(self._list)),
            self._button(f"Remove {said}", lambda: self._remove(part)),
        ]
        few = buttons if len(self._list) > 1 else [buttons[0], buttons[-1]]
        heading = w.HBox([w.HTML(el("b", name)), *few], layout=w.Layout(flex_flow="row wrap", align_items="baseline"))
        below = (widget for what in part.__declared__.values() for widget in self._shown(part, what))
        return [heading, self._noted(part.__place__.name), *below]

    def _button(self, label: str, press: Callable[[], None], *, able: bool = True) -> w.Button:
        button = w.Button(description=label, layout=w.Layout(width="auto"), disabled=not able)
        self._state.calls.pressed(button, press)
        return button

    def _add(self) -> None:
        self._list.add(**fresh(self._list))
        self._changed(len(self._list) - 1)

    def _duplicate(self, part: Part) -> None:
        duplicate(self._list, part)
        self._changed(len(self._list) - 1)

    def _move(self, part: Part, number: int, steps: int) -> None:
        move(self._list, part, steps)
        self._changed(number - 1 + steps)

    def _remove(self, part: Part) -> None:
        self._list.remove(part)
        self._changed()

    def _changed(self, number: int | None = None) -> None:
        """Show the list anew, with the focus on the part of a number, or where one is added."""
        # Numbers have moved: what was refused for one is not to appear at another.
        name = self._list.name
        self._state.refused = {
            field: why for field, why in self._state.refused.items() if not field.startswith(f"{name}[")
        }
        self.refresh()
        item = [each for each in self._controls if f"{name}[{number}]" in each.name]
        (item[0].input if item else self._add_button).focus()
        self._state.changed()
