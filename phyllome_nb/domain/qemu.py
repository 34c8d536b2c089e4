"""What is handed to QEMU as it stands."""

from phyllome_nb.xml.fields import Text, TextList
from phyllome_nb.xml.part import Many, Part

__all__ = ["Environment", "Qemu"]

REFERENCE = "drvqemu.html#pass-through-of-arbitrary-qemu-commands"


class Environment(Part, title="Environment variable", doc=REFERENCE, start={"name": "VARIABLE", "value": ""}):
    """A variable in QEMU's environment."""

    name = Text("@name", help="The variable.")
    value = Text("@value", help="Its value.")


class Qemu(Part, title="QEMU command line", doc=REFERENCE):
    """What is handed to QEMU as it stands. libvirt does not check it and marks the VM as tainted."""

    args = TextList("qemu:commandline/qemu:arg/@value", help="Arguments for QEMU's command line, one word each.")
    env = Many("qemu:commandline/qemu:env", Environment)
