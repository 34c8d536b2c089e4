"""A snapshot of 1,000 VMs over libvirtd against the bare calls it needs, a refresh against getAllDomainStats, virtinst.

The bare calls are those of `phyllome_nb.host.domains` for VMs that do not run: four lists, one getAllDomainStats, and
one XMLDesc a VM, made one after another, with nothing done about the answers.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import libvirt

import phyllome_nb as ph
from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.host.domains import GROUPS, bulk

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.libvirtd import libvirtd

VMS = 1000
ROUNDS = 9
VIRTINST = """
import sys, time
sys.path.insert(0, "/usr/share/virt-manager")
import virtinst
connection = virtinst.VirtinstConnection(sys.argv[1])
connection.open(lambda *_: 0, None)
times = []
for _ in range(3):
    begun = time.perf_counter()
    found = []
    for domain in connection.get_conn_for_api_arg().listAllDomains():
        guest = virtinst.Guest(connection, parsexml=domain.XMLDesc(2))
        found.append((guest.name, guest.vcpus, guest.memory, guest.currentMemory, len(guest.devices.disk)))
    times.append(time.perf_counter() - begun)
print(min(times))
"""


def median(work: Callable[[], object]) -> float:
    """Seconds that it takes, the first time left out."""
    work()
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def define(text: str, connection: libvirt.virConnect) -> None:
    """Store a definition."""
    connection.defineXML(text)


def bare(connection: libvirt.virConnect) -> None:
    """The calls for the VMs alone."""
    for domain in bulk(connection, GROUPS).domains:
        domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)


def many(snapshot: Snapshot, number: int) -> Snapshot:
    """So many VMs on one host, made of those that are there."""
    found = [replace(snapshot.domains[each % len(snapshot.domains)], uuid=f"{each}") for each in range(number)]
    return replace(snapshot, domains=tuple(found))


def main() -> None:
    """Print the figures."""
    base = Path(tempfile.mkdtemp(prefix="nb-", dir="/tmp"))
    base.chmod(0o755)
    with libvirtd(base / "host") as daemon:
        host = ph.connect(daemon.uri, write=True, timeout=120)
        for number in range(VMS):
            spec = ph.profiles.linux(name=f"vm-{number:04}", type="qemu", disk=f"/srv/vm-{number}.qcow2", session=True)
            host.ask("defining", partial(define, spec.to_xml()))
        reader = ph.connect(daemon.uri, timeout=120)
        assert len(reader.snapshot().domains) == VMS  # noqa: S101  (a benchmark of nothing would look good)
        around = median(lambda: reader.ask("", lambda connection: connection.getCapabilities()))
        calls = median(lambda: reader.ask("the bare calls", bare))
        first = median(lambda: ph.connect(daemon.uri, timeout=120).snapshot())
        whole = median(reader.snapshot)
        stats = median(lambda: reader.ask("stats", lambda connection: connection.getAllDomainStats(0)))
        refresh = median(lambda: reader.snapshot(max_age=600))
        print(f"{VMS} VMs over libvirtd, median of {ROUNDS}")
        print(f"  bare calls                 {calls * 1e3:8.1f} ms")
        print(f"  host.snapshot()            {whole * 1e3:8.1f} ms  {whole / calls:5.2f} x the bare calls (goal 1.3)")
        print(f"  … the first of a new host  {first * 1e3:8.1f} ms  {first / calls:5.2f} x, opening included")
        print(f"  getAllDomainStats()        {stats * 1e3:8.1f} ms")
        print(f"  host.snapshot(max_age=600) {refresh * 1e3:8.1f} ms  {refresh / stats:5.2f} x that (goal 1.5)")
        print(f"  getCapabilities alone      {around * 1e3:8.1f} ms")
        if Path("/usr/share/virt-manager/virtinst").exists():
            command = ["/usr/bin/python3", "-c", VIRTINST, daemon.uri]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            peer = float(done.stdout or "nan")
            print(f"  virtinst's listing         {peer * 1e3:8.1f} ms  {peer / whole:5.1f} x as long (goal 5)")
            print(f"  … to the first of a host                {peer / first:5.1f} x as long")
            print(done.stderr[-500:], end="")
        else:
            print("  virtinst is not installed: no comparison")
    shutil.rmtree(base)
    large = many(ph.demo().snapshot(), 10_000)
    for by in ("host", "cell"):
        for policy in ("physical", "kubevirt"):
            taken = median(partial(large.balance, "defined", policy, by))
            print(f"  balance of 10,000 VMs by {by}, {policy:8} {taken * 1e3:8.1f} ms  (goal 100)")


if __name__ == "__main__":
    main()
