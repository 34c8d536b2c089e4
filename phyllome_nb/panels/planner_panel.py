"""PlannerPanel: does it fit, how many more, what if, and what if a host is lost."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets as w
import pandas as pd

from phyllome_nb import charts
from phyllome_nb.capacity.fit import Fit
from phyllome_nb.capacity.fleet import FleetSnapshot
from phyllome_nb.capacity.how_many import HowMany
from phyllome_nb.capacity.placement import Placement
from phyllome_nb.capacity.policy import Policy
from phyllome_nb.capacity.scenario import Scenario
from phyllome_nb.capacity.snapshot import Count, Snapshot
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.export.page import table
from phyllome_nb.host.fleet import Fleet
from phyllome_nb.host.host import Host
from phyllome_nb.html import Html, el, legible, style
from phyllome_nb.panels.calls import Calls
from phyllome_nb.panels.chart_view import ChartView
from phyllome_nb.panels.domain_panel import DomainPanel
from phyllome_nb.panels.policy_controls import PolicyControls
from phyllome_nb.panels.scenario_form import LINE, WIDE, ScenarioForm
from phyllome_nb.panels.shape_form import ShapeForm
from phyllome_nb.panels.work import Work, failure

__all__ = ["PlannerPanel"]

TABS = ("Does it fit?", "What if …", "A host is lost")
PATIENCE = 30
"""Seconds that an answer may take."""
ROWS = 30
"""Rows of an answer that are shown; the export has them all."""
Facts = Snapshot | FleetSnapshot


class PlannerPanel(w.VBox):
    """Plan: the shape of a VM and whether it fits, scenarios and their answers, and what a loss would mean.

    Nothing is written to any host. **Build this VM** opens a panel for the shape, if a host was given that may be
    written to.

    Parameters
    ----------
    facts : Snapshot, FleetSnapshot, Host or Fleet
        A host or fleet that is open is read once, beside the kernel.
    spec : DomainSpec, optional
        The VM that is planned, to begin with.
    policy : Policy or str, optional
        How much may be promised, to begin with; ``nova`` where it is left out.
    count : {"running", "defined", "autostart"}
        Which VMs count, to begin with.

    Raises
    ------
    TypeError
        If `facts` is none of these.

    Examples
    --------
    >>> import phyllome_nb as ph
    >>> panel = ph.PlannerPanel(ph.demo().snapshot())
    >>> panel.wait(30)
    >>> panel.how_many.total
    3
    """

    def __init__(
        self,
        facts: Facts | Host | Fleet,
        spec: DomainSpec | None = None,
        policy: Policy | str | None = "nova",
        count: Count = "running",
    ) -> None:
        if not isinstance(facts, Snapshot | FleetSnapshot | Host | Fleet):
            raise TypeError("A planner takes facts or where to read them: ph.PlannerPanel(ph.connect(…).snapshot()).")
        self.host = facts if isinstance(facts, Host) else None
        self.facts: Facts | None = None
        self.fit: Fit | None = None
        self.how_many: HowMany | None = None
        self.placement: Placement | None = None
        self._fitting, self._planning, self._losing = Work(), Work(), Work()
        self._calls = calls = Calls()
        self._shape = ShapeForm(self._ask_fit, calls, spec)
        self.policy_controls = PolicyControls(self._ask_all, calls, policy, count)
        self._form = ScenarioForm(self._ask_plan, lambda: (self._shape.spec, self._shape.count), calls)
        self._fits, self._plan, self._lost = w.HTML(), w.HTML(), w.HTML()
        self._drawn = ChartView({"The plan": lambda dark: charts.plan(self._placed(), dark=dark)}, calls)
        self._tabs = w.Tab([self._fit_tab(), self._plan_tab(), self._loss_tab()], titles=TABS)
        calls.changed(self._tabs, lambda _: self._ask_all(), "selected_index")
        self._below = w.VBox([])
        self._heading = w.HTML(el("div", "Reading …", class_="phy-quiet"))
        super().__init__(
            [
                w.HTML(Html(f"<style>{style()}</style>")),
                self._heading,
                calls.widget,
                self.policy_controls.widget,
                self._shape.widget,
                self._tabs,
                self._below,
            ]
        )
        self.add_class("phyllome")
        if isinstance(facts, Host | Fleet):
            read: Callable[[], Facts] = facts.snapshot
            self._fitting.run("Reading", 2 * facts.timeout, read, self._have_facts)
        else:
            self._have_facts(facts)

    @property
    def scenario(self) -> Scenario:
        """What was put together on the second tab.

        Raises
        ------
        ValueError
            If a step names what is not there.
        """
        return self._form.scenario(self.policy_controls.policy, self.policy_controls.count)

    def wait(self, seconds: float) -> None:
        """Wait until all answers that were asked for are there; for programs and tests.

        Raises
        ------
        TimeoutError
            If that takes longer.
        """
        for work in (self._fitting, self._planning, self._losing, self._drawn):
            if not work.idle.wait(seconds):
                raise TimeoutError(f"The planner is still at work after {seconds:g} s.")

    def save(self, path: str | Path) -> Path:
        """Write the plan as JSON: what was assumed, who goes where, who does not and why, and how good it is.

        Raises
        ------
        ValueError
            If there is no plan yet.
        OSError
            If it cannot be written.
        """
        placement = self._placed()
        written = Path(path)
        plan = {
            "assumed": self.scenario.to_dict(),
            "certificate": str(placement.certificate),
            "assignment": placement.assignment.to_dict("records"),
            "unplaced": json.loads(placement.unplaced.to_json(orient="records")),
        }
        written.write_text(json.dumps(plan, indent=1, default=str) + "\n", "utf-8")
        return written

    def _fit_tab(self) -> w.VBox:
        self._build = w.Button(description="Build this VM", disabled=True, layout=w.Layout(width="auto"))
        self._build.tooltip = "Open a panel that defines it"
        self._calls.pressed(self._build, self._open_domain)
        return w.VBox([w.HBox([self._build, self._fitting.widget], layout=LINE), self._fits])

    def _plan_tab(self) -> w.VBox:
        self._path = w.Text(value="plan.json", description="File", style=WIDE, layout=w.Layout(width="16em"))
        save = w.Button(
            description="Save the plan", tooltip="Write the plan to this file", layout=w.Layout(width="auto")
        )
        self._calls.pressed(save, self._save)
        return w.VBox(
            [
                self._form.widget,
                self._planning.widget,
                self._plan,
                self._drawn.widget,
                w.HBox([self._path, save], layout=LINE),
            ]
        )

    def _loss_tab(self) -> w.VBox:
        self._k = w.Dropdown(
            options=[("any one host", 1), ("any two hosts", 2)], description="What if … is lost:", style=WIDE
        )
        self._empty = w.Dropdown(options=[], description="Empty a host:", style=WIDE)
        go = w.Button(
            description="Plan that", tooltip="Who would go where, step by step", layout=w.Layout(width="auto")
        )
        few = w.Button(description="How few hosts would do?", layout=w.Layout(width="auto"))
        self._calls.changed(self._k, lambda _: self._ask_loss())
        self._calls.pressed(go, self._ask_evacuation)
        self._calls.pressed(few, self._ask_few)
        return w.VBox([w.HBox([self._k, self._empty, go, few], layout=LINE), self._losing.widget, self._lost])

    def _have_facts(self, facts: Facts) -> Html:
        self.facts = facts
        snapshots = facts.snapshots if isinstance(facts, FleetSnapshot) else (facts,)
        names = [each.host.name for each in snapshots]
        self._form.show(facts)
        self._empty.options = [(legible(name), name) for name in names]
        self._empty.value = names[0] if names else None
        shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
        line = f"as of {facts.taken:%Y-%m-%d %H:%M:%S}"
        self._heading.value = el(
            "div",
            el("span", f"Plan for {shown}", class_="phy-name"),
            el("span", line, class_="phy-quiet"),
            class_="phy-heading",
        )
        self._build.disabled = self.host is None or not self.host.writable
        self._ask_all()
        return Html("")

    def _ask_all(self) -> None:
        """Answer what is on the tab that is looked at."""
        (self._ask_fit, self._ask_plan, self._ask_loss)[self._tabs.selected_index or 0]()

    def _ask_fit(self) -> None:
        if self.facts is None or self._tabs.selected_index:
            return
        facts, policy, count = self.facts, self.policy_controls.policy, self.policy_controls.count
        try:
            spec = self._shape.spec
        except ValueError as error:
            self._fitting.say(el("span", str(error), class_="phy-error"))
            return

        def work() -> tuple[Fit, HowMany, pd.DataFrame, pd.DataFrame]:
            return (
                facts.fit(spec, policy, count),
                facts.how_many(spec, policy, count),
                facts.largest("host", policy=policy, count=count),
                facts.largest("cell", policy=policy, count=count),
            )

        self._fitting.run("Fitting", PATIENCE, work, self._have_fit)

    def _have_fit(self, found: tuple[Fit, HowMany, pd.DataFrame, pd.DataFrame]) -> Html:
        self.fit, self.how_many, whole, cell = found
        total = self.how_many.total
        more = "any number" if total is None else f"{total}"
        if self.fit:
            where = ", ".join(self.fit.hosts[:6]) + (" and others" if len(self.fit.hosts) > 6 else "")
            said = el("span", f"{self.fit.name} fits on {where}; {more} of them do.", class_="phy-done")
        elif any(each.fits is None for each in self.fit.verdicts):
            said = el(
                "span", f"Whether {self.fit.name} fits is not known: the table says what is.", class_="phy-warning"
            )
        else:
            said = el("span", f"{self.fit.name} fits nowhere.", class_="phy-error")
        self._fits.value = el(
            "div",
            self.fit._repr_html_(),
            el("p", "How many more, and what runs out first:"),
            table(self.how_many.table.drop(columns="why").head(ROWS)),
            el("p", "The largest VM that still fits, on a whole host and in one cell:"),
            table(whole.head(ROWS)),
            table(cell.head(ROWS)),
        )
        return said

    def _ask_plan(self) -> None:
        if self.facts is None or self._tabs.selected_index != 1:
            return
        try:
            what_if = self.scenario
        except ValueError as error:
            self._form.say(None, str(error))
            return
        self._form.say(what_if)
        self._planning.run("Planning", PATIENCE, lambda: what_if.place(deadline=5), self._have_plan)

    def _have_plan(self, placement: Placement) -> Html:
        self.placement = placement
        moved = placement.assignment
        moved = moved[moved["moved"] | (moved["from"] == "")]
        parts = [el("p", repr(placement)[1:-1])]
        if placement.refusals:
            parts += [el("p", "Without a place:"), table(placement.unplaced.head(ROWS))]
        if len(moved):
            parts += [el("p", "Who goes where:"), table(moved.head(ROWS))]
        self._plan.value = el("div", *parts)
        self._drawn.refresh()
        return Html("")

    def _placed(self) -> Placement:
        if self.placement is None:
            raise ValueError("There is no plan yet: look at the tab 'What if …'.")
        return self.placement

    def _ask_loss(self) -> None:
        self._answer("Losing hosts", lambda what_if: what_if.survives(self._k.value), _survival)

    def _ask_evacuation(self) -> None:
        host = self._empty.value
        self._answer("Emptying it", lambda what_if: what_if.evacuate(host), lambda found: _evacuation(host, found))

    def _ask_few(self) -> None:
        self._answer("Moving together", lambda what_if: what_if.consolidate(), _few)

    def _answer(self, doing: str, ask: Callable[[Scenario], Any], show: Callable[[Any], Html]) -> None:
        if self.facts is None or self._tabs.selected_index != 2:
            return
        try:
            what_if = self.scenario
        except ValueError as error:
            self._losing.say(el("span", str(error), class_="phy-error"))
            return

        def have(found: Any) -> Html:
            self._lost.value = show(found)
            return Html("")

        self._losing.run(doing, 2 * PATIENCE, lambda: ask(what_if), have)

    def _save(self) -> None:
        try:
            written = self.save(self._path.value.strip() or "plan.json")
        except (ValueError, OSError) as error:
            self._planning.say(el("span", str(error), class_="phy-error"))
            return
        self._planning.say(el("span", f"The plan is in {written}.", class_="phy-done"))

    def _open_domain(self) -> None:
        """A panel for the shape, to define it."""
        if self.host is None:
            return
        try:
            self._below.children = [DomainPanel(self.host, self._shape.spec)]
        except Exception as error:  # noqa: BLE001  (shown to the person, with its traceback)
            self._fitting.say(failure(error))


def _survival(found: pd.DataFrame) -> Html:
    bad = found[found["survived"].eq(other=False).fillna(value=False)]
    open_ = int(found["survived"].isna().sum())
    if len(bad):
        said = el("p", el("span", f"{len(bad)} of {len(found)} losses are not survived.", class_="phy-error"))
    else:
        rest = f"; {open_} are undecided" if open_ else ""
        said = el(
            "p", el("span", f"{len(found) - open_} of {len(found)} losses are survived{rest}.", class_="phy-done")
        )
    order = found.assign(rank=found["survived"].map({False: 0, True: 2}).fillna(1)).sort_values("rank", kind="stable")
    return el("div", said, table(order.drop(columns="rank").head(ROWS)))


def _evacuation(host: str, found: pd.DataFrame) -> Html:
    stuck = int(found["step"].isna().sum())
    said = f"{len(found) - stuck} VMs leave {host}" + (f"; {stuck} cannot." if stuck else ".")
    return el("div", el("p", said), table(found.head(ROWS)))


def _few(placement: Placement) -> Html:
    moved = placement.assignment
    return el("div", el("p", repr(placement)[1:-1]), table(moved[moved["moved"]].head(ROWS)))
