"""Rules about NUMA cells, pinning and tuning."""

from examples.example import Example

__all__ = ["EXAMPLES"]

EXAMPLES: list[Example] = []
