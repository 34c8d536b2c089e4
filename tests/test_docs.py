"""The site: what is public is on it, what it shows in Python runs, and nothing on it comes from elsewhere."""

import contextlib
import functools
import importlib
import importlib.util
import inspect
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

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
    assert not [row for row in rows if not row.split(" | ")[2].partition("<br>QEMU:")[0].strip(" |")]


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
    """With its reason, in words without marks that a panel would show as they are, and its source."""
    assert not [rule.id for rule in catalogue.RULES if "`" in rule.why]
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


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built once from a copy of its sources; what the notebooks show is left out."""
    need(all(map(importlib.util.find_spec, ("sphinx", "myst_nb", "furo"))), "Sphinx with myst-nb and furo")
    place = tmp_path_factory.mktemp("site")
    ignored = shutil.ignore_patterns("generated", "_build", "*-checkpoint*")
    for name in ("docs", "notebooks"):
        shutil.copytree(ROOT / name, place / name, ignore=ignored)
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-D", "execute_notebooks=0", "docs", "site"]
    done = subprocess.run(command, cwd=place, check=False, capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    return place / "site"


def test_no_page_style_or_script_names_another_address_to_fetch_from(site: Path) -> None:
    """The site is whole, and all that its pages load is in it."""
    built = sorted(site.rglob("*.html"))
    assert len(built) > 60
    foreign = re.compile(r"""<(?:script|link|img|iframe|source|video|audio)\b[^>]*(?:src|href)=["']?(?:https?:)?//""")
    assert not [page for page in built if foreign.search(page.read_text("utf-8"))]
    styles = re.compile(r"(?:@import|url\()\s*[\"']?(?:https?:)?//")
    assert not [page for kind in ("css", "html") for page in site.rglob(f"*.{kind}") if styles.search(page.read_text())]


def test_every_link_between_pages_leads_somewhere(site: Path) -> None:
    """To a file of the site and, where it names one, to a place in it."""
    texts = {page.resolve(): page.read_text("utf-8") for page in site.rglob("*.html")}
    places = {page: set(re.findall(r'\bid="([^"]+)"', text)) for page, text in texts.items()}
    broken = set()
    for page, text in texts.items():
        for link in re.findall(r'<a\b[^>]*\bhref="([^"]+)"', text):
            address = urlsplit(unescape(link))
            if address.scheme or address.netloc:
                continue
            target = (page.parent / unquote(address.path)).resolve() if address.path else page
            if not target.exists() or (address.fragment and unquote(address.fragment) not in places.get(target, ())):
                broken.add(f"{page.relative_to(site.resolve())}: {link}")
    assert not sorted(broken)


def test_the_search_finds_a_field_without_a_network(site: Path, page: Page) -> None:
    """Typed into the box of a page; whatever a browser asks another host for is refused, and told here."""
    asked: list[str] = []

    def gate(route: Route) -> None:
        if route.request.url.startswith(base):
            route.continue_()
        else:
            asked.append(route.request.url)
            route.abort()

    with served(site) as base:
        page.route("**/*", gate)
        for path in ("reference/generated/fields/devices-disks.html", "tutorials/01-first-machine.html", "index.html"):
            page.goto(f"{base}/{path}")
        box = page.get_by_placeholder("Search").first
        box.fill("driver_options.discard_no_unref")
        box.press("Enter")
        expect(page.locator("#search-results li a")).to_have_text(["devices.disks"])
        page.locator("#search-results li a").click()
        expect(page.get_by_text("devices.disks[].driver_options.discard_no_unref").first).to_be_visible()
    assert not asked


@contextlib.contextmanager
def served(directory: Path) -> Iterator[str]:
    """Serve the files of a directory until the block ends, and return their address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Silent, directory=str(directory)))
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        serving.join()


class Silent(SimpleHTTPRequestHandler):
    """A server of files that prints nothing."""

    def log_message(self, *_: object) -> None:
        """Not a word."""
