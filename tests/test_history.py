"""Histories: rates, percentiles and gaps of made-up recordings whose answers are known."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import phyllome_nb as ph
from phyllome_nb.capacity.history import _percentiles
from phyllome_nb.capacity.recording import KINDS, LOOKS, SAMPLES, compact, read, write

BEGIN = datetime(2026, 11, 24, 12, tzinfo=UTC)
GIB = 2**20
"""In KiB."""


def at(seconds: float) -> datetime:
    """A moment."""
    return BEGIN + timedelta(seconds=seconds)


def look(seconds: float, why: str = "", session: str = "a", every: float = 10) -> tuple[Any, ...]:
    """A look at the host."""
    return at(seconds), session, every, 1, 8 * GIB, why


def sample(seconds: float, cpu: float | None = 0, name: str = "web", **more: Any) -> tuple[Any, ...]:
    """What a VM has used so far, in seconds of CPU time."""
    values = {"time": at(seconds), "uuid": f"{name}-uuid", "name": name, "boot": 1, "why": "", "vcpus": 2}
    if cpu is not None:
        values |= {"cpu_ns": round(cpu * 1e9), "balloon_kib": 4 * GIB, "rss_kib": 2 * GIB}
    values |= more
    return tuple(values.get(column.name) for column in SAMPLES)


def history(tmp_path: Path, looks: list[tuple[Any, ...]], samples: list[tuple[Any, ...]]) -> ph.History:
    """What is read of them."""
    write(tmp_path, "looks", looks, "0")
    write(tmp_path, "samples", samples, "0")
    return ph.History.load(tmp_path)


def test_rates_are_what_grew_in_a_second(tmp_path: Path) -> None:
    """CPUs, steal, MiB/s; of the first sample nothing is known but what it has."""
    found = history(
        tmp_path,
        [look(0), look(10), look(20)],
        [
            sample(0, 5, steal_ns=0, rd_bytes=0, wr_bytes=0, rd_reqs=0, wr_reqs=0, unused_kib=GIB),
            sample(10, 15, steal_ns=10**9, rd_bytes=10 * 2**20, wr_bytes=0, rd_reqs=50, wr_reqs=50, unused_kib=GIB),
            sample(20, 17, steal_ns=10**9, rd_bytes=10 * 2**20, wr_bytes=2**20, rd_reqs=50, wr_reqs=60),
        ],
    ).rates()
    assert found["seconds"].isna().tolist() == [True, False, False]
    assert found["cpu"].tolist()[1:] == [1.0, 0.2]
    assert found["cpu_share"].tolist()[1:] == [0.5, 0.1]
    assert found["steal"].tolist()[1:] == [0.1, 0.0]
    assert found["rd_mib_s"].tolist()[1:] == [1.0, 0.0]
    assert found["wr_mib_s"].tolist()[1:] == [0.0, 0.1]
    assert found["iops"].tolist()[1:] == [10.0, 1.0]
    assert found["used_gib"].tolist()[:2] == [3.0, 3.0]
    assert found["used_gib"].isna().tolist() == [False, False, True]
    assert found["rss_gib"].tolist() == [2.0] * 3
    assert found["rx_mib_s"].isna().all()
    assert found.attrs["units"]["cpu"] == "CPUs"


@pytest.mark.parametrize(
    ("looks", "samples", "known"),
    [
        # the VM was started anew: its counters begin at nothing
        ([0, 10, 20], [sample(0, 50), sample(10, 60), sample(20, 65, boot=2)], [False, True, False]),
        # the daemon forgot them
        ([0, 10, 20], [sample(0, 50), sample(10, 60), sample(20, 1)], [False, True, False]),
        # nobody looked for half a minute
        ([0, 10, 40, 50], [sample(0, 1), sample(10, 2), sample(40, 5), sample(50, 6)], [False, True, False, True]),
        # one look did not see it: it did not run then, though libvirt's number of it is the same
        ([0, 10, 20], [sample(0, 1), sample(20, 5)], [False, False]),
    ],
    ids=["restart", "reset", "gap", "absent"],
)
def test_nothing_is_reckoned_across_what_is_not_known(
    tmp_path: Path, looks: list[float], samples: list[tuple[Any, ...]], known: list[bool]
) -> None:
    """A restart, a counter that went back, a gap."""
    found = history(tmp_path, [look(each) for each in looks], samples).rates()
    assert found["cpu"].notna().tolist() == known


def test_a_look_that_failed_and_another_session_are_gaps(tmp_path: Path) -> None:
    """With the reason; and no rate reaches across them."""
    found = history(
        tmp_path,
        [
            *(
                look(0),
                look(10, "The connection broke."),
                look(20),
                look(30),
                look(31, session="b"),
                look(41, session="b"),
            ),
            *(look(91, session="b"), look(101, "No answer within 10 s.", session="b")),
        ],
        [sample(each, each) for each in (0, 20, 30, 31, 41, 91)],
    )
    gaps = found.gaps()
    assert gaps[["seconds", "why"]].to_numpy().tolist() == [
        [20, "The connection broke."],
        [1, "nobody recorded"],
        [50, "the recorder came late"],
        [10, "No answer within 10 s."],
    ]
    assert found.rates()["cpu"].notna().tolist() == [False, False, True, False, True, False]


def test_a_host_that_was_away_at_the_beginning_or_throughout_is_a_gap(tmp_path: Path) -> None:
    """From the first look on."""
    looks = [look(0, "It is away."), look(10, "It is away."), look(20), look(30)]
    found = history(tmp_path, looks, [sample(20, 0), sample(30, 1)])
    assert found.gaps()[["seconds", "why"]].to_numpy().tolist() == [[20, "It is away."]]
    (tmp_path / "never").mkdir()
    never = history(tmp_path / "never", [look(0, "No."), look(10, "No."), look(20, "Still not.")], [])
    assert never.gaps()[["seconds", "why"]].to_numpy().tolist() == [[20, "Still not."]]
    assert len(never.usage()) == len(never.rates()) == 0


def test_a_vm_that_gave_no_answer_is_a_gap_of_its_own(tmp_path: Path) -> None:
    """The others go on."""
    hung = [sample(each, None, why="web: no answer from QEMU for 3 s.") for each in (10, 20)]
    found = history(
        tmp_path,
        [look(each) for each in (0, 10, 20, 30)],
        [sample(0, 1), *hung, sample(30, 4), *(sample(each, each, name="db") for each in (0, 10, 20, 30))],
    )
    gaps = found.gaps()
    assert gaps[["name", "seconds", "why"]].to_numpy().tolist() == [["web", 30, "web: no answer from QEMU for 3 s."]]
    rates = found.rates()
    assert rates[rates["name"] == "web"]["cpu"].isna().all()
    assert rates[rates["name"] == "db"]["cpu"].notna().sum() == 3
    usage = found.usage().set_index("name")
    assert usage["coverage"].to_dict() == {"db": 1.0, "web": 0.0}


def test_percentiles_count_each_value_for_as_long_as_it_lasted(tmp_path: Path) -> None:
    """Nine tenths of the time nothing, the rest a whole CPU."""
    samples = [sample(10 * each, max(each - 90, 0) * 10) for each in range(101)]
    found = history(tmp_path, [look(10 * each) for each in range(101)], samples).usage((50, 90, 91, 100))
    row = found.iloc[0]
    assert row[["cpu_p50", "cpu_p90", "cpu_p91", "cpu_p100", "cpu_max"]].tolist() == [0, 0, 1, 1, 1]
    assert row[["samples", "seconds", "coverage"]].tolist() == [101, 1000, 1]
    assert row["cpu_share_max"] == 0.5
    assert pd.isna(row["used_gib_p50"])


def test_time_in_which_it_did_not_run_is_not_held_against_its_coverage(tmp_path: Path) -> None:
    """Half of it off, and one look of ten failed while it ran."""
    looks = [look(10 * each, "No answer." if each == 5 else "") for each in range(21)]
    samples = [sample(10 * each, each) for each in range(11) if each != 5]
    found = history(tmp_path, looks, samples).usage().iloc[0]
    assert found["seconds"] == 80
    assert found["coverage"] == pytest.approx(0.8)


def test_a_part_of_the_time_can_be_asked_for(tmp_path: Path) -> None:
    """From when on, and until when."""
    samples = [sample(10 * each, min(each, 5) * 10) for each in range(11)]
    found = history(tmp_path, [look(10 * each) for each in range(11)], samples)
    assert found.usage(since=at(60))["cpu_max"].tolist() == [0]
    assert found.usage(until=at(40))["cpu_max"].tolist() == [1]
    with pytest.raises(ValueError, match="is no percentile"):
        found.usage((101,))


def test_a_series_has_holes_where_nothing_is_known(tmp_path: Path) -> None:
    """A column for each VM, by times with a zone."""
    found = history(
        tmp_path,
        [look(0), look(10), look(20, "No answer."), look(30), look(40)],
        [sample(each, each) for each in (0, 10, 30, 40)],
    ).series("cpu")
    assert found["web"].isna().tolist() == [True, False, True, True, False]
    assert str(pd.DatetimeIndex(found.index).tz) == "UTC"
    with pytest.raises(ValueError, match="There is no figure 'memory'"):
        history(tmp_path, [look(0)], [sample(0)]).series("memory")


def test_files_are_put_together_and_each_row_counts_once(tmp_path: Path) -> None:
    """Also where that was interrupted, so that both the whole and its parts are there."""
    parts = [write(tmp_path, "samples", [sample(10 * each, each)], f"{each}-part") for each in range(5)]
    write(tmp_path, "looks", [look(10 * each) for each in range(5)], "0")
    before = read(tmp_path, "samples", [])
    kept = parts[0].read_bytes()
    compact(tmp_path, "samples", parts, "0")
    assert [path.name for path in tmp_path.glob("samples-*")] == ["samples-0.parquet"]
    parts[0].write_bytes(kept)
    pd.testing.assert_frame_equal(read(tmp_path, "samples", []), before)
    assert len(before) == 5


def test_what_is_damaged_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    """A file that was cut off, one of somebody else's, one of a later version, none at all."""
    with pytest.raises(ph.errors.RecordingError, match="There is no recording in"):
        ph.History.load(tmp_path)
    history(tmp_path, [look(0), look(10)], [sample(0, 0), sample(10, 5)])
    whole = (tmp_path / "samples-0.parquet").read_bytes()
    (tmp_path / "samples-1.parquet").write_bytes(whole[: len(whole) // 2])
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "samples-2.parquet")
    found = ph.History.load(tmp_path)
    assert len(found.samples) == 2
    assert [problem.split(" is ")[1] for problem in found.problems] == [
        "damaged and left out: ArrowInvalid.",
        "no part of a recording and left out.",
    ]
    assert "2 files damaged" in repr(found)
    table = pd.read_parquet(tmp_path / "samples-0.parquet")
    table.attrs["version"] = 99
    table.to_parquet(tmp_path / "samples-3.parquet")
    with pytest.raises(ph.errors.RecordingError, match="later version"):
        ph.History.load(tmp_path)


def test_the_files_keep_every_value(tmp_path: Path) -> None:
    """And the kinds of the columns, NA included."""
    rows = [sample(0, None), sample(10, 1e6, rx_bytes=2**62, name="\N{SNOWMAN}=1+1")]
    write(tmp_path, "samples", rows, "0")
    table = read(tmp_path, "samples", [])
    assert [str(kind) for kind in table.dtypes] == [column.dtype for column in KINDS["samples"]]
    assert table["rx_bytes"].tolist() == [pd.NA, 2**62]
    assert table["name"].tolist() == ["web", "\N{SNOWMAN}=1+1"]
    assert len(LOOKS) == 6


def test_sizes_and_dates_come_from_what_was_recorded(tmp_path: Path) -> None:
    """Twenty days, hour by hour: too large for what it uses, and a host that is full in some weeks."""
    hours = 20 * 24
    looks = [look(3600 * each, every=3600) for each in range(hours)]
    grows = 40 * GIB // hours  # two GiB a day
    samples = [
        sample(3600 * each, 900 * each, vcpus=8, rss_kib=2 * GIB + grows * each, unused_kib=3 * GIB)
        for each in range(hours)
    ]
    found = history(tmp_path, looks, samples)
    snap = ph.demo().snapshot()
    advice = found.rightsize(rule="krr").iloc[0]
    assert (advice["vcpus"], advice["vcpus_recommended"], advice["vcpus_change"]) == (8, 1, "shrink")
    assert advice["memory_seen_gib"] == 1
    dates = found.forecast(snap).set_index("resource")
    assert bool(dates.loc["memory", "enough"])
    assert float(str(dates.loc["memory", "days"])) == pytest.approx((64 - 42) / 2, rel=0.1)
    assert not dates.loc["cpu", "enough"]


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0.1, 60)), min_size=1, max_size=30), st.floats(0.5, 100))
def test_a_percentile_is_the_least_value_below_which_lies_that_share_of_the_time(
    pairs: list[tuple[float, float]], wanted: float
) -> None:
    """Against counting it out."""
    values, seconds = (pd.Series(each, dtype="Float64") for each in zip(*pairs, strict=True))
    found, most = _percentiles(values, seconds, (wanted,))
    total = sum(each for _, each in pairs)
    assert most == max(value for value, _ in pairs)
    assert found in {value for value, _ in pairs}
    below = sum(each for value, each in pairs if value <= found)
    assert below / total >= wanted / 100 - 1e-9
    less = [value for value, _ in pairs if value < found]
    if less:
        assert sum(each for value, each in pairs if value <= max(less)) / total < wanted / 100 + 1e-9
    assert np.isfinite(found)
