"""The XML to write in: the form's own document; a mistake is marked at its line, and the last good state stays."""

from collections.abc import Callable, Mapping

import ipywidgets as w

from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import ParseError
from phyllome_nb.html import Html, el
from phyllome_nb.panels.calls import Calls
from phyllome_nb.rules.finding import Findings
from phyllome_nb.xml.mask import Mask
from phyllome_nb.xml.path import line_of

__all__ = ["XmlEditor"]

HOW = "What you write is taken when you leave the text, or with Apply. Passwords are shown as numbered dots."
SIGNS = {"error": "✕", "warning": "⚠"}


class XmlEditor:
    """The text of a definition with its line numbers.

    Parameters
    ----------
    spec : DomainSpec
        The definition that is edited, in place.
    changed : callable
        Called after what was written has become the definition.
    calls : Calls
        Passes on what a person does.
    """

    def __init__(self, spec: DomainSpec, changed: Callable[[], None], calls: Calls) -> None:
        self._spec = spec
        self._changed = changed
        self._mask = Mask()
        self.is_wrong = False
        """Whether what is written is not the definition, because it cannot be."""
        self._good = ""
        self._setting = False
        self._numbers = w.HTML()
        self._text = w.Textarea(
            continuous_update=False,
            description=el("span", "The definition as XML, to be edited", class_="phy-hidden"),
            description_allow_html=True,
            style={"description_width": "0"},
            layout=w.Layout(width="auto", flex="1 1 auto"),
        )
        self._text.add_class("phy-text")
        self._text.add_class("phy-bare")
        self._said = w.HTML(el("span", HOW, class_="phy-quiet"))
        self._apply = w.Button(description="Apply", tooltip="Take the text as the definition", layout=_auto())
        self._back = w.Button(
            description="Back to the last good state",
            tooltip="Show the definition as the form has it; what is written here is dropped",
            layout=w.Layout(width="auto", display="none"),
        )
        calls.changed(self._text, self._written)
        calls.pressed(self._apply, lambda: self._written(self._text.value))
        calls.pressed(self._back, self._show_good)
        buttons = w.HBox([self._apply, self._back], layout=w.Layout(grid_gap="0.5em"))
        text = w.HBox([self._numbers, self._text], layout=w.Layout(align_items="flex-start"))
        text.add_class("phy-editor")
        self.widget = w.VBox([self._said, buttons, text])

    def refresh(self, findings: Findings) -> None:
        """Show the definition as it is now, unless a mistake in the text waits to be mended."""
        if self.is_wrong:
            return
        text = self._mask.hide(self._spec.to_xml())
        if text != self._good or text != self._text.value:
            self._show(text)
        root = DomainSpec.from_xml(text).__place__.anchor
        worries = {
            line_of(root, each.path): (each.severity, each.what)
            for each in reversed(findings)
            if each.severity in SIGNS
        }
        self._number(text, worries)

    def _show(self, text: str) -> None:
        self._good = text
        self._setting = True
        self._text.rows = text.count("\n") + 2
        self._text.value = text
        self._setting = False

    def _show_good(self) -> None:
        self._accept()
        self._show(self._mask.hide(self._spec.to_xml()))
        self._changed()

    def _written(self, text: str) -> None:
        """Take what was written as the definition, or mark where it goes wrong."""
        if self._setting or (text == self._good and not self.is_wrong):
            return
        real = self._mask.reveal(text)
        shown = self._mask.hide(text)
        if shown != text:
            self._setting = True
            self._text.value = shown
            self._setting = False
        try:
            written = _read(real, self._spec.stored_xml)
        except ParseError as error:
            self._refuse(shown, error)
            return
        self._accept()
        self._good = shown
        self._spec.become(written)
        self._changed()

    def _accept(self) -> None:
        self.is_wrong = False
        self._back.layout.display = "none"
        self._said.value = el("span", HOW, class_="phy-quiet")

    def _refuse(self, text: str, error: ParseError) -> None:
        self.is_wrong = True
        self._back.layout.display = ""
        said = f"{error} The form and the definition stay as they were before."
        self._said.value = el("div", said, class_="phy-error", role="alert")
        self._text.rows = text.count("\n") + 2
        self._number(text, {error.line: ("error", str(error))} if error.line else {})

    def _number(self, text: str, worries: Mapping[int, tuple[str, str]]) -> None:
        lines = (self._line(number, worries.get(number)) for number in range(1, text.count("\n") + 2))
        self._numbers.value = el("pre", *lines, class_="phy-numbers")

    @staticmethod
    def _line(number: int, worry: tuple[str, str] | None) -> Html:
        if worry is None:
            return el("span", str(number))
        severity, said = worry
        return el("span", f"{SIGNS[severity]} {number}", class_=f"phy-{severity}-line", title=said)


def _read(text: str, stored: str | None) -> DomainSpec:
    """The definition in a text, with what its host has stored."""
    return DomainSpec.from_xml(text) if stored is None else DomainSpec.from_host(text, stored)


def _auto() -> w.Layout:
    return w.Layout(width="auto")
