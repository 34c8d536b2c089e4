"""Notebooks with what they show, their widgets as plain HTML."""

from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from still import still

__all__ = ["execute"]

SETTLE = "import asyncio; await asyncio.sleep(4)"
STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"


def execute(path: Path, *, run: bool = True) -> str:
    """Run a notebook from top to bottom; an error in a cell is raised."""
    notebook: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    if run:
        # Panels ask a host in the background: one more cell waits for what they are told.
        notebook.cells.append(nbformat.v4.new_code_cell(SETTLE))  # type: ignore[no-untyped-call]
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": path.parent}}).execute()
        notebook.cells.pop()
    widgets = notebook.metadata.pop("widgets", {}).get(STATE, {}).get("state", {})
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            view = output.get("data", {}).get(VIEW)
            if view:
                output["data"] = {"text/html": still(widgets, view["model_id"])}
    return nbformat.writes(notebook)  # type: ignore[no-untyped-call, no-any-return]
