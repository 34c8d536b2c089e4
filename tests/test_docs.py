"""The site: what is public is on it, what it shows in Python runs, and nothing on it comes from elsewhere."""

import importlib.util
import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import phyllome_nb as ph
from conftest import need
from phyllome_nb.capacity import columns
from phyllome_nb.rules import catalogue

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted(path for path in (ROOT / "docs").rglob("*.md") if "generated" not in path.parts)]
NOT_RUN = {
    ("remote.md", 0): "asks for a password",
    ("fleet.md", 1): "needs a scheduler; tests/test_dask.py runs the same with one of its own",
    ("fleet.md", 2): "the hosts of the tests have one name; tests/test_fleet.py asks the QEMU driver of several",
}
"""Python on a page that is not run here, by the page and its number there, and why."""
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """The generated reference pages."""
    sys.path.insert(0, str(ROOT / "docs/_ext"))
    try:
        from reference import pages
    finally:
        sys.path.pop(0)
    made: dict[str, str] = pages()
    return made


def test_every_public_name_has_a_place(pages: dict[str, str]) -> None:
    """What ``ph`` offers is on the page of the API, of the profiles or of the errors."""
    modules = {"errors": "errors", "profiles": "profiles"}
    for name in ph.__all__:
        assert name in modules or f"## ph.{name}\n" in pages["api"] or f"ph.{name}`" in pages["errors"], name
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
