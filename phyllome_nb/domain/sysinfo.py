"""What the guest reads about its make: SMBIOS tables, and files that the firmware hands over."""

from phyllome_nb.xml.fields import Choice, Text, TextList
from phyllome_nb.xml.part import Many, Part

__all__ = ["Sysinfo"]

REFERENCE = "formatdomain.html#smbios-system-information"


class Entry(Part):
    """One value of a table; a table's own part says which there are."""

    value = Text("", help="What the guest reads.", qemu="-smbios")


class BiosEntry(Entry, title="BIOS entry", doc=REFERENCE, start={"name": "vendor", "value": "vendor"}):
    """What the guest reads about its firmware."""

    name = Choice("@name", "vendor version date release", help="Which value it is; date as in 12/31/2026.")


class SystemEntry(Entry, title="System entry", doc=REFERENCE, start={"name": "serial", "value": "1"}):
    """What the guest reads about the whole machine."""

    name = Choice(
        "@name",
        "manufacturer product version serial uuid sku family",
        help="Which value it is; uuid must be the VM's own. cloud-init reads its settings from serial.",
    )


class BaseBoardEntry(Entry, title="Board entry", doc=REFERENCE, start={"name": "serial", "value": "1"}):
    """What the guest reads about a board."""

    name = Choice("@name", "manufacturer product version serial asset location", help="Which value it is.")


class ChassisEntry(Entry, title="Chassis entry", doc=REFERENCE, start={"name": "asset", "value": "1"}):
    """What the guest reads about its case."""

    name = Choice("@name", "manufacturer version serial asset sku", help="Which value it is.")


class BaseBoard(Part, title="Board", doc=REFERENCE):
    """A board of the machine."""

    entries = Many("entry", BaseBoardEntry)


class FwcfgEntry(Part, title="Firmware file", doc=REFERENCE, start={"name": "opt/org.example/name", "value": "value"}):
    """A file that the firmware hands to the guest."""

    name = Text(
        "@name", "opt/com.coreos/config", help="Its name; begin with opt/ and a domain of yours.", qemu="-fw_cfg name="
    )
    file = Text("@file", help="The file on the host that holds its content.", qemu="-fw_cfg file=")
    value = Text("", help="Its content, instead of a file.", qemu="-fw_cfg string=")


class Sysinfo(Part, title="System information", doc=REFERENCE, start={"type": "smbios"}):
    """What the guest reads about its make. Tables show only with smbios set to sysinfo."""

    type = Choice(
        "@type",
        "smbios fwcfg",
        help="smbios: tables of makers and serial numbers. fwcfg: files that the firmware hands over.",
        qemu="-smbios",
    )
    bios = Many("bios/entry", BiosEntry)
    system = Many("system/entry", SystemEntry)
    base_boards = Many("baseBoard", BaseBoard)
    chassis = Many("chassis/entry", ChassisEntry)
    oem_strings = TextList(
        "oemStrings/entry",
        help="Free texts for programs in the guest, such as credentials for systemd.",
        qemu="-smbios type=11,value=",
    )
    entries = Many("entry", FwcfgEntry)
