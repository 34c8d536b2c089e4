"""What size each VM should have, by what it was seen to use."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pandas as pd

from phyllome_nb.capacity.columns import Column
from phyllome_nb.capacity.seen import NOTHING, Record, Seen, check_rates, records
from phyllome_nb.capacity.sizing_rule import Rule
from phyllome_nb.capacity.snapshot import DomainFacts, Snapshot
from phyllome_nb.capacity.tables.frame import frame, gib
from phyllome_nb.size import Size

__all__ = ["RIGHTSIZING", "Rule", "rightsize"]

NEEDED = ("time", "uuid", "name", "seconds", "cpu", "vcpus", "steal", "balloon_gib", "rss_gib", "used_gib")
SLACK = 1e-9

RIGHTSIZING = {
    "": (
        Column("name", "str", "", "the VM's name"),
        Column("uuid", "str", "", "the VM's uuid"),
        Column("samples", "Int64", "", "intervals in the window for which its CPU use is known"),
        Column("coverage", "Float64", "", "the share of the window that they cover"),
        Column("vcpus", "Int64", "", "those it has now; NA where that is not known"),
        Column("vcpus_recommended", "Int64", "", "never below cpu_seen; NA where too little was recorded"),
        Column("vcpus_change", "str", "", "grow, shrink, keep, or not told"),
        Column("cpu_percentile", "Float64", "CPUs", "the rule's percentile of its use, by time"),
        Column("cpu_seen", "Float64", "CPUs", "the most it used over an interval; QEMU's own threads left out"),
        Column("steal_share", "Float64", "", "waiting for the host's CPUs ÷ (waiting + running)"),
        Column("memory_gib", "Float64", "GiB", "what the balloon leaves it now"),
        Column("memory_recommended_gib", "Float64", "GiB", "never below memory_seen_gib; NA where that is not told"),
        Column("memory_change", "str", "", "grow, shrink, keep, or not told"),
        Column("memory_percentile_gib", "Float64", "GiB", "the rule's percentile of its use, by time"),
        Column("memory_seen_gib", "Float64", "GiB", "the most it used"),
        Column("memory_coverage", "Float64", "", "the share of the window for which its memory is known"),
        Column("basis", "str", "", "used_gib: the guest told its use; rss_gib: what the host held for it; else empty"),
        Column("why", "str", "", "the numbers in words; or why nothing is recommended"),
        Column("rule", "str", "", "the rule's name"),
        Column("source", "str", "", "where the rule's numbers come from"),
    )
}


@dataclass(frozen=True, slots=True)
class Advice:
    """What is recommended for one quantity, None for nothing, and why."""

    amount: float | None
    why: str

    def change(self, now: float | None) -> str:
        """What that means beside what it has."""
        if self.amount is None or now is None:
            return "not told"
        return "grow" if self.amount > now else "shrink" if self.amount < now else "keep"


def rightsize(
    rates: pd.DataFrame,
    snapshot: Snapshot | Iterable[Snapshot] | None = None,
    rule: Rule | str = "krr",
    window: timedelta | str | None = None,
) -> pd.DataFrame:
    """Recommend vCPUs and memory for each VM, by what it was seen to use and a rule whose source is told.

    Percentiles are by time: the smallest use that was not exceeded in that share of the recorded seconds.

    Nothing is recommended below what was seen in the window, whatever the rule's percentile: vCPUs are at least the
    CPUs used over the busiest interval, rounded up; memory is at least the maximum. Nothing is recommended on thin
    data: with too few samples, or too little of the window recorded. A VM that was off for much of it is such a case.

    Memory is judged by what the guest says it uses. A guest that does not tell is judged by RSS, with a snapshot only:
    the guest's caches are in it, so it can tell that memory was never touched but not that there is too little; and
    huge pages are not in it, so of a VM that is made of them, or may be, it tells nothing.

    Parameters
    ----------
    rates : pandas.DataFrame
        A row for each VM and interval, as ``History.rates()`` gives them, in any order.
    snapshot : Snapshot or iterable of Snapshot, optional
        What the VMs have now. The table then has its VMs, those that were not recorded included, and no others.
        Without it the last sample says what a VM has.
    rule : Rule or str
        A rule, or the name of a preset: see `Rule.presets`.
    window : datetime.timedelta or str, optional
        How far back to look from the last sample, in place of the rule's own: ``"3D"``.

    Returns
    -------
    pandas.DataFrame
        A row for each VM, in the order of names, with the columns in `RIGHTSIZING`; ``attrs`` has their units and
        what they mean. Memory in GiB.

    Raises
    ------
    ValueError
        If a column is missing, there is no such rule, or the window is no length of time.

    Examples
    --------
    >>> times = pd.date_range("2026-01-01", periods=288, freq="5min", tz="UTC")
    >>> rates = pd.DataFrame({"time": times, "uuid": "a", "name": "web", "seconds": 300.0, "cpu": 0.4, "vcpus": 4,
    ...                       "steal": 0.0, "balloon_gib": 8.0, "rss_gib": 7.0, "used_gib": 2.0})
    >>> table = rightsize(rates, window="1D")
    >>> table[["vcpus", "vcpus_recommended", "memory_gib", "memory_recommended_gib"]]
       vcpus  vcpus_recommended  memory_gib  memory_recommended_gib
    0      4                  1         8.0                     2.5
    >>> rightsize(rates).why[0]
    'Too little was recorded: 288 samples in 7 % of 14 days, where krr asks for 100 in 90 %.'
    """
    check_rates(rates, NEEDED)
    chosen = Rule.named(rule)
    if window is not None:
        chosen = replace(chosen, window=_length(window))
    found: dict[str, Record] = {record.uuid: record for record in records(rates, chosen)}
    pairs: list[tuple[Record, DomainFacts | None]] = [(record, None) for record in found.values()]
    if snapshot is not None:
        given = (snapshot,) if isinstance(snapshot, Snapshot) else tuple(snapshot)
        pairs = [(found.get(each.uuid, Record(each.name, each.uuid)), each) for each in _domains(given)]
    rows = [_row(record, chosen, domain) for record, domain in pairs]
    rows.sort(key=lambda row: row[:2])
    return frame(rows, RIGHTSIZING[""], f"What size VMs should have, by the rule {chosen.name}")


def _domains(snapshots: Iterable[Snapshot]) -> list[DomainFacts]:
    """The VMs; of one that runs on a host and is defined on another, the one that runs."""
    domains = [domain for each in snapshots for domain in each.domains]
    running = {domain.uuid for domain in domains if domain.live and domain.uuid}
    return [domain for domain in domains if domain.live or domain.uuid not in running]


def _length(window: timedelta | str) -> timedelta:
    try:
        found: Any = pd.Timedelta(window)
    except ValueError:
        found = pd.NaT
    if pd.isna(found) or found <= timedelta(0):
        raise ValueError(f"window={window!r} is no length of time: write '3D', '12h' or timedelta(days=3).")
    length: timedelta = found.to_pytimedelta()
    return length


def _row(record: Record, rule: Rule, domain: DomainFacts | None) -> tuple[Any, ...]:
    shown = domain.shown if domain else None
    name = domain.name if domain else record.name
    vcpus, memory = (shown.vcpus, gib(shown.memory)) if shown else (record.vcpus, record.memory)
    cpu = _cpu(record, rule, vcpus)
    basis = next((each for each in ("used", "rss") if getattr(record, each).enough(rule)), "")
    seen: Seen = getattr(record, basis) if basis else NOTHING
    advice = _memory(record, rule, basis, memory, None if shown is None else shown.huge > 0)
    return (
        name,
        record.uuid,
        record.cpu.samples,
        record.cpu.coverage,
        vcpus,
        None if cpu.amount is None else int(cpu.amount),
        cpu.change(vcpus),
        _known(record.cpu.quantile),
        _known(record.cpu.most),
        record.steal,
        memory,
        advice.amount,
        advice.change(memory),
        _known(seen.quantile),
        _known(seen.most),
        seen.coverage if basis else max(record.used.coverage, record.rss.coverage),
        f"{basis}_gib" if basis else "",
        cpu.why if cpu.why == advice.why else f"CPU: {cpu.why} Memory: {advice.why}",
        rule.name,
        rule.source,
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _cpu(record: Record, rule: Rule, vcpus: int | None) -> Advice:
    """How many vCPUs."""
    seen = record.cpu
    if not seen.enough(rule):
        return Advice(None, _thin(seen, rule))
    asked = seen.quantile * (1 + rule.cpu_margin)
    amount = max(math.ceil(asked - SLACK), math.ceil(seen.most), rule.vcpus_least)
    why = (
        f"at most {seen.quantile:.2f} CPUs in {_percent(rule.cpu_quantile)} of the time"
        f"{_plus(rule.cpu_margin)}, {seen.most:.2f} at the busiest."
    )
    if vcpus is None or amount == vcpus:
        return Advice(amount, why)
    if record.steal is not None and record.steal > rule.max_steal:
        why += f" It waited for the host for {_percent(record.steal)} of the time it wanted a CPU: "
        if amount < vcpus:
            return Advice(vcpus, f"{why}its use was held down, so it keeps its {vcpus} vCPUs.")
        why += "more vCPUs do not end that."
    kept = max(vcpus, math.ceil(seen.most))
    if amount > kept and record.busy_hours < rule.busy_hours:
        busy = f"It was above {_percent(rule.busy_share)} of its vCPUs for {record.busy_hours:.1f} h"
        return Advice(kept, f"{why} {busy}, and the rule lets it grow only from {rule.busy_hours:g} h on.")
    return Advice(amount, why)


def _memory(record: Record, rule: Rule, basis: str, now: float | None, huge: bool | None) -> Advice:
    """How much memory; `huge` says whether it is made of huge pages, None where that is not known."""
    if not basis:
        return Advice(None, _thin(max(record.used, record.rss, key=lambda each: each.coverage), rule))
    seen: Seen = getattr(record, basis)
    asked = max(seen.quantile * (1 + rule.memory_margin), seen.most, gib(rule.memory_least))
    step = gib(rule.memory_step)
    amount = math.ceil(asked / step - SLACK) * step
    amount = amount if amount >= seen.most else amount + step
    if now is not None and asked <= now < amount:
        amount = now
    of = "most" if rule.memory_quantile == 1 else f"most in {_percent(rule.memory_quantile)} of the time"
    if rule.memory_peaks is not None:
        of = f"{_percent(rule.memory_quantile)} of the peaks"
    figures = f"{_size(seen.quantile)} ({of}){_plus(rule.memory_margin)}, {_size(seen.most)} at the highest"
    if basis == "used":
        return Advice(amount, f"{figures}, used as the guest says.")
    if huge is None:
        return Advice(None, f"{figures}, RSS; pass a snapshot, which tells whether huge pages hide its use from RSS.")
    if huge:
        return Advice(None, f"{figures}, RSS; its memory is made of huge pages, which RSS does not count.")
    if now is None or amount >= now:
        return Advice(None, f"{figures}, RSS with the guest's caches in it; what it needs only the guest can tell.")
    return Advice(amount, f"{figures}, RSS with the guest's caches in it.")


def _thin(seen: Seen, rule: Rule) -> str:
    """Why nothing is recommended."""
    if not seen.samples:
        return f"Nothing was recorded in {_days(rule.window)}."
    return (
        f"Too little was recorded: {seen.samples} samples in {_percent(seen.coverage)} of {_days(rule.window)}, "
        f"where {rule.name} asks for {rule.min_samples} in {_percent(rule.min_coverage)}."
    )


def _percent(share: float) -> str:
    # Rounded down: 89.9 % is not yet 90 %.
    return f"{math.floor(share * 100 + SLACK)} %"


def _plus(margin: float) -> str:
    return f" + {round(margin * 100)} %" if margin else ""


def _size(amount: float) -> str:
    return Size(round(amount * 2**30)).short()


def _days(window: timedelta) -> str:
    days = window / timedelta(days=1)
    number, unit = (days, "day") if days >= 1 else (days * 24, "hour")
    return f"{number:g} {unit}" if number == 1 else f"{number:.3g} {unit}s"
