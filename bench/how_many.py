"""How many more of a VM fit on 1,000 hosts, against a bare floor in NumPy.

The floor is given what is left of CPUs and memory as arrays, and divides. `how_many` also reads the definition and
looks on each host at machine, CPU, networks and pools. Its first call on a fleet sums up what all VMs take as well, and
has the fleet's snapshot keep that.
"""

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

import phyllome_nb as ph
from phyllome_nb.capacity.facts import DomainCapabilities, Guest, Network
from phyllome_nb.capacity.fleet import FleetSnapshot
from phyllome_nb.capacity.snapshot import DomainFacts, Snapshot

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support import four_cells

HOSTS, VMS, ROUNDS = 1000, 20, 15
EMULATOR = "/usr/bin/qemu-system-x86_64"


def fleet() -> FleetSnapshot:
    """Hosts of four cells with 64 CPUs, each with a dozen VMs of mixed kinds and some more."""
    one = four_cells.snapshot()
    guests = tuple(
        Guest(arch, EMULATOR, frozenset({"kvm", "qemu"}), frozenset({"q35", "pc", *(f"pc-{n}" for n in range(50))}))
        for arch in ("x86_64", "i686")
    )
    offered = tuple(DomainCapabilities(EMULATOR, kind, "x86_64", "pc-q35-7.2", 288) for kind in ("kvm", "qemu"))
    facts = replace(one.host, guests=guests, networks=(Network("default", active=True),), domain_capabilities=offered)
    more = [domain for domain in one.domains if domain.name == "tmp"]
    hosts = []
    for number in range(HOSTS):
        added = [named(each, f"{each.name}-{copy}") for copy in range(VMS - len(one.domains)) for each in more]
        hosts.append(Snapshot(replace(facts, name=f"host-{number}"), (*one.domains, *added), one.taken))
    return FleetSnapshot.of(hosts, [], datetime.now(UTC))


def named(domain: DomainFacts, name: str) -> DomainFacts:
    """The same VM by another name."""
    return replace(domain, name=name)


def vm(nodes: str | None = None) -> ph.DomainSpec:
    """Two vCPUs, 4 GiB, a network card; bound to a cell or not."""
    spec = ph.DomainSpec("web")
    spec.type, spec.vcpus.maximum, spec.memory.maximum = "qemu", 2, "4 GiB"
    spec.os.update(type="hvm", arch="x86_64", machine="q35")
    spec.devices.interfaces.add(type="network", network="default", model="virtio")
    if nodes:
        spec.numatune.memory.update(mode="strict", nodeset=nodes)
    return spec


def timed(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def median(work: Callable[[], object]) -> float:
    """Seconds that it takes, of several times."""
    return statistics.median(timed(work) for _ in range(ROUNDS))


def main() -> None:
    """Print the figures."""
    taken = fleet()
    free, bound, pinned = vm(), vm("1"), vm("1")
    for vcpu in range(2):
        pinned.cputune.vcpupins.add(vcpu=vcpu, cpuset="8-15,40-47")
    FleetSnapshot.of(taken.snapshots[:1], [], taken.taken).how_many(free, "nova")  # imports
    first = timed(lambda: taken.how_many(free, "nova"))
    table = taken.balance(policy="nova")
    left = [
        table[(table["resource"] == what) & (table["amount"] == "maximum")]["free"].to_numpy(float)
        for what in ("vcpus", "memory")
    ]
    floor = median(lambda: np.minimum(np.floor(left[0] / 2), np.floor(left[1] / 4)).clip(0).sum())
    total = int(np.minimum(np.floor(left[0] / 2), np.floor(left[1] / 4)).clip(0).sum())
    found = int(taken.how_many(free, "nova"))
    print(f"{HOSTS} hosts, {VMS} VMs each: {found} more of {free.memory.maximum} and {free.vcpus.maximum} vCPUs")
    if found != total:
        raise SystemExit(f"The floor says {total}.")
    print(f"  the bare division  {floor * 1000:8.3f} ms")
    print(f"  the first call     {first * 1000:8.1f} ms")
    for what, spec in {"any cell": free, "bound to a cell": bound, "pinned and bound": pinned}.items():
        seconds = median(lambda spec=spec: taken.how_many(spec, "nova"))  # type: ignore[misc]
        print(f"  {what:18} {seconds * 1000:8.1f} ms  {seconds / floor:6.0f} x the division (goal 50 ms)")


if __name__ == "__main__":
    main()
