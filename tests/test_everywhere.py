"""The panels outside of a running notebook: as an application, and in a notebook that was saved."""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import libvirt
import pytest
from ipywidgets.widgets.widget import _instances
from nbconvert import HTMLExporter
from playwright.sync_api import BrowserContext, Page, expect

import phyllome_nb as ph
from examples.example import machine
from support.axe import violations
from support.browser import open_notebook
from support.lab import jupyterlab, voila
from support.libvirtd import Daemon
from support.notebook import END_KERNELS, PATIENCE, field, has_read, is_told, open_section, press, show_panel, write
from support.panel import button, choose
from support.process import REPOSITORY, until

DASHBOARD = REPOSITORY / "notebooks/dashboard.ipynb"
TOKEN = "of-this-test"  # noqa: S105
STORED, TYPED, WRITTEN, PASTED = "s3same", "0pen-it", "b7arbar1", "4li-b4ba"
"""Passwords."""


def test_the_dashboard_is_an_application_for_who_has_its_token(page: Page, tmp_path: Path, daemon: Daemon) -> None:
    """Voila shows the panels without code; nothing is asked of another server but an icon font that nothing needs."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with voila(DASHBOARD, tmp_path, TOKEN, {"LIBVIRT_DEFAULT_URI": daemon.uri}) as base:
        refused = page.goto(base)
        assert refused
        assert "phyllome" not in page.content()
        page.goto(f"{base}/?token={TOKEN}", wait_until="domcontentloaded")
        expect(page.get_by_role("tab", name="Planning")).to_be_visible(timeout=PATIENCE)
        page.get_by_role("tab", name="A VM").click()
        has_read(page)
        field(page, "name").fill("shown")
        field(page, "type").select_option("qemu")
        page.get_by_role("button", name="Fix: Take the user's network").press("Enter")
        expect(page.locator(".phy-findings .phy-error")).to_have_count(0, timeout=PATIENCE)
        press(page, "Define")
        is_told(page, "'shown' is defined on")
        assert "import phyllome_nb" not in page.locator("body").inner_text()
        assert violations(page, ".phyllome:has(.phy-form)") == []
        page.goto("about:blank")
    others = {url for url in asked if not url.startswith((base, "data:", "blob:", "about:"))}
    assert {url for url in others if "fontawesome" not in url} == set()


NEW = """
import phyllome_nb as ph
host = ph.connect({uri!r}, write=True)
ph.DomainPanel(host, ph.profiles.minimal(name="seventh", type="qemu", network=None))
"""


@pytest.mark.skipif(not find_spec("notebook"), reason="Notebook 7 is not in this environment; ./nb test installs it")
def test_a_vm_is_defined_in_notebook_7(browser: BrowserContext, lab: str, root: Path, daemon: Daemon) -> None:
    """A size is typed, Define is pressed, the outcome is read: as in JupyterLab."""
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    open_notebook(page, lab, write(root, NEW.format(uri=daemon.uri)), at="notebooks")
    expect(page.locator("body")).to_have_attribute("data-notebook", "notebooks")
    page.locator(".jp-Cell .cm-content").first.click()
    page.keyboard.press("Shift+Enter")
    has_read(page)
    field(page, "memory-maximum").fill("96 MiB")
    expect(page.locator(".phy-changed").first).to_contain_text("96")
    press(page, "Define")
    is_told(page, "'seventh' is defined on")
    connection = libvirt.open(daemon.uri)
    assert connection.lookupByName("seventh").maxMemory() == 96 * 1024
    connection.close()
    page.evaluate(END_KERNELS)
    page.close()
    # Notebook 7.6 itself fails to make a menu while it loads.
    assert [each for each in errors if "reading 'schema'" not in each] == []


CORE = {"@jupyter-widgets/base", "@jupyter-widgets/controls", "@jupyter-widgets/output"}
FETCHED = re.compile(
    r"<script|<(?!a )[a-z]+[^>]* (?:src|href)=.?(?:https?:)?//|@import|url\(.?(?:https?:)?//", re.IGNORECASE
)
"""What a page would have to fetch, or run."""


def test_panels_need_nothing_that_a_notebook_elsewhere_would_have_to_fetch() -> None:
    """VS Code, and a machine without the internet, have ipywidgets' own widgets and no others; nothing is loaded."""
    before = set(_instances)
    host = ph.demo()
    snap = host.snapshot()
    domain, planner = ph.DomainPanel(host, host.domain("web-1")), ph.PlannerPanel(host)
    fleet = ph.FleetPanel(ph.FleetSnapshot.of([snap], (), snap.taken))
    panels: list[Any] = [domain, ph.HostPanel(snap), fleet, planner]
    planner.wait(60)
    choose(fleet, "Look at one host").value = snap.host.name
    for panel in panels:
        for tab in range(len(panel._tabs.titles)):
            panel._tabs.selected_index = tab
    for label in ("Begin with", "Show every field", "Explain every field", "Edit the XML"):
        button(domain, label).value = True
    for kind in ("XML", "Python", "virsh", "virt-install", "web page"):
        domain._leave.kind.value = kind
    for work in (domain._leave.making, domain._reading, domain._trial._work, planner._fitting):
        assert work.idle.wait(60)
    made = [_instances[each] for each in set(_instances) - before]
    assert len(made) > 1000, "every field has its widgets"
    assert {each._model_module for each in made} | {each._view_module for each in made} <= CORE
    shown = [value for each in made for value in each.get_state().values() if isinstance(value, str)]
    assert [found for value in shown if (found := FETCHED.search(value))] == []
    for panel in panels:
        panel.close()


EDIT = """
import phyllome_nb as ph
host = ph.connect({uri!r}, write=True)
ph.DomainPanel(host, host.domain("saved"))
"""
SAVE = "() => window.jupyterapp.commands.execute('docmanager:save')"


def test_a_saved_notebook_shows_what_was_last_seen_and_holds_no_secret(
    page: Page, root: Path, tmp_path: Path, daemon: Daemon
) -> None:
    """Neither the file nor a page made of it has a password, wherever it was typed, a cookie or the server's token."""
    connection = libvirt.open(daemon.uri)
    connection.defineXML(machine(name="saved", devices=f"<graphics type='vnc' passwd='{STORED}'/>"))
    connection.close()
    with jupyterlab(root, tmp_path, token=TOKEN) as base:
        page.goto(f"{base}/lab?token={TOKEN}", wait_until="domcontentloaded")
        name = show_panel(page, base, root, EDIT.format(uri=daemon.uri))
        field(page, "memory-maximum").fill("96 MiB")
        open_section(page, "Graphics")
        field(page, "devices-graphics-0-passwd").fill(TYPED)
        page.keyboard.press("Tab")
        expect(field(page, "devices-graphics-0-passwd")).to_have_value("")
        expect(page.locator(".phy-changed").first).to_contain_text("96")
        press(page, "Edit the XML")
        text = page.get_by_label("The definition as XML, to be edited")
        text.fill(re.sub("passwd=.•+[0-9]*.", f'passwd="{WRITTEN}"', text.input_value()))
        press(page, "Apply")
        expect(text).to_have_value(re.compile("passwd=.••"))
        press(page, "Begin with …")
        page.get_by_label("Begin with").select_option("pasted XML")
        pasted = page.get_by_placeholder("<domain> … </domain>")
        pasted.fill(machine(name="pasted", devices=f"<graphics type='vnc' passwd='{PASTED}'/>"))
        page.keyboard.press("Tab")
        expect(pasted).to_have_value(re.compile("passwd=.••"))
        page.evaluate(SAVE)
        until(lambda: "passwd" in (root / name).read_text(), 30, "the notebook to be saved")
        cookies = [cookie["value"] for cookie in page.context.cookies(base) if "value" in cookie]
        page.evaluate(END_KERNELS)
        page.goto("about:blank")
    saved, _ = HTMLExporter().from_filename(str(root / name))  # type: ignore[no-untyped-call]
    for kept in (saved, (root / name).read_text()):
        assert "phy-balance" in kept
        assert "96 MiB" in kept
        assert [each for each in (STORED, TYPED, WRITTEN, PASTED, TOKEN, *cookies) if each and each in kept] == []
    assert cookies
