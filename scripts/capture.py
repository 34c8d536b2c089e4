"""Capture the snapshots that the tutorials read: ``capture.py DIRECTORY``, as root.

The real QEMU driver reports made-up machines, and stores made-up VMs on the first of them. Nothing is started: which of
the VMs run, and the names of the hosts, are written in afterwards.
"""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import phyllome_nb as ph
from phyllome_nb.capacity.snapshot import DomainFacts, Snapshot
from support.four_cells import AUTOSTART, RUNNING, VMS
from support.sysfs import MACHINES, made_up

HOSTS = {
    "four-cells": ("two sockets", VMS),
    "eight-cells": ("eight cells", {name: VMS[name] for name in ("web-1", "batch", "inter")}),
    "one-cell": ("one cell", {name: VMS[name] for name in ("web-2", "pref", "tmp")}),
}
"""By the name of the file: the machine, and its VMs."""


def main(directory: str) -> None:
    """Write a file for each host."""
    for name, (machine, vms) in HOSTS.items():
        with tempfile.TemporaryDirectory(prefix="nb-", dir="/tmp") as base:
            Path(base).chmod(0o755)
            print(captured(name, machine, vms, Path(base) / "d").save(Path(directory) / f"{name}.json"))


def captured(name: str, machine: str, vms: dict[str, str], base: Path) -> Snapshot:
    """What libvirt says of a machine with these VMs."""
    with made_up(MACHINES[machine], base) as daemon, ph.connect(daemon.uri, write=True, timeout=60) as host:
        for text in vms.values():
            host.change(ph.DomainSpec.from_xml(text)).apply()
        taken = host.snapshot()
    domains = tuple(as_if(each) for each in taken.domains)
    return replace(taken, host=replace(taken.host, name=name, uri=""), domains=domains)


def as_if(facts: DomainFacts) -> DomainFacts:
    """A VM as if it ran."""
    runs = facts.name in RUNNING
    return replace(
        facts,
        autostart=facts.name in AUTOSTART,
        state="running" if runs else "shut off",
        live=facts.stored if runs else None,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
