"""DomainPanel on a VM that exists: what changes, who else wrote, undo, and the life of the VM."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

import phyllome_nb as ph
from support.panel import button, field, text, walk

SECONDS = 20


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@pytest.fixture
def panel() -> ph.DomainPanel:
    """A panel on a VM of the sample host that does not run."""
    host = ph.demo()
    return settled(ph.DomainPanel(host, host.domain("build-1")))


def settled(panel: ph.DomainPanel) -> ph.DomainPanel:
    """The panel, once its background work is done."""
    for work in (panel._reading, panel._writing, panel._life.work, panel._reading):
        assert work.idle.wait(SECONDS)
    return panel


def press(panel: ph.DomainPanel, label: str) -> str:
    """Press a button and return what the panel says of it."""
    button(panel, label).click()
    settled(panel)
    return said(panel._writing)


def said(work: Any) -> str:
    """A line of work, without its markup."""
    return re.sub("<[^>]*>", " ", str(work.widget.children[1].value)).strip()


def changes(panel: ph.DomainPanel) -> str:
    """What the tab of changes says to whom looks at it."""
    panel._tabs.selected_index = panel._tabs.titles.index("Changes")
    return re.sub("<style>.*</style>|<[^>]*>", " ", str(panel._changes.value), flags=re.DOTALL)


def test_an_edit_is_saved_and_shown_as_it_is_stored(panel: ph.DomainPanel) -> None:
    """The tab names the change before the write, and nothing after it; the definition held is the stored one."""
    assert "no difference" in changes(panel)
    field(panel, "title").value = "Builds"
    assert "rewrote title: Build machine, started when needed → Builds" in changes(panel)
    assert "'build-1' is changed on demo" in press(panel, "Save").replace("&#x27;", "'")
    assert panel.host.domain("build-1").title == "Builds"
    assert "no difference" in changes(panel)
    assert panel.spec == panel.host.domain("build-1")


def test_the_effect_is_the_difference_and_not_one_more_vm(panel: ph.DomainPanel) -> None:
    """A VM that is there already is counted once, with what it will have."""
    was = panel.host.domain("build-1").memory.maximum.to("GiB")
    field(panel, "memory-maximum").value = f"{was + 2} GiB"
    assert "once this VM was started again" in panel._effect.value
    before, after = re.findall(r"([\d.]+) → ([\d.]+) of 64 GiB", panel._effect.value)[-1]
    assert float(after) - float(before) == 2


def test_a_button_pressed_as_soon_as_a_write_is_told_is_heard(panel: ph.DomainPanel) -> None:
    """Who reads that it is saved may press Undo at once: the form may still be catching up."""
    before = panel.host.domain("build-1")

    def press_undo(change: dict[str, Any]) -> None:
        if "is changed on" in change["new"]:
            panel.undo()

    panel._writing.widget.children[1].observe(press_undo, "value")
    field(panel, "title").value = "Builds"
    assert "is put back" in press(panel, "Save")
    assert panel.host.domain("build-1") == before


def test_undo_puts_the_stored_definition_and_the_form_back(panel: ph.DomainPanel) -> None:
    """The button appears after a write, and goes once it was used."""
    before = panel.host.domain("build-1")
    assert button(panel, "Undo").layout.display == "none"
    field(panel, "title").value = "Builds"
    press(panel, "Save")
    assert button(panel, "Undo").layout.display == ""
    assert "is put back" in press(panel, "Undo")
    assert panel.host.domain("build-1") == before
    assert field(panel, "title").value == (before.title or "")
    assert button(panel, "Undo").layout.display == "none"


def test_somebody_elses_write_is_shown_with_a_choice(panel: ph.DomainPanel) -> None:
    """Nothing is written before a choice was made and saved; then both changes are there."""
    field(panel, "title").value = "mine"
    theirs = panel.host.domain("build-1")
    theirs.description = "theirs"
    panel.host.change(theirs).apply()
    assert "Somebody else has changed" in press(panel, "Save")
    before = panel.host.domain("build-1").title
    assert before != "mine"
    table = re.sub("<style>.*</style>|<[^>]*>", " ", panel._conflict.widget.children[0].value, flags=re.DOTALL)
    assert "theirs" in table
    assert "mine" in table
    button(panel, "Put my changes on top of theirs").click()
    assert panel.host.domain("build-1").title == before
    assert (panel.spec.title, panel.spec.description) == ("mine", "theirs")
    assert field(panel, "description").value == "theirs"
    assert "is changed" in press(panel, "Save")
    stored = panel.host.domain("build-1")
    assert (stored.title, stored.description) == ("mine", "theirs")


@pytest.mark.parametrize(("label", "title"), [("mine where they clash", "mine"), ("theirs where they clash", "theirs")])
def test_where_both_changed_one_thing_the_person_decides(panel: ph.DomainPanel, label: str, title: str) -> None:
    """Each way is a button; theirs can also be taken as it is."""
    field(panel, "title").value = "mine"
    theirs = panel.host.domain("build-1")
    theirs.title = "theirs"
    panel.host.change(theirs).apply()
    press(panel, "Save")
    assert "Take theirs, drop mine" in [getattr(each, "description", "") for each in walk(panel._conflict.widget)]
    button(panel, label).click()
    press(panel, "Save")
    assert panel.host.domain("build-1").title == title


def test_the_life_of_the_vm_is_led_by_buttons(panel: ph.DomainPanel) -> None:
    """Each answers with one sentence; what destroys something asks first, and can be called off."""
    running = panel.host.snapshot().running
    press(panel, "Start")
    assert said(panel._life.work) == "build-1 runs."
    assert "runs with what it has" in panel._notes.value
    button(panel, "Force off …").click()
    assert "What it has not written to its disks is lost." in text(panel)
    button(panel, "Cancel").click()
    settled(panel)
    assert panel.host.snapshot().running == running + 1
    button(panel, "Force off …").click()
    (sure,) = (each for each in walk(panel) if getattr(each, "description", "") == "Force off")
    sure.click()
    settled(panel)
    assert said(panel._life.work).startswith("build-1 was forced off")
    assert panel.host.snapshot().running == running


def test_undefining_asks_about_each_thing_that_goes_along(panel: ph.DomainPanel) -> None:
    """Without a choice nothing is done, and the sentence names what is undecided."""
    host = panel.host
    host.ask("a snapshot", lambda c: c.lookupByName("build-1").snapshotCreateXML("<domainsnapshot/>", 0))
    button(panel, "Undefine …").click()
    settled(panel)
    assert "what libvirt knows of its snapshots" in " ".join(
        str(getattr(each, "description", "")) for each in walk(panel)
    )
    (sure,) = (each for each in walk(panel) if getattr(each, "description", "") == "Undefine")
    sure.click()
    settled(panel)
    assert "Nothing was done" in said(panel._life.work)
    button(panel, "Undefine …").click()
    settled(panel)
    for each in walk(panel._life.widget):
        if type(each).__name__ == "Dropdown":
            each.value = "remove"
    (sure,) = (each for each in walk(panel) if getattr(each, "description", "") == "Undefine")
    sure.click()
    settled(panel)
    assert "build-1 is undefined" in said(panel._life.work)
    assert "build-1" not in [spec.name for spec in host.domains()]
    assert host.history("build-1")[-1].spec.name == "build-1"


def test_a_new_vm_can_be_undone_and_lives(panel: ph.DomainPanel) -> None:
    """After Define the buttons of its life are there; Undo undefines it."""
    fresh = settled(ph.DomainPanel(panel.host, ph.profiles.linux(name="fresh")))
    assert fresh._life.widget.layout.display == "none"
    press(fresh, "Define")
    assert fresh._life.widget.layout.display == ""
    assert "no longer defined" in press(fresh, "Undo")
    assert "fresh" not in [spec.name for spec in panel.host.domains()]
    assert "is defined" in press(fresh, "Define")


@pytest.mark.parametrize(
    ("verb", "typed", "answer"),
    [
        ("Set memory", "3 GiB", "build-1 has 3 GiB of memory from its next start on."),
        ("Set memory", "lots", "is not a size"),
        ("Set memory", "900 GiB", "is more than the maximum"),
        ("Set vCPUs", "3", "build-1 has 3 vCPUs from its next start on."),
        ("Set vCPUs", "three", "is not a whole number"),
        ("Set vCPUs", "0", "is too small"),
        ("Rename", "build-9", "build-1 is now called build-9."),
        ("Rename", "..", "cannot name a VM"),
        ("Clone the definition", "build-2", "'build-2' is defined on demo"),
        ("Clone the definition", "web-1", "A VM named 'web-1' exists; it is unchanged"),
    ],
)
def test_what_is_typed_for_a_vm_is_done_or_refused_in_one_sentence(
    panel: ph.DomainPanel, verb: str, typed: str, answer: str
) -> None:
    """Memory and vCPUs, another name, a copy: each answers, and wrong input changes nothing."""
    before = panel.host.domain("build-1")
    (entry,) = (
        each
        for each in walk(panel._life.widget)
        if [getattr(child, "description", "") for child in getattr(each, "children", ())][1:] == [verb]
    )
    entry.children[0].value = typed
    entry.children[1].click()
    settled(panel)
    assert answer in unescape(said(panel._life.work))
    if not answer.startswith("build-1 "):
        assert panel.host.domain("build-1") == before
    if verb == "Rename" and typed != "..":
        press(panel, "Start")
        assert said(panel._life.work) == "build-9 runs."
