"""The CPUs of a host, and who is pinned to them."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

from matplotlib.patches import FancyBboxPatch, Patch, Rectangle

from phyllome_nb.capacity.facts import Cell
from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.capacity.tables.frame import cpu_list
from phyllome_nb.capacity.tables.pins import threads
from phyllome_nb.charts.layout import Box, laid_out
from phyllome_nb.charts.theme import Chart, Look, drawable, looks, theme_of

__all__ = ["topology"]

NAMED = 14
"""VMs in the legend; each has its colour and its letters all the same."""
Pins = dict[int, dict[str, list[str]]]
"""By CPU and VM: the threads that may run there."""


def topology(
    snapshot: Snapshot,
    vm: str | None = None,
    proposal: Mapping[int, frozenset[int]] | None = None,
    *,
    dark: bool = False,
) -> Chart:
    """Cells, sockets, cores and threads as boxes in boxes, with the vCPUs that are pinned to each CPU.

    A CPU has the colour and the hatch of the VM that is pinned to it; one that several share has a heavy frame and says
    how many they are. CPUs that are offline are struck through. The pins are those of ``snapshot.pins()``.

    Parameters
    ----------
    snapshot : Snapshot
    vm : str, optional
        The VM to look at; the others are grey then.
    proposal : mapping of int to frozenset of int, optional
        vCPUs of a VM that is planned, and the CPUs that each may run on: they get a dashed frame.
    dark : bool
        For a dark page.

    Returns
    -------
    Chart
        A matplotlib Figure; its ``alt`` says in words what it shows.

    Raises
    ------
    ValueError
        If the host has no VM of that name.
    """
    host = snapshot.host
    if vm is not None and vm not in {domain.name for domain in snapshot.domains}:
        raise ValueError(f"{host.name} has no VM named {vm!r}: allocations() lists them.")
    pins, plan, theme = _pins(snapshot), laid_out(host), theme_of(dark=dark)
    unit = min(max(11.5 / max(plan.width, 1), 0.26), 0.6)
    chart = Chart(max(plan.width * unit + 0.4, 6), plan.height * unit + 1.5, theme)
    axes = chart.plain_axes()
    axes.set_axis_off()
    axes.set_xlim(-0.1, max(plan.width, 6 / unit) + 0.1)
    axes.set_ylim(plan.height + 0.1, -0.1)
    named = sorted({name for users in pins.values() for name in users})
    look: dict[str, Any] = {
        name: Look(theme.raised) if vm not in {None, name} else each
        for name, each in zip(named, looks(theme), strict=False)
    }
    planned = _planned(proposal or {})
    for box in plan.boxes:
        if box.kind == "cpu":
            _draw_cpu(chart, axes, box, pins.get(int(box.label), {}), look, unit)
            _mark(chart, axes, box, planned.get(int(box.label), []), unit, online=host.is_online(int(box.label)))
        else:
            _draw_outer(chart, axes, box, unit)
    chart.head(axes, _title(snapshot, plan.of("cpu"), vm))
    shown = [name for name in named if vm in {None, name}]
    handles = [
        Patch(facecolor=look[name].colour, hatch=look[name].hatch, edgecolor=theme.back, label=drawable(name, 24))
        for name in islice(shown, NAMED)
    ]
    if len(shown) > NAMED:
        handles.append(Patch(facecolor="none", label=f"and {len(shown) - NAMED} more VMs"))
    if any(len(users) > 1 for users in pins.values()):
        handles.append(Patch(facecolor="none", hatch="xxx", edgecolor=theme.text, label="shared by several"))
    chart.legend_of(axes, handles, loc="upper left", bbox_to_anchor=(0, 0), ncols=5)
    chart.alt = _words(snapshot, pins, proposal)
    return chart


def _pins(snapshot: Snapshot) -> Pins:
    found: Pins = {}
    for domain in snapshot.domains:
        for thread, cpus in threads(domain.shown) if domain.shown else ():
            for cpu in cpus:
                found.setdefault(cpu, {}).setdefault(domain.name, []).append(thread.removeprefix("vcpu "))
    return found


def _title(snapshot: Snapshot, cpus: list[Box], vm: str | None) -> str:
    name = drawable(snapshot.host.name, 40)
    if not cpus:
        return f"{name} does not tell its CPUs one by one"
    return f"{name}: {len(cpus)} CPUs, and who is pinned to them" + (f": {drawable(vm, 30)}" if vm else "")


def _draw_outer(chart: Chart, axes: Any, box: Box, unit: float) -> None:
    theme = chart.theme
    size = 15 * unit + 2
    if box.kind == "cell" and box.cell is not None:
        axes.add_patch(
            Rectangle((box.x, box.y), box.width, box.height, fill=False, edgecolor=theme.text, lw=1.4, gid="cell")
        )
        chart.write(axes, box.x + 0.2, box.y + 0.45, _cell(box.cell), fontsize=size, fontweight="bold")
    elif box.kind == "socket":
        how: dict[str, Any] = {"facecolor": theme.raised, "edgecolor": theme.quiet, "lw": 0.7, "gid": "socket"}
        axes.add_patch(Rectangle((box.x, box.y), box.width, box.height, **how))
        chart.write(axes, box.x + 0.15, box.y + 0.28, box.label, fontsize=size * 0.85, color=theme.quiet)
    else:
        how = {"facecolor": theme.back, "edgecolor": theme.quiet, "lw": 0.7, "gid": "core"}
        axes.add_patch(
            FancyBboxPatch((box.x, box.y), box.width, box.height, boxstyle="round,pad=0,rounding_size=0.12", **how)
        )


def _cell(cell: Cell) -> str:
    huge = [f"{pool.total:,} × {pool.size.short()}" for pool in cell.pages if pool.is_huge and pool.total]
    memory = cell.memory.short() if cell.memory else "no memory"
    return ", ".join([f"cell {cell.id}: {memory}", *huge, *(["no CPUs"] if not cell.cpus else [])])


def _draw_cpu(  # noqa: PLR0917  (where, what, and how)
    chart: Chart, axes: Any, box: Box, users: dict[str, list[str]], look: dict[str, Look], unit: float
) -> None:
    theme = chart.theme
    shared = len(users) > 1
    mine = look[next(iter(users))] if users else Look(theme.back)
    gid = "shared" if shared else "pinned" if users else "free"
    where, size = ((box.x, box.y), box.width, box.height), 12.5 * unit
    fill: dict[str, Any] = {
        "facecolor": mine.colour,
        "hatch": "xxx" if shared else mine.hatch,
        "edgecolor": theme.back,
        "linewidth": 0,
    }
    axes.add_patch(Rectangle(*where, gid=gid, **fill))
    frame: dict[str, Any] = {"edgecolor": theme.text if shared else theme.quiet, "linewidth": 2.2 if shared else 0.5}
    axes.add_patch(Rectangle(*where, fill=False, **frame))
    back = {"facecolor": theme.back, "edgecolor": "none", "alpha": 0.88, "pad": 0.6} if users else None
    middle = box.x + box.width / 2
    chart.write(axes, middle, box.y + 0.27, box.label, ha="center", fontsize=size, bbox=back, fontweight="bold")
    if users:
        chart.write(axes, middle, box.y + 0.7, _short(users), ha="center", fontsize=size * 0.78, bbox=back)


def _planned(proposal: Mapping[int, frozenset[int]]) -> dict[int, list[int]]:
    """By CPU, the vCPUs that are to run there."""
    found: dict[int, list[int]] = {}
    for vcpu, cpus in proposal.items():
        for cpu in cpus:
            found.setdefault(cpu, []).append(vcpu)
    return found


def _mark(chart: Chart, axes: Any, box: Box, planned: list[int], unit: float, *, online: bool) -> None:
    """A dashed frame for what is planned, a stroke for what is offline."""
    theme = chart.theme
    if not online:
        axes.plot([box.x, box.x + box.width], [box.y + box.height, box.y], color=theme.text, lw=1, gid="offline")
    if planned:
        inside = (box.x + 0.06, box.y + 0.06), box.width - 0.12, box.height - 0.12
        how: dict[str, Any] = {"fill": False, "edgecolor": theme.text, "linewidth": 1.6, "linestyle": "--"}
        axes.add_patch(Rectangle(*inside, gid="planned", **how))
        back = {"facecolor": theme.back, "edgecolor": "none", "pad": 0.4}
        text = f"→ {cpu_list(planned)}"
        chart.write(axes, box.x + box.width / 2, box.y + 0.5, text, ha="center", fontsize=11 * unit, bbox=back)


def _short(users: dict[str, list[str]]) -> str:
    """Who may run there, in a few letters."""
    if len(users) > 1:
        return f"{len(users)} VMs"
    name, found = next(iter(users.items()))
    return f"{drawable(name, 5)} {found[0] if len(found) == 1 else f'×{len(found)}'}"


def _words(snapshot: Snapshot, pins: Pins, proposal: Mapping[int, frozenset[int]] | None) -> str:
    by_vm: dict[str, set[int]] = {}
    for cpu, users in pins.items():
        for name in users:
            by_vm.setdefault(name, set()).add(cpu)
    shared = cpu_list(cpu for cpu, users in pins.items() if len(users) > 1)
    said = [f"{name} is pinned to {cpu_list(cpus)}" for name, cpus in sorted(by_vm.items())]
    said += [f"several share {shared}"] if shared else []
    said += [f"vCPU {vcpu} is planned on {cpu_list(cpus)}" for vcpu, cpus in (proposal or {}).items()]
    cells = ", ".join(
        f"cell {cell.id} has CPUs {cpu_list(cpu.id for cpu in cell.cpus) or 'none'}" for cell in snapshot.host.cells
    )
    return f"The CPUs of {snapshot.host.name}: {cells or 'not told'}. {'; '.join(said) or 'Nobody is pinned'}."
