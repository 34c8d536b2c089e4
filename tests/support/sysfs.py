"""A made-up machine as the kernel would show it, for the real QEMU driver to report."""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from phyllome_nb.capacity.tables.frame import cpu_list
from support.libvirtd import SETTINGS, Daemon, libvirtd

MIB2, GIB1 = 2048, 1048576
"""Sizes of huge pages in KiB."""


@dataclass(frozen=True, slots=True)
class Node:
    """A NUMA cell."""

    gib: int
    cpus: tuple[int, ...]
    pages: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    """Huge pages by their size in KiB: how many there are, and how many are free."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What the kernel knows of a machine."""

    places: Mapping[int, tuple[int, int, int]]
    """Socket, die and core of each CPU."""
    nodes: Mapping[int, Node]
    offline: frozenset[int] = frozenset()
    cache_by: int = 0
    """What shares a cache of level 3: 0 the socket, 1 the die."""
    kept: int = 4096
    """What the kernel keeps for itself of the memory of its cells, in KiB."""

    @property
    def gib(self) -> int:
        """All its memory."""
        return sum(node.gib for node in self.nodes.values())


def even(  # noqa: PLR0917  (as lscpu lists them)
    sockets: int, dies: int, cores: int, threads: int, nodes: int, gib: int, pages: Mapping[int, Mapping[int, int]]
) -> Machine:
    """A machine whose CPUs are divided evenly, numbered as Linux does: first one thread of each core, then the next.

    `cores` are those of a die; `pages` the huge pages by cell.
    """
    all_cores = [(socket, die, core) for socket in range(sockets) for die in range(dies) for core in range(cores)]
    count = len(all_cores)
    places = {thread * count + number: all_cores[number] for thread in range(threads) for number in range(count)}
    each = count // nodes

    def node(number: int) -> Node:
        cpus = tuple(cpu for cpu in places if cpu % count // each == number)
        free = {size: (total, total - 1) for size, total in pages.get(number, {}).items()}
        return Node(gib, cpus, free)

    return Machine(places, {number: node(number) for number in range(nodes)}, cache_by=int(dies > 1))


SMALL = {0: (0, 0, 0), 1: (0, 0, 0), 2: (0, 0, 1), 3: (0, 0, 1)}
"""Two cores with two threads."""
PAIR = {each: (each // 2, 0, each % 2) for each in range(4)}
"""Two sockets with two cores."""
MACHINES = {
    "two sockets": even(2, 1, 16, 2, 4, 64, {0: {MIB2: 2048}, 1: {MIB2: 2048}, 2: {GIB1: 8}}),
    "one cell": even(1, 1, 4, 2, 1, 32, {0: {MIB2: 16}}),
    "eight cells": even(2, 4, 4, 1, 8, 16, {}),
    "dies": even(1, 4, 4, 2, 1, 128, {}),
    "memoryless": Machine(PAIR, {0: Node(16, (0, 1)), 1: Node(0, (2, 3))}),
    "cpuless": Machine(SMALL, {0: Node(16, (0, 1, 2, 3)), 1: Node(48, ())}),
    "sparse": Machine(
        {each: (each // 2, 0, each % 2) for each in range(6)},
        {0: Node(8, (0, 1)), 1: Node(8, (2, 3)), 4: Node(8, (4, 5), {MIB2: (64, 60)})},
    ),
    "offline": Machine(
        {each: (0, 0, each % 4) for each in range(8)}, {0: Node(16, tuple(range(8)))}, frozenset({3, 5, 7})
    ),
}


def _write(path: Path, text: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n", "ascii")


def _mask(cpus: Iterator[int] | tuple[int, ...]) -> str:
    """CPUs as the kernel prints them in hexadecimal: groups of 32, the last ones first."""
    bits = sum(1 << cpu for cpu in cpus)
    groups = [f"{bits >> 32 * number & 0xFFFFFFFF:08x}" for number in range(max(bits.bit_length() - 1, 0) // 32 + 1)]
    return ",".join(reversed(groups))


def write(machine: Machine, base: Path) -> None:
    """Write ``base/system``, which is to be seen at ``/sys/devices/system``, and ``base/meminfo``."""
    online = [cpu for cpu in machine.places if cpu not in machine.offline]
    for name, cpus in {"present": machine.places, "possible": machine.places, "online": online}.items():
        _write(base / "system/cpu" / name, cpu_list(cpus))
    _write(base / "system/cpu/offline", cpu_list(machine.offline))
    _write(base / "system/cpu/kernel_max", 8191)
    for cpu in machine.places:
        _write_cpu(machine, cpu, base / f"system/cpu/cpu{cpu}", set(online))
    for name, nodes in {
        "online": machine.nodes,
        "possible": machine.nodes,
        "has_cpu": [number for number, node in machine.nodes.items() if node.cpus],
        "has_memory": [number for number, node in machine.nodes.items() if node.gib],
        "has_normal_memory": [number for number, node in machine.nodes.items() if node.gib],
    }.items():
        _write(base / "system/node" / name, cpu_list(nodes))
    for number in machine.nodes:
        _write_node(machine, number, base / f"system/node/node{number}", set(online))
    total = machine.gib * 2**20 - machine.kept
    lines = {"MemTotal": total, "MemFree": total // 2, "Buffers": 1024, "Cached": 2048, "SwapTotal": 0, "SwapFree": 0}
    _write(base / "meminfo", "\n".join(f"{name}: {kib} kB" for name, kib in lines.items()))


def _write_cpu(machine: Machine, cpu: int, base: Path, online: set[int]) -> None:
    if cpu:
        _write(base / "online", int(cpu in online))
    base.mkdir(parents=True, exist_ok=True)
    for number, node in machine.nodes.items():
        if cpu in node.cpus:
            (base / f"node{number}").mkdir()
    if cpu not in online:
        return  # the kernel takes the topology of such a CPU away
    socket, die, core = machine.places[cpu]

    def alike(depth: int) -> tuple[int, ...]:
        return tuple(
            each
            for each, place in machine.places.items()
            if place[:depth] == (socket, die, core)[:depth] and each in online
        )

    for name, number in {"physical_package_id": socket, "die_id": die, "core_id": core, "cluster_id": -1}.items():
        _write(base / "topology" / name, number)
    for name, cpus in {"thread_siblings": alike(3), "core_siblings": alike(1)}.items():
        _write(base / "topology" / name, _mask(cpus))
        _write(base / "topology" / f"{name}_list", cpu_list(cpus))
    shared = alike(machine.cache_by + 1)
    values = {"id": min(shared), "level": 3, "type": "Unified", "size": "16384K", "shared_cpu_list": cpu_list(shared)}
    for name, value in values.items():
        _write(base / "cache/index3" / name, value)


def _write_node(machine: Machine, number: int, base: Path, online: set[int]) -> None:
    node = machine.nodes[number]
    cpus = tuple(cpu for cpu in node.cpus if cpu in online)
    _write(base / "cpulist", cpu_list(cpus))
    _write(base / "cpumap", _mask(cpus))
    _write(base / "distance", " ".join("10" if each == number else "20" for each in machine.nodes))
    kib = node.gib * 2**20
    lines = {"MemTotal": kib, "MemFree": kib // 2, "MemUsed": kib - kib // 2}
    _write(base / "meminfo", "\n".join(f"Node {number} {name}: {size} kB" for name, size in lines.items()))
    for size, (total, free) in node.pages.items():
        for name, value in {"nr": total, "free": free, "surplus": 0}.items():
            _write(base / f"hugepages/hugepages-{size}kB/{name}_hugepages", value)
    for cpu in cpus:
        (base / f"cpu{cpu}").mkdir()


ENTER = """
mount --make-rprivate / && mount --bind "$0/system" /sys/devices/system && mount --bind "$0/meminfo" /proc/meminfo &&
exec "$@"
"""


@contextlib.contextmanager
def made_up(machine: Machine, base: Path) -> Iterator[Daemon]:
    """Run a libvirtd that sees such a machine, in a mount namespace of its own; `base` as for `libvirtd`."""
    with tempfile.TemporaryDirectory(prefix="nb-sys-", dir="/tmp") as tree:
        Path(tree).chmod(0o755)
        write(machine, Path(tree))
        with libvirtd(base, SETTINGS, ["unshare", "--mount", "sh", "-c", ENTER, tree]) as daemon:
            yield daemon
