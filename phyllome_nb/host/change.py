"""Change: one intended write, and what libvirt made of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import libvirt

from phyllome_nb.domain.identity import check_name
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import (
    DefinitionError,
    DomainExists,
    FieldError,
    HostError,
    NoAnswer,
    OutcomeUnknown,
    ReadOnly,
    Refused,
    Unreachable,
)
from phyllome_nb.xml.compare import Difference

if TYPE_CHECKING:
    import pandas as pd

    from phyllome_nb.host.host import Host

__all__ = ["Change", "Report"]

STORED = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE


@dataclass(frozen=True, slots=True)
class Report:
    """What a host stored."""

    host: str
    stored: DomainSpec
    differences: tuple[Difference, ...]
    """What libvirt added, dropped and rewrote."""

    def of_kind(self, kind: str) -> list[Difference]:
        """The differences of one kind: added, dropped or rewrote."""
        return [difference for difference in self.differences if difference.kind == kind]

    def __str__(self) -> str:
        return f"{self.stored.name!r} is defined on {self.host} with uuid {self.stored.uuid}."

    def __repr__(self) -> str:
        return f"<Report: {self}>"


class Change:
    """The intended write of a new VM to a host.

    The definition carries no uuid: a fresh one is written, and libvirt itself then refuses to overwrite a VM of
    the same name. Get one from `Host.change`.

    Raises
    ------
    DefinitionError
        If the definition has a name that libvirt cannot take, or carries a uuid.

    Examples
    --------
    >>> import phyllome_nb as ph
    >>> host = ph.demo()
    >>> change = host.change(ph.profiles.linux(name="build-2", memory="8 GiB", vcpus=4))
    >>> change.effect()[["count", "resource", "amount", "before", "after"]].tail(1)
         count resource   amount  before  after
    7  defined   memory  maximum    76.0   84.0
    >>> change.apply().stored.vcpus.maximum
    4
    """

    def __init__(self, host: "Host", spec: DomainSpec) -> None:
        if not isinstance(spec, DomainSpec):
            raise TypeError(f"{spec!r} is not a DomainSpec: read XML with ph.DomainSpec.from_xml(text).")
        try:
            check_name(spec.name)
        except ValueError as error:
            raise FieldError(f"name: {error}") from None
        if spec.uuid is not None:
            raise DefinitionError(
                f"This definition carries the uuid {spec.uuid}, and libvirt would overwrite a VM that has it: "
                "leave the uuid out (set uuid to None) to make a new VM.",
            )
        self.host = host
        self.after = spec.copy()

    def effect(self) -> "pd.DataFrame":
        """What it does to the balance of the host as it is now: see `Snapshot.effect`."""
        return self.host.snapshot().effect(self.after)

    def apply(self) -> Report:
        """Write it, read it back, and report what libvirt made of it.

        Raises
        ------
        ReadOnly
            If the host was opened read-only.
        DomainExists
            If there is a VM of that name; it is unchanged.
        Refused
            If libvirt refuses the definition; nothing was written.
        Unreachable
            If the host cannot be reached; nothing was written.
        OutcomeUnknown
            If the connection broke or the deadline passed, and asking again did not tell.
        """
        if not self.host.writable:
            raise ReadOnly(
                f"{self.host.name} was opened read-only; nothing was written. "
                f"Open it with ph.connect({self.host.uri!r}, write=True).",
            )
        # A fresh uuid is as safe as none: libvirt refuses a name that is taken. And it tells this VM from any other.
        written = self.after.copy()
        written.uuid = str(uuid4())
        self.host.ready()
        try:
            self.host.ask(f"defining {written.name!r}", lambda connection: _define(connection, written))
        except (Unreachable, NoAnswer) as error:
            return self._find_out(written.uuid, error)
        except Refused as error:
            raise Refused(f"{error} Nothing was written.") from error
        return self._read_back(written.uuid)

    def _read_back(self, uuid: str) -> Report:
        """What libvirt made of what was written."""
        name = self.after.name
        try:
            stored = self.host.ask(f"reading {name!r} back", lambda connection: _stored(connection, uuid))
        except HostError as error:
            raise OutcomeUnknown(f"{name!r} was defined, but reading it back failed: {error}") from error
        if stored is None:
            raise OutcomeUnknown(f"{name!r} was defined, and somebody has undefined it since.")
        spec = DomainSpec.from_xml(stored)
        return Report(self.host.name, spec, tuple(self.after.diff(spec)))

    def _find_out(self, uuid: str, error: HostError) -> Report:
        """Ask again, over a new connection, what became of a write that was not answered."""
        name = self.after.name
        try:
            self.host.reconnect()
            stored = self.host.ask(f"looking for {name!r}", lambda connection: _stored(connection, uuid))
        except HostError as again:
            raise OutcomeUnknown(
                f"{error} Asking again failed too, so {name!r} may or may not be defined: "
                f"look with host.domain({name!r}) once the host answers. ({again})",
            ) from error
        if stored is not None:
            return self._read_back(uuid)
        raise OutcomeUnknown(
            f"{error} {name!r} is not defined so far, but the host may still do it: look again in a while.",
        ) from error

    def __repr__(self) -> str:
        return f"<Change: a new VM {self.after.name!r} on {self.host.name}>"


def _define(connection: Any, spec: DomainSpec) -> None:
    """Define a new VM, checked against libvirt's schema so that nothing is dropped in silence."""
    try:
        connection.defineXMLFlags(spec.to_xml(), libvirt.VIR_DOMAIN_DEFINE_VALIDATE)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_OPERATION_FAILED and _is_taken(connection, spec.name):
            raise DomainExists(f"A VM named {spec.name!r} exists; it is unchanged. Choose another name.") from error
        raise


def _is_taken(connection: Any, name: str) -> bool:
    return name in {domain.name() for domain in connection.listAllDomains()}


def _stored(connection: Any, uuid: str) -> str | None:
    """The stored XML of a VM, or None where there is none of that uuid."""
    try:
        stored: str = connection.lookupByUUIDString(uuid).XMLDesc(STORED)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return None
        raise
    return stored
