"""A table for reading: units in its headings, what is not known left empty, what is over in red."""

from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd
from pandas.api.types import is_bool

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

__all__ = ["styled"]

OVER = "color: var(--jp-error-color1, #d32f2f); font-weight: bold"


def styled(table: pd.DataFrame) -> "Styler":
    """One of the tables as pandas' Styler, which a notebook shows; every value is escaped.

    Examples
    --------
    >>> import phyllome_nb as ph
    >>> "memory max (GiB)" in ph.styled(ph.demo().snapshot().allocations()).to_html()
    True
    """
    units = table.attrs.get("units", {})
    numbers: list[Any] = list(table.select_dtypes("number").columns)
    shown = table.style.hide(axis="index").format(_number, subset=numbers, na_rep="")
    others: list[Any] = [name for name in table.columns if name not in numbers]
    shown = shown.format(_word, subset=others, escape="html", na_rep="")
    if "free" in table.columns:
        shown = shown.map(_over, subset=["free"])
    shown = shown.relabel_index([_heading(str(name), units.get(name, "")) for name in table.columns], axis="columns")
    return shown.set_caption(escape(str(table.attrs.get("title", ""))))


def _over(value: Any) -> str:
    return OVER if pd.notna(value) and value < 0 else ""


def _heading(name: str, unit: str) -> str:
    words = name.removesuffix("_gib").removesuffix("_kib").replace("_", " ")
    return f"{words} ({unit})" if unit and unit != "unit" else words


def _number(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _word(value: Any) -> str:
    if is_bool(value):
        return "yes" if value else ""
    return str(value)
