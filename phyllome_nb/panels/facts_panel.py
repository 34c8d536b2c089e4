"""FactsPanel: what the panels of a host and of a fleet have in common."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import ipywidgets as w
import pandas as pd

from phyllome_nb.capacity.fleet import FleetSnapshot
from phyllome_nb.capacity.policy import Policy
from phyllome_nb.capacity.snapshot import Count, Snapshot
from phyllome_nb.html import Html, el, style
from phyllome_nb.panels.calls import Calls
from phyllome_nb.panels.chart_view import ChartView
from phyllome_nb.panels.policy_controls import PolicyControls
from phyllome_nb.panels.table_view import TableView
from phyllome_nb.panels.work import ENDING, SHOWING, failure

if TYPE_CHECKING:
    from phyllome_nb.charts.theme import Chart

__all__ = ["FactsPanel", "Fixed", "Source", "Views", "allocated", "has"]

F = TypeVar("F")
F_co = TypeVar("F_co", covariant=True)
TABS = ("Overview", "Tables", "Charts")


class Source(Protocol[F_co]):
    """Where a panel has its facts from: a `Watch`, or facts that stay as they are."""

    @property
    def snapshot(self) -> F_co | None:
        """The newest facts; None until the first were read."""
        ...

    @property
    def problem(self) -> str:
        """Why they are not the newest; nothing where they are."""
        ...

    def on_change(self, tell: Callable[[], None]) -> Callable[[], None]:
        """Have `tell` called after each change; what is returned ends that."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Fixed(Generic[F]):
    """Facts that stay as they are."""

    problem = ""

    def __init__(self, facts: F) -> None:
        self.snapshot: F | None = facts

    def on_change(self, tell: Callable[[], None]) -> Callable[[], None]:
        """Nothing ever changes."""
        del tell
        return lambda: None

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, slots=True)
class Views(Generic[F]):
    """What can be seen of some facts."""

    headed: Callable[[F], Html]
    """What stands above everything."""
    summed: Callable[[F, Policy, Count], Html]
    """What the first tab says in words."""
    tables: Mapping[str, Callable[[F, Policy, Count], pd.DataFrame]]
    """By title."""
    charts: "Mapping[str, Callable[[F, Policy, Count, bool], Chart]]"
    """By title; the last parameter is whether it is for a dark theme. The first one is on the first tab, too."""


class FactsPanel(w.VBox, Generic[F]):
    """Overview, tables and charts of facts that may change, under a policy that can be tried out.

    Only what is on the tab that is looked at is made. ipywidgets keeps every panel, also one whose cell was run again;
    so the facts are followed until no page shows the panel any longer, and again once one does.
    """

    _let_go: Callable[[], None] = staticmethod(lambda: None)
    """ipywidgets closes also what was never quite made."""
    _rests = False

    def __init__(
        self,
        follow: Callable[[], Source[F]],
        views: Views[F],
        policy: Policy | str | None,
        count: Count,
        below: Sequence[w.Widget] = (),
    ) -> None:
        self._follow = follow
        self.source = follow()
        self._calls = calls = Calls()
        self._views = views
        self._heading, self._state, self._overview = w.HTML(), w.HTML(), w.HTML()
        self.policy_controls = PolicyControls(self.refresh, calls, policy, count)
        charts = {title: self._chart(draw) for title, draw in views.charts.items()}
        self.tables = TableView({title: self._table(make) for title, make in views.tables.items()}, calls)
        self.charts = ChartView(charts, calls)
        self._glance = ChartView(dict(list(charts.items())[:1]), calls)
        overview = w.VBox([self._overview, self._glance.widget])
        self._tabs = w.Tab([overview, self.tables.widget, self.charts.widget], titles=TABS)
        calls.changed(self._tabs, lambda _: self.refresh(), "selected_index")
        super().__init__(
            [
                w.HTML(Html(f"<style>{style()}</style>")),
                self._heading,
                self._state,
                calls.widget,
                self.policy_controls.widget,
                self._tabs,
                *below,
            ],
            _view_count=0,  # the pages count themselves
        )
        self.add_class("phyllome")
        self._calls.changed(self, self._have_views, "_view_count")
        self._listen()

    def _listen(self) -> None:
        """Show what the source tells from now on."""
        source = self.source
        forget = source.on_change(self.refresh)

        def let_go() -> None:
            forget()
            source.close()

        self._let_go = let_go
        self._rests = False
        self.refresh()

    def _have_views(self, views: int | None) -> None:
        """Follow the facts while some page shows the panel."""
        if views == 0:
            self._let_go()
            self._rests = True
        elif self._rests and views:
            self.source = self._follow()
            self._listen()

    def refresh(self) -> None:
        """Show the facts as they are now, and what the policy makes of them."""
        with SHOWING:
            if not ENDING.is_set():
                self._refresh()

    def _refresh(self) -> None:
        problem, found = self.source.problem, self.source.snapshot
        said = el("span", problem, class_="phy-warning") if problem else Html("")
        self._state.value = el("div", said, role="status")
        if found is None:
            self._heading.value = el("div", "Reading …", class_="phy-quiet")
            return
        try:
            self._show(found)
        except Exception as error:  # noqa: BLE001  (shown to the person, with its traceback)
            self._state.value = failure(error)

    def close(self) -> None:
        """Let go of the source; what is on the screen goes, too."""
        self._let_go()
        self._rests = False
        super().close()

    def _show(self, found: F) -> None:
        self._heading.value = self._views.headed(found)
        if self._tabs.selected_index == 0:
            self._overview.value = self._views.summed(found, self.policy_controls.policy, self.policy_controls.count)
            self._glance.refresh()
        elif self._tabs.selected_index == 1:
            self.tables.refresh()
        else:
            self.charts.refresh()

    def _facts(self) -> F:
        found = self.source.snapshot
        if found is None:
            raise RuntimeError("Nothing was read yet.")
        return found

    def _table(self, make: Callable[[F, Policy, Count], pd.DataFrame]) -> Callable[[], pd.DataFrame]:
        return lambda: make(self._facts(), self.policy_controls.policy, self.policy_controls.count)

    def _chart(self, draw: "Callable[[F, Policy, Count, bool], Chart]") -> "Callable[[bool], Chart]":
        return lambda dark: draw(self._facts(), self.policy_controls.policy, self.policy_controls.count, dark)


Make = Callable[[Snapshot | FleetSnapshot, Policy, Count], pd.DataFrame]
ALLOCATED = {
    "vm": "VMs",
    "cell": "VMs by cell",
    "vcpu": "vCPUs",
    "device": "Devices of VMs",
    "disk": "Disks",
    "interface": "Interfaces",
}
HAS = {
    "host": "What hosts have",
    "cell": "Cells",
    "cpu": "CPUs",
    "page": "Pages",
    "device": "Devices",
    "pool": "Storage pools",
    "network": "Networks",
}


def allocated() -> dict[str, Make]:
    """What makes each of the tables of allocations, by title."""

    def make(by: str) -> Make:
        return lambda facts, _policy, _count: facts.allocations(by)

    return {title: make(by) for by, title in ALLOCATED.items()}


def has() -> dict[str, Make]:
    """What makes each of the tables of capacity, by title."""

    def make(by: str) -> Make:
        return lambda facts, _policy, _count: facts.capacity(by)

    return {title: make(by) for by, title in HAS.items()}
