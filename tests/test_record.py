"""Recording on real hosts: guests that run and hang, a daemon that goes and comes back, and who may write where."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import libvirt
import pytest

import phyllome_nb as ph
from phyllome_nb.host.record import LOCK, Recording
from support.booted import booted, emulators
from support.guest import Accelerator
from support.libvirtd import Daemon, libvirtd, start
from support.process import end, hypervisor_user, until

SECONDS = 60
TEXT = """<domain type='qemu'><name>{0}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type></os></domain>"""


@pytest.fixture
def own(running_daemon: Daemon, scratch: Path) -> Iterator[Daemon]:  # noqa: ARG001  (says whether there is one)
    """A daemon that a test may end."""
    with libvirtd(scratch / "own-record") as started:
        yield started


def test_what_a_guest_uses_is_what_its_process_uses(daemon: Daemon, accelerator: Accelerator, tmp_path: Path) -> None:
    """CPU time, resident memory and the balloon, against what the kernel and libvirt say themselves."""
    guest = booted(daemon, accelerator)
    [pid] = emulators(daemon)
    host = ph.connect(daemon.uri, timeout=30)
    with host.record(tmp_path, every=0.5) as recording:
        recording.wait(samples=4, timeout=SECONDS)
        guest.setMemoryFlags(112 * 1024, libvirt.VIR_DOMAIN_AFFECT_LIVE)
        until(lambda: recording.history().rates()["balloon_gib"].iloc[-1] == 112 / 1024, SECONDS, "the balloon")
        recording.wait(samples=recording.samples + 2, timeout=SECONDS)
        usage = recording.usage()
    assert usage["name"].tolist() == ["guest"]
    row = usage.iloc[0]
    assert row["balloon_gib_max"] == 160 / 1024
    status = Path(f"/proc/{pid}/status").read_text()
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 2**20
    assert row["rss_gib_max"] == pytest.approx(resident, rel=0.3)
    samples = ph.History.load(tmp_path).samples
    ticks = [int(each) for each in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]]
    used = sum(ticks) / os.sysconf("SC_CLK_TCK")
    assert 0 < samples["cpu_ns"].iloc[-1] / 1e9 <= used + 1
    assert samples["cpu_ns"].is_monotonic_increasing
    assert (ph.History.load(tmp_path).rates()["cpu"].dropna() >= 0).all()


def test_a_guest_that_hangs_is_a_gap_and_the_others_go_on(
    daemon: Daemon, accelerator: Accelerator, tmp_path: Path
) -> None:
    """It is left out of the next looks, with the reason, and taken up again when it is well."""
    booted(daemon, accelerator)
    connection = libvirt.open(daemon.uri)
    connection.createXML(TEXT.format("other"), libvirt.VIR_DOMAIN_START_PAUSED)
    pids = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in emulators(daemon)}
    [hung] = [pid for pid, line in pids.items() if b"guest=guest" in line]
    host = ph.connect(daemon.uri, timeout=3)
    with host.record(tmp_path, every=0.5) as recording:
        recording.wait(samples=2, timeout=SECONDS)
        os.kill(hung, signal.SIGSTOP)
        try:
            until(lambda: "guest: no answer from QEMU" in recording.problem, SECONDS, "the guest to be missed")
            recording.wait(samples=recording.samples + 3, timeout=SECONDS)
        finally:
            os.kill(hung, signal.SIGCONT)
        until(lambda: recording.problem == "", SECONDS, "the guest to be back")
        recording.wait(samples=recording.samples + 3, timeout=SECONDS)
        found = recording.history()
    missed = found.gaps()
    of_guest = missed[missed["name"] == "guest"]
    assert len(of_guest) == 1
    assert "no answer from QEMU" in of_guest["why"].iloc[0]
    rates = found.rates()
    inside = rates[(rates["time"] > of_guest["start"].iloc[0]) & (rates["time"] < of_guest["end"].iloc[0])]
    assert set(inside["name"]) <= {"other"}
    after = rates[(rates["time"] > of_guest["end"].iloc[0]) & (rates["name"] == "guest")]
    assert after["cpu"].notna().any()
    coverage = found.usage().set_index("name")["coverage"]
    assert coverage["guest"] < coverage["other"] <= 1


def test_a_daemon_that_is_restarted_is_a_gap_with_a_reason(own: Daemon, tmp_path: Path) -> None:
    """And the recording goes on by itself."""
    libvirt.open(own.uri).defineXML(TEXT.format("stays"))
    with ph.connect(own.uri, timeout=5).record(tmp_path, every=0.5) as recording:
        recording.wait(samples=2, timeout=SECONDS)
        os.kill(own.pid, signal.SIGKILL)
        until(lambda: recording.problem, SECONDS, "the loss to be noticed")
        before = recording.samples
        again = start(own.base, hypervisor_user())
        try:
            recording.wait(samples=before + 2, timeout=SECONDS)
            assert recording.problem == ""
        finally:
            recording.stop()
            end(again)
    gaps = ph.History.load(tmp_path).gaps()
    assert len(gaps) >= 1
    assert (gaps["uuid"] == "").all()
    assert all(why and "came late" not in why for why in gaps["why"].head(1))


def test_two_recorders_do_not_share_a_directory(tmp_path: Path) -> None:
    """The second one is refused by name; what a process had claimed that is no more is free."""
    host = ph.demo()
    taken = pytest.raises(ph.errors.RecordingError, match=f"recorded into by process {os.getpid()}")
    with host.record(tmp_path, every=60), taken:
        host.record(tmp_path)
    assert not (tmp_path / LOCK).exists()
    for stale in (f"{os.getpid()} 1\n", "999999999 1\n", "", "nonsense"):  # the number of a process is given again
        (tmp_path / LOCK).write_text(stale)
        with host.record(tmp_path, every=60) as recording:
            recording.wait(samples=1, timeout=SECONDS)
    assert sorted(path.suffix for path in tmp_path.iterdir() if path.name.startswith(".")) == []
    for every in (0, -1, "often", True):
        with pytest.raises(ValueError, match="is not a number of seconds above zero"):
            host.record(tmp_path, every=every)  # type: ignore[arg-type]


def test_recording_goes_on_where_it_ended(tmp_path: Path) -> None:
    """With a gap that says that nobody recorded."""
    host = ph.demo()
    for _ in range(2):
        with host.record(tmp_path, every=0.2) as recording:
            recording.wait(samples=3, timeout=SECONDS)
    found = ph.History.load(tmp_path)
    assert "nobody recorded" in set(found.gaps()["why"])
    assert found.looks["session"].nunique() == 2
    assert len(found.usage()) == 6


def test_what_was_flushed_outlives_a_killed_kernel(tmp_path: Path) -> None:
    """And the next recorder takes over."""
    code = f"""
import os, signal
import phyllome_nb as ph
recording = ph.demo().record({str(tmp_path)!r}, every=0.1)
recording.wait(samples=3, timeout=60)
recording.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL
    assert len(ph.History.load(tmp_path).looks) >= 3
    with ph.demo().record(tmp_path, every=60) as recording:
        recording.wait(samples=1, timeout=SECONDS)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("of pyarrow's own")])
def test_a_directory_that_cannot_be_written_to_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """What was learnt is kept, the problem is said until it is written, and the recorder goes on."""
    from phyllome_nb.host import record

    def full(*_: object) -> Path:
        raise error

    host = ph.demo()
    with host.record(tmp_path, every=0.2) as recording:
        recording.wait(samples=2, timeout=SECONDS)
        with monkeypatch.context() as patch:
            patch.setattr(record, "write", full)
            recording.flush()
            recording.wait(samples=recording.samples + 2, timeout=SECONDS)
            assert "cannot be written" in recording.problem
            assert str(error.args[-1]) in recording.problem
        found = recording.history()
        assert recording.problem == ""
    assert len(found.looks) >= 4


def test_an_error_that_nobody_expected_does_not_end_a_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a gap with a reason."""
    with ph.demo().record(tmp_path, every=0.2) as recording:
        recording.wait(samples=2, timeout=SECONDS)

        def breaks(_connection: object) -> None:
            raise ZeroDivisionError("of nobody knows what")

        with monkeypatch.context() as patch:
            patch.setattr(recording._recorder, "_ask", breaks)
            until(lambda: "ZeroDivisionError" in recording.problem, SECONDS, "the error to be said")
        recording.wait(samples=recording.samples + 2, timeout=SECONDS)
        assert recording.problem == ""
    assert "ZeroDivisionError: of nobody knows what" in set(ph.History.load(tmp_path).gaps()["why"])


def test_where_the_clock_was_set_another_session_begins(tmp_path: Path) -> None:
    """So that no rate is reckoned across it."""
    with ph.demo().record(tmp_path, every=0.2) as recording:
        recording.wait(samples=2, timeout=SECONDS)
        recording._recorder._clock += 3600  # as if it had been set back by an hour
        recording.wait(samples=recording.samples + 2, timeout=SECONDS)
    assert ph.History.load(tmp_path).looks["session"].nunique() == 2


def test_a_recording_that_is_forgotten_ends_as_if_it_were_stopped(tmp_path: Path) -> None:
    """What was learnt is written, and the directory is free."""
    recording: Recording | None = ph.demo().record(tmp_path, every=0.1)
    assert recording is not None
    recording.wait(samples=3, timeout=SECONDS)
    thread = recording._recorder.thread
    recording = None
    until(lambda: not thread.is_alive(), SECONDS, "the thread to end")
    assert not (tmp_path / LOCK).exists()
    assert len(ph.History.load(tmp_path).looks) >= 3
