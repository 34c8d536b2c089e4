"""The panel is for everyone: axe-core finds nothing to mend, a small screen and large text suffice, focus is seen."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from support.axe import violations
from support.browser import open_notebook, run_all
from support.notebook import PATIENCE, Show, dress, field, is_told, open_section, press, write

CELL = """
import phyllome_nb as ph
host = ph.demo()
spec = ph.profiles.linux(name="web", memory="60 GiB", vcpus=4)
spec.vcpus.maximum = 5
spec.title = "חשוב " + "w" * 200
panel = ph.DomainPanel(host, spec)
panel
"""
EDIT = "import phyllome_nb as ph\nhost = ph.demo()\nph.DomainPanel(host, host.domain(host.snapshot().domains[0].name))"
THEMES = ("JupyterLab Light", "JupyterLab Dark")

KINDS = ("Python", "virsh", "virt-install", "XML", "web page")
"""What a definition can be taken along as."""
TABS = {
    "XML": ".phy-pane .phy-xml",
    "Trial": ".phy-tried .phy-done, .phy-tried .phy-error",
    "Command line": ".phy-tried .phy-quiet, .phy-command",
}
"""What is seen of each tab once it is there."""


def complain(page: Page) -> None:
    """Bring the panel to say all it can: refused input, errors, warnings, hints, meanings."""
    field(page, "vcpus-current").fill("many")
    for title in ("Machine and boot", "CPU", "Disk", "Console"):
        open_section(page, title)
    page.get_by_label("Find a field").fill("queues")
    expect(page.locator(".phy-found button").first).to_be_visible()
    page.get_by_role("button", name="Begin with …").press("Enter")
    page.get_by_label("Limits by").select_option("nova")
    expect(page.locator(".phy-limit").first).to_be_visible()
    expect(page.locator(".phy-boxes")).to_be_visible()
    expect(page.locator(".noUi-handle").first).to_be_attached()
    page.get_by_role("button", name="Explain every field").press("Enter")
    page.get_by_role("button", name="hints").press("Enter")
    expect(page.locator(".phy-hint").first).to_be_visible()
    expect(page.locator(".phy-form .phy-error").first).to_be_visible()


def test_a_tool_finds_nothing_to_mend_in_either_theme(show: Show) -> None:
    """WCAG A and AA: names, roles, contrast and what can be scrolled, with all that a panel can say on the page."""
    page = show(CELL)
    complain(page)
    for theme in THEMES:
        dress(page, theme)
        for tab, shown in TABS.items():
            page.get_by_role("tab", name=tab).click()
            expect(page.locator(shown).locator("visible=true").first).to_be_visible(timeout=PATIENCE)
            assert violations(page) == [], (theme, tab)


def test_a_tool_finds_nothing_to_mend_wherever_a_definition_comes_from_or_goes(show: Show) -> None:
    """Each beginning that is asked for, the XML with a mistake in it, and each form that can be taken along."""
    page = show(CELL)
    page.get_by_role("button", name="Begin with …").press("Enter")
    page.get_by_role("button", name="Edit the XML").press("Enter")
    text = page.get_by_label("The definition as XML, to be edited")
    text.fill(text.input_value().replace("</name>", "</nome>"))
    page.get_by_role("button", name="Apply").press("Enter")
    expect(page.locator(".phy-numbers .phy-error-line")).to_be_visible()
    for theme in THEMES:
        dress(page, theme)
        page.get_by_role("tab", name="XML").click()
        for beginning in ("a profile", "a clone of a VM", "pasted XML", "a file"):
            page.get_by_label("Begin with").select_option(beginning)
            assert violations(page) == [], (theme, beginning)
        page.get_by_role("tab", name="Take along").click()
        for kind in KINDS:
            page.get_by_label("Take along as").select_option(kind)
            expect(page.get_by_role("link", name="Download")).to_be_visible(timeout=PATIENCE)
            assert violations(page) == [], (theme, kind)


def test_a_tool_finds_nothing_to_mend_while_a_vm_is_edited(show: Show) -> None:
    """The changes, what came of the write, the buttons of its life, and the question before something is destroyed."""
    page = show(EDIT)
    field(page, "memory-maximum").fill("3 GiB")
    page.get_by_role("tab", name="Changes").click()
    expect(page.locator(".phy-added-line").first).to_be_visible()
    press(page, "Save")
    is_told(page, "is changed on")
    field(page, "memory-maximum").fill("5 GiB")
    page.get_by_role("button", name="Force off …").press("Enter")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    for theme in THEMES:
        dress(page, theme)
        assert violations(page) == [], theme


@pytest.mark.parametrize("panel", ["HostPanel(host)", "FleetPanel(ph.Fleet([host]))", "PlannerPanel(host)"])
def test_a_tool_finds_nothing_to_mend_in_the_other_panels(page: Page, lab: str, root: Path, panel: str) -> None:
    """On each of their tabs, in either theme."""
    open_notebook(page, lab, write(root, f"import phyllome_nb as ph\nhost = ph.demo()\nph.{panel}"))
    run_all(page)
    shown = page.locator(".phyllome.widget-vbox").first
    expect(shown).to_contain_text("demo", timeout=PATIENCE)
    for theme in THEMES:
        dress(page, theme)
        for tab in shown.get_by_role("tab").all():
            tab.click()
            expect(shown.get_by_role("status").filter(has_text="…")).to_have_count(0, timeout=PATIENCE)
            assert violations(page) == [], (theme, tab.inner_text())


@pytest.mark.parametrize(("width", "height", "what"), [(1280, 720, "a small screen"), (640, 360, "text of 200 %")])
def test_a_small_screen_and_large_text_suffice(show: Show, width: int, height: int, what: str) -> None:
    """Nothing is wider than the page; twice the text leaves a screen of 1280 x 720 with half of each."""
    page = show(CELL)
    page.set_viewport_size({"width": width, "height": height})
    complain(page)
    for tab in ("XML", "Take along"):
        page.get_by_role("tab", name=tab).click()
        assert page.evaluate(TOO_WIDE) == [], (what, tab)
    page.get_by_label("Take along as").select_option("virt-install")
    expect(page.get_by_role("link", name="Download")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("tab", name="XML").click()
    page.get_by_role("button", name="Edit the XML").press("Enter")
    expect(page.get_by_label("The definition as XML, to be edited")).to_be_visible()
    assert page.evaluate(TOO_WIDE) == [], what


# What is wider than the place where it is, unless it can be scrolled there.
TOO_WIDE = """() => [...document.querySelectorAll(".phyllome, .phyllome *")].filter(element => {
  const style = getComputedStyle(element);
  return element.offsetParent && !["auto", "scroll"].includes(style.overflowX) && style.display !== "inline"
    && element.getBoundingClientRect().right > document.querySelector(".phyllome").getBoundingClientRect().right + 1
    && !element.closest(".phy-pane, .phy-tried");
}).map(element => element.outerHTML.slice(0, 200))"""


def test_focus_is_seen_on_every_kind_of_control(show: Show) -> None:
    """Each control that Tab comes to looks otherwise than without the focus."""
    page = show(CELL)
    page.get_by_role("button", name="Explain every field").focus()
    seen: dict[str, bool] = {}
    for _ in range(60):
        page.keyboard.press("Tab")
        kind, outlined = page.evaluate(FOCUS)
        seen[kind] = seen.get(kind, True) and outlined
        if kind == "Define":
            break
    assert "Define" in seen
    assert [kind for kind, outlined in seen.items() if not outlined] == []


FOCUS = """() => {
  const it = document.activeElement, style = getComputedStyle(it);
  const kind = it.innerText === "Define" ? "Define" : `${it.tagName} ${it.className}`;
  return [kind, style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1];
}"""
