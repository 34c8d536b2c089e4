"""The question who else wants what a VM wants."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from phyllome_nb.size import Size

if TYPE_CHECKING:
    from phyllome_nb.capacity.snapshot import Count, DomainFacts

__all__ = ["KINDS", "Index", "Others", "Sum"]

KINDS = ("macs", "images", "devices", "cpus", "cids")
"""What a VM can claim, by the names of `Claims`."""


@dataclass(frozen=True, slots=True)
class Sum:
    """What several VMs were promised together."""

    vcpus: int
    vcpus_max: int
    memory: Size
    memory_max: Size


class Index:
    """The VMs of a host, by what they are called and what they claim; made once for a snapshot."""

    def __init__(self, domains: "tuple[DomainFacts, ...]") -> None:
        self.by_name = {domain.name: domain for domain in domains}
        self.by_uuid = {domain.uuid: domain for domain in domains if domain.uuid}
        self.holders: dict[tuple[str, object], list[str]] = {}
        for domain in domains:
            for kind in KINDS:
                for value in getattr(domain.claims, kind):
                    self.holders.setdefault((kind, value), []).append(domain.name)
        self._sums: dict[str, tuple[int, int, int, int]] = {}

    def promised(self, count: "Count") -> tuple[int, int, int, int]:
        """What all of them were promised."""
        if count not in self._sums:
            promises = [promise for domain in self.by_name.values() if (promise := domain.promise(count))]
            rows = [(each.vcpus, each.vcpus_max, each.memory, each.memory_max) for each in promises]
            self._sums[count] = (
                sum(row[0] for row in rows),
                sum(row[1] for row in rows),
                sum(row[2] for row in rows),
                sum(row[3] for row in rows),
            )
        return self._sums[count]


class Others:
    """The VMs of a host but for the one with a given uuid."""

    def __init__(self, index: Index, uuid: str | None) -> None:
        self._index = index
        self.this = index.by_uuid.get((uuid or "").lower())
        """The VM that the host has under that uuid."""

    def named(self, name: str) -> "DomainFacts | None":
        """The other VM of that name."""
        found = self._index.by_name.get(name)
        return None if found is self.this else found

    def with_uuid(self, uuid: str) -> "DomainFacts | None":
        """The VM that has a uuid, be it this one."""
        return self._index.by_uuid.get(uuid.lower())

    def holding(self, kind: str, value: object) -> tuple[str, ...]:
        """The names of the other VMs that claim something: see `KINDS`."""
        own = self.this.name if self.this else None
        return tuple(name for name in self._index.holders.get((kind, value), ()) if name != own)

    def promised(self, count: "Count") -> Sum:
        """What the others were promised together."""
        vcpus, vcpus_max, memory, memory_max = self._index.promised(count)
        if own := self.this.promise(count) if self.this else None:
            vcpus, vcpus_max = vcpus - own.vcpus, vcpus_max - own.vcpus_max
            memory, memory_max = memory - own.memory, memory_max - own.memory_max
        return Sum(vcpus, vcpus_max, Size(memory), Size(memory_max))
