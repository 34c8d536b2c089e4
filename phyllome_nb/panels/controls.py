"""A control for every kind of field: what a person types goes to the field, what the field says comes back."""

from collections.abc import Callable
from typing import Any

import ipywidgets as w

from phyllome_nb.errors import FieldError
from phyllome_nb.html import Html, el
from phyllome_nb.xml.fields import Field
from phyllome_nb.xml.part import Part

__all__ = ["Control"]

LEFT_OUT = "(left out)"


class Control:
    """One field of a part: a labelled input and, under it, what is wrong with it or what it means.

    Parameters
    ----------
    part : Part
        The part that holds the field.
    field : Field
        The field.
    changed : callable
        Called after the definition has been changed.
    explain : bool
        Whether what the field means is shown from the start.
    """

    def __init__(
        self, part: Part, field: Field[Any, Any], changed: Callable[[], None], *, explain: bool = False
    ) -> None:
        self._part = part
        self._field = field
        self._changed = changed
        self._explain = explain
        self._error = ""
        self.input = _input(part, field)
        self.note = w.HTML()
        self.widget = w.VBox([self.input, self.note])
        self.widget.add_class(f"phy-field-{_slug(part.__place__.named(field.name))}")
        self.input.observe(self._typed, "value")
        self._show()

    def explain(self, wanted: bool) -> None:
        """Show what the field means, or stop showing it."""
        self._explain = wanted
        self._show()

    def _typed(self, change: dict[str, Any]) -> None:
        try:
            self._field.write(self._part, _value(self._field, change["new"]))
        except FieldError as error:
            self._error = f"{error} The definition is unchanged."
            self._show()
            return
        self._error = ""
        self._show()
        self._changed()

    def _show(self) -> None:
        error = el("div", self._error, class_="phy-error", role="alert") if self._error else ""
        meaning = _meaning(self._part, self._field) if self._explain else ""
        self.note.value = Html(f"{error}{meaning}")
        self.note.layout.display = "" if self.note.value else "none"


def _input(part: Part, field: Field[Any, Any]) -> Any:
    """The input that suits a field, filled with what the definition says."""
    common = {
        "description": field.name.replace("_", " "),
        "tooltip": f"{field.help} ({part.__place__.named(field.name)})",
        "layout": w.Layout(width="auto"),
        "style": {"description_width": "10em"},
    }
    raw = field.raw(part)
    match field.kind:
        case "flag":
            return w.Checkbox(value=bool(field.read(part)), indent=True, **common)
        case "choice" | "switch":
            words = _words(field)
            known = words if raw in {*words, None} else (*words, raw)
            return w.Dropdown(options=[(LEFT_OUT, ""), *((word, word) for word in known)], value=raw or "", **common)
        case "list" if not getattr(field, "choices", ()):
            text = "\n".join(field.read(part))
            return w.Textarea(value=text, placeholder="one to a line", rows=max(2, text.count("\n") + 1), **common)
        case "list":
            return w.Text(value=" ".join(field.read(part)), placeholder=" ".join(_words(field)), **common)
        case _:
            text = _shown(part, field, raw)
            if options := _words(field):
                return w.Combobox(value=text, options=options, ensure_option=False, placeholder=LEFT_OUT, **common)
            return w.Text(value=text, placeholder=LEFT_OUT, **common)


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
            return {"": None, **dict(zip(_words(field), (True, False), strict=True))}.get(typed, typed)
        case "list":
            return typed.split("\n" if not getattr(field, "choices", ()) else None) if typed.strip() else ()
        case _:
            return typed if typed.strip() else None


def _words(field: Field[Any, Any]) -> tuple[str, ...]:
    if field.kind == "switch":
        return (field.yes, field.no)  # type: ignore[attr-defined]
    return getattr(field, "choices", ())


def _meaning(part: Part, field: Field[Any, Any]) -> Html:
    address = f"https://libvirt.org/{field.doc or part.__reference__}"
    qemu = [" · QEMU ", el("code", field.qemu)] if field.qemu else []
    link = el("a", "libvirt's reference", href=address, target="_blank", rel="noopener")
    where = el("div", el("code", str(field.path)), *qemu, " · ", link)
    return el("div", field.help, where, class_="phy-help")


def _slug(name: str) -> str:
    return name.replace(".", "-").replace("[", "-").replace("]", "").replace("_", "-")
