"""A snapshot as one JSON file: the fields of its classes by name, those that have their default left out."""

import json
import os
import tempfile
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from phyllome_nb.errors import SnapshotFileError

__all__ = ["VERSION", "load", "made", "plain", "save"]

T = TypeVar("T")

FORMAT = "phyllome_nb snapshot"
VERSION = 1
"""Raised when a file could be misread by the version before; fields that are new do not raise it."""


def save(found: Any, path: Path) -> Path:
    """Write a snapshot, or that of a fleet: see `Snapshot.save`."""
    document = {"format": FORMAT, "version": VERSION, type(found).__name__: _plain(found)}
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    return path


def load(path: Path, kind: type[T]) -> T:
    """Read what `save` wrote of such a kind: see `Snapshot.load`."""
    try:
        document = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise SnapshotFileError(f"{path} is no snapshot, or was damaged: {error}.") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise SnapshotFileError(f"{path} is no snapshot: Snapshot.save writes them.")
    if document.get("version") != VERSION:
        raise SnapshotFileError(
            f"{path} has version {document.get('version')!r}, and this phyllome_nb reads version {VERSION}: "
            "open it with the one that wrote it."
        )
    if kind.__name__ not in document:
        raise SnapshotFileError(f"{path} holds no {kind.__name__}, or was damaged.")
    try:
        found: T = _made(kind, document[kind.__name__])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SnapshotFileError(f"{path} was damaged: {error}.") from None
    return found


def _plain(value: Any) -> Any:  # noqa: PLR0911  (a line a type)
    """A value as JSON has it; sets in order, mappings as lists of pairs."""
    if is_dataclass(value) and not isinstance(value, type):
        own = {field.name: getattr(value, field.name) for field in fields(value)}
        return {field.name: _plain(own[field.name]) for field in fields(value) if own[field.name] != _default(field)}
    if isinstance(value, frozenset):
        return sorted(map(_plain, value))
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return [[_plain(key), _plain(each)] for key, each in value.items()]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return value


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


def _made(kind: Any, value: Any) -> Any:  # noqa: PLR0911  (a line a type)
    """A value of a declared type from what JSON has; a field that this version does not know is left out."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        return None if value is None else _one_of([each for each in inner if each is not type(None)], value)
    if origin is tuple:
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(_made(inner[0], each) for each in value)
        return tuple(_made(each, part) for each, part in zip(inner, value, strict=True))
    if origin is frozenset:
        return frozenset(_made(inner[0], each) for each in value)
    if origin is not None and issubclass(origin, Mapping):
        return {_made(inner[0], key): _made(inner[1], each) for key, each in value}
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{name: _made(hints[name], each) for name, each in value.items() if name in hints})
    if kind is datetime:
        return datetime.fromisoformat(value)
    return _checked(kind, value)


def _one_of(kinds: list[Any], value: Any) -> Any:
    """The value as the first of the types that it is of."""
    for kind in kinds:
        if not isinstance(kind, type) or kind not in {int, float, str} or isinstance(value, kind):
            return _made(kind, value)
    raise TypeError(f"{value!r} is none of {kinds}")


def _checked(kind: Any, value: Any) -> Any:
    if isinstance(value, bool) != (kind is bool) or not isinstance(value, str | int | float):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    if isinstance(value, str) != issubclass(kind, str):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return kind(value)


@cache
def _hints(kind: type) -> dict[str, Any]:
    """The types of its fields, by name."""
    return get_type_hints(kind)


plain, made = _plain, _made
"""For others who keep values of such classes as data."""
