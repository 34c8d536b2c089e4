"""A notebook in JupyterLab that shows a panel, for one test."""

import uuid
from pathlib import Path

import nbformat
from playwright.sync_api import Page, expect

from support.browser import open_notebook, run_all

PATIENCE = 60_000
"""Milliseconds for what a host or a guest has to do on a busy machine."""
# A kernel outlives the page that asked for it, and holds its memory and its connections.
END_KERNELS = "() => window.jupyterapp?.serviceManager.sessions.shutdownAll()"


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
