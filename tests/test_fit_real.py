"""What fit says against what the real QEMU driver does, case by case, on hosts that are made up."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import libvirt
import pytest

import phyllome_nb as ph
from phyllome_nb.capacity.snapshot import Snapshot
from support.libvirtd import Daemon
from support.sysfs import MACHINES, made_up

NETWORK = "<network><name>asleep</name></network>"


@dataclass(frozen=True, slots=True)
class Case:
    """A definition, and what is said of it."""

    what: str
    host: str
    expected: str
    """yes; refused: libvirt or QEMU does; policy: it starts, and the policy does not want it."""
    reason: str = ""
    """What the reason is about."""
    devices: str = ""
    top: str = ""
    vcpu: str = "<vcpu>1</vcpu>"
    memory: str = "<memory unit='MiB'>64</memory>"
    os: str = "<os><type arch='x86_64' machine='q35'>hvm</type></os>"
    cpu: str = ""
    kind: str = "qemu"
    name: str = "case"

    @property
    def text(self) -> str:
        """The definition."""
        return (
            f"<domain type='{self.kind}'><name>{self.name}</name>{self.memory}{self.vcpu}{self.top}{self.os}"
            f"<features><acpi/></features>{self.cpu}<devices>{self.devices}</devices></domain>"
        )


def machine(name: str, arch: str = "x86_64", more: str = "") -> str:
    """The part of a definition that names its machine."""
    return f"<os {more}><type arch='{arch}' machine='{name}'>hvm</type></os>"


def numa(mode: str, nodes: str) -> str:
    """Memory from some nodes."""
    return f"<numatune><memory mode='{mode}' nodeset='{nodes}'/></numatune>"


def huge(size: str) -> str:
    """Memory of huge pages."""
    return f"<memoryBacking><hugepages><page size='{size}' unit='KiB'/></hugepages></memoryBacking>"


def tune(*pins: str) -> str:
    """Pinned threads."""
    return f"<cputune>{''.join(pins)}</cputune>"


def plug(kind: str, source: str) -> str:
    """A network card."""
    return f"<interface type='{kind}'><source {kind}='{source}'/><model type='virtio'/></interface>"


def volume(pool: str) -> str:
    """A disk from a storage pool."""
    source = f"<source pool='{pool}' volume='a.raw'/><target dev='vda' bus='virtio'/>"
    return f"<disk type='volume' device='disk'><driver name='qemu' type='raw'/>{source}</disk>"


CARD = """<hostdev mode='subsystem' type='pci' managed='no'><source>
<address domain='0x0000' bus='0xfe' slot='0x1f' function='0x7'/></source></hostdev>"""
CASES = [
    Case("small", "two sockets", "yes"),
    Case("small pc", "two sockets", "yes", os=machine("pc")),
    Case("a host that is uneven", "offline", "yes"),
    Case("a host with gaps", "sparse", "yes"),
    Case("as many vCPUs as a cell has", "two sockets", "yes", vcpu="<vcpu>16</vcpu>"),
    Case("a machine that there is not", "two sockets", "refused", "machine", os=machine("pc-q35-99.0")),
    Case("an architecture without emulator", "two sockets", "refused", "machine", os=machine("virt", "sparc64")),
    Case("no such hypervisor", "two sockets", "refused", "machine", kind="xen"),
    Case("more vCPUs than the machine takes", "two sockets", "refused", "machine", vcpu="<vcpu>300</vcpu>"),
    Case("more vCPUs than the host has CPUs", "offline", "policy", "vcpus", vcpu="<vcpu>6</vcpu>"),
    Case("more memory than the host has", "offline", "policy", "memory", memory="<memory unit='GiB'>17</memory>"),
    Case("a CPU model by name", "two sockets", "yes", cpu="<cpu mode='custom'><model>qemu64</model></cpu>"),
    Case("no such CPU", "two sockets", "refused", "CPU", cpu="<cpu mode='custom'><model>Z80</model></cpu>"),
    Case(
        "a CPU with features that lack, emulated",
        "two sockets",
        "yes",
        cpu="<cpu mode='custom'><model fallback='forbid'>Icelake-Server</model></cpu>",
    ),
    Case("the host's own CPU, emulated", "two sockets", "refused", "CPU", cpu="<cpu mode='host-passthrough'/>"),
    Case("UEFI", "two sockets", "yes", os=machine("q35", more="firmware='efi'")),
    Case("a network that there is not", "two sockets", "refused", "network", plug("network", "nowhere")),
    Case("a network that is not active", "two sockets", "refused", "network", plug("network", "asleep")),
    Case("a bridge that there is not", "two sockets", "refused", "network", plug("bridge", "br-none")),
    Case("a pool that there is not", "two sockets", "refused", "pool", volume("nowhere")),
    Case("a pool that is not active", "two sockets", "refused", "pool", volume("asleep")),
    Case("a device that there is not", "two sockets", "refused", "device", CARD),
    Case("pages of a size that it has none of", "sparse", "refused", "hugepages 1 GiB", top=huge("1048576")),
    Case(
        "more pages than are free",
        "sparse",
        "refused",
        "hugepages 2 MiB",
        top=huge("2048"),
        memory="<memory unit='MiB'>122</memory>",
    ),
    Case("strict, from a node that is not there", "sparse", "refused", "cell", top=numa("strict", "2")),
    Case("preferably, from a node that is not there", "sparse", "refused", "cell", top=numa("preferred", "7")),
    Case("pinned to a CPU that is not there", "sparse", "refused", "pin", top=tune("<vcpupin vcpu='0' cpuset='99'/>")),
    Case("the emulator pinned to none", "sparse", "refused", "pin", top=tune("<emulatorpin cpuset='77'/>")),
    Case("on a CPU that is offline", "offline", "refused", "pin", vcpu="<vcpu cpuset='3'>1</vcpu>"),
    Case(
        "a display that it does not offer", "two sockets", "refused", "graphics", "<graphics type='rdp' port='3389'/>"
    ),
    Case(
        "a video card that it does not offer", "two sockets", "refused", "video", "<video><model type='xen'/></video>"
    ),
    Case("a name that is taken", "two sockets", "refused", "name", name="taken"),
]


@pytest.fixture(scope="module")
def hosts(scratch: Path) -> Iterator[dict[str, tuple[Daemon, Snapshot]]]:
    """The made-up hosts, each with a VM, a network and a pool that is not active; and what is known of them."""
    with ExitStack() as stack:
        found = {}
        for name in dict.fromkeys(case.host for case in CASES):
            daemon = stack.enter_context(made_up(MACHINES[name], scratch / f"fit-{name.replace(' ', '-')}"))
            connection = libvirt.open(daemon.uri)
            connection.defineXML(Case("taken", name, "", name="taken").text)
            connection.networkDefineXML(NETWORK)
            target = f"<target><path>{daemon.directory}/pool</path></target>"
            connection.storagePoolDefineXML(f"<pool type='dir'><name>asleep</name>{target}</pool>")
            connection.getDomainCapabilities(None, "x86_64", "q35", "qemu")  # a new daemon asks QEMU first
            connection.close()
            found[name] = daemon, ph.connect(daemon.uri, write=True, timeout=60).snapshot()
        yield found


def refusal(daemon: Daemon, text: str) -> str:
    """What libvirt says against defining or starting it; empty where it starts."""
    connection = libvirt.open(daemon.uri)
    domain = None
    try:
        domain = connection.defineXML(text)
        domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
        domain.destroy()
    except (libvirt.libvirtError, SystemError) as error:
        # libvirt 9.0 quotes more of the bridge helper's words than there are, which need not be text.
        return f"{'define' if domain is None else 'start'}: {error}"
    finally:
        if domain is not None:
            domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_NVRAM)
        connection.close()
    return ""


def verdict(case: Case) -> str:
    """What fit is expected to say, for the page."""
    return {"yes": "fits", "refused": f"refused: {case.reason}", "policy": f"against the policy: {case.reason}"}[
        case.expected
    ]


def test_the_page_shows_every_case() -> None:
    """docs/fit.md lists what is tried here, and what QEMU does with it."""
    lines = [
        f"| {case.what} | {case.host} | {verdict(case)} | {'refused' if case.expected == 'refused' else 'starts'} |"
        for case in CASES
    ]
    assert "\n".join(lines) in (Path(__file__).parents[1] / "docs/fit.md").read_text("utf-8")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.what} on {case.host}: {case.expected}")
def test_what_fit_says_is_what_qemu_does(hosts: dict[str, tuple[Daemon, Snapshot]], case: Case) -> None:
    """What fits starts, what is refused does not, and what starts all the same is said to be the policy's choice."""
    daemon, snapshot = hosts[case.host]
    fit = snapshot.fit(ph.DomainSpec.from_xml(case.text))
    said = refusal(daemon, case.text)
    against = fit.reasons[fit.reasons["decides"]]
    severities = set(against["severity"])
    line = f"{case.what:45} {case.host:12} fit: {', '.join(severities) or 'yes':8} QEMU: {said or 'starts'}\n"
    sys.stdout.write(line + "".join(f"    {why}\n" for why in against["why"]))
    assert bool(fit) == (case.expected == "yes")
    assert bool(said) == (case.expected == "refused")
    assert case.expected in (severities or {"yes"})
    assert "unknown" not in severities
    assert not case.reason or case.reason in set(against["what"])


def disk(path: Path) -> str:
    """A disk of a file."""
    driver = "<driver name='qemu' type='raw'/>"
    return f"<disk type='file' device='disk'>{driver}<source file='{path}'/><target dev='vda' bus='virtio'/></disk>"


def test_a_disk_that_another_vm_writes_to_is_refused(hosts: dict[str, tuple[Daemon, Snapshot]]) -> None:
    """It fits before the other one runs, and after it has ended; in between QEMU does not get the lock."""
    daemon, before = hosts["offline"]
    image = daemon.directory / "disk.raw"
    image.write_bytes(bytes(1 << 20))
    image.chmod(0o666)
    text = Case("second", "offline", "", devices=disk(image), name="second").text
    connection = libvirt.open(daemon.uri)
    first = connection.defineXML(Case("first", "offline", "", devices=disk(image), name="first").text)
    first.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
    try:
        during = ph.connect(daemon.uri, write=True, timeout=60).snapshot()
        said = refusal(daemon, text)
    finally:
        first.destroy()
        first.undefine()
        connection.close()
    spec = ph.DomainSpec.from_xml(text)
    assert "lock" in said
    assert during.fit(spec).reasons["why"].tolist() == [f"first has {image}, and does not share it."]
    assert before.fit(spec)
    assert refusal(daemon, text) == ""


PLANS = [
    ("one cell", 8, {}),
    ("four cells", 40, {"emulator": False}),
    ("two cells and pages", 20, {"huge_page": "2 MiB"}),
    ("whole cores", 6, {"siblings": "require"}),
    ("a core each", 6, {"siblings": "isolate"}),
    ("shared CPUs", 6, {"dedicated": False}),
]


@pytest.mark.parametrize(("what", "vcpus", "wish"), PLANS, ids=[what for what, _, _ in PLANS])
def test_libvirt_takes_a_proposal_as_it_is_written(
    hosts: dict[str, tuple[Daemon, Snapshot]], what: str, vcpus: int, wish: dict[str, Any]
) -> None:
    """The schema and the driver take it, the pins are those proposed, and what libvirt stored fits as well."""
    daemon, snapshot = hosts["two sockets"]
    spec = ph.DomainSpec.from_xml(Case(what, "two sockets", "", name="planned").text)
    spec.vcpus.maximum, spec.memory.maximum, spec.iothreads.count = vcpus, "2 GiB", 2
    proposal = snapshot.pinning(spec, **wish)
    written = proposal.apply(spec)
    connection = libvirt.open(daemon.uri)
    domain = connection.defineXMLFlags(written.to_xml(), libvirt.VIR_DOMAIN_DEFINE_VALIDATE)
    try:
        stored = ph.DomainSpec.from_xml(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
        info = domain.vcpuPinInfo(libvirt.VIR_DOMAIN_AFFECT_CONFIG)
    finally:
        domain.undefine()
        connection.close()
    pins = {vcpu: {cpu for cpu, is_set in enumerate(row) if is_set} for vcpu, row in enumerate(info)}
    assert pins == {vcpu: set(cpus) for vcpu, cpus in proposal.pins.items()}
    assert snapshot.fit(stored, count="defined")


def test_a_proposal_starts_and_runs_where_it_was_to(hosts: dict[str, tuple[Daemon, Snapshot]]) -> None:
    """On the CPU that the real machine has, too."""
    daemon, snapshot = hosts["offline"]
    spec = ph.DomainSpec.from_xml(Case("planned", "offline", "", name="planned").text)
    proposal = snapshot.pinning(spec, emulator=False)
    assert proposal.pins == {0: frozenset({0})}
    connection = libvirt.open(daemon.uri)
    domain = connection.defineXML(proposal.apply(spec).to_xml())
    try:
        domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
        row = domain.vcpuPinInfo(libvirt.VIR_DOMAIN_AFFECT_LIVE)[0]
        domain.destroy()
    finally:
        domain.undefine()
        connection.close()
    assert [cpu for cpu, is_set in enumerate(row) if is_set] == [0]
