"""Journeys: a person at JupyterLab with a purpose, a real libvirtd, and a second look at what came of it."""

from collections.abc import Iterator
from pathlib import Path

import libvirt
import pytest
from playwright.sync_api import Page, expect

import phyllome_nb as ph
from examples.example import machine
from support.axe import violations
from support.browser import open_notebook
from support.guest import CMDLINE, DOMAIN_TYPE, READY, Accelerator
from support.libvirtd import Daemon
from support.notebook import PATIENCE, Show, dress, field, has_read, is_told, open_section, press, tab_to, write
from support.process import until

CELL = """
import phyllome_nb as ph
host = ph.connect({uri!r}, write=True)
panel = ph.DomainPanel(host, {spec})
panel
"""
STORED = libvirt.VIR_DOMAIN_XML_INACTIVE


@pytest.fixture
def other(daemon: Daemon) -> Iterator[libvirt.virConnect]:
    """Somebody who looks at the host another way."""
    connection = libvirt.open(daemon.uri)
    yield connection
    connection.close()


@pytest.fixture
def simulated(daemon: Daemon) -> Iterator[libvirt.virConnect]:
    """The simulated host of the daemon, which may do what a user's session may not; what is defined is removed."""
    connection = libvirt.open(daemon.test_uri)
    before = {domain.UUIDString() for domain in connection.listAllDomains()}
    yield connection
    for domain in connection.listAllDomains():
        if domain.UUIDString() not in before:
            domain.undefine()
    connection.close()


def stored(connection: libvirt.virConnect, name: str) -> ph.DomainSpec:
    """A definition, as somebody else reads it."""
    return ph.DomainSpec.from_xml(connection.lookupByName(name).XMLDesc(STORED))


@pytest.mark.usefixtures("guest")
def test_a_linux_vm_goes_from_its_profile_to_a_booted_guest(
    show: Show, daemon: Daemon, accelerator: Accelerator, other: libvirt.virConnect
) -> None:
    """The form is told which kernel to boot and where the console is kept; the VM is defined, started, and speaks."""
    kind = DOMAIN_TYPE[accelerator]
    spec = f"ph.profiles.linux_legacy(name='fresh', memory='160 MiB', vcpus=1, network=None, type={kind!r})"
    page = show(CELL.format(uri=daemon.uri, spec=spec))
    log = daemon.directory / "fresh.console"
    open_section(page, "Machine and boot")
    for name, value in {"kernel": daemon.kernel, "initrd": daemon.initrd, "cmdline": CMDLINE}.items():
        field(page, f"os-{name}").fill(str(value))
    open_section(page, "Serial port")
    press(page, "Add serial port")
    field(page, "devices-serials-0-log").fill(str(log))
    expect(page.locator(".phy-changed", has_text="fresh.console")).to_be_visible(timeout=PATIENCE)
    press(page, "Define")
    is_told(page, "'fresh' is defined on")
    press(page, "Start")
    is_told(page, "fresh runs.")
    until(lambda: log.exists() and READY in log.read_text(errors="replace"), 90, f"the guest to say {READY}")
    assert other.lookupByName("fresh").isActive()


def test_what_a_running_vm_still_waits_for_is_seen(show: Show, daemon: Daemon, other: libvirt.virConnect) -> None:
    """An edit of a VM that runs says when it takes effect; once saved, what is pending is listed and is true."""
    other.defineXML(machine(name="running")).create()
    page = show(CELL.format(uri=daemon.uri, spec="host.domain('running')"))
    warnings = page.locator(".phy-warning")
    expect(warnings.filter(has_text="takes effect at its next start")).to_be_visible(timeout=PATIENCE)
    field(page, "memory-maximum").fill("96 MiB")
    expect(page.locator(".phy-changed").first).to_contain_text("96")
    press(page, "Save")
    is_told(page, "'running' is changed on")
    expect(warnings.filter(has_text="Its next start brings changes already")).to_contain_text("96", timeout=PATIENCE)
    domain = other.lookupByName("running")
    assert (domain.info()[1], str(stored(other, "running").memory.maximum)) == (64 * 1024, "96 MiB")


def test_overcommit_is_noticed_and_avoided(show: Show) -> None:
    """On the sample host, whose numbers are known: too much memory is said in words, less of it is not."""
    cell = "import phyllome_nb as ph\nph.DomainPanel(ph.demo(), ph.profiles.linux(name='big', memory='60 GiB'))"
    page = show(cell)
    memory = page.locator(".phy-balance tr", has_text="Memory").locator("td").first
    expect(memory).to_contain_text("48.5 → 108.5 of 64 GiB · 44.5 over")
    warning = page.locator(".phy-findings .phy-warning", has_text="108.5 GiB would be promised of 64 GiB")
    expect(warning).to_be_visible()
    field(page, "memory-maximum").fill("8 GiB")
    expect(memory).to_contain_text("48.5 → 56.5 of 64 GiB")
    expect(memory).not_to_contain_text("over")
    expect(warning).to_have_count(0)
    press(page, "Define")
    is_told(page, "'big' is defined on")


def test_windows_11_has_its_tpm_and_its_secure_boot(show: Show, daemon: Daemon, other: libvirt.virConnect) -> None:
    """Its profile is defined and started as it is; what runs has signed firmware and a TPM of its own."""
    spec = "ph.profiles.windows_11(name='office', type='qemu', network=None, memory='256 MiB')"
    page = show(CELL.format(uri=daemon.uri, spec=spec))
    press(page, "Define")
    is_told(page, "'office' is defined on")
    press(page, "Start")
    is_told(page, "office runs.")
    live = ph.DomainSpec.from_xml(other.lookupByName("office").XMLDesc())
    assert {each.name: each.enabled for each in live.os.features} == {"secure-boot": True, "enrolled-keys": True}
    assert live.os.loader_secure
    assert [(each.model, each.version) for each in live.devices.tpms] == [("tpm-crb", "2.0")]
    assert any("swtpm" in Path(f"/proc/{pid}/cmdline").read_text() for pid in daemon.processes())


def test_a_share_by_virtiofs_turns_on_shared_memory(show: Show, daemon: Daemon, simulated: libvirt.virConnect) -> None:
    """The panel says that virtiofs needs it, and a press beside that sentence does it."""
    simulated.defineXML(machine(name="sharer", type="test", os="<os><type>hvm</type></os>"))
    page = show(CELL.format(uri=daemon.test_uri, spec="host.domain('sharer')"))
    page.get_by_role("button", name="Show every field").press("Enter")
    open_section(page, "Shared directory")
    press(page, "Add shared directory")
    field(page, "devices-filesystems-0-driver-type").select_option("virtiofs")
    error = page.locator(".phy-findings .phy-error", has_text="is shared by virtiofs, and the memory is not")
    expect(error).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Fix: Share the memory").press("Enter")
    expect(error).to_have_count(0)
    expect(field(page, "memory-access")).to_have_value("shared")
    press(page, "Save")
    is_told(page, "'sharer' is changed on")
    spec = stored(simulated, "sharer")
    assert (spec.memory.source, spec.memory.access) == ("memfd", "shared")
    assert [(each.driver.type, each.dir) for each in spec.devices.filesystems] == [("virtiofs", "/srv/share")]


CARD = """<hostdev mode='subsystem' type='pci' managed='yes'>
  <source><address domain='0' bus='1' slot='0' function='0'/></source>
</hostdev>"""


def test_a_card_that_is_given_to_two_vms_brings_a_warning(
    show: Show, daemon: Daemon, simulated: libvirt.virConnect
) -> None:
    """The panel says who has it already, and what a card costs; the person may go on."""
    simulated.defineXML(machine(CARD, name="holder", type="test", os="<os><type>hvm</type></os>"))
    page = show(CELL.format(uri=daemon.test_uri, spec="ph.profiles.linux(name='player', type='test')"))
    page.get_by_role("button", name="Show every field").press("Enter")
    open_section(page, "Host device")
    press(page, "Add host device")
    for part, value in {"domain": "0", "bus": "1", "slot": "0", "function": "0"}.items():
        field(page, f"devices-hostdevs-0-source-address-{part}").fill(value)
    warning = page.locator(".phy-findings .phy-warning", has_text="0000:01:00.0 is given to holder too")
    expect(warning).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="hints").press("Enter")
    expect(page.locator(".phy-hint", has_text="cannot be migrated, saved, or snapshotted")).to_be_visible()
    press(page, "Define")
    is_told(page, "'player' is defined on")
    assert [each.type for each in stored(simulated, "player").devices.hostdevs] == ["pci"]


def test_a_seldom_field_is_found_and_set(show: Show, daemon: Daemon, simulated: libvirt.virConnect) -> None:
    """A few letters of QEMU's option lead to the field, whose disk is then repeated and put first."""
    disk = "<disk type='file'><source file='/a.qcow2'/><target dev='vda' bus='virtio'/></disk>"
    simulated.defineXML(machine(disk, name="tuned", type="test", os="<os><type>hvm</type></os>"))
    page = show(CELL.format(uri=daemon.test_uri, spec="host.domain('tuned')"))
    page.get_by_label("Find a field").fill("num-queues")
    page.get_by_role("button", name="devices.disks[].driver_options.queues").press("Enter")
    queues = field(page, "devices-disks-0-driver-options-queues")
    expect(queues).to_be_focused()
    queues.fill("4")
    press(page, "Duplicate disk 1")
    name = field(page, "devices-disks-1-file")
    expect(name).to_have_value("/a.qcow2")
    name.fill("/b.qcow2")
    press(page, "Move disk 2 up")
    expect(field(page, "devices-disks-0-file")).to_have_value("/b.qcow2")
    press(page, "Save")
    is_told(page, "'tuned' is changed on")
    disks = stored(simulated, "tuned").devices.disks
    assert [(each.file, each.target, each.driver_options.queues) for each in disks] == [
        ("/b.qcow2", "vda", 4),
        ("/a.qcow2", "vdb", 4),
    ]


def test_wrong_xml_is_mended(show: Show, daemon: Daemon, other: libvirt.virConnect) -> None:
    """A tag that does not close and a word that libvirt does not know are marked at their lines; then it is defined."""
    page = show(CELL.format(uri=daemon.uri, spec="ph.profiles.minimal(name='mended', type='qemu', network=None)"))
    press(page, "Edit the XML")
    text = page.get_by_label("The definition as XML, to be edited")
    good = text.input_value()
    text.fill(good.replace("</name>", "</nome>"))
    press(page, "Apply")
    expect(page.locator(".phy-numbers .phy-error-line")).to_have_text("✕ 2")
    text.fill(good.replace("<vcpu", "<title>From XML</title>\n  <vcpus>2</vcpus>\n  <vcpu"))
    press(page, "Apply")
    expect(page.locator(".phy-findings .phy-error", has_text="<vcpus>")).to_be_visible()
    expect(page.locator(".phy-numbers .phy-error-line")).to_have_count(1)
    press(page, "Define")
    expect(page.get_by_text("Mend this first.")).to_be_visible(timeout=PATIENCE)
    text.fill(text.input_value().replace("  <vcpus>2</vcpus>\n", ""))
    press(page, "Apply")
    expect(field(page, "title")).to_have_value("From XML")
    press(page, "Define")
    is_told(page, "'mended' is defined on")
    assert stored(other, "mended").title == "From XML"


def test_a_clone_is_made_in_the_panel(show: Show, daemon: Daemon, other: libvirt.virConnect) -> None:
    """The panel begins with a new VM, then takes a clone of one that the host has, and defines that."""
    other.defineXML(machine(name="first"))
    page = show(CELL.format(uri=daemon.uri, spec="ph.profiles.minimal(name='thrown-away', type='qemu')"))
    press(page, "Begin with …")
    page.get_by_label("Begin with").select_option("a clone of a VM")
    page.get_by_label("Name of the new VM").fill("second")
    press(page, "Begin")
    expect(field(page, "name")).to_have_value("second", timeout=PATIENCE)
    press(page, "Define")
    is_told(page, "'second' is defined on")
    assert {each.name() for each in other.listAllDomains()} == {"first", "second"}
    assert stored(other, "second").uuid != stored(other, "first").uuid


def test_a_conflict_is_resolved(show: Show, daemon: Daemon, other: libvirt.virConnect) -> None:
    """Somebody else saves meanwhile: the person is told, sees both, puts one on top of the other, and saves."""
    other.defineXML(machine(name="shared"))
    page = show(CELL.format(uri=daemon.uri, spec="host.domain('shared')"))
    field(page, "memory-maximum").fill("96 MiB")
    expect(page.locator(".phy-changed").first).to_contain_text("96")
    other.lookupByName("shared").setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, "theirs", None, None)
    press(page, "Save")
    expect(page.locator(".phy-error", has_text="Somebody else has changed")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("alert").filter(has_text="theirs")).to_be_visible()
    assert str(stored(other, "shared").memory.maximum) == "64 MiB"
    press(page, "Put my changes on top of theirs")
    expect(field(page, "title")).to_have_value("theirs")
    expect(field(page, "memory-maximum")).to_have_value("96 MiB")
    press(page, "Save")
    is_told(page, "'shared' is changed on")
    spec = stored(other, "shared")
    assert (spec.title, str(spec.memory.maximum)) == ("theirs", "96 MiB")


def test_a_change_is_undone(show: Show, daemon: Daemon, other: libvirt.virConnect) -> None:
    """What was saved by mistake is put back, byte by byte, and can be saved again."""
    other.defineXML(machine(name="regretted"))
    before = other.lookupByName("regretted").XMLDesc(STORED)
    page = show(CELL.format(uri=daemon.uri, spec="host.domain('regretted')"))
    field(page, "title").fill("A mistake")
    expect(page.locator(".phy-changed", has_text="A mistake")).to_be_visible(timeout=PATIENCE)
    press(page, "Save")
    is_told(page, "'regretted' is changed on")
    assert stored(other, "regretted").title == "A mistake"
    press(page, "Undo")
    expect(field(page, "title")).to_have_value("", timeout=PATIENCE)
    expect(page.get_by_role("button", name="Undo", exact=True)).to_be_hidden()
    assert other.lookupByName("regretted").XMLDesc(STORED) == before
    field(page, "title").fill("Meant")
    expect(page.locator(".phy-changed", has_text="Meant")).to_be_visible(timeout=PATIENCE)
    press(page, "Save")
    is_told(page, "'regretted' is changed on")
    assert stored(other, "regretted").title == "Meant"


def test_a_visitor_who_may_only_read_sees_everything_and_writes_nothing(
    show: Show, daemon: Daemon, other: libvirt.virConnect
) -> None:
    """The form, the XML, a trial, the effect and what can be taken along; how to write is said beside the button."""
    other.defineXML(machine(name="shown", devices="<graphics type='vnc' passwd='s3same'/>"))
    before = other.lookupByName("shown").XMLDesc(STORED)
    cell = CELL.format(uri=daemon.uri, spec="host.domain('shown')").replace(", write=True", "")
    page = show(cell)
    for label in ("Save", "Start", "Undefine …", "Rename"):
        expect(page.get_by_role("button", name=label, exact=True)).to_be_disabled()
    expect(page.get_by_role("status").filter(has_text="is open read-only")).to_contain_text("write=True")
    field(page, "memory-maximum").fill("96 MiB")
    expect(page.locator(".phy-changed").first).to_contain_text("96")
    page.get_by_role("tab", name="Changes").click()
    expect(page.locator(".phy-added-line")).to_contain_text("96")
    page.get_by_role("tab", name="Trial").click()
    expect(page.locator(".phy-tried .phy-done, .phy-tried .phy-error")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("tab", name="Take along").click()
    page.get_by_label("Take along as").select_option("XML")
    expect(page.get_by_role("link", name="Download")).to_be_visible()
    assert "s3same" not in page.content()
    assert other.lookupByName("shown").XMLDesc(STORED) == before


def test_a_whole_journey_in_the_dark_theme(
    page: Page, lab: str, root: Path, daemon: Daemon, other: libvirt.virConnect
) -> None:
    """A VM is defined, started and forced off; at each step what is said can be told from its background."""
    spec = "ph.profiles.minimal(name='night', type='qemu', network=None)"
    open_notebook(page, lab, write(root, CELL.format(uri=daemon.uri, spec=spec)))
    dress(page, "JupyterLab Dark")
    page.keyboard.press("Control+Enter")
    has_read(page)
    assert violations(page) == []
    field(page, "memory-maximum").fill("nothing")
    expect(page.locator(".phy-form .phy-error").first).to_be_visible()
    assert violations(page) == []
    field(page, "memory-maximum").fill("96 MiB")
    press(page, "Define")
    is_told(page, "'night' is defined on")
    press(page, "Start")
    is_told(page, "night runs.")
    assert violations(page) == []
    press(page, "Force off …")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused(timeout=PATIENCE)
    assert violations(page) == []
    press(page, "Force off")
    is_told(page, "night was forced off")
    assert not other.lookupByName("night").isActive()


def test_the_keyboard_suffices(page: Page, lab: str, root: Path, daemon: Daemon, other: libvirt.virConnect) -> None:
    """The cell is run, the memory typed, the VM defined, started, forced off and undone without a mouse."""
    spec = "ph.profiles.minimal(name='keys', type='qemu', network=None)"
    open_notebook(page, lab, write(root, CELL.format(uri=daemon.uri, spec=spec)))
    page.keyboard.press("Control+Enter")
    has_read(page)
    tab_to(page, "Memory maximum")
    page.keyboard.press("Control+a")
    page.keyboard.type("96 MiB")
    expect(page.locator(".phy-changed").first).to_contain_text("96")
    tab_to(page, "Define")
    page.keyboard.press("Enter")
    is_told(page, "'keys' is defined on")
    assert str(stored(other, "keys").memory.maximum) == "96 MiB"
    tab_to(page, "Start")
    page.keyboard.press("Enter")
    is_told(page, "keys runs.")
    tab_to(page, "Force off …")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused(timeout=PATIENCE)
    tab_to(page, "Force off", "Shift+Tab")
    page.keyboard.press("Enter")
    is_told(page, "keys was forced off")
    tab_to(page, "Undo", "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Undo", exact=True)).to_be_hidden(timeout=PATIENCE)
    assert other.listAllDomains() == []
