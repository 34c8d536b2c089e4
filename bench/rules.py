"""What holding a definition against all the rules costs, with a host of a thousand VMs to sum over.

Over the definitions of the corpus, else over the profiles. The floor is one serialisation of the same definition.
"""

import os
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter

import phyllome_nb as ph
from phyllome_nb.capacity.facts import Claims
from phyllome_nb.capacity.snapshot import DomainFacts, Promise
from phyllome_nb.rules.catalogue import RULES

CORPUS = Path(os.environ.get("PHYLLOME_CORPUS") or Path(__file__).parents[2] / "shared" / "corpus") / "dev.tar.gz"


def definitions() -> Iterator[ph.DomainSpec]:
    """Those of the corpus, else the profiles."""
    if not CORPUS.exists():
        yield from (getattr(ph.profiles, name)(name="a") for name in ph.profiles.__all__ if name != "reasons")
        return
    with tarfile.open(CORPUS) as archive:
        for member in archive:
            opened = archive.extractfile(member) if member.name.endswith(".xml") else None
            try:
                yield ph.DomainSpec.from_xml(opened.read() if opened else b"")
            except ph.PhyllomeError:
                continue


def crowded() -> ph.Snapshot:
    """A host that runs a thousand VMs."""
    promise = Promise(2, 4, ph.Size("1 GiB"), ph.Size("2 GiB"))
    vms = []
    for number in range(1000):
        claims = Claims(frozenset({f"52:54:00:00:{number // 256:02x}:{number % 256:02x}"}), frozenset({f"/{number}"}))
        vms.append(DomainFacts(f"vm-{number}", str(number), "running", True, False, promise, promise, claims=claims))
    facts = replace(ph.demo().snapshot().host, hypervisor="QEMU 7.2.0", session=False)
    return ph.Snapshot(facts, tuple(vms), datetime.now(UTC))


def main() -> None:
    """Print the times."""
    specs, snapshot = [*definitions()], crowded()
    begun = perf_counter()
    specs[0].findings(snapshot)
    first = perf_counter() - begun
    times, floors = [], []
    for spec in specs:
        begun = perf_counter()
        spec.findings(snapshot)
        times.append(perf_counter() - begun)
        begun = perf_counter()
        spec.to_xml()
        floors.append(perf_counter() - begun)
    times.sort()
    print(f"{len(RULES)} rules over {len(specs)} definitions, {len(snapshot.domains)} VMs to sum over")
    print(f"median {median(times) * 1e3:.2f} ms, 95 % within {times[int(len(times) * 0.95)] * 1e3:.2f} ms, "
          f"longest {times[-1] * 1e3:.0f} ms; the very first {first * 1e3:.0f} ms")  # fmt: skip
    print(f"{median(times) / median(floors):.0f} × writing the definition out ({median(floors) * 1e6:.0f} µs)")


if __name__ == "__main__":
    main()
