"""The XML: looked at, or edited."""

import difflib
from collections.abc import Callable

import ipywidgets as w

from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import DefinitionError
from phyllome_nb.panels.calls import Calls
from phyllome_nb.panels.xml_editor import XmlEditor
from phyllome_nb.panels.xml_view import XmlView
from phyllome_nb.rules.finding import Findings

__all__ = ["XmlPane"]


class XmlPane:
    """The definition as XML with what has changed marked, and a button that lets one write in it.

    Parameters
    ----------
    spec : DomainSpec
        The definition.
    changed : callable
        Called after what was written has become the definition.
    calls : Calls
        Passes on what a person does.
    """

    def __init__(self, spec: DomainSpec, changed: Callable[[], None], calls: Calls) -> None:
        self._spec = spec
        self._before: list[str] = []
        self._findings = Findings()
        self._view = XmlView()
        self.editor = XmlEditor(spec, changed, calls)
        self._edit = w.ToggleButton(
            description="Edit the XML",
            tooltip="Write in the XML itself",
            layout=w.Layout(width="auto", align_self="flex-start"),
        )
        calls.changed(self._edit, lambda _: self._choose())
        pane = w.Box([self._view.widget])
        pane.add_class("phy-pane")
        self._panes = (pane, self.editor.widget)
        self.widget = w.VBox([self._edit, pane])
        self.begin()

    def begin(self) -> None:
        """Mark changes from here on."""
        self._before = (self._spec.stored or self._spec).public_xml().splitlines()

    def confirm(self) -> None:
        """Raise DefinitionError if what is written here is not the definition, because it cannot be."""
        if self.editor.is_wrong:
            raise DefinitionError(
                "The text in the XML tab has a mistake, so it is not the definition: "
                "mend it, or press Back to the last good state."
            )

    def show(self, findings: Findings) -> None:
        """Show the definition as it is now."""
        self._findings = findings
        if self._edit.value:
            self.editor.refresh(findings)
        else:
            text = self._spec.public_xml()
            self._view.show(text, _changed(self._before, text.splitlines()))

    def _choose(self) -> None:
        looked_at, edited = self._panes
        self.widget.children = [self._edit, edited if self._edit.value else looked_at]
        self.show(self._findings)


def _changed(before: list[str], after: list[str]) -> set[int]:
    """The numbers of the lines of `after` that are new or different."""
    steps = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return {line for kind, _, _, start, end in steps if kind in {"replace", "insert"} for line in range(start, end)}
