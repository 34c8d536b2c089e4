"""A notebook in JupyterLab that shows a panel, for one test."""

import re
import uuid
from collections.abc import Callable
from pathlib import Path

import nbformat
from playwright.sync_api import Locator, Page, expect

from support.browser import open_notebook, run_all

PATIENCE = 60_000
"""Milliseconds for what a host or a guest has to do on a busy machine."""
# A kernel outlives the page that asked for it, and holds its memory and its connections.
END_KERNELS = "() => window.jupyterapp?.serviceManager.sessions.shutdownAll()"
ACCESSIBLE_NAME = """() => {
  const it = document.activeElement;
  return it.getAttribute("aria-label") || it.labels?.[0]?.innerText || it.innerText || "";
}"""

Show = Callable[[str], Page]
"""What runs a cell that ends with a panel, and waits until the panel has read its host."""


def write(root: Path, *cells: str) -> str:
    """Write a notebook into `root`, and return its name; a notebook opened again would keep its kernel."""
    notebook = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]  # type: ignore[no-untyped-call]
    name = f"{uuid.uuid4().hex}.ipynb"
    nbformat.write(notebook, root / name)  # type: ignore[no-untyped-call]
    return name


def show_panel(page: Page, lab: str, root: Path, cell: str) -> str:
    """Run a cell that ends with a panel, wait until the panel has read its host, and return the notebook's name."""
    name = write(root, cell)
    open_notebook(page, lab, name)
    assert run_all(page) == ["[1]:"]
    has_read(page)
    return name


def has_read(page: Page) -> None:
    """Wait until the panel shows what the definition would mean for its host."""
    expect(page.locator(".phy-balance").first).to_contain_text("Memory", timeout=PATIENCE)


def field(page: Page, name: str) -> Locator:
    """The control of a field, by its name with hyphens for dots."""
    return page.locator(f".phy-field-{name}").locator("input, select, textarea")


def open_section(page: Page, title: str) -> None:
    """Press the heading of a section that is closed."""
    page.locator(".phy-section", has_text=re.compile(rf"▸ {title}($| [(—])")).click()


def press(page: Page, label: str) -> None:
    """Press a button by keyboard, as a person does who has tabbed to it."""
    page.get_by_role("button", name=label, exact=True).press("Enter")


def dress(page: Page, theme: str) -> None:
    """Change JupyterLab's theme."""
    page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
    # axe-core judges the colours of what is in view alone.
    page.set_viewport_size({"width": 1280, "height": 2600})
    # While it lies over the page, axe-core does not tell what is behind it.
    expect(page.locator("#jupyterlab-splash")).to_have_count(0)


def is_told(page: Page, said: str) -> None:
    """Wait until the panel says that something is done."""
    expect(page.locator(".phy-done").filter(has_text=said)).to_be_visible(timeout=PATIENCE)


def tab_to(page: Page, name: str, key: str = "Tab") -> None:
    """Press Tab, or Shift+Tab, until the control of that name has the focus."""
    passed = []
    for _ in range(100):
        page.keyboard.press(key)
        passed.append(" ".join(page.evaluate(ACCESSIBLE_NAME).split()))
        if passed[-1] == name:
            return
    raise AssertionError(f"{key} does not come to {name!r}, but to {passed}")
