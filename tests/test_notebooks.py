"""Every notebook runs from top to bottom on a fresh kernel, and is stored without outputs."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def test_there_are_notebooks() -> None:
    """The tests below have something to run."""
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every cell runs on a fresh kernel, and none prints to stderr."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": path.parent}}).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [output for output in outputs if output.get("name") == "stderr" or output.output_type == "error"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_outputs(path: Path) -> None:
    """What a notebook shows is made when it is run."""
    cells = nbformat.read(path, as_version=4).cells  # type: ignore[no-untyped-call]
    assert not [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")]


@pytest.mark.parametrize("path", [path for path in NOTEBOOKS if path.stem != "dashboard"], ids=lambda path: path.stem)
def test_the_same_cells_run_on_a_host_of_ones_own(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The text says which line to change, and what to write there; the host is libvirt's test driver."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", "test:///default")
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    said = re.search(r"^`((?:host|snap|fleet) = ph\.[^`]+)`$", text, re.MULTILINE)
    assert said, "The text does not say how."
    own, name = re.sub(r'"qemu[+:][^"]*"', '"test:///default"', said[1]), said[1].partition(" ")[0]
    changed = 0
    for cell in notebook.cells:
        if cell.cell_type == "code" and not changed:
            cell.source, changed = re.subn(rf"^{name} = .*$", own, cell.source, flags=re.MULTILINE)
    assert changed == 1
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": path.parent}}).execute()
