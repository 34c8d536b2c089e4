"""Report: what a host made of a write."""

from dataclasses import dataclass, field

from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.xml.compare import Difference

__all__ = ["Report"]


@dataclass(frozen=True, slots=True)
class Report:
    """What a host stored."""

    host: str
    stored: DomainSpec
    differences: tuple[Difference, ...]
    """What libvirt added, dropped and rewrote."""
    done: str = "defined"
    """What was done: defined, changed, or left as it was."""
    notes: tuple[str, ...] = field(default=())
    """What else there is to know: that somebody wrote in the same moment, that the VM runs on with what it has."""

    def of_kind(self, kind: str) -> list[Difference]:
        """The differences of one kind: added, dropped or rewrote."""
        return [difference for difference in self.differences if difference.kind == kind]

    def __str__(self) -> str:
        said = f"{self.stored.name!r} is {self.done} on {self.host} with uuid {self.stored.uuid}."
        return " ".join([said, *self.notes])

    def __repr__(self) -> str:
        return f"<Report: {self}>"
