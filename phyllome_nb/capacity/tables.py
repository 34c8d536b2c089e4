"""The tables of a snapshot: data in, DataFrame out."""

from collections.abc import Iterator
from typing import get_args

import pandas as pd

from phyllome_nb.capacity.snapshot import Count, DomainFacts, Promise, Snapshot
from phyllome_nb.size import Size

__all__ = ["COUNTS", "allocations", "balance", "capacity", "effect"]

COUNTS: tuple[Count, ...] = get_args(Count)
RESOURCES = (
    ("vcpus", "current", "CPUs"),
    ("vcpus", "maximum", "CPUs"),
    ("memory", "current", "GiB"),
    ("memory", "maximum", "GiB"),
)


def gib(size: Size) -> float:
    """GiB as a float; whole KiB are exact, since the factor is a power of two."""
    return float(size.to("GiB"))


def capacity(snapshot: Snapshot) -> pd.DataFrame:
    """See `Snapshot.capacity`."""
    host = snapshot.host
    return pd.DataFrame(
        {
            "host": [host.name],
            "cpus": [host.cpus],
            "numa_nodes": [host.nodes],
            "sockets_per_node": [host.sockets],
            "cores_per_socket": [host.cores],
            "threads_per_core": [host.threads],
            "memory_gib": [gib(host.memory)],
            "memory_source": [host.memory_source],
        },
    )


def allocations(snapshot: Snapshot) -> pd.DataFrame:
    """See `Snapshot.allocations`."""
    rows = [_allocation(snapshot.host.name, domain) for domain in snapshot.domains]
    types = {
        "host": "str",
        "name": "str",
        "uuid": "str",
        "state": "str",
        "active": "bool",
        "persistent": "bool",
        "autostart": "bool",
        "vcpus": "Int64",
        "vcpus_max": "Int64",
        "memory_gib": "Float64",
        "memory_max_gib": "Float64",
        "pending": "bool",
        "problem": "str",
    }
    return pd.DataFrame(rows, columns=list(types)).astype(types)


def _allocation(host: str, domain: DomainFacts) -> dict[str, object]:
    shown = domain.shown
    return {
        "host": host,
        "name": domain.name,
        "uuid": domain.uuid,
        "state": domain.state,
        "active": domain.live is not None,
        "persistent": domain.persistent,
        "autostart": domain.autostart,
        "vcpus": shown.vcpus if shown else pd.NA,
        "vcpus_max": shown.vcpus_max if shown else pd.NA,
        "memory_gib": gib(shown.memory) if shown else pd.NA,
        "memory_max_gib": gib(shown.memory_max) if shown else pd.NA,
        "pending": domain.pending,
        "problem": domain.problem,
    }


def balance(snapshot: Snapshot, count: Count) -> pd.DataFrame:
    """See `Snapshot.balance`."""
    if count not in COUNTS:
        raise ValueError(f"count={count!r}: choose one of {', '.join(COUNTS)}.")
    table = pd.DataFrame(_rows(snapshot, count))
    return _compared(table, "promised")


def effect(snapshot: Snapshot, promise: Promise, replaced: DomainFacts | None = None) -> pd.DataFrame:
    """See `Snapshot.effect`; `replaced` is the VM that has the promise from now on, where it is no new one."""
    table = pd.DataFrame([row for count in COUNTS for row in _rows(snapshot, count)])
    added = pd.Series(_amounts([promise]) * len(COUNTS))
    for number, count in enumerate(COUNTS):
        if replaced is not None and (taken := replaced.promise(count)) is not None:
            rows = slice(number * len(RESOURCES), (number + 1) * len(RESOURCES) - 1)
            added.loc[rows] -= _amounts([taken])
    table = table.rename(columns={"promised": "before"}).assign(after=table["promised"] + added)
    return _compared(table, "after")


def _rows(snapshot: Snapshot, count: Count) -> Iterator[dict[str, object]]:
    host = snapshot.host
    promises = [promise for domain in snapshot.domains if (promise := domain.promise(count))]
    for (resource, amount, unit), promised in zip(RESOURCES, _amounts(promises), strict=True):
        yield {
            "host": host.name,
            "count": count,
            "resource": resource,
            "amount": amount,
            "unit": unit,
            "capacity": float(host.cpus) if resource == "vcpus" else gib(host.memory),
            "promised": promised,
        }


def _amounts(promises: list[Promise]) -> list[float]:
    """Their sums, in the order of `RESOURCES`."""
    return [
        float(sum(promise.vcpus for promise in promises)),
        float(sum(promise.vcpus_max for promise in promises)),
        gib(sum((promise.memory for promise in promises), Size())),
        gib(sum((promise.memory_max for promise in promises), Size())),
    ]


def _compared(table: pd.DataFrame, promised: str) -> pd.DataFrame:
    """`table` with the ratio and the headroom of one of its columns."""
    known = table["capacity"].where(table["capacity"] > 0)
    return table.assign(ratio=table[promised] / known, headroom=table["capacity"] - table[promised])
