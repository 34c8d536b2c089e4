"""All hosts of a fleet at a glance."""

from math import ceil
from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.patches import Patch, Rectangle

from phyllome_nb.capacity.fleet import FleetSnapshot
from phyllome_nb.capacity.snapshot import Count
from phyllome_nb.charts.balance_bars import WHO
from phyllome_nb.charts.cell_map import contrast
from phyllome_nb.charts.theme import Chart, drawable, fonts, number, theme_of

if TYPE_CHECKING:
    from phyllome_nb.capacity.policy import Policy

__all__ = ["fleet"]

FEW = 24
"""So many hosts have a row each; more of them are fields of a map."""
ACROSS = 20
RESOURCES = ("vcpus", "memory")
STEPS = ((0.5, "up to half"), (0.8, "up to 80 %"), (1.0, "up to the limit"), (float("inf"), "over the limit"))


def fleet(
    snapshot: FleetSnapshot, count: Count = "running", policy: "Policy | str | None" = None, *, dark: bool = False
) -> Chart:
    """For each host how much of the vCPUs and of the memory that it may promise is promised.

    Up to two dozen hosts have a row each, more are fields of a map. A host that gave no answer is hatched, and says so.
    The numbers are those of ``snapshot.balance(count, policy)``, at most.

    Parameters
    ----------
    snapshot : FleetSnapshot
    count : {"running", "defined", "autostart"}
        Which VMs count.
    policy : Policy or str, optional
        How much may be promised; ``physical`` where it is left out. Where it has no limit, what there is stands for it.
    dark : bool
        For a dark page.

    Returns
    -------
    Chart
        A matplotlib Figure; its ``alt`` says in words what it shows.
    """
    table = snapshot.balance(count, policy)
    table = table[(table["amount"] == "maximum") & table["resource"].isin(RESOURCES)]
    shares = {(row["host"], row["resource"]): _share(row) for row in table.to_dict("records")}
    texts = {(row["host"], row["resource"]): _text(row) for row in table.to_dict("records")}
    told = [each.host.name for each in snapshot.snapshots]
    lost = {each.name: each.problem for each in snapshot.failures}
    theme = theme_of(dark=dark)
    if len(told) + len(lost) <= FEW:
        chart = _rows(Chart(11, 1.5 + 0.42 * max(len(told) + len(lost), 1), theme), told, lost, shares, texts)
    else:
        lines = ceil((len(told) + len(lost)) / ACROSS)
        chart = _map(Chart(11, 1.6 + 2 * (0.36 * lines + 0.5), theme), told, lost, shares)
    axes = chart.axes[0]
    name = str(table["policy"].iloc[0]) if len(table) else ""
    chart.head(axes, f"{len(told) + len(lost)} hosts: promised to {WHO[count]}, policy {name}")
    over = sorted({host for (host, _), share in shares.items() if share is not None and share > 1})
    said = [f"{len(over)} over a limit ({', '.join(over[:8])})"] if over else ["none over a limit"]
    said += [f"{len(lost)} gave no answer ({', '.join(list(lost)[:8])})"] if lost else []
    if len(told) <= FEW:
        said += [
            f"{host}: vCPUs {texts.get((host, 'vcpus'), '?')}, memory {texts.get((host, 'memory'), '?')}"
            for host in told
        ]
    chart.alt = f"{len(told) + len(lost)} hosts: {'; '.join(said)}."
    return chart


def _share(row: dict[Any, Any]) -> float | None:
    """What is promised of what may be; None where it is not known what may be."""
    limit = row["limit"]
    if pd.isna(limit):
        limit = None if pd.isna(row["total"]) else row["total"] - row["reserved"] - row["dedicated"]
    if limit is None:
        return None
    return float(row["promised"]) / float(limit) if limit > 0 else (0.0 if row["promised"] <= 0 else float("inf"))


def _text(row: dict[Any, Any]) -> str:
    limit = row["limit"] if pd.notna(row["limit"]) else row["total"]
    of = f" of {number(float(limit))}" if pd.notna(limit) else ""
    return f"{number(float(row['promised']))}{of} {row['unit']}"


def _look(chart: Chart, share: float | None) -> dict[str, Any]:
    """Colour and hatch by how much is promised."""
    theme = chart.theme
    if share is None:
        return {"facecolor": theme.raised, "hatch": "...", "edgecolor": theme.quiet}
    step = next(number for number, (most, _) in enumerate(STEPS) if share <= most)
    scale = [theme.scale[-1], theme.scale[-3], theme.scale[2], theme.over.colour]
    hatch = ["", "", "///", "xxx"][step]
    return {"facecolor": scale[step], "hatch": hatch, "edgecolor": theme.back if hatch else theme.quiet}


def _rows(
    chart: Chart,
    told: list[str],
    lost: dict[str, str],
    shares: dict[tuple[str, str], float | None],
    texts: dict[tuple[str, str], str],
) -> Chart:
    theme = chart.theme
    grid = chart.add_gridspec(1, 2)
    hosts = [*told, *lost]
    for column, resource in enumerate(RESOURCES):
        axes = chart.plain_axes(grid[0, column])
        highest = max([1.0, *(min(share, 3) for (_, which), share in shares.items() if which == resource and share)])
        for place, host in enumerate(hosts):
            if host in lost:
                how: dict[str, Any] = {"facecolor": theme.back, "edgecolor": theme.quiet, "hatch": "\\\\\\"}
                axes.barh(place, highest * 100, 0.62, gid="lost", **how)
                text = f"no answer: {drawable(lost[host], 44)}"
            else:
                share = shares.get((host, resource))
                axes.barh(place, 100, 0.62, color=theme.raised, gid="free")
                axes.barh(place, 100 * min(share or 0, 3), 0.62, gid="promised", linewidth=0.4, **_look(chart, share))
                text = texts.get((host, resource), "not known") + ("" if share is None else f" · {share:.0%}")
            back = {"facecolor": theme.back, "edgecolor": "none", "pad": 1.2}
            chart.write(axes, 1, place, text, fontsize=8, bbox=back)
        axes.axvline(100, color=theme.text, linewidth=1.2, gid="limit")
        names = [drawable(host, 22) for host in hosts] if column == 0 else [""] * len(hosts)
        axes.set_yticks(range(len(hosts)), names, parse_math=False, fontfamily=fonts())
        axes.set_ylim(max(len(hosts), 1) - 0.4, -0.6)
        axes.set_xlim(0, highest * 102)
        axes.set_xlabel(
            f"{'vCPUs' if resource == 'vcpus' else 'memory'}: % of what may be promised", fontfamily=fonts()
        )
    return chart


def _map(chart: Chart, told: list[str], lost: dict[str, str], shares: dict[tuple[str, str], float | None]) -> Chart:
    theme = chart.theme
    hosts = [*told, *lost]
    grid = chart.add_gridspec(2, 1)
    for line, resource in enumerate(RESOURCES):
        axes = chart.plain_axes(grid[line, 0])
        for place, host in enumerate(hosts):
            x, y = place % ACROSS, place // ACROSS
            share = shares.get((host, resource))
            how = (
                {"facecolor": theme.back, "edgecolor": theme.quiet, "hatch": "\\\\\\"}
                if host in lost
                else _look(chart, share)
            )
            axes.add_patch(Rectangle((x, y), 1, 1, gid="lost" if host in lost else resource, linewidth=1, **how))
            if host not in lost and share is not None:
                back = str(how["facecolor"])
                ink = max(("#000000", "#ffffff"), key=lambda colour: contrast(colour, back))
                box = {"facecolor": back, "edgecolor": "none", "pad": 0.6}
                chart.write(
                    axes, x + 0.5, y + 0.5, f"{min(share, 9.99):.0%}", ha="center", fontsize=7.5, color=ink, bbox=box
                )
        axes.set_xlim(0, ACROSS)
        lines = ceil(len(hosts) / ACROSS)
        axes.set_ylim(lines, 0)
        firsts = [drawable(hosts[each * ACROSS], 18) for each in range(lines)]
        axes.set_yticks(
            [each + 0.5 for each in range(lines)], firsts, parse_math=False, fontfamily=fonts(), fontsize=7.5
        )
        axes.set_xticks([])
        axes.set_xlabel("vCPUs" if resource == "vcpus" else "memory", fontfamily=fonts())
    steps = (0.2, 0.7, 0.95, 2.0)
    handles = [Patch(label=label, **_look(chart, at)) for at, (_, label) in zip(steps, STEPS, strict=True)]
    handles.append(Patch(facecolor=theme.back, edgecolor=theme.quiet, hatch="\\\\\\", label="no answer"))
    chart.legend_of(chart.axes[1], handles, loc="upper left", bbox_to_anchor=(0, -0.12), ncols=5)
    return chart
