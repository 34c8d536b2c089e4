"""The whole catalogue, and a definition held against it."""

from typing import TYPE_CHECKING, Protocol

from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.rules import (
    devices,
    displays,
    document,
    host,
    hyperv,
    interfaces,
    machine,
    memory,
    numa,
    passthrough,
    qemu,
    storage,
    tuning,
    vcpus,
    versions,
)
from phyllome_nb.rules.case import Case
from phyllome_nb.rules.finding import ORDER, Finding, Findings
from phyllome_nb.rules.rule import Found, Rule
from phyllome_nb.xml.reading import field_at, name_of, path_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GROUPS", "RULES", "Host", "findings", "table"]

GROUPS = (
    document,
    vcpus,
    memory,
    numa,
    tuning,
    machine,
    hyperv,
    storage,
    interfaces,
    displays,
    passthrough,
    devices,
    qemu,
    versions,
    host,
)
"""The modules whose rules are the catalogue, in the order in which a definition names what they are about."""

RULES: tuple[Rule, ...] = tuple(each for group in GROUPS for each in vars(group).values() if isinstance(each, Rule))


SCHEMA = "XML001"
"""The rule that speaks for libvirt's schema."""


class Host(Protocol):
    """What can be asked for a snapshot."""

    def snapshot(self) -> Snapshot:
        """The facts of the host now."""


def findings(spec: DomainSpec, against: Host | Snapshot | None = None) -> Findings:
    """What the rules find in a definition, errors first.

    Parameters
    ----------
    spec : DomainSpec
        The definition. A finding is about what it says now, whatever becomes of it later.
    against : Host or Snapshot, optional
        The host that the VM is for. Without one, rules that need a host say nothing.

    Raises
    ------
    HostError
        If the host cannot be asked.
    """
    snapshot = against if isinstance(against, Snapshot | None) else against.snapshot()
    copy = spec.copy()
    case = Case(copy, snapshot)
    found = [_finding(rule, each, copy) for rule in RULES for each in rule.look(case)]
    known = {each.path for each in found if each.id != SCHEMA and each.severity == "error"}
    # What another rule explains need not be said in the schema's words, too.
    kept = [each for each in found if each.id != SCHEMA or each.path not in known]
    return Findings(sorted(kept, key=lambda finding: ORDER[finding.severity]))


def _finding(rule: Rule, found: Found, spec: DomainSpec) -> Finding:
    fix = found.fix
    return Finding(
        id=rule.id,
        severity=found.severity or rule.severity,
        path=path_of(found.part, found.field) if found.path is None else found.path,
        field=name_of(found.part, found.field) if found.path is None else field_at(DomainSpec, found.path),
        what=found.what,
        why=rule.why,
        source=rule.source,
        mend=fix.label if fix else "",
        _spec=spec,
        _do=fix.do if fix else None,
    )


def table() -> "pd.DataFrame":
    """The catalogue as a table.

    Returns
    -------
    pandas.DataFrame
        One row a rule, with the columns id, group, severity, title, why, libvirt (what it does about it) and
        source, all str.

    Examples
    --------
    >>> table().set_index("id").loc["CPU001", "libvirt"]
    'refuses'
    """
    import pandas as pd

    columns = ["id", "group", "severity", "title", "why", "libvirt", "source"]
    return pd.DataFrame([[getattr(rule, name) for name in columns] for rule in RULES], columns=columns, dtype="str")
