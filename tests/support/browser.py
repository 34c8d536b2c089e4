"""Drive a notebook in a real browser."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, sync_playwright

FLAGS = [
    "--no-sandbox",  # Chromium refuses to run as root with it
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# The kernel indicator reads "idle" before the session is connected, and what is run then is lost.
KERNEL_READY = """async () => {
  const { sessionContext } = window.jupyterapp.shell.currentWidget;
  await sessionContext.ready;
  await sessionContext.session.kernel.info;
  while (sessionContext.session.kernel.status !== "idle") await new Promise(wake => setTimeout(wake, 50));
}"""
RUN_ALL = "() => window.jupyterapp.commands.execute('notebook:run-all-cells')"


def chromium_path() -> str | None:
    """Return where the machine's own Chromium is, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextlib.contextmanager
def chromium(profile: Path) -> Iterator[BrowserContext]:
    """Run a headless Chromium with a profile of its own until the block ends; its first page is ``.pages[0]``."""
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=chromium_path(),
            headless=True,
            args=FLAGS,
            viewport={"width": 1280, "height": 900},
        )
        try:
            yield context
        finally:
            context.close()


def open_notebook(page: Page, base: str, name: str, at: str = "doc/tree") -> None:
    """Open a notebook of the JupyterLab at ``base`` alone in the page, and wait until its kernel takes orders.

    ``at`` is "notebooks" for Notebook 7, which is served beside it.
    """
    page.goto(f"{base}/{at}/{name}?reset", wait_until="domcontentloaded")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_function("() => !!window.jupyterapp")
    page.evaluate(KERNEL_READY)


def run_all(page: Page) -> list[str]:
    """Run every cell, wait until the last has answered, and return the prompts, such as ``["[1]:", "[2]:"]``."""
    page.evaluate(RUN_ALL)
    return [prompt for cell in page.locator(".jp-CodeCell .jp-InputPrompt").all() if (prompt := cell.inner_text())]
