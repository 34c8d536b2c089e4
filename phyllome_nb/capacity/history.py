"""History: what VMs have used, as it was recorded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from phyllome_nb.capacity.columns import Column, documented
from phyllome_nb.capacity.history_columns import GAPS, RATES, usage_columns
from phyllome_nb.capacity.recording import read
from phyllome_nb.capacity.seen import weighted_quantile
from phyllome_nb.capacity.tables.frame import frame
from phyllome_nb.errors import RecordingError

if TYPE_CHECKING:
    from phyllome_nb.capacity.policy import Policy
    from phyllome_nb.capacity.sizing_rule import Rule
    from phyllome_nb.capacity.snapshot import Snapshot

__all__ = ["History"]

LATE = 1.5
"""Looks that lie further apart than so many times what they should are a gap."""
COUNTERS = {
    "cpu": ("cpu_ns", 1e9),
    "steal": ("steal_ns", 1e9),
    "wait": ("wait_ns", 1e9),
    "rd_mib_s": ("rd_bytes", 2**20),
    "wr_mib_s": ("wr_bytes", 2**20),
    "rx_mib_s": ("rx_bytes", 2**20),
    "tx_mib_s": ("tx_bytes", 2**20),
}
"""What becomes of the difference of two samples, for each second: the counter, and its unit."""


@dataclass(frozen=True)
class History:
    """What a recorder wrote down of a host, to be asked for rates, percentiles and gaps. It needs no libvirt.

    Examples
    --------
    >>> import tempfile
    >>> import phyllome_nb as ph
    >>> place = tempfile.TemporaryDirectory()
    >>> with ph.demo().record(place.name, every=1) as recording:
    ...     recording.wait(samples=1, timeout=60)
    >>> ph.History.load(place.name).samples["name"].nunique() > 0
    True
    >>> place.cleanup()
    """

    samples: pd.DataFrame = field(repr=False)
    """What was learnt of each VM at each look: see docs/recording-file.md."""
    looks: pd.DataFrame = field(repr=False)
    """When the host was looked at."""
    problems: tuple[str, ...] = ()
    """Files that could not be read, a sentence each."""

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what ``host.record(path)`` wrote; also while it goes on.

        Raises
        ------
        RecordingError
            If nothing was recorded there, or by a later version.
        ImportError
            If pyarrow is not installed: ``pip install phyllome-nb[export]`` brings it.
        """
        directory, problems = Path(path), list[str]()
        looks, samples = (read(directory, kind, problems) for kind in ("looks", "samples"))
        if not len(looks):
            raise RecordingError(" ".join([f"There is no recording in {path}.", *problems]))
        return cls(samples, looks, tuple(problems))

    @documented(RATES)
    def rates(self) -> pd.DataFrame:
        """What each VM used between two looks, a row for each of them.

        Nothing is reckoned across a gap, another run of the VM, or a counter that went back: there it is NA.

        Returns
        -------
        pandas.DataFrame
            In the order of VMs, then of time, with the columns below.
        """
        table = self.samples[self.samples["why"] == ""].sort_values(["uuid", "time"], ignore_index=True)
        before = table.groupby("uuid", sort=False).shift()
        seconds = (table["time"] - before["time"]).dt.total_seconds()
        goes_on = (table["boot"] == before["boot"]).fillna(value=False).astype(bool) & self._joined(before, table)
        found: dict[str, Any] = {name: table[name] for name in ("time", "uuid", "name", "vcpus")}
        found["seconds"] = seconds.where(goes_on)
        for name, (counter, unit) in COUNTERS.items():
            found[name] = _rate(table[counter], before[counter], seconds, goes_on, unit)
        reads, writes = (_rate(table[each], before[each], seconds, goes_on, 1) for each in ("rd_reqs", "wr_reqs"))
        found["iops"] = reads + writes
        found["cpu_share"] = found["cpu"] / table["vcpus"].astype("Float64")
        for name in ("balloon", "rss", "maximum"):
            found[f"{name}_gib"] = table[f"{name}_kib"].astype("Float64") / 2**20
        found["used_gib"] = (table["balloon_kib"] - table["unused_kib"]).astype("Float64") / 2**20
        return _typed(pd.DataFrame(found), RATES[""], "What VMs used")

    def usage(
        self,
        percentiles: Sequence[float] = (50, 90, 95, 99),
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> pd.DataFrame:
        """What each VM used, in percentiles over time.

        Each figure counts for as long as it lasted. ``coverage`` says of how much of the time in which the VM may have
        run something is known: time in which it is known not to have run does not count.

        Parameters
        ----------
        percentiles : sequence of float
            Between 0 and 100.
        since, until : datetime, optional
            What lies outside is left out. Without a time zone they are local times.

        Returns
        -------
        pandas.DataFrame
            A row for each VM: name, uuid, samples, seconds (for which its use is known), coverage (0 to 1), and for
            each of cpu (CPUs), cpu_share (of its vCPUs), steal (CPUs), rss_gib, used_gib, balloon_gib (GiB), rd_mib_s,
            wr_mib_s, rx_mib_s, tx_mib_s (MiB/s) and iops the percentiles, as ``cpu_p95``, and the maximum, as
            ``cpu_max``. ``attrs`` has units and meanings.

        Raises
        ------
        ValueError
            If a percentile is none.
        """
        if wrong := [each for each in percentiles if not 0 <= each <= 100]:
            raise ValueError(f"{wrong[0]!r} is no percentile: they lie between 0 and 100.")
        columns = usage_columns(percentiles)
        rates = _between(self.rates(), since, until)
        covered = self._coverage(since, until)
        figures = [column.name.removesuffix("_max") for column in columns if column.name.endswith("_max")]
        rows = []
        for uuid, group in rates.groupby("uuid", sort=False):
            known = group[group["seconds"].notna()]
            row: list[Any] = [group["name"].iloc[-1], uuid, len(group), float(known["seconds"].sum())]
            row.append(covered.get(str(uuid)))
            for figure in figures:
                row += _percentiles(known[figure], known["seconds"], percentiles)
            rows.append(row)
        return frame(sorted(rows, key=lambda row: str(row[0])), columns, "What VMs used, in percentiles")

    @documented(GAPS)
    def gaps(self) -> pd.DataFrame:
        """From when to when nothing was learnt, of the host or of one VM, and why.

        Returns
        -------
        pandas.DataFrame
            In the order of time, with the columns below.
        """
        rows: list[tuple[Any, ...]] = []
        last: dict[Any, Any] | None = None
        why = ""
        for look in self.looks.to_dict("records"):
            if look["why"]:
                why, last = look["why"], last or look
                continue
            if last is not None:
                lasted = (look["time"] - last["time"]).total_seconds()
                other = look["session"] != last["session"]
                if why or other or lasted > LATE * look["every"]:
                    said = why or ("nobody recorded" if other else "the recorder came late")
                    rows.append((last["time"], look["time"], lasted, "", "", said))
            last, why = look, ""
        if why and last is not None:
            end = self.looks["time"].iloc[-1]
            rows.append((last["time"], end, (end - last["time"]).total_seconds(), "", "", why))
        rows += self._missed()
        return _typed(frame(sorted(rows, key=lambda row: row[0]), GAPS[""], ""), GAPS[""], "What was not recorded")

    def series(self, value: str) -> pd.DataFrame:
        """One figure of all VMs over time, as ``ph.charts.usage`` draws it.

        Parameters
        ----------
        value : str
            A column of `rates`.

        Returns
        -------
        pandas.DataFrame
            A column for each VM by name, by time; NA where nothing is known, and at the time of each look that failed.

        Raises
        ------
        ValueError
            If there is no such figure.
        """
        rates = self.rates()
        if value not in set(rates.columns) - {"time", "uuid", "name"}:
            raise ValueError(f"There is no figure {value!r}: rates() has {', '.join(map(str, rates.columns[3:]))}.")
        table = rates.pivot_table(index="time", columns="name", values=value, aggfunc="last", dropna=False)
        return table.reindex(pd.DatetimeIndex(self.looks["time"]).union(pd.DatetimeIndex(table.index)))

    def rightsize(
        self,
        snapshot: "Snapshot | Iterable[Snapshot] | None" = None,
        rule: "Rule | str" = "krr",
        window: timedelta | str | None = None,
    ) -> pd.DataFrame:
        """What size each VM should have: see `phyllome_nb.capacity.rightsizing.rightsize`."""
        from phyllome_nb.capacity.rightsizing import rightsize

        return rightsize(self.rates(), snapshot, rule, window)

    def forecast(
        self, snapshot: "Snapshot", policy: "Policy | str | None" = None, *, level: float = 0.95, min_days: int = 14
    ) -> pd.DataFrame:
        """When the host is full, with an interval, or why that cannot be told.

        See `phyllome_nb.capacity.forecast.forecast`.
        """
        from phyllome_nb.capacity.forecast import forecast

        return forecast(self.rates(), snapshot, policy, level=level, min_days=min_days)

    def _joined(self, before: pd.DataFrame, table: pd.DataFrame) -> "pd.Series[bool]":
        """Whether nothing was missed between two samples: they are of looks that follow each other in time."""
        good = self.looks[self.looks["why"] == ""]
        number = pd.Series(range(len(good)), index=pd.DatetimeIndex(good["time"]))
        at = table["time"].map(number)
        lasted = (table["time"] - before["time"]).dt.total_seconds()
        every = table["time"].map(pd.Series(good["every"].to_numpy(dtype=float), index=pd.DatetimeIndex(good["time"])))
        session = table["time"].map(pd.Series(good["session"].to_numpy(), index=pd.DatetimeIndex(good["time"])))
        earlier = before["time"].map(pd.Series(good["session"].to_numpy(), index=pd.DatetimeIndex(good["time"])))
        follows = at == before["time"].map(number) + 1
        joined: pd.Series[bool] = (follows & (session == earlier) & (lasted <= LATE * every)).astype(bool)
        return joined

    def _missed(self) -> list[tuple[Any, ...]]:
        """The times in which one VM gave no answer."""
        rows = []
        for uuid, group in self.samples.groupby("uuid", sort=False):
            since, last = None, None
            for sample in group.to_dict("records"):
                if sample["why"] and since is None:
                    since = last or sample
                elif not sample["why"] and since is not None and last is not None:
                    rows.append(_missing(since["time"], sample["time"], str(uuid), last))
                    since = None
                last = sample
            if since is not None and last is not None:
                rows.append(_missing(since["time"], last["time"], str(uuid), last))
        return rows

    def _coverage(self, since: datetime | None, until: datetime | None) -> dict[str, float]:
        """By uuid: of the time in which the VM may have run, the share in which its use is known."""
        looks = _between(self.looks, since, until)
        times = looks["time"].to_numpy()
        if len(times) < 2:
            return {}
        steps = np.diff(times) / np.timedelta64(1, "s")
        told = (looks["why"] == "").to_numpy()
        rates = _between(self.rates(), since, until)
        samples = _between(self.samples, since, until)
        found = {}
        for uuid, group in samples.groupby("uuid", sort=False):
            there = np.isin(times, group["time"].to_numpy())
            first, last = np.flatnonzero(there)[[0, -1]]
            # A step that ends with a look that did not see the VM is one in which it did not run.
            off = told[1:] & ~there[1:]
            inside = np.arange(1, len(times))
            wanted = steps[(inside > first) & (inside <= last) & ~off].sum()
            known = float(rates.loc[rates["uuid"] == uuid, "seconds"].sum())
            found[str(uuid)] = min(known / wanted, 1.0) if wanted > 0 else 0.0
        return found

    def __repr__(self) -> str:
        times = self.looks["time"]
        vms = self.samples["uuid"].nunique()
        damaged = f", {len(self.problems)} files damaged" if self.problems else ""
        return f"<History from {times.iloc[0]:%Y-%m-%d %H:%M} to {times.iloc[-1]:%Y-%m-%d %H:%M}: {vms} VMs{damaged}>"


def _missing(start: Any, end: Any, uuid: str, last: dict[Any, Any]) -> tuple[Any, ...]:
    return start, end, (end - start).total_seconds(), uuid, last["name"], last["why"]


def _rate(now: Any, before: Any, seconds: Any, goes_on: Any, unit: float) -> Any:
    """What a counter grew by in each second; NA where it did not go on, or went back."""
    grown = (now - before).astype("Float64")
    fine = goes_on & (grown >= 0).fillna(value=False).astype(bool)
    return (grown / unit / seconds.astype("Float64")).where(fine)


def _between(table: pd.DataFrame, since: datetime | None, until: datetime | None) -> pd.DataFrame:
    for moment, keep in ((since, "ge"), (until, "le")):
        if moment is not None:
            table = table[getattr(table["time"], keep)(pd.Timestamp(moment.astimezone()))]
    return table


def _percentiles(values: Any, seconds: Any, wanted: Sequence[float]) -> list[float | None]:
    """The percentiles, each value counted for as long as it lasted, and the maximum."""
    known = values.notna()
    if not known.any():
        return [None] * (len(wanted) + 1)
    numbers, weights = (each[known].to_numpy(dtype=float) for each in (values, seconds))
    return [*(weighted_quantile(numbers, weights, each / 100) for each in wanted), float(numbers.max())]


def _typed(table: pd.DataFrame, columns: tuple[Column, ...], title: str) -> pd.DataFrame:
    table = table[[column.name for column in columns]].astype({column.name: column.dtype for column in columns})
    table.attrs = frame([], columns, title).attrs
    return table
