"""The rows of a table that a person asks for in a few words."""

import operator
import re
from collections.abc import Callable
from typing import Any

import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from phyllome_nb.size import Size

__all__ = ["matching", "ordered"]

WORDS = re.compile(r'"[^"]*"|\S+')
COMPARED = re.compile(r"(?P<name>[A-Za-z_]\w*)(?P<sign><=|>=|!=|=|<|>)(?P<value>.*)", re.DOTALL)
SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}
YES, NO = {"yes", "true", "1"}, {"no", "false", "0"}


def matching(table: pd.DataFrame, text: str) -> pd.DataFrame:
    """The rows that have every word in one of their cells, and for which every comparison holds.

    Parameters
    ----------
    table : pandas.DataFrame
        One of the tables of this package.
    text : str
        Words and comparisons with a column: ``web vcpus>4 memory_gib<=8 autostart=yes``. Small and capital letters are
        the same. A column in GiB takes a size with its unit, too: ``memory_gib>512MiB``. Quotes keep words together.

    Returns
    -------
    pandas.DataFrame
        Some of the rows, in their order; a value that is not known fulfils no comparison.

    Raises
    ------
    ValueError
        If there is no such column, or it cannot be compared with that.

    Examples
    --------
    >>> import phyllome_nb as ph
    >>> table = ph.demo().snapshot().allocations()
    >>> matching(table, "web vcpus_max>2")["name"].tolist()
    ['web-1', 'web-2']
    """
    for word in WORDS.findall(text):
        compared = COMPARED.fullmatch(word)
        found = _compared(table, **compared.groupdict()) if compared else _having(table, word.strip('"').lower())
        table = table[found]
    return table


def ordered(table: pd.DataFrame, name: str, *, descending: bool = False) -> pd.DataFrame:
    """The rows by a column; what is not known comes last, equal ones stay in their order."""
    if name not in table.columns:
        raise ValueError(_no_column(table, name))
    return table.sort_values(name, ascending=not descending, kind="stable", na_position="last")


def _having(table: pd.DataFrame, word: str) -> "pd.Series[bool]":
    found = pd.Series(data=False, index=table.index)
    for name in table.columns:
        found |= table[name].astype("string").str.lower().str.contains(word, regex=False).fillna(value=False)
    return found


def _compared(table: pd.DataFrame, name: str, sign: str, value: str) -> "pd.Series[bool]":
    if name not in table.columns:
        raise ValueError(_no_column(table, name))
    column, wanted = table[name], value.strip('"')
    if is_bool_dtype(column.dtype):
        if sign not in {"=", "!="} or wanted.lower() not in YES | NO:
            raise ValueError(f"{name} is yes or no: write {name}=yes or {name}=no.")
        found = SIGNS[sign](column, wanted.lower() in YES)
    elif is_numeric_dtype(column.dtype):
        found = SIGNS[sign](column, _number(name, wanted))
    else:
        found = SIGNS[sign](column.astype("string").str.lower(), wanted.lower())
    known: pd.Series[bool] = found.astype("boolean").fillna(value=False).astype(bool)
    return known


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        pass
    try:
        if name.endswith("_gib"):
            return Size(text) / 2**30
    except ValueError:
        pass
    raise ValueError(f"{name} is a number: {text!r} is none.")


def _no_column(table: pd.DataFrame, name: str) -> str:
    return f"There is no column {name!r}: the columns are {', '.join(map(str, table.columns))}."
