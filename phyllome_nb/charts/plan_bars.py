"""What a plan does to each host."""

from typing import Any

import pandas as pd
from matplotlib.patches import Patch

from phyllome_nb.capacity.placement import Placement
from phyllome_nb.charts.theme import Chart, Look, drawable, fonts, number, theme_of

__all__ = ["plan"]

MOST = 20
"""Hosts that are drawn: those that change most."""
RESOURCES = ("vcpus", "memory")


def plan(placement: Placement, *, dark: bool = False) -> Chart:
    """For each host what was promised before and what is afterwards, in percent of what may be.

    The numbers are those of ``placement.table``. Of many hosts those are drawn that change most.

    Parameters
    ----------
    placement : Placement
    dark : bool
        For a dark page.

    Returns
    -------
    Chart
        A matplotlib Figure; its ``alt`` says in words what it shows.
    """
    table = placement.table
    table = table[table["resource"].isin(RESOURCES)]
    hosts = _chosen(table)
    theme = theme_of(dark=dark)
    chart = Chart(11, 1.7 + 0.5 * max(len(hosts), 1), theme)
    grid = chart.add_gridspec(1, 2)
    for column, resource in enumerate(RESOURCES):
        axes = chart.plain_axes(grid[0, column])
        rows = {row["host"]: row for row in table[table["resource"] == resource].to_dict("records")}
        shares = [share for row in rows.values() for share in (_share(row, "before"), _share(row, "after"))]
        highest = max([100.0, *(min(each, 300.0) for each in shares)])
        for place, host in enumerate(hosts):
            if host in rows:
                _draw(chart, axes, place, rows[host])
        axes.axvline(100, color=theme.text, linewidth=1.2, gid="limit")
        names = [drawable(host, 22) for host in hosts] if column == 0 else [""] * len(hosts)
        axes.set_yticks(range(len(hosts)), names, parse_math=False, fontfamily=fonts())
        axes.set_ylim(max(len(hosts), 1) - 0.4, -0.6)
        axes.set_xlim(0, highest * 1.02)
        axes.set_xlabel(
            f"{'vCPUs' if resource == 'vcpus' else 'memory'}: % of what may be promised", fontfamily=fonts()
        )
    left_out = table["host"].nunique() - len(hosts)
    more = f" (the {len(hosts)} hosts that change most; {left_out} more)" if left_out > 0 else ""
    unplaced = len(placement.refusals)
    title = f"{placement.hosts_used} hosts used, {placement.moves} VMs moved, {unplaced} without a place{more}"
    chart.head(chart.axes[0], title)
    kinds = (theme.reserved, "before"), (theme.promised, "afterwards"), (theme.over, "over the limit")
    handles = [
        Patch(facecolor=look.colour, hatch=look.hatch, edgecolor=theme.back, label=label) for look, label in kinds
    ]
    chart.legend_of(
        chart.axes[0], handles, loc="upper left", bbox_to_anchor=(0, -0.1 - 0.6 / (len(hosts) + 1)), ncols=3
    )
    said = [
        f"{row['host']} {row['resource']} {_words(row)}" for row in table.to_dict("records") if row["host"] in hosts
    ]
    chart.alt = f"{title}: {'; '.join(said) or 'no hosts'}."
    return chart


def _chosen(table: pd.DataFrame) -> list[str]:
    """The hosts that change most, in their order."""
    limit = table["limit"].where(table["limit"] > 0)
    change = ((table["after"] - table["before"].fillna(0)).abs() / limit).fillna(0)
    most = change.groupby(table["host"], sort=False).max()
    if len(most) <= MOST:
        return [str(name) for name in most.index]
    kept = set(most.sort_values(ascending=False, kind="stable").index[:MOST])
    return [str(name) for name in most.index if name in kept]


def _share(row: dict[Any, Any], when: str) -> float:
    value, limit = row[when], row["limit"]
    if pd.isna(value) or pd.isna(limit) or not 0 < limit < float("inf"):
        return 0.0
    return 100 * float(value) / float(limit)


def _words(row: dict[Any, Any]) -> str:
    limit = float(row["limit"]) if pd.notna(row["limit"]) else float("inf")
    of = f" of {number(limit)}" if limit < float("inf") else ", no limit:"
    before = number(float(row["before"])) if pd.notna(row["before"]) else "new"
    after = number(float(row["after"]))
    return f"{before if before == after else f'{before} → {after}'}{of} {row['unit']}"


def _draw(chart: Chart, axes: Any, place: int, row: dict[Any, Any]) -> None:
    theme = chart.theme
    axes.barh(place, 100, 0.74, color=theme.raised, gid="free")
    before, after = _share(row, "before"), _share(row, "after")
    _bar(axes, place - 0.2, before, 0.3, theme.reserved, theme.back, "before")
    _bar(axes, place + 0.12, after, 0.4, theme.over if after > 100 else theme.promised, theme.back, "after")
    back = {"facecolor": theme.back, "edgecolor": "none", "pad": 1.2}
    chart.write(axes, 1, place, _words(row), fontsize=8, bbox=back)


def _bar(axes: Any, place: float, length: float, height: float, look: Look, back: str, gid: str) -> None:  # noqa: PLR0917
    if length:
        axes.barh(place, min(length, 300), height, color=look.colour, hatch=look.hatch, edgecolor=back, lw=0.4, gid=gid)
