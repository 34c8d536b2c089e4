"""The graphics card the guest sees."""

from phyllome_nb.domain.devices.common import Device, VirtioDriver
from phyllome_nb.xml.fields import Choice, Integer, Switch, Text
from phyllome_nb.xml.part import Part, Section

__all__ = ["Resolution", "Video", "VideoDriver"]


class VideoDriver(VirtioDriver, title="Video driver", doc="formatdomain.html#video-devices"):
    """Who plays the graphics card, and the options of virtio."""

    name = Choice("@name", "qemu vhostuser", help="vhostuser: a program beside QEMU, so that its faults stay there.")
    vgaconf = Choice("@vgaconf", "io on off", help="bhyve: whether the card answers as a VGA card does.")


class Resolution(Part, title="Resolution", doc="formatdomain.html#video-devices"):
    """The size of the screen that the card offers first."""

    x = Integer("@x", 1, unit="pixels", help="Its width.", qemu="xres=")
    y = Integer("@y", 1, unit="pixels", help="Its height.", qemu="yres=")


class Video(Device, title="Video", doc="formatdomain.html#video-devices", start={"model": "virtio"}):
    """The graphics card the guest sees."""

    driver = Section("driver", VideoDriver)
    model = Choice(
        "model/@type",
        "virtio qxl vga cirrus bochs ramfb vmvga none xen vbox gop",
        help="virtio suits current guests, vga all others; none when a card of the host is handed to the guest.",
        qemu="-device",
    )
    ram = Integer("model/@ram", unit="KiB", help="qxl: memory of the card's first area.", qemu="ram_size=")
    vram = Integer(
        "model/@vram",
        unit="KiB",
        help="Memory of the card, or of qxl's second area; large screens need more.",
        qemu="vgamem_mb= or vram_size=",
    )
    vram64 = Integer(
        "model/@vram64", unit="KiB", help="qxl: a larger second area for 64-bit guests.", qemu="vram64_size_mb="
    )
    vgamem = Integer(
        "model/@vgamem", unit="KiB", help="qxl: memory for plain VGA, before its driver is loaded.", qemu="vgamem_mb="
    )
    heads = Integer("model/@heads", 1, help="How many screens it can drive.", qemu="max_outputs=")
    primary = Switch("model/@primary", "yes no", help="Whether the guest boots on it.")
    blob = Switch(
        "model/@blob",
        "on off",
        help="virtio: the host shows the guest's pictures without a copy; needs shared memory.",
        qemu="blob=",
    )
    accel3d = Switch(
        "model/acceleration/@accel3d",
        "yes no",
        help="3D drawing by the host; needs gl in graphics.",
        qemu="virtio-vga-gl",
    )
    accel2d = Switch("model/acceleration/@accel2d", "yes no", help="VirtualBox: 2D drawing by the host.")
    rendernode = Text(
        "model/acceleration/@rendernode",
        "/dev/dri/renderD128",
        help="With driver vhostuser: which of the host's graphics cards draws.",
    )
    resolution = Section("model/resolution", Resolution)
