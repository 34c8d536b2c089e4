"""What was promised, of how much, under a policy."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, get_args

import pandas as pd

from phyllome_nb.capacity.columns import BALANCE, EFFECT, Column
from phyllome_nb.capacity.facts import Cell
from phyllome_nb.capacity.places import cell_of, default_page, places
from phyllome_nb.capacity.policy import Overhead, Policy, Reservation
from phyllome_nb.capacity.promise import Promise
from phyllome_nb.capacity.snapshot import Count, HostFacts, Snapshot
from phyllome_nb.capacity.tables.frame import choose, frame, gib
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.size import Size

__all__ = ["COUNTS", "balance", "check_count", "effect", "pages_of"]

COUNTS: tuple[Count, ...] = get_args(Count)
CPUS = "promised ÷ (total - reserved - dedicated): vCPUs for each CPU"
MEMORY = "promised ÷ (total - reserved - dedicated): GiB for each GiB"
PAGES = "promised ÷ (total - reserved): GiB for each GiB"
Row = tuple[Any, ...]


@dataclass(slots=True)
class Sums:
    """What some VMs were promised together: dedicated CPUs and huge pages apart from the rest."""

    vcpus: list[int] = field(default_factory=lambda: [0, 0])
    """Current and maximum, without those that have a CPU of their own."""
    memory: list[int] = field(default_factory=lambda: [0, 0])
    """Current and maximum, without huge pages, with overhead."""
    dedicated: list[set[int]] = field(default_factory=lambda: [set(), set()])
    pages: dict[Size, int] = field(default_factory=dict)
    """Bytes by the size of the page; 0 where it cannot be told."""


def check_count(count: str) -> None:
    """Refuse what is none of `COUNTS`."""
    if count not in COUNTS:
        raise ValueError(f"count={count!r}: choose one of {', '.join(COUNTS)}.")


def balance(snapshot: Snapshot, count: Count, policy: Policy | str | None = None, by: str = "host") -> pd.DataFrame:
    """See `Snapshot.balance`."""
    check_count(count)
    columns: tuple[Column, ...] = choose(BALANCE, by)
    chosen = Policy.named(policy)
    promises = [promise for domain in snapshot.domains if (promise := domain.promise(count))]
    rows = (_by_host if by == "host" else _by_cell)(snapshot.host, promises, chosen, count)
    return frame(rows, columns, f"What {snapshot.host.name} has promised, by {by}")


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


def _by_host(host: HostFacts, promises: list[Promise], policy: Policy, count: str) -> Iterator[Row]:
    sums, kept = _sums(promises, policy, host), policy.reserved(host.name)
    pools = pages_of(host.cells)
    cpus = host.topology.cores if policy.cpus == "cores" else host.cpus
    threads = host.topology.threads if policy.cpus == "cores" else 1
    # A host that does not tell its pools must have those that its VMs are made of.
    aside = sum((pools if host.cells else sums.pages).values())
    for number, amount in enumerate(("current", "maximum")):
        alone = len(sums.dedicated[number]) / threads
        amounts = (float(cpus), float(kept.cpus), alone, float(sums.vcpus[number]))
        row = _row("vcpus", amount, policy, *amounts) if cpus else _unknown("vcpus", amount, policy, *amounts[1::2])
        yield (host.name, count, *row)
    for number, amount in enumerate(("current", "maximum")):
        whole, reserved, apart, promised = map(gib, (host.memory, kept.memory, aside, sums.memory[number]))
        row = _row("memory", amount, policy, whole, reserved, apart, promised)
        yield (host.name, count, *(row if whole else _unknown("memory", amount, policy, reserved, promised)))
    for row in _page_rows(policy, pools if host.cells else None, sums.pages, kept):
        yield (host.name, count, *row)


def _by_cell(host: HostFacts, promises: list[Promise], policy: Policy, count: str) -> Iterator[Row]:
    """The rows of each cell, then those of what is bound to no single one."""
    found = _sums_by_cell(promises, policy, host)
    # A host whose cells have no memory at all is one that was not asked: old documents do not tell.
    told = any(cell.memory for cell in host.cells)
    for cell in host.cells:
        sums, kept, pools = found.get(cell.id, Sums()), policy.reserved(host.name, cell.id), pages_of([cell])
        ids = [cpu for cpu in cell.cpus if host.is_online(cpu.id)]
        cpus = len({(cpu.socket, cpu.die, cpu.core) for cpu in ids}) if policy.cpus == "cores" else len(ids)
        threads = host.topology.threads if policy.cpus == "cores" else 1
        alone = len(sums.dedicated[1]) / threads
        sizes = [gib(size) for size in (cell.memory, kept.memory, sum(pools.values()), sums.memory[1])]
        rows = [
            _row("vcpus", "maximum", policy, float(cpus), float(kept.cpus), alone, float(sums.vcpus[1])),
            _row("memory", "maximum", policy, *sizes) if told else _unknown("memory", "maximum", policy, *sizes[1::2]),
            *_page_rows(policy, pools, sums.pages, kept),
        ]
        for row in rows:
            yield (host.name, cell.id, count, *row)
    sums, kept = found.get(None, Sums()), policy.reserved_anywhere(host.name)
    unbound = [
        ("vcpus", "CPUs", float(kept.cpus), float(sums.vcpus[1])),
        ("memory", "GiB", gib(kept.memory), gib(sums.memory[1])),
        *((_page_name(size), "GiB", 0.0, gib(promised)) for size, promised in sums.pages.items()),
    ]
    for resource, unit, reserved, promised in unbound:
        given = (resource, "maximum", unit, policy.name)
        yield (
            host.name,
            None,
            count,
            *given,
            None,
            reserved,
            None,
            promised,
            None,
            None,
            None,
            "bound to no single cell",
        )


def _page_rows(
    policy: Policy, pools: dict[Size, int] | None, promised: dict[Size, int], kept: Reservation
) -> Iterator[Row]:
    """The rows of huge pages; `pools` is None where the host does not tell them."""
    for size in sorted((pools or {}).keys() | promised.keys()):
        reserved, taken = gib(size * kept.pages.get(size, 0)), gib(promised.get(size, 0))
        if pools is None:
            yield _unknown(_page_name(size), "maximum", policy, reserved, taken)
        else:
            yield _row(_page_name(size), "maximum", policy, gib(pools.get(size, 0)), reserved, 0.0, taken)


def _page_name(size: Size) -> str:
    return f"hugepages {size.short()}" if size else "hugepages default size"


def _row(  # noqa: PLR0917  (the columns in their order)
    resource: str, amount: str, policy: Policy, total: float, reserved: float, dedicated: float, promised: float
) -> Row:
    """The columns from the resource on."""
    rule, unit, definition = {
        "vcpus": (policy.cpu_ratio, "CPUs", CPUS),
        "memory": (policy.memory_ratio, "GiB", MEMORY),
    }.get(resource, (1.0, "GiB", PAGES))
    left = total - reserved - dedicated
    limit = None if rule is None else left * rule
    ratio = promised / left if left > 0 else None
    free = None if limit is None else limit - promised
    return resource, amount, unit, policy.name, total, reserved, dedicated, promised, limit, free, ratio, definition


def _unknown(resource: str, amount: str, policy: Policy, reserved: float, promised: float) -> Row:
    """The columns from the resource on, of what a host does not tell it has."""
    unit, definition = ("CPUs", CPUS) if resource == "vcpus" else ("GiB", MEMORY if resource == "memory" else PAGES)
    return resource, amount, unit, policy.name, None, reserved, None, promised, None, None, None, definition


def pages_of(cells: Iterable[Cell]) -> dict[Size, int]:
    """The bytes of huge pages, by the size of the page."""
    found: dict[Size, int] = {}
    for cell in cells:
        for pool in cell.pages:
            if pool.is_huge and pool.total:
                found[pool.size] = found.get(pool.size, 0) + pool.total * pool.size
    return found


def _sums(promises: list[Promise], policy: Policy, host: HostFacts) -> Sums:
    """The sums over whole VMs."""
    sums, overhead = Sums(), policy.overhead
    costs = overhead != Overhead()
    vcpus = vcpus_max = memory = memory_max = 0
    default: Size | None = None
    for promise in promises:
        alone, alone_now = 0, 0
        if promise.affinity and (dedicated := promise.dedicated):
            plugged = set(promise.plugged)
            now = {cpu for vcpu, cpu in dedicated.items() if vcpu in plugged}
            sums.dedicated[0] |= now
            sums.dedicated[1] |= set(dedicated.values())
            alone, alone_now = len(dedicated), sum(vcpu in plugged for vcpu in dedicated)
        vcpus += promise.vcpus - alone_now
        vcpus_max += promise.vcpus_max - alone
        most = promise.memory_max
        # The balloon gives nothing back of memory that is locked.
        current = most if promise.vfio or promise.locked else promise.memory
        extra = overhead.of(promise) if costs else 0
        huge = 0
        for share in promise.shares:
            if share.page is not None:
                default = default_page(host) or Size(0) if default is None else default
                size = share.page or default
                sums.pages[size] = sums.pages.get(size, 0) + share.memory
                huge += share.memory
        memory += max(current - huge, 0) + extra
        memory_max += max(most - huge, 0) + extra
    sums.vcpus, sums.memory = [vcpus, vcpus_max], [memory, memory_max]
    return sums


def _sums_by_cell(promises: list[Promise], policy: Policy, host: HostFacts) -> dict[int | None, Sums]:
    """The sums of the maxima by cell; under None what is bound to no single one. No part of a VM is in two."""
    found: dict[int | None, Sums] = {}
    of, default = cell_of(host.cells), default_page(host) or Size(0)
    costs = policy.overhead != Overhead()
    for promise in promises:
        for cpu in promise.dedicated.values() if promise.affinity else ():
            found.setdefault(of.get(cpu), Sums()).dedicated[1].add(cpu)
        for place in places(promise, of, dedicated=False):
            sums = found.setdefault(place.cell, Sums())
            sums.vcpus[1] += place.vcpus
            if place.page is None:
                sums.memory[1] += place.memory
            else:
                size = place.page or default
                sums.pages[size] = sums.pages.get(size, 0) + place.memory
        if costs:
            found.setdefault(None, Sums()).memory[1] += policy.overhead.of(promise)
    return found
