"""Rules about host devices and the IOMMU."""

from examples.example import Example

__all__ = ["EXAMPLES"]

EXAMPLES: list[Example] = []
