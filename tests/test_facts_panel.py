"""What the panels of hosts and fleets are made of: policy controls and tables to look through."""

import re
from typing import Any

import pandas as pd
import pytest

import phyllome_nb as ph
from phyllome_nb.panels.calls import Calls
from phyllome_nb.panels.policy_controls import PolicyControls
from phyllome_nb.panels.table_view import PAGE, TableView
from support import four_cells
from support.panel import button, walk


def control(of: Any, label: str) -> Any:
    """The control with this label."""
    return next(each for each in walk(of.widget) if getattr(each, "description", "") == label)


def slider(of: Any, label: str) -> Any:
    """The slider beside the text with this label."""
    return next(each for each in walk(of.widget) if "Slider" in type(each).__name__ and each.tooltip == label)


@pytest.fixture
def changes() -> list[ph.Policy]:
    """What was told."""
    return []


@pytest.fixture
def controls(changes: list[ph.Policy]) -> PolicyControls:
    """Controls that begin with nova."""
    made: PolicyControls = PolicyControls(lambda: changes.append(made.policy), Calls(), "nova")
    return made


def test_a_preset_sets_the_numbers_and_names_their_source(controls: PolicyControls, changes: list[ph.Policy]) -> None:
    """Once told for each choice, with the preset itself."""
    assert control(controls, "vCPUs for each CPU").value == "4"
    assert control(controls, "Kept for the host").value == "512 MiB"
    control(controls, "Policy").value = "ovirt_server"
    assert changes == [ph.Policy.preset("ovirt_server")]
    assert control(controls, "vCPUs for each CPU").value == "no limit"
    assert control(controls, "GiB for each GiB").value == "1.5"
    assert "host_mem_reserve" in controls.widget.children[-1].value


def test_what_is_typed_and_what_is_dragged_make_a_policy_of_ones_own(
    controls: PolicyControls, changes: list[ph.Policy]
) -> None:
    """Each is told once; the other numbers of the preset stay."""
    control(controls, "vCPUs for each CPU").value = "2.5"
    assert [each.cpu_ratio for each in changes] == [2.5]
    assert control(controls, "Policy").value == "own"
    assert slider(controls, "vCPUs for each CPU").value == 2.5
    slider(controls, "GiB for each GiB").value = 1.2
    assert [each.memory_ratio for each in changes] == [1.0, 1.2]
    assert control(controls, "GiB for each GiB").value == "1.2"
    control(controls, "Kept for the host").value = "2 GiB"
    control(controls, "CPUs kept").value = 2
    assert controls.policy.reserved("any").memory == ph.Size("2 GiB")
    assert controls.policy.reserved("any").cpus == 2
    control(controls, "vCPUs for each CPU").value = "30"  # beyond the slider's end
    control(controls, "vCPUs for each CPU").value = "no limit"
    assert [each.cpu_ratio for each in changes[-2:]] == [30, None]
    assert len(changes) == 6


@pytest.mark.parametrize(
    ("label", "typed", "says"),
    [
        ("vCPUs for each CPU", "lots", "is no number above zero"),
        ("vCPUs for each CPU", "", "is no number above zero"),
        ("GiB for each GiB", "-1", "is no number above zero"),
        ("GiB for each GiB", "nan", "is no number above zero"),
        ("Kept for the host", "<b>2", "&lt;b&gt;2"),
        ("Kept for the host", "", "size"),
    ],
)
def test_what_cannot_be_meant_is_said_and_changes_nothing(
    controls: PolicyControls, changes: list[ph.Policy], label: str, typed: str, says: str
) -> None:
    """What held before holds, and what was typed stays where it is."""
    control(controls, label).value = typed
    assert says in controls.widget.children[-1].value
    assert changes == []
    assert controls.policy == ph.Policy.preset("nova")
    assert control(controls, label).value == typed


def test_reservations_for_one_host_are_kept(changes: list[ph.Policy]) -> None:
    """The controls speak of what is kept on every host."""
    from phyllome_nb.capacity.policy import Policy, Reservation

    own = Policy("mine", reservations=(Reservation(ph.Size("1 GiB"), host="hv1"), Reservation(cpus=1)))
    made: PolicyControls = PolicyControls(lambda: changes.append(made.policy), Calls(), own)
    assert made.policy is own
    control(made, "CPUs kept").value = 3
    assert changes[0].reserved("hv1").memory == ph.Size("1 GiB")
    assert (changes[0].reserved("hv1").cpus, changes[0].reserved("hv2").memory) == (3, 0)


@pytest.fixture
def view() -> TableView:
    """Two tables, one of many rows."""
    snap = four_cells.snapshot()
    shown = TableView({"VMs": snap.allocations, "CPUs": lambda: snap.capacity("cpu")}, Calls())
    shown.refresh()
    return shown


def names(view: TableView) -> list[str]:
    """What is in the column of names, on all pages."""
    found: list[str] = view.table["name"].tolist()
    return found


def test_a_table_is_filtered_and_ordered_at_once(view: TableView) -> None:
    """By what is typed and chosen; a filter that cannot be understood is said, and the rows stay."""
    control(view, "Filter").value = "vcpus>=8"
    assert names(view) == ["batch", "db", "wide"]
    control(view, "Order by").value = "memory_gib"
    assert names(view) == ["db", "wide", "batch"]
    control(view, "largest first").value = True
    assert names(view) == ["batch", "db", "wide"]
    html = view._shown.value
    assert re.findall("<td>(batch|db|wide)</td>", html) == ["batch", "db", "wide"]
    assert "web-1" not in html
    control(view, "Filter").value = "vcpu>=8"
    assert "There is no column &#x27;vcpu&#x27;" in view._where.value
    assert view._shown.value == html


def test_columns_that_say_nothing_are_left_out_on_the_screen_alone(view: TableView) -> None:
    """Nobody knows the resident memory of captured VMs; the table has the column all the same."""
    assert "rss" not in view._shown.value
    assert "rss_gib" in view.table.columns
    assert "<small>GiB</small>" in view._shown.value
    assert "<td>yes</td>" in view._shown.value
    assert not re.search("<td[^>]*>(True|False|<NA>|nan)</td>", view._shown.value)
    assert '<td class="number">16</td>' in view._shown.value


def test_a_long_table_has_pages(view: TableView) -> None:
    """Back and on; a filter begins anew at the first one."""
    control(view, "Table").value = "CPUs"
    assert f"Rows 1 to {PAGE} of 64" in view._where.value
    assert button(view.widget, "Previous page").disabled
    button(view.widget, "Next page").click()
    assert f"Rows {PAGE + 1} to 64 of 64" in view._where.value
    assert button(view.widget, "Next page").disabled
    control(view, "Filter").value = "cell=0"
    assert "Rows 1 to 16 of 16" in view._where.value
    control(view, "Filter").value = "cell=9"
    assert "No row" in view._where.value


def test_another_table_begins_as_it_is(view: TableView) -> None:
    """An order by a column that the other table lacks is forgotten."""
    control(view, "Order by").value = "memory_gib"
    control(view, "Table").value = "CPUs"
    assert control(view, "Order by").value == "as it is"
    assert isinstance(view.table, pd.DataFrame)
