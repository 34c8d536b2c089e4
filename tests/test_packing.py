"""Packing: no plan exceeds a capacity, every bound holds against all plans there are, and known optima are met."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phyllome_nb.capacity.packing import highs
from phyllome_nb.capacity.packing.clock import Clock
from phyllome_nb.capacity.packing.pack import Certificate, Packed, pack
from phyllome_nb.capacity.packing.problem import Problem
from support.packings import cloud, planted

PATIENT = settings(max_examples=60, deadline=None, derandomize=True)


def check(problem: Problem, packed: Packed) -> None:
    """What holds of every plan: capacities, counts, rules and groups; and the certificate counts what is there."""
    plan = packed.plan
    placed = plan.placed(len(problem.counts))
    assert (placed <= problem.counts).all()
    assert (plan.number > 0).all()
    assert (plan.load(problem) <= problem.capacities.clip(0) + problem.slack).all()
    assert problem.allowed[problem.rule[plan.shape], plan.bin].all()
    for group in problem.spread:
        inside = np.isin(plan.shape, group)
        assert np.bincount(plan.bin[inside], plan.number[inside]).max(initial=0) <= 1
    left = int((problem.counts - placed).sum())
    certificate = packed.certificate
    if left:
        assert (certificate.what, certificate.used) == ("VMs not placed", left)
    else:
        assert (certificate.what, certificate.used) == ("hosts used", problem.hosts_used(plan))
    assert certificate.bound <= certificate.used


def best(problem: Problem) -> tuple[int, int]:
    """How few are left out and how few bins are used, of all plans there are."""
    items = np.repeat(np.arange(len(problem.counts)), problem.counts)
    bins = len(problem.capacities)
    found = (len(items) + 1, bins + 1)
    for where in product(range(-1, bins), repeat=len(items)):
        at = np.array(where, np.int64)
        load = np.zeros_like(problem.capacities)
        inside = at >= 0
        np.add.at(load, at[inside], problem.sizes[items[inside]])
        if (load > problem.capacities + problem.slack).any():
            continue
        if not problem.allowed[problem.rule[items[inside]], at[inside]].all():
            continue
        groups = (at[inside & np.isin(items, group)] for group in problem.spread)
        if any(len(set(each.tolist())) < len(each) for each in groups):
            continue
        used = int((problem.taken | np.isin(np.arange(bins), at)).sum())
        found = min(found, (int((~inside).sum()), used))
    return found


@st.composite
def tiny(draw: st.DrawFn) -> Problem:
    """At most five items and three bins, in one or two dimensions, with rules, groups and bins that are in use."""
    dims, bins = draw(st.integers(1, 2)), draw(st.integers(1, 3))
    size = st.lists(st.integers(0, 6), min_size=dims, max_size=dims)
    sizes = draw(st.lists(size, min_size=1, max_size=3))
    counts = draw(st.lists(st.integers(0, 3), min_size=len(sizes), max_size=len(sizes)))
    while sum(counts) > 5:
        counts[counts.index(max(counts))] -= 1
    room = draw(st.lists(st.lists(st.integers(0, 10), min_size=dims, max_size=dims), min_size=bins, max_size=bins))
    allowed = draw(st.lists(st.lists(st.booleans(), min_size=bins, max_size=bins), min_size=2, max_size=2))
    rule = draw(st.lists(st.integers(0, 1), min_size=len(sizes), max_size=len(sizes)))
    taken = draw(st.lists(st.booleans(), min_size=bins, max_size=bins))
    spread = ((0,),) if draw(st.booleans()) else ()
    return Problem.of(sizes, counts, room, allowed, rule, taken, spread)


@given(tiny())
@PATIENT
def test_a_plan_keeps_to_everything_and_its_bound_holds(problem: Problem) -> None:
    """Against all plans there are: small cases are solved exactly."""
    packed = pack(problem, Clock(30, None))
    check(problem, packed)
    left, used = best(problem)
    certificate = packed.certificate
    if certificate.what == "VMs not placed":
        assert certificate.bound <= left == certificate.used
    else:
        assert left == 0
        assert certificate.bound <= used == certificate.used


@given(tiny())
@PATIENT
def test_without_a_solver_there_are_plans_and_simple_bounds(problem: Problem) -> None:
    """And the certificate says so."""
    patch = pytest.MonkeyPatch()
    with patch.context() as patched:
        patched.setattr(highs, "solver", lambda: None)
        for name in ("pack", "bound", "columns", "exact", "allot"):
            module = __import__(f"phyllome_nb.capacity.packing.{name}", fromlist=["solver"])
            if hasattr(module, "solver"):
                patched.setattr(module, "solver", lambda: None)
        packed = pack(problem, Clock(30, None))
    check(problem, packed)
    left, used = best(problem)
    if packed.certificate.what == "VMs not placed":
        assert packed.certificate.bound <= left
    else:
        assert packed.certificate.bound <= used
    if problem.counts.any():
        assert "Without HiGHS" in packed.certificate.note


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("custom", "groups"), [(0.0, 0), (0.3, 0), (0.0, 6), (0.2, 6)])
def test_made_up_fleets_are_packed_near_their_bound(seed: int, custom: float, groups: int) -> None:
    """All that fits is placed, and the bound is not far: a tenth where groups are kept apart, a twentieth elsewhere."""
    problem = cloud(seed, 600, 14, 3, custom, groups)
    packed = pack(problem, Clock(4, None))
    check(problem, packed)
    assert packed.certificate.what == "hosts used"
    assert packed.certificate.gap <= (0.15 if groups else 0.1)


@pytest.mark.parametrize("kind", ["flavours", "mixed", "random"])
def test_a_known_optimum_is_nearly_met(kind: str) -> None:
    """Hosts that were cut into VMs without a rest: as many are needed, and at most one in twenty more are used."""
    problem, needed = planted(5, 500, 2, kind)
    packed = pack(problem, Clock(4, None))
    check(problem, packed)
    assert packed.certificate.what == "hosts used"
    assert packed.certificate.bound <= needed
    assert packed.certificate.used <= needed * 1.1


def test_however_late_it_is_there_is_a_plan() -> None:
    """Everything is placed, if not in as few hosts as might be."""
    problem = cloud(1, 2000, 40, 2, 0.3)
    packed = pack(problem, Clock(0, None))
    check(problem, packed)
    assert packed.plan.number.sum() > 0.9 * problem.counts.sum()


def test_identical_shapes_cost_no_more_where_there_are_more_of_them() -> None:
    """The plan's rows are of shapes and bins, not of items."""
    one = Problem.of([[2.0, 3.0], [1.0, 4.0]], [50_000, 50_000], [[64.0, 256.0]] * 4000)
    packed = pack(one, Clock(20, None))
    check(one, packed)
    assert len(packed.plan.shape) <= 2 * 4000
    assert packed.certificate.gap < 0.02


def test_progress_goes_from_nothing_to_all() -> None:
    """In words, too."""
    told: list[tuple[float, str]] = []
    pack(cloud(2, 300, 8, 2, 0.5), Clock(20, lambda done, what: told.append((done, what))))
    assert told[-1][0] == 1.0
    assert all(0 <= done <= 1 and what for done, what in told)


@pytest.mark.parametrize(
    ("certificate", "says"),
    [
        (Certificate("hosts used", 10, "sum", 10), "10 hosts used, at least 10 in any plan (sum): the best possible"),
        (
            Certificate("VMs not placed", 1, "sum", 1),
            "1 VM not placed, at least 1 in any plan (sum): the best possible",
        ),
        (Certificate("hosts used", 200, "fluid LP", 203), "at most 1.50 % above the best possible"),
        (Certificate("VMs not placed", 0, "sum", 2), "how far from the best possible is not known"),
    ],
)
def test_a_certificate_says_how_good_a_plan_is(certificate: Certificate, says: str) -> None:
    """The right way round."""
    assert says in str(certificate)
    assert certificate.optimal == (certificate.used == certificate.bound)
