"""The steps of a scenario, put together with the mouse or the keyboard."""

from collections.abc import Callable

import ipywidgets as w

from phyllome_nb.capacity.fleet import FleetSnapshot
from phyllome_nb.capacity.policy import Policy
from phyllome_nb.capacity.scenario import Scenario
from phyllome_nb.capacity.snapshot import Count, Snapshot
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.html import el, legible
from phyllome_nb.panels.calls import Calls

__all__ = ["ScenarioForm"]

WIDE = {"description_width": "initial"}
LINE = {"flex_flow": "row wrap", "grid_gap": "0.3em 1em", "align_items": "center"}
ANY = -1
"""As many moves as it takes."""


class ScenarioForm:
    """Buttons that add steps, the steps in words, and how much may be moved and how much all may grow.

    Parameters
    ----------
    changed : callable
        Called after each change.
    shape : callable
        What the VM that is planned is, and how many of them.
    calls : Calls
        Passes on what a person does.
    """

    def __init__(self, changed: Callable[[], None], shape: Callable[[], tuple[DomainSpec, int]], calls: Calls) -> None:
        self._calls = calls
        self._changed = changed
        self._shape = shape
        self._facts: Snapshot | FleetSnapshot | None = None
        self._steps: list[Callable[[Scenario], Scenario]] = []
        self._lines = w.HTML()
        self._error = w.HTML()
        self._host = w.Dropdown(options=[], description="Host", style=WIDE)
        self._vm = w.Combobox(options=(), description="VMs", placeholder="web-*", style=WIDE, ensure_option=False)
        self._moves = w.Dropdown(
            options=[("stays where it is", 0), ("may move: 5", 5), ("may move: 50", 50), ("may move: any number", ANY)],
            description="What runs",
            style=WIDE,
        )
        self._percent = w.BoundedIntText(
            value=0, min=0, max=1000, description="Growth of all VMs, %", style=WIDE, layout=w.Layout(width="14em")
        )
        self._growth = w.IntSlider(min=0, max=200, readout=False, tooltip="Growth of all VMs in percent")
        w.link((self._percent, "value"), (self._growth, "value"))
        calls.changed(self._moves, lambda _: changed())
        calls.changed(self._percent, lambda _: changed())
        vms = [self._button("Spread", self._spread), self._button("Keep together", self._together)]
        vms.append(self._button("Remove", self._remove))
        hosts = [self._button("Lose", self._lose), self._button("Add one like it", self._add_host)]
        self.widget = w.VBox(
            [
                w.HBox([self._button("Add the planned VMs", self._add), self._percent, self._growth], layout=LINE),
                w.HBox([self._host, *hosts], layout=LINE),
                w.HBox([self._vm, *vms], layout=LINE),
                w.HBox(
                    [
                        self._moves,
                        self._button("Take the last step back", self._back),
                        self._button("Begin anew", self._clear),
                    ],
                    layout=LINE,
                ),
                self._lines,
                self._error,
            ]
        )

    def show(self, facts: Snapshot | FleetSnapshot) -> None:
        """Offer the hosts and VMs that there are."""
        self._facts = facts
        snapshots = facts.snapshots if isinstance(facts, FleetSnapshot) else (facts,)
        names = [each.host.name for each in snapshots]
        self._host.options = [(legible(name), name) for name in names]
        self._host.value = names[0] if names else None
        self._vm.options = sorted({domain.name for each in snapshots for domain in each.domains})

    def scenario(self, policy: Policy | str, count: Count) -> Scenario:
        """What was put together, under a policy.

        Raises
        ------
        ValueError
            If a step names what is not there.
        """
        if self._facts is None:
            raise ValueError("Nothing was read yet.")
        what_if = Scenario(self._facts, policy, count)
        for step in self._steps:
            what_if = step(what_if)
        if self._percent.value:
            what_if = what_if.grow(self._percent.value)
        if self._moves.value:
            what_if = what_if.moves(None if self._moves.value == ANY else self._moves.value)
        return what_if

    def say(self, what_if: Scenario | None, error: str = "") -> None:
        """Show the steps in words, and what is wrong with the last one."""
        if what_if is not None:
            items = [el("li", line) for line in str(what_if).splitlines()]
            self._lines.value = el("ol", *items) if items else el("p", "Nothing is changed yet.", class_="phy-quiet")
        self._error.value = el("div", error, class_="phy-error", role="status") if error else ""

    def _button(self, label: str, press: Callable[[], None]) -> w.Button:
        button = w.Button(description=label, tooltip=label, layout=w.Layout(width="auto"))
        self._calls.pressed(button, press)
        return button

    def _take(self, step: Callable[[Scenario], Scenario]) -> None:
        """Take a step up, if it can be taken."""
        self._steps.append(step)
        try:
            self.scenario("physical", "defined")
        except ValueError as error:
            self._steps.pop()
            self.say(None, str(error))
            return
        self._changed()

    def _add(self) -> None:
        try:
            spec, number = self._shape()
        except ValueError as error:
            self.say(None, str(error))
            return
        self._take(lambda what_if: what_if.add(spec, number))

    def _lose(self) -> None:
        host = self._host.value
        self._take(lambda what_if: what_if.lose(host))

    def _add_host(self) -> None:
        host = self._host.value

        def more(what_if: Scenario) -> Scenario:
            number = 1
            while f"{host}-new-{number}" in what_if.state.hosts:
                number += 1
            return what_if.add_host(f"{host}-new-{number}", like=host)

        self._take(more)

    def _spread(self) -> None:
        self._rule(Scenario.spread)

    def _together(self) -> None:
        self._rule(Scenario.together)

    def _rule(self, rule: Callable[..., Scenario]) -> None:
        vms = self._vm.value.split()
        if not vms:
            self.say(None, "Which VMs? Write their names, or a pattern such as web-*.")
            return
        self._take(lambda what_if: rule(what_if, *vms))

    def _remove(self) -> None:
        vm = self._vm.value.strip()
        self._take(lambda what_if: what_if.remove(vm))

    def _back(self) -> None:
        if self._steps:
            self._steps.pop()
            self._changed()

    def _clear(self) -> None:
        self._steps.clear()
        self._percent.value = 0
        self._moves.value = 0
        self._changed()
