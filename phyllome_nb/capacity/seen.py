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
Groups = npt.NDArray[np.intp]
SLACK = 1e-9


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
    codes, uuids = pd.factorize(rates["uuid"], sort=True)
    seconds, cpu, vcpus, steal, used, rss = (
        rates[name].to_numpy("float64", na_value=np.nan)
        for name in ("seconds", "cpu", "vcpus", "steal", "used_gib", "rss_gib")
    )
    samples = Samples(codes, len(uuids), np.nan_to_num(seconds), (end - rates["time"]).dt.total_seconds().to_numpy())
    # What QEMU's own threads use on top of all vCPUs, more vCPUs would not serve.
    cpu = np.where(cpu > vcpus, vcpus, cpu)
    seen = {
        "cpu": samples.seen(cpu, rule, rule.cpu_quantile),
        "used": samples.seen(used, rule, rule.memory_quantile, rule.memory_peaks),
        "rss": samples.seen(rss, rule, rule.memory_quantile, rule.memory_peaks),
    }
    waited = samples.sums(steal)
    wanted = waited + samples.sums(np.where(np.isnan(steal), np.nan, cpu))
    busy = samples.sums(np.where(cpu > rule.busy_share * vcpus, 1.0, 0.0)) / 3600
    last = rates[["name", "vcpus", "balloon_gib"]].groupby(codes).last()
    for vm, (name, plugged, memory) in enumerate(last.itertuples(index=False)):
        yield Record(
            str(name),
            str(uuids[vm]),
            **{kind: each[vm] for kind, each in seen.items()},
            steal=float(waited[vm] / wanted[vm]) if wanted[vm] > 0 else None,
            busy_hours=float(busy[vm]),
            vcpus=None if pd.isna(plugged) else int(plugged),
            memory=None if pd.isna(memory) else float(memory),
        )


@dataclass(frozen=True, slots=True)
class Samples:
    """The rows in the window: whose each is, how long its interval, and how long ago."""

    vms: Groups
    count: int
    """How many VMs there are."""
    seconds: Floats
    age: Floats
    """Seconds."""

    def sums(self, values: Floats) -> Floats:
        """By VM, values × seconds."""
        return np.bincount(self.vms, np.nan_to_num(values) * self.seconds, minlength=self.count).astype(np.float64)

    def seen(self, values: Floats, rule: Rule, quantile: float, peaks: timedelta | None = None) -> list[Seen]:
        """By VM, what was seen of a quantity."""
        known = ~np.isnan(values)
        numbers = np.bincount(self.vms[known], minlength=self.count)
        coverage = np.minimum(self.sums(np.where(known, 1.0, 0.0)) / rule.window.total_seconds(), 1.0)
        most = self._most(values, self.vms, self.count)
        vms, weights, age = self.vms, self.seconds, self.age
        if peaks is not None:
            long = peaks.total_seconds()
            blocks = int(rule.window / peaks) + 1
            values = self._most(values, vms * blocks + (age // long).astype(np.intp), self.count * blocks)
            vms, age = np.divmod(np.arange(self.count * blocks), blocks)
            weights, age = np.ones(len(vms)), age * long
        if rule.half_life is not None:
            weights = weights * 0.5 ** (age / rule.half_life.total_seconds())
        quantiles = weighted_quantile(values, weights, vms, self.count, quantile)
        found = zip(numbers.tolist(), coverage.tolist(), quantiles.tolist(), most.tolist(), strict=True)
        return [Seen(*each) for each in found]

    def _most(self, values: Floats, groups: Groups, count: int) -> Floats:
        """The highest by group; NaN where it has none."""
        most = np.full(count, np.nan)
        np.fmax.at(most, groups, values)
        return most


def weighted_quantile(values: Floats, weights: Floats, groups: Groups, count: int, quantile: float) -> Floats:
    """By group, the smallest value that is not exceeded in this share of the weight; NaN for an empty group.

    Parameters
    ----------
    values, weights, groups : numpy.ndarray, shape (n,)
        NaN among the values is left out; groups are numbers from 0.
    count : int
        How many groups there are.
    quantile : float
        Above 0, at most 1.

    Returns
    -------
    numpy.ndarray, shape (count,)
        With equal weights it is NumPy's ``inverted_cdf``.

    Examples
    --------
    >>> weighted_quantile(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 8.0]), np.zeros(3, np.intp), 1, 0.9)
    array([2.])
    """
    known = ~np.isnan(values)
    values, weights, groups = values[known], weights[known], groups[known]
    order = np.lexsort((values, groups))
    values, weights, groups = values[order], weights[order], groups[order]
    numbers = np.bincount(groups, minlength=count)
    ends = np.cumsum(numbers)
    starts = ends - numbers
    reached = np.concatenate([[0.0], np.cumsum(weights)])
    total = reached[ends] - reached[starts]
    below = reached[1:] - reached[starts][groups] < (quantile * (1 - SLACK) * total)[groups]
    place = np.minimum(starts + np.bincount(groups[below], minlength=count), ends - 1)
    found = np.full(count, np.nan)
    found[numbers > 0] = values[place[numbers > 0]]
    return found
