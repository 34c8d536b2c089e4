"""HostPanel: what a host has and has promised, as it is now."""

from phyllome_nb import charts
from phyllome_nb.capacity import view
from phyllome_nb.capacity.policy import Policy
from phyllome_nb.capacity.snapshot import Count, Snapshot
from phyllome_nb.host.host import Host
from phyllome_nb.html import Html, el
from phyllome_nb.panels.facts_panel import FactsPanel, Fixed, Source, Views, allocated, has

__all__ = ["HostPanel"]


class HostPanel(FactsPanel[Snapshot]):
    """A host at a glance, its tables and its charts, under a policy to be tried out.

    It follows the host: what changes there is shown a moment later, without anything to be run. That rests while no
    page shows the panel, as when its cell was run again, and ``close()`` ends it.

    Parameters
    ----------
    host : Host or Snapshot
        A host that is open, or a snapshot, which stays as it is.
    policy : Policy or str, optional
        How much may be promised, to begin with; ``physical`` where it is left out.
    count : {"running", "defined", "autostart"}
        Which VMs are summed, to begin with.
    every : float
        Seconds after which the host is looked at again where libvirt announces nothing.

    Raises
    ------
    TypeError
        If `host` is neither.

    Examples
    --------
    >>> import phyllome_nb as ph
    >>> panel = ph.HostPanel(ph.demo().snapshot(), policy="nova")
    >>> panel.policy_controls.policy.cpu_ratio
    4.0
    """

    def __init__(
        self,
        host: Host | Snapshot,
        policy: Policy | str | None = None,
        count: Count = "running",
        *,
        every: float = 2,
    ) -> None:
        if not isinstance(host, Host | Snapshot):
            raise TypeError("A panel takes a host or a snapshot: ph.HostPanel(ph.connect(…)).")

        def follow() -> Source[Snapshot]:
            return Fixed(host) if isinstance(host, Snapshot) else host.watch(every)

        super().__init__(follow, VIEWS, policy, count)


def _headed(taken: Snapshot) -> Html:
    return view.heading(taken.host.name, view.asked(taken.host.uri, taken.taken))


def _summed(taken: Snapshot, policy: Policy, _count: Count) -> Html:
    problems = (f"{domain.name}: {domain.problem}" for domain in taken.domains if domain.problem)
    return el("div", view.described(taken), view.warnings(taken.conflicts(policy), problems))


VIEWS: Views[Snapshot] = Views(
    _headed,
    _summed,
    {
        **allocated(),
        "Balance": lambda snap, policy, count: snap.balance(count, policy),
        "Balance by cell": lambda snap, policy, count: snap.balance(count, policy, "cell"),
        "Conflicts": lambda snap, policy, _count: snap.conflicts(policy),
        "Pins": lambda snap, _policy, _count: snap.pins(),
        **has(),
        "Sources": lambda snap, _policy, _count: snap.sources(),
    },
    {
        "Balance": lambda snap, policy, count, dark: charts.balance(snap, count, policy, dark=dark),
        "Cells": lambda snap, policy, count, dark: charts.cells(snap, count, policy, dark=dark),
        "Topology": lambda snap, _policy, _count, dark: charts.topology(snap, dark=dark),
        "Promised and used": lambda snap, _policy, _count, dark: charts.promised(snap, dark=dark),
    },
)
