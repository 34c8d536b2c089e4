"""What is handed to QEMU as it stands, past libvirt's checks."""

from typing import TYPE_CHECKING

from phyllome_nb.xml.document import to_text
from phyllome_nb.xml.fields import Choice, Text, TextList
from phyllome_nb.xml.part import Many, Part, Section

if TYPE_CHECKING:
    from phyllome_nb.domain.command_line import CommandLine
    from phyllome_nb.host.host import Host

__all__ = ["Capabilities", "Environment", "Override", "Qemu"]

REFERENCE = "drvqemu.html#pass-through-of-arbitrary-qemu-commands"
OVERRIDE = "drvqemu.html#overriding-properties-of-qemu-devices"


class Environment(Part, title="Environment variable", doc=REFERENCE, start={"name": "VARIABLE", "value": ""}):
    """A variable in QEMU's environment."""

    name = Text("@name", help="The variable.")
    value = Text("@value", help="Its value.")


class Capabilities(Part, title="QEMU capabilities", doc="drvqemu.html#qemu-feature-configuration-for-testing"):
    """What libvirt is told that this QEMU can do, whatever it found itself. For tests of libvirt only."""

    add = TextList("qemu:add/@capability", help="Capabilities to take for granted, by libvirt's name.")
    delete = TextList("qemu:del/@capability", help="Capabilities to do without, by libvirt's name.")


class Property(Part, title="Property", doc=OVERRIDE, start={"name": "property", "type": "string", "value": ""}):
    """A property of a device that is set past libvirt."""

    name = Text("@name", help="The property by QEMU's name; qemu-system-x86_64 -device NAME,help lists them.")
    type = Choice(
        "@type",
        "string signed unsigned bool remove",
        help="What its value is; remove leaves out a property that libvirt would set.",
    )
    value = Text("@value", help="Its value; true or false for a bool, nothing with remove.")


class OverriddenDevice(Part, title="Overridden device", doc=OVERRIDE, start={"alias": "ua-device"}):
    """A device whose properties are set past libvirt."""

    alias = Text("@alias", help="The device's alias, which should begin with ua- so that it stays the same.")
    properties = Many("qemu:frontend/qemu:property", Property)


class Override(Part, title="Overridden devices", doc=OVERRIDE):
    """Properties of devices that are set past libvirt. It does not check them and marks the VM as tainted."""

    devices = Many("qemu:device", OverriddenDevice)


class Qemu(Part, title="QEMU command line", doc=REFERENCE):
    """What is handed to QEMU as it stands. libvirt does not check it and marks the VM as tainted.

    Called, ``spec.qemu()``, it gives the whole command line that libvirt makes of the definition.
    """

    def __call__(self, *parts: str, host: "Host | None" = None) -> "CommandLine":
        """QEMU's command line for the definition, each option with the part that it comes from.

        A private libvirt on this machine is asked; nothing is stored on the host and nothing is started.

        Parameters
        ----------
        *parts : str
            Parts or fields whose options alone are wanted: ``"memory"``, ``"devices.disks"``; all where none is named.
        host : Host, optional
            The host that the VM is for: its rules are taken, the system's or those of a user's session.

        Raises
        ------
        DefinitionError
            If there is no such part.
        Refused
            If libvirt refuses the definition.
        HostError
            If libvirt's QEMU driver is not on this machine, and the host cannot be asked.
        """
        from phyllome_nb.domain.spec import DomainSpec
        from phyllome_nb.host.trial import command_line

        return command_line(DomainSpec.from_xml(to_text(self.__place__.anchor)), parts, host)

    args = TextList("qemu:commandline/qemu:arg/@value", help="Arguments for QEMU's command line, one word each.")
    env = Many("qemu:commandline/qemu:env", Environment)
    capabilities = Section("qemu:capabilities", Capabilities)
    override = Section("qemu:override", Override)
    deprecation = Choice(
        "qemu:deprecation/@behavior",
        "none omit reject crash",
        help="What QEMU does when libvirt uses an interface that will go away. For tests of libvirt only.",
        doc="drvqemu.html#control-of-qemu-deprecation-warnings",
        qemu="-compat deprecated-output=",
    )
