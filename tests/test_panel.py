"""DomainPanel without a browser: what is typed reaches the definition, what is shown follows it, Define writes it."""

import re
from dataclasses import dataclass

import pytest

import phyllome_nb as ph
from support.libvirtd import Daemon
from support.panel import button, complaint, field, text

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
        return re.sub("<[^>]*>", "", self.panel._xml.value)

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
    assert "phy-changed" not in shown.panel._xml.value
    field(shown.panel, "memory-maximum").value = "6 GiB"
    marked = re.findall('phy-changed"[^>]*>(.*)</span>', shown.panel._xml.value)
    assert shown.panel._xml.value.count("phy-changed") == 1
    assert marked
    field(shown.panel, "memory-maximum").value = "4 GiB"
    assert "phy-changed" not in shown.panel._xml.value


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
    ],
)
def test_what_cannot_be_right_is_one_sentence_under_the_field(shown: Shown, name: str, typed: str, said: str) -> None:
    """The complaint stands under the field, the definition is as before, and a right value takes the complaint away."""
    before, valid = shown.panel.spec.to_xml(), field(shown.panel, name).value
    field(shown.panel, name).value = typed
    assert said in complaint(shown.panel, name)
    assert "The definition is unchanged." in complaint(shown.panel, name)
    assert before == shown.panel.spec.to_xml()
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
    text_ = ph.profiles.linux(name="odd").to_xml().replace("<features>", "<bogus/><features>")
    shown = show(ph.demo(), ph.DomainSpec.from_xml(text_))
    said = shown.define()
    assert "nothing was written" in said
    assert "<summary>Traceback</summary>" in text(shown.panel)
    assert not button(shown.panel, "Define").disabled


def test_a_read_only_host_disables_the_button_and_says_how_to_open_it(daemon: Daemon) -> None:
    """The call that opens the host for writing stands beside the button."""
    shown = show(ph.connect(daemon.uri))
    assert button(shown.panel, "Define").disabled
    assert f"ph.connect(&#x27;{daemon.uri}&#x27;, write=True)" in text(shown.panel)


def test_a_host_that_does_not_answer_leaves_the_form_alive(daemon: Daemon) -> None:
    """The panel opens at once; the host's silence is a sentence in it, and typing goes on."""
    host = ph.connect(daemon.uri, write=True)
    host._connection.close()
    shown = show(host)
    assert "The connection to" in text(shown.panel)
    field(shown.panel, "memory-maximum").value = "6 GiB"
    assert str(shown.panel.spec.memory.maximum) == "6 GiB"


def test_more_vcpus_than_the_topology_makes_are_mended_by_one_click(shown: Shown) -> None:
    """The advice appears with the mismatch, the button mends the topology, and the advice goes."""
    field(shown.panel, "vcpus-maximum").value = "6"
    assert "The CPU topology makes 4 vCPUs, not 6" in text(shown.panel)
    button(shown.panel, "Make it 6 cores").click()
    assert shown.panel.spec.cpu.topology.cores == 6
    assert shown.panel._advice.widget.layout.display == "none"


def test_devices_are_added_and_removed(shown: Shown) -> None:
    """A disk is added with what a new one begins with, edited and removed; the XML follows each time."""
    button(shown.panel, "Disk").value = True
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
    for name in ph.DomainSpec.__declared__:
        assert name
    for group in shown.panel._form._groups:
        group._toggle.value = True
        for control in group._controls:
            assert control.input.description
            assert control.input.tooltip


def test_explanations_are_one_click_away(shown: Shown) -> None:
    """What a field means, what it becomes in QEMU, and where libvirt documents it."""
    assert "phy-help" not in text(shown.panel)
    button(shown.panel, "Explain every field").value = True
    shown_ = complaint(shown.panel, "memory-maximum")
    assert "the most it can ever use" in shown_
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
