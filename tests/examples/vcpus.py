"""Rules about vCPUs, their topology and the processor they are."""

from examples.example import Example, before_11_3, host, machine
from phyllome_nb.capacity.snapshot import DomainFacts, Promise
from phyllome_nb.size import Size

__all__ = ["EXAMPLES"]

WINDOWS = (
    '<metadata><libosinfo:libosinfo xmlns:libosinfo="http://libosinfo.org/xmlns/libvirt/domain/1.0">'
    '<libosinfo:os id="http://microsoft.com/win/10"/></libosinfo:libosinfo></metadata>'
)
KVM = "KVM does not run a guest on this machine"
EIM = '<iommu model="intel"><driver intremap="on" eim="on"/></iommu>'
SPLIT = "<features><acpi/><ioapic driver='qemu'/></features>"
PROMISE = Promise(13, 13, Size("1 GiB"), Size("1 GiB"))
BUSY = host(DomainFacts("busy", "6695eb01-f6a4-8304-79aa-97f2502e193f", "running", True, False, PROMISE, PROMISE))
MODELS = {"models": {"Haswell": "no", "Penryn": "yes"}}


def shaped(vcpus: int, attributes: str, mode: str = "", inner: str = "", **more: str) -> str:
    """A machine with a topology."""
    cpu = f"<cpu {mode}>{inner}<topology {attributes}/></cpu>"
    return machine(vcpu=f"<vcpu>{vcpus}</vcpu>", cpu=cpu, **more)


def counted(text: str, devices: str = "", **more: str) -> str:
    """A machine with so many vCPUs."""
    return machine(devices, vcpu=text, **more)


def cpu(inner: str, attributes: str = 'mode="maximum"', type: str = "qemu") -> str:  # noqa: A002
    """A machine with a processor."""
    return machine(cpu=f"<cpu {attributes}>{inner}</cpu>", type=type)


def model(name: str, type: str = "qemu") -> str:  # noqa: A002
    """A machine with a processor by name."""
    return cpu(f"<model>{name}</model>", 'mode="custom" match="exact"', type)


EXAMPLES = [
    Example(
        "CPU001",
        wrong=shaped(4, 'sockets="1" cores="2" threads="1"'),
        right=shaped(4, 'sockets="1" cores="2" threads="2"'),
        message="topology",
    ),
    Example(
        "CPU002",
        wrong=counted("<vcpu current='3'>2</vcpu>"),
        right=counted("<vcpu current='2'>2</vcpu>"),
        message="vcpu",
    ),
    Example("CPU003", wrong=counted("<vcpu>0</vcpu>"), right=counted("<vcpu>1</vcpu>")),
    Example(
        "CPU004",
        wrong=counted("<vcpu>289</vcpu>", devices=EIM, features=SPLIT),
        right=counted("<vcpu>288</vcpu>", devices=EIM, features=SPLIT),
        against=host(),
        message="288",
        versions=before_11_3,
    ),
    Example(
        "CPU005",
        wrong=counted("<vcpu>256</vcpu>"),
        right=counted("<vcpu>256</vcpu>", devices=EIM, features=SPLIT),
        message="extended interrupt mode",
        versions=before_11_3,
    ),
    Example("CPU006", wrong=counted("<vcpu>5</vcpu>"), right=counted("<vcpu>4</vcpu>"), against=host()),
    Example(
        "CPU007", wrong=counted("<vcpu>4</vcpu>"), right=counted("<vcpu>4</vcpu>"), against=BUSY, right_against=host()
    ),
    Example(
        "CPU009",
        wrong=shaped(2, 'sockets="1" cores="1" threads="2"', 'mode="host-model"'),
        right=shaped(2, 'sockets="1" cores="1" threads="2"', 'mode="host-model"', ""),
        against=host(cpu_vendor="AMD"),
        right_against=host(cpu_vendor="Intel"),
    ),
    Example(
        "CPU010",
        wrong=shaped(4, 'sockets="4" cores="1" threads="1"', top=WINDOWS),
        right=shaped(4, 'sockets="2" cores="2" threads="1"', top=WINDOWS),
    ),
    Example(
        "CPU020",
        wrong=cpu("", 'mode="host-passthrough"', "kvm"),
        right=cpu("", 'mode="host-model"', "kvm"),
        severity="hint",
        libvirt="",
        note=KVM,
    ),
    Example("CPU021", wrong=cpu("", 'mode="host-passthrough"'), right=cpu(""), message="host-passthrough"),
    Example("CPU022", wrong=machine(type="kvm"), right=cpu("", 'mode="host-model"', "kvm"), libvirt="", note=KVM),
    Example(
        "CPU023",
        wrong=model("Haswell", "kvm"),
        right=model("Penryn", "kvm"),
        against=host(capabilities={"type": "kvm", **MODELS}),
        note=KVM,
    ),
    Example(
        "CPU024", wrong=model("Hasbeen"), right=model("Penryn"), against=host(capabilities=MODELS), message="CPU model"
    ),
    Example(
        "CPU025",
        wrong=cpu("<feature policy='require' name='aes'/><feature policy='disable' name='aes'/>"),
        right=cpu("<feature policy='require' name='aes'/><feature policy='disable' name='avx'/>"),
        message="feature",
    ),
    Example(
        "CPU026",
        wrong=cpu("", 'mode="host-model" migratable="off"'),
        right=cpu("", 'mode="maximum" migratable="off"'),
        message="migratable",
    ),
    Example(
        "CPU027",
        wrong=cpu('<maxphysaddr mode="emulate"/>'),
        right=cpu('<maxphysaddr mode="emulate" bits="40"/>'),
        message="bits",
        versions=before_11_3,
    ),
    Example(
        "CPU027",
        wrong=cpu('<maxphysaddr mode="passthrough" bits="40"/>'),
        right=cpu('<maxphysaddr mode="passthrough"/>'),
        message="bits",
    ),
    Example(
        "CPU028",
        wrong=cpu('<cache mode="passthrough"/>', 'mode="host-model"'),
        right=cpu('<cache mode="passthrough"/>'),
        message="cache",
    ),
    Example(
        "CPU028",
        wrong=cpu('<cache mode="emulate" level="2"/>'),
        right=cpu('<cache mode="emulate" level="3"/>'),
        message="cache",
    ),
    Example(
        "CPU031",
        wrong=counted('<vcpu>1</vcpu><vcpus><vcpu id="0" enabled="no" hotpluggable="no"/></vcpus>'),
        right=counted('<vcpu>1</vcpu><vcpus><vcpu id="0" enabled="yes" hotpluggable="no"/></vcpus>'),
        message="vcpu",
    ),
    Example(
        "CPU032",
        wrong=shaped(2, 'sockets="1" cores="2"'),
        right=shaped(2, 'sockets="1" cores="2" threads="1"'),
        message="threads",
    ),
]
