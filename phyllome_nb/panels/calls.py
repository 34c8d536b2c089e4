"""What a person does to a control, passed on: an error in what follows is told in the panel."""

import threading
from collections.abc import Callable
from typing import Any

import ipywidgets as w

from phyllome_nb.html import el
from phyllome_nb.panels.work import failure

__all__ = ["Calls"]


class Calls:
    """Passes on what a person does to the controls of one panel.

    ``widget`` tells the newest error in one sentence, its traceback folded, until something else is done.

    Examples
    --------
    >>> calls, button = Calls(), w.Button()
    >>> calls.pressed(button, lambda: 1 / 0)
    >>> button.click()
    >>> "ZeroDivisionError" in calls.widget.value
    True
    """

    def __init__(self) -> None:
        self.widget = w.HTML()
        self._here = threading.local()

    def pressed(self, button: Any, do: Callable[[], object]) -> None:
        """Have `do` called when a button is pressed."""
        button.on_click(lambda _: self.run(do))

    def changed(self, control: Any, do: Callable[[Any], object], trait: str = "value") -> Callable[[], None]:
        """Have `do` called with what a control was changed to; what is returned ends that."""

        def heard(change: dict[str, Any]) -> None:
            self.run(lambda: do(change["new"]))

        control.observe(heard, trait)
        return lambda: control.unobserve(heard, trait)

    def run(self, do: Callable[[], object]) -> None:
        """Do something; an error in it is told. One change brings others: what the first of them says is kept."""
        depth = getattr(self._here, "depth", 0)
        if not depth:
            self.widget.value = ""
        self._here.depth = depth + 1
        try:
            do()
        except Exception as error:  # noqa: BLE001  (told to the person, with its traceback)
            self.widget.value = el("div", failure(error), role="alert")
        finally:
            self._here.depth = depth
