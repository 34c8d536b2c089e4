"""How much may be promised, to be tried out: a preset, its numbers, and which VMs count."""

from collections.abc import Callable
from dataclasses import replace

import ipywidgets as w

from phyllome_nb.capacity.policy import Policy, Reservation
from phyllome_nb.capacity.snapshot import Count
from phyllome_nb.html import el
from phyllome_nb.panels.calls import Calls
from phyllome_nb.size import Size

__all__ = ["PolicyControls"]

COUNTS: dict[str, Count] = {
    "VMs that run": "running",
    "all VMs, as if every one ran": "defined",
    "VMs that start with the host": "autostart",
}
OWN = "own"
NO_LIMIT = "no limit"
MOST = 20.0
"""Where the sliders end; what is typed may be more."""


class PolicyControls:
    """A line of controls; `changed` is called once for each change that can be understood.

    ``policy`` and ``count`` are what they say; `calls` passes on what a person does.
    """

    def __init__(
        self, changed: Callable[[], None], calls: Calls, policy: Policy | str | None = None, count: Count = "running"
    ) -> None:
        self._changed = changed
        self._setting = False
        start = Policy.named(policy)
        self.policy = start
        wide = {"description_width": "initial"}
        names = [*Policy.presets(), OWN]
        self._preset = w.Dropdown(options=names, description="Policy", tooltip="Whose rules", style=wide)
        self._cpu = _Ratio("vCPUs for each CPU", self._typed, calls)
        self._memory = _Ratio("GiB for each GiB", self._typed, calls)
        self._kept = w.Text(
            description="Kept for the host",
            tooltip="Memory that is not promised, such as 2 GiB",
            style=wide,
            layout=w.Layout(width="15em"),
        )
        self._cpus = w.BoundedIntText(
            min=0, max=4096, description="CPUs kept", style=wide, layout=w.Layout(width="10em"), tooltip="CPUs kept"
        )
        self._count = w.Dropdown(
            options=list(COUNTS.items()), value=count, description="Count", tooltip="Which VMs count", style=wide
        )
        self._said = w.HTML()
        calls.changed(self._preset, lambda _: self._choose())
        calls.changed(self._kept, lambda _: self._typed())
        calls.changed(self._cpus, lambda _: self._typed())
        calls.changed(self._count, lambda _: self._changed())
        line = w.Layout(flex_flow="row wrap", grid_gap="0.3em 1.2em", align_items="center")
        self.widget = w.VBox(
            [
                w.HBox([self._count, self._preset], layout=line),
                w.HBox([self._cpu.widget, self._memory.widget, self._kept, self._cpus], layout=line),
                self._said,
            ]
        )
        self._show(start)

    @property
    def count(self) -> Count:
        """Which VMs count."""
        chosen: Count = self._count.value
        return chosen

    def _show(self, policy: Policy) -> None:
        """Let the controls say what the policy says."""
        self._setting = True
        self._preset.value = policy.name if policy.name in self._preset.options else OWN
        self._cpu.show(policy.cpu_ratio)
        self._memory.show(policy.memory_ratio)
        everywhere = [each for each in policy.reservations if each.host is None and each.cell is None]
        self._kept.value = str(Size(sum(each.memory for each in everywhere)))
        self._cpus.value = sum(each.cpus for each in everywhere)
        self._setting = False
        self._tell(policy)

    def _choose(self) -> None:
        if self._setting or self._preset.value == OWN:
            return
        self._show(Policy.preset(self._preset.value))
        self._changed()

    def _typed(self) -> None:
        """Take over what was typed; what cannot be understood is said, and what held before holds."""
        if self._setting:
            return
        try:
            memory, cpu_ratio, memory_ratio = Size(self._kept.value), self._cpu.value, self._memory.value
        except ValueError as error:
            self._said.value = el("span", str(error), class_="phy-error", role="status")
            return
        kept = tuple(each for each in self.policy.reservations if each.host is not None or each.cell is not None)
        pages = {size: n for each in self.policy.reservations if each not in kept for size, n in each.pages.items()}
        here = Reservation(memory, self._cpus.value, pages)
        own = replace(
            self.policy,
            name=OWN,
            cpu_ratio=cpu_ratio,
            memory_ratio=memory_ratio,
            reservations=(*kept, here),
            sources={},
        )
        self._setting = True
        self._preset.value = OWN
        self._setting = False
        self._tell(own)
        self._changed()

    def _tell(self, policy: Policy) -> None:
        self.policy = policy
        said = "; ".join(f"{name.replace('_', ' ')}: {source}" for name, source in policy.sources.items())
        self._said.value = el("span", said or "Numbers of your own.", class_="phy-quiet")


class _Ratio:
    """A ratio as a number to type and a slider to drag."""

    def __init__(self, label: str, changed: Callable[[], None], calls: Calls) -> None:
        self._label = label
        self._text = w.Text(
            description=label,
            tooltip=f"{label}: a number, or {NO_LIMIT}",
            style={"description_width": "initial"},
            layout=w.Layout(width="15em"),
        )
        self._slider = w.FloatSlider(
            min=0.1, max=MOST, step=0.1, readout=False, tooltip=label, layout=w.Layout(width="10em")
        )
        calls.changed(self._text, lambda _: self._typed(changed))
        calls.changed(self._slider, self._dragged)
        self._moving = False
        self.widget = w.HBox([self._text, self._slider], layout=w.Layout(align_items="center"))

    @property
    def value(self) -> float | None:
        """The ratio; None for no limit.

        Raises
        ------
        ValueError
            If it is no number above zero.
        """
        text = self._text.value.strip().lower()
        if text == NO_LIMIT:
            return None
        try:
            number = float(text)
        except ValueError:
            number = 0
        if not 0 < number < float("inf"):
            raise ValueError(f"{self._label}: {text!r} is no number above zero; write {NO_LIMIT} for none.")
        return number

    def show(self, ratio: float | None) -> None:
        """Let both say it."""
        self._text.value = NO_LIMIT if ratio is None else f"{ratio:g}"

    def _typed(self, changed: Callable[[], None]) -> None:
        try:
            number = self.value
        except ValueError:
            number = None
        if number is not None and not self._moving:
            self._moving = True
            self._slider.value = min(max(number, self._slider.min), self._slider.max)
            self._moving = False
        changed()

    def _dragged(self, number: float) -> None:
        if not self._moving:
            self._moving = True
            self._text.value = f"{number:g}"
            self._moving = False
