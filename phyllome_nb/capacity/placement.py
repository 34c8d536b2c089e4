"""Placement: who goes where, who does not and why, and how far it is from the best possible."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from phyllome_nb.capacity.columns import documented, listed
from phyllome_nb.capacity.ledger import Ledger
from phyllome_nb.capacity.packing.pack import Certificate
from phyllome_nb.capacity.packing.problem import Ints
from phyllome_nb.html import Html, el, row, styled

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ASSIGNMENT", "FILLED", "UNPLACED", "Placement", "Refusal", "shown", "unit"]

ASSIGNMENT = {
    "": listed("""
vm               str      -    the VM's name
from             str      -    where it ran before; empty for one that is new
to               str      -    where it goes; empty where it has no place
moved            bool     -    whether it runs somewhere else than before; false for one that is new
""")
}
UNPLACED = {
    "": listed("""
vm               str      -    the VM's name
constraint       str      -    what prevents it: a resource, pinned, anti-affinity, affinity, or host
needed           Float64  unit of the resource, what it asks for
left             Float64  unit the most that is left of it on a host that it may run on
unit             str      -    vCPUs, CPUs or GiB
why              str      -    a sentence
""")
}
FILLED = {
    "": listed("""
host             str      -    the host's name
resource         str      -    vcpus, memory, dedicated CPUs, or hugepages of a size
unit             str      -    vCPUs, CPUs or GiB
limit            Float64  unit what may be promised; a dedicated CPU takes of vcpus what might have shared it
before           Float64  unit what was promised before; NA for a host that is new
after            Float64  unit what is promised afterwards
free             Float64  unit limit - after; below zero where too much was promised already
vms_before       Int64    -    VMs before
vms              Int64    -    VMs afterwards
""")
}
LINES = 20


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a VM has no place."""

    constraint: str
    why: str
    needed: float | None = None
    left: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class Placement:
    """Where the VMs of a scenario go.

    Examples
    --------
    >>> import phyllome_nb as ph
    >>> spec = ph.profiles.linux(name="web", memory="1 GiB", vcpus=1)
    >>> ph.Scenario(ph.demo().snapshot(), policy="nova").add(spec, count=2).place()
    <Placement: 2 of 2 VMs placed, 0 moved; 1 host used, at least 1 in any plan (sum): the best possible>
    """

    ledger: Ledger
    target: Ints
    """N: the host that each VM goes to, -1 where it has none."""
    certificate: Certificate
    refusals: dict[int, Refusal]
    """By the number of the VM."""

    @cached_property
    def hosts_used(self) -> int:
        """How many hosts run VMs."""
        return len(np.unique(self.target[self.target >= 0]))

    @property
    def moves(self) -> int:
        """How many VMs leave the host that they run on, and that is still there."""
        where = self.ledger.where
        return int(((where >= 0) & (self.target >= 0) & (self.target != where)).sum())

    @cached_property
    @documented(ASSIGNMENT)
    def assignment(self) -> "pd.DataFrame":
        """A row for each VM of the scenario."""
        from phyllome_nb.capacity.tables.frame import frame

        hosts = self.ledger.hosts
        rows = []
        for vm, to in zip(self.ledger.vms, self.target.tolist(), strict=True):
            name = hosts[to] if to >= 0 else ""
            rows.append((vm.key, vm.origin, name, bool(vm.origin and name and name != vm.origin)))
        return frame(rows, ASSIGNMENT[""], "Where the VMs go")

    @cached_property
    @documented(UNPLACED)
    def unplaced(self) -> "pd.DataFrame":
        """A row for each VM that has no place."""
        from phyllome_nb.capacity.tables.frame import frame

        rows = [
            (self.ledger.vms[vm].key, each.constraint, each.needed, each.left, each.unit, each.why)
            for vm, each in self.refusals.items()
        ]
        return frame(rows, UNPLACED[""], "VMs without a place")

    @cached_property
    @documented(FILLED)
    def table(self) -> "pd.DataFrame":
        """A row for each host and resource: before and after."""
        from phyllome_nb.capacity.tables.frame import frame

        return frame(self._filled(), FILLED[""], "The hosts before and after")

    def _filled(self) -> Iterator[tuple[Any, ...]]:
        ledger = self.ledger
        before, after = ledger.load(), np.zeros_like(ledger.limit)
        placed = self.target >= 0
        np.add.at(after, self.target[placed], ledger.sizes[placed])
        vms_before = np.bincount(ledger.where[ledger.where >= 0], minlength=len(ledger.hosts))
        vms = np.bincount(self.target[placed], minlength=len(ledger.hosts))
        for host, name in enumerate(ledger.hosts):
            for number, resource in enumerate(ledger.names):
                sizes = (shown(resource, float(table[host, number])) for table in (ledger.limit, before, after))
                limit, was, now = sizes
                counted = (int(vms_before[host]), int(vms[host]))
                yield name, resource, unit(resource), limit, was, now, limit - now, *counted

    @property
    def displaced(self) -> int:
        """How many VMs that run would lose their place."""
        return int(((self.ledger.where >= 0) & (self.target < 0)).sum())

    @property
    def _asked(self) -> int:
        return int((self.ledger.where < 0).sum())

    def __repr__(self) -> str:
        asked = self._asked
        placed = asked - int(((self.ledger.where < 0) & (self.target < 0)).sum())
        return f"<Placement: {placed} of {asked} VMs placed, {self.moves} moved; {self.certificate}>"

    def _repr_html_(self) -> str:
        return styled(el("p", repr(self)[1:-1]), self._unplaced_html(), self._hosts_html())

    def _unplaced_html(self) -> Html:
        if not self.refusals:
            return Html("")
        rows = [
            row([self.ledger.vms[vm].key, each.constraint, each.why])
            for vm, each in list(self.refusals.items())[:LINES]
        ]
        more = len(self.refusals) - len(rows)
        end = [el("p", f"… and {more} more.")] if more else []
        head = row(["VM without a place", "constraint", "why"], "th")
        return el("div", el("table", el("thead", head), el("tbody", *rows), class_="phy-table"), *end)

    def _hosts_html(self) -> Html:
        lines: dict[str, list[str]] = {}
        for host, resource, unit_, limit, before, after, *_ in self._filled():
            if host not in lines and len(lines) == LINES:
                break
            text = f"{_number(before)} → {_number(after)} of {_number(limit)} {unit_}"
            lines.setdefault(host, [host]).append(text if resource else "")
        head = row(["host", *self.ledger.names], "th")
        return el("table", el("thead", head), el("tbody", *map(row, lines.values())), class_="phy-table")


def unit(resource: str) -> str:
    """The unit that a resource is shown in."""
    return {"vcpus": "vCPUs", "dedicated CPUs": "CPUs"}.get(resource, "GiB")


def shown(resource: str, value: float) -> float:
    """A value in that unit."""
    return value / 2**30 if unit(resource) == "GiB" else value


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
