"""The pins of a definition, by what is pinned, and who else is bound to the host's CPUs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from phyllome_nb.capacity.addresses import cpu_set
from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.capacity.tables.frame import cpu_list
from phyllome_nb.capacity.tables.pins import threads
from phyllome_nb.domain.spec import DomainSpec

if TYPE_CHECKING:
    from phyllome_nb.xml.part import PartList

__all__ = ["ALL", "EMULATOR", "Holders", "Thread", "cpus_of", "pin", "pinnable"]

Thread = tuple[str, int]
"""What is pinned: ``("vcpu", 0)``, ``("iothread", 1)``, `EMULATOR` or `ALL`."""
ALL: Thread = ("vcpus", 0)
EMULATOR: Thread = ("emulator", 0)


def pinnable(spec: DomainSpec) -> list[tuple[str, Thread]]:
    """All that can be pinned, with its name; FieldError where a number cannot be read.

    Examples
    --------
    >>> [name for name, _ in pinnable(DomainSpec("web"))]
    ['vCPU 0', 'all vCPUs', 'emulator']
    """
    given = [each.id for each in spec.iothreads.iothreadids if each.id is not None]
    count = min(spec.iothreads.count or 0, 4096)
    free = (number for number in range(1, count + len(given) + 1) if number not in given)
    iothreads = sorted([*given, *(number for number, _ in zip(free, range(count - len(given)), strict=False))])
    vcpus = [(f"vCPU {number}", ("vcpu", number)) for number in range(min(spec.vcpus.maximum, 4096))]
    return [*vcpus, ("all vCPUs", ALL), ("emulator", EMULATOR)] + [
        (f"I/O thread {number}", ("iothread", number)) for number in iothreads
    ]


def cpus_of(spec: DomainSpec, thread: Thread) -> frozenset[int]:
    """The CPUs that a thread is pinned to, nothing for none; of all vCPUs those that each of them has.

    Raises
    ------
    ValueError
        If a pin is no list of CPUs.
    """
    kind, number = thread
    if thread == ALL:
        found = [cpus_of(spec, ("vcpu", each)) for each in range(spec.vcpus.maximum)]
        return frozenset.intersection(*found)
    if thread == EMULATOR:
        return cpu_set(spec.cputune.emulatorpin or "") if spec.cputune.emulatorpin else frozenset()
    pins = spec.cputune.vcpupins if kind == "vcpu" else spec.cputune.iothreadpins
    texts = [each.cpuset for each in pins if getattr(each, kind) == number and each.cpuset]
    return frozenset[int]().union(*map(cpu_set, texts))


def pin(spec: DomainSpec, thread: Thread, cpus: Iterable[int]) -> None:
    """Pin one thread to some CPUs, to none to let it run anywhere; what else its pin says stays."""
    kind, number = thread
    text = cpu_list(cpus) or None
    if thread == EMULATOR:
        spec.cputune.emulatorpin = text
        return
    pins: PartList[Any] = spec.cputune.vcpupins if kind == "vcpu" else spec.cputune.iothreadpins
    own = [each for each in pins if getattr(each, kind) == number]
    for each in reversed(own[1:] if text else own):
        pins.remove(each)
    if text and own:
        own[0].cpuset = text
    elif text:
        pins.add(**{kind: number, "cpuset": text})


@dataclass(frozen=True)
class Holders:
    """By CPU, the other VMs that have it for a vCPU alone, and all that are bound to it."""

    dedicated: dict[int, list[str]]
    bound: dict[int, list[str]]

    @classmethod
    def of(cls, snapshot: Snapshot, spec: DomainSpec) -> "Holders":
        """Those of a host, but for the VM that is defined."""
        own: Callable[[str, str], bool] = (
            (lambda uuid, _: uuid == (spec.uuid or "").lower()) if spec.uuid else (lambda _, name: name == spec.name)
        )
        dedicated: dict[int, list[str]] = {}
        bound: dict[int, list[str]] = {}
        for domain in snapshot.domains:
            if domain.shown is None or own(domain.uuid, domain.name):
                continue
            for cpu in {*domain.shown.dedicated.values()}:
                dedicated.setdefault(cpu, []).append(domain.name)
            for cpu in {cpu for _, cpus in threads(domain.shown) for cpu in cpus}:
                bound.setdefault(cpu, []).append(domain.name)
        return cls(dedicated, bound)

    def sign(self, cpu: int) -> str:
        """What stands beside its number."""
        count = len(self.bound.get(cpu, ()))
        return "■" if cpu in self.dedicated and count == 1 else f"×{count}" if count else ""

    def words(self, cpu: int) -> str:
        """Who has it."""
        users, alone = self.bound.get(cpu, []), self.dedicated.get(cpu, [])
        if not users:
            return "free"
        shared = f"shared by {len(users)}: {', '.join(users)}"
        return f"dedicated by {users[0]}" if alone and len(users) == 1 else shared
