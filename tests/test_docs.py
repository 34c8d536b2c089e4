"""The site: what is public is on it, what it shows in Python runs, and nothing on it comes from elsewhere."""

import importlib
import importlib.util
import inspect
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

import phyllome_nb as ph
from conftest import need
from phyllome_nb import capacity
from phyllome_nb.capacity import columns
from phyllome_nb.capacity.columns import Column
from phyllome_nb.rules import catalogue

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted(path for path in (ROOT / "docs").rglob("*.md") if "generated" not in path.parts)]
NOT_RUN = {
    ("remote.md", 0): "asks for a password",
    (
        "recording-file.md",
        0,
    ): "records for as long as one lets it; tests/test_record.py does the same",
    ("fleet.md", 1): "needs a scheduler; tests/test_dask.py runs the same with one of its own",
    ("fleet.md", 2): "the hosts of the tests have one name; tests/test_fleet.py asks the QEMU driver of several",
}
"""Python on a page that is not run here, by the page and its number there, and why."""
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module", autouse=True)
def extensions() -> Iterator[None]:
    """Let the site's own extensions be imported."""
    sys.path.insert(0, str(ROOT / "docs/_ext"))
    yield
    sys.path.pop(0)


@pytest.fixture(scope="module")
def pages(extensions: None) -> dict[str, str]:  # noqa: ARG001  (it imports them)
    """The generated reference pages."""
    from reference import pages

    return pages()


def test_every_public_name_has_a_place(pages: dict[str, str]) -> None:
    """What ``ph`` offers is on the page of the API, of the profiles or of the errors."""
    modules = {"charts": "charts", "errors": "errors", "profiles": "profiles"}
    for name in ph.__all__:
        assert name in modules or f"## ph.{name}\n" in pages["api"] or f"ph.{name}`" in pages["errors"], name
    for name in ph.charts.__all__:
        assert f"## ph.charts.{name}\n" in pages["charts"], name
    for name in ph.profiles.__all__:
        assert f"## ph.profiles.{name}\n" in pages["profiles"], name


def test_every_error_says_what_to_do(pages: dict[str, str]) -> None:
    """Each class of ``ph.errors`` has a row, with a sentence on what happened and one on what to do."""
    rows = {line.split("|")[1].strip(): line.split("|")[2:4] for line in pages["errors"].splitlines() if "|" in line}
    for name, error in inspect.getmembers(ph.errors, inspect.isclass):
        if issubclass(error, ph.PhyllomeError) and error is not ph.PhyllomeError:
            assert all(len(text.strip()) > 10 for text in rows[f"`ph.errors.{name}`"]), name


def test_every_field_has_a_row(pages: dict[str, str]) -> None:
    """With its path, and what it does; those of ``ph.fields()`` are all there is."""
    text = "\n".join(page for name, page in pages.items() if name.startswith("fields/"))
    for attribute, path in ph.fields()[["attribute", "path"]].itertuples(index=False):
        assert f"| `{attribute}`<br>`{path}` |" in text, attribute
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) == len(ph.fields())
    assert not [row for row in rows if not row.split(" | ")[2].strip(" |")]


def test_every_table_that_is_declared_elsewhere_is_there_too() -> None:
    """Whatever in the package is a table's columns."""
    from reference import tables

    shown = set(tables().values())
    for info in pkgutil.walk_packages(capacity.__path__, "phyllome_nb.capacity."):
        module = importlib.import_module(info.name)
        for name, value in vars(module).items():
            each = value.get("") if isinstance(value, dict) else value
            if name.isupper() and isinstance(each, tuple) and each and isinstance(each[0], Column):
                assert each in shown, f"{info.name}.{name}"


def test_every_rule_has_a_row(pages: dict[str, str]) -> None:
    """With its reason and its source."""
    rows = {line.split("`")[1]: line.split(" | ") for line in pages["rules"].splitlines() if line.startswith("| `")}
    assert set(rows) == set(catalogue.table()["id"])
    assert all(len(row) == 4 and row[1].split("<br>")[1] and row[3].strip(" |") for row in rows.values())


def test_every_column_of_every_table_has_a_row(pages: dict[str, str]) -> None:
    """Below the heading of its table."""
    sections = dict(part.split("\n", 1) for part in pages["tables"].split("\n## ")[1:])
    for name in columns.__all__:
        declared = getattr(columns, name)
        for by, each in declared.items() if isinstance(declared, dict) else ():
            section = sections[f'{name.lower()}(by="{by}")' if by else name.lower()]
            assert [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")] == [
                column.name for column in each
            ]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_the_python_on_a_page_runs(page: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """From top to bottom, with libvirt's test driver for the hosts that it names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", "test:///default")
    ph.demo().snapshot().save("hv3.json")
    names: dict[str, object] = {}
    for number, text in enumerate(BLOCK.findall(page.read_text("utf-8"))):
        if (page.name, number) not in NOT_RUN:
            ours = re.sub(r'"qemu[+:][^"]*"', '"test:///default"', text)
            exec(compile(ours, f"{page.name}, block {number}", "exec"), names)  # noqa: S102  (our own pages)


def test_a_panel_is_shown_as_it_stood() -> None:
    """Text is escaped, what is HTML stays so, and what was hidden is left out."""
    from still import still

    def model(kind: str, **state: object) -> dict[str, object]:
        return {"model_name": f"{kind}Model", "state": state}

    models = {
        "none": model("Layout", display="none"),
        "hidden": model("HTML", value="unseen", layout="IPY_MODEL_none"),
        "html": model("HTML", value="<b>bold</b>"),
        "text": model("Text", description="<i>name</i>", value="<script>", _dom_classes=["phy-field"]),
        "word": model("Dropdown", description="mode", _options_labels=["one", "two"], index=1),
        "press": model("Button", description="Go & see"),
        "all": model("VBox", children=[f"IPY_MODEL_{name}" for name in ("hidden", "html", "text", "word", "press")]),
        "folded": model("Accordion", titles=["More"], selected_index=0, children=["IPY_MODEL_all"]),
    }
    shown = still(models, "folded")
    assert "unseen" not in shown
    assert "<b>bold</b>" in shown
    assert "&lt;i&gt;name&lt;/i&gt;" in shown
    assert 'value="&lt;script&gt;"' in shown
    assert 'value="two"' in shown
    assert ">Go &amp; see</button>" in shown
    assert '<details open=""><summary>More</summary>' in shown
    assert 'class="still-text phy-field"' in shown


def test_the_citation_is_of_this_version() -> None:
    """The two files that tell the version tell the same."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text("utf-8")


def test_what_the_package_needs_at_runtime_is_in_it() -> None:
    """The wheel holds all of ``phyllome_nb``: the style sheet, the sample host and the mark of its types."""
    for name in ("style.css", "host/demo.xml", "py.typed"):
        assert files("phyllome_nb").joinpath(name).is_file(), name


def test_the_site_is_whole_and_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    """It builds without a warning, and no page, style or script fetches anything from another address."""
    need(all(map(importlib.util.find_spec, ("sphinx", "myst_nb", "furo"))), "Sphinx with myst-nb and furo")
    for name in ("docs", "notebooks"):
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("generated", "_build", "*-checkpoint*")
        )
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-D", "execute_notebooks=0", "docs", "site"]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    built = sorted((tmp_path / "site").rglob("*.html"))
    assert len(built) > 60
    foreign = re.compile(r'<(?:script|link|img|iframe|source|video|audio)\b[^>]*(?:src|href)="(?:https?:)?//[^"]*')
    assert not [found for page in built for found in foreign.findall(page.read_text("utf-8"))]
    styles = re.compile(r"(?:@import|url\()\s*[\"']?(?:https?:)?//")
    assert not [page for page in (tmp_path / "site").rglob("*.css") if styles.search(page.read_text("utf-8"))]
