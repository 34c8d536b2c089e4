"""What a definition means for the host, as bars: all of it, then cell by cell; and whose limits are marked."""

import ipywidgets as w

from phyllome_nb.capacity import effect_table, view
from phyllome_nb.capacity.bars import legend
from phyllome_nb.capacity.effect import Effect
from phyllome_nb.capacity.policy import Policy
from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import DefinitionError
from phyllome_nb.html import Html, el
from phyllome_nb.panels.calls import Calls

__all__ = ["EffectView"]

NONE = "no policy"


class EffectView:
    """The bars of one definition and one host; `show` draws them, again with each change of either.

    Parameters
    ----------
    calls : Calls
        Passes on what a person does.
    policy : str, optional
        The name of the preset to begin with; only what there is is marked where it is left out.
    """

    def __init__(self, calls: Calls, policy: str | None = None) -> None:
        self._latest: tuple[Snapshot, DomainSpec] | None = None
        self._policy = w.Dropdown(
            options=[NONE, *Policy.presets()],
            value=policy or NONE,
            description="Limits by",
            tooltip="Whose limits are marked on the bars, beside what there is",
            style={"description_width": "initial"},
            layout=w.Layout(width="auto", align_self="flex-start"),
        )
        self._whole = w.HTML()
        # A button outlasts what is drawn under it; what is open in the page would close with each key.
        self._toggle = w.ToggleButton(
            tooltip="The same for each NUMA cell of the host",
            layout=w.Layout(width="auto", align_self="flex-start"),
        )
        self._cells = w.HTML()
        calls.changed(self._policy, lambda _: self._draw())
        calls.changed(self._toggle, lambda _: self._draw())
        self.widget = w.VBox([self._policy, self._whole, self._toggle, self._cells])
        self.widget.layout.display = "none"

    @property
    def value(self) -> str:
        """All that is shown, as HTML."""
        return f"{self._whole.value}{self._cells.value}"

    def show(self, snapshot: Snapshot, spec: DomainSpec) -> None:
        """Show what a definition means for a host as it was at a moment."""
        self._latest = snapshot, spec
        self._draw()

    def _draw(self) -> None:
        if self._latest is None:
            return
        snapshot, spec = self._latest
        chosen = None if self._policy.value == NONE else Policy.preset(self._policy.value)
        try:
            if snapshot.others(spec.uuid).named(spec.name):
                said = f"{snapshot.host.name} has a VM named {spec.name!r}; the bars show the host as it is."
                self._put(el("div", el("div", said), view.balance(snapshot)))
            else:
                self._put_effect(Effect.of(snapshot, spec, chosen), chosen)
        except DefinitionError as error:
            self._put(el("div", str(error), class_="phy-error"))

    def _put_effect(self, effect: Effect, policy: Policy | None) -> None:
        has, opened = effect_table.has_cells(effect), effect.bound or self._toggle.value
        whole = effect_table.main(effect, policy)
        self._put(
            el("div", whole, legend(policy)) if policy else whole,
            effect_table.by_cell(effect, policy) if has and opened else None,
            asks=has and not effect.bound,
        )

    def _put(self, whole: Html, cells: Html | None = None, *, asks: bool = False) -> None:
        """Send what has changed, and nothing else."""
        self.widget.layout.display = ""
        self._whole.value, self._cells.value = whole, cells or ""
        self._toggle.description = "Hide NUMA cells" if self._toggle.value else "By NUMA cell"
        self._toggle.layout.display = "" if asks else "none"
