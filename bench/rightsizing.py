"""What sizes for a thousand VMs cost, from eight days of five minutes each: 2.3 million rows.

The peer is pandas' own percentile of one column by VM, which says neither memory, coverage, maxima nor steal.
"""

from collections.abc import Callable
from functools import partial
from time import perf_counter

import numpy as np
import pandas as pd

from phyllome_nb.capacity.rightsizing import rightsize
from phyllome_nb.capacity.trend import days_until_full

VMS, SAMPLES, RUNS = 1000, 8 * 288, 3


def record() -> pd.DataFrame:
    """What a recorder would have kept, moment by moment."""
    random = np.random.default_rng(0)
    rows = VMS * SAMPLES
    uuids = np.array([f"00000000-0000-4000-8000-{vm:012d}" for vm in range(VMS)], object)
    names = np.array([f"vm-{vm}" for vm in range(VMS)], object)
    return pd.DataFrame(
        {
            "time": np.repeat(pd.date_range("2026-01-01", periods=SAMPLES, freq="5min", tz="UTC").as_unit("us"), VMS),
            "uuid": pd.Series(np.tile(uuids, SAMPLES), dtype="str"),
            "name": pd.Series(np.tile(names, SAMPLES), dtype="str"),
            "seconds": 300.0,
            "cpu": random.gamma(2.0, 0.4, rows),
            "vcpus": 4,
            "steal": random.gamma(1.0, 0.01, rows),
            "balloon_gib": 8.0,
            "rss_gib": random.uniform(4, 8, rows),
            "used_gib": random.uniform(1, 6, rows),
        }
    )


def fastest(call: Callable[[], object]) -> float:
    """Seconds of the fastest of a few runs."""
    times = []
    for _ in range(RUNS):
        begun = perf_counter()
        call()
        times.append(perf_counter() - begun)
    return min(times)


def main() -> None:
    """Print the times."""
    rates = record()
    peer = fastest(lambda: rates.groupby("uuid")["cpu"].quantile(0.95))
    print(f"{VMS} VMs, {len(rates)} rows")
    print(f"  pandas, one percentile by VM  {peer:5.2f} s")
    for rule in ("krr", "vpa"):
        took = fastest(partial(rightsize, rates, rule=rule, window="8D"))
        print(f"  rightsize, {rule:4}               {took:5.2f} s  {took / peer:4.1f} x that")
    series = pd.Series(np.arange(SAMPLES), pd.date_range("2026-01-01", periods=SAMPLES, freq="4h", tz="UTC"))
    took = fastest(lambda: days_until_full(series, 1e6))
    print(f"  days_until_full, 384 days     {took:5.2f} s")


if __name__ == "__main__":
    main()
