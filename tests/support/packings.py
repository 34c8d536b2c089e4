"""Made-up packing problems and fleets, by seed: unequal hosts, two to six dimensions, groups, known optima."""

from datetime import UTC, datetime

import numpy as np

from phyllome_nb.capacity.fleet import FleetSnapshot
from phyllome_nb.capacity.packing.problem import Floats, Problem
from phyllome_nb.capacity.snapshot import DomainFacts, HostFacts, Promise, Snapshot
from phyllome_nb.size import Size

UNIT = 960
"""Divides by all that a host is cut by."""
HOSTS = np.array([[64, 256, 1024, 8, 100, 16], [128, 512, 2048, 16, 200, 32], [96, 1024, 1024, 8, 200, 16]])
"""CPUs, GiB, and four more: of the third kind there is twice as much memory for each CPU."""
TAKEN = datetime(2026, 1, 1, tzinfo=UTC)
CUTS = {"flavours": (0.5,), "mixed": (0.25, 0.5, 0.5, 0.5, 0.5, 0.75)}


def hosts(draw: np.random.Generator, number: int, dims: int) -> Floats:
    """Hosts of three kinds."""
    return HOSTS[draw.integers(0, len(HOSTS), number), :dims].astype(float) * UNIT


def cloud(  # noqa: PLR0917  (as it is described)
    seed: int, vms: int, number: int, dims: int, custom: float = 0.0, groups: int = 0
) -> Problem:
    """Flavours with a heavy tail on so many hosts, of which 92 % or so are needed.

    Parameters
    ----------
    seed, vms, number, dims : int
    custom : float
        The share of the VMs that have a size of their own.
    groups : int
        So many times four VMs of one size that are to be kept apart.
    """
    draw = np.random.default_rng(seed)
    cpus = 2.0 ** draw.integers(0, 6, 30)
    rest = [np.where(draw.random(30) < 0.5, 0, draw.integers(1, 9, 30) * each) for each in (10, 0.25, 2, 0.5)]
    table = np.column_stack([cpus, cpus * 2.0 ** draw.integers(1, 4, 30), *rest])[:, :dims]
    flavours = np.unique(table * UNIT, axis=0)
    chance = 1 / flavours[:, 0]
    items = flavours[draw.choice(len(flavours), vms, p=chance / chance.sum())]
    own = draw.random(vms) < custom
    items[own] = np.round(items[own] * draw.uniform(0.5, 1.5, (int(own.sum()), 1)))
    room = hosts(draw, number, dims)
    room *= (items.sum(axis=0) / room.sum(axis=0)).max() / 0.92
    sizes, counts = np.unique(items, axis=0, return_counts=True)
    return spread(Problem.of(sizes, counts, np.ceil(room)), draw, groups)


def spread(problem: Problem, draw: np.random.Generator, groups: int, each: int = 4) -> Problem:
    """The problem with groups of VMs of one size that are to be kept apart."""
    if not groups:
        return problem
    left, shapes = problem.counts.copy(), []
    for _ in range(groups):
        shape = int(draw.choice(np.flatnonzero(left >= each)))
        left[shape] -= each
        shapes.append(shape)
    first = len(problem.sizes)
    return Problem.of(
        np.vstack([problem.sizes, problem.sizes[shapes]]),
        np.append(left, np.full(groups, each)),
        problem.capacities,
        spread=tuple((first + group,) for group in range(groups)),
    )


def planted(seed: int, vms: int, dims: int, kind: str, each: int = 25) -> tuple[Problem, int]:
    """Hosts that are cut into VMs without a rest, so that as many are needed; and a tenth more of the smallest kind.

    Parameters
    ----------
    seed, vms, dims : int
    kind : str
        flavours: cut in halves of some dimensions; mixed: in quarters, too; random: anywhere, no two alike.
    each : int
        VMs on a host.
    """
    draw = np.random.default_rng(seed)
    number = max(vms // each, 1)
    room = hosts(draw, number, dims)
    items = [piece for host in room for piece in _cut(draw, host, kind, each)]
    spare = np.tile(room[room.sum(axis=1).argmin()], (number // 10 + 1, 1))
    sizes, counts = np.unique(np.array(items), axis=0, return_counts=True)
    return Problem.of(sizes, counts, np.vstack([room, spare])), number


def _cut(draw: np.random.Generator, host: Floats, kind: str, each: int) -> list[Floats]:
    if kind == "random":
        share = draw.uniform(0.3, 1.5, (each, 1)) * draw.lognormal(0, 0.5, (each, len(host)))
        cuts = np.floor(np.cumsum(share / share.sum(axis=0), axis=0) * host + 1e-6)
        cuts[-1] = host
        return list(np.diff(np.vstack([np.zeros(len(host)), cuts]), axis=0))
    pieces = [host]
    while len(pieces) < each:
        largest = max(range(len(pieces)), key=lambda at: float((pieces[at] / host).sum() + 0.3 * draw.random()))
        whole = pieces.pop(largest)
        part = np.floor(whole * (draw.choice(CUTS[kind], len(host)) if kind != "flavours" else 0.5))
        if kind == "flavours" and draw.random() < 0.4:
            # One half has more of one dimension, the other of another.
            part[int(draw.integers(len(host)))] //= 2
        pieces += [part, whole - part]
    return pieces


def promise(vcpus: int, gib: int) -> Promise:
    """So many vCPUs and so much memory."""
    return Promise(vcpus, vcpus, Size(gib, "GiB"), Size(gib, "GiB"))


def host(name: str, cpus: int, gib: int, vms: dict[str, tuple[int, int]]) -> Snapshot:
    """A host with VMs that run: vCPUs and GiB by name."""
    facts = HostFacts(name, f"test:///{name}", cpus, 1, cpus, 1, 1, Size(gib, "GiB"), "assumed")
    made = {vm: promise(*size) for vm, size in vms.items()}
    domains = [
        DomainFacts(vm, f"uuid-{vm}", "running", persistent=True, autostart=False, live=asked, stored=asked)
        for vm, asked in made.items()
    ]
    return Snapshot(facts, tuple(domains), TAKEN)


def fleet(seed: int, number: int, vms: int, full: float = 0.8) -> FleetSnapshot:
    """Hosts of two kinds that run VMs of a dozen flavours, each filled to about a share of its memory."""
    draw = np.random.default_rng(seed)
    found = []
    made = 0
    for at in range(number):
        cpus, gib = ((64, 256), (128, 512))[int(draw.integers(2))]
        running: dict[str, tuple[int, int]] = {}
        used, share = 0, full * draw.uniform(0.85, 1.15)
        for _ in range(vms // number):
            vcpus = int(2 ** draw.integers(0, 5))
            size = vcpus * int(2 ** draw.integers(1, 3))
            size = min(size, 64)
            if used + size <= gib * min(share, 1.0):
                running[f"vm-{made}"] = (vcpus, size)
                used += size
            else:
                running[f"vm-{made}"] = (1, 2)
                used += 2
            made += 1
        found.append(host(f"host-{at}", cpus, gib, running))
    return FleetSnapshot.of(found, (), TAKEN)
