"""How much of each NUMA cell is left, as a heat map."""

from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.patches import Rectangle

from phyllome_nb.capacity.snapshot import Count, Snapshot
from phyllome_nb.charts.balance_bars import WHO
from phyllome_nb.charts.theme import Chart, drawable, fonts, number, theme_of

if TYPE_CHECKING:
    from phyllome_nb.capacity.policy import Policy

__all__ = ["cells", "contrast"]

NONE = "no single cell"


def cells(
    snapshot: Snapshot, count: Count = "running", policy: "Policy | str | None" = None, *, dark: bool = False
) -> Chart:
    """A row for each cell, a column for vCPUs, memory and each size of huge pages; the colour is what is left.

    The numbers are those of ``snapshot.balance(count, policy, by="cell")``. Where more was promised than may be, the
    field is hatched and says how much is missing. What is bound to no single cell has a row of its own.

    Parameters
    ----------
    snapshot : Snapshot
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
    table = snapshot.balance(count, policy, "cell")
    theme = theme_of(dark=dark)
    rows = [*dict.fromkeys(NONE if pd.isna(cell) else f"cell {cell}" for cell in table["cell"])]
    columns = [*dict.fromkeys(table["resource"])]
    chart = Chart(2.2 + 2.1 * max(len(columns), 1), 1.3 + 0.62 * max(len(rows), 1), theme)
    axes = chart.plain_axes()
    for row in table.to_dict("records"):
        place = rows.index(NONE if pd.isna(row["cell"]) else f"cell {row['cell']}")
        _draw(chart, axes, columns.index(row["resource"]), place, row)
    axes.set_xlim(0, len(columns) or 1)
    axes.set_ylim(len(rows) or 1, 0)
    axes.set_xticks([each + 0.5 for each in range(len(columns))], columns, fontfamily=fonts())
    axes.xaxis.tick_top()
    axes.set_yticks([each + 0.5 for each in range(len(rows))], rows, fontfamily=fonts())
    name = str(table["policy"].iloc[0]) if len(table) else ""
    chart.head(axes, f"{drawable(snapshot.host.name, 30)}: left by {WHO[count]}, policy {name}")
    short = table[table["free"] < 0]
    said = [
        f"cell {row['cell']} lacks {number(-row['free'])} {row['unit']} of {row['resource']}" for row in _rows(short)
    ]
    left = [
        f"cell {row['cell']} {number(row['free'])} {row['unit']} of {row['resource']}"
        for row in _rows(table[(table["free"] >= 0) & table["cell"].notna()])
    ]
    chart.alt = (
        f"What {WHO[count]} leave of the cells of {snapshot.host.name}: {'; '.join([*said, *left]) or 'no cells'}."
    )
    return chart


def _rows(table: pd.DataFrame) -> list[dict[Any, Any]]:
    return table.to_dict("records")


def _draw(chart: Chart, axes: Any, column: int, place: int, row: dict[Any, Any]) -> None:
    theme = chart.theme
    limit, free, promised = row["limit"], row["free"], number(float(row["promised"]))
    field: dict[str, Any] = {"linewidth": 2, "edgecolor": theme.back}
    if pd.isna(limit):
        axes.add_patch(Rectangle((column, place), 1, 1, facecolor=theme.raised, gid="unknown", **field))
        more = "no limit" if pd.notna(row["total"]) else "on top of the others" if pd.isna(row["cell"]) else "of ?"
        chart.write(axes, column + 0.5, place + 0.5, f"{promised} {row['unit']} promised\n{more}", ha="center")
        return
    share = float(free) / float(limit) if limit > 0 else (0.0 if free <= 0 else 1.0)
    back = _colour(theme.scale, share)
    hatch = "xxx" if free < 0 else ""
    axes.add_patch(
        Rectangle((column, place), 1, 1, facecolor=back, hatch=hatch, gid="over" if hatch else "left", **field)
    )
    ink = max(("#000000", "#ffffff"), key=lambda colour: contrast(colour, back))
    text = f"{number(-float(free))} too many" if free < 0 else f"{number(float(free))} free"
    box = {"facecolor": back, "edgecolor": "none", "pad": 1.5}
    chart.write(
        axes,
        column + 0.5,
        place + 0.5,
        f"{text}\n{promised} of {number(float(limit))} {row['unit']}",
        ha="center",
        color=ink,
        bbox=box,
    )


def _colour(scale: tuple[str, ...], share: float) -> str:
    """The colour of a share between nothing and all."""
    red, green, blue, _ = LinearSegmentedColormap.from_list("left", scale)(min(max(share, 0.0), 1.0))
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as WCAG 2 reckons it: 1 for none, 21 for black on white.

    Examples
    --------
    >>> round(contrast("#000000", "#ffffff"))
    21
    """

    def light(colour: str) -> float:
        parts = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour))
        return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)
