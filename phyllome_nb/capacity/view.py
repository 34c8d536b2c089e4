"""A snapshot as HTML: what was promised, of how much, and to which VM."""

from collections.abc import Iterable
from datetime import datetime

import pandas as pd

from phyllome_nb.capacity.snapshot import Count, HostFacts, Snapshot
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.html import Html, el, row

__all__ = ["asked", "balance", "described", "effect", "heading", "snapshot", "summary", "warnings"]

NOW = {"running": "by the VMs that run", "defined": "if every VM ran"}
WITH_IT = {"running": "once this VM runs, too", "defined": "if every VM ran, this one too"}
CHANGED = {"running": "once this VM was started again", "defined": "if every VM ran"}
COUNTS: tuple[Count, ...] = ("running", "defined")
WHEN = {"running": "Now", "defined": "If every VM ran", "autostart": "When the host starts"}
WARNINGS = 8
"""So many are said; a table has the rest."""
RESOURCES = {"vcpus": "vCPUs", "memory": "Memory"}


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
    return _bars(taken, taken, NOW)


def effect(taken: Snapshot, spec: DomainSpec) -> Html:
    """What the host has promised, and what one more VM would add, or one of its own that is defined otherwise."""
    known = spec.uuid in {domain.uuid for domain in taken.domains}
    return _bars(taken, taken.with_vm(spec), CHANGED if known else WITH_IT)


def _bars(now: Snapshot, then: Snapshot, counts: dict[str, str]) -> Html:
    """A row a resource, a column a count; every VM at its maximum."""
    before, after = _lines(now), _lines(then)
    head = row(["Promised at most", *counts.values()], "th")
    rows = [
        el(
            "tr",
            el("th", label, scope="row"),
            *(el("td", _cell(key, before[key, count], after[key, count])) for count in counts),
        )
        for key, label in RESOURCES.items()
    ]
    return el("table", el("thead", head), el("tbody", *rows), class_="phy-balance")


def _lines(taken: Snapshot) -> dict[tuple[str, str], tuple[float, float]]:
    """What there is and what of it is promised, dedicated CPUs and huge pages included, by resource and count."""
    tables = (taken.balance(count) for count in COUNTS)
    most = [line for table in tables for line in table.to_dict("records") if line["amount"] == "maximum"]
    return {
        (line["resource"], line["count"]): (float(line["total"]), float(line["promised"] + line["dedicated"]))
        for line in most
        if line["resource"] in RESOURCES
    }


def _cell(resource: str, now: tuple[float, float], then: tuple[float, float]) -> Html:
    unit, each = ("CPUs", "vCPUs for each CPU") if resource == "vcpus" else ("GiB", "GiB for each GiB")
    (capacity, before), (_, after) = now, then
    amount = _number(after) if before == after else f"{_number(before)} → {_number(after)}"
    free = capacity - after
    left = f"{_number(free)} left" if free >= 0 else f"{_number(-free)} over"
    ratio = f" · {after / capacity:.2f} {each}" if capacity else ""
    text = f"{amount} of {_number(capacity)} {unit} · {left}{ratio}"
    return el("div", _bar(capacity, before, after), el("span", text), class_="phy-cell")


def _bar(capacity: float, before: float, after: float) -> Html:
    """A bar as long as the larger of what there is and what was promised; a line marks what there is."""
    whole = max(capacity, after) or 1
    parts = [el("i", class_="phy-before", style=_width(min(before, after) / whole))]
    if after > before:
        parts.append(el("i", class_="phy-added", style=_width((after - before) / whole)))
    mark = el("b", class_="phy-mark", style=f"left:{100 * capacity / whole:.2f}%")
    over = " phy-over" if after > capacity else ""
    return el("span", *parts, mark, class_=f"phy-bar{over}", aria_hidden="true")


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


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _width(share: float) -> str:
    return f"width:{100 * share:.2f}%"
