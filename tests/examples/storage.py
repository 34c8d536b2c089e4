"""Rules about disks and shared directories."""

from examples.example import Example, host, machine
from phyllome_nb.capacity.facts import Claims
from phyllome_nb.capacity.snapshot import DomainFacts

__all__ = ["EXAMPLES"]

SHARED = '<memoryBacking><source type="memfd"/><access mode="shared"/></memoryBacking>'
WRITER = DomainFacts(
    "writer",
    "6695eb01-f6a4-8304-79aa-97f2502e193f",
    "shut off",
    True,
    False,
    claims=Claims(images=frozenset({"/srv/a"})),
)


def share(
    inner: str = "", attributes: str = 'accessmode="passthrough"', driver: str = 'type="virtiofs"', tag: str = "tag"
) -> str:
    """A shared directory."""
    places = f'<source dir="/srv"/><target dir="{tag}"/>'
    return f'<filesystem type="mount" {attributes}><driver {driver}/>{places}{inner}</filesystem>'


def disk(  # noqa: PLR0917  (as a disk is written)
    dev: str = "vda", bus: str = "virtio", driver: str = "", file: str = "/srv/a", kind: str = "disk", inner: str = ""
) -> str:
    """A disk."""
    return (
        f'<disk type="file" device="{kind}"><driver name="qemu" type="raw" {driver}/><source file="{file}"/>'
        f'<target dev="{dev}" bus="{bus}"/>{inner}</disk>'
    )


def of_9p(attributes: str = 'accessmode="mapped"', driver: str = 'type="path"', **more: str) -> str:
    """A directory that is shared by 9p."""
    return machine(share(attributes=attributes, driver=driver, **more))


SYSTEM = "a user's own libvirt of 9.0 has no virtiofs at all"

EXAMPLES = [
    Example("FS001", wrong=machine(share()), right=machine(share(), top=SHARED), libvirt="", system="shared memory"),
    Example(
        "FS002",
        wrong=machine(share("<readonly/>"), top=SHARED),
        right=machine(share(), top=SHARED),
        against=host(session=False),
        libvirt="",
        system="read-only",
        versions=lambda version: version < (11, 0),
    ),
    Example(
        "FS003",
        wrong=machine(share(), top=SHARED),
        right=of_9p(),
        against=host(),
        message="session mode",
        versions=lambda version: version < (10, 0),
    ),
    Example(
        "FS004",
        wrong=machine(share(attributes='accessmode="mapped"'), top=SHARED),
        right=machine(share(), top=SHARED),
        libvirt="",
        system="virtiofs",
    ),
    Example(
        "FS004",
        wrong=machine(share(driver='type="virtiofs" wrpolicy="immediate"'), top=SHARED),
        right=machine(share(), top=SHARED),
        libvirt="",
        system="virtiofs",
    ),
    Example(
        "FS005",
        wrong=machine(share() * 2, top=SHARED),
        right=machine(share() + share(tag="b"), top=SHARED),
        libvirt="",
        system="target",
    ),
    Example(
        "FS006",
        wrong=machine(share(), top=SHARED),
        right=of_9p(),
        against=host(session=False),
        severity="hint",
        note=SYSTEM,
    ),
    Example("DSK002", wrong=machine(disk() + disk(file="/srv/b")), right=machine(disk()), message="target"),
    Example(
        "DSK003",
        wrong=machine(disk(driver='io="native"')),
        right=machine(disk(driver='io="native" cache="none"')),
        message="native",
    ),
    Example(
        "DSK004",
        wrong=machine(disk()),
        right=machine(disk(inner="<shareable/>")),
        against=host(WRITER),
        note="libvirt accepts it, and the second VM does not start",
    ),
    Example(
        "DSK004",
        wrong=machine(disk() + disk("vdb")),
        right=machine(disk() + disk("vdb", file="/srv/b")),
        note="libvirt accepts it, and QEMU does not start",
    ),
    Example("DSK005", wrong=machine(disk(driver='cache="unsafe"')), right=machine(disk(driver='cache="none"'))),
    Example(
        "DSK007",
        wrong=machine(disk("sda", "sata", 'queues="2"')),
        right=machine(disk(driver='queues="2"')),
        message="queues",
    ),
    Example(
        "DSK008",
        wrong=machine(disk("vda", "virtio", kind="floppy")),
        right=machine(disk("fda", "fdc", kind="floppy")),
        message="floppy",
    ),
    Example(
        "DSK009",
        wrong=machine(disk(kind="cdrom")),
        right=machine(disk("sda", "sata", kind="cdrom")),
        message="ejectable",
    ),
    Example(
        "DSK010",
        wrong=machine(disk(inner='<address type="drive" controller="0" bus="0" target="0" unit="0"/>')),
        right=machine(disk()),
        message="address",
    ),
    Example(
        "DSK010",
        wrong=machine(disk("sda", "sata", inner="<readonly/>")),
        right=machine(disk(inner="<readonly/>")),
        message="readonly",
    ),
    Example(
        "DSK011",
        wrong=machine(disk(inner='<backingStore type="file"><format type="raw"/></backingStore>')),
        right=machine(disk(inner="<backingStore/>")),
        message="backing store",
    ),
    Example(
        "DSK010",
        wrong=machine(disk("sda", "sata", kind="lun").replace('type="file"', 'type="block"').replace("file=", "dev=")),
        right=machine(disk("sda", "sata")),
        message="lun",
    ),
]
