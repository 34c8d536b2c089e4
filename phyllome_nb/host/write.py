"""The calls that write a definition, and what can be known of their outcome."""

import threading
import time
from dataclasses import dataclass
from typing import Any, Self

import libvirt

from phyllome_nb.errors import DomainExists

__all__ = ["STORED", "Written", "define_new", "define_over", "stored"]

STORED = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE

TELLING = {libvirt.VIR_DOMAIN_EVENT_DEFINED, libvirt.VIR_DOMAIN_EVENT_UNDEFINED}
SETTLED = 0.02
"""Seconds after which the event of a write in the same moment has arrived; libvirt sends it within 1 ms or so."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a write over an existing definition."""

    theirs: str | None = None
    """What was stored instead of what the change began from; then nothing was written."""
    contested: bool = False
    """Whether libvirt told of more than this one write between the last look and the moment after."""


def define_new(connection: Any, text: str, name: str, uuid: str | None = None) -> None:
    """Define a new VM, checked against libvirt's schema so that nothing is dropped in silence.

    Parameters
    ----------
    connection : libvirt.virConnect
        The host.
    text, name : str
        The definition, and the name in it.
    uuid : str, optional
        That of a VM that is gone and comes back. libvirt would overwrite one that has it.

    Raises
    ------
    DomainExists
        If there is a VM of that name or uuid.
    """
    if uuid is not None and stored(connection, uuid) is not None:
        raise DomainExists(
            f"A VM with the uuid {uuid} exists; it is unchanged. Begin with host.domain(…) to change it."
        )
    try:
        connection.defineXMLFlags(text, libvirt.VIR_DOMAIN_DEFINE_VALIDATE)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_OPERATION_FAILED and _is_taken(connection, name):
            raise DomainExists(f"A VM named {name!r} exists; it is unchanged. Choose another name.") from error
        raise


def define_over(connection: Any, uuid: str, base: str, text: str) -> Written:
    """Define over what is stored, if that is still `base` to the letter.

    libvirt has no compare-and-swap. Between the look and the write lie some milliseconds, and libvirt's events tell
    whether anybody else defined the VM in them.
    """
    domain = connection.lookupByUUIDString(uuid)
    with _Ear(connection, domain) as ear:
        now: str = domain.XMLDesc(STORED)
        if now != base:
            return Written(theirs=now)
        connection.defineXMLFlags(text, 0)
        return Written(contested=ear.heard() > 1)


class _Ear:
    """Counts the events that tell of a definition written or taken away."""

    def __init__(self, connection: Any, domain: Any) -> None:
        self._connection = connection
        self._domain = domain
        self._first = threading.Event()
        self._count = 0
        self._handle: int | None = None

    def __enter__(self) -> Self:
        try:
            self._handle = self._connection.domainEventRegisterAny(
                self._domain, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, self._hear, None
            )
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_SUPPORT:
                raise
        return self

    def _hear(self, _connection: Any, _domain: Any, event: int, _detail: int, _opaque: Any) -> None:
        if event in TELLING:
            self._count += 1
            self._first.set()

    def heard(self) -> int:
        """How many, once one's own has arrived and any other has had its time."""
        if self._handle is None:
            return 0
        self._first.wait(1)
        time.sleep(SETTLED)
        return self._count

    def __exit__(self, *_: object) -> None:
        if self._handle is not None:
            self._connection.domainEventDeregisterAny(self._handle)


def _is_taken(connection: Any, name: str) -> bool:
    return name in {domain.name() for domain in connection.listAllDomains()}


def stored(connection: Any, uuid: str) -> str | None:
    """The stored XML of a VM, or None where there is none of that uuid."""
    try:
        found: str = connection.lookupByUUIDString(uuid).XMLDesc(STORED)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return None
        raise
    return found
