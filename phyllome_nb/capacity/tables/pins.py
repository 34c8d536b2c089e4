"""Which threads may run where, and who shares those CPUs."""

from collections.abc import Iterable, Iterator

import pandas as pd

from phyllome_nb.capacity.columns import PINS
from phyllome_nb.capacity.places import cell_of, cells_of
from phyllome_nb.capacity.promise import Promise
from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.capacity.tables.frame import cpu_list, frame

__all__ = ["pins", "threads"]


def threads(promise: Promise) -> Iterator[tuple[str, frozenset[int]]]:
    """The threads of a VM that may not run everywhere, and the CPUs they may run on."""
    for vcpu, cpus in sorted(promise.affinity.items()):
        yield f"vcpu {vcpu}", cpus
    if promise.emulator is not None:
        yield "emulator", promise.emulator
    for number, cpus in sorted(promise.iothread_affinity.items()):
        yield f"iothread {number}", cpus


def pins(snapshot: Snapshot) -> pd.DataFrame:
    """See `Snapshot.pins`."""
    host = snapshot.host
    of = cell_of(host.cells)
    siblings = {cpu.id: cpu.siblings - {cpu.id} for cell in host.cells for cpu in cell.cpus}
    found = [
        (domain, thread, cpus) for domain in snapshot.domains if domain.shown for thread, cpus in threads(domain.shown)
    ]
    users: dict[int, set[str]] = {}
    for domain, _, cpus in found:
        for cpu in cpus:
            users.setdefault(cpu, set()).add(domain.name)

    def others(name: str, cpus: Iterable[int]) -> str:
        return ", ".join(sorted({user for cpu in cpus for user in users.get(cpu, ())} - {name}))

    rows = []
    for domain, thread, cpus in found:
        where = cells_of(cpus, of)
        near = {sibling for cpu in cpus for sibling in siblings.get(cpu, ())} - cpus
        missing = {cpu for cpu in cpus if of and (cpu not in of or not host.is_online(cpu))}
        rows.append(
            (
                *(host.name, domain.name, domain.uuid, domain.live is not None, thread, cpu_list(cpus)),
                min(where) if where and len(where) == 1 else None,
                len(cpus) == 1,
                *(others(domain.name, cpus), others(domain.name, near), cpu_list(missing)),
            )
        )
    return frame(rows, PINS[""], f"Who may run where on {host.name}")
