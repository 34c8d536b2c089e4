"""Every table as a Parquet file."""

from pathlib import Path

from phyllome_nb.capacity.fleet import FleetSnapshot
from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.export.tables import tables

__all__ = ["to_parquet"]


def to_parquet(snapshot: Snapshot | FleetSnapshot, directory: str | Path) -> list[Path]:
    """Write a file for each table into a directory, which is made if it is not there.

    dtypes, units and meanings come back with ``pandas.read_parquet``: the latter two in ``attrs``.

    Raises
    ------
    ImportError
        If pyarrow is not installed: ``pip install phyllome-nb[export]`` brings it.
    """
    place = Path(directory)
    place.mkdir(parents=True, exist_ok=True)
    written = []
    for name, table in tables(snapshot):
        path = place / f"{name}.parquet"
        table.to_parquet(path, engine="pyarrow", index=False)
        written.append(path)
    return written
