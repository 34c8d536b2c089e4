"""Charts: what is drawn is what the tables say, in words, lengths, colours and hatches."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.text import Text

import phyllome_nb as ph
from phyllome_nb import charts
from phyllome_nb.capacity.fleet import Failure, FleetSnapshot
from phyllome_nb.capacity.snapshot import Snapshot, Usage
from phyllome_nb.charts.cell_map import contrast
from phyllome_nb.charts.layout import laid_out
from phyllome_nb.charts.theme import DARK, LIGHT, Chart, drawable, looks
from support import four_cells

GIB = 2**30
PNG = b"\x89PNG"
HOSTILE = "$x_1$ <b>\\n%s \N{CJK UNIFIED IDEOGRAPH-4E00}\N{RIGHT-TO-LEFT OVERRIDE}"


def parts(chart: Chart, gid: str) -> list[Any]:
    """All that was drawn under a name."""
    return [each for each in chart.findobj() if each.get_gid() == gid]


def words(chart: Chart) -> str:
    """All texts."""
    return "\n".join(each.get_text() for each in chart.findobj(Text) if each.get_text())


@pytest.fixture(scope="module")
def four() -> Snapshot:
    """Four cells, a dozen VMs, some of which say what they use."""
    snap = four_cells.snapshot()

    def used(part: float, size: ph.Size) -> ph.Size:
        return ph.Size(int(int(size) * part))

    domains = tuple(
        replace(each, usage=Usage(each.live.memory, used(0.75, each.live.memory), used(0.5, each.live.memory)))
        if each.live and number % 2
        else each
        for number, each in enumerate(snap.domains)
    )
    return replace(snap, domains=domains)


@pytest.fixture(scope="module")
def fleet(four: Snapshot) -> FleetSnapshot:
    """Three hosts, one of which gave no answer."""
    lost = Failure("gone", "qemu:///gone", "No answer within 5 s.")
    return FleetSnapshot.of([four, ph.demo().snapshot()], (lost,), four.taken)


def every(four: Snapshot, fleet: FleetSnapshot, *, dark: bool) -> Iterator[Chart]:
    """Each of the charts."""
    yield charts.balance(four, "defined", "nova", dark=dark)
    yield charts.balance(fleet, "defined", dark=dark)
    yield charts.cells(four, "defined", "nova", dark=dark)
    yield charts.topology(four, dark=dark)
    yield charts.topology(four, "db", {0: frozenset({48}), 1: frozenset({49, 50})}, dark=dark)
    yield charts.promised(four, dark=dark)
    yield charts.fleet(fleet, dark=dark)
    yield charts.usage(series(3), dark=dark, value="CPU", unit="CPUs", limit=4)


def series(vms: int) -> pd.DataFrame:
    """What some VMs used in an hour."""
    times = pd.date_range("2026-11-24", periods=60, freq="min", tz="UTC")
    return pd.DataFrame({f"vm-{each}": np.linspace(0, each + 1, 60) for each in range(vms)}, index=times)


@pytest.mark.parametrize("dark", [False, True])
def test_every_chart_is_a_picture_with_words_and_can_be_read(four: Snapshot, fleet: FleetSnapshot, dark: bool) -> None:
    """Each text has a contrast of 4.5 to what is behind it, as WCAG AA has it, and each chart says what it shows."""
    theme = DARK if dark else LIGHT
    for chart in every(four, fleet, dark=dark):
        assert chart._repr_png_().startswith(PNG)
        assert len(chart.alt) > 20
        assert to_hex(chart.get_facecolor()) == theme.back
        for text in chart.findobj(Text):
            box = text.get_bbox_patch()
            back = to_hex(box.get_facecolor()) if box else theme.back
            if text.get_text():
                behind = [back, theme.raised] if box is None and text.get_text().startswith("socket") else [back]
                assert min(contrast(to_hex(text.get_color()), each) for each in behind) >= 4.5, text.get_text()


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_colours_stand_out_from_the_page(theme: Any) -> None:
    """By 3, as WCAG AA has it for what is not text; and no two VMs look alike."""
    roles = (theme.promised, theme.dedicated, theme.reserved, theme.over, theme.current, theme.used)
    for colour in (*(look.colour for look in roles), *theme.vms):
        assert contrast(colour, theme.back) >= 3
    endless = looks(theme)
    assert len({next(endless) for _ in range(64)}) == 64


def test_the_bars_of_the_balance_are_as_long_as_the_numbers(four: Snapshot) -> None:
    """In percent of what there is: dedicated, promised; the mark of the limit; the words with the ratio."""
    chart = charts.balance(four, "defined")
    table = four.balance("defined")
    table = table[table["amount"] == "maximum"]
    expected = (100 * table["promised"] / table["total"]).tolist()
    assert [bar.get_width() for bar in parts(chart, "promised")] == pytest.approx(expected)
    alone = (100 * table["dedicated"] / table["total"]).tolist()
    assert [bar.get_width() for bar in parts(chart, "dedicated")] == pytest.approx([each for each in alone if each])
    assert {bar.get_hatch() for bar in parts(chart, "dedicated")} == {"///"}
    assert not parts(chart, "over")
    assert [line.get_xdata()[0] for line in parts(chart, "limit")] == pytest.approx([100] * 4)
    assert "43 of 52 CPUs · 0.83 vCPUs for each CPU" in words(chart)
    assert "memory 94 of 240 GiB" in chart.alt


def test_what_is_over_the_limit_has_a_part_of_its_own(four: Snapshot) -> None:
    """In another colour and with a hatch; together with the rest it is what was promised."""
    policy = ph.Policy("tight", cpu_ratio=0.5)
    chart = charts.balance(four, "defined", policy)
    [over] = parts(chart, "over")
    assert over.get_width() == pytest.approx(100 * (43 - 26) / 64)
    assert over.get_hatch() == "xxx"
    assert to_hex(over.get_facecolor()) == LIGHT.over.colour
    assert parts(chart, "promised")[0].get_width() == pytest.approx(100 * 26 / 64)


def test_what_is_not_known_is_said_and_not_drawn() -> None:
    """The sample host does not tell its huge pages; a policy without a limit has no mark."""
    chart = charts.balance(ph.demo().snapshot(), "defined", "proxmox")
    assert "16 GiB promised; the host does not tell how much" in words(chart)
    assert len(parts(chart, "free")) == 2
    assert not parts(chart, "limit")


def test_the_fields_of_the_cells_are_what_is_left(four: Snapshot) -> None:
    """The bluer the more; the number in words; hatched and said where too much was promised."""
    chart = charts.cells(four)
    assert "36 free\n24 of 60 GiB" in words(chart)
    assert "26 GiB promised\non top of the others" in words(chart)
    assert "13 CPUs promised" in words(chart)
    assert not parts(chart, "over")
    whole = next(each for each in parts(chart, "left") if each.get_xy() == (0, 3))
    assert to_hex(whole.get_facecolor()) == LIGHT.scale[-1]
    tight = charts.cells(four, policy=ph.Policy("tight", memory_ratio=0.3))
    [short] = parts(tight, "over")
    assert short.get_xy() == (1, 0)
    assert short.get_hatch() == "xxx"
    assert "6 too many\n24 of 18 GiB" in words(tight)
    assert "cell 0 lacks 6 GiB of memory" in tight.alt


def test_the_drawing_of_a_host_has_its_cpus_and_who_is_pinned_to_them(four: Snapshot) -> None:
    """64 CPUs in 32 cores, 4 cells; 0 and 1 are shared; offline ones are struck through."""
    chart = charts.topology(four)
    assert [len(parts(chart, kind)) for kind in ("cell", "core", "shared", "pinned")] == [4, 32, 2, 30]
    assert len(parts(chart, "free")) == 64 - 32
    assert "db 2" in words(chart)
    assert "2 VMs" in words(chart)
    assert "cell 2: 64 GiB, 8 × 1 GiB" in words(chart)
    assert "db is pinned to 0-7" in chart.alt
    assert "several share 0-1" in chart.alt
    fewer = replace(four, host=replace(four.host, online=frozenset(range(60)), offline=frozenset(range(60, 64))))
    assert len(parts(charts.topology(fewer), "offline")) == 4


def test_one_vm_and_a_plan_can_be_looked_at(four: Snapshot) -> None:
    """The others are grey; what is planned has a dashed frame."""
    chart = charts.topology(four, "nfv", {0: frozenset({48}), 1: frozenset({49, 50})})
    lit = [each for each in parts(chart, "pinned") if to_hex(each.get_facecolor()) != LIGHT.raised]
    assert len(lit) == 4
    assert len(parts(chart, "planned")) == 3
    assert "vCPU 1 is planned on 49-50" in chart.alt
    with pytest.raises(ValueError, match="four has no VM named 'nobody'"):
        charts.topology(four, "nobody")


def test_no_box_lies_on_another_also_on_a_host_of_128_cpus() -> None:
    """CPUs in their cores, cores in their sockets, sockets in their cells; and the letters can be read."""

    def cell(number: int) -> str:
        cpus = "".join(
            f"<cpu id='{core + 64 * thread}' socket_id='{number // 4}' die_id='{core % 2}' core_id='{core}' "
            f"siblings='{core},{core + 64}'/>"
            for core in range(8 * number, 8 * number + 8)
            for thread in (0, 1)
        )
        return f"<cell id='{number}'><memory unit='GiB'>64</memory><cpus>{cpus}</cpus></cell>"

    text = (
        f"<capabilities><host><topology><cells>{''.join(map(cell, range(8)))}</cells></topology></host></capabilities>"
    )
    snap = ph.Snapshot.from_xml(text, name="large")
    plan = laid_out(snap.host)
    cpus = plan.of("cpu")
    assert sorted(int(box.label) for box in cpus) == list(range(128))
    for kind, inside in (("cell", "socket"), ("socket", "core"), ("core", "cpu")):
        for box in plan.of(inside):
            holders = [
                each
                for each in plan.of(kind)
                if each.x <= box.x + 1e-9
                and each.y <= box.y + 1e-9
                and each.x + each.width >= box.x + box.width - 1e-9
                and each.y + each.height >= box.y + box.height - 1e-9
            ]
            assert len(holders) == 1, (kind, box)
    corners = {(round(box.x, 6), round(box.y, 6)) for box in cpus}
    assert len(corners) == 128
    chart = charts.topology(snap)
    numbers = [each for each in chart.findobj(Text) if each.get_text().isdecimal()]
    assert min(float(each.get_fontsize()) for each in numbers) >= 5


def test_memory_promised_had_and_resident(four: Snapshot) -> None:
    """As long as the table says; of VMs that do not run the outline alone; what is unknown is said."""
    chart = charts.promised(four)
    table = four.allocations().sort_values("memory_max_gib", ascending=False, kind="stable")
    assert [bar.get_width() for bar in parts(chart, "maximum")] == table["memory_max_gib"].tolist()
    runs = table[table["active"]]
    assert [bar.get_width() for bar in parts(chart, "current")] == runs["memory_gib"].tolist()
    assert [bar.get_width() for bar in parts(chart, "rss")] == runs["rss_gib"].dropna().tolist()
    assert {bar.get_linestyle() for bar in parts(chart, "maximum")} == {"-", ":"}
    assert "4 of 8, resident" in words(chart)
    assert "resident not known" in words(chart)
    assert "32 when it runs" in words(chart)
    many = replace(four, domains=tuple(replace(four.domains[0], name=f"vm-{each}") for each in range(45)))
    assert "(and 5 more)" in words(charts.promised(many))


def test_a_fleet_at_a_glance(fleet: FleetSnapshot) -> None:
    """A row a host; one that gave no answer is hatched and says why."""
    chart = charts.fleet(fleet, "defined")
    assert [round(bar.get_width(), 6) for bar in parts(chart, "promised")] == pytest.approx(
        [100 * 43 / 52, 100 * 43 / 16, 100 * 94 / 240, 100 * 60 / 48]
    )
    assert len(parts(chart, "lost")) == 2
    assert "no answer: No answer within 5 s." in words(chart)
    assert "demo" in chart.alt
    assert "1 gave no answer (gone)" in chart.alt


def test_two_hundred_hosts_are_fields_of_a_map(four: Snapshot) -> None:
    """None is left out, and each field has its number."""
    hosts = [replace(four, host=replace(four.host, name=f"hv-{each}")) for each in range(200)]
    taken = FleetSnapshot.of(hosts, [Failure("gone", "qemu:///gone", "No answer.")], four.taken)
    chart = charts.fleet(taken)
    assert len(parts(chart, "vcpus")) == len(parts(chart, "memory")) == 200
    assert len(parts(chart, "lost")) == 2
    assert words(chart).count(f"{25 / 52:.0%}") == 200
    assert "201 hosts" in words(chart)


def test_use_over_time_is_not_joined_across_gaps() -> None:
    """The line has a hole, the gap is shaded and said; labels do not cover each other."""
    table = series(3)
    table.iloc[20:30] = np.nan
    gap = (table.index[20], table.index[30])
    chart = charts.usage(table, [gap], value="CPU", unit="CPUs", limit=3.5)
    lines = parts(chart, "usage")
    assert len(lines) == 3
    assert all(np.isnan(line.get_ydata()[20:30]).all() for line in lines)
    assert len({(line.get_linestyle(), line.get_color()) for line in lines}) == 3
    assert len(parts(chart, "gap")) == 1
    assert parts(chart, "limit")[0].get_ydata()[0] == 3.5
    assert "nothing was recorded (1 ×)" in words(chart)
    heights = sorted(
        text.get_position()[1] for text in chart.findobj(Text) if text.get_text().strip().startswith("vm-")
    )
    assert min(np.diff(heights)) > 0.1
    with pytest.raises(ValueError, match="must be times"):
        charts.usage(pd.DataFrame({"a": [1.0]}))


def test_a_gap_without_rows_breaks_the_line_too() -> None:
    """As a recording has it: known before and after, no row between; a VM that is known within goes on."""
    table = series(2)
    gap = (table.index[20], table.index[30])
    table.iloc[21:30, 0] = np.nan
    held = parts(charts.usage(table, [gap], value="memory", unit="GiB"), "usage")
    holes = {line.get_label(): int(np.isnan(line.get_ydata()).sum()) for line in held}
    assert holes["vm-1"] == 0
    bare = parts(charts.usage(table.drop(table.index[21:30]), [gap], value="memory", unit="GiB"), "usage")
    for line in bare:
        [hole] = np.flatnonzero(np.isnan(line.get_ydata()))
        assert gap[0] < line.get_xdata(orig=True)[hole] < gap[1]


def test_more_vms_than_can_be_told_apart_are_the_largest() -> None:
    """And the title says so."""
    chart = charts.usage(series(12), value="CPU", unit="CPUs")
    assert len(parts(chart, "usage")) == 8
    assert "the 8 that used most, of 12" in words(chart)
    assert "vm-11" in words(chart)
    assert "vm-3 " not in chart.alt


@pytest.mark.parametrize("dark", [False, True])
def test_hosts_without_anything_have_charts(dark: bool) -> None:
    """No cells, no VMs, no hosts, no times."""
    text = "<capabilities><host><cpu><arch>x86_64</arch></cpu></host></capabilities>"
    empty = ph.Snapshot.from_xml(text, name="empty")
    none = FleetSnapshot((), (), empty.taken)
    found = [
        *(each(empty, dark=dark) for each in (charts.balance, charts.cells, charts.topology, charts.promised)),
        charts.fleet(none, dark=dark),
        charts.usage(pd.DataFrame(index=pd.DatetimeIndex([], tz="UTC")), dark=dark),
    ]
    assert all(chart._repr_png_().startswith(PNG) for chart in found)


def test_names_are_letters_and_never_formulas(four: Snapshot) -> None:
    """Dollars, backslashes, scripts that no font has, and names of 247 bytes."""
    names = [HOSTILE, "x" * 247, "$" * 20]
    domains = tuple(replace(each, name=names[number % 3] + str(number)) for number, each in enumerate(four.domains))
    odd = replace(four, host=replace(four.host, name=HOSTILE), domains=domains)
    fleet = FleetSnapshot.of([odd], [Failure(HOSTILE, HOSTILE, HOSTILE)], odd.taken)
    for chart in (
        charts.balance(fleet),
        charts.cells(odd),
        charts.topology(odd),
        charts.promised(odd),
        charts.fleet(fleet),
        charts.usage(series(2).rename(columns={"vm-0": HOSTILE}), title=HOSTILE),
    ):
        assert chart._repr_png_().startswith(PNG)
    assert "$x_1$" in words(charts.promised(odd))
    assert drawable("a\N{RIGHT-TO-LEFT OVERRIDE}\x1bb") == "a\N{WHITE VERTICAL RECTANGLE}\N{WHITE VERTICAL RECTANGLE}b"


def test_matplotlib_is_loaded_when_something_is_drawn() -> None:
    """And pyplot, which holds every figure, never."""
    code = """
import sys
import phyllome_nb as ph
import phyllome_nb.charts
print("matplotlib" in sys.modules)
chart = ph.charts.balance(ph.demo().snapshot())
chart._repr_png_()
print("matplotlib" in sys.modules, "matplotlib.pyplot" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "False"]


def test_a_notebook_shows_a_chart_that_is_the_last_expression_of_a_cell(four: Snapshot) -> None:
    """IPython's own formatter finds the picture, without matplotlib being set up."""
    from IPython.core.formatters import DisplayFormatter

    data, _ = DisplayFormatter().format(charts.balance(four))  # type: ignore[no-untyped-call]
    assert data["image/png"]
