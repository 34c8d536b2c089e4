"""FleetPanel: what several hosts have and have promised, as it is now."""

import ipywidgets as w

from phyllome_nb import charts
from phyllome_nb.capacity import view
from phyllome_nb.capacity.fleet import FleetSnapshot
from phyllome_nb.capacity.policy import Policy
from phyllome_nb.capacity.snapshot import Count
from phyllome_nb.export.page import table
from phyllome_nb.host.fleet import Fleet
from phyllome_nb.html import Html, el, legible
from phyllome_nb.panels.facts_panel import FactsPanel, Fixed, Source, Views, allocated, has
from phyllome_nb.panels.host_panel import HostPanel

__all__ = ["FleetPanel"]

NONE = "none"


class FleetPanel(FactsPanel[FleetSnapshot]):
    """Several hosts at a glance, their tables and charts, under a policy to be tried out; each can be opened below.

    It follows the hosts: one that changes is shown a moment later, one that gives no answer is a row that says so, and
    is asked again. That rests while no page shows the panel, as when its cell was run again, and ``close()`` ends it.

    Parameters
    ----------
    fleet : Fleet or FleetSnapshot
        Hosts, or their facts, which stay as they are.
    policy : Policy or str, optional
        How much may be promised, to begin with; ``physical`` where it is left out.
    count : {"running", "defined", "autostart"}
        Which VMs are summed, to begin with.
    every : float
        Seconds after which a host is looked at again where libvirt announces nothing.

    Raises
    ------
    TypeError
        If `fleet` is neither.

    Examples
    --------
    >>> import phyllome_nb as ph
    >>> panel = ph.FleetPanel(ph.Fleet([ph.demo().snapshot()]).snapshot())
    >>> panel.tables.table["host"].tolist()
    ['demo']
    """

    def __init__(
        self,
        fleet: Fleet | FleetSnapshot,
        policy: Policy | str | None = None,
        count: Count = "running",
        *,
        every: float = 5,
    ) -> None:
        if not isinstance(fleet, Fleet | FleetSnapshot):
            raise TypeError("A panel takes a fleet: ph.FleetPanel(ph.Fleet([…])).")

        def follow() -> Source[FleetSnapshot]:
            return Fixed(fleet) if isinstance(fleet, FleetSnapshot) else fleet.watch(every)

        self._host = w.Dropdown(options=[NONE], description="Look at one host", style={"description_width": "initial"})
        self._below = w.VBox([])
        super().__init__(follow, VIEWS, policy, count, [self._host, self._below])
        self._calls.changed(self._host, lambda _: self._open())

    def _show(self, found: FleetSnapshot) -> None:
        names = [NONE, *(each.host.name for each in found.snapshots)]
        offered = tuple((legible(name), name) for name in names)
        if self._host.options != offered:
            chosen = self._host.value
            self._host.options = offered
            self._host.value = chosen if chosen in names else NONE
        super()._show(found)

    def _open(self) -> None:
        """Show the host that was chosen, as it was last read."""
        found = self.source.snapshot
        chosen = [each for each in (found.snapshots if found else ()) if each.host.name == self._host.value]
        for panel in self._below.children:
            panel.close()
        self._below.children = [
            HostPanel(each, self.policy_controls.policy, self.policy_controls.count) for each in chosen
        ]


def _headed(taken: FleetSnapshot) -> Html:
    hosts = len(taken.snapshots) + len(taken.failures)
    return view.heading(f"{hosts} hosts", f"{taken.taken:%Y-%m-%d %H:%M:%S}")


def _summed(taken: FleetSnapshot, policy: Policy, count: Count) -> Html:
    lost = (f"{each.name} gave no answer: {each.problem}" for each in taken.failures)
    return el("div", view.warnings(taken.conflicts(policy), lost), table(taken.totals(count, policy)))


VIEWS: Views[FleetSnapshot] = Views(
    _headed,
    _summed,
    {
        "Hosts": lambda fleet, _policy, _count: fleet.hosts(),
        "Totals": lambda fleet, policy, count: fleet.totals(count, policy),
        "Balance": lambda fleet, policy, count: fleet.balance(count, policy),
        "Balance by cell": lambda fleet, policy, count: fleet.balance(count, policy, "cell"),
        "Conflicts": lambda fleet, policy, _count: fleet.conflicts(policy),
        **allocated(),
        "Pins": lambda fleet, _policy, _count: fleet.pins(),
        **has(),
        "Sources": lambda fleet, _policy, _count: fleet.sources(),
    },
    {
        "All hosts": lambda fleet, policy, count, dark: charts.fleet(fleet, count, policy, dark=dark),
        "Balance": lambda fleet, policy, count, dark: charts.balance(fleet, count, policy, dark=dark),
    },
)
