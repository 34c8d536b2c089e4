"""Screens: how the guest draws, and how a person sees it."""

from phyllome_nb.xml.fields import Choice, Integer, Switch, Text
from phyllome_nb.xml.part import Part

__all__ = ["Graphics", "Video"]


class Graphics(
    Part,
    title="Graphics",
    doc="formatdomain.html#graphical-framebuffers",
    start={"type": "vnc", "listen": "none"},
):
    """How a person sees the guest's screen."""

    type = Choice("@type", "spice vnc sdl rdp desktop egl-headless dbus", help="The protocol.", qemu="-spice or -vnc")
    port = Integer("@port", -1, help="The TCP port; left out with autoport, or -1, the older way to say so.")
    autoport = Switch("@autoport", "yes no", help="Let libvirt choose a free port.")
    listen = Choice(
        "listen/@type", "none address network socket", help="Where it listens: none means only through libvirt."
    )
    address = Text("listen/@address", "127.0.0.1", help="The address it listens on, with listen address.")
    compression = Choice(
        "image/@compression", "auto_glz auto_lz quic glz lz off", help="How SPICE compresses: off on one machine."
    )
    gl = Switch(
        "gl/@enable", "yes no", help="Draw with the host's graphics card; only without a port.", qemu="-spice gl=on"
    )


class Video(
    Part,
    title="Video",
    doc="formatdomain.html#video-devices",
    start={"model": "virtio"},
):
    """The graphics card the guest sees."""

    model = Choice(
        "model/@type",
        "virtio qxl vga cirrus bochs ramfb vmvga none",
        help="virtio suits current guests.",
        qemu="-device",
    )
    heads = Integer("model/@heads", 1, help="How many screens it can drive.")
    primary = Switch("model/@primary", "yes no", help="Whether the guest boots on it.")
    accel3d = Switch(
        "model/acceleration/@accel3d",
        "yes no",
        help="3D drawing by the host; needs gl in graphics.",
        qemu="virtio-vga-gl",
    )
