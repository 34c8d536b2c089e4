"""The guest's devices, in the order in which libvirt writes them."""

from phyllome_nb.domain.devices.character import Channel, Console, Serial
from phyllome_nb.domain.devices.disk import Disk
from phyllome_nb.domain.devices.display import Graphics, Video
from phyllome_nb.domain.devices.interface import Interface
from phyllome_nb.domain.devices.small import Input, Memballoon, Rng, Tpm
from phyllome_nb.xml.fields import Text
from phyllome_nb.xml.part import Many, Part, Section

__all__ = ["Devices"]


class Devices(Part, title="Devices", doc="formatdomain.html#devices"):
    """The guest's devices."""

    emulator = Text(
        "emulator",
        "/usr/bin/qemu-system-x86_64",
        help="The program that runs the guest. Left out, libvirt takes the host's.",
    )
    disks = Many("disk", Disk)
    interfaces = Many("interface", Interface)
    serials = Many("serial", Serial)
    consoles = Many("console", Console)
    channels = Many("channel", Channel)
    inputs = Many("input", Input)
    tpms = Many("tpm", Tpm)
    graphics = Many("graphics", Graphics)
    videos = Many("video", Video)
    memballoon = Section("memballoon", Memballoon)
    rngs = Many("rng", Rng)
