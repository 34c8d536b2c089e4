"""DomainPanel without a browser: what is typed reaches the definition, what is shown follows it, Define writes it."""

import os
import re
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pytest

import phyllome_nb as ph
from phyllome_nb.host.report import Report
from phyllome_nb.html import el
from phyllome_nb.panels.domain_panel import _told
from phyllome_nb.panels.work import Work
from phyllome_nb.xml.compare import Difference
from support.libvirtd import Daemon, libvirtd
from support.panel import button, complaint, field, pieces, section, text, walk
from support.process import until

SECONDS = 20


@dataclass
class Shown:
    """A panel whose host has been read."""

    panel: ph.DomainPanel

    def settle(self) -> None:
        """Wait until the panel's background work is done."""
        for work in (self.panel._reading, self.panel._writing, self.panel._reading):
            assert work.idle.wait(SECONDS)

    @property
    def xml(self) -> str:
        """The XML as it is shown, without its markup."""
        return re.sub("<[^>]*>", "", pieces(self.panel))

    @property
    def effect(self) -> str:
        """The effect as it is shown, without its markup."""
        return re.sub("<[^>]*>", " ", self.panel._effect.value)

    def define(self) -> str:
        """Press Define and return what the panel then says."""
        button(self.panel, "Define").click()
        self.settle()
        return re.sub("<[^>]*>", " ", self.panel._writing.widget.children[1].value)


def show(host: ph.Host, spec: ph.DomainSpec | None = None) -> Shown:
    """Make a panel and wait until it has read the host."""
    shown = Shown(ph.DomainPanel(host, spec))
    shown.settle()
    return shown


@pytest.fixture
def shown() -> Shown:
    """A panel for a Linux VM on the sample host."""
    return show(ph.demo(), ph.profiles.linux(name="web-3", memory="4 GiB", vcpus=4))


def test_what_is_typed_changes_the_definition_the_xml_and_the_effect(shown: Shown) -> None:
    """Memory typed into the form is in the spec, in the XML and in the sum at once."""
    assert "48.5 → 52.5 of 64 GiB" in shown.effect
    field(shown.panel, "memory-maximum").value = "6 GiB"
    assert str(shown.panel.spec.memory.maximum) == "6 GiB"
    assert "&lt;memory unit=&quot;GiB&quot;&gt;6&lt;/memory&gt;" in shown.xml
    assert "48.5 → 54.5 of 64 GiB" in shown.effect


def test_the_changed_lines_are_marked_and_no_others(shown: Shown) -> None:
    """The line of the memory is marked after it was changed, and unmarked when it is put back."""
    assert "phy-changed" not in pieces(shown.panel)
    field(shown.panel, "memory-maximum").value = "6 GiB"
    lines = pieces(shown.panel).split('<span class="phy-line')[1:]
    marked = [unescape(re.sub("^[^>]*>|<[^>]*>", "", line)) for line in lines if line.startswith(" phy-changed")]
    assert marked == ['  <memory unit="GiB">6</memory>']
    field(shown.panel, "memory-maximum").value = "4 GiB"
    assert "phy-changed" not in pieces(shown.panel)


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("memory-maximum", "lots", "is not a size"),
        ("memory-maximum", "4", "has no unit"),
        ("memory-maximum", "4 GiBs", "is not a unit libvirt knows"),
        ("vcpus-maximum", "four", "is not a whole number"),
        ("vcpus-maximum", "0", "is too small"),
        ("vcpus-maximum", "-2", "is too small"),
        ("name", "..", "cannot name a VM"),
        ("name", "a/b", "has a &#x27;/&#x27;"),
        ("name", "", "every VM has one"),
        ("memory-maximum", " ", "every VM has one"),
        ("memory-maximum", "0 GiB", "too small"),
        ("vcpus-maximum", "", "every VM has one"),
        ("vcpus-maximum", "9" * 400, "is not a whole number"),
    ],
)
def test_what_cannot_be_right_is_one_sentence_under_the_field(shown: Shown, name: str, typed: str, said: str) -> None:
    """The complaint stands under the field and says what still holds; Define waits until it is mended."""
    before, valid = shown.panel.spec.to_xml(), field(shown.panel, name).value
    field(shown.panel, name).value = typed
    assert said in complaint(shown.panel, name)
    assert f"The definition still says &#x27;{valid}&#x27;." in complaint(shown.panel, name)
    assert before == shown.panel.spec.to_xml()
    assert "Mend this first." in shown.define()
    assert shown.panel.report is None
    field(shown.panel, name).value = valid
    assert complaint(shown.panel, name) == ""


def test_an_emptied_field_is_left_out(shown: Shown) -> None:
    """Nothing typed means that libvirt decides: the element goes."""
    field(shown.panel, "memory-source").value = ""
    assert shown.panel.spec.memory.source is None


def test_define_writes_the_vm_and_reports_it(shown: Shown) -> None:
    """The button writes what is shown; the panel says what libvirt stored and added."""
    field(shown.panel, "memory-maximum").value = "6 GiB"
    said = shown.define()
    assert "'web-3' is defined on demo".replace("'", "&#x27;") in said
    assert "libvirt added" in said
    assert str(shown.panel.host.domain("web-3").memory.maximum) == "6 GiB"
    assert shown.panel.report is not None


def test_a_second_press_overwrites_nothing(shown: Shown) -> None:
    """The VM is there: the panel says so, and the stored definition stays."""
    shown.define()
    before = shown.panel.host.domain("web-3").to_xml()
    field(shown.panel, "memory-maximum").value = "8 GiB"
    assert "exists; it is unchanged" in shown.define()
    assert before == shown.panel.host.domain("web-3").to_xml()


def test_the_effect_counts_the_defined_vm_once(shown: Shown) -> None:
    """After Define the bars show the host as it is, not a second VM of the same name."""
    shown.define()
    assert "demo has a VM named" in shown.effect
    assert "80 of 64 GiB" in shown.effect


def test_a_refusal_is_one_sentence_with_the_traceback_a_click_away() -> None:
    """What libvirt said is in the panel, and the button can be pressed again."""
    twice = "</devices>" + "<seclabel type='none' model='none'/>" * 2  # no rule knows that libvirt refuses this
    text_ = ph.profiles.linux(name="odd").to_xml().replace("</devices>", twice)
    shown = show(ph.demo(), ph.DomainSpec.from_xml(text_))
    said = shown.define()
    assert "Nothing was written" in said
    assert "<summary>Traceback</summary>" in text(shown.panel)
    assert not button(shown.panel, "Define").disabled


def test_a_read_only_host_disables_the_button_and_says_how_to_open_it(daemon: Daemon) -> None:
    """The call that opens the host for writing stands beside the button."""
    shown = show(ph.connect(daemon.uri))
    assert button(shown.panel, "Define").disabled
    assert f"ph.connect(&#x27;{daemon.uri}&#x27;, write=True)" in text(shown.panel)


def test_a_host_that_does_not_answer_leaves_the_form_alive() -> None:
    """The panel opens at once; the host's silence is a sentence in it, and typing goes on."""
    host = ph.demo()
    host.close()
    shown = show(host)
    assert "demo was closed" in text(shown.panel)
    field(shown.panel, "memory-maximum").value = "6 GiB"
    assert str(shown.panel.spec.memory.maximum) == "6 GiB"


def test_more_vcpus_than_the_topology_makes_are_mended_by_one_click(shown: Shown) -> None:
    """The advice appears with the mismatch, the button mends the topology, and the advice goes."""
    field(shown.panel, "vcpus-maximum").value = "6"
    assert "The topology makes 4 vCPUs, but the VM has 6." in text(shown.panel)
    assert "Mend this first. The topology makes 4" in shown.define()
    button(shown.panel, "Make it 1 socket, 3 cores, 2 threads").click()  # as the cores of the host
    assert shown.panel.spec.cpu.topology.product() == 6
    assert "CPU001" not in {finding.id for finding in shown.panel.findings}


def test_a_topology_that_cannot_be_kept_is_made_anew_by_one_click(shown: Shown) -> None:
    """No number of cores makes 7 vCPUs of two threads each; the form follows."""
    shown.panel.spec.cpu.topology.threads = 2
    field(shown.panel, "vcpus-maximum").value = "7"
    section(shown.panel, "CPU").value = True
    assert field(shown.panel, "cpu-topology-threads").value == "2"
    button(shown.panel, "Fix: Make it").click()
    assert field(shown.panel, "cpu-topology-threads").value == "1"
    assert shown.panel.spec.cpu.topology.product() == 7


def test_a_tick_a_choice_and_a_list_of_words_reach_the_definition(shown: Shown) -> None:
    """What is there is shown, and what is chosen instead is what the definition then says."""
    for title in ("Hypervisor features", "Power management", "Machine and boot"):
        section(shown.panel, title).value = True
    assert [field(shown.panel, name).value for name in ("features-acpi", "pm-suspend-to-mem", "os-boot")] == [
        True,
        "no",
        "hd",
    ]
    field(shown.panel, "features-acpi").value = False
    field(shown.panel, "pm-suspend-to-mem").value = "yes"
    field(shown.panel, "os-boot").value = "cdrom hd"
    spec = shown.panel.spec
    assert (spec.features.acpi, spec.pm.suspend_to_mem, spec.os.boot) == (False, True, ("cdrom", "hd"))


def test_the_device_whose_button_is_pressed_is_removed(shown: Shown) -> None:
    """Not another of its kind; one that is added is in the XML at once."""
    button(shown.panel, "Input (").value = True
    button(shown.panel, "Remove input 1").click()
    assert [device.type for device in shown.panel.spec.devices.inputs] == ["keyboard"]
    assert "tablet" not in shown.xml
    button(shown.panel, "Add input").click()
    assert "tablet" in shown.xml


def test_devices_are_added_and_removed(shown: Shown) -> None:
    """A disk is added with what a new one begins with, edited and removed; the XML follows each time."""
    button(shown.panel, "Disk (").value = True
    button(shown.panel, "Add disk").click()
    field(shown.panel, "devices-disks-0-file").value = "/var/lib/libvirt/images/web.qcow2"
    assert "/var/lib/libvirt/images/web.qcow2" in shown.xml
    assert shown.panel.spec.devices.disks[0].target == "vda"
    button(shown.panel, "Remove disk 1").click()
    assert len(shown.panel.spec.devices.disks) == 0
    assert "&lt;disk" not in shown.xml


def test_a_change_in_code_is_shown_after_refresh(shown: Shown) -> None:
    """The panel edits the spec it was given, and shows what code did to it."""
    shown.panel.spec.memory.maximum = "7 GiB"
    shown.panel.refresh()
    assert "&gt;7&lt;/memory&gt;" in shown.xml
    assert field(shown.panel, "memory-maximum").value == "7 GiB"


def test_every_section_opens_and_every_control_is_labelled(shown: Shown) -> None:
    """All fields have a control with a label and a tooltip, whatever the definition holds."""
    button(shown.panel, "Show every field").value = True
    for widget in walk(shown.panel):
        if "phy-section" in getattr(widget, "_dom_classes", ()):
            widget.value = True
    boxes = [box for box in walk(shown.panel) if any(name.startswith("phy-field-") for name in box._dom_classes)]
    assert len(boxes) > 300
    assert all(box.children[0].description and box.children[0].tooltip for box in boxes)


def test_seldom_fields_are_shown_where_the_definition_has_them() -> None:
    """A form begins with what is usual and what is there; the rest is one click away, and what is typed stays."""
    spec = ph.profiles.linux(name="web", memory="4 GiB")
    spec.vcpus.cpuset = "0-3"
    spec.features.hyperv.vpindex = True
    shown = show(ph.demo(), spec)
    button(shown.panel, "Hypervisor features").value = True
    assert field(shown.panel, "features-hyperv-vpindex").value == "on"
    with pytest.raises(ValueError, match="not enough values"):
        field(shown.panel, "features-hyperv-runtime")
    field(shown.panel, "memory-maximum").value = "6 GiB"
    button(shown.panel, "Show every field").value = True
    assert field(shown.panel, "features-hyperv-runtime").value == ""
    assert field(shown.panel, "memory-maximum").value == "6 GiB"


def test_explanations_are_one_click_away(shown: Shown) -> None:
    """What a field means, what it becomes in QEMU, and where libvirt documents it."""
    assert "phy-help" not in text(shown.panel)
    button(shown.panel, "Explain every field").value = True
    shown_ = complaint(shown.panel, "memory-maximum")
    assert "it can use no more unless" in shown_
    assert "<code>-m</code>" in shown_
    assert "https://libvirt.org/formatdomain.html#memory-allocation" in shown_


def test_a_value_that_cannot_be_read_is_shown_as_it_stands() -> None:
    """A document with nonsense in it opens; the nonsense can be seen and mended."""
    spec = ph.DomainSpec.from_xml(
        "<domain type='newer'><name>odd</name><memory unit='GiB'>1.5</memory><vcpu>many</vcpu></domain>"
    )
    shown = show(ph.demo(), spec)
    assert tuple(field(shown.panel, name).value for name in ("memory-maximum", "vcpus-maximum", "type")) == (
        "1.5",
        "many",
        "newer",
    )
    assert "is not a whole number" in shown.effect
    field(shown.panel, "memory-maximum").value = "1536 MiB"
    field(shown.panel, "vcpus-maximum").value = "2"
    assert "→ 50 of 64 GiB" in shown.effect


def test_what_was_refused_stays_until_it_is_mended(shown: Shown) -> None:
    """A closed section, explanations and a mended topology keep what was typed, and why it cannot be."""
    field(shown.panel, "memory-maximum").value = "lots"
    field(shown.panel, "vcpus-maximum").value = "8"
    button(shown.panel, "Fix: Make it").click()
    button(shown.panel, "Explain every field").value = True
    button(shown.panel, "Memory").value = False
    button(shown.panel, "Memory").value = True
    assert field(shown.panel, "memory-maximum").value == "lots"
    assert "is not a size" in complaint(shown.panel, "memory-maximum")


def test_two_presses_in_one_go_keep_the_success(shown: Shown) -> None:
    """A double click defines once, and what it reports stays true and stays shown."""
    button(shown.panel, "Define").click()
    button(shown.panel, "Define").click()
    shown.settle()
    assert "is defined on demo" in shown.define()


@pytest.fixture
def own_daemon(running_daemon: Daemon, scratch: Path) -> Iterator[Daemon]:  # noqa: ARG001  (it says whether there is one)
    """A daemon of this test's own, which it may stop."""
    with libvirtd(scratch / "slow") as started:
        yield started


def test_while_a_write_runs_the_panel_says_so_and_a_second_press_is_ignored(own_daemon: Daemon) -> None:
    """The bar grows and a screen reader is told; the VM is defined once, and that is what is said."""
    host = ph.connect(own_daemon.uri, write=True, timeout=60)
    shown = show(host, ph.profiles.linux(name="slow", type="qemu", network=None))
    bar, said = shown.panel._writing.widget.children
    os.kill(own_daemon.pid, signal.SIGSTOP)
    button(shown.panel, "Define").click()
    until(lambda: bar.layout.display == "" and bar.value > 0, 4, "the bar")
    assert 'role="status" aria-live="polite"' in said.value
    assert "Defining &#x27;slow&#x27; on" in said.value
    button(shown.panel, "Define").click()
    os.kill(own_daemon.pid, signal.SIGCONT)
    shown.settle()
    assert "&#x27;slow&#x27; is defined on" in said.value
    assert shown.panel.report is not None
    until(lambda: bar.layout.display == "none", SECONDS, "the bar to go")


def test_what_was_undefined_elsewhere_is_defined_again(shown: Shown) -> None:
    """A second press with the same text repeats no old success: it looks, and writes where the VM has gone."""
    shown.define()
    first = shown.panel.report
    assert "is defined on demo" in shown.define()
    assert shown.panel.report is first
    shown.panel.host.ask("undefining", lambda connection: connection.lookupByName("web-3").undefine())
    assert "is defined on demo" in shown.define()
    assert first is not None
    assert shown.panel.host.domain("web-3").uuid not in {None, first.stored.uuid}


def test_work_begun_later_wins_over_a_slow_earlier_one() -> None:
    """What is shown is of the newest, whether the earlier one then ends well or not; only then is the line idle."""
    work, go = Work(), threading.Event()
    heard: list[str] = []

    def slow() -> str:
        go.wait(SECONDS)
        return "earlier"

    def fails_slowly() -> str:
        raise RuntimeError(slow())

    def hear(said: str) -> None:
        heard.append(said)
        work.say(el("b", said))

    work.run("being slow", SECONDS, slow, hear)
    work.run("failing slowly", SECONDS, fails_slowly, hear, lambda: hear("failed"))
    work.run("being quick", SECONDS, lambda: "later", hear)
    until(lambda: "<b>later</b>" in work.widget.children[1].value, SECONDS, "the later one")
    assert not work.idle.is_set()
    go.set()
    assert work.idle.wait(SECONDS)
    assert heard == ["later"]
    assert "<b>later</b>" in work.widget.children[1].value


def test_the_report_lists_what_libvirt_dropped_rewrote_and_added() -> None:
    """Each kind has a list of its own under its count."""
    kinds = ("dropped", "rewrote", "added")
    differences = (
        Difference("added", "the/added"),
        Difference("dropped", "the/dropped"),
        Difference("rewrote", "the/rewrote"),
    )
    said = _told(Report("demo", ph.DomainSpec("web"), differences))
    found = re.findall("<summary>libvirt ([a-z]+) 1</summary><ul><li>the/([a-z]+)", said)
    assert found == [(kind, kind) for kind in kinds]


def test_a_password_is_in_no_part_of_the_panel() -> None:
    """Neither before nor after it has been written to a host: not in the XML, the form or the report."""
    xml = ph.profiles.linux(name="s").to_xml().replace('<graphics type="vnc">', '<graphics type="vnc" passwd="sesame">')
    shown = show(ph.demo(), ph.DomainSpec.from_xml(xml))
    button(shown.panel, "Graphics (").value = True
    assert "is defined on demo" in shown.define()
    assert "sesame" in shown.panel.host.domain("s").to_xml()
    states = [widget.get_state() for widget in walk(shown.panel) if hasattr(widget, "get_state")]
    assert "sesame" not in f"{text(shown.panel)}{states}"


def test_the_definition_of_a_vm_that_exists_is_made_a_new_one_by_one_click() -> None:
    """A document from elsewhere makes a new VM, and the panel says so; it gets another uuid and other MAC addresses."""
    host = ph.demo()
    spec = ph.DomainSpec.from_xml(host.domain("web-1").to_xml())
    shown = show(host, spec)
    assert "this panel makes new VMs" in text(shown.panel)
    button(shown.panel, "Leave out its uuid").click()
    field(shown.panel, "name").value = "web-9"
    assert "is a disk of web-1 too" in shown.define()
    shown.panel.spec.devices.disks[0].file = "/var/lib/libvirt/images/web-9.qcow2"
    shown.panel.refresh()
    assert "is defined on demo" in shown.define()
    assert host.domain("web-9").devices.interfaces[0].mac != host.domain("web-1").devices.interfaces[0].mac


def test_a_device_removed_in_one_panel_is_not_edited_in_silence_in_another() -> None:
    """Two panels show one definition; what is gone says so."""
    host, spec = ph.demo(), ph.profiles.linux(name="shared")
    one, other = show(host, spec), show(host, spec)
    for each in (one, other):
        button(each.panel, "Input (").value = True
    button(one.panel, "Remove input 1").click()
    field(other.panel, "devices-inputs-0-type").value = "mouse"
    assert "was taken out of the definition" in complaint(other.panel, "devices-inputs-0-type")


def test_new_disks_have_names_of_their_own(shown: Shown) -> None:
    """A second disk is not vda again."""
    button(shown.panel, "Disk (").value = True
    for _ in range(3):
        button(shown.panel, "Add disk").click()
    assert [disk.target for disk in shown.panel.spec.devices.disks] == ["vda", "vdb", "vdc"]


def test_lines_left_empty_are_no_arguments(shown: Shown) -> None:
    """A pasted list with blank lines and carriage returns gives its words."""
    button(shown.panel, "QEMU command line").value = True
    field(shown.panel, "qemu-args").value = "-device\r\n\nfoo \n"
    assert shown.panel.spec.qemu.args == ("-device", "foo")


def test_a_panel_of_something_else_is_refused_in_one_sentence() -> None:
    """What a tired person passes by mistake."""
    for arguments in ((None,), (ph.demo(), "<domain/>"), (ph.DomainSpec("a"), ph.demo())):
        with pytest.raises(TypeError, match="A panel takes a host and a DomainSpec"):
            ph.DomainPanel(*arguments)


def test_findings_stand_beside_their_field_and_in_a_list(shown: Shown) -> None:
    """With what is wrong, why it matters, and in the heading of a closed section how many there are."""
    shown.panel.spec.devices.disks.add(type="file", file="/srv/a.img", target="vda", bus="virtio", cache="unsafe")
    shown.panel.refresh()
    said = "Disk vda loses what was written if the host fails."
    assert said in text(shown.panel)
    assert "1 warning" in section(shown.panel, "Disk").description
    section(shown.panel, "Disk").value = True
    assert said in complaint(shown.panel, "devices-disks-0-cache")
    button(shown.panel, "Fix: Leave it to QEMU").click()
    assert said not in text(shown.panel)
    assert shown.panel.spec.devices.disks[0].cache is None


def test_a_button_that_is_about_to_be_pressed_stays(shown: Shown) -> None:
    """Mending one thing leaves the rows of the others as they are."""
    field(shown.panel, "vcpus-maximum").value = "6"
    field(shown.panel, "memory-current").value = "8 GiB"
    other = button(shown.panel, "Fix: Make it 4 GiB")
    button(shown.panel, "Fix: Make it 1 socket").click()
    assert button(shown.panel, "Fix: Make it 4 GiB") is other
    other.click()
    assert str(shown.panel.spec.memory.current) == "4 GiB"
    assert not shown.panel.findings.errors


def test_a_finding_about_a_part_stands_at_its_heading(shown: Shown) -> None:
    """The topology as a whole is wrong, not one of its fields."""
    section(shown.panel, "CPU").value = True
    field(shown.panel, "vcpus-maximum").value = "6"
    notes = dict(note for group in shown.panel._form._groups for note in group._notes)
    assert "The topology makes 4 vCPUs" in notes["cpu.topology"].value


def test_hints_are_shown_when_they_are_asked_for(shown: Shown) -> None:
    """Good to know, and not in the way."""
    said = "The definition does not say which system the guest has."
    assert said not in text(shown.panel)
    button(shown.panel, "hint").value = True
    assert said in text(shown.panel)


def test_a_fix_for_what_was_changed_in_code_meanwhile_is_not_applied(shown: Shown) -> None:
    """The button mends what it speaks of, and nothing else."""
    field(shown.panel, "vcpus-maximum").value = "6"
    shown.panel.spec.vcpus.maximum = 4
    button(shown.panel, "Fix: Make it").click()
    assert shown.panel.spec.cpu.topology.cores == 4
    assert "has changed" in text(shown.panel)


def test_the_trial_and_the_command_line_have_their_tabs(shown: Shown) -> None:
    """Libvirt is asked when somebody looks, and again when the definition has changed."""
    panel = shown.panel
    assert not panel._trial._outcome.value
    panel._tabs.selected_index = 1
    assert panel._trial.idle.wait(90)
    assert panel._trial.trial is not None
    assert "libvirt would accept &#x27;web-3&#x27;" in panel._trial._outcome.value
    assert "simulated" in panel._trial._outcome.value
    assert "size=4194304k" in panel._trial._command.value or "-m 4096" in panel._trial._command.value
    field(panel, "memory-maximum").value = "5 GiB"
    assert panel._trial.idle.wait(30)
    assert any(amount in panel._trial._command.value for amount in ("5120", "5242880", "5368709120"))
