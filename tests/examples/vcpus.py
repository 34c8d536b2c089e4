"""Rules about vCPUs and their topology."""

from examples.example import Example, machine

__all__ = ["EXAMPLES"]

EXAMPLES = [
    Example(
        "CPU001",
        wrong=machine(vcpu="<vcpu>4</vcpu>", cpu='<cpu><topology sockets="1" cores="2" threads="1"/></cpu>'),
        right=machine(vcpu="<vcpu>4</vcpu>", cpu='<cpu><topology sockets="1" cores="2" threads="2"/></cpu>'),
        message="topology",
    ),
]
