"""Every error phyllome_nb raises on purpose.

Each message is one sentence or two: what is wrong, where, and what to do::

    PhyllomeError
    ├── DefinitionError (ValueError)       a definition, or one value of it, cannot be used
    │   ├── ParseError                     the text is not a libvirt domain definition
    │   └── FieldError                     a field refuses the value; the definition is unchanged
    ├── NotKept                            the definition as it is cannot be kept; nothing was written
    ├── SnapshotFileError (ValueError)     a file is no snapshot that can be read
    ├── RecordingError (ValueError)        a directory is no recording that can be read, or somebody else writes to it
    ├── Untrusted                          an address does more than name a host; it was not opened
    └── HostError                          a host said no, or nothing
        ├── Unreachable (ConnectionError)  no connection, or it broke
        ├── NoAnswer (TimeoutError)        the deadline passed
        ├── ReadOnly (PermissionError)     the connection may not write
        ├── NoSuchDomain (LookupError)     no VM of that name
        ├── DomainExists                   a VM of that name is there already; it is unchanged
        ├── Conflict                       somebody else changed the VM meanwhile; nothing was written
        ├── Undecided                      something would be destroyed, and nobody has said that it may be
        ├── Refused                        libvirt refused
        └── OutcomeUnknown                 a write was not answered, and asking again did not tell what became of it
"""

from typing import Any

__all__ = [
    "Conflict",
    "DefinitionError",
    "DomainExists",
    "FieldError",
    "HostError",
    "NoAnswer",
    "NoSuchDomain",
    "NotKept",
    "OutcomeUnknown",
    "ParseError",
    "PhyllomeError",
    "ReadOnly",
    "RecordingError",
    "Refused",
    "SnapshotFileError",
    "Undecided",
    "Unreachable",
    "Untrusted",
]


class PhyllomeError(Exception):
    """Base of them all.

    Examples
    --------
    >>> import phyllome_nb as ph
    >>> try:
    ...     ph.DomainSpec.from_xml("<network/>")
    ... except ph.PhyllomeError as error:
    ...     print(error)
    This is a <network> document, not a libvirt <domain>: give the XML of one virtual machine.
    """


class DefinitionError(PhyllomeError, ValueError):
    """A definition, or one value of it, cannot be used."""


class ParseError(DefinitionError):
    """The text is not a libvirt domain definition; ``line`` is where it goes wrong, from 1, where that is known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class FieldError(DefinitionError):
    """A field refuses the value; the definition is unchanged."""


class Untrusted(PhyllomeError):
    """An address does more than name a host, and that was not allowed; it was not opened."""


class NotKept(PhyllomeError):
    """The definition as it is cannot be kept, so nothing was written."""


class SnapshotFileError(PhyllomeError, ValueError):
    """A file is no snapshot, is damaged, or was written by a later version."""


class RecordingError(PhyllomeError, ValueError):
    """A directory holds no recording, one of a later version, or somebody else is recording into it."""


class HostError(PhyllomeError):
    """A host said no, or nothing."""


class Unreachable(HostError, ConnectionError):
    """There is no connection, or it broke."""


class NoAnswer(HostError, TimeoutError):
    """The deadline passed before the host answered."""


class ReadOnly(HostError, PermissionError):
    """The connection may not write."""


class NoSuchDomain(HostError, LookupError):
    """The host has no VM of that name."""


class DomainExists(HostError):
    """A VM of that name is there already; it is unchanged."""


class Conflict(HostError):
    """Somebody else changed the VM meanwhile; nothing was written.

    ``three_way`` shows what both made of it, and holds both put together.
    """

    def __init__(self, message: str, three_way: Any) -> None:
        super().__init__(message)
        self.three_way = three_way


class Undecided(HostError):
    """Something would be destroyed, and nobody has said that it may be."""


class Refused(HostError):
    """Libvirt refused."""


class OutcomeUnknown(HostError):
    """A write was not answered, and asking again did not tell what became of it."""
