"""Firmware: what it must have, and where it keeps its variables."""

from phyllome_nb.xml.fields import Choice, Switch, Text
from phyllome_nb.xml.part import Part

__all__ = ["FirmwareFeature", "Varstore"]

REFERENCE = "formatdomain.html#bios-bootloader"


class FirmwareFeature(
    Part,
    title="Firmware feature",
    doc=REFERENCE,
    start={"enabled": False, "name": "secure-boot"},
):
    """What the firmware that libvirt chooses must have, or must not."""

    enabled = Switch("@enabled", "yes no", help="Whether it must have it (yes) or must not (no).")
    name = Choice("@name", "secure-boot enrolled-keys", help="The feature.")


class Varstore(Part, title="Variable store", doc=REFERENCE):
    """Where UEFI variables are kept by QEMU itself, instead of in nvram; the newest libvirt only."""

    template = Text("@template", help="The file from which it is made at the first start.")
    path = Text("@path", help="The file that keeps this VM's variables. Left out, libvirt chooses one.")
