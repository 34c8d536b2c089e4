"""Losing and emptying hosts: by hand, and against every way there is of placing a few VMs."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

import phyllome_nb as ph
from phyllome_nb.capacity.fleet import FleetSnapshot
from support.packings import TAKEN, fleet, host, promise

GIB = 2**30


def fleet_of(*hosts: ph.Snapshot) -> FleetSnapshot:
    """Hosts that were collected."""
    return FleetSnapshot.of(hosts, (), TAKEN)


@pytest.fixture
def small() -> FleetSnapshot:
    """Three hosts of 16 CPUs and 64 GiB.

    a runs db (8 vCPUs, 40 GiB) and web-1 (4, 16); b runs web-2 (4, 16) and batch (6, 24); c runs cache (2, 8).
    """
    return fleet_of(
        host("a", 16, 64, {"db": (8, 40), "web-1": (4, 16)}),
        host("b", 16, 64, {"web-2": (4, 16), "batch": (6, 24)}),
        host("c", 16, 64, {"cache": (2, 8)}),
    )


def test_losses_that_were_worked_out_by_hand(small: FleetSnapshot) -> None:
    """Under the policy that promises everything once.

    Without a: db needs 40 GiB, which c has (56); web-1 then goes to b, which has 6 vCPUs and 24 GiB left. Survived.
    Without b: a has 4 vCPUs and 8 GiB left, c 14 and 56: both go to c, 10 vCPUs and 40 GiB. Survived.
    Without c: cache goes to a (2 and 8 of 4 and 8) or b. Survived.
    """
    found = ph.Scenario(small, "physical").survives()
    assert found[["lost", "vms", "survived"]].to_numpy().tolist() == [["a", 2, True], ["b", 2, True], ["c", 1, True]]


def test_a_loss_that_is_not_survived_names_the_vm_and_the_resource(small: FleetSnapshot) -> None:
    """With a larger db: 60 GiB, and c has 56."""
    larger = ph.Scenario(small, "physical").resize("db", memory="60 GiB").remove("web-1")
    found = larger.survives().set_index("lost")
    row = found.loc["a"]
    assert not row["survived"]
    assert (row["vm"], row["constraint"], row["needed"], row["left"]) == ("db", "memory", 60, 56)
    assert "60" in row["why"]
    assert found.loc[["b", "c"], "survived"].all()


def test_two_hosts_at_once_and_racks(small: FleetSnapshot) -> None:
    """Any two of three leave one, which cannot hold 24 vCPUs; a rack fails as one."""
    scenario = ph.Scenario(small, "physical")
    two = scenario.survives(2)
    assert two["lost"].tolist() == ["a, b", "a, c", "b, c"]
    assert not two["survived"].any()
    racks = scenario.survives(racks={"left": ["a"], "right": ["b", "c"]})
    assert racks["survived"].tolist() == [True, False]
    assert "left" in racks["lost"].iloc[0]
    assert scenario.add_host(like="c", count=2).survives(2)["survived"].all()


def test_a_vm_that_is_pinned_is_lost_with_its_host(small: FleetSnapshot) -> None:
    """Whatever else there is."""
    found = ph.Scenario(small, "physical").pin("cache", "c").survives().set_index("lost")
    assert not found.loc["c", "survived"]
    assert found.loc["c", "vm"] == "cache"
    assert found.loc["c", "constraint"] == "pinned"


def survived(snapshot: FleetSnapshot, lost: int) -> bool:
    """Whether the VMs of a host find a place on the others: every way there is."""
    hosts = snapshot.snapshots
    free = {}
    for at, each in enumerate(hosts):
        if at != lost:
            used = [domain.live for domain in each.domains if domain.live]
            free[at] = np.array(
                [
                    each.host.cpus - sum(vm.vcpus_max for vm in used),
                    (int(each.host.memory) - sum(int(vm.memory_max) for vm in used)) / GIB,
                ],
                float,
            )
    need = [
        np.array([domain.live.vcpus_max, int(domain.live.memory_max) / GIB], float)
        for domain in hosts[lost].domains
        if domain.live
    ]
    for way in product(free, repeat=len(need)):
        load = {at: room.copy() for at, room in free.items()}
        for size, at in zip(need, way, strict=True):
            load[at] -= size
        if all((room >= 0).all() for room in load.values()):
            return True
    return False


@pytest.mark.parametrize("seed", range(25))
def test_verdicts_are_those_of_trying_every_way(seed: int) -> None:
    """On small hosts, some full and some not."""
    draw = np.random.default_rng(seed)
    hosts = []
    for at in range(4):
        vms, cpus, gib = {}, 12, 24
        for number in range(int(draw.integers(1, 5))):
            size = int(draw.integers(1, 6)), int(draw.integers(1, 9))
            if size[0] <= cpus and size[1] <= gib:
                vms[f"vm-{at}-{number}"] = size
                cpus, gib = cpus - size[0], gib - size[1]
        hosts.append(host(f"host-{at}", 12, 24, vms))
    snapshot = fleet_of(*hosts)
    found = ph.Scenario(snapshot, "physical").survives(deadline=None)
    assert found["survived"].tolist() == [survived(snapshot, at) for at in range(4)]


def test_a_fleet_of_some_size_is_examined_whole() -> None:
    """Each host once; what is not survived has a VM and a resource."""
    found = ph.Scenario(fleet(7, 40, 800, full=0.9), "physical").survives(deadline=None)
    assert len(found) == 40
    bad = found[found["survived"].eq(other=False)]
    assert (bad["vm"] != "").all()
    assert (bad["needed"] > bad["left"]).all() or bad["constraint"].isin(["host", "pinned"]).any() or len(bad) == 0
    assert found["proof"].str.len().gt(0).all()


def test_a_host_is_emptied_step_by_step(small: FleetSnapshot) -> None:
    """Each step fits when it is taken, after those before it."""
    plan = ph.Scenario(small, "physical").evacuate("a")
    assert plan["step"].tolist() == [1, 2]
    assert set(plan["vm"]) == {"db", "web-1"}
    assert plan["possible"].all()
    free = {"b": np.array([6.0, 24.0]), "c": np.array([14.0, 56.0])}
    sizes = {"db": np.array([8.0, 40.0]), "web-1": np.array([4.0, 16.0])}
    for row in plan.to_dict("records"):
        free[row["to"]] -= sizes[row["vm"]]
        assert (free[row["to"]] >= 0).all()
        assert row["check"]


def test_no_vm_goes_where_its_cpu_does_not_suit(small: FleetSnapshot) -> None:
    """As fleet.migration() tells; one that can go nowhere is listed last, with the reason."""
    told = pd.DataFrame(
        {
            "vm": ["db", "db", "web-1", "web-1"],
            "host": ["a"] * 4,
            "to": ["b", "c", "b", "c"],
            "possible": pd.array([True, False, False, True], dtype="boolean"),
            "why": ["", "Its CPU does not run there.", "Its CPU does not run there.", ""],
        }
    )
    plan = ph.Scenario(small, "nova").evacuate("a", told).set_index("vm")
    assert plan.loc["web-1", "to"] == "c"
    assert plan.loc["db", "to"] != "c"
    never = told.assign(possible=pd.array([False] * 4, dtype="boolean"), why="Its CPU does not run there.")
    stuck = ph.Scenario(small, "nova").evacuate("a", never)
    assert stuck["step"].isna().all()
    assert stuck["why"].str.contains("CPU").all()


def test_a_host_that_cannot_be_emptied_says_what_stays(small: FleetSnapshot) -> None:
    """With a larger db, which fits nowhere else; web-1 goes all the same."""
    plan = ph.Scenario(small, "physical").resize("db", memory="48 GiB").resize("cache", memory="30 GiB").evacuate("a")
    stays = plan[plan["step"].isna()]
    assert stays["vm"].tolist() == ["db"]
    assert "48" in stays["why"].iloc[0]
    assert plan[plan["step"].notna()]["vm"].tolist() == ["web-1"]
    with pytest.raises(ValueError, match="no host 'z'"):
        ph.Scenario(small).evacuate("z")


def test_adding_a_vm_may_make_a_loss_deadly(small: FleetSnapshot) -> None:
    """The scenario is what counts, not the snapshot."""
    scenario = ph.Scenario(small, "physical")
    fuller = scenario.add(promise(8, 32), name="more")
    assert scenario.survives()["survived"].all()
    assert not fuller.survives()["survived"].all()
