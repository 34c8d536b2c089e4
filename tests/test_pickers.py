"""The pickers: the CPU as boxes, the memory as sliders, pins on the host's own topology."""

import re
from collections.abc import Callable
from typing import Any

import pytest

import phyllome_nb as ph
from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.panels.calls import Calls
from phyllome_nb.panels.memory_picker import MemoryPicker
from phyllome_nb.panels.pin_picker import PinPicker
from phyllome_nb.panels.topology_picker import TopologyPicker
from support.four_cells import snapshot as four_cells
from support.panel import button, field, section, text, walk

GIB = 2**30


@pytest.fixture
def spec() -> ph.DomainSpec:
    """A VM of four vCPUs and 4 GiB."""
    made = ph.DomainSpec("web")
    made.vcpus.maximum, made.memory.maximum = 4, "4 GiB"
    return made


def picker(kind: Callable[..., Any], spec: ph.DomainSpec, snapshot: Snapshot | None = None) -> Any:
    """A picker that shows the definition again after each change, as a form does."""
    calls = Calls()
    follow: list[Callable[[], None]] = []
    made = kind(spec, lambda: snapshot, lambda: [each() for each in follow], calls)
    follow.append(made.refresh)
    made.refresh()
    made.told = calls.widget
    return made


def find(made: Any, description: str) -> Any:
    """The control of that description."""
    return next(each for each in walk(made.widget) if getattr(each, "description", "") == description)


def boxes(made: Any, kind: str) -> int:
    """How many boxes of a kind are drawn."""
    return len(re.findall(f'class="phy-{kind}[ "]', text(made.widget)))


def test_the_cpu_is_drawn_as_boxes(spec: ph.DomainSpec) -> None:
    """Sockets with cores with threads; what is not plugged in at the start looks and reads otherwise."""
    spec.cpu.topology.update(sockets=1, cores=2, threads=2)
    spec.vcpus.current = 3
    made = picker(TopologyPicker, spec)
    assert [boxes(made, kind) for kind in ("socket", "core", "thread")] == [1, 2, 4]
    assert text(made.widget).count("phy-unplugged") == 1
    assert "1 socket, 2 cores, 2 threads: 4 vCPUs; 1 are not plugged in" in text(made.widget)


def test_an_arrangement_that_is_chosen_is_written(spec: ph.DomainSpec) -> None:
    """And taken out again; dies are written only where they are more than one."""
    made = picker(TopologyPicker, spec)
    choice = find(made, "Topology")
    assert choice.value is None
    ways = {label.split(" · ")[0]: way for label, way in choice.options}
    choice.value = ways["2 sockets, 2 cores"]
    topology = spec.cpu.topology
    assert (topology.sockets, topology.dies, topology.cores, topology.threads) == (2, None, 2, 1)
    assert boxes(made, "socket") == 2
    choice.value = None
    assert topology.product() is None
    assert "as libvirt arranges them" in text(made.widget)


def test_arrangements_like_the_hosts_come_first_and_say_so(spec: ph.DomainSpec) -> None:
    """The host has two threads on each core."""
    made = picker(TopologyPicker, spec, ph.demo().snapshot())
    assert find(made, "Topology").options[1][0] == "1 socket, 2 cores, 2 threads · as the host"


def test_a_topology_that_does_not_make_the_vcpus_is_drawn_and_said(spec: ph.DomainSpec) -> None:
    """As it is, whatever it makes; one of thousands is cut."""
    spec.cpu.topology.update(sockets=1, cores=3, threads=1)
    made = picker(TopologyPicker, spec)
    assert boxes(made, "core") == 3
    assert "3 vCPUs, but the VM has 4" in text(made.widget)
    spec.vcpus.maximum = 4096
    spec.cpu.topology.update(sockets=1, cores=4096)
    made.refresh()
    assert boxes(made, "thread") == 256
    assert "the first 256 are drawn" in text(made.widget)


def test_memory_is_not_rounded_by_being_shown_or_by_the_other_slider(spec: ph.DomainSpec) -> None:
    """An odd amount stays to the byte."""
    spec.memory.maximum = "4194305 KiB"
    made = picker(MemoryPicker, spec, ph.demo().snapshot())
    assert spec.memory.maximum == 4194305 * 1024
    find(made, "current").value = 10
    assert (spec.memory.maximum, spec.memory.current) == (4194305 * 1024, ph.Size(4194305 * 512).ceil("KiB"))


def test_the_balloon_comes_along_and_is_never_more(spec: ph.DomainSpec) -> None:
    """Where it left all it leaves all; where it left less it is lowered only as far as it must be."""
    spec.memory.current = "4 GiB"
    made = picker(MemoryPicker, spec, ph.demo().snapshot())
    steps = made._steps
    find(made, "maximum").value = steps.index(8 * GIB)
    assert (spec.memory.maximum, spec.memory.current) == (8 * GIB, 8 * GIB)
    spec.memory.current = "3 GiB"
    find(made, "maximum").value = steps.index(4 * GIB)
    assert (spec.memory.maximum, spec.memory.current) == (4 * GIB, 3 * GIB)
    find(made, "maximum").value = steps.index(2 * GIB)
    assert (spec.memory.maximum, spec.memory.current) == (2 * GIB, 2 * GIB)


def test_the_memory_slider_ends_at_the_hosts_memory(spec: ph.DomainSpec) -> None:
    """Or at what the definition has, where that is more."""
    made = picker(MemoryPicker, spec, ph.demo().snapshot())
    assert made._steps[-1] == 64 * GIB
    spec.memory.maximum = "100 GiB"
    made.refresh()
    assert made._steps[-1] == 100 * GIB
    assert find(made, "maximum").value == find(made, "maximum").max


def test_a_slider_in_the_panel_changes_the_field_and_the_xml() -> None:
    """The field below says it exactly."""
    panel = ph.DomainPanel(ph.demo(), ph.profiles.linux(name="web", memory="4 GiB"))
    assert panel._reading.idle.wait(30)
    slider = next(each for each in walk(panel) if type(each).__name__ == "IntSlider" and each.description == "maximum")
    slider.value += 1
    assert str(panel.spec.memory.maximum) == "6 GiB"
    assert field(panel, "memory-maximum").value == "6 GiB"
    field(panel, "memory-maximum").value = "2 GiB"
    assert panel.spec.memory.maximum == 2 * GIB
    assert slider.value == next(number for number, step in enumerate(_steps(panel)) if step == 2 * GIB)


def _steps(panel: ph.DomainPanel) -> list[ph.Size]:
    picker = next(each._picker for each in panel._form._groups if each._title == "Memory")
    assert isinstance(picker, MemoryPicker)
    return picker._steps


def test_a_thread_is_pinned_by_pressing_cpus(spec: ph.DomainSpec) -> None:
    """Those that are pressed are in the definition; none takes the pin out."""
    made = picker(PinPicker, spec, four_cells())
    find(made, "Pin").value = "vCPU 1"
    for cpu in (24, 56):
        find(made, str(cpu)).value = True
    assert [(pin.vcpu, pin.cpuset) for pin in spec.cputune.vcpupins] == [(1, "24,56")]
    find(made, "Pin").value = "vCPU 0"
    assert not find(made, "24").value
    find(made, "Pin").value = "emulator"
    find(made, "25").value = True
    assert spec.cputune.emulatorpin == "25"
    find(made, "Pin").value = "vCPU 1"
    assert find(made, "24").value
    assert "vCPU 1: 24,56; emulator: 25." in text(made.widget)
    for cpu in (24, 56):
        find(made, str(cpu)).value = False
    assert len(spec.cputune.vcpupins) == 0


def test_who_has_a_cpu_already_is_said_by_a_sign_and_in_words(spec: ph.DomainSpec) -> None:
    """CPU 0 is given to db, which is not this VM."""
    made = picker(PinPicker, spec, four_cells())
    taken = find(made, "0•")
    assert re.fullmatch("CPU 0 of cell 0, given to .*db.*", taken.tooltip)
    assert "• is given to another VM" in text(made.widget)


def test_pins_are_proposed_that_take_nothing_from_others(spec: ph.DomainSpec) -> None:
    """And are all taken out by one press."""
    snapshot = four_cells()
    made = picker(PinPicker, spec, snapshot)
    button(made.widget, "Propose pins").click()
    pinned = {int(pin.cpuset or "-1") for pin in spec.cputune.vcpupins}
    assert len(pinned) == 4
    assert not pinned & set(range(8)), "which db has"
    button(made.widget, "Take all pins out").click()
    assert len(spec.cputune.vcpupins) == 0
    spec.vcpus.maximum = 500
    button(made.widget, "Propose pins").click()
    assert "There is no place for these pins." in made.told.value


def test_a_host_that_does_not_tell_its_cpus_is_said(spec: ph.DomainSpec) -> None:
    """As the simulated one; nothing is guessed."""
    made = picker(PinPicker, spec, ph.demo().snapshot())
    assert "does not tell which CPUs it has" in text(made.widget)
    assert not made._buttons


def test_the_pin_picker_is_in_the_panel() -> None:
    """In its section, which is closed at first."""
    panel = ph.DomainPanel(ph.demo(), ph.profiles.linux(name="web"))
    assert panel._reading.idle.wait(30)
    section(panel, "CPU tuning").value = True
    assert button(panel, "Propose pins")


def test_of_a_host_whose_processors_are_not_known_nothing_is_said_to_match(spec: ph.DomainSpec) -> None:
    """A capture of its capabilities alone does not tell how many threads a core has."""
    assert spec.vcpus.topologies(against=four_cells())["fits_host"].isna().all()
