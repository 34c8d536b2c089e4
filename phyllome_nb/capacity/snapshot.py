"""Snapshot: the facts of one host at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Self

from phyllome_nb.capacity.claims import Index, Others
from phyllome_nb.capacity.facts import Cell, Claims, DomainCapabilities, Guest, HostDevice
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.size import Size

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DomainFacts", "HostFacts", "Promise", "Snapshot"]

NOTHING = Claims()

Count = Literal["running", "defined"]
"""Which VMs a sum counts: those that run now, or all that are defined, as if every one ran."""


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What a host has."""

    name: str
    uri: str
    cpus: int
    """Logical CPUs that are online (``virNodeGetInfo``)."""
    sockets: int
    """Sockets in each NUMA node."""
    cores: int
    """Cores in each socket."""
    threads: int
    """Threads in each core."""
    nodes: int
    """NUMA nodes."""
    memory: Size
    memory_source: str
    """The call that said how much memory there is."""
    libvirt: str = ""
    """The version of the host's libvirt: ``9.0.0``; empty where it is unknown."""
    hypervisor: str = ""
    """The driver and the hypervisor's version: ``QEMU 7.2.22``."""
    session: bool | None = None
    """Whether its VMs run as an unprivileged user; None where that is unknown."""
    arch: str = ""
    cpu_vendor: str = ""
    """Intel, AMD, …; empty where it is unknown."""
    cpu_model: str = ""
    cpu_features: frozenset[str] = frozenset()
    """What libvirt lists beyond the model."""
    address_bits: int | None = None
    """The bits of a physical address."""
    iommu: bool | None = None
    kvm: bool | None = None
    """Whether libvirt offers KVM for the host's own architecture."""
    emulators: frozenset[str] | None = None
    """The paths of the emulators that it lists."""
    guests: tuple[Guest, ...] = ()
    """What its emulators offer; empty where it is unknown."""
    cells: tuple[Cell, ...] = ()
    devices: tuple[HostDevice, ...] | None = None
    """None where the connection does not tell, as an embedded driver."""
    networks: Mapping[str, bool] | None = None
    """Virtual networks by name, and whether each is active."""
    bridges: frozenset[str] | None = None
    """The host's bridges, those of its virtual networks included."""
    pools: Mapping[str, bool] | None = None
    """Storage pools by name, and whether each is active."""
    nested: bool | None = None
    """Whether its KVM lets guests run VMs of their own."""
    domain_capabilities: tuple[DomainCapabilities, ...] = ()
    memory_available: Size | None = None
    """Free memory, buffers and caches, at that moment (``virNodeGetMemoryStats``)."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What a host has promised one VM."""

    vcpus: int
    vcpus_max: int
    memory: Size
    memory_max: Size

    @classmethod
    def of(cls, spec: DomainSpec) -> Self:
        """What a definition asks for.

        Raises
        ------
        FieldError
            If one of its numbers cannot be read.

        Examples
        --------
        >>> spec = DomainSpec("web")
        >>> spec.memory.maximum, spec.memory.current, spec.vcpus.maximum = "4 GiB", "1 GiB", 2
        >>> Promise.of(spec)
        Promise(vcpus=2, vcpus_max=2, memory=Size('1 GiB'), memory_max=Size('4 GiB'))
        """
        vcpus, memory = spec.vcpus, spec.memory
        return cls(
            vcpus.current or vcpus.maximum,
            vcpus.maximum,
            min(memory.current or memory.maximum, memory.maximum),
            memory.maximum,
        )


@dataclass(frozen=True, slots=True)
class DomainFacts:
    """One VM of a host."""

    name: str
    uuid: str
    state: str
    """In virsh's words: running, idle, paused, in shutdown, shut off, crashed, pmsuspended."""
    persistent: bool
    autostart: bool
    live: Promise | None = None
    """What it has now; None where it does not run."""
    stored: Promise | None = None
    """What it gets at its next start; None where nothing is stored, or it could not be read."""
    problem: str = ""
    """Why something of it could not be read."""
    claims: Claims = NOTHING
    """What it takes for itself alone, live and stored."""

    @property
    def shown(self) -> Promise | None:
        """What it has now if it runs, else what its definition says."""
        return self.live or self.stored

    @property
    def pending(self) -> bool:
        """Whether its next start will give it something else than it has now."""
        return self.live is not None and self.stored is not None and self.live != self.stored

    def promise(self, count: Count) -> Promise | None:
        """What this VM adds to a sum."""
        if count == "running":
            return self.live
        return self.stored or self.live


@dataclass(frozen=True)
class Snapshot:
    """The facts of one host at one moment. It is immutable and needs no libvirt to be read.

    Examples
    --------
    >>> import phyllome_nb as ph
    >>> snap = ph.demo().snapshot()
    >>> snap.balance()[["resource", "amount", "capacity", "promised", "ratio"]].head(2)
      resource   amount  capacity  promised  ratio
    0    vcpus  current      16.0      25.0 1.5625
    1    vcpus  maximum      16.0      29.0 1.8125
    """

    host: HostFacts
    domains: tuple[DomainFacts, ...]
    taken: datetime

    def capacity(self) -> "pd.DataFrame":
        """What the host has.

        Returns
        -------
        pandas.DataFrame
            One row with the columns

            ==================== ======= ==================================================
            host                 str     its name
            cpus                 int64   logical CPUs that are online
            numa_nodes           int64   NUMA nodes
            sockets_per_node     int64
            cores_per_socket     int64
            threads_per_core     int64
            memory_gib           float64 memory in GiB; whole KiB are exact
            memory_source        str     the libvirt call that said so
            ==================== ======= ==================================================
        """
        from phyllome_nb.capacity import tables

        return tables.capacity(self)

    def allocations(self) -> "pd.DataFrame":
        """What each VM was promised: what it has now if it runs, else what its definition says.

        Returns
        -------
        pandas.DataFrame
            One row a VM, in the order of names, with the columns

            ==================== ======= ==================================================
            host, name, uuid     str
            state                str     virsh's word for it
            active               bool    it runs, or is paused: it holds memory
            persistent           bool    it has a stored definition
            autostart            bool    the host starts it at boot
            vcpus, vcpus_max     Int64   plugged in, and at most; NA where unreadable
            memory_gib           Float64 what the balloon leaves it, in GiB
            memory_max_gib       Float64 the most it can use, in GiB
            pending              bool    the stored definition differs from what it has now
            problem              str     why something could not be read
            ==================== ======= ==================================================
        """
        from phyllome_nb.capacity import tables

        return tables.allocations(self)

    def balance(self, count: Count = "running") -> "pd.DataFrame":
        """What was promised, of how much.

        Parameters
        ----------
        count : {"running", "defined"}
            Whether to sum the VMs that run now, or all that are defined, as if every one ran.

        Returns
        -------
        pandas.DataFrame
            Four rows (vCPUs and memory, current and maximum) with the columns

            ==================== ======= ==================================================
            host, count          str
            resource             str     vcpus or memory
            amount               str     current or maximum
            unit                 str     CPUs or GiB
            capacity             float64 what the host has
            promised             float64 the sum over the VMs
            ratio                float64 promised ÷ capacity: vCPUs for each CPU, or GiB for each GiB
            headroom             float64 capacity - promised; below zero where it is overcommitted
            ==================== ======= ==================================================

        Raises
        ------
        ValueError
            If `count` is neither.
        """
        from phyllome_nb.capacity import tables

        return tables.balance(self, count)

    def effect(self, spec: DomainSpec) -> "pd.DataFrame":
        """What one more VM would do to the balance; or a VM of this host's, known by its uuid, defined otherwise.

        Returns
        -------
        pandas.DataFrame
            As `balance` for both counts, with the columns ``before`` and ``after`` in place of
            ``promised``; ``ratio`` and ``headroom`` are those after. The rows that count running VMs
            say what holds once the VM has been started.

        Raises
        ------
        FieldError
            If one of the definition's numbers cannot be read.
        """
        from phyllome_nb.capacity import tables

        replaced = next((domain for domain in self.domains if domain.uuid == spec.uuid), None)
        return tables.effect(self, Promise.of(spec), replaced)

    def others(self, uuid: str | None = None) -> Others:
        """The VMs but for the one with a uuid, to ask who holds what and what they were promised."""
        return Others(self._index, uuid)

    @cached_property
    def _index(self) -> Index:
        return Index(self.domains)

    @property
    def running(self) -> int:
        """How many VMs run."""
        return sum(domain.live is not None for domain in self.domains)

    def __repr__(self) -> str:
        return (
            f"<Snapshot of {self.host.name} at {self.taken:%Y-%m-%d %H:%M:%S}: {self.host.cpus} CPUs, "
            f"{self.host.memory.short()}, {self.running} of {len(self.domains)} VMs running>"
        )

    def _repr_html_(self) -> str:
        from phyllome_nb.capacity import view
        from phyllome_nb.html import styled

        return styled(view.snapshot(self))
