"""What the rules say of a definition: a list, each with its reason and, where there is one right answer, a button."""

from collections.abc import Callable

import ipywidgets as w

from phyllome_nb.html import Html, el
from phyllome_nb.panels.calls import Calls
from phyllome_nb.rules.finding import Finding, Findings

__all__ = ["FindingsList", "counted", "note"]

CLASSES = {"error": "phy-error", "warning": "phy-warning", "hint": "phy-hint"}


class FindingsList:
    """The findings, errors first; hints are shown when they are asked for.

    Parameters
    ----------
    mend : callable
        Called with the finding whose button was pressed.
    calls : Calls
        Passes on what a person does.
    """

    def __init__(self, mend: Callable[[Finding], None], calls: Calls) -> None:
        self._calls = calls
        self._mend = mend
        self._findings = Findings()
        self._heading = w.HTML()
        self._hints = w.ToggleButton(description="Show hints", layout=w.Layout(width="auto", display="none"))
        calls.changed(self._hints, lambda _: self._build())
        self._rows = w.VBox()
        self._shown: dict[tuple[str, ...], w.HBox] = {}
        top = w.HBox([self._heading, self._hints], layout=w.Layout(align_items="baseline", grid_gap="1em"))
        self.widget = w.VBox([top, self._rows])
        self.widget.add_class("phy-findings")

    def show(self, findings: Findings) -> None:
        """Show these; rows that say the same stay as they are, with the focus in them."""
        if list(map(_said, findings)) != list(map(_said, self._findings)) or not self._heading.value:
            self._findings = findings
            self._build()
        self._findings = findings

    def _build(self) -> None:
        hints = self._findings.hints
        self._heading.value = el("div", counted(self._findings), role="status", aria_live="polite")
        self._hints.layout.display = "" if hints else "none"
        self._hints.description = "Hide hints" if self._hints.value else f"Show {_number(len(hints), 'hint')}"
        wanted = [each for each in self._findings if each.severity != "hint" or self._hints.value]
        # A row that says the same is kept: somebody may be about to press its button.
        before = self._shown
        self._shown = {_said(each): before.get(_said(each)) or self._row(each) for each in wanted}
        self._rows.children = list(self._shown.values())
        for said, row in before.items():
            if said not in self._shown:
                for child in row.children:
                    child.close()
                row.close()

    def _row(self, finding: Finding) -> w.HBox:
        text = w.HTML(note(finding, where=True), layout=w.Layout(flex="1 1 auto", min_width="0"))
        parts = [text]
        if finding.mend:
            fix = w.Button(
                description=f"Fix: {finding.mend}",
                tooltip=f"{finding.id}: {finding.mend}",
                layout=w.Layout(width="auto", flex="0 0 auto"),
            )
            # The same finding of the definition as it is when the button is pressed.
            self._calls.pressed(fix, lambda: self._fix(finding))
            parts.append(fix)
        return w.HBox(parts, layout=w.Layout(align_items="flex-start", grid_gap="1em"))

    def _fix(self, finding: Finding) -> None:
        current = next((each for each in self._findings if _said(each) == _said(finding)), None)
        if current:
            self._mend(current)


def note(finding: Finding, *, where: bool = False) -> Html:
    """A finding as a block: what is wrong, then why it matters and who says so."""
    place = [el("code", finding.path or "domain"), " · "] if where else []
    about = el("span", *place, f"{finding.why} ", el("span", f"({finding.id})", title=finding.source))
    return el("div", finding.what, el("div", about, class_="phy-why"), class_=CLASSES[finding.severity])


def counted(findings: Findings) -> str:
    """How many there are of each severity."""
    kinds = {"error": findings.errors, "warning": findings.warnings, "hint": findings.hints}
    return ", ".join(_number(len(found), kind) for kind, found in kinds.items() if found) or "No findings."


def _number(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _said(finding: Finding) -> tuple[str, ...]:
    return finding.id, finding.field or finding.path, finding.what, finding.mend
