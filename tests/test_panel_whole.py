"""The panel reaches the whole definition: fields found, devices moved, XML written, and the ways to begin."""

import html
import re
import threading
from pathlib import Path
from typing import Any

import pytest

import phyllome_nb as ph
from phyllome_nb.panels.calls import Calls
from phyllome_nb.panels.form import Form
from support.panel import button, complaint, field, pieces, section, text, walk

SECONDS = 30
DISKS = """<domain type='kvm'><name>store</name><memory>1048576</memory><vcpu>1</vcpu>
  <os><type>hvm</type></os>
  <devices>
    <disk type='file' device='disk'><source file='/a'/><target dev='vda' bus='virtio'/><serial>A1</serial></disk>
    <!-- between -->
    <disk type='file' device='disk'><source file='/b'/><target dev='vdb' bus='virtio'/></disk>
    <interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/></interface>
    <disk type='file' device='disk'><source file='/c'/><target dev='vdc' bus='virtio'/></disk>
    <graphics type='vnc' passwd='geheim'/>
  </devices>
</domain>"""


@pytest.fixture
def panel() -> ph.DomainPanel:
    """A panel for a definition with three disks and a password, on the sample host."""
    return opened(ph.DomainSpec.from_xml(DISKS))


def opened(spec: ph.DomainSpec) -> ph.DomainPanel:
    """A panel that has read the sample host."""
    made = ph.DomainPanel(ph.demo(), spec)
    settle(made)
    return made


def settle(panel: ph.DomainPanel) -> None:
    """Wait until nothing runs beside."""
    for work in (panel._start.work, panel._reading, panel._writing, panel._reading):
        assert work.idle.wait(SECONDS)


def find(panel: ph.DomainPanel, typed: str) -> list[str]:
    """Type into the search and return the names of the fields that are offered."""
    (box,) = (each for each in walk(panel) if "phy-find" in getattr(each, "_dom_classes", ()))
    box.value = typed
    (found,) = (each for each in walk(panel) if "phy-found" in getattr(each, "_dom_classes", ()))
    return [each.description.split(" · ")[0] for each in found.children]


def choose(panel: Any, description: str) -> Any:
    """The control of that description."""
    return next(each for each in walk(panel) if getattr(each, "description", "") == description)


def test_every_field_is_reached_by_its_name() -> None:
    """The form shows each of the fields that there are, in a definition that has none of them."""
    form = Form(ph.DomainSpec("bare"), lambda: None, Calls())
    for name in ph.fields()["attribute"]:
        group = next(each for each in form._groups if each.holds(name))
        form.state.wanted = {name}
        assert group.is_shown(), name


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("free page", "devices.memballoon.free_page_reporting"),
        ("driver/@cache", "devices.disks[].cache"),
        ("-smp", "vcpus.maximum"),
        ("<currentMemory>", "memory.current"),
        ("KSM", "memory.nosharepages"),
    ],
)
def test_a_field_is_found_by_its_name_its_xml_or_its_qemu_option(panel: ph.DomainPanel, typed: str, name: str) -> None:
    """Its button shows the field, which then changes the definition."""
    assert name in find(panel, typed)
    next(each for each in walk(panel) if getattr(each, "description", "").startswith(f"{name} ·")).click()
    assert field(panel, name.replace("[]", "-0").replace(".", "-").replace("_", "-"))


def test_what_no_field_is_called_is_said_in_one_sentence(panel: ph.DomainPanel) -> None:
    """It says where else it can be written."""
    assert find(panel, "flux capacitor") == []
    assert "No field is called" in text(panel)


def test_a_field_of_a_device_that_is_not_there_leads_to_the_button_that_adds_one(panel: ph.DomainPanel) -> None:
    """Once one is added, the field is shown in it."""
    find(panel, "watchdog action")
    button(panel, "devices.watchdogs[].action").click()
    button(panel, "Add watchdog").click()
    field(panel, "devices-watchdogs-0-action").value = "pause"
    assert panel.spec.devices.watchdogs[0].action == "pause"


def test_a_device_is_duplicated_with_a_name_and_identity_of_its_own(panel: ph.DomainPanel) -> None:
    """What no two devices share is left out; all else is the same."""
    section(panel, "Disk").value = True
    section(panel, "Network interface").value = True
    button(panel, "Duplicate disk 1").click()
    button(panel, "Duplicate network interface 1").click()
    disk, card = panel.spec.devices.disks[3], panel.spec.devices.interfaces[1]
    assert (disk.file, disk.target, disk.bus, disk.serial) == ("/a", "vdd", "virtio", None)
    assert (card.network, card.mac) == ("default", None)


def test_a_device_is_moved_and_nothing_else_moves(panel: ph.DomainPanel) -> None:
    """The order of the disks changes; comments and other devices stay in their places."""
    section(panel, "Disk").value = True
    button(panel, "Move disk 3 up").click()
    button(panel, "Move disk 2 up").click()
    assert [disk.file for disk in panel.spec.devices.disks] == ["/c", "/a", "/b"]
    assert field(panel, "devices-disks-0-file").value == "/c"
    tags = re.findall("<(disk|interface|graphics|!-- between)", panel.spec.to_xml())
    assert tags == ["disk", "!-- between", "disk", "interface", "disk", "graphics"]
    assert button(panel, "Move disk 1 up").disabled
    assert button(panel, "Move disk 3 down").disabled


def edit(panel: ph.DomainPanel) -> Any:
    """Open the XML for editing and return the text."""
    toggle = button(panel, "Edit the XML")
    toggle.value = True
    return next(each for each in walk(panel) if "phy-text" in getattr(each, "_dom_classes", ()))


def test_xml_that_is_written_is_the_definition_of_the_form(panel: ph.DomainPanel) -> None:
    """The form follows, and what the form changes is in the text."""
    area = edit(panel)
    area.value = area.value.replace("<vcpu>1</vcpu>", "<vcpu>3</vcpu>")
    assert panel.spec.vcpus.maximum == 3
    assert field(panel, "vcpus-maximum").value == "3"
    field(panel, "vcpus-maximum").value = "5"
    assert "<vcpu>5</vcpu>" in area.value


def test_a_mistake_is_marked_at_its_line_and_the_last_good_state_stays(panel: ph.DomainPanel) -> None:
    """Neither the definition nor what was written is lost; mended, it is taken."""
    area = edit(panel)
    wrong = area.value.replace("</os>", "</so>").replace("<vcpu>1<", "<vcpu>2<")
    area.value = wrong
    number = 1 + wrong[: wrong.index("</so>")].count("\n")
    assert f"✕ {number}</span>" in text(panel)
    assert "stay as they were before" in text(panel)
    assert (panel.spec.vcpus.maximum, area.value) == (1, wrong)
    field(panel, "title").value = "changed meanwhile"
    assert area.value == wrong
    area.value = wrong.replace("</so>", "</os>")
    assert panel.spec.vcpus.maximum == 2
    assert "✕" not in re.sub("<style>.*</style>", "", text(panel))


def test_one_can_go_back_to_the_last_good_state(panel: ph.DomainPanel) -> None:
    """The text is then the definition again."""
    area = edit(panel)
    good = area.value
    area.value = "<domain>"
    button(panel, "Back to the last good state").click()
    assert area.value == good


def test_what_the_rules_find_is_marked_at_its_line(panel: ph.DomainPanel) -> None:
    """As an element that libvirt does not know."""
    area = edit(panel)
    area.value = area.value.replace("<vcpu>1</vcpu>", "<vcpu>1</vcpu>\n<vpcu/>")
    number = 1 + area.value[: area.value.index("<vpcu")].count("\n")
    assert f"✕ {number}</span>" in text(panel)


def test_passwords_are_kept_back_from_the_text_and_not_lost(panel: ph.DomainPanel) -> None:
    """Also one that is typed into it, and in text that is no XML."""
    area = edit(panel)
    assert 'passwd="••••••1"' in area.value
    area.value = area.value.replace("<vcpu>1<", "<vcpu>2<")
    assert 'passwd="geheim"' in panel.spec.to_xml()
    area.value = area.value.replace("••••••1", "anderes")
    assert 'passwd="anderes"' in panel.spec.to_xml()
    assert "anderes" not in area.value
    area.value = area.value.replace("••••••2", "drittes").replace("</os>", "")
    assert 'passwd="anderes"' in panel.spec.to_xml()
    assert "drittes" not in "".join(str(each.value) for each in walk(panel) if hasattr(each, "value"))


def test_only_the_piece_that_changed_is_sent(panel: ph.DomainPanel) -> None:
    """The XML to look at is in pieces; together they are the whole text."""
    (box,) = (each for each in walk(panel) if "phy-pieces" in getattr(each, "_dom_classes", ()))
    before = [each.value for each in box.children]
    field(panel, "memory-maximum").value = "3 GiB"
    after = [each.value for each in box.children]
    assert sum(old != new for old, new in zip(before, after, strict=True)) == 1
    shown = html.unescape(re.sub("<[^>]*>", "", re.sub("</span>(?=<span class=.phy-line)", "\n", pieces(panel))))
    assert shown == panel.spec.public_xml()


def begin(panel: ph.DomainPanel, kind: str, **told: object) -> str:
    """Choose a beginning, tell what it asks for, press Begin, and return what is said."""
    button(panel, "Begin with").value = True
    choose(panel, "Begin with").value = kind
    for description, value in told.items():
        choose(panel, description.replace("_", " ")).value = value
    button(panel._start.widget.children[1], "Begin").click()
    settle(panel)
    return html.unescape(str(panel._start.work.widget.children[1].value))


def test_one_begins_with_a_profile(panel: ph.DomainPanel) -> None:
    """Its name is the one that was typed, else one that is free; what was there can be had again."""
    before = panel.spec.to_xml()
    begin(panel, "a profile", Profile="windows_11", Name_of_the_new_VM="office")
    assert (panel.spec.name, panel.spec.devices.tpms[0].version) == ("office", "2.0")
    assert field(panel, "name").value == "office"
    button(panel, "Back to what was here").click()
    assert panel.spec.to_xml() == before


def test_one_begins_with_a_vm_and_then_changes_it(panel: ph.DomainPanel) -> None:
    """The button then saves, and the changes are listed."""
    begin(panel, "a VM of this host", VM="build-1")
    assert panel.spec == panel.host.domain("build-1")
    assert panel._define.description == "Save"
    assert "Changes" in panel._tabs.titles
    field(panel, "title").value = "Builds"
    panel.define()
    settle(panel)
    assert panel.host.domain("build-1").title == "Builds"


def test_one_begins_with_a_clone(panel: ph.DomainPanel) -> None:
    """It is another VM: without the uuid and the MAC addresses of the first."""
    begin(panel, "a clone of a VM", VM="web-1")
    spec = panel.spec
    assert (spec.name, spec.uuid, spec.devices.interfaces[0].mac) == ("web-1-2", None, None)
    assert panel._define.description == "Define"
    panel.define()
    assert "web-1" in html.unescape(str(panel._writing.widget.children[1].value)), "whose image it would write to"
    spec.devices.disks[0].file = "/var/lib/libvirt/images/web-1-2.qcow2"
    panel.refresh()
    panel.define()
    settle(panel)
    assert panel.host.domain("web-1-2").uuid != panel.host.domain("web-1").uuid


def test_one_begins_with_pasted_xml(panel: ph.DomainPanel) -> None:
    """Its password is used, and not kept in the text."""
    pasted = DISKS.replace("store", "pasted").replace("geheim", "neues")
    button(panel, "Begin with").value = True
    choose(panel, "Begin with").value = "pasted XML"
    choose(panel, "XML").value = pasted
    assert "neues" not in choose(panel, "XML").value
    begin(panel, "pasted XML")
    assert (panel.spec.name, panel.spec.devices.graphics[0].passwd) == ("pasted", "neues")


def test_one_begins_with_a_file(panel: ph.DomainPanel, tmp_path: Path) -> None:
    """A definition in a file of the machine where the kernel runs."""
    (tmp_path / "vm.xml").write_text(DISKS.replace("store", "filed"))
    begin(panel, "a file", **{"File, on the machine of the kernel": str(tmp_path / "vm.xml")})
    assert panel.spec.name == "filed"


@pytest.mark.parametrize(
    ("kind", "told", "said"),
    [
        ("pasted XML", {"XML": "<network/>"}, "This is a <network> document"),
        ("pasted XML", {"XML": ""}, "The text is empty"),
        ("a file", {"File, on the machine of the kernel": "/no/such/file"}, "/no/such/file is no file"),
        ("a file", {"File, on the machine of the kernel": "/dev/zero"}, "/dev/zero is no file"),
        ("a file", {"File, on the machine of the kernel": ""}, "Which file?"),
        ("a profile", {"Name of the new VM": "a/b"}, "name:"),
    ],
)
def test_a_beginning_that_cannot_be_is_one_sentence_and_changes_nothing(
    panel: ph.DomainPanel, kind: str, told: dict[str, str], said: str
) -> None:
    """The definition stays, and so does what was typed."""
    before = panel.spec.to_xml()
    assert said in begin(panel, kind, **told)
    assert panel.spec.to_xml() == before
    assert all(choose(panel, description).value == value for description, value in told.items())


def test_an_error_of_any_callback_is_one_sentence_with_its_traceback_folded(panel: ph.DomainPanel) -> None:
    """And it goes when something else is done."""
    panel._form.state.changed = lambda: 1 // 0  # type: ignore[assignment]
    field(panel, "title").value = "x"
    assert "ZeroDivisionError" in panel._calls.widget.value
    assert "<details><summary>Traceback" in panel._calls.widget.value
    panel._form.state.changed = panel._show
    field(panel, "title").value = "y"
    assert panel._calls.widget.value == ""
    assert not complaint(panel, "title")


def test_text_with_a_mistake_is_neither_passed_over_nor_lost(panel: ph.DomainPanel) -> None:
    """As long as it waits, nothing is written and nothing else is begun: it might be taken for the other VM's."""
    area = edit(panel)
    good = area.value
    area.value = wrong = good.replace("</os>", "")
    panel.define()
    settle(panel)
    assert "The text in the XML tab has a mistake" in str(panel._writing.widget.children[1].value)
    assert "The text in the XML tab has a mistake" in begin(panel, "a VM of this host", VM="build-1")
    assert (panel.spec.name, area.value) == ("store", wrong)
    assert "store" not in {domain.name for domain in panel.host.domains()}
    area.value = good
    assert "Started with build-1" in begin(panel, "a VM of this host", VM="build-1")
    area.value = wrong
    button(panel, "Back to what was here").click()
    assert "has a mistake" in text(panel)
    area.value = panel.spec.to_xml()
    button(panel, "Back to what was here").click()
    assert panel.spec.name == "store"


def test_an_error_goes_when_something_else_is_done_while_a_thread_is_at_work() -> None:
    """What a slow thread is in the midst of is not what a person does then."""
    calls, slow, begun = Calls(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        assert slow.wait(SECONDS)

    thread = threading.Thread(target=calls.run, args=(work,))
    thread.start()
    assert begun.wait(SECONDS)
    calls.run(lambda: 1 // 0)
    assert "ZeroDivisionError" in calls.widget.value
    calls.run(lambda: None)
    assert calls.widget.value == ""
    slow.set()
    thread.join()
