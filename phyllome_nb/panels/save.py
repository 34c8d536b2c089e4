"""Writing a file that a person named: whole or not at all, and never over another unless that was said."""

import errno
import os
from pathlib import Path
from secrets import token_hex

from phyllome_nb.errors import NotKept

__all__ = ["save"]

PRIVATE, PUBLIC = 0o600, 0o666
"""Who may read and write a file, before the umask takes its part."""
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def save(name: str, text: str, *, private: bool = False, replace: bool = False) -> Path:
    """Write a file; a file that is there stays as it is unless `replace` is set.

    Parameters
    ----------
    name : str
        Where: relative to the kernel's directory, ``~`` being the person's own.
    private : bool
        Let nobody but its owner read it, whoever could read what was there.
    replace : bool
        Put it in the place of a file that is there.

    Returns
    -------
    pathlib.Path
        The file, in full.

    Raises
    ------
    FileExistsError
        If there is such a file.
    NotKept
        If it cannot be written; what was there is unchanged.
    """
    try:
        path = Path(name).expanduser().absolute()
        if path.is_dir():
            raise IsADirectoryError
        if replace:
            _replace(path, text, PRIVATE if private else PUBLIC)
        else:
            _create(path, text, PRIVATE if private else PUBLIC)
    except FileExistsError:
        raise
    except (ValueError, RuntimeError):
        raise NotKept(f"{name!r} is no name for a file: type another.") from None
    except OSError as error:
        raise NotKept(_sentence(Path(name), error)) from None
    return path


def _create(path: Path, text: str, mode: int) -> None:
    """Write a file that is not there; it is there whole or not at all."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8", "surrogatepass"))
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink()
        raise


def _replace(path: Path, text: str, mode: int) -> None:
    """Write it beside its place, then put it there at once."""
    beside = path.with_name(f".{token_hex(8)}")
    _create(beside, text, mode)
    try:
        beside.replace(path)
    except OSError:
        beside.unlink()
        raise


def _sentence(path: Path, error: OSError) -> str:
    """What happened, in one sentence."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return f"There is no directory {str(path.parent)!r}: make it first, or type another name."
    if isinstance(error, IsADirectoryError):
        return f"{str(path)!r} is a directory: type the name of a file in it."
    if isinstance(error, PermissionError):
        return f"You may not write to {str(path.parent)!r}: type a name in another directory."
    if error.errno in FULL:
        return f"There is no room left for {str(path)!r}; nothing was written."
    return f"{str(path)!r} was not written: {error.strerror}."
