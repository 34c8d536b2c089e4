"""Snapshot: the facts of one host at one moment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from phyllome_nb.capacity.claims import Index, Others
from phyllome_nb.capacity.columns import (
    ALLOCATIONS,
    BALANCE,
    CAPACITY,
    CONFLICTS,
    EFFECT,
    LARGEST,
    PINS,
    SOURCES,
    STRANDED,
    documented,
)
from phyllome_nb.capacity.facts import (
    Cache,
    Cell,
    Claims,
    DomainCapabilities,
    Guest,
    HostDevice,
    Network,
    Pool,
    Reading,
)
from phyllome_nb.capacity.promise import Promise
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.size import Size

if TYPE_CHECKING:
    import pandas as pd

    from phyllome_nb.capacity.fit import Fit
    from phyllome_nb.capacity.how_many import HowMany, Rooms
    from phyllome_nb.capacity.numa_plan import Siblings
    from phyllome_nb.capacity.pinning import Pinning
    from phyllome_nb.capacity.policy import Policy
    from phyllome_nb.capacity.tables.sums import Totals

__all__ = ["Count", "DomainFacts", "HostFacts", "Promise", "Snapshot", "Topology", "Usage"]

NOTHING = Claims()

Count = Literal["running", "defined", "autostart"]
"""Which VMs a sum counts: those that run now; all that are defined, as if every one ran; those that start at boot."""


@dataclass(frozen=True, slots=True)
class Topology:
    """How a host's CPUs are made up, all of them together."""

    sockets: int
    dies: int | None
    cores: int
    threads: int
    """In each core. All of them are 0 where nothing tells."""
    source: str
    """What said so."""


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
    caches: tuple[Cache, ...] = ()
    online: frozenset[int] | None = None
    """The CPUs that are used; None where the host does not tell."""
    offline: frozenset[int] = frozenset()
    """The CPUs that it has and does not use (``virNodeGetCPUMap``); Linux takes them out of their NUMA cells."""
    mhz: int | None = None
    """The clock, as libvirt read it at that moment."""
    devices: tuple[HostDevice, ...] | None = None
    """None where the connection does not tell, as an embedded driver."""
    networks: tuple[Network, ...] | None = None
    bridges: frozenset[str] | None = None
    """The host's bridges, those of its virtual networks included."""
    pools: tuple[Pool, ...] | None = None
    nested: bool | None = None
    """Whether its KVM lets guests run VMs of their own."""
    domain_capabilities: tuple[DomainCapabilities, ...] = ()
    memory_available: Size | None = None
    """Free memory, buffers and caches, at that moment (``virNodeGetMemoryStats``)."""
    readings: tuple[Reading, ...] = ()
    """What each source says of the figures that more than one tells; of each figure the one that is used first."""

    def is_online(self, cpu: int) -> bool:
        """Whether a CPU is used, as far as that is known."""
        return self.online is None or cpu in self.online

    @property
    def topology(self) -> Topology:
        """How its CPUs are made up: counted over the CPUs that are online, where the host lists them one by one.

        What ``virNodeGetInfo`` says instead is an average, which libvirt gives up on hosts that are not even.
        """
        cpus = [cpu for cell in self.cells for cpu in cell.cpus if self.is_online(cpu.id) and cpu.socket is not None]
        if not cpus:
            sockets = self.nodes * self.sockets
            return Topology(sockets, None, sockets * self.cores, self.threads, "getInfo")
        cores: dict[object, int] = {}
        for cpu in cpus:
            place = (cpu.socket, cpu.die, cpu.core)
            cores[place] = cores.get(place, 0) + 1
        return Topology(
            len({cpu.socket for cpu in cpus}),
            None if any(cpu.die is None for cpu in cpus) else len({(cpu.socket, cpu.die) for cpu in cpus}),
            len(cores),
            max(cores.values()),
            "getCapabilities",
        )

    def source(self, figure: str) -> str:
        """What said so of a figure; empty where nothing but one call could."""
        return next((each.source for each in self.readings if each.figure == figure), "")


@dataclass(frozen=True, slots=True)
class Usage:
    """What a VM that runs uses at that moment (``virDomainMemoryStats``); None for what is not said."""

    balloon: Size | None = None
    """What the balloon leaves it."""
    rss: Size | None = None
    """What of it, and of QEMU, lies in the host's RAM."""
    unused: Size | None = None
    """What the guest does not use at all; only known with balloon statistics."""
    usable: Size | None = None
    """What the guest could use without swapping."""


@dataclass(frozen=True, slots=True)
class DomainFacts:
    """One VM of a host."""

    name: str
    uuid: str
    state: str
    """In virsh's words: running, idle, paused, in shutdown, shut off, crashed, pmsuspended."""
    persistent: bool
    autostart: bool | None
    """None where that is not known."""
    live: Promise | None = None
    """What it has now; None where it does not run."""
    stored: Promise | None = None
    """What it gets at its next start; None where nothing is stored, or it could not be read."""
    problem: str = ""
    """Why something of it could not be read."""
    claims: Claims = NOTHING
    """What it takes for itself alone, live and stored."""
    saved: bool = False
    """It was saved by libvirt, and its next start goes on from there."""
    usage: Usage | None = None
    """None where it does not run, or QEMU gave no answer."""
    disks: Mapping[str, tuple[Size | None, Size | None, Size | None]] = field(default_factory=dict)
    """By target: capacity, allocation and physical size, where the host could look."""

    @property
    def shown(self) -> Promise | None:
        """What it has now if it runs, else what its definition says."""
        return self.live or self.stored

    @property
    def pending(self) -> bool:
        """Whether its next start will give it something else than it has now."""
        return self.live is not None and self.stored is not None and self.live != self.stored

    @property
    def memory_source(self) -> str:
        """What says how much memory it has."""
        if self.live is None:
            return "stored definition" if self.stored else ""
        return "memoryStats" if self.usage and self.usage.balloon is not None else "info"

    def promise(self, count: Count) -> Promise | None:
        """What this VM adds to a sum."""
        if count == "running":
            return self.live
        if count == "autostart" and not self.autostart:
            return None
        return self.stored or self.live


@dataclass(frozen=True)
class Snapshot:
    """The facts of one host at one moment. It is immutable and needs no libvirt to be read.

    Examples
    --------
    >>> import phyllome_nb as ph
    >>> snap = ph.demo().snapshot()
    >>> snap.balance()[["resource", "amount", "total", "promised", "ratio"]].head(2)
      resource   amount  total  promised   ratio
    0    vcpus  current   16.0      25.0  1.5625
    1    vcpus  maximum   16.0      29.0  1.8125
    """

    host: HostFacts
    domains: tuple[DomainFacts, ...]
    taken: datetime

    @classmethod
    def from_xml(
        cls,
        capabilities: str | bytes,
        domains: Iterable[str | bytes] = (),
        *,
        domain_capabilities: Iterable[str | bytes] = (),
        devices: Iterable[str | bytes] = (),
        name: str = "captured",
        autostart: Iterable[str] | None = None,
    ) -> Self:
        """The facts in what ``virsh`` printed on a host that cannot be reached from here.

        Parameters
        ----------
        capabilities : str or bytes
            ``virsh capabilities``.
        domains : iterable of str or bytes
            ``virsh dumpxml``, with or without ``--inactive``: one that has an id is of a VM that runs.
        domain_capabilities : iterable of str or bytes
            ``virsh domcapabilities``, once for each machine.
        devices : iterable of str or bytes
            ``virsh nodedev-dumpxml``, once for each device.
        name : str
            What the host is called in tables.
        autostart : iterable of str, optional
            The names that ``virsh list --all --autostart`` prints; where it is left out that is not known.

        Raises
        ------
        ParseError
            If one of them is not what it should be.

        Examples
        --------
        >>> cell = "<cell id='0'><memory unit='GiB'>8</memory><cpus><cpu id='0'/><cpu id='1'/></cpus></cell>"
        >>> text = f"<capabilities><host><topology><cells>{cell}</cells></topology></host></capabilities>"
        >>> Snapshot.from_xml(text, ["<domain id='1'><name>a</name><memory>1048576</memory></domain>"])
        <Snapshot of captured ...: 2 CPUs, 8 GiB, 1 of 1 VMs running>
        """
        from phyllome_nb.capacity.captured import captured

        host, found, taken = captured(
            capabilities, domains, domain_capabilities, devices, name=name, autostart=autostart
        )
        return cls(host, found, taken)

    def save(self, path: str | Path) -> Path:
        """Write it to one file, which `load` reads: JSON with a version number. See docs/snapshot-file.md.

        There is no password in it: a snapshot never had one.

        Raises
        ------
        OSError
            If the file cannot be written; what was there before is unchanged then.
        """
        from phyllome_nb.capacity import file

        return file.save(self, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        SnapshotFileError
            If it is no such file, is damaged, or was written by a later version that this one cannot read.
        OSError
            If it cannot be opened.
        """
        from phyllome_nb.capacity import file

        return file.load(Path(path), cls)

    def to_excel(self, path: str | Path) -> Path:
        """Write a workbook in RVTools' tabs and columns, which tools that read those can read.

        Names are inert: none of them is a formula. See docs/exports.md, and `phyllome_nb.export.excel.to_excel`.
        """
        from phyllome_nb.export.excel import to_excel

        return to_excel([self], path)

    def to_parquet(self, directory: str | Path) -> list[Path]:
        """Write each table as a Parquet file: see `phyllome_nb.export.parquet.to_parquet`."""
        from phyllome_nb.export.parquet import to_parquet

        return to_parquet(self, directory)

    def to_html(self, path: str | Path) -> Path:
        """Write one page of HTML that stands alone: see `phyllome_nb.export.page.page`."""
        from phyllome_nb.export.page import to_html

        return to_html(self, path)

    @documented(CAPACITY)
    def capacity(self, by: str = "host") -> "pd.DataFrame":
        """What the host has.

        Parameters
        ----------
        by : {"host", "cell", "cpu", "page", "device", "pool", "network"}
            What a row is about.

        Returns
        -------
        pandas.DataFrame
            With the columns below; ``attrs`` has their units and what they mean.

        Raises
        ------
        ValueError
            If `by` is none of them.
        """
        from phyllome_nb.capacity.tables.capacity import capacity

        return capacity(self, by)

    @documented(SOURCES)
    def sources(self) -> "pd.DataFrame":
        """Where the host's figures come from, and where two sources do not agree.

        Returns
        -------
        pandas.DataFrame
            A row for each figure and source; of each figure the one that is used comes first.
        """
        from phyllome_nb.capacity.tables.capacity import sources

        return sources(self)

    @documented(ALLOCATIONS)
    def allocations(self, by: str = "vm") -> "pd.DataFrame":
        """What each VM was promised: what it has now if it runs, else what its definition says.

        Parameters
        ----------
        by : {"vm", "cell", "vcpu", "device", "disk", "interface"}
            What a row is about. By cell, a VM has a row for each part of it that is bound elsewhere; no part is in
            two rows.

        Returns
        -------
        pandas.DataFrame
            In the order of names, with the columns below; ``attrs`` has their units and what they mean.

        Raises
        ------
        ValueError
            If `by` is none of them.
        """
        from phyllome_nb.capacity.tables.allocations import allocations

        return allocations(self, by)

    @documented(BALANCE)
    def balance(
        self, count: Count = "running", policy: "Policy | str | None" = None, by: str = "host"
    ) -> "pd.DataFrame":
        """What was promised, of how much.

        Parameters
        ----------
        count : {"running", "defined", "autostart"}
            Whether to sum the VMs that run now, all that are defined as if every one ran, or those that start with
            the host.
        policy : Policy or str, optional
            How much may be promised, or the name of a preset; ``physical`` where it is left out: everything once.
        by : {"host", "cell"}
            What to sum over. By cell there are the maxima only, and a row without a cell for what is bound to no
            single one: it comes on top of the other rows.

        Returns
        -------
        pandas.DataFrame
            With the columns below; ``attrs`` has their units and what they mean.

        Raises
        ------
        ValueError
            If one of the parameters is none of its choices.
        """
        from phyllome_nb.capacity.tables.balance import balance

        return balance(self, count, policy, by)

    @documented(EFFECT)
    def effect(self, spec: DomainSpec, policy: "Policy | str | None" = None) -> "pd.DataFrame":
        """What one more VM would do to the balance; or a VM of this host's, known by its uuid, defined otherwise.

        Returns
        -------
        pandas.DataFrame
            As `balance` for those that run and those that are defined, with the columns ``before`` and ``after`` in
            place of ``promised``; all others are those after. The rows that count running VMs say what holds once
            the VM has been started.

        Raises
        ------
        FieldError
            If one of the definition's numbers cannot be read.
        """
        from phyllome_nb.capacity.tables.balance import effect

        return effect(self, spec, policy)

    @documented(PINS)
    def pins(self) -> "pd.DataFrame":
        """Which threads of which VMs may run where, if not everywhere, and who shares those CPUs.

        Returns
        -------
        pandas.DataFrame
            A row for each thread that is pinned.
        """
        from phyllome_nb.capacity.tables.pins import pins

        return pins(self)

    @documented(CONFLICTS)
    def conflicts(self, policy: "Policy | str | None" = None) -> "pd.DataFrame":
        """What was promised twice, or cannot be had: among the VMs that run, are defined, or start with the host.

        With the VMs that start with the host it answers whether they all would, after a power cut.

        Parameters
        ----------
        policy : Policy or str, optional
            As for `balance`.

        Returns
        -------
        pandas.DataFrame
            A row for each thing that more than one VM wants, or of which there is too little.
        """
        from phyllome_nb.capacity.tables.conflicts import conflicts

        return conflicts(self, policy)

    def fit(self, spec: DomainSpec, policy: "Policy | str | None" = None, count: Count = "running") -> "Fit":
        """Whether one more VM fits on the host, and into each of its NUMA cells; and every reason why not.

        It fits where nothing libvirt or QEMU would refuse is known, and the policy wants it. Where something cannot
        be told from the facts the answer is open. Files on the host are not looked at. A VM of this host's, known by
        its uuid, does not count itself.

        Parameters
        ----------
        spec : DomainSpec
        policy : Policy or str, optional
            As for `balance`. It also says whether a VM counts with the most it can have or with what it has now.
        count : {"running", "defined", "autostart"}
            Which VMs hold something already.

        Returns
        -------
        Fit
            True where it fits; with ``hosts``, and the tables ``reasons`` and ``table``.

        Raises
        ------
        ValueError
            If one of the parameters is none of its choices.
        FieldError
            If one of the definition's numbers cannot be read.

        Examples
        --------
        >>> import phyllome_nb as ph
        >>> spec = ph.DomainSpec("web")
        >>> spec.type, spec.vcpus.maximum, spec.memory.maximum = "test", 64, "1 GiB"
        >>> fit = ph.demo().snapshot().fit(spec)
        >>> fit
        <Fit of web: no on demo, 1 reason against it>
        >>> fit.reasons["why"].tolist()
        ['It needs 64 vCPUs, and demo has 16 CPUs in all.']
        """
        from phyllome_nb.capacity.fit import fit

        return fit([self], spec, policy, count)

    def how_many(self, spec: DomainSpec, policy: "Policy | str | None" = None, count: Count = "running") -> "HowMany":
        """How many more of a VM fit, and what runs out first.

        Copies have names, addresses and disks of their own; a CPU that a vCPU is pinned to alone, or a device of the
        host's, can be had once. Parameters and errors are those of `fit`.

        Returns
        -------
        HowMany
            As an int the number; with ``total``, ``fits``, and ``table``, which says what each resource would allow.

        Examples
        --------
        >>> import phyllome_nb as ph
        >>> spec = ph.DomainSpec("web")
        >>> spec.type, spec.vcpus.maximum, spec.memory.maximum = "test", 2, "1 GiB"
        >>> more = ph.demo().snapshot().how_many(spec, policy="nova")
        >>> int(more)
        15
        >>> more.table[["vcpus", "memory", "limited_by"]]
           vcpus  memory limited_by
        0     17      15     memory
        """
        from phyllome_nb.capacity.how_many import how_many

        return how_many((self,), self._rooms, spec, policy, count)

    @documented({"": LARGEST})
    def largest(
        self,
        shape: str = "host",
        memory_per_vcpu: Size | str | None = None,
        page: Size | str | None = None,
        policy: "Policy | str | None" = None,
        count: Count = "running",
    ) -> "pd.DataFrame":
        """The largest VM that still fits: anywhere on the host, or wholly in each of its cells.

        Parameters
        ----------
        shape : {"host", "cell"}
        memory_per_vcpu : Size or str, optional
            The memory that goes with each vCPU. Left out, as many vCPUs as fit, and the most memory beside them.
        page : Size or str, optional
            The size of the huge pages that its memory is made of; ordinary memory where it is left out.
        policy, count
            As for `fit`.

        Returns
        -------
        pandas.DataFrame
            A row for the host, or for each cell, with the columns below.

        Raises
        ------
        ValueError
            If one of the parameters is none of its choices, or no size above 0.
        """
        from phyllome_nb.capacity.largest import largest

        return largest(self, shape, memory_per_vcpu, page, policy, count)

    @documented({"": STRANDED})
    def stranded(
        self,
        memory_per_vcpu: Size | str | None = None,
        policy: "Policy | str | None" = None,
        count: Count = "running",
    ) -> "pd.DataFrame":
        """What is left that none can use: memory where no CPU is left, and the reverse.

        Parameters
        ----------
        memory_per_vcpu : Size or str, optional
            The memory that goes with each vCPU; left out, the host's own: what may be promised of its memory to what
            may be promised of its CPUs.
        policy, count
            As for `fit`.

        Returns
        -------
        pandas.DataFrame
            A row for the host, then one for each cell, with the columns below.

        Raises
        ------
        ValueError
            As `largest`.
        """
        from phyllome_nb.capacity.largest import stranded

        return stranded(self, memory_per_vcpu, policy, count)

    def pinning(
        self,
        spec: DomainSpec,
        *,
        dedicated: bool = True,
        huge_page: Size | str | None = None,
        emulator: bool = True,
        siblings: "Siblings" = "prefer",
        policy: "Policy | str | None" = None,
        count: Count = "defined",
    ) -> "Pinning":
        """Where the threads and the memory of a VM could lie on this host, beside what others hold.

        Fewest NUMA cells first, then those nearest to each other, then the tightest. The guest's own cells are matched
        to the host's, one to one; a guest without cells that needs several is divided.

        Parameters
        ----------
        spec : DomainSpec
        dedicated : bool
            Whether each vCPU gets a CPU of its own; else all share the CPUs of their cell that nobody holds.
        huge_page : Size or str, optional
            The size of the huge pages that its memory is to be made of; left out, what the definition says.
        emulator : bool
            Whether the emulator and the I/O threads get a CPU beside those of the vCPUs, in the first cell.
        siblings : {"prefer", "require", "isolate"}
            Whole cores first; only whole cores; or one vCPU on each core, whose other threads stay idle.
        policy, count
            As for `fit`. Pins of VMs that run are always respected.

        Returns
        -------
        Pinning
            True where there is one; with ``pins``, ``emulator``, ``table`` and ``apply(spec)``; else with ``reasons``.

        Raises
        ------
        ValueError
            If one of the parameters is none of its choices.
        FieldError
            If one of the definition's numbers cannot be read.

        Examples
        --------
        >>> import phyllome_nb as ph
        >>> cpus = "".join(f"<cpu id='{cpu}' siblings='{cpu}'/>" for cpu in range(4))
        >>> cell = f"<cell id='0'><memory unit='GiB'>8</memory><cpus>{cpus}</cpus></cell>"
        >>> text = f"<capabilities><host><topology><cells>{cell}</cells></topology></host></capabilities>"
        >>> spec = ph.DomainSpec("web")
        >>> spec.vcpus.maximum, spec.memory.maximum = 2, "4 GiB"
        >>> proposal = ph.Snapshot.from_xml(text).pinning(spec)
        >>> proposal
        <Pinning of web on captured: cell 0, CPUs 0-1>
        >>> proposal.apply(spec).snippet("cputune")
        <domain type="kvm">
          [...]
          <cputune>
            <vcpupin vcpu="0" cpuset="0"/>
            <vcpupin vcpu="1" cpuset="1"/>
            <emulatorpin cpuset="2"/>
          </cputune>
          [...]
        </domain>
        """
        from phyllome_nb.capacity.numa_plan import Wish, pinning

        page = None if huge_page is None else Size(huge_page)
        return pinning(self, spec, Wish(dedicated, page, emulator, siblings), policy, count)

    def with_vm(self, spec: DomainSpec) -> Self:
        """This snapshot as it would be if one more VM ran, or one of its own (by its uuid) were defined otherwise.

        Raises
        ------
        FieldError
            If one of the definition's numbers cannot be read.
        """
        asked, uuid = Promise.of(spec), (spec.uuid or "").lower()
        old = self._index.by_uuid.get(uuid)
        if old is None:
            new = DomainFacts(spec.name, uuid, "running", True, False, asked, asked, claims=asked.claims)
        else:
            new = replace(old, live=asked, stored=asked, claims=asked.claims, usage=None)
        kept = [domain for domain in self.domains if domain is not old]
        return replace(self, domains=(*kept, new))

    def others(self, uuid: str | None = None) -> Others:
        """The VMs but for the one with a uuid, to ask who holds what and what they were promised."""
        return Others(self._index, uuid)

    @cached_property
    def totals(self) -> "Totals":
        """What the VMs were promised together, and who has what alone; each sum is made once."""
        from phyllome_nb.capacity.tables.sums import Totals

        return Totals(self.host, self.domains)

    @cached_property
    def _rooms(self) -> "Rooms":
        from phyllome_nb.capacity.how_many import Rooms

        return Rooms((self,))

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
