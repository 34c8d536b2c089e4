"""When a host is full, if what was recorded bears a trend."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["Trend", "days_until_full"]

Floats = npt.NDArray[np.float64]
DAY = timedelta(days=1)
REACH = 3


@dataclass(frozen=True, slots=True, repr=False)
class Trend:
    """How a quantity grew from day to day, and when it reaches a limit at that pace; None for what is not told.

    Its unit is that of the series. Days are counted from the last sample.
    """

    days: float | None
    """Until the trend reaches the limit; 0 where it has."""
    low: float | None
    """At the fastest pace that the data bear out."""
    high: float | None
    """At the slowest pace that they bear out."""
    enough: bool
    """Whether the data bear a date."""
    why: str
    """What follows from which numbers, in a sentence."""
    limit: float
    now: float | None = None
    """The trend at the last sample."""
    slope: float | None = None
    """A day."""
    slope_low: float | None = None
    slope_high: float | None = None
    recorded: int = 0
    """Days that were recorded well enough to count."""
    coverage: float = 0.0
    """Their share of the days from the first sample to the last."""
    last: datetime | None = None
    """The last sample."""

    def __repr__(self) -> str:
        if self.days is None or self.low is None or self.high is None:
            return f"<Trend: no date. {self.why}>"
        return f"<Trend: full in {self.days:.0f} days, {self.low:.0f} to {self.high:.0f}. {self.why}>"


def days_until_full(
    series: "pd.Series[float] | pd.DataFrame",
    limit: float,
    *,
    quantile: float = 0.95,
    level: float = 0.95,
    min_days: int = 14,
    min_coverage: float = 0.75,
) -> Trend:
    """Tell when a quantity reaches its limit, with an interval; or say why the data do not tell.

    The series is cut into days of 24 hours, back from the last sample, and each day gives one value: a percentile.
    The trend is the median of the slopes between all pairs of days (Theil and Sen), which a few odd days do not turn.
    Its interval comes from the ranks of these slopes (Kendall's test), widened where a day resembles the one before:
    such days tell less than as many independent ones. The interval of the date takes in how uncertain the height of
    the line is as well.

    There is no date where there are too few days, too little of them was recorded, zero is among the slopes that the
    data bear out, one step fits the days better than a line does (a VM was added), or the limit is more than three
    times as far ahead as the record reaches back.

    Parameters
    ----------
    series : pandas.Series or pandas.DataFrame
        Values by time (a ``DatetimeIndex``), in any order. Of a DataFrame the columns are summed moment by moment
        before anything else is done: a column without values before its first or after its last counts as nothing
        there, and a moment at which one between its first and its last is missing is left out.
    limit : float
        In the unit of the series.
    quantile : float
        What of each day counts: 0.95 for its 95th percentile, 1 for its maximum.
    level : float
        How sure the interval is to be: 0.95 for 95 %.
    min_days : int
        Fewer days give no date; at least 6.
    min_coverage : float
        The share of a day that must be recorded for it to count, and the share of the days that must count.

    Returns
    -------
    Trend

    Raises
    ------
    ValueError
        If there is no time in the index, two values for one time, or a parameter is out of its range.

    Notes
    -----
    P. K. Sen, *Estimates of the regression coefficient based on Kendall's tau*, JASA 63 (1968). The variance is
    multiplied by (1 + r) / (1 - r), r being the correlation of a day with the next once the trend is taken away, freed
    of its bias; see K. H. Hamed and A. R. Rao, Journal of Hydrology 204 (1998).

    Examples
    --------
    >>> times = pd.date_range("2026-01-01", periods=30 * 24, freq="h", tz="UTC")
    >>> wobble = 3 * np.sin(np.arange(720) ** 2)
    >>> days_until_full(pd.Series(50 + np.arange(720) / 24 + wobble, times), 100)
    <Trend: full in 18 days, 17 to 18. It grew by 0.995 a day (0.986 to 1.01) over 30 days and is at 82.33 of 100.>
    >>> days_until_full(pd.Series(50 + wobble, times), 100)
    <Trend: no date. No growth that the data bear out: ... a day (...) over 30 days.>
    """
    if not (0 < quantile <= 1 and 0 < level < 1 and 0 < min_coverage <= 1):
        raise ValueError("quantile, level and min_coverage are shares: give 0.95 for 95 %.")
    if min_days < 6:
        raise ValueError(f"min_days={min_days} bears no interval: give 6 or more.")
    values = _summed(series)
    if values.empty:
        return Trend(None, None, None, False, "Nothing was recorded.", limit)
    last: Any = values.index.max()
    ages, height = _daily(values, quantile, min_coverage)
    span = int((last - values.index.min()) / DAY) + 1
    coverage = len(ages) / span
    common: dict[str, Any] = {
        "limit": limit, "recorded": len(ages), "coverage": coverage, "last": last.to_pydatetime()
    }  # fmt: skip
    if len(ages) < min_days:
        why = f"Only {len(ages)} days were recorded for {_percent(min_coverage)} or more; {min_days} are asked for."
        return Trend(None, None, None, False, why, **common)
    if coverage < min_coverage:
        why = f"Only {len(ages)} of {span} days were recorded well enough; {_percent(min_coverage)} are asked for."
        return Trend(None, None, None, False, why, **common)
    return _judge(_fit(-ages, height, level), span, common)


@dataclass(frozen=True, slots=True)
class Line:
    """A line through days; day 0 is the last one."""

    slope: float
    low: float
    high: float
    middle: float
    """The day in the middle."""
    height: float
    """The line's, on that day."""
    spread: float
    """How far off that height may be."""
    step: float | None
    """The day from which on two levels come nearer to the values than the line does; None where they do not."""

    def at(self, day: float, slope: float, shift: float = 0.0) -> float:
        """The height on a day, at another slope through the middle."""
        return self.height + shift + slope * (day - self.middle)

    def reaches(self, limit: float, slope: float, shift: float = 0.0) -> float:
        """The day on which it is at the limit; not before the last one."""
        return max(self.middle + (limit - self.height - shift) / slope, 0.0)


def _summed(series: "pd.Series[float] | pd.DataFrame") -> "pd.Series[float]":
    """The known values in the order of time."""
    if not isinstance(series.index, pd.DatetimeIndex):
        raise ValueError("The index of the series is no DatetimeIndex: give its values by time.")
    if series.index.has_duplicates:
        raise ValueError("There are two values for one time: sum the VMs first, time by time.")
    series = series.sort_index()
    if isinstance(series, pd.DataFrame):
        known = series.notna()
        begun, not_over = known.cummax().astype(bool), known[::-1].cummax()[::-1].astype(bool)
        hole = (begun & not_over & ~known).any(axis=1)
        series = series.sum(axis=1, min_count=1)[~hole]
    return series.dropna().astype("float64")


def _daily(values: "pd.Series[float]", quantile: float, min_coverage: float) -> tuple[Floats, Floats]:
    """Of the days that were recorded well enough, in order: how many days before the last, and the percentile."""
    index = values.index
    step: Any = index.to_series().diff().median() if len(values) > 1 else DAY
    age = np.asarray((index[-1] - index) // DAY)
    grouped = values.groupby(age)
    table = pd.DataFrame({"value": grouped.quantile(quantile), "covered": grouped.size() * (step / DAY)})
    table = table[table["covered"] >= min_coverage - 1e-9].sort_index(ascending=False)
    return table.index.to_numpy("float64"), table["value"].to_numpy("float64")


def _fit(days: Floats, values: Floats, level: float) -> Line:
    """The line of Theil and Sen, and what else the data bear out."""
    number = len(days)
    first, second = np.triu_indices(number, 1)
    slopes = np.sort((values[second] - values[first]) / (days[second] - days[first]))
    slope, middle = float(np.median(slopes)), float(np.median(days))
    rest = values - slope * (days - middle)
    height = float(np.median(rest))
    rest = rest - height
    # What floats round off is no noise.
    wider = _persistence(days, rest) if np.abs(rest).max() > 1e-9 * np.abs(values).max() else 1.0
    sure = NormalDist().inv_cdf((1 + level) / 2)
    ranks = sure * math.sqrt(wider * number * (number - 1) * (2 * number + 5) / 18)
    below = math.floor((len(slopes) - ranks) / 2) - 1
    low, high = (float(slopes[below]), float(slopes[-1 - below])) if below >= 0 else (-math.inf, math.inf)
    # 1.4826 makes the median deviation a standard deviation; sqrt(pi / 2) is what a median is less sure than a mean.
    deviation = 1.4826 * float(np.median(np.abs(rest)))
    spread = sure * math.sqrt(math.pi / 2 * wider / number) * deviation
    return Line(slope, low, high, middle, height, spread, _step(days, values, float(np.abs(rest).sum())))


def _step(days: Floats, values: Floats, off: float) -> float | None:
    """The day of a single step that fits better than the line does, which leaves the values `off` by so much.

    A step has more to choose, its day and a second level: Schwarz's criterion for two parameters more sets that off.
    """
    number = len(days)
    splits = range(3, number - 2)
    left = [_off(values[:split]) + _off(values[split:]) for split in splits]
    best = int(np.argmin(left))
    return float(days[splits[best]]) if left[best] * number ** (1 / number) <= off else None


def _off(values: Floats) -> float:
    return float(np.abs(values - np.median(values)).sum())


def _persistence(days: Floats, rest: Floats) -> float:
    """By how much the variance grows because a day resembles the one before."""
    number, pairs = len(rest), np.diff(days) == 1
    alike = float((rest[1:] * rest[:-1])[pairs].sum() / (rest @ rest))
    # Taking a trend away makes it smaller by (2 + 4 r) / n.
    alike = min(max((number * alike + 2) / (number - 4), 0.0), 0.95)
    return (1 + alike) / (1 - alike)


def _judge(line: Line, span: int, common: dict[str, Any]) -> Trend:
    """What follows from the line."""
    limit, now = common["limit"], line.at(0, line.slope)
    common |= {"now": now, "slope": line.slope, "slope_low": line.low, "slope_high": line.high}
    between = f"{line.low:.3g} to {line.high:.3g}" if math.isfinite(line.low) else "or any other"
    pace = f"{line.slope:.3g} a day ({between}) over {common['recorded']} days"
    if now >= limit:
        return Trend(0.0, 0.0, 0.0, True, f"It is full: at {now:.4g} of {limit:.4g}.", **common)
    if line.low <= 0:
        why = f"No growth that the data bear out: {pace}."
        return Trend(None, None, None, False, why, **common)
    if line.step is not None:
        why = f"No growth that the data bear out: a single step {-line.step:.0f} days ago fits better than {pace}."
        return Trend(None, None, None, False, why, **common)
    days = line.reaches(limit, line.slope)
    if days > REACH * span:
        why = f"It grew by {pace}: the limit is farther off than {REACH} times that, which the data do not bear."
        return Trend(None, None, None, False, why, **common)
    soon = line.reaches(limit, line.high, line.spread)
    late = line.reaches(limit, line.low, -line.spread)
    return Trend(days, soon, late, True, f"It grew by {pace} and is at {now:.4g} of {limit:.4g}.", **common)


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"
