"""Rules about what is handed to QEMU past libvirt."""

from examples.example import Example

__all__ = ["EXAMPLES"]

EXAMPLES: list[Example] = []
