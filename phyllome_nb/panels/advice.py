"""What is plainly wrong with a definition, said at once, with the mend one click away."""

from collections.abc import Callable
from dataclasses import dataclass

import ipywidgets as w

from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.html import el
from phyllome_nb.panels.calls import Calls

__all__ = ["Advice", "Mend", "identity"]


@dataclass(frozen=True, slots=True)
class Mend:
    """What is wrong, and what a click does about it."""

    said: str
    label: str
    do: Callable[[], object]


class Advice:
    """A line that appears while something is wrong.

    Parameters
    ----------
    look : callable
        Looks at the definition and gives the mend, or None where there is nothing to mend.
    spec : DomainSpec
        The definition.
    mended : callable
        Called after the button has changed the definition.
    calls : Calls
        Passes on what a person does.
    """

    def __init__(
        self,
        look: Callable[[DomainSpec], Mend | None],
        spec: DomainSpec,
        mended: Callable[[], None],
        calls: Calls,
    ) -> None:
        self._look = look
        self._spec = spec
        self._mended = mended
        self._text = w.HTML()
        self._button = w.Button(layout=w.Layout(width="auto", flex="0 0 auto"))
        calls.pressed(self._button, self._do)
        self.widget = w.HBox([self._text, self._button], layout=w.Layout(align_items="baseline", grid_gap="1em"))
        self.refresh()

    def refresh(self) -> None:
        """Look again."""
        mend = self._look(self._spec)
        self.widget.layout.display = "" if mend else "none"
        if mend:
            self._text.value = el("div", mend.said, class_="phy-warning", role="alert")
            self._button.description = mend.label

    def _do(self) -> None:
        mend = self._look(self._spec)
        if mend:
            mend.do()
            self._mended()


def identity(spec: DomainSpec) -> Mend | None:
    """A definition with a uuid is that of a VM that exists; the panel makes new ones."""
    if spec.uuid is None:
        return None

    def forget() -> None:
        spec.uuid = None
        for interface in spec.devices.interfaces:
            interface.mac = None  # two cards with one address disturb each other

    said = "This definition carries the uuid of a VM that exists, and this panel makes new VMs."
    return Mend(said, "Leave out its uuid and its MAC addresses", forget)
