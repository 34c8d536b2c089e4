"""DomainSpec: one domain definition."""

from typing import TYPE_CHECKING, Self

from phyllome_nb.domain.clock import Clock
from phyllome_nb.domain.code import to_python
from phyllome_nb.domain.cpu import Cpu
from phyllome_nb.domain.cputune import CpuTune
from phyllome_nb.domain.devices import Devices
from phyllome_nb.domain.diff import Diff
from phyllome_nb.domain.explain import Explanation, Snippet, explain, notes, snippet
from phyllome_nb.domain.features import Features
from phyllome_nb.domain.hypervisors import Bhyve, Lxc, Vmware, Xen
from phyllome_nb.domain.identity import Line, Name
from phyllome_nb.domain.iothreads import Iothreads
from phyllome_nb.domain.lifecycle import Events, PowerManagement
from phyllome_nb.domain.memory import Memory
from phyllome_nb.domain.metadata import Metadata
from phyllome_nb.domain.monitoring import Idmap, Perf
from phyllome_nb.domain.os import Os
from phyllome_nb.domain.qemu import Qemu
from phyllome_nb.domain.security import Keywrap, LaunchSecurity, SecurityLabel
from phyllome_nb.domain.sysinfo import Sysinfo
from phyllome_nb.domain.three_way import ThreeWay
from phyllome_nb.domain.throttle import ThrottleGroup
from phyllome_nb.domain.tuning import BlkioTune, MemTune, NumaTune, Resource
from phyllome_nb.domain.vcpus import Vcpus
from phyllome_nb.domain.virsh import virsh_define
from phyllome_nb.domain.virt_install import virt_install
from phyllome_nb.errors import FieldError
from phyllome_nb.html import styled
from phyllome_nb.xml import document
from phyllome_nb.xml.compare import compare
from phyllome_nb.xml.fields import Choice, Integer, Text
from phyllome_nb.xml.highlight import highlight
from phyllome_nb.xml.lines import lines
from phyllome_nb.xml.merge import Prefer, merge
from phyllome_nb.xml.part import Many, Part, Section, schema_order
from phyllome_nb.xml.path import Place

if TYPE_CHECKING:
    from phyllome_nb.capacity.snapshot import Snapshot
    from phyllome_nb.host.host import Host
    from phyllome_nb.rules.finding import Findings

__all__ = ["DomainSpec"]


class DomainSpec(Part, title="Definition", doc="formatdomain.html#general-metadata"):
    """One domain definition: typed attributes over its XML, which is the only store.

    What the attributes do not know stays in the XML, untouched and in its place. Setting an
    attribute to None takes it out.

    Parameters
    ----------
    name : str, optional
        The VM's name.

    Raises
    ------
    FieldError
        From any attribute that is set to a value it cannot hold; the definition is then unchanged.

    Notes
    -----
    Source: https://libvirt.org/formatdomain.html.

    Examples
    --------
    >>> spec = DomainSpec("web")
    >>> spec.memory.maximum = "4 GiB"
    >>> spec.vcpus.maximum = 2
    >>> print(spec.to_xml())
    <domain type="kvm">
      <name>web</name>
      <memory unit="GiB">4</memory>
      <vcpu>2</vcpu>
    </domain>
    """

    name = Name("name", absent="", help="What the VM is called on its host; no two have the same name.", qemu="-name")
    type = Choice(
        "@type",
        "kvm qemu hvf test xen lxc openvz vmware hyperv vbox phyp vz bhyve",
        help="The hypervisor: kvm runs on the processor itself, qemu emulates one and is slow, test is libvirt's mock.",
        doc="formatdomain.html#element-and-attribute-overview",
        qemu="-accel",
    )
    id = Integer("@id", help="The number of a running VM. libvirt tells it, and ignores what you write.")
    uuid = Text(
        "uuid",
        help="What the VM is to libvirt. Leave it out for a new VM: libvirt then never overwrites another.",
        qemu="-uuid",
    )
    genid = Text(
        "genid",
        help="A number that changes when the VM is copied or goes back in time, so that a Windows domain controller "
        "notices. Another UUID than the VM's own.",
        qemu="-device vmgenid,guid=",
    )
    title = Line("title", help="A line about the VM.")
    description = Text("description", help="What the VM is for.")
    metadata = Section("metadata", Metadata)
    memory = Section("", Memory)
    blkiotune = Section("blkiotune", BlkioTune)
    memtune = Section("memtune", MemTune)
    vcpus = Section("", Vcpus)
    iothreads = Section("", Iothreads)
    cputune = Section("cputune", CpuTune)
    numatune = Section("numatune", NumaTune)
    resource = Section("resource", Resource)
    sysinfos = Many("sysinfo", Sysinfo)
    bootloader = Text(
        "bootloader",
        "/usr/bin/pygrub /usr/sbin/bhyveload",
        help="The host's program that starts the guest's kernel, for Xen and bhyve guests that have no firmware.",
        doc="formatdomain.html#host-bootloader",
    )
    bootloader_args = Text(
        "bootloader_args",
        help="Arguments for that program.",
        doc="formatdomain.html#host-bootloader",
    )
    os = Section("os", Os)
    idmap = Section("idmap", Idmap)
    features = Section("features", Features)
    cpu = Section("", Cpu)
    clock = Section("clock", Clock)
    events = Section("", Events)
    pm = Section("pm", PowerManagement)
    perf = Section("perf", Perf)
    throttlegroups = Many("throttlegroups/throttlegroup", ThrottleGroup)
    devices = Section("devices", Devices)
    seclabels = Many("seclabel", SecurityLabel)
    keywrap = Section("keywrap", Keywrap)
    launch_security = Section("launchSecurity", LaunchSecurity)
    qemu = Section("", Qemu)
    lxc = Section("lxc:namespace", Lxc)
    bhyve = Section("bhyve:commandline", Bhyve)
    xen = Section("xen:commandline", Xen)
    vmware = Section("", Vmware)

    _stored: str | None = None

    def __init__(self, name: str | None = None) -> None:
        self._view(document.new("domain"))
        self.type = "kvm"
        self.name = name

    @classmethod
    def from_xml(cls, text: str | bytes) -> Self:
        """Read a definition.

        Raises
        ------
        ParseError
            If the text is no well-formed XML, no ``<domain>``, larger than libvirt's 4 MiB or has a DOCTYPE.
        """
        return cls._of(document.parse(text, "domain"))

    def to_xml(self) -> str:
        """The definition as text: what was read, with what was changed."""
        return document.to_text(self.__place__.anchor)

    def public_xml(self) -> str:
        """The definition as text for the screen: passwords and cookies replaced by dots."""
        return document.public_text(self.__place__.anchor)

    def copy(self) -> Self:
        """Another definition that says the same."""
        return self._begun(document.copy(self.__place__.anchor), self._stored)

    def become(self, other: "DomainSpec") -> None:
        """Say what another definition says, in place: a panel that shows this one shows that one then.

        Examples
        --------
        >>> spec, other = DomainSpec("a"), DomainSpec("b")
        >>> spec.become(other)
        >>> spec == other
        True
        """
        document.replace(self.__place__.anchor, other.__place__.anchor)
        object.__setattr__(self, "_stored", other.stored_xml)

    @classmethod
    def from_host(cls, text: str, stored: str | None = None) -> Self:
        """Read what a host has stored, and remember it, so that a later write can tell whether that changed since.

        Parameters
        ----------
        text : str
            The XML.
        stored : str, optional
            What the host has stored, where that is something else.

        Raises
        ------
        ParseError
            As `from_xml`.
        """
        return cls._begun(document.parse(text, "domain"), text if stored is None else stored)

    @property
    def stored(self) -> "DomainSpec | None":
        """What the host had stored when this was read from it; None for a definition that no host gave."""
        return None if self._stored is None else type(self).from_host(self._stored)

    @property
    def stored_xml(self) -> str | None:
        """The same to the letter, with its passwords."""
        return self._stored

    def merge(self, theirs: "DomainSpec", mine: "DomainSpec", prefer: Prefer = "mine") -> "ThreeWay":
        """Two changes of this definition, put together: theirs, with what mine changed.

        Parameters
        ----------
        theirs, mine : DomainSpec
            This definition as somebody else changed it, and as you did.
        prefer : {"mine", "theirs"}
            Who decides where both changed one thing.

        Examples
        --------
        >>> base = DomainSpec.from_xml("<domain><name>a</name><memory>1048576</memory><vcpu>2</vcpu></domain>")
        >>> theirs, mine = base.copy(), base.copy()
        >>> theirs.vcpus.maximum, mine.memory.maximum = 4, "2 GiB"
        >>> base.merge(theirs, mine).merged
        <DomainSpec 'a': 4 vCPUs, 2 GiB>
        """
        merged, clashes = merge(self.__place__.anchor, theirs.__place__.anchor, mine.__place__.anchor, prefer)
        return ThreeWay(self, theirs, mine, self._begun(merged, theirs.stored_xml), tuple(clashes))

    def snippet(self, *parts: str) -> Snippet:
        """Some parts alone, as a manual prints them, the rest as ``[...]``.

        Parameters
        ----------
        *parts : str
            Parts or fields: ``"memory"``, ``"cpu.topology"``, ``"devices.disks"``, ``"os.boot"``.

        Raises
        ------
        DefinitionError
            If there is no such part.

        Examples
        --------
        >>> spec = DomainSpec("web")
        >>> spec.vcpus.maximum = 2
        >>> spec.snippet("vcpus")
        <domain type="kvm">
          [...]
          <vcpu>2</vcpu>
        </domain>
        """
        return snippet(_public(self), DomainSpec, parts)

    def explain(self, *parts: str) -> Explanation:
        """Some parts, each line with its meaning; the whole definition where none is named.

        Raises
        ------
        DefinitionError
            If there is no such part.

        Examples
        --------
        >>> spec = DomainSpec("web")
        >>> spec.features.acpi = True
        >>> spec.explain("features.acpi")
        <domain type="kvm">
          [...]
          <features>
            <acpi/>
            # features.acpi: Power management: ...
          </features>
        </domain>
        """
        return explain(_public(self), DomainSpec, parts)

    def to_python(self) -> str:
        """The Python that builds this definition; passwords are left out.

        Comments and white space are not built again. Where the fields do not know all that the
        definition says, the code reads it from XML.

        Examples
        --------
        >>> spec = DomainSpec("web")
        >>> spec.cpu.topology.update(sockets=1, cores=2)
        Topology(sockets='1', cores='2')
        >>> print(spec.to_python())
        import phyllome_nb as ph
        <BLANKLINE>
        spec = ph.DomainSpec()
        spec.update(name='web', type='kvm')
        spec.cpu.topology.update(sockets=1, cores=2)
        """
        known = self.copy()
        document.forget_secrets(known.__place__.anchor)
        return to_python(known, DomainSpec())

    def to_virsh(self, uri: str) -> str:
        """The shell command that defines this VM at a host's address; passwords are left out, and it says so.

        >>> DomainSpec("web").to_virsh("qemu:///system").splitlines()[0]
        "virsh --connect qemu:///system define /dev/stdin <<'XML'"
        """
        return virsh_define(self, uri)

    def to_virt_install(self, uri: str | None = None) -> str:
        """The line of virt-install that does the same, see `virt_install`; a DefinitionError says why there is none.

        >>> text = "<name>a</name><memory>4096</memory><os><type arch='x86_64'>hvm</type></os>"
        >>> DomainSpec.from_xml(f"<domain type='kvm'>{text}</domain>").to_virt_install().split()[-1]
        '--noreboot'
        """
        return virt_install(self, uri)

    def diff(self, other: "DomainSpec") -> Diff:
        """What `other` adds, drops and rewrites, a line each; in a notebook the coloured XML as well.

        White space, comments, the order in which libvirt does not care, and the unit in which an
        amount is written make no difference. Passwords are not shown.

        Examples
        --------
        >>> before = DomainSpec.from_xml("<domain><name>a</name><memory>1048576</memory></domain>")
        >>> after = before.copy()
        >>> after.name, after.memory.maximum, after.uuid = "b", "1 GiB", "6695eb01-f6a4-8304-79aa-97f2502e193f"
        >>> before.diff(after)
        rewrote name: a → b
        added uuid: 6695eb01-f6a4-8304-79aa-97f2502e193f
        """
        found = compare(self.__place__.anchor, other.__place__.anchor)
        texts = ("\n".join(line.text for line in lines(_public(spec))) for spec in (self, other))
        return Diff(tuple(found), *texts)

    def findings(self, against: "Host | Snapshot | None" = None) -> "Findings":
        """What an expert would say of this definition, errors first.

        Parameters
        ----------
        against : Host or Snapshot, optional
            The host that the VM is for. Without one, rules that need a host say nothing.

        Raises
        ------
        HostError
            If the host cannot be asked.

        Examples
        --------
        >>> spec = DomainSpec("web")
        >>> spec.os.type, spec.memory.maximum, spec.vcpus.maximum = "hvm", "1 GiB", 4
        >>> topology = spec.cpu.topology.update(sockets=1, cores=2, threads=1)
        >>> spec.findings().errors
        CPU001 error at cpu/topology: The topology makes 2 vCPUs, but the VM has 4.
        """
        from phyllome_nb.rules.catalogue import findings

        return findings(self, against)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DomainSpec) and self.to_xml() == other.to_xml()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        try:
            return f"<DomainSpec {self.name!r}: {self.vcpus.maximum} vCPUs, {self.memory.maximum}>"
        except FieldError:
            return f"<DomainSpec {self.name!r}>"

    def _repr_html_(self) -> str:
        return styled(highlight(self.public_xml(), notes=notes(_public(self), DomainSpec)))

    def _view(self, root: document.Element) -> None:
        super().__init__(Place(root, schema_order(DomainSpec)))

    @classmethod
    def _begun(cls, root: document.Element, stored: str | None) -> Self:
        spec = cls._of(root)
        object.__setattr__(spec, "_stored", stored)
        return spec

    @classmethod
    def _of(cls, root: document.Element) -> Self:
        spec = cls.__new__(cls)
        spec._view(root)  # noqa: SLF001
        return spec


def _public(spec: DomainSpec) -> document.Element:
    """The document without its passwords."""
    return document.parse(spec.public_xml(), "domain")
