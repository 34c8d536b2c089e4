"""Rules about what is handed to QEMU past libvirt."""

from examples.example import Example, machine

__all__ = ["EXAMPLES"]

SPACE = 'xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0"'


def handed(*args: str, space: str = SPACE, prefix: str = "qemu:") -> str:
    """A machine with arguments for QEMU."""
    made = "".join(f'<{prefix}arg value="{arg}"/>' for arg in args)
    text = machine(attributes=space)
    return text.replace("</domain>", f"<{prefix}commandline>{made}</{prefix}commandline></domain>")


EXAMPLES = [
    Example("QCL001", wrong=handed("-S", prefix="", space=""), right=handed("-S")),
    Example("QCL001", wrong=handed("-S", space=SPACE.replace("1.0", "1.0/")), right=handed("-S")),
    Example(
        "QCL002",
        wrong=handed("-set", "device.hostdev0.x-igd-opregion=on"),
        right=handed("-set", "device.video0.edid=on"),
        message="hostdev0",
        right_starts=False,
    ),
    Example("QCL003", wrong=handed("-set"), right=handed("-S"), message="-set"),
]
