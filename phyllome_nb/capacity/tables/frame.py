"""Rows with declared columns as a DataFrame, and the small things that all tables write alike."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from phyllome_nb.capacity.columns import Column
from phyllome_nb.size import Size

__all__ = ["choose", "cpu_list", "frame", "gib", "known_gib"]

NULLABLE = {"Int64", "Float64", "boolean"}


def frame(rows: Iterable[Sequence[Any]], columns: tuple[Column, ...], title: str) -> pd.DataFrame:
    """A table of these columns; its ``attrs`` say what it is, and the unit and the meaning of each column."""
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    series = {column.name: _series(each, column) for column, each in zip(columns, values, strict=True)}
    table = pd.DataFrame(series, columns=pd.Index([column.name for column in columns]))
    table.attrs = {
        "title": title,
        "units": {column.name: column.unit for column in columns if column.unit},
        "help": {column.name: column.help for column in columns},
    }
    return table


def _series(values: Sequence[Any], column: Column) -> "pd.Series[Any]":
    """A column; one that may be NA takes None for that, the others never see one."""
    dtype: Any = column.dtype
    if dtype in NULLABLE:
        return pd.Series(pd.array(values, dtype=dtype))
    # object first: what pandas guesses from a column without values it would have to convert back.
    return pd.Series(values, dtype=object).astype(dtype)


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
