"""Snapshots of guests that run: what was promised, what they have, what lies in RAM; and what is taken over unread."""

import os
import signal
from pathlib import Path
from typing import Any

import libvirt
import pytest

import phyllome_nb as ph
from phyllome_nb.capacity.snapshot import DomainFacts, Snapshot
from support.booted import booted, emulators
from support.guest import Accelerator
from support.libvirtd import Daemon
from support.process import until

TEXT = """<domain type='qemu'><name>{0}</name><memory unit='MiB'>160</memory><vcpu current='1'>2</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type></os></domain>"""
CONFIG, LIVE = libvirt.VIR_DOMAIN_AFFECT_CONFIG, libvirt.VIR_DOMAIN_AFFECT_LIVE


@pytest.fixture
def guest_vm(daemon: Daemon, accelerator: Accelerator) -> libvirt.virDomain:
    """One that has booted."""
    return booted(daemon, accelerator)


def one(snapshot: Snapshot, name: str = "guest") -> DomainFacts:
    """Its facts."""
    return next(domain for domain in snapshot.domains if domain.name == name)


def test_a_balloon_moves_what_it_has_and_not_what_it_may_have(daemon: Daemon, guest_vm: libvirt.virDomain) -> None:
    """Promised, had and resident are three numbers: the balloon moves the second, the third is the kernel's."""
    host = ph.connect(daemon.uri)
    before = host.snapshot().allocations().iloc[0]
    assert (before["memory_gib"], before["memory_max_gib"], before["balloon_gib"]) == (160 / 1024,) * 3
    guest_vm.setMemoryFlags(112 * 1024, LIVE)
    until(lambda: guest_vm.memoryStats()["actual"] == 112 * 1024, 20, "the balloon to give 48 MiB back")
    # Asked at once: libvirt's own figure follows up to a second later.
    snap = host.snapshot()
    after = snap.allocations().iloc[0]
    assert (after["memory_gib"], after["balloon_gib"], after["memory_max_gib"]) == (112 / 1024, 112 / 1024, 160 / 1024)
    assert after["memory_source"] == "memoryStats"
    assert snap.balance().query("resource == 'memory'")["promised"].tolist() == [112 / 1024, 160 / 1024]
    assert snap.balance("defined").query("resource == 'memory'")["promised"].tolist() == [160 / 1024, 160 / 1024]
    [pid] = emulators(daemon)
    status = Path(f"/proc/{pid}/status").read_text()
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 2**20
    assert after["rss_gib"] == pytest.approx(resident, rel=0.2)
    assert 0 < after["unused_gib"] < after["balloon_gib"]


def test_what_it_has_now_and_what_its_next_start_gives(daemon: Daemon, guest_vm: libvirt.virDomain) -> None:
    """Both definitions are kept: what runs counts as running, what is stored as defined."""
    guest_vm.setMemoryFlags(64 * 1024, CONFIG)
    guest_vm.setVcpusFlags(2, CONFIG)
    facts = one(ph.connect(daemon.uri).snapshot())
    assert facts.live is not None
    assert facts.stored is not None
    assert (facts.live.vcpus, facts.stored.vcpus) == (1, 2)
    assert (facts.live.memory.to("MiB"), facts.stored.memory.to("MiB")) == (160, 64)
    assert facts.pending


def test_a_hung_guest_holds_nobody_up(daemon: Daemon, guest_vm: libvirt.virDomain, accelerator: Accelerator) -> None:
    """Its row says so, its promise is the last known, and the others are there; the next one does not ask again."""
    other = booted(daemon, accelerator, "other")
    host = ph.connect(daemon.uri, timeout=20)
    by_name = {domain.name(): domain for domain in (guest_vm, other)}
    pids = {
        name: pid
        for pid in emulators(daemon)
        for name in by_name
        if f"guest={name}".encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    }
    os.kill(pids["guest"], signal.SIGSTOP)
    try:
        first = host.snapshot()
        # Once libvirt says for how long QEMU has kept a call waiting, it is not asked again.
        until(lambda: one(host.snapshot(), "other").usage is not None, 20, "the other to be asked")
        second = host.snapshot()
    finally:
        os.kill(pids["guest"], signal.SIGCONT)
    for snap in (first, second):
        hung = one(snap)
        assert hung.live is not None
        assert hung.live.memory_max == ph.Size("160 MiB")
        assert "no answer from QEMU" in hung.problem
        assert hung.usage is None
    fine = one(second, "other")
    assert fine.usage is not None
    assert fine.problem == ""
    until(lambda: one(host.snapshot()).problem == "", 40, "the guest to answer again")


@pytest.mark.parametrize(
    "change",
    [
        lambda domain: domain.connect().defineXML(domain.XMLDesc(2).replace("160", "150").replace("163840", "153600")),
        lambda domain: domain.setMemoryFlags(64 * 1024, CONFIG),
        lambda domain: domain.setVcpusFlags(2, CONFIG),
        lambda domain: domain.setAutostart(1),
        lambda domain: domain.create(),
        lambda domain: domain.undefine(),
        lambda domain: domain.rename("renamed"),
        lambda domain: domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, "A title", None, None, CONFIG),
        lambda domain: domain.connect().defineXML(TEXT.format("new")),
    ],
    ids=["define", "memory", "vcpus", "autostart", "start", "undefine", "rename", "title", "another"],
)
def test_a_quick_snapshot_sees_what_a_full_one_sees(daemon: Daemon, change: Any) -> None:
    """Libvirt tells of it, or it shows in what one call says of all VMs."""
    writer = libvirt.open(daemon.uri)
    domain = writer.defineXML(TEXT.format("guest"))
    host, fresh = ph.connect(daemon.uri), ph.connect(daemon.uri)
    before = host.snapshot(max_age=600)
    assert host.snapshot(max_age=600).domains == before.domains
    change(domain)

    def seen() -> bool:
        # Also what does not count when two promises are compared, such as a title.
        quick, full, first = map(repr, (host.snapshot(max_age=600).domains, fresh.snapshot().domains, before.domains))
        return quick == full != first

    until(seen, 10, "the quick snapshot to follow")


def test_a_quick_snapshot_takes_over_what_nobody_announces_for_so_long_only(daemon: Daemon) -> None:
    """A pin for the next start is such: it is seen once the definition is older than the age that is allowed."""
    writer = libvirt.open(daemon.uri)
    domain = writer.defineXML(TEXT.format("guest"))
    host = ph.connect(daemon.uri)
    before = host.snapshot(max_age=600)
    domain.pinVcpuFlags(0, (True, *[False] * 63), CONFIG)
    assert host.snapshot(max_age=600).domains == before.domains
    assert host.snapshot(max_age=0.001).allocations()["vcpus_dedicated"].tolist() == [1]
    assert host.snapshot().allocations()["vcpus_dedicated"].tolist() == [1]


def test_disks_have_sizes_where_the_host_can_look(daemon: Daemon) -> None:
    """Of an image that is there; of one that is not, nothing is said."""
    image = daemon.directory / "disk.raw"
    image.write_bytes(b"x" * 2**20)
    spec = ph.profiles.minimal(name="disks", memory="64 MiB", type="qemu", session=True, disk=str(image))
    spec.devices.disks[0].format = "raw"
    host = ph.connect(daemon.uri, write=True)
    host.change(spec).apply()
    spec = ph.profiles.minimal(name="none", memory="64 MiB", type="qemu", session=True, disk="/srv/none.qcow2")
    host.change(spec).apply()
    table = host.snapshot().allocations("disk")
    there, missing = table[table["name"] == "disks"].iloc[0], table[table["name"] == "none"].iloc[0]
    assert (there["capacity_gib"], there["source"]) == (1 / 1024, str(image))
    assert missing[["capacity_gib", "allocation_gib", "physical_gib"]].isna().all()
