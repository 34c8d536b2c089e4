"""A person at JupyterLab: types into the panel, sees what it means, presses Define, and a real libvirtd has the VM."""

from pathlib import Path

import libvirt
from playwright.sync_api import Page, expect

import phyllome_nb as ph
from examples.example import machine
from support.libvirtd import Daemon
from support.notebook import ACCESSIBLE_NAME, show_panel

CELL = """
import phyllome_nb as ph
host = ph.connect({uri!r}, write={write})
panel = ph.DomainPanel(host, ph.profiles.linux(name={name!r}, memory="2 GiB", vcpus=2, network=None, type="qemu"))
panel
"""

EDIT = """
import phyllome_nb as ph
host = ph.connect({uri!r}, write=True)
panel = ph.DomainPanel(host, host.domain("edited"))
panel
"""


def open_panel(
    page: Page, lab: str, root: Path, uri: str, *, write: bool = True, name: str = "clicked", cell: str = CELL
) -> None:
    """Run a notebook that shows a panel, and wait until the panel has read its host."""
    show_panel(page, lab, root, cell.format(uri=uri, write=write, name=name))


def test_what_is_typed_is_shown_and_defined_on_a_real_libvirtd(
    page: Page, lab: str, root: Path, daemon: Daemon
) -> None:
    """Memory and vCPUs typed by keyboard are in the XML, in the effect, and in what an independent connection reads."""
    open_panel(page, lab, root, daemon.uri)
    memory = page.locator(".phy-field-memory-maximum input")
    memory.fill("3 GiB")
    # On by keyboard alone: the vCPUs stand a few controls after the memory.
    expect(page.locator(".phy-changed")).to_have_text('  <memory unit="GiB">3</memory>')
    expect(page.locator(".phy-balance")).to_contain_text("0 → 3 of")
    vcpus = page.locator(".phy-field-vcpus-maximum input")
    while not vcpus.evaluate("input => input === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Control+a")
    page.keyboard.type("4")
    expect(page.locator(".phy-changed").nth(1)).to_have_text('  <vcpu placement="static">4</vcpu>')
    expect(page.locator(".phy-balance")).to_contain_text("0 → 4 of")
    expect(page.locator(".phy-findings .phy-error")).to_contain_text("The topology makes 2 vCPUs, but the VM has 4.")
    page.get_by_role("button", name="Fix: Make it").press("Enter")
    expect(page.locator(".phy-findings .phy-error")).to_have_count(0)
    expect(page.locator(".phy-changed").nth(2)).to_contain_text("<topology")
    page.get_by_role("button", name="Define", exact=True).press("Enter")
    expect(page.locator(".phy-done")).to_contain_text("'clicked' is defined on", timeout=30_000)

    connection = libvirt.open(daemon.uri)
    assert [domain.name() for domain in connection.listAllDomains()] == ["clicked"]
    stored = connection.lookupByName("clicked").XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    spec = ph.DomainSpec.from_xml(stored)
    assert (str(spec.memory.maximum), spec.vcpus.maximum, spec.cpu.topology.product()) == ("3 GiB", 4, 4)

    memory.fill("1 GiB")
    page.get_by_role("button", name="Define", exact=True).click()
    expect(page.locator(".phy-error")).to_contain_text("A VM named 'clicked' exists; it is unchanged", timeout=30_000)
    assert stored == connection.lookupByName("clicked").XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)


def test_text_can_be_told_from_its_background(page: Page, lab: str, root: Path, daemon: Daemon) -> None:
    """In either theme, labels, XML, bars' texts and complaints have a contrast of at least 4.5 to 1."""
    open_panel(page, lab, root, daemon.uri)
    page.locator(".phy-field-vcpus-maximum input").fill("many")
    page.locator(".phy-field-memory-maximum input").fill("3 GiB")
    expect(page.locator(".phy-form .phy-error")).to_be_visible()
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
        expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
        found = page.evaluate(CONTRASTS)
        assert len(found) > 5
        assert {what: ratio for what, ratio in found.items() if ratio < 4.5} == {}


def test_every_control_is_labelled_and_reached_by_tab(page: Page, lab: str, root: Path, daemon: Daemon) -> None:
    """Tab goes from the first control to Define, and each one on the way has a name."""
    open_panel(page, lab, root, daemon.uri)
    page.get_by_role("button", name="Explain every field").focus()
    names = []
    for _ in range(80):
        names.append(page.evaluate(ACCESSIBLE_NAME))
        if names[-1] == "Define":
            break
        page.keyboard.press("Tab")
    assert names[-1] == "Define"
    assert all(names)


def test_a_read_only_host_cannot_be_written_to(page: Page, lab: str, root: Path, daemon: Daemon) -> None:
    """The button is disabled, and the page says how to open the host for writing."""
    open_panel(page, lab, root, daemon.uri, write=False)
    expect(page.get_by_role("button", name="Define", exact=True)).to_be_disabled()
    expect(page.locator(".phyllome").first).to_contain_text(f"ph.connect('{daemon.uri}', write=True)")


def test_a_hostile_name_does_nothing_in_the_page(page: Page, lab: str, root: Path, daemon: Daemon) -> None:
    """It is shown as text by the panel and the table, and no element comes of it."""
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    open_panel(page, lab, root, daemon.uri, name="<img src=x onerror=alert(1)>")
    page.get_by_role("button", name="Define", exact=True).click()
    expect(page.locator(".phy-done")).to_contain_text("<img src=x onerror=alert(1)>", timeout=30_000)
    assert page.locator("img[src='x']").count() == 0
    assert dialogs == []


# The contrast of WCAG 2: relative luminance of a text's colour and of the first opaque background behind it.
CONTRASTS = """() => {
  const channels = colour => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b]
    .map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = {};
  const wanted = ["widget-label", "phy-tag", "phy-attribute", "phy-string", "phy-line", "phy-error", "phy-quiet"];
  const others = ".phyllome .phy-cell span, .phyllome .phy-section";
  for (const element of document.querySelectorAll(`${wanted.map(one => ".phyllome ." + one)}, ${others}`)) {
    if (!element.innerText?.trim() || element.offsetParent === null) continue;
    const [one, other] = [channels(getComputedStyle(element).color), behind(element)].map(luminance);
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    const key = element.className + (element.closest(".phy-changed") ? " (changed)" : "");
    found[key] = Math.min(found[key] ?? 99, Math.round(ratio * 100) / 100);
  }
  return found;
}"""


def test_the_trial_and_the_command_line_are_read_in_their_tabs(
    page: Page, lab: str, root: Path, daemon: Daemon
) -> None:
    """Libvirt is asked when the tab is opened; each option stands beside the part that caused it."""
    open_panel(page, lab, root, daemon.uri)
    page.get_by_role("tab", name="Trial").click()
    expect(page.locator(".phy-tried .phy-done")).to_contain_text("libvirt would accept 'clicked'", timeout=90_000)
    page.get_by_role("tab", name="Command line").click()
    option = page.locator(".phy-command tr", has_text="-m ").first
    expect(option).to_contain_text("memory")
    box, table = page.locator(".phy-tried").nth(1).bounding_box(), page.locator(".phy-command").bounding_box()
    assert box
    assert table
    assert table["width"] <= box["width"]


def test_a_vm_that_exists_is_edited_merged_and_taken_back(page: Page, lab: str, root: Path, daemon: Daemon) -> None:
    """Somebody else writes meanwhile: both versions are shown, put together by a click, saved, and undone."""
    connection = libvirt.open(daemon.uri)
    connection.defineXML(machine(name="edited", devices="<graphics type='vnc' passwd='s3same'/>"))
    open_panel(page, lab, root, daemon.uri, cell=EDIT)
    page.locator(".phy-field-memory-maximum input").fill("96 MiB")
    page.get_by_role("tab", name="Changes").click()
    expect(page.locator(".phy-added-line")).to_contain_text("96")
    connection.lookupByName("edited").setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, "theirs", None, None)
    page.get_by_role("button", name="Save", exact=True).press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("theirs", timeout=30_000)
    page.get_by_role("button", name="Put my changes on top of theirs").press("Enter")
    expect(page.locator(".phy-field-title input")).to_have_value("theirs")
    page.get_by_role("button", name="Save", exact=True).press("Enter")
    expect(page.locator(".phy-done")).to_contain_text("'edited' is changed on", timeout=30_000)
    secure = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE
    text = connection.lookupByName("edited").XMLDesc(secure)
    spec = ph.DomainSpec.from_xml(text)
    assert (str(spec.memory.maximum), spec.title, "s3same" in text) == ("96 MiB", "theirs", True)
    page.get_by_role("button", name="Undo", exact=True).press("Enter")
    expect(page.locator(".phy-field-memory-maximum input")).to_have_value("64 MiB", timeout=30_000)
    assert "65536" in connection.lookupByName("edited").XMLDesc(secure)
    page.get_by_role("button", name="Start", exact=True).press("Enter")
    expect(page.locator(".phy-done").last).to_contain_text("edited runs.", timeout=30_000)
    page.get_by_role("button", name="Force off …").press("Enter")
    # The way out has the focus, so that a second Enter destroys nothing.
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.get_by_role("button", name="Force off", exact=True).click()
    expect(page.locator(".phy-done").last).to_contain_text("edited was forced off", timeout=30_000)
    assert "s3same" not in page.content()
    connection.close()
