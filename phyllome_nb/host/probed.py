"""What a private libvirt has found out about the emulators of this machine, kept for the next one.

libvirt starts each emulator twice to ask what it can do, which takes seconds. It writes the answers to files, and
takes them from there as long as the emulator, the kernel and libvirt itself are the same: it judges that, not we.
"""

import contextlib
import os
import shutil
from pathlib import Path

__all__ = ["directory", "keep", "lend"]

PLACE = "cache/qemu/capabilities"
"""Where libvirt has them, below its root."""


def directory() -> Path:
    """Where they are kept; a cache may be deleted at any time."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "phyllome_nb/emulators"


def lend(root: Path) -> None:
    """Give what is known to a libvirt that is about to start; what cannot be read, it asks for itself."""
    with contextlib.suppress(OSError, RuntimeError, shutil.Error):
        shutil.copytree(directory(), root / PLACE, ignore=shutil.ignore_patterns("*.new"))


def keep(root: Path) -> None:
    """Keep what a libvirt has learnt; where nothing can be kept, the next one asks again."""
    with contextlib.suppress(OSError, RuntimeError):
        place = directory()
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        for file in (root / PLACE).glob("*.xml"):
            new = place / f"{file.name}.{os.getpid()}.new"
            shutil.copyfile(file, new)
            new.replace(place / file.name)
