"""Rules about Hyper-V enlightenments, KVM features and clocks."""

from examples.example import Example, host, machine

__all__ = ["EXAMPLES"]

KVM = "QEMU starts such a guest on KVM only, which this machine has not"
CLOCK = '<clock offset="localtime"><timer name="hypervclock" present="yes"/></clock>'
TSC = '<clock offset="utc"><timer name="tsc" frequency="2000000000"/></clock>'
INVTSC = '<cpu mode="host-passthrough"><feature policy="require" name="invtsc"/></cpu>'


def on(*names: str, type: str = "kvm", clock: str = CLOCK, inner: str = "") -> str:  # noqa: A002
    """A machine with some enlightenments."""
    made = "".join(f'<{name} state="on"/>' for name in names)
    features = f'<features><acpi/><hyperv mode="custom">{made}{inner}</hyperv></features>'
    return machine(type=type, features=f"{features}", cpu=clock)


OLD, NEW = host(libvirt="9.0.0"), host(libvirt="11.0.0")
FLUSH = '<tlbflush state="on"><direct state="on"/><extended state="on"/></tlbflush>'
OFFERS = host(capabilities={"type": "kvm", "enums": {"features/hyperv/features": frozenset({"relaxed", "vpindex"})}})

EXAMPLES = [
    Example("HV001", wrong=on("synic"), right=on("synic", "vpindex"), note=KVM),
    Example("HV002", wrong=on("stimer", "vpindex"), right=on("stimer", "vpindex", "synic"), note=KVM),
    Example(
        "HV002",
        wrong=on("stimer", "vpindex", "synic", clock=""),
        right=on("stimer", "vpindex", "synic"),
        note=KVM,
    ),
    Example(
        "HV003",
        wrong=on("vpindex", "synic", inner='<stimer state="off"><direct state="on"/></stimer>'),
        right=on("vpindex", "synic", inner='<stimer state="on"><direct state="on"/></stimer>'),
        note=KVM,
    ),
    Example("HV004", wrong=on("ipi"), right=on("ipi", "vpindex"), note=KVM),
    Example("HV004", wrong=on("tlbflush"), right=on("tlbflush", "vpindex"), note=KVM),
    Example(
        "HV005",
        wrong=on("vpindex", "vapic", inner=FLUSH),
        right=on("vpindex", "vapic", inner=FLUSH),
        against=OLD,
        right_against=NEW,
        libvirt="",
        note="dropped in silence, as definitions-and-rules.md measured",
    ),
    Example("HV006", wrong=on("evmcs"), right=on("evmcs", "vapic"), note=KVM),
    Example(
        "HV006",
        wrong=on("evmcs", "vapic"),
        right=on("evmcs", "vapic"),
        against=host(cpu_vendor="AMD"),
        right_against=host(cpu_vendor="Intel"),
        note=KVM,
    ),
    Example(
        "HV008",
        wrong=on("relaxed", type="qemu", inner='<spinlocks state="on" retries="4094"/>'),
        right=on("relaxed", type="qemu", inner='<spinlocks state="on" retries="4095"/>'),
        message="spinlock",
    ),
    Example("HV009", wrong=on("vpindex", "runtime"), right=on("vpindex", "vapic"), against=OFFERS, note=KVM),
    Example("HV010", wrong=on("relaxed", type="qemu"), right=on("relaxed"), note=""),
    Example(
        "CLK003",
        wrong=machine(cpu=INVTSC, type="kvm"),
        right=machine(cpu=INVTSC + TSC, type="kvm"),
        note="it is refused when the guest is to migrate",
    ),
]
