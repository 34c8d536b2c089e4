"""What was promised twice, or cannot be had."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from phyllome_nb.capacity.columns import CONFLICTS
from phyllome_nb.capacity.places import cell_of, places
from phyllome_nb.capacity.policy import Policy
from phyllome_nb.capacity.promise import Promise
from phyllome_nb.capacity.snapshot import Count, DomainFacts, Snapshot
from phyllome_nb.capacity.tables.balance import COUNTS, balance
from phyllome_nb.capacity.tables.frame import frame, gib
from phyllome_nb.capacity.tables.sums import Thing

__all__ = ["PCI", "TWICE", "conflicts"]

Row = tuple[Any, ...]
PCI = re.compile(r"[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")
NAMED = 8
WHO = {"running": "the VMs that run", "defined": "all VMs together", "autostart": "the VMs that start with the host"}
WHAT = {"vcpus": "vCPUs", "memory": "GiB of memory", "hugepages": "GiB of huge pages ({0})"}
TWICE = {
    "cpu": "Each of them has a vCPU that may run on CPU {0} only: they take turns on it.",
    "device": "{0} can be given to one VM only: the second one does not start.",
    "group": "Devices of IOMMU group {0} can be given to one VM only: the second one does not start.",
    "image": "Both write to {0}, without sharing it: the second one does not start, and without locks it is destroyed.",
    "mac": "Two interfaces with the address {0}: in one network they lose each other's packets.",
}


def conflicts(snapshot: Snapshot, policy: Policy | str | None = None) -> pd.DataFrame:
    """See `Snapshot.conflicts`."""
    rows = [row for count in COUNTS for row in _conflicts(snapshot, count, Policy.named(policy))]
    return frame(rows, CONFLICTS[""], f"What {snapshot.host.name} has promised too often")


def _conflicts(snapshot: Snapshot, count: Count, policy: Policy) -> Iterator[Row]:
    found, name = snapshot.totals.counted(count), snapshot.host.name
    for (kind, what), vms in sorted(_wanted(snapshot, count).items()):
        if len(vms) > 1:
            why = TWICE[kind].format(what)
            yield name, count, kind, what, _names(vms), float(len(vms)), 1.0, "", None, why
    yield from _missing(snapshot, count, found)
    for domain, promise in found:
        yield from _too_large(snapshot, count, domain.name, promise)
    yield from _too_much(snapshot, count, policy, found)


def _wanted(snapshot: Snapshot, count: Count) -> dict[Thing, list[str]]:
    """Who wants each of the things that only one VM can have."""
    wanted = dict(snapshot.totals.holders(count))
    for address, group in snapshot.totals.groups.items():
        if len(wanted.get(("device", address), ())) > 1:
            wanted.pop(("group", str(group)), None)  # that the very device is wanted twice says it better
    return wanted


def _missing(snapshot: Snapshot, count: Count, found: list[tuple[DomainFacts, Promise]]) -> Iterator[Row]:
    """What a VM is to be given and the host does not have."""
    host = snapshot.host
    devices = None if host.devices is None else {each.address for each in host.devices}
    cpus = {cpu.id for cell in host.cells for cpu in cell.cpus if host.is_online(cpu.id)}
    for domain, promise in found:
        for address in promise.devices if devices is not None else ():
            if address not in (devices or ()) and PCI.fullmatch(address):
                why = f"{host.name} has no device {address}: {domain.name} does not start."
                yield host.name, count, "device", address, domain.name, 1.0, 0.0, "", None, why
        for vcpu, allowed in promise.affinity.items() if cpus else ():
            if not allowed & cpus:
                what = f"vCPU {vcpu}"
                why = f"None of the CPUs that vCPU {vcpu} of {domain.name} may run on is online: it does not start."
                yield host.name, count, "cpu", what, domain.name, 1.0, 0.0, "CPUs", None, why


def _too_large(snapshot: Snapshot, count: Count, vm: str, promise: Promise) -> Iterator[Row]:
    """A VM that is larger than the host, which no ratio makes good."""
    host = snapshot.host
    if host.cpus and promise.vcpus_max > host.cpus:
        why = f"{vm} can have more vCPUs than {host.name} has CPUs: no ratio makes them run at once."
        amounts = (float(promise.vcpus_max), float(host.cpus))
        yield host.name, count, "size", "vcpus", vm, *amounts, "CPUs", None, why
    if host.memory and promise.memory_max > host.memory:
        why = f"{vm} can use more memory than {host.name} has, whatever else runs."
        amounts = (gib(promise.memory_max), gib(host.memory))
        yield host.name, count, "size", "memory", vm, *amounts, "GiB", None, why


def _too_much(
    snapshot: Snapshot, count: Count, policy: Policy, found: list[tuple[DomainFacts, Promise]]
) -> Iterator[Row]:
    """Sums beyond what may be promised: on the whole host, and in a cell."""
    host = snapshot.host
    for by in ("host", "cell") if host.cells else ("host",):
        table = balance(snapshot, count, policy, by)
        over = table[(table["free"] < 0) & (table["amount"] == "maximum")]
        for each in over.to_dict("records"):
            cell = each.get("cell")
            where = host.name if cell is None else f"cell {cell} of {host.name}"
            kind, _, size = str(each["resource"]).partition(" ")
            what = WHAT[kind].format(size)
            why = (
                f"{each['promised']:g} {what} are promised to {WHO[count]}; "
                f"{where} may promise {each['limit']:g} under the policy {policy.name}."
            )
            amounts = (float(each["promised"]), float(each["limit"]))
            vms = _names(_takers(snapshot, found, kind, cell))
            yield host.name, count, kind, each["resource"], vms, *amounts, each["unit"], cell, why


def _takers(snapshot: Snapshot, found: list[tuple[DomainFacts, Promise]], kind: str, cell: int | None) -> list[str]:
    """The VMs that have a part of it."""
    of = cell_of(snapshot.host.cells)

    def has(promise: Promise) -> bool:
        return any(
            (cell is None or place.cell == cell)
            and kind == ("vcpus" if place.vcpus else "memory" if place.page is None else "hugepages")
            for place in places(promise, of)
        )

    return [domain.name for domain, promise in found if has(promise)]


def _names(vms: Sequence[str]) -> str:
    more = f" and {len(vms) - NAMED} more" if len(vms) > NAMED else ""
    return ", ".join(vms[:NAMED]) + more
