"""Rules about shares, quotas, priorities and I/O threads."""

from examples.example import Example, before_11_3, host, machine

__all__ = ["EXAMPLES"]


def tuned(inner: str) -> str:
    """A machine with CPU tuning."""
    return machine(top=f"<cputune>{inner}</cputune>")


def disk(number: int, bus: str = "virtio", dev: str = "vda") -> str:
    """A machine with two I/O threads, one of which serves a disk."""
    made = (
        f'<disk type="file"><driver name="qemu" type="raw" iothread="{number}"/><source file="/srv/a"/>'
        f'<target dev="{dev}" bus="{bus}"/></disk>'
    )
    return machine(made, top="<iothreads>2</iothreads>")


def controller(model: str) -> str:
    """A machine with an I/O thread for its SCSI controller."""
    made = f'<controller type="scsi" index="0" model="{model}"><driver iothread="1"/></controller>'
    return machine(made, top="<iothreads>2</iothreads>")


FIFO = '<vcpusched vcpus="0" scheduler="fifo" priority="1"/>'

EXAMPLES = [
    Example(
        "TUN001",
        wrong=tuned("<shares>1</shares>"),
        right=tuned("<shares>1024</shares>"),
        message="shares",
        versions=before_11_3,
    ),
    Example("TUN001", wrong=tuned("<period>500</period>"), right=tuned("<period>1000</period>"), message="period"),
    Example("TUN001", wrong=tuned("<quota>500</quota>"), right=tuned("<quota>-1</quota>"), message="quota"),
    Example(
        "TUN002",
        wrong=tuned("<shares>1024</shares>"),
        right=tuned('<vcpupin vcpu="0" cpuset="0"/>'),
        against=host(),
        message="session mode",
    ),
    Example(
        "TUN002",
        wrong=machine(top="<memtune><hard_limit unit='GiB'>4</hard_limit></memtune>"),
        right=machine(),
        against=host(),
        message="session mode",
    ),
    Example(
        "TUN003",
        wrong=tuned(FIFO),
        right=tuned(f'<emulatorpin cpuset="0"/>{FIFO}'),
        note="real-time scheduling needs privileges",
    ),
    Example("IOT001", wrong=disk(3), right=disk(2), message="iothread"),
    Example("IOT002", wrong=disk(1, "sata", "sda"), right=disk(1), message="iothread"),
    Example("IOT002", wrong=controller("lsilogic"), right=controller("virtio-scsi"), message="iothread"),
]
