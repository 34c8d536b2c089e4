"""Find the parts of a panel as a person would: by what they are called."""

from collections.abc import Iterator
from typing import Any


def walk(widget: Any) -> Iterator[Any]:
    """Yield a widget and all that is inside it."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from walk(child)


def field(panel: Any, name: str) -> Any:
    """Return the input of a field, such as ``memory-maximum``."""
    (box,) = (widget for widget in walk(panel) if f"phy-field-{name}" in getattr(widget, "_dom_classes", ()))
    return box.children[0]


def complaint(panel: Any, name: str) -> str:
    """Return the note under a field, as HTML."""
    (box,) = (widget for widget in walk(panel) if f"phy-field-{name}" in getattr(widget, "_dom_classes", ()))
    return str(box.children[1].value)


def button(panel: Any, description: str) -> Any:
    """Return the button that says this, whether it is open, closed or counts something."""
    found = [widget for widget in walk(panel) if description in getattr(widget, "description", "")]
    return next(widget for widget in found if "Button" in type(widget).__name__)


def choose(panel: Any, description: str) -> Any:
    """Return the control of exactly this description."""
    return next(each for each in walk(panel) if getattr(each, "description", "") == description)


def section(panel: Any, title: str) -> Any:
    """Return the button that opens and closes the section of exactly this title."""
    return next(
        widget for widget in walk(panel) if getattr(widget, "tooltip", "") in {f"Open {title}", f"Close {title}"}
    )


def text(panel: Any) -> str:
    """Return all HTML that the panel shows."""
    shown = (widget for widget in walk(panel) if type(widget).__name__ == "HTML" and "<style>" not in widget.value)
    return "\n".join(str(widget.value) for widget in shown)


def pieces(panel: Any) -> str:
    """Return the XML that the panel shows, as HTML."""
    (box,) = (widget for widget in walk(panel) if "phy-pieces" in getattr(widget, "_dom_classes", ()))
    return "\n".join(str(piece.value) for piece in box.children)
