"""Charts of snapshots: what people would rather look at than read.

Each returns a matplotlib Figure that a notebook shows. matplotlib is loaded when the first one is drawn.

Examples
--------
>>> import phyllome_nb as ph
>>> chart = ph.charts.balance(ph.demo().snapshot(), policy="nova")
>>> chart.alt
'What demo has promised to the VMs that run, at most: vcpus 29 of 64 CPUs, memory 32.5 of 47.5 GiB, ...'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from phyllome_nb.charts.balance_bars import balance
    from phyllome_nb.charts.cell_map import cells
    from phyllome_nb.charts.fleet_overview import fleet
    from phyllome_nb.charts.host_drawing import topology
    from phyllome_nb.charts.memory_bars import promised
    from phyllome_nb.charts.plan_bars import plan
    from phyllome_nb.charts.usage_lines import usage

__all__ = ["balance", "cells", "fleet", "plan", "promised", "topology", "usage"]

_HOMES = {
    "balance": "balance_bars",
    "cells": "cell_map",
    "fleet": "fleet_overview",
    "plan": "plan_bars",
    "promised": "memory_bars",
    "topology": "host_drawing",
    "usage": "usage_lines",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
