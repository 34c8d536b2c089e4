"""The guest's memory to be dragged: what it is booted with, and what the balloon leaves it."""

from collections.abc import Callable

import ipywidgets as w

from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import DefinitionError
from phyllome_nb.html import el
from phyllome_nb.panels.calls import Calls
from phyllome_nb.size import Size

__all__ = ["MemoryPicker"]

LEAST = Size("64 MiB")
UNKNOWN = Size("64 GiB")
"""Where the slider ends at least for a host whose memory is not known."""
PARTS = 20
"""Into so many steps the balloon's slider divides the memory."""


class MemoryPicker:
    """Two sliders, each linked with the field of the same name below it, which takes any amount in any unit.

    Parameters
    ----------
    spec : DomainSpec
        The definition.
    snapshot : callable
        Tells the host as it was last read; None where that is not known.
    changed : callable
        Called after the definition has been changed.
    calls : Calls
        Passes on what a person does.
    """

    def __init__(
        self,
        spec: DomainSpec,
        snapshot: Callable[[], Snapshot | None],
        changed: Callable[[], None],
        calls: Calls,
    ) -> None:
        self._spec = spec
        self._snapshot = snapshot
        self._changed = changed
        self._steps: list[Size] = [LEAST]
        self._setting = False
        self._maximum = _slider("maximum", "What the guest is booted with; the field below says it exactly")
        self._current = _slider("current", "What the balloon leaves of it; at the right end, all")
        self._current.max = PARTS
        self._said = w.HTML()
        calls.changed(self._maximum, self._drag_maximum)
        calls.changed(self._current, self._drag_current)
        self.widget = w.VBox([self._maximum, self._current, self._said])
        self.widget.add_class("phy-memory")

    def refresh(self) -> None:
        """Show what the definition says now; nothing is rounded by being shown."""
        self._setting = True
        try:
            maximum, current = self._spec.memory.maximum, self._spec.memory.current
            if maximum:
                self._steps = _steps(self._most(maximum))
                self._maximum.max = len(self._steps) - 1
                self._maximum.value = sum(step < maximum for step in self._steps[:-1])
                self._current.value = PARTS if current is None else min(PARTS * current // maximum, PARTS)
                self._said.value = el("div", self._words(maximum, current), class_="phy-quiet")
        except DefinitionError:
            pass  # the field below says what is wrong
        finally:
            self._setting = False

    def _most(self, maximum: Size) -> Size:
        """Where the slider ends: at the host's memory, or beyond what the definition says."""
        snapshot = self._snapshot()
        host = snapshot.host.memory if snapshot is not None else Size(0)
        return Size(max(host or UNKNOWN, maximum))

    def _words(self, maximum: Size, current: Size | None) -> str:
        least, most = self._steps[0].short(), self._steps[-1].short()
        left = maximum if current is None else current
        taken = maximum - left
        balloon = f"the balloon leaves {Size(left).short()}" if taken > 0 else "the balloon leaves it all"
        return f"{maximum.short()}, from {least} to {most}; {balloon}."

    def _drag_maximum(self, step: int) -> None:
        """Set the maximum; what the balloon leaves comes along where it was all, and is never more."""
        if self._setting:
            return
        memory = self._spec.memory
        before, current, now = memory.maximum, memory.current, self._steps[step]
        memory.maximum = now
        if current is not None and (current == before or current > now):
            memory.current = now
        self._changed()

    def _drag_current(self, part: int) -> None:
        if self._setting:
            return
        memory = self._spec.memory
        maximum = memory.maximum or LEAST
        memory.current = maximum if part == PARTS else Size(maximum * max(part, 1) // PARTS)
        self._changed()


def _slider(label: str, meaning: str) -> w.IntSlider:
    return w.IntSlider(
        min=0,
        max=1,
        readout=False,
        continuous_update=False,
        description=label,
        tooltip=meaning,
        style={"description_width": "10em"},
        layout=w.Layout(width="auto"),
    )


def _steps(most: Size) -> list[Size]:
    """Amounts that people use: powers of two and those between, to the one that ends the row.

    Examples
    --------
    >>> [str(step) for step in _steps(Size("300 MiB"))]
    ['64 MiB', '96 MiB', '128 MiB', '192 MiB', '256 MiB', '300 MiB']
    """
    found, step = [], LEAST
    while step < most:
        found += [each for each in (step, Size(step * 3 // 2)) if each < most]
        step = Size(step * 2)
    return [*found, most]
