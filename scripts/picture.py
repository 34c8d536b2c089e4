"""Take the README's picture: the domain panel of the first notebook, after the memory has been changed.

``picture.py FILE [THEME]`` writes a PNG; the theme is as JupyterLab names it.
"""

import sys
import tempfile
from pathlib import Path

import nbformat

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.browser import chromium, open_notebook, run_all
from support.lab import jupyterlab

CELL = """
import phyllome_nb as ph
ph.DomainPanel(ph.demo(), ph.profiles.linux(name="web-3", memory="4 GiB", vcpus=4))
"""


def main(file: str, theme: str = "JupyterLab Light") -> None:
    """Run the panel in JupyterLab and take its picture."""
    notebook = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    notebook.cells = [nbformat.v4.new_code_cell(CELL)]  # type: ignore[no-untyped-call]
    with tempfile.TemporaryDirectory() as made:
        scratch = Path(made)
        root = scratch / "notebooks"
        root.mkdir()
        nbformat.write(notebook, root / "panel.ipynb")  # type: ignore[no-untyped-call]
        with chromium(scratch / "profile") as context, jupyterlab(root, scratch / "lab", theme=theme) as base:
            page = context.pages[0]
            page.set_viewport_size({"width": 1360, "height": 1150})
            open_notebook(page, base, "panel.ipynb")
            run_all(page)
            page.wait_for_selector(".phy-balance")
            page.locator(".phy-field-memory-maximum input").fill("8 GiB")
            page.wait_for_selector(".phy-changed")
            page.locator(".phyllome.widget-vbox").screenshot(path=file)


if __name__ == "__main__":
    main(*sys.argv[1:])
