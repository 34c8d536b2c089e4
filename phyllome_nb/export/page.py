"""One page of HTML that stands alone: no script, nothing to load."""

from numbers import Number
from pathlib import Path

import pandas as pd
from pandas.api.types import is_bool

from phyllome_nb.capacity import view
from phyllome_nb.capacity.fleet import FleetSnapshot
from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.export.tables import tables
from phyllome_nb.html import Html, el, style

__all__ = ["page", "table", "to_html"]

THEME = """
:root { color-scheme: light dark; --jp-ui-font-family: system-ui, sans-serif; --jp-code-font-family: monospace;
  --jp-ui-font-size1: 14px; --jp-layout-color0: #fff; --jp-layout-color1: #fff; --jp-layout-color2: #eee;
  --jp-layout-color3: #ddd; --jp-border-color1: #bbb; --jp-border-color2: #ddd; --jp-border-color3: #eee;
  --jp-ui-font-color0: #000; --jp-ui-font-color1: #222; --jp-ui-font-color2: #666; --jp-ui-font-color3: #999;
  --jp-content-font-color1: #222; --jp-content-font-color2: #595959;
  --jp-brand-color1: #1976d2; --jp-brand-color2: #64b5f6; --jp-error-color1: #d32f2f;
  --jp-warn-color1: #ef6c00; --jp-success-color1: #388e3c; --jp-info-color1: #0097a7; }
@media (prefers-color-scheme: dark) { :root { --jp-layout-color0: #111; --jp-layout-color1: #181818;
  --jp-layout-color2: #2a2a2a; --jp-layout-color3: #3a3a3a; --jp-border-color1: #555; --jp-border-color2: #444;
  --jp-border-color3: #333; --jp-ui-font-color0: #fff; --jp-ui-font-color1: #ddd; --jp-ui-font-color2: #aaa;
  --jp-ui-font-color3: #777; --jp-content-font-color1: #ddd; --jp-content-font-color2: #aaa; --jp-brand-color1: #64b5f6;
  --jp-accent-color1: #81c784; --jp-error-color1: #ef9a9a; --jp-warn-color1: #ffb74d; --jp-success-color1: #81c784;
  --jp-mirror-editor-keyword-color: #81c784; --jp-mirror-editor-attribute-color: #90caf9;
  --jp-mirror-editor-string-color: #ef9a9a; --jp-mirror-editor-comment-color: #80cbc4; } }
body { margin: 2em; background: var(--jp-layout-color0); color: var(--jp-ui-font-color1);
  font: var(--jp-ui-font-size1) var(--jp-ui-font-family); }
h2 { margin: 2em 0 .5em; font-size: 1.2em; } section { overflow-x: auto; }
table.wide { border-collapse: collapse; }
.wide th, .wide td { padding: .2em .6em; text-align: left; white-space: nowrap;
  border-bottom: 1px solid var(--jp-border-color2); }
.wide .number { text-align: right; font-variant-numeric: tabular-nums; }
.wide th small { font-weight: normal; color: var(--jp-ui-font-color2); }
"""


def to_html(snapshot: Snapshot | FleetSnapshot, path: str | Path) -> Path:
    """Write the page; see `page`."""
    written = Path(path)
    written.write_text(page(snapshot), "utf-8")
    return written


def page(snapshot: Snapshot | FleetSnapshot) -> str:
    """What a host or a fleet has and has promised, every table that has rows included; every name is escaped."""
    name, top = _host(snapshot) if isinstance(snapshot, Snapshot) else _fleet(snapshot)
    title = f"{name}, {snapshot.taken:%Y-%m-%d %H:%M}"
    head = el("head", Html('<meta charset="utf-8">'), el("title", title), Html(f"<style>{style()}{THEME}</style>"))
    parts = [el("section", el("h2", found.attrs["title"]), table(found)) for _, found in tables(snapshot) if len(found)]
    body = el("body", el("div", top, class_="phyllome"), *parts)
    return "<!DOCTYPE html>\n" + el("html", head, body, lang="en")


def _host(snapshot: Snapshot) -> tuple[str, Html]:
    """The title, and what stands above the tables."""
    host = snapshot.host
    heading = view.heading(host.name, view.asked(host.uri, snapshot.taken))
    return host.name, el("div", heading, view.summary(snapshot))


def _fleet(fleet: FleetSnapshot) -> tuple[str, Html]:
    name = f"{len(fleet.snapshots) + len(fleet.failures)} hosts"
    heading = view.heading(name, f"{fleet.taken:%Y-%m-%d %H:%M:%S}")
    return name, el("div", heading, table(fleet.hosts()), table(fleet.totals()))


def table(found: pd.DataFrame) -> Html:
    """A table as HTML: units in its headings, what a column means as their tooltip."""
    units, meanings = found.attrs.get("units", {}), found.attrs.get("help", {})
    numeric = {str(name) for name in found.select_dtypes("number").columns}
    head = [
        _head(str(name), units.get(name, ""), meanings.get(name, ""), "number" if name in numeric else "")
        for name in found.columns
    ]
    rows = [el("tr", *map(_cell, row)) for row in found.itertuples(index=False, name=None)]
    return el("table", el("thead", el("tr", *head)), el("tbody", *rows), class_="wide")


def _head(name: str, unit: str, meaning: str, class_: str) -> Html:
    words = name.removesuffix("_gib").removesuffix("_kib").replace("_", " ")
    return el(
        "th", words, *([" ", el("small", unit)] if unit not in {"", "unit"} else []), title=meaning, class_=class_
    )


def _cell(value: object) -> Html:
    if value is None or value is pd.NA or value != value:  # noqa: PLR0124  (not a number)
        return el("td", "")
    if is_bool(value):
        return el("td", "yes" if value else "")
    if isinstance(value, Number):
        text = f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
        return el("td", text, class_="number")
    return el("td", str(value))
