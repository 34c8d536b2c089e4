"""Panels in rough surroundings: two on one VM, a cell run again, hosts that close, die, hang or are large, any name."""

import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import ipywidgets as w
import libvirt
import pytest

import phyllome_nb as ph
from examples.example import machine
from phyllome_nb.host.host import Host
from phyllome_nb.html import RIGHT_TO_LEFT, UNSEEN
from support.libvirtd import Daemon, libvirtd, start
from support.panel import button, field, text, walk
from support.process import end, hypervisor_user, until

SECONDS = 60
WATCHING = re.compile("libvirt: (watching|following)")


def settle(panel: ph.DomainPanel) -> None:
    """Wait until nothing runs beside."""
    for _ in range(2):
        for work in (panel._start.work, panel._reading, panel._writing, panel._life.work, panel._trial._work):
            assert work.idle.wait(SECONDS)


def said(html: str) -> str:
    """What can be read of some HTML, without what is folded."""
    return " ".join(unescape(re.sub("<[^>]*>", " ", re.sub("(?s)<details>.*?</details>", "", html))).split())


def told(panel: ph.DomainPanel) -> str:
    """How the newest write ended."""
    settle(panel)
    return said(str(panel._writing.widget.children[1].value))


def watching() -> int:
    """Threads that follow a host."""
    return sum(bool(WATCHING.match(thread.name)) for thread in threading.enumerate())


def test_of_two_panels_on_one_vm_neither_loses_what_the_other_saved() -> None:
    """The one that saves later is told of the conflict, keeps what was typed, and puts it on top."""
    host = ph.demo()
    one, other = (ph.DomainPanel(host, host.domain("web-1")) for _ in range(2))
    field(one, "title").value = "mine"
    field(other, "memory-maximum").value = "3 GiB"
    button(other, "Save").click()
    assert "'web-1' is changed on" in told(other)
    button(one, "Save").click()
    assert "Somebody else has changed 'web-1' meanwhile" in told(one)
    assert (one.spec.title, host.domain("web-1").title) == ("mine", "Web server")
    button(one, "Put my changes on top of theirs").click()
    button(one, "Save").click()
    assert "'web-1' is changed on" in told(one)
    assert (host.domain("web-1").title, str(host.domain("web-1").memory.maximum)) == ("mine", "3 GiB")


def test_a_panel_whose_cell_was_run_again_is_harmless() -> None:
    """It runs nothing beside, writes nothing by itself, and has no part in what the new one edits."""
    host = ph.demo()
    before = threading.active_count()
    old, new = (ph.DomainPanel(host, host.domain("web-1")) for _ in range(2))
    settle(old)
    settle(new)
    until(lambda: threading.active_count() <= before, SECONDS, "the panels to rest")
    field(old, "title").value = "never saved"
    field(new, "description").value = "saved"
    button(new, "Save").click()
    assert "'web-1' is changed on" in told(new)
    assert (host.domain("web-1").title, host.domain("web-1").description) == ("Web server", "saved")
    old.close()
    field(new, "description").value = "saved again"
    button(new, "Save").click()
    assert "'web-1' is changed on" in told(new)


@pytest.mark.parametrize("kind", ["host", "fleet"])
def test_a_host_is_followed_while_a_page_shows_the_panel(kind: str) -> None:
    """A page tells ipywidgets how often it shows a widget: at none, no thread is left; shown again, it goes on."""
    host = ph.demo()
    before = watching()
    panel = ph.HostPanel(host, every=0.2) if kind == "host" else ph.FleetPanel(ph.Fleet([host]), every=0.2)
    until(lambda: panel._overview.value, SECONDS, "the host to be shown")
    assert watching() > before, "a panel that was not shown yet is ready when it is"
    panel.set_state({"_view_count": 1})
    panel.set_state({"_view_count": 0})
    until(lambda: watching() == before, SECONDS, "the threads to end")
    host.change(ph.profiles.minimal(name="meanwhile")).apply()
    panel._tabs.selected_index = 1
    next(each for each in walk(panel) if getattr(each, "description", "") == "Table").value = "VMs"
    assert "meanwhile" not in panel.tables._shown.value
    panel.set_state({"_view_count": 1})
    until(lambda: "meanwhile" in panel.tables._shown.value, SECONDS, "the panel to go on")
    panel.close()
    until(lambda: watching() == before, SECONDS, "the threads to end")


def test_panels_whose_cell_is_run_again_and_again_leave_one_that_watches() -> None:
    """However often that is."""
    host, before = ph.demo(), watching()
    panels = []
    for _ in range(5):
        panels.append(ph.HostPanel(host, every=0.2))
        if len(panels) > 1:
            panels[-2].set_state({"_view_count": 0})
        panels[-1].set_state({"_view_count": 1})
    until(lambda: watching() == before + 1, SECONDS, "one to be left")
    panels[-1].close()
    until(lambda: watching() == before, SECONDS, "none to be left")


def presses(panel: Any) -> Iterator[Any]:
    """Press every button that can be pressed and is no heading of a section, each once; yield it."""
    for each in list(walk(panel)):
        if isinstance(each, w.Button | w.ToggleButton) and not each.disabled and each.description[:1] not in "▸▾":
            if isinstance(each, w.ToggleButton):
                each.value = not each.value
            else:
                each.click()
            yield each


def test_after_its_host_was_closed_every_button_answers_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing hangs, nothing fails unexpectedly, and the form still edits."""
    monkeypatch.chdir(tmp_path)
    host = ph.demo()
    panel = ph.DomainPanel(host, host.domain("web-1"))
    settle(panel)
    host.close()
    for title in range(len(panel._tabs.titles)):
        panel._tabs.selected_index = title
    begun = time.monotonic()
    pressed = set()
    for each in presses(panel):
        settle(panel)
        pressed.add(each.description)
        assert "went wrong" not in text(panel), each.description
    assert {"Begin", "Define", "Read again", "Start", "Undefine …", "Rename"} <= pressed
    assert time.monotonic() - begun < SECONDS
    for line in (panel._reading, panel._life.work):
        assert "demo was closed: open it again with ph.connect(" in said(line.widget.children[1].value)
    field(panel, "title").value = "still here"
    assert panel.spec.title == "still here"


def test_the_other_panels_of_a_closed_host_say_so() -> None:
    """What they show was true before."""
    host = ph.demo()
    watched, planner = ph.HostPanel(host, every=0.2), ph.PlannerPanel(host)
    planner.wait(SECONDS)
    until(lambda: watched.source.snapshot is not None, SECONDS, "the first snapshot")
    host.close()
    until(lambda: "demo was closed" in watched._state.value, SECONDS, "the end to be said")
    for each in (watched, planner):
        for _ in presses(each):
            pass
    planner.wait(SECONDS)
    assert "went wrong" not in text(watched) + text(planner)
    later = ph.PlannerPanel(host)
    later.wait(SECONDS)
    assert "demo was closed" in text(later)
    watched.close()


@pytest.fixture
def own(running_daemon: Daemon, scratch: Path) -> Iterator[Daemon]:  # noqa: ARG001  (says whether there is one)
    """A daemon that a test may end."""
    with libvirtd(scratch / "own-robust") as started:
        yield started


def edited(daemon: Daemon, timeout: float) -> ph.DomainPanel:
    """A panel on a VM of a daemon, in which something was typed."""
    connection = libvirt.open(daemon.uri)
    connection.defineXML(machine(name="edited"))
    connection.close()
    host = ph.connect(daemon.uri, write=True, timeout=timeout)
    panel = ph.DomainPanel(host, host.domain("edited"))
    settle(panel)
    field(panel, "title").value = "typed"
    return panel


def test_a_daemon_that_dies_under_a_panel_is_told_and_found_again(own: Daemon) -> None:
    """What was typed stays, and is saved once the daemon is there again."""
    panel = edited(own, 30)
    os.kill(own.pid, signal.SIGKILL)
    until(lambda: "has broken" in said(panel._reading.widget.children[1].value), SECONDS, "the loss to be told")
    button(panel, "Save").click()
    assert "cannot be opened" in told(panel)
    assert panel.spec.title == "typed"
    again = start(own.base, hypervisor_user())
    try:
        button(panel, "Save").click()
        assert "'edited' is changed on" in told(panel)
        assert panel.host.domain("edited").title == "typed"
    finally:
        panel.host.close()
        end(again)


def test_a_daemon_that_hangs_costs_the_deadline_and_no_more(own: Daemon) -> None:
    """Each press is answered in a sentence; when the daemon goes on, so does the panel."""
    panel = edited(own, 2)
    os.kill(own.pid, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        button(panel, "Save").click()
        button(panel, "Read again").click()
        button(panel, "Start").click()
        field(panel, "title").value = "typed meanwhile"
        assert time.monotonic() - begun < 1, "the kernel is not held up"
        assert "o answer" in told(panel)
        assert "o answer" in said(panel._life.work.widget.children[1].value)
        assert panel.spec.title == "typed meanwhile"
    finally:
        os.kill(own.pid, signal.SIGCONT)
    panel.host.timeout = 30
    button(panel, "Save").click()
    assert "'edited' is changed on" in told(panel)
    panel.host.close()


def test_a_host_of_400_vms_is_opened_and_stays_usable(tmp_path: Path) -> None:
    """A keystroke, a page of the table and a beginning are answered at once."""
    vms = "".join(ph.profiles.linux(name=f"vm-{n}", type="test", disk=f"/{n}.qcow2").to_xml() for n in range(400))
    cpu = "<cpu><nodes>2</nodes><sockets>2</sockets><cores>16</cores><threads>2</threads><active>64</active></cpu>"
    (tmp_path / "node.xml").write_text(f"<node>{cpu}<memory>536870912</memory>{vms}</node>")
    host = Host(f"test://{tmp_path / 'node.xml'}", write=True, name="crowded")
    panel = ph.DomainPanel(host, ph.profiles.linux(name="one-more", type="test", network=None))
    settle(panel)
    assert took(lambda: setattr(field(panel, "memory-maximum"), "value", "4 GiB")) < 1
    assert len(panel._start._vm.options) == 400
    watched = ph.HostPanel(host, every=1)
    until(lambda: "400 of 400 VMs run" in watched._overview.value, SECONDS, "the host to be shown")
    watched._tabs.selected_index = 1
    assert took(lambda: button(watched, "Next page").click()) < 2
    assert watched.tables._shown.value.count("<tr>") < 60
    button(panel, "Define").click()
    assert "'one-more' is defined on crowded" in told(panel)
    watched._tabs.selected_index = 0
    until(lambda: "400 of 401 VMs run" in watched._overview.value, SECONDS, "the new one")
    watched.close()
    host.close()


def took(work: Callable[[], object]) -> float:
    """Seconds."""
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


NAMES = {
    "Arabic": "خادم الويب",
    "Hebrew": "שרת-2 (ראשי)",
    "Devanagari": "सर्वर",
    "emoji": "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{PERSONAL COMPUTER}",
    "combining": "e\N{COMBINING ACUTE ACCENT}" + "\N{COMBINING TILDE}" * 9,
    "zero width": "we\N{ZERO WIDTH SPACE}b\N{ZERO WIDTH JOINER}x\N{ZERO WIDTH NO-BREAK SPACE}",
    "turned": "\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe",
    "turned back": "a\N{POP DIRECTIONAL ISOLATE}\N{RIGHT-TO-LEFT ISOLATE}b",
    "markup": "<img src=x onerror=alert(1)>",
    "long": "n" * 247,
    "long Hebrew": "ש" * 123,
}


class Apart(HTMLParser):
    """Gathers what turns text around and stands in no element of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loose: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where this is."""
        self.tags.add(tag)
        if tag not in {"br", "meta"}:
            self.open.append(tag)
        self.loose += [value for _, value in attrs if value and UNSEEN.search(value)]

    def handle_endtag(self, tag: str) -> None:
        """Leave the element."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Look at a text."""
        if "bdi" not in self.open and re.search(f"{UNSEEN.pattern}|[{RIGHT_TO_LEFT}]", data):
            self.loose.append(data)


def check(panel: Any) -> None:
    """Nothing in a panel turns what stands beside it, is a tag that a name made, or is unseen in a list or a button."""
    for each in walk(panel):
        if isinstance(each, w.HTML):
            found = Apart()
            found.feed(each.value)
            assert found.loose == []
            assert not {"script", "iframe"} & found.tags
            assert "<img src=x" not in each.value
        labels = [getattr(each, "tooltip", "") or "", getattr(each, "description", "") or ""]
        if isinstance(each, w.Dropdown):
            labels += each._options_labels
        assert not any(UNSEEN.search(label) for label in labels), labels


@pytest.mark.parametrize("script", NAMES)
def test_a_name_in_any_script_is_shown_as_what_it_is(script: str) -> None:
    """In every panel; it turns nothing around that stands beside it, and what nobody sees in it is named."""
    host, name = ph.demo(), NAMES[script]
    report = host.change(ph.profiles.minimal(name=name)).apply()
    panel = ph.DomainPanel(host, host.domain(name))
    settle(panel)
    for title in range(len(panel._tabs.titles)):
        panel._tabs.selected_index = title
        settle(panel)
        check(panel)
    for label in ("Start", "Undefine …", "Save"):
        button(panel, label).click()
        settle(panel)
        check(panel)
    new = ph.DomainPanel(host, ph.profiles.minimal(name=name))
    settle(new)
    button(new, "Define").click()
    assert "exists; it is unchanged" in told(new)
    check(new)
    snap = host.snapshot()
    fleet = ph.FleetSnapshot.of([snap], (), snap.taken)
    for shown in (ph.HostPanel(snap), ph.FleetPanel(fleet), ph.PlannerPanel(snap)):
        for tab in range(len(shown._tabs.titles)):
            shown._tabs.selected_index = tab
            if not isinstance(shown, ph.PlannerPanel):
                for chart in (shown._glance, shown.charts):
                    assert chart.idle.wait(SECONDS)
            else:
                shown.wait(SECONDS)
            check(shown)
        shown.close()
    assert report.stored.name == name
