"""axe-core, which holds a page against the rules of WCAG."""

from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

LEVEL_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN = """async ([within, tags]) => {
  const found = await axe.run({ include: [within] }, { runOnly: { type: "tag", values: tags } });
  return found.violations.flatMap(rule => rule.nodes.map(
    node => `${rule.id}: ${node.html.slice(0, 300)} (${[...node.any, ...node.all].map(one => one.message).join("; ")})`
  ));
}"""


def violations(page: Page, within: str = ".phyllome") -> list[str]:
    """What breaks a rule of level AA in a part of the page: the rule, the element and why."""
    if not page.evaluate("() => !!window.axe"):
        # Not added as a tag: where a page has a loader of modules, that would take it for one of its own.
        page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
    found: Any = page.evaluate(RUN, [within, LEVEL_AA])
    return list(found)
