"""What was promised, of how much, under a policy."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, get_args

import pandas as pd

from phyllome_nb.capacity.columns import BALANCE, EFFECT, Column
from phyllome_nb.capacity.policy import Policy, Reservation
from phyllome_nb.capacity.snapshot import Count, Snapshot
from phyllome_nb.capacity.tables.frame import choose, frame, gib
from phyllome_nb.capacity.tables.sums import Sums, pages_of
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.size import Size

__all__ = ["COUNTS", "Line", "balance", "check_count", "effect", "lines", "lines_by_cell"]

COUNTS: tuple[Count, ...] = get_args(Count)
CPUS = "promised ÷ (total - reserved - dedicated): vCPUs for each CPU"
MEMORY = "promised ÷ (total - reserved - dedicated): GiB for each GiB"
PAGES = "promised ÷ (total - reserved): GiB for each GiB"


class Line(NamedTuple):
    """A row of the table from the resource on."""

    resource: str
    amount: str
    unit: str
    policy: str
    total: float | None
    """None where the host does not tell, as for those that follow from it."""
    reserved: float
    dedicated: float | None
    promised: float
    limit: float | None
    free: float | None
    ratio: float | None
    definition: str

    @property
    def taken(self) -> float:
        """What was promised, and what is dedicated beside it."""
        return self.promised + (self.dedicated or 0.0)


def check_count(count: str) -> None:
    """Refuse what is none of `COUNTS`."""
    if count not in COUNTS:
        raise ValueError(f"count={count!r}: choose one of {', '.join(COUNTS)}.")


def balance(snapshot: Snapshot, count: Count, policy: Policy | str | None = None, by: str = "host") -> pd.DataFrame:
    """See `Snapshot.balance`."""
    check_count(count)
    columns: tuple[Column, ...] = choose(BALANCE, by)
    chosen, host = Policy.named(policy), snapshot.host
    if by == "host":
        whole = snapshot.totals.whole(count, chosen.overhead)
        rows: list[tuple[object, ...]] = [(host.name, count, *line) for line in lines(snapshot, whole, chosen)]
    else:
        cells = snapshot.totals.by_cell(count, chosen.overhead)
        rows = [(host.name, cell, count, *line) for cell, line in lines_by_cell(snapshot, cells, chosen)]
    return frame(rows, columns, f"What {host.name} has promised, by {by}")


def effect(snapshot: Snapshot, spec: DomainSpec, policy: Policy | str | None = None) -> pd.DataFrame:
    """See `Snapshot.effect`."""
    then = snapshot.with_vm(spec)
    now, later = (
        pd.concat([balance(each, count, policy) for count in ("running", "defined")]) for each in (snapshot, then)
    )
    key = ["count", "resource", "amount"]
    before = now.set_index(key)["promised"]
    both = later.rename(columns={"promised": "after"}).join(before.rename("before"), on=key)
    names = [column.name for column in EFFECT[""]]
    rows = both[names].itertuples(index=False, name=None)
    return frame(rows, EFFECT[""], f"What {spec.name} would change on {snapshot.host.name}")


def lines(snapshot: Snapshot, sums: Sums, policy: Policy) -> Iterator[Line]:
    """The rows of a whole host, of which so much was promised."""
    host, has = snapshot.host, snapshot.totals.cpus(cores=policy.cpus == "cores")
    kept, pools = policy.reserved(host.name), pages_of(host.cells)
    # A host that does not tell its pools must have those that its VMs are made of.
    aside = sum((pools if host.cells else sums.pages).values())
    for number, amount in enumerate(("current", "maximum")):
        alone = len(sums.dedicated[number]) / has.threads
        cpus = (float(has.whole), float(kept.cpus), alone, float(sums.vcpus[number]))
        yield _line("vcpus", amount, policy, *cpus) if has.whole else _unknown("vcpus", amount, policy, *cpus[1::2])
    for number, amount in enumerate(("current", "maximum")):
        whole, reserved, apart, promised = map(gib, (host.memory, kept.memory, aside, sums.memory[number]))
        known = _line("memory", amount, policy, whole, reserved, apart, promised)
        yield known if whole else _unknown("memory", amount, policy, reserved, promised)
    yield from _page_lines(policy, pools if host.cells else None, sums.pages, kept)


def lines_by_cell(
    snapshot: Snapshot, found: Mapping[int | None, Sums], policy: Policy
) -> Iterator[tuple[int | None, Line]]:
    """The rows of each cell with its number, then those of what is bound to no single one."""
    host, has = snapshot.host, snapshot.totals.cpus(cores=policy.cpus == "cores")
    # A host whose cells have no memory at all is one that was not asked: old documents do not tell.
    told = any(cell.memory for cell in host.cells)
    for cell in host.cells:
        sums, kept, pools = found.get(cell.id, Sums()), policy.reserved(host.name, cell.id), pages_of([cell])
        cpus = (float(has.cells[cell.id]), float(kept.cpus), len(sums.dedicated[1]) / has.threads, float(sums.vcpus[1]))
        sizes = [gib(size) for size in (cell.memory, kept.memory, sum(pools.values()), sums.memory[1])]
        yield cell.id, _line("vcpus", "maximum", policy, *cpus)
        known = _line("memory", "maximum", policy, *sizes)
        yield cell.id, known if told else _unknown("memory", "maximum", policy, *sizes[1::2])
        for line in _page_lines(policy, pools, sums.pages, kept):
            yield cell.id, line
    sums, kept = found.get(None, Sums()), policy.reserved_anywhere(host.name)
    unbound = [
        ("vcpus", float(kept.cpus), float(sums.vcpus[1])),
        ("memory", gib(kept.memory), gib(sums.memory[1])),
        *((_page_name(size), 0.0, gib(promised)) for size, promised in sums.pages.items()),
    ]
    for resource, reserved, promised in unbound:
        line = _unknown(resource, "maximum", policy, reserved, promised)
        yield None, line._replace(definition="bound to no single cell")


def _page_lines(
    policy: Policy, pools: dict[Size, int] | None, promised: dict[Size, int], kept: Reservation
) -> Iterator[Line]:
    """The rows of huge pages; `pools` is None where the host does not tell them."""
    for size in sorted((pools or {}).keys() | promised.keys()):
        reserved, taken = gib(size * kept.pages.get(size, 0)), gib(promised.get(size, 0))
        if pools is None:
            yield _unknown(_page_name(size), "maximum", policy, reserved, taken)
        else:
            yield _line(_page_name(size), "maximum", policy, gib(pools.get(size, 0)), reserved, 0.0, taken)


def _page_name(size: Size) -> str:
    return f"hugepages {size.short()}" if size else "hugepages default size"


def _line(  # noqa: PLR0917  (the columns in their order)
    resource: str, amount: str, policy: Policy, total: float, reserved: float, dedicated: float, promised: float
) -> Line:
    rule, unit, definition = {
        "vcpus": (policy.cpu_ratio, "CPUs", CPUS),
        "memory": (policy.memory_ratio, "GiB", MEMORY),
    }.get(resource, (1.0, "GiB", PAGES))
    left = total - reserved - dedicated
    limit = None if rule is None else left * rule
    ratio = promised / left if left > 0 else None
    free = None if limit is None else limit - promised
    return Line(
        resource, amount, unit, policy.name, total, reserved, dedicated, promised, limit, free, ratio, definition
    )


def _unknown(resource: str, amount: str, policy: Policy, reserved: float, promised: float) -> Line:
    """A row of what a host does not tell it has."""
    unit, definition = ("CPUs", CPUS) if resource == "vcpus" else ("GiB", MEMORY if resource == "memory" else PAGES)
    return Line(resource, amount, unit, policy.name, None, reserved, None, promised, None, None, None, definition)
