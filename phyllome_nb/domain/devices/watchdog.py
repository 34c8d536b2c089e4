"""What notices that the guest hangs or crashes, and what remains of it."""

from phyllome_nb.domain.devices.common import Device
from phyllome_nb.xml.fields import Choice, SizeField, Text

__all__ = ["Panic", "Pstore", "Watchdog"]


class Watchdog(
    Device,
    title="Watchdog",
    doc="formatdomain.html#watchdog-device",
    start={"model": "i6300esb", "action": "reset"},
):
    """A timer that the guest must wind up again and again; if it runs out, the guest hangs."""

    model = Choice(
        "@model",
        "i6300esb itco ib700 diag288",
        help="i6300esb for x86 in general, itco is part of every q35 machine, diag288 for s390.",
        qemu="-device i6300esb",
    )
    action = Choice(
        "@action",
        "reset shutdown poweroff pause none dump inject-nmi",
        help="What then happens: reset restarts at once, dump keeps the guest's memory, inject-nmi asks its kernel.",
        qemu="-action watchdog=",
    )


class Panic(Device, title="Panic device", doc="formatdomain.html#panic-device", start={"model": "isa"}):
    """How the guest tells the host that its kernel crashed; on_crash in events says what follows."""

    model = Choice(
        "@model",
        "isa pvpanic hyperv pseries s390",
        help="isa for x86, hyperv for Windows, pvpanic for ARM; pseries and s390 have theirs built in.",
        qemu="-device pvpanic",
    )


class Pstore(Device, title="Persistent store", doc="formatdomain.html#pstore", start={"backend": "acpi-erst"}):
    """A file on the host where the guest's kernel keeps its last words over a crash; libvirt 10.4 or later."""

    backend = Choice("@backend", "acpi-erst", help="The device the guest sees.", qemu="-device acpi-erst")
    path = Text("path", help="The file on the host; left out, libvirt makes one up.", qemu="mem-path=")
    size = SizeField("size", help="How large it is; what does not fit is lost.", qemu="size=")
