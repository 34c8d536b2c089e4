"""When hosts are full, by what their VMs were recorded to use."""

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from phyllome_nb.capacity.columns import Column
from phyllome_nb.capacity.policy import Policy
from phyllome_nb.capacity.seen import check_rates
from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.capacity.tables.frame import frame, gib
from phyllome_nb.capacity.tables.sums import pages_of
from phyllome_nb.capacity.trend import days_until_full

__all__ = ["FORECAST", "forecast", "together"]

FORECAST = {
    "": (
        Column("host", "str", "", "the host's name"),
        Column("resource", "str", "", "cpu or memory"),
        Column("basis", "str", "", "what was summed over the VMs: cpu, or rss_gib"),
        Column("unit", "str", "", "CPUs or GiB"),
        Column("policy", "str", "", "the policy's name"),
        Column("limit", "Float64", "unit", "what there is, less what the policy keeps for the host, less huge pages"),
        Column("now", "Float64", "unit", "the trend at the last sample; NA where there is none"),
        Column("slope", "Float64", "unit", "by how much it grew a day"),
        Column("slope_low", "Float64", "unit", "at the slowest pace that the data bear out"),
        Column("slope_high", "Float64", "unit", "at the fastest"),
        Column("days", "Float64", "days", "from the last sample until it is full; NA where the data bear no date"),
        Column("days_low", "Float64", "days", "at the fastest pace"),
        Column("days_high", "Float64", "days", "at the slowest"),
        Column("enough", "bool", "", "whether the data bear a date"),
        Column("recorded", "Int64", "days", "days that were recorded well enough to count"),
        Column("coverage", "Float64", "", "their share of the days from the first sample to the last"),
        Column("last", "datetime64[us, UTC]", "", "the last sample"),
        Column("why", "str", "", "the numbers in words; or why there is no date"),
    )
}


def forecast(
    rates: pd.DataFrame,
    snapshot: Snapshot | Iterable[Snapshot],
    policy: Policy | str | None = None,
    *,
    quantile: float = 0.95,
    level: float = 0.95,
    min_days: int = 14,
) -> pd.DataFrame:
    """Tell for each host when its CPUs and its memory are full, with an interval; or why the data do not tell.

    The VMs' use is summed moment by moment first; the percentile of each day is one of that sum, and never a sum of
    what each VM used at its highest. A moment at which a VM's use is not known is left out.

    The limit is physical: a policy's ratio says how much may be promised, but no CPU and no byte can be used twice.
    Memory is RSS, what the host holds for a VM. It grows as a guest touches its memory for the first time and ends at
    what the guest was given; what the host needs for itself is in the policy's reservation only.

    Parameters
    ----------
    rates : pandas.DataFrame
        A row for each VM and interval, as ``History.rates()`` gives them, in any order; rows of one moment have the
        same time. For several hosts it needs a column ``host``.
    snapshot : Snapshot or iterable of Snapshot
        What the hosts have.
    policy : Policy or str, optional
        What is kept for the host, or the name of a preset; ``physical`` where it is left out: nothing.
    quantile, level, min_days
        As for `phyllome_nb.capacity.trend.days_until_full`.

    Returns
    -------
    pandas.DataFrame
        Two rows for each host, with the columns in `FORECAST`; ``attrs`` has their units and what they mean.

    Raises
    ------
    ValueError
        If a column is missing, or a parameter is out of its range.

    Examples
    --------
    >>> import phyllome_nb as ph
    >>> times = pd.date_range("2026-01-01", periods=30 * 24, freq="h", tz="UTC")
    >>> days = pd.Series(range(720)) / 24
    >>> rates = pd.DataFrame({"time": times, "uuid": "a", "seconds": 3600.0, "cpu": 2.0, "rss_gib": 2 + days})
    >>> forecast(rates, ph.demo().snapshot())[["resource", "limit", "now", "days", "enough"]].round(1)
      resource  limit   now  days  enough
    0      cpu   16.0   2.0  <NA>   False
    1   memory   64.0  31.9  32.1    True
    """
    given = (snapshot,) if isinstance(snapshot, Snapshot) else tuple(snapshot)
    check_rates(rates, ("time", "uuid", "cpu", "rss_gib", *(("host",) if len(given) > 1 else ())))
    chosen = Policy.named(policy)
    rows: list[tuple[Any, ...]] = []
    for each in given:
        own = rates[rates["host"] == each.host.name] if len(given) > 1 else rates
        for resource, basis, unit, limit in _limits(each, chosen):
            trend = days_until_full(together(own, basis), limit, quantile=quantile, level=level, min_days=min_days)
            figures = (trend.now, trend.slope, trend.slope_low, trend.slope_high, trend.days, trend.low, trend.high)
            told = (trend.enough, trend.recorded, trend.coverage, trend.last, trend.why)
            rows.append((each.host.name, resource, basis, unit, chosen.name, limit, *figures, *told))
    return frame(rows, FORECAST[""], "When hosts are full")


def _limits(snapshot: Snapshot, policy: Policy) -> Iterator[tuple[str, str, str, float]]:
    """Resource, basis, unit and limit."""
    host, kept = snapshot.host, policy.reserved(snapshot.host.name)
    yield "cpu", "cpu", "CPUs", float(host.cpus - kept.cpus)
    # RSS does not count huge pages, and what is set aside for them nothing else can use.
    yield "memory", "rss_gib", "GiB", gib(host.memory - kept.memory - sum(pages_of(host.cells).values()))


def together(rates: pd.DataFrame, column: str) -> "pd.Series[float]":
    """The sum over the VMs at each moment at which all that were there are known.

    Examples
    --------
    >>> times = pd.to_datetime(["2026-01-01", "2026-01-01", "2026-01-02", "2026-01-02"], utc=True)
    >>> together(pd.DataFrame({"time": times, "cpu": [1.0, 2.0, 4.0, None]}), "cpu").tolist()
    [3.0]
    """
    values = rates[column].astype("Float64")
    known = values.notna().groupby(rates["time"]).all()
    summed: pd.Series[float] = values.groupby(rates["time"]).sum()[known].astype("float64")
    return summed
