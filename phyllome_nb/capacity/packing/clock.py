"""Clock: how much time is left, and whom to tell how far it is."""

import time
from collections.abc import Callable

__all__ = ["Clock", "Progress"]

Progress = Callable[[float, str], None]
"""Is given a share from 0 to 1, and what is being done."""


class Clock:
    """A deadline that the steps of one call share.

    Parameters
    ----------
    seconds : float or None
        From now on; None for as long as it takes.
    progress : callable, optional
        Called as ``progress(done, what)``, with ``done`` from 0 to 1.
    """

    def __init__(self, seconds: float | None = None, progress: Progress | None = None) -> None:
        if seconds is not None and seconds < 0:
            raise ValueError(f"deadline={seconds}: give seconds from 0 on, or None for no deadline.")
        self.began = time.monotonic()
        self.end = float("inf") if seconds is None else self.began + seconds
        self.progress = progress

    @property
    def left(self) -> float:
        """Seconds; never below 0."""
        return max(self.end - time.monotonic(), 0.0)

    @property
    def late(self) -> bool:
        """Whether the deadline has passed."""
        return time.monotonic() >= self.end

    def part(self, share: float) -> "Clock":
        """A clock for a part of what is left."""
        return Clock(None if self.end == float("inf") else self.left * share, self.progress)

    def tell(self, done: float, what: str) -> None:
        """Say how far it is."""
        if self.progress is not None:
            self.progress(min(max(done, 0.0), 1.0), what)
