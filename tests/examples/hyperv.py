"""Rules about Hyper-V enlightenments, KVM features and clocks."""

from examples.example import Example

__all__ = ["EXAMPLES"]

EXAMPLES: list[Example] = []
