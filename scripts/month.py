"""Make up the recording that a tutorial reads: ``month.py DIRECTORY``, which has one-cell.json.

A month of its three VMs, as the recorder writes it. One of them grows, and for some hours the host does not answer.
"""

import math
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from phyllome_nb.capacity.recording import LOOKS, SAMPLES, write
from phyllome_nb.capacity.snapshot import Snapshot

HOURS, ASLEEP = 28 * 24, range(400, 406)
BEGIN = datetime(2026, 10, 28, tzinfo=UTC)
USE = {"web-2": (0.5, 0.4, 2.0, 7.5), "pref": (0.2, 0.0, 1.5, 3.9), "tmp": (0.4, 0.3, 1.2, 1.9)}
"""By VM: CPUs that it computes on, and by how much that swings each day; GiB in RAM, at the begin and at the end."""


def main(directory: str) -> None:
    """Write both files of the recording."""
    taken = Snapshot.load(Path(directory) / "one-cell.json")
    chance = random.Random(7)  # noqa: S311  (no secret comes of it)
    computed = dict.fromkeys(USE, 0)
    looks, samples = [], []
    for hour in range(HOURS):
        look: dict[str, object] = {"time": BEGIN + timedelta(hours=hour), "session": BEGIN.isoformat(), "every": 3600.0}
        if hour in ASLEEP:
            looks.append(look | {"why": "The host did not answer."})
            continue
        looks.append(look | {"why": "", "vms": len(USE)})
        for vm in taken.domains:
            promise = vm.stored
            assert promise  # noqa: S101  (our own file)
            busy, swing, first, last = USE[vm.name]
            now = (busy + swing * math.sin(hour / 12 * math.pi)) * chance.uniform(0.8, 1.2)
            computed[vm.name] += int(now * 3600e9)
            resident = (first + (last - first) * hour / HOURS) * chance.uniform(0.97, 1.03)
            said = {"uuid": vm.uuid, "name": vm.name, "boot": 1, "why": "", "vcpus": promise.vcpus}
            used = {"cpu_ns": computed[vm.name], "rss_kib": int(resident * 2**20)}
            samples.append({"time": look["time"], **said, **used})
    place = Path(directory) / "recording"
    place.mkdir(exist_ok=True)
    for kind, columns, rows in (("looks", LOOKS, looks), ("samples", SAMPLES, samples)):
        print(write(place, kind, [tuple(row.get(each.name) for each in columns) for row in rows], "month"))


if __name__ == "__main__":
    main(*sys.argv[1:])
