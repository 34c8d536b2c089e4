"""Rules about the machine, its firmware and what it boots."""

from examples.example import Example

__all__ = ["EXAMPLES"]

EXAMPLES: list[Example] = []
