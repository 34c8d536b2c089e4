"""Widgets as they stood when the notebook had run: plain HTML that needs no script."""

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from phyllome_nb.html import Html, el

__all__ = ["still"]

PREFIX = "IPY_MODEL_"
Models = Mapping[str, Mapping[str, Any]]


def still(models: Models, model: str) -> Html:
    """The widget of this id, and all in it."""
    return el("div", _widget(models, model), class_="still")


def _widget(models: Models, reference: str) -> Html:
    model = models.get(reference.removeprefix(PREFIX))
    if not model or _hidden(models, model["state"]):
        return Html()
    state = model["state"]
    kind = str(model["model_name"]).removesuffix("Model")
    classes = " ".join((f"still-{kind.lower()}", *state.get("_dom_classes", ())))
    inside = [_widget(models, child) for child in state.get("children", ())]
    if kind in {"Accordion", "Tab"}:
        return el("div", *_folded(state, inside), class_=classes)
    if "children" in state:
        return el("div", *inside, class_=classes)
    if kind in {"HTML", "HTMLMath"}:
        return el("div", Html(state.get("value") or ""), class_=classes)
    if kind in {"Button", "ToggleButton"}:
        return el("button", state.get("description") or "", type="button", disabled="", class_=classes)
    return el("label", el("span", _description(state)), _control(kind, state), class_=classes)


def _description(state: Mapping[str, Any]) -> str:
    text = str(state.get("description") or "")
    return Html(text) if state.get("description_allow_html") else text


def _hidden(models: Models, state: Mapping[str, Any]) -> bool:
    layout = models.get(str(state.get("layout")).removeprefix(PREFIX), {}).get("state", {})
    return bool(layout.get("display") == "none" or layout.get("visibility") == "hidden")


def _folded(state: Mapping[str, Any], inside: list[Html]) -> Iterator[Html]:
    """Each child below its title; the chosen one is open."""
    for number, (child, title) in enumerate(zip_longest(inside, state.get("titles") or (), fillvalue="")):
        opened = {"open": ""} if number == state.get("selected_index") else {}
        yield el("details", el("summary", title), child, **opened)


def _control(kind: str, state: Mapping[str, Any]) -> Html:
    value = state.get("value")
    if kind == "Checkbox":
        return el("input", type="checkbox", disabled="", **({"checked": ""} if value else {}))
    if kind == "Textarea":
        return el("textarea", str(value or ""), disabled="")
    labels, index = state.get("_options_labels") or (), state.get("index")
    chosen = labels[index] if isinstance(index, int) and index < len(labels) else value
    return el("input", type="text", disabled="", value="" if chosen is None else str(chosen))
