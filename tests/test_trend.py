"""When a host is full: against lines that are known, and against chance."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phyllome_nb.capacity.forecast import FORECAST, forecast
from phyllome_nb.capacity.policy import Policy, Reservation
from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.capacity.trend import Trend, days_until_full
from phyllome_nb.size import Size
from support import four_cells

RUNS = 200


def series(values: Any, freq: str = "D") -> "pd.Series[float]":
    """Values by time."""
    return pd.Series(np.asarray(values, float), pd.date_range("2026-01-01", periods=len(values), freq=freq, tz="UTC"))


def hourly(days: int) -> Any:
    """The days as fractions, an hour each."""
    return np.arange(days * 24) / 24


@pytest.fixture(scope="module")
def four() -> Snapshot:
    """64 CPUs, 256 GiB, of which 16 are set aside for huge pages."""
    return four_cells.snapshot()


def test_a_straight_line_reaches_the_limit_when_it_does() -> None:
    """10 and 2 more each day: at 48 on the last of 20, at 100 after 26 more."""
    trend = days_until_full(series(10 + 2 * np.arange(20)), 100)
    assert (trend.days, trend.low, trend.high, trend.enough) == (26, 26, 26, True)
    assert (trend.now, trend.slope, trend.recorded, trend.coverage) == (48, 2, 20, 1.0)
    assert trend.last == pd.Timestamp("2026-01-20", tz="UTC")
    assert repr(trend) == (
        "<Trend: full in 26 days, 26 to 26. It grew by 2 a day (2 to 2) over 20 days and is at 48 of 100.>"
    )


def test_the_slope_and_its_interval_are_sens() -> None:
    """Six days whose fifteen slopes can be listed; Kendall's variance is 28 1/3, of which 90 % take 8.76 ranks."""
    values = [0.0, 4.0, 3.0, 9.0, 7.0, 12.0]
    slopes = sorted((values[j] - values[i]) / (j - i) for i in range(6) for j in range(i + 1, 6))
    trend = days_until_full(series(values), 100, min_days=6, level=0.9)
    # (15 - 8.76) / 2 = 3.12: the third from either end. The days alternate about the line, which widens nothing.
    assert (trend.slope, trend.slope_low, trend.slope_high) == (slopes[7], slopes[2], slopes[12])


def test_a_few_odd_days_do_not_turn_it() -> None:
    """Three of thirty, ten times as high."""
    values = 10.0 + np.arange(30)
    values[[3, 4, 20]] = 300
    trend = days_until_full(series(values), 60)
    assert trend.slope == pytest.approx(1, abs=0.1)
    assert trend.days == pytest.approx(21, abs=2)


def test_each_day_gives_its_percentile() -> None:
    """Two hours of twenty-four are high: the 90th percentile does not see them, the maximum does."""
    values = 10 + np.floor(hourly(20)) + 50 * (np.arange(480) % 24 < 2)
    low, high = (days_until_full(series(values, "h"), 1000, quantile=share).now for share in (0.9, 1))
    assert (low, high) == (29, 79)


def test_vms_are_summed_before_the_percentile() -> None:
    """Two VMs that are busy by turns are never busy together."""
    turn = np.arange(30 * 24) % 2
    busy = series(10 + hourly(30), "h")
    trend = days_until_full(pd.DataFrame({"a": busy * turn, "b": busy * (1 - turn)}), 100)
    assert trend.now == pytest.approx(40, abs=0.2)
    assert trend.days == pytest.approx(60, abs=0.5)


def test_a_moment_at_which_a_vm_is_not_known_is_left_out() -> None:
    """It would look like a fall; a VM that was not there yet used nothing."""
    table = pd.DataFrame({"a": series(10.0 + np.arange(20)), "b": series([5.0] * 20)})
    table.iloc[:10, 1] = None
    begun = days_until_full(table, 100, min_coverage=0.9)
    assert begun.recorded == 20
    table.iloc[15, 1] = None
    hole = days_until_full(table, 100, min_coverage=0.9)
    assert hole.recorded == 19


def test_one_step_is_no_pace() -> None:
    """A VM was added on one day of 60."""
    values = 20 + np.random.default_rng(3).normal(0, 2, 60) + 10 * (np.arange(60) >= 30)
    trend = days_until_full(series(values), 60)
    assert (trend.days, trend.enough) == (None, False)
    assert "a single step 29 days ago fits better than" in trend.why


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (series(np.arange(13.0)), "Only 13 days were recorded for 75 % or more; 14 are asked for."),
        (series(hourly(40), "h").iloc[::1][lambda s: s.index.hour < 12], "Only 0 days were recorded for 75 % or more"),
        (series(np.arange(40.0)).iloc[[*range(10), *range(30, 40)]], "Only 20 of 40 days were recorded well enough"),
        (series([30.0] * 30), "No growth that the data bear out: 0 a day (0 to 0) over 30 days."),
        (series(30.0 - np.arange(30)), "No growth that the data bear out: -1 a day"),
        (series(np.arange(30) / 10), "the limit is farther off than 3 times that, which the data do not bear."),
        (series([]), "Nothing was recorded."),
    ],
    ids=["few days", "half days", "many gaps", "level", "falling", "far", "nothing"],
)
def test_where_the_data_bear_no_date_none_is_told(values: "pd.Series[float]", why: str) -> None:
    """And the sentence says why."""
    trend = days_until_full(values, 100)
    assert (trend.days, trend.low, trend.high, trend.enough) == (None, None, None, False)
    assert why in trend.why
    assert repr(trend) == f"<Trend: no date. {trend.why}>"


def test_what_is_full_is_full_now() -> None:
    """Whether it grows or not."""
    for values in (series(90.0 + np.arange(20)), series([120.0] * 20)):
        trend = days_until_full(values, 100)
        assert (trend.days, trend.low, trend.high, trend.enough) == (0, 0, 0, True)
        assert trend.why.startswith("It is full: at 1")


Noise = Callable[[np.random.Generator, int], Any]


def independent(random: np.random.Generator, days: int) -> Any:
    """Days that know nothing of each other."""
    return random.normal(0, 3, days)


def heavy(random: np.random.Generator, days: int) -> Any:
    """Days with odd ones among them."""
    return 2 * random.standard_t(2, days)


def alike(random: np.random.Generator, days: int) -> Any:
    """Days that resemble the one before: a correlation of 0.6."""
    shocks, found = random.normal(0, 2.4, days + 40), np.zeros(days + 40)
    for day in range(1, days + 40):
        found[day] = 0.6 * found[day - 1] + shocks[day]
    return found[40:]


def weekly(random: np.random.Generator, days: int) -> Any:
    """Weekends on which little is done."""
    return random.normal(0, 2, days) - 10 * ((np.arange(days) + random.integers(7)) % 7 > 4)


def step(random: np.random.Generator, days: int) -> Any:
    """A VM was added on some day."""
    return random.normal(0, 2, days) + 10 * (np.arange(days) > random.integers(days // 4, 3 * days // 4))


def simulated(slope: float, noise: Noise, days: int, level: float = 0.95, ahead: int = 60) -> list[Trend]:
    """Lines with noise about them, at 50 on the last day, and at the limit so many days later.

    Where it does not grow, the limit is 6 above what there is at the end.
    """
    random = np.random.default_rng(7)
    line = 50 + slope * (np.arange(days) - (days - 1.0))
    found = []
    for _ in range(RUNS):
        values = line + noise(random, days)
        limit = 50 + slope * ahead if slope else float(np.median(values[-7:])) + 6
        found.append(days_until_full(series(values), limit, level=level))
    return found


@pytest.mark.parametrize("ahead", [5, 60])
@pytest.mark.parametrize("noise", [independent, heavy, alike, weekly])
def test_nine_of_ten_intervals_at_90_percent_hold_the_true_day(noise: Noise, ahead: int) -> None:
    """Soon, when the height of the line matters, and late, when its slope does; most series are told a date at all."""
    told = [trend for trend in simulated(1.0, noise, 40, 0.9, ahead) if trend.enough]
    assert len(told) > 0.9 * RUNS
    held = sum(trend.low <= ahead <= trend.high for trend in told if trend.low is not None and trend.high is not None)
    assert held >= 0.9 * len(told)


@pytest.mark.parametrize("days", [14, 30])
@pytest.mark.parametrize("noise", [independent, heavy, alike, weekly, step])
def test_where_nothing_grows_hardly_ever_is_a_date_told(noise: Noise, days: int) -> None:
    """In five of a hundred at most."""
    assert sum(trend.enough for trend in simulated(0.0, noise, days)) <= 0.05 * RUNS


def test_slow_growth_is_told_all_the_same() -> None:
    """A tenth of the noise a day, over 30 days: in seven of ten series at least."""
    assert sum(trend.enough for trend in simulated(0.3, independent, 30)) >= 0.7 * RUNS


@settings(max_examples=25, deadline=None, database=None)
@given(st.lists(st.floats(-5, 5), min_size=20, max_size=30), st.sampled_from([0.25, 4, 1024]), st.integers(0, 10**6))
def test_neither_the_unit_nor_the_order_of_the_rows_matters(noise: list[float], unit: float, seed: int) -> None:
    """Bytes or GiB: a date is a date."""
    values = series(50 + np.arange(len(noise)) + np.array(noise))
    trend = days_until_full(values, 120)
    other = days_until_full(values.sample(frac=1, random_state=seed % 2**32) * unit, 120 * unit)
    assert other.enough == trend.enough
    assert (other.days, other.low, other.high) == pytest.approx((trend.days, trend.low, trend.high))
    if trend.days is not None and trend.low is not None and trend.high is not None:
        assert trend.low <= trend.days <= trend.high


def test_a_series_that_cannot_be_read_is_refused() -> None:
    """With what to do."""
    with pytest.raises(ValueError, match=r"is no DatetimeIndex: give its values by time\."):
        days_until_full(pd.Series([1.0, 2.0]), 10)
    twice = series([1.0, 2.0])
    with pytest.raises(ValueError, match=r"two values for one time: sum the VMs first"):
        days_until_full(pd.concat([twice, twice]), 10)
    for wrong in ({"quantile": 95}, {"level": 1}, {"min_coverage": 0}):
        with pytest.raises(ValueError, match=r"are shares: give 0\.95 for 95 %\."):
            days_until_full(twice, 10, **wrong)
    with pytest.raises(ValueError, match=r"min_days=5 bears no interval"):
        days_until_full(twice, 10, min_days=5)


def rates(memory: Any, cpu: Any, uuid: str = "a", **more: Any) -> pd.DataFrame:
    """The record of one VM, a row an hour."""
    times = pd.date_range("2026-01-01", periods=len(memory), freq="h", tz="UTC")
    return pd.DataFrame({"time": times, "uuid": uuid, "cpu": cpu, "rss_gib": memory} | more)


def rows(table: pd.DataFrame, *columns: str) -> list[list[Any]]:
    """The values; None for NA."""
    return [[None if pd.isna(value) else value for value in row] for row in table[list(columns)].to_numpy(object)]


def test_a_forecast_sums_the_vms_and_takes_the_policys_reservation_off(four: Snapshot) -> None:
    """256 - 16 of huge pages - 40; a and b grow by 1.5 GiB a day each, and are at 2 × 65 after 30 days."""
    policy = Policy("ours", 4.0, 1.5, reservations=(Reservation(Size("40 GiB"), 4),))
    memory = 20 + 1.5 * np.floor(hourly(30))
    record = pd.concat([rates(memory, 1.0), rates(memory, 2.0, "b")])
    table = forecast(record.sample(frac=1, random_state=1), four, policy)
    assert list(table.columns) == [column.name for column in FORECAST[""]]
    assert rows(table, "host", "resource", "basis", "unit", "policy", "limit") == [
        ["four", "cpu", "cpu", "CPUs", "ours", 60.0],
        ["four", "memory", "rss_gib", "GiB", "ours", 200.0],
    ]
    (cpu, ram) = rows(table, "enough", "now", "slope", "days", "days_low", "days_high", "recorded")
    assert cpu == [False, 3.0, 0.0, None, None, None, 30]
    assert ram == [True, 127.0, 3.0, pytest.approx(73 / 3), pytest.approx(73 / 3), pytest.approx(73 / 3), 30]
    assert table["last"].tolist() == [pd.Timestamp("2026-01-30 23:00", tz="UTC")] * 2


def test_a_moment_with_an_unknown_vm_is_left_out_and_one_without_a_vm_is_not(four: Snapshot) -> None:
    """VM b is off on odd days, and on the last day unknown for half of the time."""
    record = pd.concat([rates([1.0] * 480, 1.0), rates([1.0] * 480, 1.0, "b")], ignore_index=True)
    day = record["time"].dt.day
    record = record[~((record["uuid"] == "b") & (day % 2 == 1))]
    record.loc[(record["uuid"] == "b") & (record["time"].dt.day == 20) & (record["time"].dt.hour < 12), "cpu"] = None
    assert rows(forecast(record, four), "recorded") == [[19], [20]]


def test_several_hosts_are_told_apart_by_the_column_host(four: Snapshot) -> None:
    """Without it there is no telling whose VM it was."""
    other = replace(four, host=replace(four.host, name="other"))
    record = pd.concat([
        rates(20 + hourly(30), 1.0, host="four"), rates([5.0] * 720, 30 + hourly(30), "b", host="other")
    ])  # fmt: skip
    table = forecast(record, [four, other])
    assert rows(table, "host", "resource", "enough") == [
        ["four", "cpu", False],
        ["four", "memory", False],
        ["other", "cpu", True],
        ["other", "memory", False],
    ]
    assert "farther off than 3 times" in table["why"][1]
    with pytest.raises(ValueError, match="has no host: pass what History"):
        forecast(record.drop(columns="host"), [four, other])


def test_a_forecast_of_nothing_says_so(four: Snapshot) -> None:
    """A table all the same."""
    assert rows(forecast(rates([], []), four), "enough", "why") == [[False, "Nothing was recorded."]] * 2
