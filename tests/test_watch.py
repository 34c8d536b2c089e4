"""Watches: told by events, by looking, and about nothing that nobody would look at."""

import gc
import os
import signal
import threading
import time
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import libvirt
import pytest

import phyllome_nb as ph
from phyllome_nb.capacity.snapshot import Usage
from phyllome_nb.host.watch import AT_MOST, Watch, _gist
from support import four_cells
from support.libvirtd import Daemon, libvirtd, start
from support.process import end, hypervisor_user, until

SECONDS = 60
TEXT = """<domain type='qemu'><name>{0}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type></os></domain>"""


def names(snapshot: ph.Snapshot) -> list[str]:
    """The VMs."""
    return [domain.name for domain in snapshot.domains]


def test_what_libvirt_announces_is_seen_at_once(daemon: Daemon) -> None:
    """Long before it would be looked at again."""
    with ph.connect(daemon.uri, timeout=30).watch(every=3600) as watch:
        watch.wait(lambda _: True, SECONDS)
        writer = libvirt.open(daemon.uri)
        domain = writer.defineXML(TEXT.format("new"))
        assert names(watch.wait(lambda snap: bool(snap.domains), SECONDS)) == ["new"]
        domain.undefine()
        assert names(watch.wait(lambda snap: not snap.domains, SECONDS)) == []


def test_what_libvirt_does_not_announce_is_seen_a_little_later(daemon: Daemon) -> None:
    """Memory for the next start is such: no event tells of it."""
    domain = libvirt.open(daemon.uri).defineXML(TEXT.format("quiet"))
    with ph.connect(daemon.uri, timeout=30).watch(every=0.3) as watch:
        watch.wait(lambda snap: bool(snap.domains), SECONDS)
        domain.setMemoryFlags(32 * 1024, libvirt.VIR_DOMAIN_AFFECT_CONFIG)
        found = watch.wait(lambda snap: snap.domains[0].stored.memory == ph.Size("32 MiB"), SECONDS)  # type: ignore[union-attr]
        assert found.domains[0].stored is not None


def test_many_changes_at_once_are_few_looks(daemon: Daemon) -> None:
    """And the last of them is seen."""
    with ph.connect(daemon.uri, timeout=30).watch(every=3600) as watch:
        watch.wait(lambda _: True, SECONDS)
        told: list[float] = []
        begun = time.monotonic()
        watch.on_change(lambda: told.append(time.monotonic()))
        writer = libvirt.open(daemon.uri)
        for number in range(60):
            writer.defineXML(TEXT.format(f"vm-{number}"))
        watch.wait(lambda snap: len(snap.domains) == 60, SECONDS)
        assert len(told) <= (time.monotonic() - begun) / AT_MOST + 2


def test_a_daemon_that_is_restarted_is_found_again(running_daemon: Daemon, scratch: Path) -> None:  # noqa: ARG001
    """Until then it is said that what is shown was true before."""
    with libvirtd(scratch / "own-watch") as own:
        libvirt.open(own.uri).defineXML(TEXT.format("stays"))
        with ph.connect(own.uri, timeout=10).watch(every=0.3) as watch:
            watch.wait(lambda snap: names(snap) == ["stays"], SECONDS)
            os.kill(own.pid, signal.SIGKILL)
            until(lambda: watch.problem.startswith("What is shown was true before"), SECONDS, "the loss to be said")
            assert watch.snapshot is not None
            again = start(own.base, hypervisor_user())
            try:
                until(lambda: watch.problem == "", SECONDS, "the host to be found again")
                libvirt.open(own.uri).defineXML(TEXT.format("new"))
                watch.wait(lambda snap: names(snap) == ["new", "stays"], SECONDS)
            finally:
                watch.close()
                end(again)


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Of the sample host, which has told its facts."""
    with ph.demo().watch(every=3600) as made:
        made.wait(lambda _: True, SECONDS)
        yield made


def change(watch: Watch, name: str) -> None:
    """Something happens on its host."""
    watch.host.change(ph.profiles.minimal(name=name)).apply()
    watch.wait(lambda snap: name in names(snap), SECONDS)


def test_a_listener_that_fails_does_not_end_the_others(watch: Watch) -> None:
    """Its error is kept, once."""
    heard: list[str] = []

    def fails() -> None:
        raise RuntimeError("this one")

    watch.on_change(fails)
    watch.on_change(lambda: heard.append("the other"))
    change(watch, "one")
    change(watch, "two")
    until(lambda: len(heard) >= 2, SECONDS, "both changes")
    assert [str(error) for error in watch.errors] == ["this one"]


def test_a_listener_can_stop_listening(watch: Watch) -> None:
    """As often as it likes."""
    heard: list[str] = []
    stop = watch.on_change(lambda: heard.append("still there"))
    stop()
    stop()
    change(watch, "one")
    assert heard == []


def test_waiting_ends_at_the_deadline_or_when_the_watch_is_closed(watch: Watch) -> None:
    """With a sentence."""
    with pytest.raises(ph.errors.NoAnswer, match=r"demo did not become so within 0\.1 s"):
        watch.wait(lambda _: False, 0.1)
    threading.Timer(0.1, watch.close).start()
    with pytest.raises(ph.errors.NoAnswer):
        watch.wait(lambda _: False, SECONDS)


def test_a_watch_that_nobody_holds_ends_and_lets_go_of_its_host() -> None:
    """With its thread."""
    host = ph.demo()
    made = host.watch(every=0.2)
    made.wait(lambda _: True, SECONDS)
    gone = weakref.ref(made)
    del made
    gc.collect()
    until(lambda: gc.collect() is not None and gone() is None, SECONDS, "the watch to be forgotten")
    watching = f"libvirt: watching {host.name}"
    until(lambda: watching not in {each.name for each in threading.enumerate()}, SECONDS, "its thread to end")


@pytest.mark.parametrize("every", [0, -1, float("nan"), "often", True, None])
def test_a_pause_that_is_none_is_refused(every: object) -> None:
    """At once, with what is wanted."""
    with pytest.raises(ValueError, match="is not a number of seconds above zero"):
        ph.demo().watch(every)  # type: ignore[arg-type]


def test_what_is_different_at_every_moment_is_not_told() -> None:
    """Free memory, the clock, some KiB of RSS; a balloon that moved is."""
    snap = four_cells.snapshot()
    cells = tuple(replace(cell, free=ph.Size("1 GiB")) for cell in snap.host.cells)
    other = replace(snap, host=replace(snap.host, cells=cells, mhz=2000, memory_available=ph.Size("3 GiB")))
    assert _gist(snap) == _gist(other)

    def using(rss: str, balloon: str) -> ph.Snapshot:
        usage = Usage(ph.Size(balloon), ph.Size(rss))
        return replace(snap, domains=tuple(replace(each, usage=usage) for each in snap.domains))

    before = _gist(using("1025 MiB", "2 GiB"))
    assert before == _gist(using("1026 MiB", "2 GiB"))
    assert before != _gist(using("1100 MiB", "2 GiB"))
    assert before != _gist(using("1025 MiB", "1 GiB"))
    assert _gist(snap) != _gist(replace(snap, domains=snap.domains[1:]))
