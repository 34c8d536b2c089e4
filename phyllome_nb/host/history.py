"""What VMs were before they were changed: kept on this machine, for its user alone."""

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import DefinitionError, NotKept
from phyllome_nb.html import el, row, styled

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["History", "Kept", "directory", "keep", "named", "of"]

STAMP = "%Y%m%dT%H%M%S.%fZ"
FILE = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([0-9]{8}T[0-9]{6}\.[0-9]{6}Z)\.xml")


@dataclass(frozen=True, slots=True)
class Kept:
    """One definition as it was."""

    uuid: str
    time: datetime
    """When it was kept, in this machine's time zone."""
    path: Path
    """The file. It holds the VM's passwords, so only its owner may read it."""

    @property
    def spec(self) -> DomainSpec:
        """The definition.

        Raises
        ------
        OSError
            If the file is gone.
        ParseError
            If it was damaged.
        """
        return DomainSpec.from_xml(self.path.read_bytes())

    def __str__(self) -> str:
        return f"{self.time:%Y-%m-%d %H:%M:%S}"

    def __repr__(self) -> str:
        return f"<Kept {self}: {self.spec!r}>"


class History(tuple[Kept, ...]):
    """What a VM was, the newest last. Give one to ``host.restore``."""

    __slots__ = ()

    def to_frame(self) -> "pd.DataFrame":
        """The history as a table.

        Returns
        -------
        pandas.DataFrame
            One row a kept definition, the oldest first, with the columns time (datetime64 with time zone), name
            (str) and change (str): how it differs from the one before.
        """
        import pandas as pd

        rows = [(kept.time, spec.name, said) for kept, spec, said in self._told()]
        return pd.DataFrame(rows, columns=["time", "name", "change"])

    def _told(self) -> Iterator[tuple[Kept, DomainSpec, str]]:
        before: DomainSpec | None = None
        for kept in self:
            try:
                spec = kept.spec
            except (OSError, DefinitionError):
                continue  # it was removed or damaged by hand
            yield kept, spec, "" if before is None else "; ".join(map(str, before.diff(spec)))
            before = spec

    def __repr__(self) -> str:
        return "\n".join(f"[{number}] {kept}" for number, kept in enumerate(self)) or "Nothing was kept."

    def _repr_html_(self) -> str:
        if not self:
            return styled("Nothing was kept.")
        head = row(["", "kept at", "name", "what had changed"], "th")
        lines = enumerate(self._told())
        rows = (row([str(number), str(kept), spec.name, said]) for number, (kept, spec, said) in lines)
        return styled(el("table", el("thead", head), el("tbody", *rows), class_="phy-table"))


def directory() -> Path:
    """Where definitions are kept: ``phyllome_nb/definitions`` in ``$XDG_STATE_HOME``, else in ``~/.local/state``."""
    state = os.environ.get("XDG_STATE_HOME", "")
    base = Path(state) if Path(state).is_absolute() else Path.home() / ".local/state"
    return base / "phyllome_nb/definitions"


def keep(text: str, uuid: str) -> Kept:
    """Keep a definition; nothing where the newest of that VM says the same to the letter.

    Parameters
    ----------
    text : str
        The XML, with its passwords.
    uuid : str
        The VM's.

    Raises
    ------
    NotKept
        If it cannot be written.
    """
    uuid = str(UUID(uuid))  # it becomes a file's name
    place = directory()
    try:
        if (last := of(uuid)) and last[-1].path.read_text("utf-8") == text:
            return last[-1]
        _make(place)
        return _write(place, text, uuid)
    except OSError as error:
        raise NotKept(
            f"The definition as it is cannot be kept in {place} ({error.strerror}), so nothing was written: "
            "make room there, or set XDG_STATE_HOME to a directory of yours."
        ) from error


def _make(place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.mkdir(mode=0o700, exist_ok=True)
    place.chmod(0o700)


def _write(place: Path, text: str, uuid: str) -> Kept:
    """A file of its own, complete or not there."""
    now = datetime.now(UTC)
    path = place / f"{uuid}.{now:{STAMP}}.xml"
    unfinished = place / f".{path.name}.{os.getpid()}"
    try:
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(unfinished, path)
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink()
    return Kept(uuid, now.astimezone(), path)


def of(uuid: str) -> History:
    """What was kept of the VM with a uuid."""
    return History(each for each in _all() if each.uuid == uuid)


def named(name: str) -> History:
    """What was kept under a name, for a VM that is gone: the last uuid that had it."""
    found = ""
    for each in _all():
        with contextlib.suppress(OSError, DefinitionError):
            if each.spec.name == name:
                found = each.uuid
    return of(found)


def _all() -> list[Kept]:
    """Everything that was kept, the oldest first."""
    place = directory()
    found = []
    for path in place.iterdir() if place.is_dir() else ():
        if match := FILE.fullmatch(path.name):
            time = datetime.strptime(match[2], STAMP).replace(tzinfo=UTC).astimezone()
            found.append(Kept(match[1], time, path))
    return sorted(found, key=lambda kept: (kept.time, kept.uuid))
