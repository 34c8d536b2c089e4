"""Every way to arrange so many vCPUs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Arrangement", "HostShape", "arrangements", "best", "table"]

MOST_THREADS = 2
"""As many as an x86 core has."""


class HostShape(Protocol):
    """What of a host matters here."""

    @property
    def sockets(self) -> int:
        """Sockets in each NUMA node."""

    @property
    def cores(self) -> int:
        """Cores in each socket."""

    @property
    def threads(self) -> int:
        """Threads in each core."""

    @property
    def nodes(self) -> int:
        """NUMA nodes."""

    @property
    def cpu_vendor(self) -> str:
        """Intel, AMD, …; empty where it is unknown."""

    @property
    def libvirt(self) -> str:
        """The version of its libvirt."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """One way; the product is the number of vCPUs."""

    sockets: int = 1
    dies: int = 1
    clusters: int = 1
    cores: int = 1
    threads: int = 1

    def fits(self, host: HostShape) -> bool:
        """Whether the host's own processors are arranged so, as far as the guest reaches."""
        return (
            self.threads == host.threads
            and self.cores * self.dies * self.clusters <= host.cores
            and (self.sockets == 1 or self.cores * self.dies * self.clusters == host.cores)
            and self.sockets <= host.sockets * host.nodes
            and self.dies == self.clusters == 1
        )

    @property
    def plain(self) -> tuple[int, ...]:
        """What is simplest comes first: few sockets, no dies, no clusters, few threads."""
        return self.sockets, self.dies * self.clusters, self.threads

    def __str__(self) -> str:
        parts = {"socket": self.sockets, "die": self.dies, "cluster": self.clusters, "core": self.cores}
        parts["thread"] = self.threads
        shown = {name: count for name, count in parts.items() if count > 1 or name in {"socket", "core"}}
        return ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for name, count in shown.items())


def arrangements(vcpus: int, *, dies: bool = True, clusters: bool = False) -> list[Arrangement]:
    """Every way to arrange so many vCPUs, the simplest first.

    Parameters
    ----------
    vcpus : int
        How many there are, from 1.
    dies, clusters : bool
        Whether the machine has such a level: x86 has dies, and libvirt has clusters from 10.1 on.

    Examples
    --------
    >>> [str(each) for each in arrangements(3, dies=False)]
    ['1 socket, 3 cores', '3 sockets, 1 core']
    """
    found = list(_arranged(vcpus, dies=dies, clusters=clusters))
    return sorted(found, key=lambda each: each.plain)


def _arranged(vcpus: int, *, dies: bool, clusters: bool) -> Iterator[Arrangement]:
    for sockets in _divisors(vcpus):
        for threads in range(1, MOST_THREADS + 1):
            if vcpus // sockets % threads:
                continue
            left = vcpus // sockets // threads
            for die in _divisors(left) if dies else (1,):
                for cluster in _divisors(left // die) if clusters else (1,):
                    yield Arrangement(sockets, die, cluster, left // die // cluster, threads)


def _divisors(number: int) -> list[int]:
    return [each for each in range(1, number + 1) if number % each == 0]


def best(vcpus: int, host: HostShape | None = None, most_sockets: int | None = None) -> Arrangement:
    """The arrangement to take: the host's own where one fits, else the simplest.

    Examples
    --------
    >>> str(best(6))
    '1 socket, 6 cores'
    """
    allowed = [each for each in arrangements(vcpus) if most_sockets is None or each.sockets <= most_sockets]
    fitting = [each for each in allowed if host is not None and each.fits(host)]
    return (fitting or allowed)[0]


def table(
    vcpus: int,
    host: HostShape | None,
    *,
    dies: bool = True,
    clusters: bool = False,
    most_sockets: int | None = None,
    topoext: bool = False,
) -> "pd.DataFrame":
    """The arrangements as a table: see `Vcpus.topologies`."""
    import pandas as pd

    rows = []
    for each in arrangements(vcpus, dies=dies, clusters=clusters):
        notes = []
        if most_sockets is not None and each.sockets > most_sockets:
            notes.append(f"this Windows uses only {most_sockets} of {each.sockets} sockets")
        if each.threads > 1 and host is not None and host.cpu_vendor == "AMD" and not topoext:
            notes.append("an AMD guest sees threads only with the CPU feature topoext")
        fits = pd.NA if host is None or not host.threads else each.fits(host)
        rows.append([each.sockets, each.dies, each.clusters, each.cores, each.threads, fits, "; ".join(notes)])
    columns = ["sockets", "dies", "clusters", "cores", "threads", "fits_host", "note"]
    types = {**dict.fromkeys(columns[:5], "int64"), "fits_host": "boolean", "note": "str"}
    frame = pd.DataFrame(rows, columns=columns).astype(types)
    return frame.sort_values("fits_host", ascending=False, kind="stable", ignore_index=True)
