"""Rules about the host: its hypervisor, its names."""

from examples.example import Example, host, machine
from phyllome_nb.capacity.snapshot import DomainFacts

__all__ = ["EXAMPLES"]

UUID = "6695eb01-f6a4-8304-79aa-97f2502e193f"
TAKEN = host(DomainFacts("taken", UUID, "shut off", True, False))
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
]
