"""HiGHS, where it is installed: without it there are simple bounds and heuristics only."""

from functools import cache
from types import ModuleType
from typing import Any

from phyllome_nb.capacity.packing.clock import Clock

__all__ = ["model", "solver"]


@cache
def solver() -> ModuleType | None:
    """The module; None where it is not installed."""
    try:
        import highspy
    except ImportError:
        return None
    return highspy


def model(highs: ModuleType, clock: Clock) -> Any:
    """An empty, quiet model that keeps to a deadline and gives the same answer each time."""
    made = highs.Highs()
    made.silent()
    made.setOptionValue("threads", 1)
    made.setOptionValue("random_seed", 0)
    if clock.left != float("inf"):
        made.setOptionValue("time_limit", max(clock.left, 0.01))
    return made
