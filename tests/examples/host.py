"""Rules about the host: its hypervisor, its names."""

from examples.example import Example

__all__ = ["EXAMPLES"]

EXAMPLES: list[Example] = []
