"""A person at JupyterLab looks at a host, tries a policy, filters, and plans, while somebody else changes the host."""

from collections.abc import Iterator
from pathlib import Path

import libvirt
import nbformat
import pytest
from playwright.sync_api import Page, expect

from support.browser import open_notebook, run_all
from support.lab import jupyterlab
from support.libvirtd import Daemon

CELL = """
import phyllome_nb as ph
host = ph.connect({uri!r}, timeout=30, write={write})
ph.{panel}(host{more})
"""
SHAPE = ", ph.profiles.minimal(name='planned', type='qemu', network=None)"
TEXT = """<domain type='qemu'><name>{0}</name><memory unit='GiB'>{1}</memory><vcpu>{2}</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type></os></domain>"""
PATIENT = 60_000


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory that JupyterLab shows."""
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="module")
def lab(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A JupyterLab."""
    with jupyterlab(root, tmp_path_factory.mktemp("lab")) as base:
        yield base


def show(  # noqa: PLR0917
    page: Page, lab: str, root: Path, uri: str, panel: str, more: str = "", *, write: bool = False
) -> None:
    """Run a notebook with a panel."""
    notebook = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    notebook.cells = [nbformat.v4.new_code_cell(CELL.format(uri=uri, panel=panel, more=more, write=write))]  # type: ignore[no-untyped-call]
    nbformat.write(notebook, root / f"{panel}.ipynb")  # type: ignore[no-untyped-call]
    open_notebook(page, lab, f"{panel}.ipynb")
    assert run_all(page) == ["[1]:"]


def test_a_host_is_looked_at_while_it_changes(page: Page, lab: str, root: Path, daemon: Daemon) -> None:
    """A VM that somebody else defines appears by itself; a policy and a filter are answered at once."""
    connection = libvirt.open(daemon.uri)
    connection.defineXML(TEXT.format("first", 2, 2))
    show(page, lab, root, daemon.uri, "HostPanel")
    panel = page.locator(".phyllome.widget-vbox").first
    expect(panel).to_contain_text("0 of 1 VMs run", timeout=PATIENT)
    picture = panel.locator("img.phy-for-light").first
    expect(picture).to_be_visible(timeout=PATIENT)
    assert "promised to the VMs that run" in (picture.get_attribute("alt") or "")
    connection.defineXML(TEXT.format("second", 4, 4))
    expect(panel).to_contain_text("0 of 2 VMs run", timeout=PATIENT)
    panel.get_by_role("tab", name="Tables").click()
    expect(panel.locator(".wide tbody tr")).to_have_count(2, timeout=PATIENT)
    panel.get_by_role("textbox", name="Filter").fill("vcpus>2")
    expect(panel.locator(".wide tbody tr")).to_have_count(1, timeout=PATIENT)
    expect(panel.locator(".wide tbody")).to_contain_text("second")
    panel.get_by_role("textbox", name="Filter").fill("")
    panel.get_by_role("combobox", name="Table", exact=True).select_option("Balance")
    panel.get_by_role("combobox", name="Count").select_option("all VMs, as if every one ran")
    expect(panel.locator(".wide tbody tr").first).to_contain_text("defined", timeout=PATIENT)
    panel.get_by_role("textbox", name="vCPUs for each CPU").fill("7")
    cpus = connection.getInfo()[2]
    expect(panel.locator(".wide tbody tr").first).to_contain_text(str(7 * cpus), timeout=PATIENT)
    connection.close()


def test_a_plan_is_made_with_the_keyboard(page: Page, lab: str, root: Path, daemon: Daemon) -> None:
    """A shape is typed, its fit is told, VMs are added to a scenario, and the answer is drawn."""
    show(page, lab, root, daemon.uri, "PlannerPanel", SHAPE)
    panel = page.locator(".phyllome.widget-vbox").first
    expect(panel).to_contain_text("How many more, and what runs out first", timeout=PATIENT)
    panel.get_by_role("spinbutton", name="vCPUs", exact=True).fill("4000")
    panel.get_by_role("spinbutton", name="vCPUs", exact=True).press("Enter")
    expect(panel).to_contain_text("4000 vCPUs", timeout=PATIENT)
    panel.get_by_role("spinbutton", name="vCPUs", exact=True).fill("1")
    panel.get_by_role("spinbutton", name="vCPUs", exact=True).press("Enter")
    panel.get_by_role("textbox", name="Memory").fill("64 MiB")
    panel.get_by_role("tab", name="What if").click()
    panel.get_by_role("button", name="Add the planned VMs").press("Enter")
    expect(panel).to_contain_text("1 of 1 VMs placed", timeout=PATIENT)
    expect(panel.locator("img.phy-for-light").first).to_be_visible(timeout=PATIENT)
    panel.get_by_role("tab", name="A host is lost").click()
    expect(panel).to_contain_text("1 losses are", timeout=PATIENT)


def test_a_choice_that_the_host_does_not_take_goes_back(page: Page, lab: str, root: Path, daemon: Daemon) -> None:
    """IDE stands below the line for a q35 machine; chosen all the same, the dropdown goes back and says why."""
    libvirt.open(daemon.uri).getDomainCapabilities(None, "x86_64", "q35", "qemu")  # a new daemon asks its QEMU first
    show(page, lab, root, daemon.uri, "DomainPanel", ", ph.profiles.linux(name='narrow', type='qemu')", write=True)
    panel = page.locator(".phyllome.widget-vbox").first
    expect(panel).to_contain_text("Effect on", timeout=PATIENT)
    panel.get_by_title("Open Disk", exact=True).click()
    panel.get_by_role("button", name="Add disk").click()
    bus = panel.locator(".phy-field-devices-disks-0-bus select")
    expect(bus.locator("option", has_text="ide — the host's QEMU")).to_be_attached(timeout=PATIENT)
    before = bus.input_value()
    bus.select_option(index=[text[:4] for text in bus.locator("option").all_text_contents()].index("ide\xa0"))
    expect(panel.get_by_text("is not to be had here")).to_be_visible(timeout=PATIENT)
    expect(bus).to_have_value(before)
    bus.select_option("scsi")
    expect(panel.get_by_text("is not to be had here")).to_have_count(0, timeout=PATIENT)
    expect(bus).to_have_value("scsi")
