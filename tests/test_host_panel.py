"""HostPanel and FleetPanel: what they show is what the hosts are, also while that changes."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from html import unescape
from pathlib import Path
from typing import Any

import libvirt
import pytest

import phyllome_nb as ph
from phyllome_nb.capacity.fleet import Failure
from phyllome_nb.panels.facts_panel import FactsPanel
from support import four_cells
from support.booted import booted, emulators
from support.guest import Accelerator
from support.libvirtd import Daemon, libvirtd, start
from support.panel import walk
from support.process import end, hypervisor_user, until

SECONDS = 60
TEXT = """<domain type='qemu'><name>{0}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type></os></domain>"""


def control(panel: Any, label: str) -> Any:
    """The control with this label."""
    return next(each for each in walk(panel) if getattr(each, "description", "") == label)


def overview(panel: FactsPanel[Any]) -> str:
    """What the first tab says, without its markup."""
    return unescape(re.sub("<[^>]*>", " ", panel._overview.value))


def drawn(panel: FactsPanel[Any]) -> str:
    """What the chart on the first tab says to those who cannot see it."""
    assert panel._glance.idle.wait(SECONDS)
    found = re.search('alt="([^"]*)"', panel._glance._shown.value)
    assert found
    return unescape(found[1])


def names(panel: FactsPanel[Any]) -> list[str]:
    """The VMs in the table."""
    if panel.source.snapshot is None:
        return []
    found: list[str] = panel.tables.table["name"].tolist()
    return found


@pytest.fixture
def four() -> Iterator[ph.HostPanel]:
    """A panel on a dozen VMs."""
    panel = ph.HostPanel(four_cells.snapshot())
    yield panel
    panel.close()


def test_a_policy_is_tried_out_at_once(four: ph.HostPanel) -> None:
    """The limit in the table is that of the policy, as soon as a number is changed."""
    four._tabs.selected_index = 1
    control(four.tables.widget, "Table").value = "Balance"
    assert four.tables.table["limit"].iloc[0] == 52
    control(four, "vCPUs for each CPU").value = "3"
    assert four.tables.table["limit"].iloc[0] == 156
    assert ">156<" in four.tables._shown.value
    control(four, "Count").value = "defined"
    assert set(four.tables.table["count"]) == {"defined"}


def test_what_was_promised_twice_is_said_once(four: ph.HostPanel) -> None:
    """In words, with when it matters."""
    said = overview(four)
    assert said.count("CPU 0 only") == 1
    assert "If every VM ran, db, spare: Each of them has a vCPU that may run on CPU 0 only" in said
    assert "64 CPUs" in said


def test_every_table_and_every_chart_can_be_looked_at(four: ph.HostPanel) -> None:
    """None of them fails, and each chart has words for those who cannot see it."""
    four._tabs.selected_index = 1
    table = control(four.tables.widget, "Table")
    for title in table.options:
        table.value = title
        assert "phy-error" not in four.tables._where.value
    four._tabs.selected_index = 2
    chart = control(four.charts.widget, "Chart")
    for title in chart.options:
        chart.value = title
        assert four.charts.idle.wait(SECONDS)
        assert four.charts._shown.value.count("data:image/png;base64,") == 2
        assert re.search('alt="[^"]{20,}"', four.charts._shown.value)
    assert four._state.value.count("phy-error") == 0


def test_names_are_text_wherever_they_stand() -> None:
    """A VM's name is what somebody typed."""
    host = ph.demo()
    name = "<img src=x onerror=alert(1)>$x$"
    host.change(ph.profiles.minimal(name=name)).apply()
    panel = ph.HostPanel(host.snapshot())
    for index in (0, 1, 2):
        panel._tabs.selected_index = index
    assert panel._glance.idle.wait(SECONDS)
    assert panel.charts.idle.wait(SECONDS)
    shown = [str(each.value) for each in walk(panel) if type(each).__name__ == "HTML"]
    assert not any("<img src=x" in each for each in shown)
    assert any("&lt;img src=x" in each for each in shown)
    panel.close()


def test_what_is_neither_a_host_nor_a_snapshot_is_refused() -> None:
    """In one sentence."""
    with pytest.raises(TypeError, match="A panel takes a host or a snapshot"):
        ph.HostPanel("qemu:///system")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="A panel takes a fleet"):
        ph.FleetPanel([])  # type: ignore[arg-type]


def test_a_panel_follows_its_host(daemon: Daemon, accelerator: Accelerator) -> None:
    """A guest starts, gives memory back, stops and vanishes: each is shown without anything being run."""
    host = ph.connect(daemon.uri, timeout=30)
    panel = ph.HostPanel(host, every=0.5)
    try:
        until(lambda: panel.source.snapshot is not None, SECONDS, "the first snapshot")
        assert names(panel) == []
        panel._tabs.selected_index = 1
        guest = booted(daemon, accelerator)
        until(lambda: ">running<" in panel.tables._shown.value, SECONDS, "the guest to be shown")
        guest.setMemoryFlags(112 * 1024, libvirt.VIR_DOMAIN_AFFECT_LIVE)
        given = f"{112 / 1024:.3f}"
        until(lambda: f">{given}<" in panel.tables._shown.value, SECONDS, "the balloon to be shown")
        guest.destroy()
        until(lambda: ">shut off<" in panel.tables._shown.value, SECONDS, "the end of the guest to be shown")
        guest.undefine()
        until(lambda: ">guest<" not in panel.tables._shown.value, SECONDS, "the guest to vanish")
    finally:
        panel.close()


def test_a_guest_that_hangs_is_a_sentence(daemon: Daemon, accelerator: Accelerator) -> None:
    """The others are shown as ever."""
    booted(daemon, accelerator)
    host = ph.connect(daemon.uri, timeout=30)
    panel = ph.HostPanel(host, every=0.5)
    [pid] = emulators(daemon)
    os.kill(pid, signal.SIGSTOP)
    try:
        until(lambda: "no answer from QEMU" in overview(panel), SECONDS, "the guest to be missed")
        libvirt.open(daemon.uri).defineXML(TEXT.format("another"))
        until(lambda: "another" in names(panel), SECONDS, "another VM to be shown")
    finally:
        os.kill(pid, signal.SIGCONT)
    until(lambda: "no answer from QEMU" not in overview(panel), SECONDS, "the guest to be back")
    panel.close()


@pytest.fixture
def own(running_daemon: Daemon, scratch: Path) -> Iterator[Daemon]:  # noqa: ARG001  (says whether there is one)
    """A daemon that a test may end."""
    with libvirtd(scratch / "own-panel") as started:
        yield started


def test_a_panel_outlives_the_daemon(own: Daemon) -> None:
    """What is shown is marked as true before, and the panel goes on when the daemon is there again."""
    libvirt.open(own.uri).defineXML(TEXT.format("stays"))
    panel = ph.HostPanel(ph.connect(own.uri, timeout=30), every=0.5)
    until(lambda: names(panel) == ["stays"], SECONDS, "the VM to be shown")
    os.kill(own.pid, signal.SIGKILL)
    until(lambda: "phy-warning" in panel._state.value, SECONDS, "the loss to be said")
    assert names(panel) == ["stays"]
    again = start(own.base, hypervisor_user())
    try:
        until(lambda: "phy-warning" not in panel._state.value, 2 * SECONDS, "the panel to go on")
        libvirt.open(own.uri).defineXML(TEXT.format("new"))
        until(lambda: names(panel) == ["new", "stays"], SECONDS, "the new VM to be shown")
    finally:
        panel.close()
        end(again)


def test_a_fleet_is_followed_and_each_of_its_hosts_can_be_opened(scratch: Path, running_daemon: Daemon) -> None:  # noqa: ARG001
    """Three daemons, one of them not there at first; and facts from a file."""
    with ExitStack() as stack:
        daemons = [stack.enter_context(libvirtd(scratch / f"panel-{number}")) for number in range(2)]
        late = scratch / "panel-late"
        missing = f"qemu+unix:///session?socket={late}/run/libvirt/libvirt-sock"
        fleet = ph.Fleet([daemons[0].uri, missing, daemons[1].uri, four_cells.snapshot()], timeout=30)
        panel = ph.FleetPanel(fleet, every=0.5)
        until(lambda: panel.source.snapshot and len(panel.source.snapshot.snapshots) == 3, SECONDS, "three hosts")
        until(lambda: "gave no answer" in overview(panel), SECONDS, "the missing host to be said")
        assert "four" in drawn(panel) or "4 hosts" in drawn(panel)
        libvirt.open(daemons[1].uri).defineXML(TEXT.format("new"))
        panel._tabs.selected_index = 1
        control(panel.tables.widget, "Table").value = "VMs"
        until(lambda: "new" in names(panel), SECONDS, "the new VM to be shown")
        control(panel, "Look at one host").value = "four"
        [below] = [each for each in walk(panel) if isinstance(each, ph.HostPanel)]
        assert "64 CPUs" in overview(below)
        stack.enter_context(libvirtd(late))
        until(lambda: panel.source.snapshot and not panel.source.snapshot.failures, SECONDS, "the late host")
        panel.close()
        fleet.close()


def test_a_fleet_that_was_collected_stays_as_it_is() -> None:
    """With its policy, and with the hosts that gave no answer."""
    snap = four_cells.snapshot()
    lost = Failure("gone", "qemu:///gone", "No answer within 5 s.")
    panel = ph.FleetPanel(ph.FleetSnapshot.of([snap, ph.demo().snapshot()], (lost,), snap.taken), policy="nova")
    assert "gone gave no answer: No answer within 5 s." in overview(panel)
    assert panel.tables.table["host"].tolist() == ["four", "demo", "gone"]
    control(panel.tables.widget, "Table").value = "Totals"
    assert set(panel.tables.table["policy"]) == {"nova"}
    panel.close()
