"""The pickers without a browser: what is chosen reaches the definition, and what is shown follows it exactly."""

from typing import Any

import phyllome_nb as ph
from phyllome_nb.panels.calls import Calls
from phyllome_nb.panels.memory_picker import MemoryPicker
from phyllome_nb.panels.pin_picker import PinPicker
from phyllome_nb.panels.topology_picker import TopologyPicker
from phyllome_nb.size import Size
from support import four_cells
from support.panel import button, field, text, walk


def named(panel: Any, description: str) -> Any:
    """Return the one control of this description."""
    (found,) = (each for each in walk(panel) if getattr(each, "description", None) == description)
    return found


def sliders(panel: Any) -> list[Any]:
    """Return the sliders from top to bottom."""
    return [each for each in walk(panel) if type(each).__name__ == "IntSlider"]


def guest(vcpus: int = 8, memory: str = "4 GiB") -> ph.DomainSpec:
    """Return a definition of some size."""
    spec = ph.DomainSpec("web")
    spec.vcpus.maximum, spec.memory.maximum = vcpus, memory
    return spec


def test_choosing_a_topology_sets_all_of_it_at_once_and_choosing_none_takes_it_out() -> None:
    """The host's threads come first; one call tells of the change."""
    spec, told = guest(), list[int]()
    host = ph.demo().snapshot()
    picker = TopologyPicker(spec, lambda: host, lambda: told.append(1), Calls())
    choice = named(picker.widget, "Topology")
    assert choice.label == "libvirt's own: 8 sockets of one core"
    assert choice.options[1][0] == "1 socket, 4 cores, 2 threads (as the host's)"
    before = spec.to_xml()
    choice.value = choice.options[1][1]
    topology = spec.cpu.topology
    assert (topology.sockets, topology.dies, topology.cores, topology.threads) == (1, None, 4, 2)
    assert "1 socket, 4 cores, 2 threads: 8 vCPUs" in text(picker.widget)
    choice.value = ()
    assert (spec.to_xml(), told) == (before, [1, 1])


def test_boxes_show_what_is_not_plugged_in_and_the_cells() -> None:
    """In words as well as by looks."""
    spec = guest()
    spec.vcpus.current = 6
    spec.cpu.topology.update(sockets=2, cores=2, threads=2)
    for cell, cpus in enumerate(("0-3", "4-7")):
        spec.cpu.numa.cells.add(id=cell, cpus=cpus, memory="2 GiB")
    shown = text(TopologyPicker(spec, lambda: None, lambda: None, Calls()).widget)
    assert "of which 6-7 are not plugged in at boot" in shown
    assert "cell 1 has 4-7" in shown
    assert "socket 1, cell 1" in shown
    assert shown.count('phy-unplugged">') == 3  # two vCPUs and the legend


def test_large_and_wrong_topologies_are_summed_up_and_told() -> None:
    """Nothing is drawn without end, and a product that is not the maximum is said."""
    spec = guest(6)
    spec.cpu.topology.update(sockets=40, cores=32, threads=1)
    picker = TopologyPicker(spec, lambda: None, lambda: None, Calls())
    shown = text(picker.widget)
    assert "… and 24 sockets more" in shown
    assert "The topology makes 1280 vCPUs, and the maximum is 6" in shown
    spec.vcpus.maximum = 1280
    picker.refresh()
    assert "phy-error" not in text(picker.widget)


def test_memory_is_shown_to_the_last_kib_and_not_rounded_by_the_other_slider() -> None:
    """4194305 KiB stays so while the unit changes and the balloon is moved."""
    spec, told = guest(memory="4194305 KiB"), list[int]()
    picker = MemoryPicker(spec, lambda: None, lambda: told.append(1), Calls())
    before = spec.to_xml()
    assert named(picker.widget, "Memory").value == "4096.0009765625"
    next(each for each in walk(picker.widget) if type(each).__name__ == "Dropdown").value = "GiB"
    assert named(picker.widget, "Memory").value == "4.00000095367431640625"
    picker.refresh()
    assert (spec.to_xml(), told) == (before, [])
    sliders(picker.widget)[1].value = 4
    assert (spec.memory.maximum, spec.memory.current) == (Size("4194305 KiB"), Size("128 MiB"))
    assert told == [1]


def test_the_maximum_carries_an_equal_balloon_along_and_clamps_another() -> None:
    """What was left out stays left out, and clamping is said."""
    spec = guest()
    picker = MemoryPicker(spec, lambda: None, lambda: None, Calls())
    memory = named(picker.widget, "Memory")
    memory.value = "6"
    assert (spec.memory.maximum, spec.memory.current) == (Size("6 GiB"), None)
    spec.memory.current = "6 GiB"
    memory.value = "8"
    assert spec.memory.current == Size("8 GiB")
    spec.memory.current = "5 GiB"
    memory.value = "7"
    assert spec.memory.current == Size("5 GiB")
    memory.value = "3"
    assert spec.memory.current == Size("3 GiB")
    assert "The balloon left 5 GiB" in text(picker.widget)


def test_memory_that_cannot_be_is_refused_in_one_sentence() -> None:
    """The definition is unchanged."""
    spec = guest()
    picker = MemoryPicker(spec, four_cells.snapshot, lambda: None, Calls())
    before = spec.to_xml()
    for name, typed in (("Memory", "much"), ("Memory", "0"), ("Balloon leaves", "5")):
        named(picker.widget, name).value = typed
        assert "phy-error" in text(picker.widget), typed
        picker.refresh()
    assert spec.to_xml() == before


def test_cpus_are_pressed_to_pin_and_say_who_has_them() -> None:
    """A cell at a time where there are many; signs and words, not colour alone."""
    spec, told = guest(4), list[int]()
    host = four_cells.snapshot()
    picker = PinPicker(spec, lambda: host, lambda: told.append(1), Calls())
    assert len(list(walk(picker.widget))) == 3
    named(picker.widget, "Pin on the host's CPUs …").value = True
    assert named(picker.widget, "0 ×2").tooltip == "CPU 0: shared by 2: db, spare"
    assert named(picker.widget, "2 ■").tooltip == "CPU 2: dedicated by db"
    named(picker.widget, "8 ×1").value = True
    named(picker.widget, "24").value = True
    assert [(each.vcpu, each.cpuset) for each in spec.cputune.vcpupins] == [(0, "8,24")]
    assert named(picker.widget, "✓ 24").value
    named(picker.widget, "Pin").value = ("emulator", 0)
    named(picker.widget, "25").value = True
    assert spec.cputune.emulatorpin == "25"
    button(picker.widget, "Clear").click()
    assert "emulatorpin" not in spec.to_xml()
    assert len(told) == 4


def test_one_to_one_passes_over_what_is_dedicated_and_propose_finds_a_place() -> None:
    """From the chosen vCPU's own CPU on, and nothing where there are too few."""
    spec = guest(4)
    host = four_cells.snapshot()
    picker = PinPicker(spec, lambda: host, lambda: None, Calls())
    named(picker.widget, "Pin on the host's CPUs …").value = True
    button(picker.widget, "One to one").click()
    assert [each.cpuset for each in spec.cputune.vcpupins] == ["32", "33", "34", "35"]
    named(picker.widget, "Pin").value = ("vcpus", 0)
    button(picker.widget, "Clear").click()
    assert len(spec.cputune.vcpupins) == 0
    button(picker.widget, "Propose").click()
    assert len(spec.cputune.vcpupins) == 4
    assert "phy-done" in text(picker.widget)


def test_pins_say_so_where_the_host_is_not_known_or_a_pin_is_no_list() -> None:
    """One sentence, and what is there stays."""
    spec = guest(2)
    picker = PinPicker(spec, lambda: None, lambda: None, Calls())
    named(picker.widget, "Pin on the host's CPUs …").value = True
    assert "its CPUs are not known" in text(picker.widget)
    spec.cputune.vcpupins.add(vcpu=0, cpuset="bad")
    host = ph.demo().snapshot()
    other = PinPicker(spec, lambda: host, lambda: None, Calls())
    named(other.widget, "Pin on the host's CPUs …").value = True
    assert "phy-error" in text(other.widget)
    assert spec.cputune.vcpupins[0].cpuset == "bad"


def test_a_host_of_many_cpus_is_shown_a_cell_at_a_time() -> None:
    """256 CPUs in two cells: the other cell is one choice away, and pins in it stay."""
    cells = "".join(
        f"<cell id='{cell}'><memory unit='GiB'>8</memory><cpus>"
        + "".join(f"<cpu id='{cpu}' siblings='{cpu}'/>" for cpu in range(cell * 128, cell * 128 + 128))
        + "</cpus></cell>"
        for cell in (0, 1)
    )
    host = ph.Snapshot.from_xml(
        f"<capabilities><host><topology><cells>{cells}</cells></topology></host></capabilities>"
    )
    spec = guest(2)
    picker = PinPicker(spec, lambda: host, lambda: None, Calls())
    named(picker.widget, "Pin on the host's CPUs …").value = True
    named(picker.widget, "5").value = True
    named(picker.widget, "Cell").value = 1
    named(picker.widget, "200").value = True
    assert spec.cputune.vcpupins[0].cpuset == "5,200"
    assert sum(type(each).__name__ == "ToggleButton" for each in walk(picker.widget)) == 1 + 128


def test_a_number_in_a_picker_changes_the_field_and_the_xml() -> None:
    """The field below says the same, and back."""
    panel = ph.DomainPanel(ph.demo(), ph.profiles.linux(name="web", memory="4 GiB"))
    assert panel._reading.idle.wait(30)
    number = next(each for each in walk(panel) if getattr(each, "description", "") == "Memory")
    number.value = "6"
    assert str(panel.spec.memory.maximum) == "6 GiB"
    assert field(panel, "memory-maximum").value == "6 GiB"
    field(panel, "memory-maximum").value = "1536 MiB"
    assert number.value == "1.5"


def test_pins_of_the_picker_are_in_their_section() -> None:
    """Though the picker is in another one; a host that does not tell its CPUs is said."""
    panel = ph.DomainPanel(ph.demo(), ph.profiles.linux(name="web"))
    assert panel._reading.idle.wait(30)
    button(panel, "Pin on the host's CPUs").value = True
    assert "does not tell its CPUs one by one" in text(panel)


def test_of_a_host_whose_processors_are_not_known_nothing_is_said_to_match() -> None:
    """A capture of its capabilities alone does not tell how many threads a core has."""
    table = ph.DomainSpec("web").vcpus.topologies(4, against=four_cells.snapshot())
    assert table["fits_host"].isna().all()


def test_a_proposal_can_be_taken_back_whole() -> None:
    """It sets more than pins: where the memory lies, too."""
    spec = guest()
    spec.numatune.memory.update(mode="preferred", nodeset="1")
    before = spec.to_xml()
    picker = PinPicker(spec, four_cells.snapshot, lambda: None, Calls())
    button(picker.widget, "Pin on the host's CPUs").value = True
    button(picker.widget, "Propose").click()
    assert (len(spec.cputune.vcpupins), spec.numatune.memory.mode) == (8, "strict")
    assert "Proposed, with the memory beside it" in text(picker.widget)
    button(picker.widget, "Take the proposal back").click()
    assert spec.to_xml() == before


def test_what_a_picker_says_stays_when_the_form_shows_all_anew() -> None:
    """Also in the panel: that the balloon was lowered, too, is read there."""
    panel = ph.DomainPanel(ph.demo(), ph.profiles.linux(name="web", memory="4 GiB"))
    assert panel._reading.idle.wait(30)
    panel.spec.memory.current = "3 GiB"
    panel.refresh()
    next(each for each in walk(panel) if getattr(each, "description", "") == "Memory").value = "2"
    assert "The balloon left 3 GiB, which is more than there is now" in text(panel)
