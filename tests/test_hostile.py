"""Names that are code elsewhere are names here: in every table, every panel and every representation."""

import re

import pytest

import phyllome_nb as ph
from support.libvirtd import Daemon
from support.panel import button, field, text, walk

EVIL = [
    "<img src=x onerror=alert(1)>",
    "\"'><b onmouseover=alert(1)>",
    "&lt;i&gt;",
    "=1+1",
    "%s{0}$(id)`id`",
    "\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe",
    "\N{ROCKET}",
]
MARKUP = re.compile(r"<(img|b on)", re.IGNORECASE)


@pytest.fixture(params=EVIL)
def evil(request: pytest.FixtureRequest) -> str:
    """A name that would do something, if it were not escaped."""
    name: str = request.param
    return name


def test_a_hostile_name_is_stored_as_it_is(evil: str, daemon: Daemon) -> None:
    """Libvirt takes it, and gives it back unchanged."""
    host = ph.connect(daemon.uri, write=True)
    host.change(ph.profiles.linux(name=evil, type="qemu", network=None)).apply()
    assert [evil] == host.snapshot().allocations()["name"].tolist()
    assert evil == host.domain(evil).name


def test_a_hostile_name_is_inert_in_every_representation(evil: str) -> None:
    """No table, card, report or XML view lets it become an element."""
    host = ph.demo()
    report = host.change(ph.profiles.linux(name=evil)).apply()
    snap = host.snapshot()
    shown = [
        snap._repr_html_(),
        host._repr_html_(),
        host.domain(evil)._repr_html_(),
        snap.allocations()._repr_html_(),  # type: ignore[operator]  # pandas-stubs hide it
    ]
    assert evil == report.stored.name
    assert not any(MARKUP.search(html) for html in shown)


def test_a_hostile_name_is_inert_in_the_panel(evil: str) -> None:
    """Typed, shown, defined, refused: it stays text."""
    panel = ph.DomainPanel(ph.demo(), ph.profiles.linux(name="harmless"))
    field(panel, "name").value = evil
    field(panel, "title").value = evil
    field(panel, "vcpus-maximum").value = evil
    assert not MARKUP.search(text(panel))
    field(panel, "vcpus-maximum").value = "2"
    for _ in range(2):
        assert panel._reading.idle.wait(20)
        button(panel, "Define").click()
        assert panel._writing.idle.wait(20)
    assert panel._reading.idle.wait(20)
    assert panel.report is not None
    assert not MARKUP.search(text(panel))
    allowed = [widget.description for widget in walk(panel) if getattr(widget, "description_allow_html", False)]
    assert not [label for label in allowed if MARKUP.search(label) or evil in label]


@pytest.mark.parametrize("name", [".", ".."])
def test_a_name_that_deletes_other_vms_data_never_reaches_libvirt(name: str, daemon: Daemon) -> None:
    """Typed into the panel or read from a document, it is refused before the host is asked anything."""
    host = ph.connect(daemon.uri, write=True)
    panel = ph.DomainPanel(host, ph.profiles.linux(name="harmless"))
    field(panel, "name").value = name
    assert panel.spec.name == "harmless"
    read = ph.DomainPanel(host, ph.DomainSpec.from_xml(f"<domain type='qemu'><name>{name}</name></domain>"))
    button(read, "Define").click()
    assert "cannot name a VM" in text(read)
    for shown in (panel, read):
        assert shown._reading.idle.wait(20)
    assert host.domains() == []
