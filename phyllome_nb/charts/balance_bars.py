"""What hosts have promised, of how much, as bars."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.patches import Patch

from phyllome_nb.capacity.fleet import FleetSnapshot
from phyllome_nb.capacity.snapshot import Count, Snapshot
from phyllome_nb.charts.theme import Chart, Look, drawable, fonts, number, theme_of

if TYPE_CHECKING:
    from phyllome_nb.capacity.policy import Policy

__all__ = ["WHO", "balance"]

WHO = {
    "running": "the VMs that run",
    "defined": "all VMs, if every one ran",
    "autostart": "the VMs that start with the host",
}
HEIGHT = 0.62
MOST = 60
"""Bars that can be told apart; a fleet of more hosts is for `phyllome_nb.charts.fleet`."""


def balance(
    snapshot: Snapshot | FleetSnapshot,
    count: Count = "running",
    policy: "Policy | str | None" = None,
    *,
    dark: bool = False,
) -> Chart:
    """A bar for each resource of each host: kept for the host, dedicated, promised, and what is over the limit.

    All of it in percent of what there is, so that CPUs and memory can be compared. VMs count with their maximum; a thin
    line marks what they have now. The numbers are those of ``snapshot.balance(count, policy)``.

    Parameters
    ----------
    snapshot : Snapshot or FleetSnapshot
    count : {"running", "defined", "autostart"}
        Which VMs count.
    policy : Policy or str, optional
        How much may be promised; ``physical`` where it is left out.
    dark : bool
        For a dark page.

    Returns
    -------
    Chart
        A matplotlib Figure; its ``alt`` says in words what it shows.
    """
    table = snapshot.balance(count, policy)
    most = table[table["amount"] == "maximum"].head(MOST).reset_index(drop=True)
    now = table[table["amount"] == "current"].set_index(["host", "resource"])["promised"].to_dict()
    theme = theme_of(dark=dark)
    chart = Chart(10, 1.4 + 0.46 * max(len(most), 1), theme)
    axes = chart.plain_axes()
    several = len(set(most["host"])) > 1
    parts = [*_parts(most)]
    furthest = max([100.0, *(row["end"] for row in parts)])
    for place, row in enumerate(parts):
        _draw(chart, axes, place, row, now.get((row["host"], row["resource"])))
    axes.axvline(100, color=theme.text, linewidth=1.5, gid="total")
    labels = [f"{drawable(row['host'], 18)}: {row['resource']}" if several else row["resource"] for row in parts]
    axes.set_yticks(range(len(parts)), labels, parse_math=False, fontfamily=fonts())
    axes.set_ylim(len(parts) - 0.4, -0.6)
    axes.set_xlim(0, furthest * 1.02)
    axes.set_xlabel("% of what there is (line: all of it; ▼: what the policy allows)", fontfamily=fonts())
    name = f"{most['policy'].iloc[0]}" if len(most) else ""
    whose = snapshot.host.name if isinstance(snapshot, Snapshot) else f"{len(snapshot.snapshots)} hosts"
    chart.head(axes, f"{drawable(whose, 40)}: promised to {WHO[count]}, under the policy {name}")
    roles = (theme.reserved, "kept for the host"), (theme.dedicated, "dedicated"), (theme.promised, "promised")
    handles = [_patch(chart, look, label) for look, label in (*roles, (theme.over, "over the limit"))]
    chart.legend_of(axes, handles, loc="upper left", bbox_to_anchor=(0, -0.09 - 0.5 / (len(parts) + 1)), ncols=4)
    said = (f"{row['resource']} {number(row['promised'])} of {row['allowed']} {row['unit']}" for row in parts)
    chart.alt = f"What {whose} has promised to {WHO[count]}, at most: {', '.join(said)}."
    return chart


def _parts(most: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Each row with where its parts begin and end, in percent of the total."""
    for row in most.to_dict("records"):
        total, limit = row["total"], row["limit"]
        known = pd.notna(total) and total > 0
        scale = 100 / total if known else 0.0
        kept = float(row["reserved"]) if pd.notna(row["reserved"]) else 0.0
        alone = float(row["dedicated"]) if pd.notna(row["dedicated"]) else 0.0
        promised = float(row["promised"])
        over = max(promised - float(limit), 0.0) if pd.notna(limit) else 0.0
        yield {
            **{str(name): value for name, value in row.items()},
            "known": known,
            "widths": [each * scale for each in (kept, alone, promised - over, over)],
            "end": max((kept + alone + promised) * scale, 0),
            "mark": (kept + alone + float(limit)) * scale if known and pd.notna(limit) else None,
            "kept": (kept + alone) * scale,
            "scale": scale,
            "allowed": number(float(limit)) if pd.notna(limit) else "an unknown number of" if not known else "any",
        }


def _draw(chart: Chart, axes: Any, place: int, row: dict[str, Any], now: float | None) -> None:
    theme = chart.theme
    if not row["known"]:
        chart.write(
            axes, 1, place, f"{number(row['promised'])} {row['unit']} promised; the host does not tell how much"
        )
        return
    axes.barh(place, 100, HEIGHT, color=theme.raised, gid="free")
    left = 0.0
    roles = ("reserved", "dedicated", "promised", "over")
    for role, width in zip(roles, row["widths"], strict=True):
        look: Look = getattr(theme, role)
        if width > 0:
            style: dict[str, Any] = {
                "color": look.colour,
                "hatch": look.hatch,
                "edgecolor": theme.back,
                "linewidth": 0.6,
            }
            axes.barh(place, width, HEIGHT, left, gid=role, **style)
        left += width
    if now is not None and pd.notna(now):
        axes.plot([row["kept"] + float(now) * row["scale"]] * 2, [place - 0.2, place + 0.2], color=theme.back, lw=2.5)
        axes.plot([row["kept"] + float(now) * row["scale"]] * 2, [place - 0.2, place + 0.2], color=theme.text, lw=1)
    if row["mark"] is not None and row["mark"] <= max(row["end"], 100) * 1.02:
        axes.plot([row["mark"]], [place - HEIGHT / 2 - 0.06], marker="v", color=theme.text, markersize=6, gid="limit")
    ratio = row["ratio"]
    per = "vCPUs for each CPU" if row["unit"] == "CPUs" else "GiB for each GiB"
    text = f"{number(row['promised'])} of {row['allowed']} {row['unit']}"
    text += f" · {number(float(ratio))} {per}" if pd.notna(ratio) else ""
    back = {"facecolor": theme.back, "edgecolor": "none", "pad": 1.5}
    chart.write(axes, 1, place, text, bbox=back)


def _patch(chart: Chart, look: Look, label: str) -> Patch:
    return Patch(facecolor=look.colour, hatch=look.hatch, edgecolor=chart.theme.back, label=label)
