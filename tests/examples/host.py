"""Rules about the host: its hypervisor, its names."""

from examples.example import Example, host, machine
from phyllome_nb.capacity.facts import Guest
from phyllome_nb.capacity.snapshot import DomainFacts

__all__ = ["EXAMPLES"]

UUID = "6695eb01-f6a4-8304-79aa-97f2502e193f"
TAKEN = host(DomainFacts("taken", UUID, "shut off", True, False))
QEMU = "/usr/bin/qemu-system-x86_64"
OFFERS = host(guests=(Guest("x86_64", QEMU, frozenset({"qemu"}), frozenset({"q35", "pc", "pc-q35-7.2"})),))
LISTED = host(emulators=frozenset({"/usr/bin/qemu-system-x86_64"}))

EXAMPLES = [
    Example("URI001", wrong=machine(type="kvm"), right=machine(), against=host(kvm=False), note="it fails at start"),
    Example(
        "URI002",
        wrong=machine("<emulator>/nonexistent/qemu</emulator>"),
        right=machine("<emulator>/usr/bin/qemu-system-x86_64</emulator>"),
        against=LISTED,
    ),
    Example("OS003", wrong=machine(name="a/b"), right=machine(name="a-b"), message="name"),
    Example("OS003", wrong=machine(top="<uuid>none</uuid>"), right=machine(top=f"<uuid>{UUID}</uuid>"), message="uuid"),
    Example(
        "OS003", wrong=machine(name="taken"), right=machine(name="free"), against=TAKEN, libvirt="", note="test_change"
    ),
    Example(
        "OS003",
        wrong=machine(top=f"<uuid>{UUID}</uuid>"),
        right=machine(name="taken", top=f"<uuid>{UUID}</uuid>"),
        against=TAKEN,
        libvirt="",
        note="see test_change",
    ),
    Example(
        "URI005",
        wrong=machine(os='<os><type arch="x86_64" machine="pc-q35-99.9">hvm</type></os>'),
        right=machine(),
        against=OFFERS,
        message="machine",
    ),
    Example(
        "URI005",
        wrong=machine(os='<os><type arch="riscv64" machine="virt">hvm</type></os>'),
        right=machine(),
        against=OFFERS,
        message="riscv64",
    ),
    Example("URI005", wrong=machine(type="hvf"), right=machine(), against=OFFERS, message="hvf"),
]
