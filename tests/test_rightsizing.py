"""What size VMs are recommended to have, against numbers that were reckoned by hand."""

import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phyllome_nb.capacity.rightsizing import RIGHTSIZING, Rule, rightsize
from phyllome_nb.capacity.seen import weighted_quantile
from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.size import Size
from support import four_cells

HOUR = 12
"""Samples of five minutes."""
EASY = Rule("easy", window=timedelta(hours=1), min_samples=HOUR)


def rates(cpu: Any = 0.5, samples: int = 14 * 24 * HOUR, uuid: str = "a", **columns: Any) -> pd.DataFrame:
    """The record of one VM with 4 vCPUs and 8 GiB, a row each five minutes."""
    times = pd.date_range("2026-01-01", periods=samples, freq="5min", tz="UTC").as_unit("us")
    plain = {"name": f"vm-{uuid}", "seconds": 300.0, "vcpus": 4, "steal": 0.0, "balloon_gib": 8.0, "rss_gib": 8.0}
    return pd.DataFrame({"time": times, "uuid": uuid, "cpu": cpu, "used_gib": 2.0} | plain | columns)


def only(table: pd.DataFrame, name: str = "") -> dict[str, Any]:
    """The one row, or the one of a VM; None for NA."""
    table = table[table["name"] == name] if name else table
    assert len(table) == 1, table
    return {str(name): None if pd.isna(value) else value for name, value in table.iloc[0].items()}


@pytest.fixture(scope="module")
def four() -> Snapshot:
    """A host with a dozen VMs, whose uuids are their names."""
    snapshot = four_cells.snapshot()
    return replace(snapshot, domains=tuple(replace(domain, uuid=domain.name) for domain in snapshot.domains))


def test_krr_takes_the_95th_percentile_and_the_maximum_of_memory_with_15_percent() -> None:
    """100 samples of 0.01 to 1.00 CPUs, 4.00 GiB at the most."""
    row = only(rightsize(rates(np.arange(1, 101) / 100, 100, used_gib=np.arange(1, 101) / 25), window="500min"))
    assert row["cpu_percentile"] == 0.95
    assert (row["cpu_seen"], row["vcpus"], row["vcpus_recommended"], row["vcpus_change"]) == (1.0, 4, 1, "shrink")
    assert (row["memory_percentile_gib"], row["memory_seen_gib"]) == (4.0, 4.0)
    assert (row["memory_recommended_gib"], row["memory_change"]) == (4.75, "shrink"), "4.6 GiB, in steps of 256 MiB"
    assert (row["samples"], row["coverage"], row["rule"]) == (100, 1.0, "krr")
    assert row["source"].startswith("krr, strategy simple: the 95th percentile of 14 days; ")
    assert row["why"] == (
        "CPU: at most 0.95 CPUs in 95 % of the time, 1.00 at the busiest. "
        "Memory: 4 GiB (most) + 15 %, 4 GiB at the highest, used as the guest says."
    )


def test_vpa_takes_daily_peaks_of_memory_and_forgets_with_a_half_life() -> None:
    """Against a plain loop over the days and the samples."""
    random = np.random.default_rng(1)
    used, cpu = random.uniform(1, 6, 8 * 24 * HOUR), random.uniform(0, 4, 8 * 24 * HOUR)
    row = only(rightsize(rates(cpu, len(cpu), used_gib=used), rule="vpa"))
    days = used.reshape(8, -1).max(axis=1)
    assert row["memory_percentile_gib"] == _plain(days, 0.5 ** np.arange(7, -1, -1.0), 0.9)
    assert row["cpu_percentile"] == _plain(cpu, 0.5 ** (np.arange(len(cpu))[::-1] / 288), 0.9)
    assert row["vcpus_recommended"] == math.ceil(max(row["cpu_percentile"] * 1.15, cpu.max()))


def _plain(values: Any, weights: Any, quantile: float) -> float:
    order, reached = np.argsort(values), 0.0
    for each in order:
        reached += weights[each]
        if reached >= quantile * weights.sum():
            return float(values[each])
    raise AssertionError


@settings(max_examples=60, deadline=None, database=None)
@given(st.lists(st.floats(0, 100), min_size=1, max_size=40), st.floats(0.01, 1))
def test_a_percentile_with_equal_weights_is_numpys(values: list[float], share: float) -> None:
    """``inverted_cdf``, but for a share that floats cannot tell from the next one."""
    found = weighted_quantile(np.array(values), np.ones(len(values)), share)
    assert found in np.quantile(values, [share * (1 - 2e-9), share], method="inverted_cdf")


RULES = st.builds(
    Rule,
    st.just("drawn"),
    st.floats(0.01, 1),
    st.floats(0, 2),
    st.floats(0.01, 1),
    st.floats(0, 2),
    st.sampled_from([None, timedelta(minutes=20)]),
    st.sampled_from([None, timedelta(minutes=15)]),
    window=st.just(timedelta(hours=1)),
    min_samples=st.just(HOUR),
)
SERIES = st.lists(st.floats(0, 4), min_size=HOUR, max_size=HOUR)


@settings(max_examples=80, deadline=None, database=None)
@given(RULES, SERIES, SERIES)
def test_nothing_is_recommended_below_what_was_seen(rule: Rule, cpu: list[float], used: list[float]) -> None:
    """Whatever the rule's percentiles are."""
    row = only(rightsize(rates(cpu, HOUR, used_gib=used), rule=rule))
    assert row["vcpus_recommended"] >= max(math.ceil(max(cpu)), 1)
    assert row["memory_recommended_gib"] >= max(used)


@settings(max_examples=40, deadline=None, database=None)
@given(RULES, SERIES, SERIES, st.floats(0, 1))
def test_a_larger_margin_never_recommends_less(rule: Rule, cpu: list[float], used: list[float], more: float) -> None:
    """Neither of CPUs nor of memory."""
    table = rates(cpu, HOUR, used_gib=used)
    wide = replace(rule, cpu_margin=rule.cpu_margin + more, memory_margin=rule.memory_margin + more)
    for column in ("vcpus_recommended", "memory_recommended_gib"):
        assert only(rightsize(table, rule=wide))[column] >= only(rightsize(table, rule=rule))[column]


@settings(max_examples=30, deadline=None, database=None)
@given(st.randoms(use_true_random=False), RULES)
def test_the_order_of_the_rows_changes_nothing(random: Any, rule: Rule) -> None:
    """Three VMs, one of which is plugged another vCPU and renamed at the end."""
    numbers = np.random.default_rng(2)
    vms = [rates(numbers.uniform(0, 4, 30), 30, each, steal=numbers.uniform(0, 1, 30)) for each in "abc"]
    vms[1].loc[25:, "vcpus"] = 5
    vms[1].loc[25:, "name"] = "renamed"
    table = pd.concat(vms, ignore_index=True)
    order = [*range(len(table))]
    random.shuffle(order)
    expected = rightsize(table, rule=rule)
    assert expected["name"].tolist() == ["renamed", "vm-a", "vm-c"]
    assert expected["vcpus"].tolist() == [5, 4, 4]
    pd.testing.assert_frame_equal(rightsize(table.iloc[order], rule=rule), expected, check_exact=True)


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (rates(samples=99), "99 samples in 2 % of 14 days, where krr asks for 100 in 90 %."),
        (rates(samples=99, seconds=14 * 864.0), "99 samples in 99 % of 14 days, where krr asks for 100 in 90 %."),
        (rates(samples=3627), "3627 samples in 89 % of 14 days"),
        (rates([0.5, None] * 2016), "2016 samples in 50 % of 14 days"),
    ],
    ids=["too few, too short", "too few", "too short", "half of it unknown"],
)
def test_on_thin_data_nothing_is_recommended(table: pd.DataFrame, why: str) -> None:
    """And the sentence says how thin they are."""
    row = only(rightsize(table))
    assert (row["vcpus_recommended"], row["vcpus_change"]) == (None, "not told")
    assert why in row["why"]


def test_just_enough_is_enough() -> None:
    """90 % of 14 days are 3628.8 samples."""
    assert only(rightsize(rates(samples=3629)))["vcpus_recommended"] == 1


def test_memory_may_be_known_where_the_cpu_is_not() -> None:
    """Each has its own coverage."""
    row = only(rightsize(rates(np.nan)))
    assert (row["samples"], row["coverage"], row["vcpus_recommended"]) == (0, 0.0, None)
    assert (row["memory_coverage"], row["memory_recommended_gib"]) == (1.0, 2.5)
    assert row["why"].startswith("CPU: Nothing was recorded in 14 days. Memory: 2 GiB (most) + 15 %")


def test_what_lies_before_the_window_does_not_count() -> None:
    """A peak of two days ago, and an amount of memory."""
    table = rates([3.5, *[0.5] * 599], 600, used_gib=[6.0, *[1.0] * 599])
    row = only(rightsize(table, window="2D"))
    assert (row["samples"], row["cpu_seen"], row["memory_seen_gib"]) == (576, 0.5, 1.0)
    assert only(rightsize(table, rule=replace(EASY, window=timedelta(hours=50))))["cpu_seen"] == 3.5


def test_long_intervals_weigh_more() -> None:
    """Half of the time is in the one long interval of twelve."""
    seconds = [300.0] * 11 + [3300.0]
    rule = replace(EASY, cpu_quantile=0.5, window=timedelta(seconds=6600))
    row = only(rightsize(rates([1.0] * 11 + [2.0], 12, seconds=seconds), rule=rule))
    assert row["cpu_percentile"] == 1.0
    seconds[-1] += 1
    assert only(rightsize(rates([1.0] * 11 + [2.0], 12, seconds=seconds), rule=rule))["cpu_percentile"] == 2.0


def test_a_vm_that_waited_for_the_host_is_not_told_to_shrink() -> None:
    """6 % of the time it wanted a CPU; 4 % is let pass."""
    row = only(rightsize(rates(0.47, steal=0.03)))
    assert row["steal_share"] == pytest.approx(0.06)
    assert (row["vcpus_recommended"], row["vcpus_change"]) == (4, "keep")
    assert "waited for the host for 6 % of the time it wanted a CPU: its use was held down" in row["why"]
    assert only(rightsize(rates(0.48, steal=0.02)))["vcpus_change"] == "shrink"
    assert only(rightsize(rates(0.48, steal=np.nan)))["vcpus_change"] == "shrink"


def test_a_vm_that_waited_may_grow_and_is_told_that_it_does_not_help() -> None:
    """It used all it had."""
    row = only(rightsize(rates(4.0, steal=1.0), rule="vpa"))
    assert (row["vcpus_recommended"], row["vcpus_change"]) == (5, "grow")
    assert "more vCPUs do not end that." in row["why"]


def test_what_qemus_own_threads_use_asks_for_no_vcpu() -> None:
    """4.3 CPUs for 4 vCPUs."""
    row = only(rightsize(rates(4.3)))
    assert (row["cpu_seen"], row["vcpus_recommended"], row["vcpus_change"]) == (4.0, 4, "keep")


@pytest.mark.parametrize(("busy", "change"), [(287, "keep"), (288, "grow")])
def test_rvtools_analyzer_lets_a_vm_grow_only_after_24_hours_above_75_percent(busy: int, change: str) -> None:
    """288 samples of five minutes."""
    rule = replace(Rule.preset("rvtools_analyzer"), cpu_quantile=0.99)
    row = only(rightsize(rates([3.1] * busy + [0.5] * (28 * 288 - busy), 28 * 288), rule=rule))
    assert row["vcpus_change"] == change
    assert ("above 75 % of its vCPUs for 23.9 h" in row["why"]) == (change == "keep")


def test_a_vm_that_was_larger_once_is_not_kept_below_what_it_used_then() -> None:
    """It used 3.1 of 4 vCPUs, and has had 2 since."""
    busy, rule = 14 * 288, Rule.preset("rvtools_analyzer")
    table = rates([3.1] * busy + [1.0] * busy, 2 * busy, vcpus=[4] * busy + [2] * busy)
    assert only(rightsize(table, rule=replace(rule, busy_hours=1000)))["vcpus_recommended"] == 4
    assert only(rightsize(table, rule=rule))["vcpus_recommended"] == 5, "3.1 are to be 65 %"


def test_a_guest_that_tells_too_seldom_is_judged_by_what_the_host_holds(four: Snapshot) -> None:
    """And then it can only shrink: its caches are in that."""
    seldom = [2.0 if each % 2 else None for each in range(HOUR)]
    row = only(rightsize(rates(0.5, HOUR, "web-1", used_gib=seldom, rss_gib=5.0), four, EASY), "web-1")
    assert (row["basis"], row["memory_gib"], row["memory_recommended_gib"]) == ("rss_gib", 8.0, 5.75)
    assert row["memory_change"] == "shrink"
    row = only(rightsize(rates(0.5, HOUR, "web-1", used_gib=seldom, rss_gib=7.0), four, EASY), "web-1")
    assert (row["basis"], row["memory_change"]) == ("rss_gib", "not told")
    assert row["memory_recommended_gib"] is None
    assert "only the guest can tell" in row["why"]


def test_rss_says_nothing_where_huge_pages_may_hide_the_use(four: Snapshot) -> None:
    """Of one that is made of them, and of one of which that is not known."""
    table = rates(0.5, HOUR, "cache", used_gib=None, rss_gib=0.2)
    row = only(rightsize(table, four, EASY), "cache")
    assert row["memory_recommended_gib"] is None
    assert "its memory is made of huge pages" in row["why"]
    row = only(rightsize(table, rule=EASY))
    assert (row["basis"], row["memory_recommended_gib"], row["memory_change"]) == ("rss_gib", None, "not told")
    assert "pass a snapshot" in row["why"]


def test_memory_is_kept_where_a_step_would_only_round_it() -> None:
    """8 GiB + 10 MiB, of which all but 5 MiB are asked for."""
    now = 8 + 10 / 1024
    row = only(rightsize(rates(0.5, HOUR, balloon_gib=now, used_gib=(now - 5 / 1024) / 1.15), rule=EASY))
    assert (row["memory_recommended_gib"], row["memory_change"]) == (now, "keep")


def test_memory_and_vcpus_are_never_below_the_least() -> None:
    """An idle VM."""
    rule = replace(EASY, vcpus_least=2, memory_least=Size("1100 MiB"))
    row = only(rightsize(rates(0.0, HOUR, used_gib=0.01), rule=rule))
    assert (row["vcpus_recommended"], row["memory_recommended_gib"]) == (2, 1.25)


def test_with_a_snapshot_the_table_has_its_vms_and_what_they_have(four: Snapshot) -> None:
    """One that was not recorded is there, one that is gone is not."""
    table = rightsize(pd.concat([rates(0.5, HOUR, "web-2"), rates(0.5, HOUR, "gone")]), [four], EASY)
    assert table["name"].tolist() == sorted(domain.name for domain in four.domains)
    web, batch = only(table, "web-2"), only(table, "batch")
    # web-2 has 2 of 4 vCPUs, and 4 of 8 GiB.
    assert (web["vcpus"], web["memory_gib"], web["vcpus_recommended"]) == (2, 4.0, 1)
    assert (batch["samples"], batch["vcpus"], batch["vcpus_change"]) == (0, 16, "not told")
    assert batch["why"] == "Nothing was recorded in 1 hour."


def test_a_vm_that_runs_on_one_host_and_is_defined_on_another_has_one_row(four: Snapshot) -> None:
    """As it is where it runs; what has no uuid is a VM of its own."""
    left = [replace(domain, live=None) for domain in four.domains if domain.name == "web-2"]
    other = replace(four, domains=(*left, replace(left[0], uuid="")))
    rows = rightsize(rates(0.5, HOUR, "web-2"), [other, four], EASY)
    assert rows[rows["name"] == "web-2"]["uuid"].tolist() == ["", "web-2"]
    assert rows[rows["uuid"] == "web-2"]["vcpus"].tolist() == [2]


def test_vms_are_kept_apart() -> None:
    """Each alone gives the row that it has among others."""
    vms = [rates(cpu, HOUR, uuid, used_gib=cpu) for cpu, uuid in ((0.5, "b"), (3.5, "a"), (2.5, "c"))]
    alone = [rightsize(each, rule=EASY) for each in vms]
    together = rightsize(pd.concat(vms), rule=EASY)
    expected = pd.concat([alone[1], alone[0], alone[2]], ignore_index=True)
    pd.testing.assert_frame_equal(together, expected)


def test_columns_are_those_declared_and_nullable_ones_are_read_alike() -> None:
    """Also of an empty record."""
    declared = [column.name for column in RIGHTSIZING[""]]
    table = rightsize(rates(samples=HOUR), rule=EASY)
    assert list(table.columns) == declared
    assert table.attrs["units"]["memory_seen_gib"] == "GiB"
    nullable = rates(samples=HOUR).convert_dtypes()
    pd.testing.assert_frame_equal(rightsize(nullable, rule=EASY), table)
    empty = rightsize(rates(samples=HOUR).iloc[:0])
    assert (list(empty.columns), len(empty)) == (declared, 0)


def test_what_cannot_be_used_is_refused_with_what_to_do() -> None:
    """A table, a rule, a window, a number of a rule's."""
    with pytest.raises(ValueError, match=r"has no seconds, used_gib: pass what History\.rates\(\) gives"):
        rightsize(rates().drop(columns=["used_gib", "seconds"]))
    with pytest.raises(ValueError, match=r"There is no rule 'kr': choose one of krr, vpa, rvtools_analyzer\."):
        rightsize(rates(), rule="kr")
    for window in ("soon", "-1D", "0s"):
        with pytest.raises(ValueError, match=r"is no length of time: write '3D'"):
            rightsize(rates(), window=window)
    with pytest.raises(ValueError, match=r"Rule own: cpu_quantile=95 is no share: give 0\.95 for 95 %\."):
        Rule(cpu_quantile=95)
    with pytest.raises(ValueError, match=r"memory_margin=-0\.1 is below zero"):
        Rule(memory_margin=-0.1)
    with pytest.raises(ValueError, match=r"half_life=0:00:00 is no time"):
        Rule(half_life=timedelta(0))
    with pytest.raises(ValueError, match=r"memory_step is 0 bytes"):
        Rule(memory_step=Size(0))


@pytest.mark.parametrize("name", Rule.presets())
def test_every_preset_says_where_its_numbers_come_from(name: str) -> None:
    """Those of the CPU, of memory, and of what must have been seen."""
    rule = Rule.preset(name)
    assert rule.name == name
    assert {"cpu", "memory", "enough", "steal"} == set(rule.sources)
    assert all(source in rule.source for source in rule.sources.values())
