"""What was seen of each VM in the window of a rule: sums, percentiles and maxima over the rows of the record."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from phyllome_nb.capacity.sizing_rule import Rule

__all__ = ["NOTHING", "Record", "Seen", "check_rates", "records", "weighted_quantile"]

Floats = npt.NDArray[np.float64]
SLACK = 1e-9
NUMBERS = ("seconds", "cpu", "vcpus", "steal", "balloon_gib", "rss_gib", "used_gib")


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one quantity of one VM; NaN where it was never known."""

    samples: int = 0
    coverage: float = 0.0
    quantile: float = math.nan
    most: float = math.nan

    def enough(self, rule: Rule) -> bool:
        """Whether the rule may say anything by it."""
        return 0 < self.samples >= rule.min_samples and self.coverage >= rule.min_coverage - SLACK


NOTHING = Seen()


@dataclass(frozen=True, slots=True)
class Record:
    """What was seen of one VM in the window."""

    name: str
    uuid: str
    cpu: Seen = NOTHING
    used: Seen = NOTHING
    rss: Seen = NOTHING
    steal: float | None = None
    busy_hours: float = 0.0
    vcpus: int | None = None
    memory: float | None = None
    """GiB that the balloon left it at last."""


def check_rates(rates: pd.DataFrame, needed: Iterable[str]) -> None:
    """Refuse a table that lacks columns."""
    if missing := [name for name in needed if name not in rates.columns]:
        raise ValueError(f"The table of rates has no {', '.join(missing)}: pass what History.rates() gives.")


def records(rates: pd.DataFrame, rule: Rule) -> Iterator[Record]:
    """What was seen of each VM in the window."""
    if rates.empty:
        return
    end = rates["time"].max()
    rates = rates[rates["time"] > end - rule.window]
    if not rates["time"].is_monotonic_increasing:
        rates = rates.sort_values("time", kind="stable")
    age = (end - rates["time"]).dt.total_seconds().to_numpy()
    columns = [rates[name].to_numpy("float64", na_value=np.nan) for name in NUMBERS]
    for uuid, places in rates.groupby("uuid", sort=False).indices.items():
        name = rates["name"].iloc[places[-1]]
        yield _record(str(name), str(uuid), rule, age[places], *(column[places] for column in columns))


def _record(  # noqa: PLR0917  (the columns in their order)
    name: str,
    uuid: str,
    rule: Rule,
    age: Floats,
    seconds: Floats,
    cpu: Floats,
    vcpus: Floats,
    steal: Floats,
    balloon: Floats,
    rss: Floats,
    used: Floats,
) -> Record:
    """What was seen of one VM; its rows are in the order of time."""
    seconds = np.nan_to_num(seconds)
    # What QEMU's own threads use on top of all vCPUs, more vCPUs would not serve.
    cpu = np.where(cpu > vcpus, vcpus, cpu)
    both = ~(np.isnan(cpu) | np.isnan(steal))
    waited = float(steal[both] @ seconds[both])
    wanted = waited + float(cpu[both] @ seconds[both])
    plugged, memory = _last(vcpus), _last(balloon)
    return Record(
        name,
        uuid,
        _seen(cpu, seconds, age, rule, rule.cpu_quantile),
        _seen(used, seconds, age, rule, rule.memory_quantile, rule.memory_peaks),
        _seen(rss, seconds, age, rule, rule.memory_quantile, rule.memory_peaks),
        steal=waited / wanted if wanted > 0 else None,
        busy_hours=float(seconds[cpu > rule.busy_share * vcpus].sum()) / 3600,
        vcpus=None if plugged is None else int(plugged),
        memory=memory,
    )


def _seen(  # noqa: PLR0917  (likewise)
    values: Floats, seconds: Floats, age: Floats, rule: Rule, quantile: float, peaks: timedelta | None = None
) -> Seen:
    """What was seen of a quantity."""
    known = ~np.isnan(values)
    if not known.any():
        return NOTHING
    values, weights, age = values[known], seconds[known], age[known]
    coverage = min(float(weights.sum()) / rule.window.total_seconds(), 1.0)
    samples, most = len(values), float(values.max())
    if peaks is not None:
        blocks = age // peaks.total_seconds()
        starts = np.flatnonzero(np.diff(blocks, prepend=math.inf))
        values, weights = np.maximum.reduceat(values, starts), np.ones(len(starts))
        age = blocks[starts] * peaks.total_seconds()
    if rule.half_life is not None:
        weights = weights * 0.5 ** (age / rule.half_life.total_seconds())
    return Seen(samples, coverage, weighted_quantile(values, weights, quantile), most)


def _last(values: Floats) -> float | None:
    """The last that is known."""
    known = values[~np.isnan(values)]
    return float(known[-1]) if len(known) else None


def weighted_quantile(values: Floats, weights: Floats, quantile: float) -> float:
    """The smallest value that is not exceeded in this share of the weight.

    Parameters
    ----------
    values, weights : numpy.ndarray, shape (n,)
        At least one; no NaN.
    quantile : float
        Above 0, at most 1.

    Returns
    -------
    float
        With equal weights it is NumPy's ``inverted_cdf``.

    Examples
    --------
    >>> weighted_quantile(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 8.0]), 0.9)
    2.0
    """
    if quantile == 1:
        return float(values.max())
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    place = np.searchsorted(reached, quantile * (1 - SLACK) * reached[-1])
    return float(values[order[min(int(place), len(order) - 1)]])
