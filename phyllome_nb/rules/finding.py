"""Finding: what a rule has found, and what can be done about it."""

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING, Literal

from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import DefinitionError
from phyllome_nb.html import el, row, styled

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Finding", "Findings", "Severity"]

Severity = Literal["error", "warning", "hint"]
"""error: refused, unable to start, or not what it says. warning: it runs and disappoints. hint: good to know."""

ORDER = {"error": 0, "warning": 1, "hint": 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that an expert would say of a definition."""

    id: str
    """The rule's: ``CPU001``."""
    severity: Severity
    path: str
    """Where in the XML: ``devices/disk[2]/driver/@queues``."""
    field: str
    """The attribute of the definition: ``devices.disks[1].queues``; or that of the part."""
    what: str
    """What is wrong, with the numbers."""
    why: str
    """Why it matters."""
    source: str
    """Who says so."""
    mend: str = ""
    """What `fix` would do; empty where there is no one right answer."""
    _spec: DomainSpec | None = dataclass_field(default=None, repr=False, compare=False)
    _do: Callable[[DomainSpec], object] | None = dataclass_field(default=None, repr=False, compare=False)

    def fix(self) -> DomainSpec:
        """The definition in which it was found, mended; that one itself is unchanged.

        Raises
        ------
        DefinitionError
            If there is no one right answer.

        Examples
        --------
        >>> spec = DomainSpec("web")
        >>> spec.vcpus.maximum, spec.cpu.topology.cores = 4, 2
        >>> finding = spec.findings().errors[0]
        >>> finding.mend
        'Make it 1 socket, 4 cores'
        >>> finding.fix().cpu.topology.product()
        4
        """
        if self._spec is None:
            raise DefinitionError(f"{self.id} has no one right answer: {self.what}")
        mended = self._spec.copy()
        self.apply(mended)
        return mended

    def apply(self, spec: DomainSpec) -> None:
        """Mend a definition in place: the one in which it was found, as long as that has not changed.

        Raises
        ------
        DefinitionError
            If there is no one right answer, or the definition says something else by now.
        """
        if self._do is None or self._spec is None:
            raise DefinitionError(f"{self.id} has no one right answer: {self.what}")
        if spec != self._spec:
            raise DefinitionError(f"The definition has changed since {self.id} was found: look for findings again.")
        self._do(spec)

    def __repr__(self) -> str:
        return f"{self.id} {self.severity} at {self.path or 'domain'}: {self.what}"


class Findings(tuple[Finding, ...]):
    """What the rules have found, errors first."""

    __slots__ = ()

    @property
    def errors(self) -> "Findings":
        """Those that keep the VM from being what its definition says."""
        return Findings(finding for finding in self if finding.severity == "error")

    @property
    def warnings(self) -> "Findings":
        """Those that make it disappoint."""
        return Findings(finding for finding in self if finding.severity == "warning")

    @property
    def hints(self) -> "Findings":
        """What is good to know."""
        return Findings(finding for finding in self if finding.severity == "hint")

    def to_frame(self) -> "pd.DataFrame":
        """The findings as a table.

        Returns
        -------
        pandas.DataFrame
            One row a finding, with the columns id, severity, path, field, what, why, source and mend, all str.
        """
        import pandas as pd

        columns = ["id", "severity", "path", "field", "what", "why", "source", "mend"]
        return pd.DataFrame([[getattr(each, name) for name in columns] for each in self], columns=columns, dtype="str")

    def __repr__(self) -> str:
        return "\n".join(map(repr, self)) or "No findings."

    def _repr_html_(self) -> str:
        if not self:
            return styled("No findings.")
        head = row(["", "where", "what", "why", "rule"], "th")
        rows = (
            row([each.severity, el("code", each.path), each.what, each.why, el("span", each.id, title=each.source)])
            for each in self
        )
        return styled(el("table", head, *rows))
