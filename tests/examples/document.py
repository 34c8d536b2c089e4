"""Rules about the XML itself."""

from examples.example import Example, machine

__all__ = ["EXAMPLES"]

EXAMPLES = [
    Example(
        "XML001",
        wrong=machine("<memballon model='none'/>"),
        right=machine("<memballoon model='none'/>"),
        libvirt="rewrites",
    ),
    Example(
        "XML002",
        wrong=machine(memory="<memory unit='KiB'>65536</memory><memory unit='KiB'>131072</memory>"),
        right=machine(memory="<memory unit='KiB'>65536</memory>"),
    ),
    Example(
        "URI004",
        wrong=machine(top="<description>password: hunter2</description>"),
        right=machine(top="<description>hunts</description>"),
    ),
]
