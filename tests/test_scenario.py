"""Scenarios and placements: one worked plan by hand, each step, each rule, and what is refused."""

import json
import pickle
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

import phyllome_nb as ph
from phyllome_nb.capacity.fleet import FleetSnapshot
from support import four_cells
from support.packings import TAKEN, fleet, host, promise

GIB = 2**30


@pytest.fixture
def small() -> FleetSnapshot:
    """Three hosts of 16 CPUs and 64 GiB.

    a runs db (8 vCPUs, 32 GiB) and web-1 (4, 16); b runs web-2 (4, 16) and batch (8, 24); c runs cache (2, 8).
    """
    return FleetSnapshot.of(
        [
            host("a", 16, 64, {"db": (8, 32), "web-1": (4, 16)}),
            host("b", 16, 64, {"web-2": (4, 16), "batch": (8, 24)}),
            host("c", 16, 64, {"cache": (2, 8)}),
        ],
        (),
        TAKEN,
    )


def where(placement: ph.Placement) -> dict[str, str]:
    """The host of each VM."""
    table = placement.assignment
    return dict(zip(table["vm"], table["to"], strict=True))


def test_a_plan_that_was_worked_out_by_hand(small: FleetSnapshot) -> None:
    """Losing a host under the policy that promises everything once.

    a's VMs need another place: db 8 vCPUs and 32 GiB, web-1 4 and 16. b has 4 vCPUs and 24 GiB left, c 14 and 56. db
    fits on c only, which leaves it 6 and 24; web-1 then fits on b (4 and 16 of 4 and 24) and on c (of 6 and 24).
    """
    placement = ph.Scenario(small, "physical").lose("a").place()
    found = where(placement)
    assert found["db"] == "c"
    assert found["web-1"] in {"b", "c"}
    assert {vm: found[vm] for vm in ("web-2", "batch", "cache")} == {"web-2": "b", "batch": "b", "cache": "c"}
    assert placement.moves == 0
    assert len(placement.unplaced) == 0
    assert (placement.hosts_used, placement.certificate.bound) == (2, 2)
    table = placement.table.set_index(["host", "resource"])
    assert table.loc[("c", "memory"), "limit"] == 64
    assert table.loc[("c", "memory"), "before"] == 8
    assert table["after"].groupby("resource").sum().to_dict() == {"memory": 96.0, "vcpus": 26.0}
    assert (table["free"] >= 0).all()


def test_what_finds_no_place_says_by_what_and_how_much(small: FleetSnapshot) -> None:
    """B has 4 vCPUs left, c 14, a 4: the second VM of 10 vCPUs fits nowhere."""
    placement = ph.Scenario(small, "physical").add(promise(10, 8), 2, "big").place()
    assert len(placement.unplaced) == 1
    row = placement.unplaced.iloc[0]
    assert (row["constraint"], row["needed"], row["left"], row["unit"]) == ("vcpus", 10, 4, "vCPUs")
    assert "10" in row["why"]
    assert placement.certificate.what == "VMs not placed"
    assert placement.certificate.optimal


def test_each_step_is_plain_data_and_a_scenario_of_its_own(small: FleetSnapshot) -> None:
    """The old one stays as it was; the same steps over the same facts are the same scenario."""
    begun = ph.Scenario(small, "nova")
    full = (
        begun.add(promise(2, 4), 3, "new")
        .remove("batch")
        .resize("db", vcpus=4, memory="16 GiB")
        .add_host(like="c")
        .add_host("tiny", cpus=4, memory="8 GiB")
        .lose("b")
        .spread("web-*")
        .together("db", "cache")
        .pin("new-1", "a")
        .moves(2)
        .with_policy("physical")
        .grow(50)
    )
    assert begun.steps == ()
    assert [step["do"] for step in full.steps] == [
        *("add", "remove", "resize", "add_host", "add_host", "lose", "spread", "together", "pin", "moves", "policy"),
        "grow",
    ]
    kept = json.loads(json.dumps(full.to_dict()))
    again = ph.Scenario.from_dict(small, kept)
    assert str(again) == str(full)
    assert where(again.place()) == where(full.place())
    assert full.state.vms["db"].promise.memory_max == ph.Size("16 GiB")
    assert set(full.state.hosts) == {"a", "c", "c-new", "tiny"}
    assert pickle.loads(pickle.dumps(full)).steps == full.steps  # noqa: S301  (our own bytes)
    assert begun.diff(begun.lose("a")) == ["+ lose hosts=a"]


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (lambda what_if: what_if.lose("z"), "no host 'z': it has a, b, c"),
        (lambda what_if: what_if.remove("nobody"), "no VM named 'nobody'"),
        (lambda what_if: what_if.spread("nobody-*"), "'nobody-*'"),
        (lambda what_if: what_if.add(promise(1, 1), 0), "give at least 1"),
        (lambda what_if: what_if.add(promise(1, 1), name="db"), "has a VM named db already"),
        (lambda what_if: what_if.add_host("a", cpus=1, memory="1 GiB"), "has a host a already"),
        (lambda what_if: what_if.add_host("d"), "Say what the host is like"),
        (lambda what_if: what_if.pin("db", "z"), "no host 'z'"),
        (lambda what_if: what_if.moves(-1), "give a number from 0 on"),
        (lambda what_if: ph.Scenario(what_if.of, count="all"), "choose one of"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(small: FleetSnapshot, step: object, says: str) -> None:
    """With what is there."""
    with pytest.raises(ValueError, match=says.replace("*", r"\*")):
        step(ph.Scenario(small))  # type: ignore[operator]


def test_what_is_kept_apart_is_on_different_hosts(small: FleetSnapshot) -> None:
    """New ones go where none of the others is; one too many has no place, and says why."""
    placement = ph.Scenario(small, "nova").add(promise(1, 1), 3, "app").spread("app-*").place()
    hosts = [to for vm, to in where(placement).items() if vm.startswith("app")]
    assert sorted(hosts) == ["a", "b", "c"]
    more = ph.Scenario(small, "nova").add(promise(1, 1), 4, "app").spread("app-*").place()
    assert more.unplaced["constraint"].tolist() == ["anti-affinity"]


def test_what_is_kept_together_is_on_one_host(small: FleetSnapshot) -> None:
    """Where there is room for all of it: 3 × 4 vCPUs fit on c only."""
    placement = ph.Scenario(small, "physical").add(promise(4, 8), 3, "app").together("app-*").place()
    assert {to for vm, to in where(placement).items() if vm.startswith("app")} == {"c"}


def test_what_is_pinned_goes_there_or_nowhere(small: FleetSnapshot) -> None:
    """A has 4 vCPUs left."""
    base = ph.Scenario(small, "physical").add(promise(4, 8), name="app")
    assert where(base.pin("app", "a").place())["app"] == "a"
    large = ph.Scenario(small, "physical").add(promise(5, 8), name="app").pin("app", "a").place()
    assert where(large)["app"] == ""
    assert large.unplaced["vm"].tolist() == ["app"]


def test_moves_make_room(small: FleetSnapshot) -> None:
    """A VM of 16 vCPUs needs a host of its own: cache has to leave c, which one move allows and none does not."""
    base = ph.Scenario(small, "physical").add(promise(16, 32), name="huge")
    assert where(base.place())["huge"] == ""
    moved = base.moves(1).place()
    found = where(moved)
    assert found["huge"] == "c"
    assert found["cache"] in {"a", "b"}
    assert moved.moves == 1


def test_a_vm_is_never_larger_than_its_host_whatever_the_ratio(small: FleetSnapshot) -> None:
    """KubeVirt promises ten vCPUs for each CPU; a VM of 17 fits on no host of 16."""
    placement = ph.Scenario(small, "kubevirt").add(promise(17, 8), name="wide").place()
    assert len(placement.unplaced) == 1
    assert "17" in placement.unplaced["why"].iloc[0]


def test_few_hosts_would_do(small: FleetSnapshot) -> None:
    """26 vCPUs and 96 GiB need two hosts of 16 and 64 at least; two moves empty c or another one."""
    placement = ph.Scenario(small, "physical").consolidate()
    assert placement.hosts_used == 2
    assert placement.certificate.bound == 2
    none = ph.Scenario(small, "physical").consolidate(moves=0)
    assert none.hosts_used == 3


def test_pins_and_huge_pages_of_a_real_definition_count() -> None:
    """A dozen VMs of mixed kinds: cells and pages of the host are what they lie on; what has none has no place."""
    four = four_cells.snapshot()
    names = [domain.name for domain in four.domains]
    placement = (
        ph.Scenario(four, "nova", count="defined").lose("four").add_host("plain", cpus=64, memory="256 GiB").place()
    )
    lacking = set(placement.unplaced["vm"])
    assert {"cache", "nfv", "old"} <= lacking
    assert set(placement.assignment["vm"]) == set(names)


def test_a_placement_shows_itself_with_names_as_text(small: FleetSnapshot) -> None:
    """In a notebook."""
    placement = ph.Scenario(small, "physical").add(promise(99, 1), name="<b>big").place()
    html = placement._repr_html_()
    assert "&lt;b&gt;big" in html
    assert "<b>big" not in html
    assert "0 of 1 VMs placed" in repr(placement)


def test_a_sweep_runs_on_any_executor() -> None:
    """The same answers, in the same order, as without one."""
    from phyllome_nb.capacity.sweep import sweep

    taken = fleet(3, 6, 60)
    scenarios = {f"+{percent} %": ph.Scenario(taken, "nova").grow(percent) for percent in (5, 50, 200)}
    alone = sweep(scenarios)
    with ThreadPoolExecutor(2) as executor:
        pd.testing.assert_frame_equal(sweep(scenarios, executor=executor), alone)
    assert len(alone) == 3


def test_no_vm_that_runs_loses_its_place_to_a_new_one() -> None:
    """Two of 8 GiB would fit beside one of 12 GiB only if the other of 12 GiB had to stop: they are refused instead."""
    hosts = [host(name, 8, 16, {f"{name}-1": (1, 12)}) for name in ("a", "b")]
    now = ph.Scenario(FleetSnapshot.of(hosts, (), TAKEN)).add(promise(1, 8), count=2, name="new")
    for found in (now.moves(None).place(), now.consolidate()):
        assert found.displaced == 0
        assert found.unplaced["vm"].tolist() == ["new-1", "new-2"]


def test_a_certificate_does_not_call_best_what_a_move_would_better() -> None:
    """12 GiB find no place beside 8 and 8, and do once these are on one host: so none at least is left out."""
    hosts = [host(name, 8, 16, {f"{name}-1": (1, 8)}) for name in ("a", "b")]
    now = ph.Scenario(FleetSnapshot.of(hosts, (), TAKEN)).add(promise(1, 12), name="new")
    assert now.moves(1).place().refusals == {}
    found = now.consolidate(moves=1)
    assert (found.certificate.what, found.certificate.bound) == ("VMs not placed", 0)
    assert not found.certificate.optimal
