"""PlannerPanel: what it answers is what the snapshot answers, at once, and nothing is written anywhere."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest

import phyllome_nb as ph
from phyllome_nb import charts
from phyllome_nb.capacity.facts import Guest
from phyllome_nb.capacity.fleet import FleetSnapshot
from support import four_cells
from support.panel import button, walk

SECONDS = 60


def control(panel: Any, label: str) -> Any:
    """The control with this label."""
    return next(each for each in walk(panel) if getattr(each, "description", "") == label)


def said(widget: Any) -> str:
    """Its text."""
    return unescape(re.sub("<[^>]*>", " ", str(widget.value)))


@pytest.fixture
def fleet() -> FleetSnapshot:
    """Three hosts of four cells, the second and third without VMs."""
    taken = four_cells.snapshot()
    guest = Guest("x86_64", "/usr/bin/qemu-system-x86_64", frozenset({"kvm", "qemu"}), frozenset({"q35", "pc"}))
    four = replace(taken, host=replace(taken.host, guests=(guest,)))
    domains = tuple(replace(each, uuid=f"uuid-{each.name}") for each in four.domains)
    others = [replace(four, host=replace(four.host, name=name), domains=()) for name in ("hv-2", "hv-3")]
    return FleetSnapshot.of([replace(four, domains=domains), *others], (), four.taken)


@pytest.fixture
def planner(fleet: FleetSnapshot) -> Iterator[ph.PlannerPanel]:
    """A planner for them."""
    panel = ph.PlannerPanel(fleet, ph.profiles.minimal(name="new", memory="8 GiB", vcpus=4, type="qemu", network=None))
    panel.wait(SECONDS)
    yield panel
    panel.close()


def test_whether_it_fits_is_answered_as_the_shape_is_typed(planner: ph.PlannerPanel, fleet: FleetSnapshot) -> None:
    """With how many more, and what runs out; the numbers are those of the snapshot."""
    assert planner.how_many is not None
    assert planner.how_many.total == fleet.how_many(planner._shape.spec, "nova").total
    assert "new fits on four, hv-2, hv-3" in said(planner._fitting.widget.children[1])
    control(planner, "Memory").value = "100 GiB"
    planner.wait(SECONDS)
    assert planner.how_many.total == fleet.how_many(planner._shape.spec, "nova").total
    control(planner, "vCPUs").value = 100
    planner.wait(SECONDS)
    assert planner.fit is not None
    assert not planner.fit
    assert "fits nowhere" in said(planner._fitting.widget.children[1])
    assert "100 vCPUs" in said(planner._fits)


def test_what_is_not_known_is_not_held_against_it(fleet: FleetSnapshot) -> None:
    """Captured hosts do not tell their networks."""
    panel = ph.PlannerPanel(fleet, ph.profiles.minimal(name="new", type="qemu"))
    panel.wait(SECONDS)
    assert "Whether new fits is not known" in said(panel._fitting.widget.children[1])
    assert "has the network default is not known" in said(panel._fits)


@pytest.mark.parametrize(("label", "typed"), [("Memory", "lots"), ("Memory", ""), ("VM", " "), ("VM", "a/b")])
def test_a_shape_that_cannot_be_meant_is_said(planner: ph.PlannerPanel, label: str, typed: str) -> None:
    """And what was answered stays."""
    before = planner.fit
    control(planner, label).value = typed
    planner.wait(SECONDS)
    assert "phy-error" in planner._fitting.widget.children[1].value
    assert planner.fit is before


def test_a_policy_is_tried_out(planner: ph.PlannerPanel, fleet: FleetSnapshot) -> None:
    """Answers follow it."""
    control(planner, "vCPUs for each CPU").value = "1"
    planner.wait(SECONDS)
    assert planner.how_many is not None
    own = planner.policy_controls.policy
    assert own.cpu_ratio == 1
    assert planner.how_many.total == fleet.how_many(planner._shape.spec, own).total


def test_a_scenario_is_put_together_and_answered(planner: ph.PlannerPanel, tmp_path: Path) -> None:
    """Steps in words, who goes where, the drawing, and the file: all of the same placement."""
    planner._tabs.selected_index = 1
    control(planner, "How many").value = 6
    button(planner, "Add the planned VMs").click()
    control(planner, "Host").value = "four"
    button(planner, "Lose").click()
    planner.wait(SECONDS)
    assert [step["do"] for step in planner.scenario.steps] == ["add", "lose"]
    assert "add name=new, count=6" in said(planner._form._lines)
    placement = planner.placement
    assert placement is not None
    assert set(placement.assignment["to"]) <= {"hv-2", "hv-3", ""}
    pinned = set(placement.unplaced["vm"])
    assert "Without a place" in said(planner._plan) if pinned else True
    assert "data:image/png" in planner._drawn._shown.value
    control(planner, "File").value = str(tmp_path / "plan.json")
    button(planner, "Save the plan").click()
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert {row["vm"]: row["to"] for row in plan["assignment"]} == dict(
        zip(placement.assignment["vm"], placement.assignment["to"], strict=True)
    )
    again = ph.Scenario.from_dict(planner.facts, plan["assumed"])  # type: ignore[arg-type]
    assert str(again) == str(planner.scenario)
    button(planner, "Take the last step back").click()
    planner.wait(SECONDS)
    assert [step["do"] for step in planner.scenario.steps] == ["add"]


def test_steps_that_cannot_be_taken_say_why(planner: ph.PlannerPanel) -> None:
    """And are not taken."""
    planner._tabs.selected_index = 1
    control(planner, "VMs").value = "nobody-*"
    for label in ("Spread", "Keep together", "Remove"):
        button(planner, label).click()
        assert "nobody-*" in said(planner._form._error)
    control(planner, "VMs").value = ""
    button(planner, "Spread").click()
    assert "Which VMs?" in said(planner._form._error)
    planner.wait(SECONDS)
    assert planner.scenario.steps == ()


def test_growth_and_moves_have_controls_of_their_own(planner: ph.PlannerPanel) -> None:
    """A slider, linked to a number; and how much may be moved."""
    planner._tabs.selected_index = 1
    vms = len(planner.scenario.state.vms)
    next(each for each in walk(planner) if type(each).__name__ == "IntSlider").value = 100
    assert control(planner, "Growth of all VMs, %").value == 100
    control(planner, "What runs").value = -1
    planner.wait(SECONDS)
    assert len(planner.scenario.state.vms) == 2 * vms
    assert planner.scenario.state.moves is None
    button(planner, "Begin anew").click()
    planner.wait(SECONDS)
    assert planner.scenario.steps == ()


def test_what_a_loss_would_mean(planner: ph.PlannerPanel) -> None:
    """Which losses are survived, how a host is emptied, how few would do."""
    planner._tabs.selected_index = 2
    planner.wait(SECONDS)
    expected = planner.scenario.survives(1)
    lost = int((expected["survived"] == False).sum())  # noqa: E712  (it may be NA)
    assert f"{lost} of 3 losses are not survived" in said(planner._lost) or "3 of 3 losses are survived" in said(
        planner._lost
    )
    control(planner, "Empty a host:").value = "four"
    button(planner, "Plan that").click()
    planner.wait(SECONDS)
    assert "VMs leave four" in said(planner._lost)
    button(planner, "How few hosts would do?").click()
    planner.wait(SECONDS)
    assert "host used" in said(planner._lost)


def test_a_shape_that_fits_leads_to_a_panel_that_defines_it() -> None:
    """On a host that may be written to; nothing is defined by opening it."""
    host = ph.demo()
    panel = ph.PlannerPanel(host)
    panel.wait(SECONDS)
    before = len(host.domains())
    control(panel, "vCPUs").value = 3
    button(panel, "Build this VM").click()
    [opened] = panel._below.children
    assert isinstance(opened, ph.DomainPanel)
    assert opened.spec.vcpus.maximum == 3
    assert len(host.domains()) == before
    assert opened._reading.idle.wait(SECONDS)


def test_nothing_is_built_without_a_host(planner: ph.PlannerPanel) -> None:
    """The button says so by being off; and what is no facts is refused."""
    assert button(planner, "Build this VM").disabled
    with pytest.raises(TypeError, match="A planner takes facts"):
        ph.PlannerPanel("qemu:///system")  # type: ignore[arg-type]


@pytest.mark.parametrize("dark", [False, True])
def test_the_drawing_of_a_plan_is_as_long_as_its_numbers(fleet: FleetSnapshot, dark: bool) -> None:
    """Before and afterwards, in percent of what may be promised."""
    spec = ph.profiles.minimal(name="new", memory="8 GiB", vcpus=4, type="qemu", network=None)
    placement = ph.Scenario(fleet, "nova").add(spec, 10).place()
    chart = charts.plan(placement, dark=dark)
    table = placement.table[placement.table["resource"] == "memory"]
    wanted = (100 * table["after"] / table["limit"]).tolist()
    bars: list[Any] = [each for each in chart.axes[1].patches if each.get_gid() == "after"]
    drawn = [bar.get_width() for bar in bars]
    assert drawn == pytest.approx([each for each in wanted if each])
    assert chart._repr_png_().startswith(b"\x89PNG")
    assert "GiB" in chart.alt


def test_a_proposal_of_pins_is_drawn_beside_what_others_hold(fleet: FleetSnapshot) -> None:
    """A CPU for each vCPU that nobody else has, with a dashed frame."""
    snap = fleet.snapshots[0]
    spec = ph.profiles.minimal(name="new", memory="8 GiB", vcpus=4, type="qemu", network=None)
    proposed = snap.pinning(spec)
    assert proposed
    chart = charts.topology(snap, proposal=proposed.pins)
    planned = [each for each in chart.findobj() if each.get_gid() == "planned"]
    assert len(planned) == len({cpu for cpus in proposed.pins.values() for cpu in cpus}) >= 4
    assert "vCPU 0 is planned on" in chart.alt
    assert len(snap.with_vm(proposed.apply(spec)).conflicts()) == len(snap.conflicts())


def test_growing_adds_copies_without_what_only_one_can_have(fleet: FleetSnapshot) -> None:
    """Half as many again, of all sizes; their pins are not copied."""
    what_if = ph.Scenario(fleet, count="defined").grow(50)
    new = [vm for vm in what_if.state.vms.values() if not vm.origin]
    assert len(new) == 6
    assert len({vm.promise.memory_max for vm in new}) > 2
    assert all(not vm.promise.affinity and not vm.promise.devices for vm in new)
    with pytest.raises(ValueError, match="above 0"):
        ph.Scenario(fleet).grow(0)
