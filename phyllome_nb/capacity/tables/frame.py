"""Rows with declared columns as a DataFrame, and the small things that all tables write alike."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from phyllome_nb.capacity.columns import Column
from phyllome_nb.size import Size

__all__ = ["choose", "cpu_list", "frame", "gib", "known_gib"]


def frame(rows: Iterable[Sequence[Any]], columns: tuple[Column, ...], title: str) -> pd.DataFrame:
    """A table of these columns; its ``attrs`` say what it is, and the unit and the meaning of each column."""
    names = [column.name for column in columns]
    # object first: what pandas guesses from a column of None it would have to convert back.
    table = pd.DataFrame(list(rows), columns=pd.Index(names), dtype=object)
    table = table.fillna({column.name: pd.NA for column in columns if column.dtype[0].isupper()})
    table = table.astype({column.name: column.dtype for column in columns})
    table.attrs = {
        "title": title,
        "units": {column.name: column.unit for column in columns if column.unit},
        "help": {column.name: column.help for column in columns},
    }
    return table


def choose(tables: Mapping[str, Any], by: str) -> Any:
    """What is there under the name that a person gave.

    Raises
    ------
    ValueError
        If there is nothing of that name.
    """
    if by not in tables:
        raise ValueError(f"by={by!r}: choose one of {', '.join(tables)}.")
    return tables[by]


def gib(size: int) -> float:
    """GiB as a float; whole KiB are exact, since the factor is a power of two."""
    return size / 2**30


def known_gib(size: Size | None) -> float | None:
    """GiB of a size that may not be known."""
    return None if size is None else gib(size)


def cpu_list(numbers: Iterable[int]) -> str:
    """Numbers as libvirt writes lists of them.

    Examples
    --------
    >>> cpu_list({0, 1, 2, 5})
    '0-2,5'
    """
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ",".join(f"{low}-{high}" if low < high else f"{low}" for low, high in found)
