"""All tables of a snapshot, of one host or of a fleet, by name."""

from collections.abc import Iterator

import pandas as pd

from phyllome_nb.capacity.columns import ALLOCATIONS, CAPACITY
from phyllome_nb.capacity.fleet import FleetSnapshot
from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.capacity.tables.balance import COUNTS

__all__ = ["tables"]


def tables(snapshot: Snapshot | FleetSnapshot) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each table and what it is called in files, such as ``capacity-cell`` and ``balance-host-running``."""
    yield from ((f"capacity-{by}", snapshot.capacity(by)) for by in CAPACITY)
    yield from ((f"allocations-{by}", snapshot.allocations(by)) for by in ALLOCATIONS)
    yield from ((f"balance-{by}-{each}", snapshot.balance(each, by=by)) for by in ("host", "cell") for each in COUNTS)
    yield from (("pins", snapshot.pins()), ("conflicts", snapshot.conflicts()), ("sources", snapshot.sources()))
