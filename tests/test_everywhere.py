"""The panels outside of a running notebook: as an application, and in a notebook that was saved."""

from pathlib import Path

import libvirt
from nbconvert import HTMLExporter
from playwright.sync_api import Page, expect

from examples.example import machine
from support.axe import violations
from support.lab import voila
from support.libvirtd import Daemon
from support.notebook import PATIENCE, field, has_read, is_told, open_section, press, show_panel
from support.process import REPOSITORY

DASHBOARD = REPOSITORY / "notebooks/dashboard.ipynb"
TOKEN = "of-this-test"  # noqa: S105
STORED, TYPED = "s3same", "0pen-it"
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


EDIT = """
import phyllome_nb as ph
host = ph.connect({uri!r}, write=True)
ph.DomainPanel(host, host.domain("saved"))
"""
SAVE = "() => window.jupyterapp.commands.execute('docmanager:save')"


def test_a_saved_notebook_shows_what_was_last_seen_and_holds_no_secret(
    page: Page, lab: str, root: Path, daemon: Daemon
) -> None:
    """Neither the file nor the page made of it has a password, one that was stored or one that was typed."""
    connection = libvirt.open(daemon.uri)
    connection.defineXML(machine(name="saved", devices=f"<graphics type='vnc' passwd='{STORED}'/>"))
    connection.close()
    name = show_panel(page, lab, root, EDIT.format(uri=daemon.uri))
    field(page, "memory-maximum").fill("96 MiB")
    open_section(page, "Graphics")
    field(page, "devices-graphics-0-passwd").fill(TYPED)
    page.keyboard.press("Tab")
    expect(field(page, "devices-graphics-0-passwd")).to_have_value("")
    expect(page.locator(".phy-changed").first).to_contain_text("96")
    page.evaluate(SAVE)
    saved, _ = HTMLExporter().from_filename(str(root / name))  # type: ignore[no-untyped-call]
    for text in (saved, (root / name).read_text()):
        assert "phy-balance" in text
        assert "96 MiB" in text
        assert [secret for secret in (STORED, TYPED) if secret in text] == []
