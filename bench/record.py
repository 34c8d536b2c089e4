"""Recording: what a look costs beside the bare call, what a day of it takes, and ten minutes beside a busy notebook.

``./nb bench`` does the first two; ``.venv/bin/python bench/record.py --minutes 10`` the last one as well: a real
daemon with real guests is recorded and watched while the main thread computes without a pause, one guest hangs for a
while, and the daemon is restarted.
"""

import argparse
import os
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import libvirt
import numpy as np

import phyllome_nb as ph
from phyllome_nb.capacity.recording import SAMPLES, compact, write
from phyllome_nb.host.record import GROUPS, _Recorder

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.booted import booted, emulators
from support.guest import accelerator
from support.libvirtd import libvirtd, start
from support.process import end, hypervisor_user

VMS, LOOKS, EVERY = 100, 8640, 10
RUNNING = 20
TEXT = """<domain type='qemu'><name>{0}</name><memory unit='MiB'>16</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type></os></domain>"""


def median(work: Callable[[], object]) -> float:
    """Seconds that it takes, the first time left out."""
    work()
    times = []
    for _ in range(15):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def cost(base: Path) -> None:
    """Print what a look costs."""
    with libvirtd(base / "cost") as daemon:
        host = ph.connect(daemon.uri, write=True, timeout=60)
        connection = libvirt.open(daemon.uri)
        for number in range(RUNNING):
            connection.createXML(TEXT.format(f"vm-{number}"), libvirt.VIR_DOMAIN_START_PAUSED)
        recorder = _Recorder(host, base, 10)
        bare = median(lambda: host.ask("stats", lambda connection: connection.getAllDomainStats(GROUPS)))
        look = median(recorder.look)
        for domain in connection.listAllDomains():
            domain.destroy()
    times = f"getAllDomainStats {bare * 1e3:.1f} ms, a look {look * 1e3:.1f} ms"
    print(f"{RUNNING} VMs that run: {times}: {look / bare:.2f} x")


def day(base: Path) -> None:
    """Print what a day of 100 VMs takes, written as the recorder writes it."""
    place = base / "day"
    place.mkdir()
    random = np.random.default_rng(7)
    begin = datetime(2026, 11, 24, tzinfo=UTC)
    counters = np.zeros((VMS, 11), dtype=np.int64)
    levels = np.full((VMS, 3), 4 * 2**20)
    parts: list[Path] = []
    begun = time.perf_counter()
    for minute in range(LOOKS * EVERY // 60):
        rows = []
        for number in range(60 // EVERY):
            moment = begin + timedelta(seconds=60 * minute + EVERY * number, microseconds=int(random.integers(9999)))
            busy = random.gamma(1.5, 0.15, VMS) * (1 + np.sin(minute / 1440 * 2 * np.pi))
            counters += (busy[:, None] * random.uniform(0, 1e9, (VMS, 11)) * EVERY).astype(np.int64)
            levels += random.integers(-2000, 2001, (VMS, 3))
            for vm in range(VMS):
                values: dict[str, object] = {"time": moment, "uuid": f"{vm:08x}-0000-0000-0000-000000000000"}
                values |= {"name": f"vm-{vm}", "boot": vm, "why": "", "vcpus": 4, "maximum_kib": 8 * 2**20}
                values |= {"balloon_kib": 4 * 2**20}
                values |= dict(zip(("rss_kib", "unused_kib", "usable_kib"), levels[vm].tolist(), strict=True))
                values |= {
                    name: int(counters[vm, place])
                    for place, name in enumerate(
                        [column.name for column in SAMPLES if column.name.endswith(("_ns", "_bytes", "_reqs"))]
                    )
                }
                rows.append(tuple(values.get(column.name) for column in SAMPLES))
        parts.append(write(place, "samples", rows, f"{minute:05}-part"))
        if len(parts) == 60:
            compact(place, "samples", parts, f"{minute:05}")
            parts = []
    size = sum(path.stat().st_size for path in place.iterdir())
    took = time.perf_counter() - begun
    print(
        f"A day of {VMS} VMs every {EVERY} s: {LOOKS * VMS:,} rows, {size / 2**20:.1f} MiB, "
        f"{took:.0f} s of work to make up and write"
    )


def busy(minutes: float, base: Path) -> None:
    """Print what a recording beside a busy notebook missed."""
    kind = accelerator()
    with libvirtd(base / "busy") as daemon:
        booted(daemon, kind)
        booted(daemon, kind, "second")
        host = ph.connect(daemon.uri, timeout=5)
        told: list[float] = []
        again = None
        with host.record(base / "recording", every=1), host.watch(1) as watch:
            watch.on_change(lambda: told.append(time.monotonic()))
            threading.Timer(minutes * 20, lambda: os.kill(emulators(daemon)[0], signal.SIGSTOP)).start()
            threading.Timer(minutes * 20 + 15, lambda: os.kill(emulators(daemon)[0], signal.SIGCONT)).start()
            begun, longest, last = time.monotonic(), 0.0, time.monotonic()
            ticks = 0
            while time.monotonic() - begun < minutes * 60:
                sum(range(20_000))  # a cell that computes
                now = time.monotonic()
                longest, last = max(longest, now - last), now
                ticks += 1
                if again is None and now - begun > minutes * 40:
                    os.kill(daemon.pid, signal.SIGKILL)
                    again = start(daemon.base, hypervisor_user())
                    last = time.monotonic()  # that was this program's own doing
            expected = int(minutes * 60)
        found = ph.History.load(base / "recording")
        gaps = found.gaps()
        times = found.looks[found.looks["why"] == ""]["time"]
        steps = times.diff().dt.total_seconds().dropna()
        reported = gaps[gaps["uuid"] == ""]
        unreported = [
            step
            for moment, step in zip(times.iloc[1:], steps, strict=True)
            if step > 1.5 and not ((reported["start"] < moment) & (reported["end"] >= moment)).any()
        ]
        print(f"{minutes:g} minutes beside a busy main thread ({ticks:,} turns):")
        failed = int((found.looks["why"] != "").sum())
        print(f"  looks expected {expected}, taken {len(times)}, failed and said so {failed}")
        print(f"  gaps reported: {gaps[['name', 'seconds', 'why']].to_string(index=False)}")
        lacking = expected - len(times) - failed
        print(f"  looks that lack: {lacking}; the gaps that are reported last {reported['seconds'].sum():.1f} s")
        print(f"  gaps not reported: {len(unreported)}")
        print(
            f"  the watch told of {len(told)} changes; the main thread was held up for {longest * 1e3:.0f} ms at most"
        )
        if again is not None:
            end(again)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=0, help="record beside a busy main thread for so long")
    minutes = parser.parse_args().minutes
    base = Path(tempfile.mkdtemp(prefix="nb-", dir="/tmp"))
    base.chmod(0o755)
    cost(base)
    day(base)
    if minutes:
        busy(minutes, base)
    shutil.rmtree(base)


if __name__ == "__main__":
    main()
