"""What each VM was promised, what it has, and what of it lies in the host's RAM."""

from typing import Any

import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.charts.theme import Chart, drawable, fonts, number, theme_of

__all__ = ["promised"]

MOST = 40
"""VMs that are drawn: those with the largest promises."""


def promised(snapshot: Snapshot, *, dark: bool = False) -> Chart:
    """A bar for each VM: its maximum, inside it what the balloon leaves it, and inside that its resident memory.

    A diamond marks what the guest says it uses, where it says so. VMs that do not run hold nothing: of them there is
    only the outline of what they would be promised. The numbers are those of ``snapshot.allocations()``.

    Parameters
    ----------
    snapshot : Snapshot
    dark : bool
        For a dark page.

    Returns
    -------
    Chart
        A matplotlib Figure; its ``alt`` says in words what it shows.
    """
    table = snapshot.allocations().sort_values("memory_max_gib", ascending=False, kind="stable")
    rows = table[table["memory_max_gib"].notna()].head(MOST).to_dict("records")
    left_out = len(table) - len(rows)
    theme = theme_of(dark=dark)
    chart = Chart(10, 1.6 + 0.36 * max(len(rows), 1), theme)
    axes = chart.plain_axes()
    for place, row in enumerate(rows):
        _draw(chart, axes, place, row)
    largest = max((float(row["memory_max_gib"]) for row in rows), default=1.0)
    axes.set_xlim(0, largest * 1.45)
    axes.set_ylim(max(len(rows), 1) - 0.4, -0.6)
    names = [drawable(row["name"], 24) for row in rows]
    axes.set_yticks(range(len(rows)), names, parse_math=False, fontfamily=fonts())
    axes.set_xlabel("GiB", fontfamily=fonts())
    more = f" (and {left_out} more)" if left_out > 0 else ""
    chart.head(axes, f"{drawable(snapshot.host.name, 40)}: memory promised, had and resident{more}")
    chart.legend_of(
        axes,
        [
            Patch(facecolor=theme.back, edgecolor=theme.text, label="promised at most"),
            Patch(facecolor=theme.current.colour, label="has now (balloon)"),
            Patch(facecolor=theme.used.colour, hatch=theme.used.hatch, edgecolor=theme.back, label="resident (RSS)"),
            Line2D([], [], marker="D", linestyle="", color=theme.text, label="used, says the guest"),
        ],
        loc="lower right",
    )
    chart.alt = f"Memory of the VMs of {snapshot.host.name}: {'; '.join(map(_said, rows)) or 'none'}{more}."
    return chart


def _draw(chart: Chart, axes: Any, place: int, row: dict[Any, Any]) -> None:
    theme = chart.theme
    most = float(row["memory_max_gib"])
    outline: dict[str, Any] = {"facecolor": "none", "edgecolor": theme.text, "linewidth": 0.9}
    axes.barh(place, most, 0.72, gid="maximum", linestyle="-" if row["active"] else ":", **outline)
    if row["active"]:
        axes.barh(place, float(row["memory_gib"]), 0.6, color=theme.current.colour, gid="current")
        if pd.notna(row["rss_gib"]):
            look: dict[str, Any] = {
                "color": theme.used.colour,
                "hatch": theme.used.hatch,
                "edgecolor": theme.back,
                "linewidth": 0.4,
            }
            axes.barh(place, float(row["rss_gib"]), 0.3, gid="rss", **look)
        used = _used(row)
        if used is not None:
            axes.plot(
                [used], [place], marker="D", color=theme.text, markersize=5, markeredgecolor=theme.back, gid="used"
            )
    longest = max(most, float(row["rss_gib"]) if pd.notna(row["rss_gib"]) else 0.0)
    chart.write(axes, longest, place, "  " + _words(row), color=theme.quiet, fontsize=8)


def _used(row: dict[Any, Any]) -> float | None:
    """What the guest says that it uses."""
    if pd.isna(row["balloon_gib"]) or pd.isna(row["unused_gib"]):
        return None
    return float(row["balloon_gib"] - row["unused_gib"])


def _words(row: dict[Any, Any]) -> str:
    most = number(float(row["memory_max_gib"]))
    if not row["active"]:
        return f"{most} when it runs"
    now = number(float(row["memory_gib"]))
    had = f"{now} of {most}" if now != most else most
    return f"{had}, resident {number(float(row['rss_gib'])) if pd.notna(row['rss_gib']) else 'not known'}"


def _said(row: dict[Any, Any]) -> str:
    return f"{row['name']} {_words(row)} GiB"
