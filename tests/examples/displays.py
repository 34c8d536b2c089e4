"""Rules about graphics, video, sound and input."""

from examples.example import Example

__all__ = ["EXAMPLES"]

EXAMPLES: list[Example] = []
