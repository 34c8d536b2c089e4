"""Rules about NUMA cells and pinning."""

from examples.example import Example, cells, host, machine
from phyllome_nb.capacity.facts import Claims, HostDevice
from phyllome_nb.capacity.snapshot import DomainFacts

__all__ = ["EXAMPLES"]

TWO_NODES = host(cells=cells(4, 4), cpus=8)
SMT = host(cells=cells(4, threads=2))
DEVICE = (
    '<hostdev mode="subsystem" type="pci" managed="yes"><source>'
    '<address domain="0" bus="1" slot="0" function="0"/></source></hostdev>'
)
FAR = host(cells=cells(4, 4), devices=(HostDevice("pci_0000_01_00_0", "pci", "0000:01:00.0", node=1),))
NEAR = host(cells=cells(4, 4), devices=(HostDevice("pci_0000_01_00_0", "pci", "0000:01:00.0", node=0),))
PINNED = DomainFacts(
    "pinned", "6695eb01-f6a4-8304-79aa-97f2502e193f", "running", True, False, claims=Claims(cpus=frozenset({1}))
)


def celled(*given: str, vcpus: int = 2, inner: str = "", total: int = 0, top: str = "") -> str:
    """A machine with NUMA cells, each of 64 MiB: ``0=0`` is cell 0 with vCPU 0."""
    made = "".join(
        f'<cell id="{cell.partition("=")[0]}" cpus="{cell.partition("=")[2]}" memory="65536">{inner}</cell>'
        for cell in given
    )
    size = total or 65536 * len(given)
    return machine(
        cpu=f"<cpu><numa>{made}</numa></cpu>", vcpu=f"<vcpu>{vcpus}</vcpu>", memory=f"<memory>{size}</memory>", top=top
    )


def tuned(inner: str, vcpus: int = 2, threads: int = 1, devices: str = "", top: str = "") -> str:
    """A machine with CPU tuning."""
    cpu = f'<cpu><topology sockets="1" cores="{vcpus // threads}" threads="{threads}"/></cpu>'
    return machine(devices, vcpu=f"<vcpu>{vcpus}</vcpu>", cpu=cpu, top=f"{top}<cputune>{inner}</cputune>")


def pin(vcpu: int, cpus: str) -> str:
    """Where a vCPU may run."""
    return f'<vcpupin vcpu="{vcpu}" cpuset="{cpus}"/>'


def placed(nodeset: str, pins: str = "") -> str:
    """A machine whose memory comes from some nodes."""
    tune = f"<cputune>{pins}</cputune>" if pins else ""
    return machine(vcpu="<vcpu>2</vcpu>", top=f'{tune}<numatune><memory mode="strict" nodeset="{nodeset}"/></numatune>')


def distant(value: int) -> str:
    """Two cells, so far apart."""
    cell = '<cell id="{}" cpus="{}" memory="65536"><distances><sibling id="{}" value="{}"/></distances></cell>'
    made = cell.format(0, 0, 1, value) + cell.format(1, 1, 0, value)
    return machine(cpu=f"<cpu><numa>{made}</numa></cpu>", vcpu="<vcpu>2</vcpu>", memory="<memory>131072</memory>")


MEMNODE = '<numatune><memory mode="strict" nodeset="0"/><memnode cellid="{}" mode="strict" nodeset="0"/></numatune>'

EXAMPLES = [
    Example("NUM001", wrong=celled("0=0", "2=1"), right=celled("0=0", "1=1"), message="cell"),
    Example("NUM001", wrong=celled("0=0", "0=1"), right=celled("0=0", "1=1"), message="duplicate"),
    Example("NUM002", wrong=celled("0=0-1", "1=1"), right=celled("0=0", "1=1"), message="overlapping"),
    Example("NUM003", wrong=celled("0=0-2"), right=celled("0=0-1"), message="vcpu"),
    Example("NUM004", wrong=celled("0=0"), right=celled("0=0-1")),
    Example("NUM005", wrong=celled("0=0-1", total=131072), right=celled("0=0-1")),
    Example(
        "NUM006",
        wrong=celled("0=0-1", top=MEMNODE.format(1)),
        right=celled("0=0-1", top=MEMNODE.format(0)),
        message="cell",
    ),
    Example("NUM007", wrong=placed("7"), right=placed("0"), against=host(), message="node"),
    Example(
        "NUM008",
        wrong=placed("0", pin(0, "0") + pin(1, "5")),
        right=placed("0", pin(0, "0") + pin(1, "1")),
        against=TWO_NODES,
        note="the daemon's machine has one node",
    ),
    # While it refuses this, libvirt 9.0 writes past the end of a table, and its daemon may crash then or later.
    Example("NUM009", wrong=distant(5), right=distant(20), message="invalid", alone=True),
    Example(
        "NUM010",
        wrong=machine(memory="<memory unit='GiB'>6</memory>"),
        right=machine(memory="<memory unit='GiB'>3</memory>"),
        against=TWO_NODES,
        note="the daemon's machine has one node",
    ),
    Example(
        "NUM010",
        wrong=machine(vcpu="<vcpu>6</vcpu>"),
        right=machine(vcpu="<vcpu>4</vcpu>"),
        against=TWO_NODES,
        note="the daemon's machine has one node",
    ),
    Example("PIN001", wrong=tuned(pin(0, "0") + pin(2, "0")), right=tuned(pin(0, "0") + pin(1, "0"))),
    Example("PIN002", wrong=tuned(pin(0, "99")), right=tuned(pin(0, "0")), against=host(), message="affinity"),
    Example("PIN003", wrong=tuned(pin(0, "0") + pin(0, "1")), right=tuned(pin(0, "0") + pin(1, "1")), message="vcpu"),
    Example("PIN004", wrong=tuned(pin(0, "1") + pin(1, "1")), right=tuned(pin(0, "0") + pin(1, "1"))),
    Example("PIN004", wrong=tuned(pin(0, "1")), right=tuned(pin(0, "0")), against=host(PINNED)),
    Example(
        "PIN007",
        wrong=tuned(pin(0, "0") + pin(1, "2"), threads=2),
        right=tuned(pin(0, "0") + pin(1, "1"), threads=2),
        against=SMT,
        note="the daemon's machine has no siblings",
    ),
    Example(
        "PIN008",
        wrong=tuned(pin(0, "0") + pin(1, "1"), devices=DEVICE),
        right=tuned(pin(0, "0") + pin(1, "1"), devices=DEVICE),
        against=FAR,
        right_against=NEAR,
        note="the daemon's machine has one node",
    ),
    Example(
        "PIN009",
        wrong=tuned('<iothreadpin iothread="3" cpuset="0"/>', top="<iothreads>2</iothreads>"),
        right=tuned('<iothreadpin iothread="2" cpuset="0"/>', top="<iothreads>2</iothreads>"),
        message="iothread",
    ),
    Example(
        "PIN010",
        wrong=machine(vcpu="<vcpu placement='auto'>1</vcpu>"),
        right=machine(vcpu="<vcpu placement='static'>1</vcpu>"),
        note="whether numad is there differs",
    ),
    Example(
        "NUM011",
        wrong=machine(top="<numatune><memory mode='strict' placement='static'/></numatune>"),
        right=machine(top="<numatune><memory mode='strict' placement='static' nodeset='0'/></numatune>"),
        message="nodeset",
    ),
]
