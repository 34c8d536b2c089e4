"""Rules about what needs a newer libvirt or QEMU."""

from examples.example import Example, host, machine

__all__ = ["EXAMPLES"]

EXAMPLES = [
    Example(
        "VER001",
        wrong=machine(
            cpu='<cpu mode="maximum"><topology sockets="1" dies="1" clusters="1" cores="1" threads="1"/></cpu>'
        ),
        right=machine(cpu='<cpu mode="maximum"><topology sockets="1" dies="1" cores="1" threads="1"/></cpu>'),
        against=host(),
    ),
    Example(
        "VER001",
        wrong=machine('<iommu model="virtio"/>'),
        right=machine('<iommu model="virtio"/>'),
        against=host(libvirt="8.0.0"),
        right_against=host(),
    ),
    Example(
        "VER001",
        wrong=machine('<graphics type="dbus"/>'),
        right=machine('<graphics type="dbus"/>'),
        against=host(hypervisor="QEMU 6.2.0"),
        right_against=host(),
    ),
]
