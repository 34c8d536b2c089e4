"""A control for every kind of field: what a person types goes to the field, what the field says comes back."""

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

import ipywidgets as w

from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.errors import FieldError
from phyllome_nb.html import Html, el
from phyllome_nb.panels.calls import Calls
from phyllome_nb.panels.findings import note
from phyllome_nb.panels.usual import REQUIRED
from phyllome_nb.rules.case import Case
from phyllome_nb.rules.finding import Findings
from phyllome_nb.rules.offers import Offers, is_suggested, offers, words_of
from phyllome_nb.xml.fields import Field
from phyllome_nb.xml.part import Part

__all__ = ["Control", "FormState"]

LEFT_OUT = "(left out)"

MARK = "—"
"""The value of the line above the words that the host does not take; no field has such a word."""

CHOSEN = {"choice", "switch"}
"""The kinds of field for which a word is chosen, not typed."""


@dataclass
class FormState:
    """What the controls of a form share."""

    changed: Callable[[], None]
    """Called after the definition has been changed."""
    calls: Calls
    """Passes on what a person does."""
    explain: bool = False
    """Whether what each field means is shown."""
    everything: bool = False
    """Whether fields that are seldom set are shown."""
    wanted: set[str] = dataclass_field(default_factory=set)
    """Names of seldom fields that were asked for one by one: ``devices.disks[].cache``."""
    snapshot: Snapshot | None = None
    """The host, once it has been read."""
    case: Case | None = None
    """The definition as it was last checked, and the host."""
    findings: Findings = dataclass_field(default_factory=Findings)
    """What the rules say of the definition; each is shown beside its field."""
    refused: dict[str, tuple[Any, str]] = dataclass_field(default_factory=dict)
    """By field: what was typed and refused, and why. It stays until it is mended, wherever the form goes."""

    def offers(self, part: Part, field: Field[Any, Any]) -> Offers:
        """What the host says of the words of a field; nothing before it has been read."""
        return offers(self.case, part, field) if self.case else Offers(words_of(field))

    def notes(self, name: str) -> Html:
        """The errors and warnings about one field, or about one part as a whole."""
        return Html("".join(note(each) for each in self.findings if each.field == name and each.severity != "hint"))


class Control:
    """One field of a part: a labelled input and, under it, what is wrong with it or what it means.

    Parameters
    ----------
    part : Part
        The part that holds the field.
    field : Field
        The field.
    state : FormState
        What it shares with the other controls.
    """

    def __init__(self, part: Part, field: Field[Any, Any], state: FormState) -> None:
        self._part = part
        self._field = field
        self._state = state
        self.name = part.__place__.named(field.name)
        self._offers = Offers()
        self._declined = ""
        """The word that was chosen last and that the host does not take."""
        typed, _ = state.refused.get(self.name, (None, ""))
        self.input = _input(part, field, typed)
        self.note = w.HTML()
        self.widget = w.VBox([self.input, self.note])
        self.widget.add_class(f"phy-field-{_slug(self.name)}")
        self._deafen = state.calls.changed(self.input, self._typed)
        self.show()

    def _typed(self, typed: Any) -> None:
        said = self._field.raw(self._part) or ""
        if self._field.kind in CHOSEN and typed != said and typed in {MARK, *self._offers.others}:
            self._declined = typed
            self._quietly(value=said)
            self.show()
            return
        self._declined = ""
        try:
            self._field.write(self._part, _needed(self.name, _value(self._field, typed)))
        except FieldError as error:
            self._state.refused[self.name] = (typed, f"{error} {self._still()}")
            self.show()
            return
        self._state.refused.pop(self.name, None)
        if self._field.kind == "secret":
            self._forget()
        self.show()
        self._state.changed()

    def _forget(self) -> None:
        """Keep the secret in the definition alone."""
        self._quietly(value="", placeholder="(set, not shown)")

    def _quietly(self, **shown: object) -> None:
        """Change what the input shows, not the definition."""
        self._deafen()
        with self.input.hold_sync():
            for name, value in shown.items():
                setattr(self.input, name, value)
        self._deafen = self._state.calls.changed(self.input, self._typed)

    def _still(self) -> str:
        still = "" if self._field.kind == "secret" else _shown(self._part, self._field, self._field.raw(self._part))
        return f"The definition still says {still!r}." if still else "The definition still has none."

    def _offer(self) -> None:
        """Put what the host takes first, and the rest with its reasons below; what the definition says stays."""
        if not isinstance(self.input, w.Combobox | w.Dropdown):
            return
        self._offers = self._state.offers(self._part, self._field)
        if isinstance(self.input, w.Combobox):
            self.input.options = self._offers.words
            return
        options = _options(self._offers, self._field.raw(self._part))
        if self.input.options != options:
            self._quietly(options=options, value=self.input.value)

    def show(self) -> None:
        """Show what is wrong, and what the field means where that is wanted."""
        self._offer()
        _, wrong = self._state.refused.get(self.name, (None, ""))
        if why := self._offers.others.get(self._declined):
            wrong = f"{self.name}: {self._declined!r} is not to be had here ({why}). {self._still()}"
        error = el("div", wrong, class_="phy-error", role="alert") if wrong else ""
        meaning = _meaning(self._part, self._field) if self._state.explain else ""
        self.note.value = Html(f"{error}{self._state.notes(self.name)}{meaning}")
        self.note.layout.display = "" if self.note.value else "none"


def _input(part: Part, field: Field[Any, Any], typed: Any) -> Any:
    """The input that suits a field, filled with what was typed and refused, else with what the definition says."""
    made = _filled(part, field)
    if typed is not None:
        made.value = typed
    return made


def _filled(part: Part, field: Field[Any, Any]) -> Any:  # noqa: PLR0911  (one for each kind)
    whole, own = part.__place__.named(field.name), field.name.replace("_", " ")
    # The part's name tells a screen reader the "maximum" of the memory from that of the vCPUs.
    hidden = el("span", f"{part.__title__} ", class_="phy-hidden")
    common = {
        "description": el("span", hidden, own, title=f"{field.help} ({whole})"),
        "description_allow_html": True,
        "tooltip": f"{field.help} ({whole})",
        "layout": w.Layout(width="auto"),
        "style": {"description_width": "10em"},
    }
    raw = field.raw(part)
    match field.kind:
        case "flag":
            return w.Checkbox(value=bool(field.read(part)), indent=True, **common)
        case kind if kind in CHOSEN:
            return w.Dropdown(options=_options(Offers(words_of(field)), raw), value=raw or "", **common)
        case "secret":
            # Taken on Enter or on leaving, then forgotten: a saved notebook holds the values of its widgets.
            said = LEFT_OUT if raw is None else "(set, not shown)"
            return w.Password(value="", placeholder=said, continuous_update=False, **common)
        case "list" if not getattr(field, "choices", ()):
            text = "\n".join(field.read(part))
            return w.Textarea(value=text, placeholder="one to a line", rows=max(2, text.count("\n") + 1), **common)
        case "list":
            return w.Text(value=" ".join(field.read(part)), placeholder=" ".join(words_of(field)), **common)
        case _:
            text = _shown(part, field, raw)
            if words_of(field) or is_suggested(part, field):
                return w.Combobox(
                    value=text, options=words_of(field), ensure_option=False, placeholder=LEFT_OUT, **common
                )
            return w.Text(value=text, placeholder=LEFT_OUT, **common)


def _options(offered: Offers, raw: str | None) -> tuple[tuple[str, str], ...]:
    """The lines of a dropdown; what the definition says is always one that can be chosen."""
    words = offered.words if raw is None or raw in offered.words else (*offered.words, raw)
    others = [(f"{word} — {why}", word) for word, why in offered.others.items() if word != raw]
    mark = [("— not to be had on this host —", MARK)] if others else []
    return ((LEFT_OUT, ""), *((word, word) for word in words), *mark, *others)


def _shown(part: Part, field: Field[Any, Any], raw: str | None) -> str:
    """The value as a person would type it; the raw text where it cannot be read."""
    if raw is None:
        return ""
    try:
        return str(field.read(part))
    except FieldError:
        return raw


def _value(field: Field[Any, Any], typed: Any) -> object:
    """What was typed, as the field takes it; nothing typed leaves it out."""
    match field.kind:
        case "flag":
            return typed
        case "switch":
            return {"": None, **dict(zip(words_of(field), (True, False), strict=True))}.get(typed, typed)
        case "list":
            words = typed.split() if getattr(field, "choices", ()) else [line.rstrip() for line in typed.splitlines()]
            return [word for word in words if word]
        case _:
            return typed if typed.strip() else None


def _needed(name: str, value: object) -> object:
    """`value`, which no definition can do without where the field is required."""
    if value is None and name in REQUIRED:
        raise FieldError(f"{name}: every VM has one; type it.")
    return value


def _meaning(part: Part, field: Field[Any, Any]) -> Html:
    address = f"https://libvirt.org/{field.doc or part.__reference__}"
    qemu = [" · QEMU ", el("code", field.qemu)] if field.qemu else []
    link = el("a", "libvirt's reference", href=address, target="_blank", rel="noopener")
    where = el("div", el("code", str(field.path)), *qemu, " · ", link)
    return el("div", field.help, where, class_="phy-help")


def _slug(name: str) -> str:
    return name.replace(".", "-").replace("[", "-").replace("]", "").replace("_", "-")
