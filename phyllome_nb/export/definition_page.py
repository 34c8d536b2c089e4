"""One definition as a page of HTML that stands alone: no script, nothing to load, no password."""

from typing import TYPE_CHECKING

from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.export.page import THEME
from phyllome_nb.html import Html, el, style

if TYPE_CHECKING:
    from phyllome_nb.rules.finding import Finding, Findings

__all__ = ["definition_page"]

LAYOUT = """
body > .phyllome { max-width: 80em; margin: 0 auto; } h1 { font-size: 1.4em; }
.phyllome pre.phy-xml { overflow-x: auto; padding: .5em; } .phyllome summary { cursor: pointer; }
.phyllome .finding { margin: .8em 0; overflow-wrap: anywhere; }
.phyllome .phy-explained pre.phy-xml { border: none; padding: 0; }
"""


def definition_page(spec: DomainSpec, findings: "Findings | None" = None, effect: str | None = None) -> str:
    """What a definition says and means, for those without a kernel; every name is escaped, passwords are left out.

    Parameters
    ----------
    spec : DomainSpec
        The definition.
    findings : Findings, optional
        What the rules say of it: ``spec.findings(against=host)``. The page says nothing of them where it is left out.
    effect : str, optional
        What it means for the host, such as ``view.effect(snapshot, spec)``; a text that is not `Html` is escaped.

    Returns
    -------
    str
        A whole document.

    Examples
    --------
    >>> page = definition_page(DomainSpec("web"))
    >>> page.startswith("<!DOCTYPE html>"), "<h1>web</h1>" in page, "<script" in page
    (True, True, False)
    """
    name = spec.name or "A VM without a name"
    sections = [
        ("What the rules say", None if findings is None else _findings(findings)),
        ("What it means for the host", None if effect is None else el("div", effect)),
        ("Line by line", _scrolled("The definition, each line with its meaning", _explained(spec))),
        ("As XML", _code("The definition as XML", spec.public_xml())),
        ("As Python", _code("The Python that builds the definition", spec.to_python())),
    ]
    shown = [el("section", el("h2", title), inner) for title, inner in sections if inner is not None]
    head = el(
        "head",
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width">'),
        el("title", name),
        Html(f"<style>{style()}{THEME}{LAYOUT}</style>"),
    )
    about = [el("p", text) for text in (spec.title, spec.description) if text]
    body = el("body", el("main", el("h1", name), *about, *shown, class_="phyllome"))
    return "<!DOCTYPE html>\n" + el("html", head, body, lang="en")


def _explained(spec: DomainSpec) -> Html:
    return Html(spec.explain()._repr_html_().replace(f"<style>{style()}</style>", ""))


def _code(what: str, text: str) -> Html:
    return el("pre", text, class_="phy-xml", tabindex="0", role="region", aria_label=what)


def _scrolled(what: str, inner: Html) -> Html:
    """What may be wider than the page, to be scrolled by the keyboard, too."""
    return el("div", inner, style="overflow-x: auto", tabindex="0", role="region", aria_label=what)


def _findings(findings: "Findings") -> Html:
    """Errors and warnings, and the hints behind a click."""
    if not findings:
        return el("p", "Nothing.")
    hints = findings.hints
    shown = [_finding(each) for each in findings if each.severity != "hint"]
    said = f"{len(hints)} hint{'' if len(hints) == 1 else 's'}"
    return el("div", *shown, *([el("details", el("summary", said), *map(_finding, hints))] if hints else []))


def _finding(finding: "Finding") -> Html:
    about = el("div", el("code", finding.path or "domain"), f" · {finding.id}: {finding.source}", class_="phy-quiet")
    return el(
        "div", el("strong", f"{finding.severity}: {finding.what}"), el("div", finding.why), about, class_="finding"
    )
