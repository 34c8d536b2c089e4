"""A change on the page: what it does, before it is done."""

from typing import TYPE_CHECKING

from phyllome_nb.capacity import view
from phyllome_nb.errors import PhyllomeError
from phyllome_nb.html import Html, el, styled

if TYPE_CHECKING:
    from phyllome_nb.host.change import Change

__all__ = ["page"]


def page(change: "Change") -> Html:
    """What differs, what experts say, what libvirt would do, and what it costs the host."""
    parts = [el("b", f"{'Change of' if change.before else 'A new VM'} {change.after.name}")]
    try:
        parts += [el("div", each, class_="phy-warning") for each in change.situation.notes()]
        parts += [_shown("What changes", change.diff), _shown("What experts say", change.findings)]
        parts += [_shown("What libvirt would do", change.trial())]
        effect = view.effect(change.host.snapshot(), change.after)
        parts += [el("div", el("b", "What it does to the host"), effect)]
    except PhyllomeError as error:
        parts.append(el("p", str(error), class_="phy-error"))
    return styled(*parts)


def _shown(title: str, what: object) -> Html:
    return el("div", el("b", title), Html(what._repr_html_()))  # type: ignore[attr-defined]
