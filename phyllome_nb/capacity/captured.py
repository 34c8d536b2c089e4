"""A snapshot from what virsh printed."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from phyllome_nb.capacity.capabilities import domain_capabilities, host_capabilities, host_device
from phyllome_nb.capacity.facts import Claims, Reading
from phyllome_nb.capacity.snapshot import DomainFacts, HostFacts, Promise
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import FieldError
from phyllome_nb.size import Size

__all__ = ["captured"]

SOURCE = "capabilities document"


def captured(
    capabilities: str | bytes,
    domains: Iterable[str | bytes],
    emulators: Iterable[str | bytes],
    devices: Iterable[str | bytes],
    *,
    name: str,
    autostart: Iterable[str] | None,
) -> tuple[HostFacts, tuple[DomainFacts, ...], datetime]:
    """See `Snapshot.from_xml`."""
    known = host_capabilities(capabilities)
    cells = known["cells"]
    memory = Size(sum(cell.memory for cell in cells))
    cpus = sum(len(cell.cpus) for cell in cells)
    found = tuple(filter(None, map(host_device, devices)))
    facts = HostFacts(
        **known,
        name=name,
        uri="",
        cpus=cpus,
        sockets=0,  # without the CPUs one by one, nothing tells
        cores=0,
        threads=0,
        nodes=max(len(cells), 1),
        memory=memory,
        memory_source=SOURCE,
        devices=found or None,
        domain_capabilities=tuple(map(domain_capabilities, emulators)),
        readings=(Reading("cpus", cpus, "", SOURCE), Reading("memory", int(memory), "B", SOURCE)),
    )
    starts = None if autostart is None else frozenset(autostart)
    vms: dict[str, DomainFacts] = {}
    for text in domains:
        vm = _domain(text, starts)
        twin = vms.get(vm.uuid or vm.name)
        vms[vm.uuid or vm.name] = _together(twin, vm) if twin else vm
    ordered = sorted(vms.values(), key=lambda vm: vm.name)
    return facts, tuple(ordered), datetime.now(UTC).astimezone()


def _domain(text: str | bytes, starts: frozenset[str] | None) -> DomainFacts:
    spec = DomainSpec.from_xml(text)
    runs = spec.id is not None
    promise: Promise | None = None
    claims, problem = Claims(), ""
    try:
        promise = Promise.of(spec)
        claims = promise.claims
    except FieldError as error:
        problem = str(error)
    return DomainFacts(
        spec.name,
        (spec.uuid or "").lower(),
        "running" if runs else "shut off",
        not runs,
        None if starts is None else spec.name in starts,
        promise if runs else None,
        None if runs else promise,
        problem,
        claims,
    )


def _together(one: DomainFacts, other: DomainFacts) -> DomainFacts:
    """What the live and the stored definition of a VM say."""
    live, stored = one.live or other.live, one.stored or other.stored
    state = one.state if one.live else other.state
    problem = one.problem or other.problem
    return replace(one, state=state, persistent=True, live=live, stored=stored, problem=problem)
