"""Rules about memory and what backs it."""

from examples.example import Example, before_11_3, cells, host, machine
from phyllome_nb.capacity.snapshot import DomainFacts, Promise
from phyllome_nb.size import Size

__all__ = ["EXAMPLES"]

CELL = '<cpu><numa><cell id="0" cpus="0" memory="131072"/></numa></cpu>'
GROWING = '<maxMemory slots="2">262144</maxMemory><memory>131072</memory>'
DIMM = '<memory model="dimm"><target><size>65536</size><node>0</node></target></memory>'
VFIO = (
    '<hostdev mode="subsystem" type="pci" managed="yes"><source>'
    '<address domain="0" bus="1" slot="0" function="0"/></source></hostdev>'
)
PRIVILEGED = "host devices need privileges"


def virtio_mem(block: int = 2048, requested: int = 65536, size: int = 131072) -> str:
    """A machine whose memory grows in blocks."""
    device = (
        f'<memory model="virtio-mem"><target><size>{size}</size><node>0</node><block>{block}</block>'
        f"<requested>{requested}</requested></target></memory>"
    )
    return machine(device, memory='<maxMemory slots="2">524288</maxMemory><memory>262144</memory>', cpu=CELL)


def backed(inner: str, size: str = "<memory>65536</memory>") -> str:
    """A machine whose memory is backed so."""
    return machine(memory=f"{size}", top=f"<memoryBacking>{inner}</memoryBacking>")


def balloon(current: int, model: str) -> str:
    """A machine with a balloon."""
    size = f"<memory>131072</memory><currentMemory>{current}</currentMemory>"
    return machine(f'<memballoon model="{model}"/>', memory=size)


def with_vfio(current: int) -> str:
    """A machine with a device of the host and a balloon."""
    return machine(VFIO, memory=f"<memory>131072</memory><currentMemory>{current}</currentMemory>")


def other(memory: str) -> DomainFacts:
    """Another VM that runs."""
    live = Promise(1, 1, Size(memory), Size(memory))
    return DomainFacts("other", "6695eb01-f6a4-8304-79aa-97f2502e193f", "running", True, False, live, live)


def sized(size: str) -> str:
    """A machine with so much memory."""
    return machine(memory=f"<memory unit='MiB'>{size}</memory>")


EXAMPLES = [
    Example("MEM001", wrong=machine(memory="<memory>0</memory>"), right=machine(), message="memory"),
    Example(
        "MEM002",
        wrong=machine(memory="<memory>65536</memory><currentMemory>131072</currentMemory>"),
        right=machine(memory="<memory>65536</memory><currentMemory>65536</currentMemory>"),
    ),
    Example("MEM004", wrong=machine(memory="<memory unit='GiB'>1.5</memory>"), right=sized("1536"), message="memory"),
    Example(
        "MEM005",
        wrong=machine(memory="<memory unit='MB'>512</memory>"),
        right=machine(memory="<memory unit='MiB'>512</memory>"),
    ),
    Example("MEM006", wrong=sized("5120"), right=sized("4096"), against=host(), severity="warning"),
    Example(
        "MEM006",
        wrong=backed("<allocation mode='immediate'/>", "<memory unit='MiB'>5120</memory>"),
        right=backed("<allocation mode='immediate'/>", "<memory unit='MiB'>4096</memory>"),
        against=host(),
        note="libvirt accepts it and QEMU fails to start; the daemon's machine has memory enough",
    ),
    Example("MEM006", wrong=sized("2048"), right=sized("1024"), against=host(other("3 GiB")), severity="warning"),
    Example("MEM007", wrong=machine(memory="<memory>4096</memory>"), right=machine()),
    Example("MEM008", wrong=balloon(65536, "none"), right=balloon(65536, "virtio")),
    Example(
        "MEM009",
        wrong=machine(
            "<disk type='file' device='cdrom'><source file='/srv/installer.iso'/><target dev='sda' bus='sata'/></disk>",
            memory="<memory unit='GiB'>4</memory><currentMemory unit='GiB'>1</currentMemory>",
        ),
        right=machine(
            "<disk type='file' device='cdrom'><source file='/srv/installer.iso'/><target dev='sda' bus='sata'/></disk>",
            memory="<memory unit='GiB'>4</memory><currentMemory unit='GiB'>4</currentMemory>",
        ),
    ),
    Example("MEM010", wrong=with_vfio(65536), right=with_vfio(131072), note=PRIVILEGED),
    Example(
        "MEM012",
        wrong=machine(VFIO, memory="<memory unit='GiB'>2</memory>"),
        right=machine(VFIO, memory="<memory unit='GiB'>1</memory>"),
        against=host(other("2 GiB")),
        note=PRIVILEGED,
    ),
    Example(
        "MEM013",
        wrong=backed("<locked/>"),
        right=machine(
            top="<memtune><hard_limit unit='GiB'>2</hard_limit></memtune><memoryBacking><locked/></memoryBacking>"
        ),
        note="a user's own libvirt cannot lock memory",
    ),
    Example(
        "MEM014",
        wrong=machine(top="<memtune><hard_limit>32768</hard_limit></memtune>"),
        right=machine(top="<memtune><hard_limit unit='GiB'>2</hard_limit></memtune>"),
        note="the kernel kills the guest later",
    ),
    Example(
        "MEM014",
        wrong=machine(top="<memtune><hard_limit>131072</hard_limit></memtune>"),
        right=machine(top="<memtune><hard_limit unit='GiB'>2</hard_limit></memtune>"),
        severity="warning",
        note="the kernel kills the guest later",
    ),
    Example(
        "MEM015",
        wrong=machine(memory="<maxMemory>262144</maxMemory><memory>131072</memory>", cpu=CELL),
        right=machine(memory=GROWING, cpu=CELL),
        message="slot",
        versions=before_11_3,
    ),
    Example(
        "MEM015",
        wrong=machine(memory='<maxMemory slots="2">65536</maxMemory><memory>131072</memory>', cpu=CELL),
        right=machine(memory=GROWING, cpu=CELL),
        message="memory",
    ),
    Example(
        "MEM015",
        wrong=machine(memory=GROWING),
        right=machine(memory=GROWING, cpu=CELL),
        message="NUMA",
        versions=before_11_3,
    ),
    Example("MEM016", wrong=machine(DIMM, cpu=CELL), right=machine(DIMM, memory=GROWING, cpu=CELL), message="memory"),
    Example(
        "MEM016",
        wrong=machine(DIMM.replace("<node>0", "<node>3"), memory=GROWING, cpu=CELL),
        right=machine(DIMM, memory=GROWING, cpu=CELL),
        message="node",
    ),
    Example("MEM017", wrong=virtio_mem(block=3072), right=virtio_mem(), message="power of two"),
    Example("MEM017", wrong=virtio_mem(requested=262144), right=virtio_mem(), message="requested"),
    Example("MEM017", wrong=virtio_mem(requested=65537), right=virtio_mem(), message="requested"),
    Example(
        "MEM020",
        wrong=backed("<hugepages/><allocation mode='ondemand'/>"),
        right=backed("<hugepages/><allocation mode='immediate'/>"),
        message="hugepages",
    ),
    Example(
        "MEM021",
        wrong=backed("<hugepages/><source type='anonymous'/>"),
        right=backed("<hugepages/><source type='memfd'/>"),
        message="hugepages",
    ),
    Example(
        "MEM022",
        wrong=backed("<hugepages><page size='1' unit='GiB'/></hugepages>"),
        right=backed("<hugepages><page size='2' unit='MiB'/></hugepages>"),
        against=host(cells=cells(4, pages=64), session=False),
        note="the daemon's machine has no huge pages",
    ),
    Example(
        "MEM022",
        wrong=backed("<hugepages/>"),
        right=backed("<hugepages/>", "<memory>32768</memory>"),
        against=host(cells=cells(4, pages=16), session=False),
        note="the daemon's machine has no huge pages",
    ),
    Example(
        "MEM023",
        wrong=backed("<hugepages><page size='2' unit='MiB'/></hugepages>", "<memory>66560</memory>"),
        right=backed("<hugepages><page size='2' unit='MiB'/></hugepages>"),
        note="the daemon's machine has no huge pages",
    ),
    Example(
        "MEM024",
        wrong=backed("<hugepages/>"),
        right=backed("<nosharepages/>"),
        against=host(),
        message="hugetlbfs",
    ),
    Example(
        "MEM025",
        wrong=backed("<hugepages><page size='2' unit='MiB' nodeset='3'/></hugepages>"),
        right=backed("<hugepages><page size='2' unit='MiB' nodeset='0'/></hugepages>"),
        message="node",
    ),
]
