"""Parts of one kind: what a new one begins with, what a duplicate cannot share, and what order means."""

import re
from collections.abc import Iterator
from itertools import count
from typing import Any, TypeVar

from phyllome_nb.domain.devices.disk import Disk
from phyllome_nb.xml.fields import Field
from phyllome_nb.xml.part import Part, PartList, Section

__all__ = ["duplicate", "fresh", "move"]

P = TypeVar("P", bound=Part)

OWN = ("alias", "acpi_index", "boot_order", "mac", "serial", "wwn", "cid_address")
"""Names of fields that no two devices of one VM share."""
NUMBERS = ("id", "vcpu", "iothread")
"""Names of fields that number the parts of a list."""


def fresh(parts: PartList[P]) -> dict[str, object]:
    """The fields that one more of `parts` begins with; its name or number, where it has one, is free.

    Examples
    --------
    >>> from phyllome_nb.domain.spec import DomainSpec
    >>> disks = DomainSpec("web").devices.disks
    >>> disk = disks.add(target="vda")
    >>> fresh(disks)["target"]
    'vdb'
    """
    return {**parts.kind.__start__, **_free(parts, dict(parts.kind.__start__))}


def duplicate(parts: PartList[P], part: P) -> P:
    """Append a part like `part`, with a name or number of its own and without its alias, address and place at boot.

    Raises
    ------
    FieldError
        If `part` was taken out of its document.

    Examples
    --------
    >>> from phyllome_nb.domain.spec import DomainSpec
    >>> cards = DomainSpec("web").devices.interfaces
    >>> duplicate(cards, cards.add(type="network", network="default", mac="52:54:00:00:00:01"))
    Interface(type='network', network='default')
    """
    given = {name: getattr(part, name) for name in (*NUMBERS, "target") if _has(part, name)}
    free = _free(parts, given)
    twin = parts.repeat(part)
    twin.update(**dict.fromkeys(name for name in OWN if _has(twin, name)), **free)
    if isinstance(twin.__declared__.get("address"), Section):
        address: Part = twin.address  # type: ignore[attr-defined]  # a device's, which the line above has found
        address.update(**dict.fromkeys(address.__declared__))
    return twin


def move(parts: PartList[P], part: P, steps: int) -> None:
    """Let a part stand one place further down, or up where `steps` is -1.

    libvirt lists the disks of a bus by their names, whatever their order was, so two such disks exchange these.

    Raises
    ------
    FieldError
        If `part` was taken out of its document.

    Examples
    --------
    >>> from phyllome_nb.domain.spec import DomainSpec
    >>> disks = DomainSpec("web").devices.disks
    >>> first, second = (disks.add(file=file, target=target) for file, target in (("/a", "vda"), ("/b", "vdb")))
    >>> move(disks, second, -1)
    >>> [(disk.file, disk.target) for disk in disks]
    [('/b', 'vda'), ('/a', 'vdb')]
    """
    here = [each.__place__.anchor for each in parts].index(part.__place__.anchor)
    other = parts[min(max(here + steps, 0), len(parts) - 1)]
    parts.move(part, steps)
    if isinstance(part, Disk) and isinstance(other, Disk) and part.bus == other.bus and part.target and other.target:
        part.target, other.target = other.target, part.target


def _has(part: Part, name: str) -> bool:
    return isinstance(part.__declared__.get(name), Field)


def _free(parts: PartList[Any], given: dict[str, object]) -> dict[str, object]:
    """What must not be twice in `parts`, of what is given, made different."""
    free: dict[str, object] = {}
    for name in NUMBERS:
        taken = {getattr(part, name) for part in parts if _has(part, name)}
        if isinstance(given.get(name), int) and given[name] in taken:
            free[name] = next(number for number in count() if number not in taken)
    if issubclass(parts.kind, Disk) and given.get("target"):
        names = {part.target for part in parts}
        prefix = re.sub("[a-z]$", "", str(given["target"]))
        free["target"] = next(name for name in _disk_names(prefix) if name not in names)
    return free


def _disk_names(prefix: str) -> Iterator[str]:
    """The names that the kernel gives: vda, vdb and so on to vdz, then vdaa."""
    return (f"{prefix}{_letters(number)}" for number in count())


def _letters(number: int) -> str:
    """The letters of a disk by its number.

    Examples
    --------
    >>> _letters(0), _letters(25), _letters(26)
    ('a', 'z', 'aa')
    """
    return ("" if number < 26 else _letters(number // 26 - 1)) + chr(ord("a") + number % 26)
