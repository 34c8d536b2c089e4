"""Rules about what needs a newer libvirt or QEMU."""

from examples.example import Example

__all__ = ["EXAMPLES"]

EXAMPLES: list[Example] = []
