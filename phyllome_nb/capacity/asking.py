"""Asking: a definition, read once for the question on which hosts it fits."""

from dataclasses import dataclass, field
from typing import Self

from phyllome_nb.capacity.addresses import cpu_set
from phyllome_nb.capacity.promise import Promise
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.xml.reading import is_present, reading

__all__ = ["Asking", "Choice", "Thread"]

QEMU = {"kvm", "qemu", "hvf"}


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that the host's emulator offers or not."""

    what: str
    place: str
    """Where `DomainCapabilities.enums` lists what is offered."""
    value: str
    words: str


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread that is pinned."""

    name: str
    cpus: frozenset[int]


@dataclass(frozen=True, slots=True)
class Asking:
    """What a definition asks of a host, beside the sums."""

    name: str
    uuid: str
    promise: Promise
    kind: str
    arch: str
    machine: str
    emulator: str | None = None
    cpu_mode: str = ""
    cpu_model: str = ""
    cpu_vendor: str = ""
    required: tuple[str, ...] = ()
    """CPU features that it does not start without."""
    forbidden: tuple[str, ...] = ()
    """CPU features that the host must not have."""
    choices: tuple[Choice, ...] = ()
    sev: bool = False
    networks: tuple[str, ...] = ()
    bridges: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()
    nodes: frozenset[int] = frozenset()
    """The host's cells that numatune names."""
    near: frozenset[int] | None = None
    """The cells that all its memory is bound to; None where some may lie anywhere."""
    threads: tuple[Thread, ...] = ()
    automatic: bool = False
    """Whether numad chooses where it runs, when it starts."""
    images: frozenset[str] = field(default=frozenset())

    @classmethod
    def of(cls, spec: DomainSpec) -> Self:
        """Read it.

        Raises
        ------
        FieldError
            If one of its numbers of vCPUs or amounts of memory cannot be read.
        """
        promise, read = Promise.of(spec), reading(spec)
        cpu, numa, devices = read.cpu, read.numatune, read.devices
        features = [(each.policy or "require", each.name) for each in cpu.features if each.name]
        pins = {f"vCPU {vcpu}": cpus for vcpu, cpus in promise.affinity.items()}
        pins |= {f"I/O thread {number}": cpus for number, cpus in promise.iothread_affinity.items()}
        emulator = {"The emulator": promise.emulator} if promise.emulator else {}
        bound = [share.nodes for share in promise.memory_shares]
        interfaces = promise.interfaces
        return cls(
            name=spec.name,
            uuid=(spec.uuid or "").lower(),
            promise=promise,
            kind=promise.kind,
            arch=promise.arch,
            machine=promise.machine,
            emulator=devices.emulator,
            cpu_mode=cpu.mode or ("custom" if cpu.model else ""),
            cpu_model=cpu.model or "",
            cpu_vendor=cpu.vendor or "",
            required=tuple(name for policy, name in features if policy == "require"),
            forbidden=tuple(name for policy, name in features if policy == "forbid"),
            choices=tuple(_choices(read)) if promise.kind in QEMU else (),
            sev=is_present(read.launch_security) and read.launch_security.type in {"sev", "sev-snp"},
            networks=tuple(sorted({each.source for each in interfaces if each.type == "network"})),
            bridges=tuple(sorted({each.source for each in interfaces if each.type == "bridge"})),
            pools=tuple(sorted({each.source.partition("/")[0] for each in promise.disks if each.type == "volume"})),
            nodes=frozenset[int]().union(*(_nodes(each.nodeset) for each in (numa.memory, *numa.memnodes))),
            near=frozenset[int]().union(*(each for each in bound if each)) if all(bound) else None,
            threads=tuple(Thread(name, cpus) for name, cpus in {**pins, **emulator}.items()),
            automatic=read.vcpus.placement == "auto" or numa.memory.placement == "auto",
            images=promise.claims.images,
        )


def _choices(read: DomainSpec) -> list[Choice]:
    """What is looked up in what the emulator offers."""
    os, devices = read.os, read.devices
    found = [Choice("firmware", "os/firmware", os.firmware, f"firmware {os.firmware}")] if os.firmware else []
    if any(each.name == "secure-boot" and each.enabled for each in os.features):
        found.append(Choice("firmware", "os/loader/secure", "yes", "firmware with Secure Boot"))
    asked = [
        *(("TPM", "devices/tpm/backendModel", each.backend) for each in devices.tpms),
        *(("video", "devices/video/modelType", each.model) for each in devices.videos if each.model != "none"),
        *(("graphics", "devices/graphics/type", each.type) for each in devices.graphics),
    ]
    seen = dict.fromkeys(Choice(what, place, str(value), f"{what} {value}") for what, place, value in asked if value)
    return [*found, *seen]


def _nodes(text: str | None) -> frozenset[int]:
    try:
        return cpu_set(text) if text else frozenset()
    except ValueError:
        return frozenset()
