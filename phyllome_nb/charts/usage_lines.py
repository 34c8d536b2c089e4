"""What was used over time, with the gaps in what is known."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from phyllome_nb.charts.theme import Chart, drawable, fonts, number, theme_of

__all__ = ["usage"]

MOST = 8
"""Lines that can be told apart: those of the VMs that used most."""
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 2, 2, 2)))


def usage(  # noqa: PLR0917  (what is drawn, then how)
    series: pd.DataFrame,
    gaps: Sequence[tuple[datetime, datetime]] = (),
    value: str = "",
    unit: str = "",
    title: str = "",
    limit: float | None = None,
    *,
    dark: bool = False,
) -> Chart:
    """A line for each VM; where nothing was recorded the line is broken, and the gap is shaded.

    Parameters
    ----------
    series : pandas.DataFrame
        A column for each VM, by time (a DatetimeIndex); NA where nothing is known.
    gaps : sequence of pairs of datetime
        From when to when nothing was recorded.
    value, unit : str
        What the numbers are.
    title : str
        What stands above it.
    limit : float, optional
        What there is, as a line.
    dark : bool
        For a dark page.

    Returns
    -------
    Chart
        A matplotlib Figure; its ``alt`` says in words what it shows.

    Raises
    ------
    ValueError
        If the index is not one of times.
    """
    if not isinstance(series.index, pd.DatetimeIndex):
        raise ValueError("The index of the series must be times, as history.series() gives them.")
    theme = theme_of(dark=dark)
    chart = Chart(10, 3.8, theme)
    axes = chart.plain_axes()
    most = series.astype("Float64").max().sort_values(ascending=False, kind="stable").dropna()
    names = [str(name) for name in most.index[:MOST]]
    ends = []
    for name, dashes, colour in zip(names, DASHES, theme.vms, strict=False):
        line = _broken(series[name], gaps)
        times, values = line.index.to_numpy(), line.to_numpy()
        axes.plot(times, values, linestyle=dashes, color=colour, linewidth=1.6, label=name, gid="usage")
        known = np.flatnonzero(~np.isnan(values))
        ends.append((float(values[known[-1]]), times[known[-1]], name))
    for start, end in gaps:
        axes.axvspan(start, end, facecolor=theme.raised, edgecolor=theme.quiet, hatch="///", lw=0, gid="gap")
    if limit is not None:
        axes.axhline(limit, color=theme.text, linewidth=1.2, gid="limit")
        chart.write(axes, 0, limit, f"{number(limit)} {unit}", transform=axes.get_yaxis_transform(), va="bottom")
    top = max([*(float(most[name]) for name in names), limit or 0.0, 1e-9]) * 1.1
    axes.set_ylim(0, top)
    for height, (_, at, name) in zip(_apart([each[0] for each in ends], top / 16), ends, strict=True):
        chart.write(axes, at, height, f" {drawable(name, 20)}", clip_on=False, ha="left")
    locator: Any = AutoDateLocator(tz=series.index.tz)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=series.index.tz))  # type: ignore[no-untyped-call]
    axes.spines["bottom"].set(visible=True, color=theme.quiet)
    axes.set_ylabel(f"{value} ({unit})" if unit else value, fontfamily=fonts())
    left_out = len(series.columns) - len(names)
    more = f" (the {len(names)} that used most, of {len(series.columns)})" if left_out else ""
    lost = f"; shaded: nothing was recorded ({len(gaps)} ×)" if gaps else ""
    chart.head(axes, f"{title or value}{more}{lost}")
    said = ", ".join(f"{name} up to {number(float(most[name]))} {unit}".rstrip() for name in names)
    chart.alt = f"{title or value} over time: {said or 'nothing is known'}{more}; {len(gaps)} gaps."
    return chart


def _broken(values: "pd.Series[Any]", gaps: Sequence[tuple[datetime, datetime]]) -> "pd.Series[float]":
    """With a hole in each gap in which nothing is known: a recording has rows on both sides of it, and none within."""
    line = pd.Series(values.astype("Float64").to_numpy(dtype=float, na_value=np.nan), index=values.index)
    known = line.dropna().index
    holes = [start + (end - start) / 2 for start, end in gaps if not ((known > start) & (known < end)).any()]
    if not holes:
        return line
    return pd.concat([line, pd.Series(np.nan, index=pd.DatetimeIndex(holes))]).sort_index(kind="stable")


def _apart(heights: list[float], least: float) -> list[float]:
    """Where labels stand that would stand at these heights, without covering each other."""
    placed = dict.fromkeys(range(len(heights)), 0.0)
    last = -least
    for each in sorted(placed, key=heights.__getitem__):
        last = placed[each] = max(heights[each], last + least)
    return list(placed.values())
