"""Panels in the browser, where a kernel restarts, a cell is run again, and names are long or read from the right."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from support.browser import KERNEL_READY, open_notebook, run_all
from support.notebook import PATIENCE, Show, field, has_read, show_panel, write

CELL = """
import phyllome_nb as ph
host = ph.demo()
ph.DomainPanel(host, host.domain("web-1"))
"""
RESTART = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
COUNT = """
import threading
for _ in range(100):
    found = sum(thread.name.startswith("libvirt: watching") for thread in threading.enumerate())
    if found <= 1:
        break
    threading.Event().wait(0.1)
print("watching:", found)
"""


def run_cell(page: Page, number: int) -> None:
    """Run one cell as a person does, from its editor."""
    page.locator(".jp-CodeCell .cm-content").nth(number).click()
    page.keyboard.press("Control+Enter")


def test_a_restarted_kernel_leaves_the_page_usable_and_the_cell_runs_again(page: Page, lab: str, root: Path) -> None:
    """What was typed into the panel that is left goes nowhere, and holds nothing up."""
    show_panel(page, lab, root, CELL)
    page.evaluate(RESTART)
    page.evaluate(KERNEL_READY)
    field(page, "title").fill("to nobody")
    page.get_by_role("tab", name="Take along").click()
    page.get_by_role("tab", name="XML").click()
    run_cell(page, 0)
    expect(field(page, "title")).to_have_value("Web server", timeout=PATIENCE)
    has_read(page)
    field(page, "title").fill("to somebody")
    expect(page.locator(".phy-changed", has_text="to somebody")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".phyllome .phy-form")).to_have_count(1)


def test_of_a_cell_that_is_run_again_the_newest_panel_alone_follows_the_host(page: Page, lab: str, root: Path) -> None:
    """JupyterLab tells when it shows a panel no longer, and its threads end."""
    cells = "import phyllome_nb as ph\nhost = ph.demo()", "ph.HostPanel(host)", COUNT
    open_notebook(page, lab, write(root, *cells))
    run_all(page)
    panel = page.locator(".phyllome.widget-vbox")
    expect(panel).to_contain_text("6 of 8 VMs run", timeout=PATIENCE)
    for _ in range(3):
        run_cell(page, 1)
        expect(page.locator(".jp-CodeCell").nth(1).locator(".jp-InputPrompt")).not_to_contain_text("*")
        expect(panel).to_have_count(1)
        expect(panel).to_contain_text("6 of 8 VMs run", timeout=PATIENCE)
    run_cell(page, 2)
    expect(page.locator(".jp-CodeCell").nth(2)).to_contain_text("watching: 1", timeout=PATIENCE)


NAMES = {
    "long": "n" * 247,
    "long Hebrew": "ש" * 123,
    "Arabic": "خادم الويب",
    "turned around": "a\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe",
    "a tower": "e" + "\N{COMBINING TILDE}" * 60,
}
WIDER = """() => [...document.querySelectorAll(".phyllome *")].filter(it => {
  const end = document.querySelector(".phyllome").getBoundingClientRect().right + 1;
  return it.offsetParent && getComputedStyle(it).display !== "inline" && it.getBoundingClientRect().right > end
    && !it.closest(".phy-pane, .phy-tried, .phy-wide, .phy-editor, select, [style*='overflow']");
}).map(it => it.outerHTML.slice(0, 200))"""
PLACES = """text => [...document.querySelectorAll(".phy-heading")].map(it => {
  const range = document.createRange(), walker = document.createTreeWalker(it, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const at = node.data.indexOf(text);
    if (at < 0) continue;
    range.setStart(node, at); range.setEnd(node, at + text.length);
    return range.getBoundingClientRect().left - it.getBoundingClientRect().left;
  }
})[0]"""


@pytest.mark.parametrize("kind", NAMES)
def test_no_name_breaks_the_layout(show: Show, kind: str) -> None:
    """At 1280 × 720 nothing is wider than the page, and what follows a name stands to the right of it."""
    name = NAMES[kind]
    cell = f"""
import phyllome_nb as ph
host = ph.demo()
report = host.change(ph.profiles.minimal(name={name!r})).apply()
ph.DomainPanel(host, host.domain({name!r}))
"""
    page = show(cell)
    page.set_viewport_size({"width": 1280, "height": 720})
    page.get_by_role("button", name="Begin with …").press("Enter")
    page.get_by_label("Begin with").select_option("a VM of this host")
    page.get_by_role("button", name="Undefine …").press("Enter")
    expect(page.get_by_role("alert").filter(has_text="Undefine")).to_be_visible(timeout=PATIENCE)
    assert page.evaluate(WIDER) == []
    if kind == "turned around":
        assert page.evaluate(PLACES, "gpj") < page.evaluate(PLACES, "exe") < page.evaluate(PLACES, " on demo")


@pytest.mark.parametrize("panel", ["HostPanel(host)", "FleetPanel(ph.Fleet([host]))", "PlannerPanel(host)"])
def test_no_name_breaks_the_layout_of_the_other_panels(page: Page, lab: str, root: Path, panel: str) -> None:
    """On none of their tabs, with the longest names that there may be."""
    names = NAMES["long"], NAMES["long Hebrew"]
    cell = f"""
import phyllome_nb as ph
host = ph.demo()
for name in {names!r}:
    host.change(ph.profiles.minimal(name=name)).apply()
ph.{panel}
"""
    open_notebook(page, lab, write(root, cell))
    run_all(page)
    page.set_viewport_size({"width": 1280, "height": 720})
    shown = page.locator(".phyllome.widget-vbox").first
    expect(shown).to_contain_text("demo", timeout=PATIENCE)
    for tab in shown.get_by_role("tab").all():
        tab.click()
        expect(shown.get_by_role("status").filter(has_text="…")).to_have_count(0, timeout=PATIENCE)
        assert page.evaluate(WIDER) == [], tab.inner_text()
