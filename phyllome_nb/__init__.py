"""phyllome_nb: libvirt in a notebook.

See what a host has and what its VMs were promised, build a definition, know what it costs, define it.
Importing this draws nothing and opens nothing; each name is loaded when it is first used.

Examples
--------
>>> import phyllome_nb as ph
>>> host = ph.demo()
>>> spec = ph.profiles.linux(name="web", memory="4 GiB", vcpus=4)
>>> stored = host.change(spec).apply()
>>> host.domain("web").memory.maximum
Size('4 GiB')
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from phyllome_nb import charts, errors, profiles
    from phyllome_nb.capacity.fleet import FleetSnapshot
    from phyllome_nb.capacity.history import History
    from phyllome_nb.capacity.placement import Placement
    from phyllome_nb.capacity.policy import Policy
    from phyllome_nb.capacity.scenario import Scenario
    from phyllome_nb.capacity.snapshot import Snapshot
    from phyllome_nb.capacity.styled import styled
    from phyllome_nb.domain.reference import fields
    from phyllome_nb.domain.spec import DomainSpec
    from phyllome_nb.errors import PhyllomeError
    from phyllome_nb.host.change import Change
    from phyllome_nb.host.connect import connect, demo
    from phyllome_nb.host.fleet import Fleet
    from phyllome_nb.host.host import Host
    from phyllome_nb.panels.domain_panel import DomainPanel
    from phyllome_nb.panels.fleet_panel import FleetPanel
    from phyllome_nb.panels.host_panel import HostPanel
    from phyllome_nb.panels.planner_panel import PlannerPanel
    from phyllome_nb.size import Size

__all__ = [
    "Change",
    "DomainPanel",
    "DomainSpec",
    "Fleet",
    "FleetPanel",
    "FleetSnapshot",
    "History",
    "Host",
    "HostPanel",
    "PhyllomeError",
    "Placement",
    "PlannerPanel",
    "Policy",
    "Scenario",
    "Size",
    "Snapshot",
    "charts",
    "connect",
    "demo",
    "errors",
    "fields",
    "profiles",
    "styled",
]

_HOMES = {
    "Change": "host.change",
    "DomainPanel": "panels.domain_panel",
    "DomainSpec": "domain.spec",
    "Fleet": "host.fleet",
    "FleetPanel": "panels.fleet_panel",
    "FleetSnapshot": "capacity.fleet",
    "History": "capacity.history",
    "Host": "host.host",
    "HostPanel": "panels.host_panel",
    "PhyllomeError": "errors",
    "Placement": "capacity.placement",
    "PlannerPanel": "panels.planner_panel",
    "Policy": "capacity.policy",
    "Scenario": "capacity.scenario",
    "Size": "size",
    "Snapshot": "capacity.snapshot",
    "connect": "host.connect",
    "demo": "host.connect",
    "fields": "domain.reference",
    "styled": "capacity.styled",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(f"{__name__}.{_HOMES.get(name, name)}")
    found = getattr(home, name) if name in _HOMES else home
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
