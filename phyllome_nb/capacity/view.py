"""A snapshot as HTML: what was promised, of how much, and to which VM."""

from collections.abc import Iterable
from datetime import datetime

import pandas as pd

from phyllome_nb.capacity import effect_table
from phyllome_nb.capacity.bars import legend
from phyllome_nb.capacity.effect import Effect, pairs
from phyllome_nb.capacity.policy import Policy
from phyllome_nb.capacity.snapshot import HostFacts, Snapshot
from phyllome_nb.capacity.tables.balance import lines
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.html import Html, el, row

__all__ = ["asked", "balance", "described", "effect", "heading", "snapshot", "summary", "warnings"]

WHEN = {"running": "Now", "defined": "If every VM ran", "autostart": "When the host starts"}
WARNINGS = 8
"""So many are said; a table has the rest."""


def snapshot(taken: Snapshot) -> Html:
    """The whole snapshot."""
    facts = taken.host
    line = asked(facts.uri, taken.taken)
    return el("div", heading(facts.name, line), summary(taken), _domains(taken))


def asked(uri: str, taken: datetime) -> str:
    """Where and when a host was asked."""
    return " · ".join(filter(None, (uri, f"{taken:%Y-%m-%d %H:%M:%S}")))


def heading(name: str, line: str) -> Html:
    """A host's name and a line about it."""
    return el("div", el("span", name, class_="phy-name"), el("span", line, class_="phy-quiet"), class_="phy-heading")


def summary(taken: Snapshot) -> Html:
    """What the host has, and how much of it was promised."""
    return el("div", described(taken), balance(taken))


def described(taken: Snapshot) -> Html:
    """What the host has, in a line."""
    facts = taken.host
    parts = [
        f"{facts.cpus} CPUs ({_shape(facts)} sockets × cores × threads)" if facts.cpus else "",
        f"{facts.memory.short()} ({facts.memory_source})" if facts.memory else "",
        f"{taken.running} of {len(taken.domains)} VMs run",
        ", ".join(filter(None, (facts.hypervisor, f"libvirt {facts.libvirt}" if facts.libvirt else ""))),
    ]
    return el("p", " · ".join(filter(None, parts)))


def warnings(conflicts: pd.DataFrame, problems: Iterable[str] = ()) -> Html:
    """What was promised twice or cannot be had, each thing once, and what could not be read.

    Parameters
    ----------
    conflicts : pandas.DataFrame
        What `Snapshot.conflicts` gives: a thing that is wanted by those that run is wanted if all ran, too.
    problems : iterable of str
        Sentences.
    """
    said: dict[tuple[object, ...], tuple[str, str, str]] = {}
    for each in conflicts.to_dict("records"):
        said.setdefault(
            (each["host"], each["kind"], each["what"], each["cell"]), (each["count"], each["vms"], each["why"])
        )
    lines = [el("div", f"{WHEN[count]}, {vms}: {why}", class_="phy-warning") for count, vms, why in said.values()]
    lines += [el("div", each, class_="phy-warning") for each in problems]
    more = len(lines) - WARNINGS
    tail = [el("p", f"and {more} more: the table Conflicts has them all.", class_="phy-quiet")] if more > 0 else []
    return el("div", *lines[:WARNINGS], *tail)


def balance(taken: Snapshot) -> Html:
    """What the host has promised so far."""
    physical = Policy.named(None)
    sums = {count: taken.totals.whole(count, physical.overhead) for count in effect_table.COUNTS}
    found = {count: {line.resource: line for line in lines(taken, each, physical)} for count, each in sums.items()}
    same = {count: pairs(each, each) for count, each in found.items()}
    return effect_table.table(effect_table.rows(same, ("vcpus", "memory")))


def effect(taken: Snapshot, spec: DomainSpec, policy: Policy | str | None = None) -> Html:
    """What the host has promised, and what one more VM would add, or one of its own that is defined otherwise.

    Parameters
    ----------
    taken : Snapshot
    spec : DomainSpec
    policy : Policy or str, optional
        Whose limits are marked, too; without one only what there is.
    """
    chosen = None if policy is None else Policy.named(policy)
    found = Effect.of(taken, spec, chosen)
    parts = [effect_table.main(found, chosen)]
    if effect_table.has_cells(found):
        cells = effect_table.by_cell(found, chosen)
        parts.append(cells if found.bound else el("details", el("summary", "By NUMA cell"), cells))
    return el("div", *parts, *([legend(chosen)] if chosen else []))


def _domains(taken: Snapshot) -> Html:
    head = row(["VM", "state", "autostart", "vCPUs", "memory", "note"], "th")
    rows = []
    for domain in taken.domains:
        shown = domain.shown
        notes = [
            "" if domain.persistent else "transient",
            "changes at its next start" if domain.pending else "",
            domain.problem,
        ]
        rows.append(
            row(
                [
                    domain.name,
                    domain.state,
                    "yes" if domain.autostart else "",
                    _of(str(shown.vcpus), str(shown.vcpus_max)) if shown else "?",
                    _of(shown.memory.short(), shown.memory_max.short()) if shown else "?",
                    ", ".join(filter(None, notes)),
                ],
            ),
        )
    return el("table", el("thead", head), el("tbody", *rows), class_="phy-table")


def _of(current: str, most: str) -> str:
    return most if current == most else f"{current} of {most}"


def _shape(facts: HostFacts) -> str:
    shape = facts.topology
    return f"{shape.sockets} × {shape.cores // max(shape.sockets, 1)} × {shape.threads}"
