"""Keyboards and mice, and the hubs that USB devices are plugged into."""

from phyllome_nb.domain.devices.common import Device, VirtioDriver
from phyllome_nb.xml.fields import Choice, Switch, Text
from phyllome_nb.xml.part import Section

__all__ = ["Hub", "Input"]


class Input(Device, title="Input", doc="formatdomain.html#input-devices", start={"type": "tablet", "bus": "virtio"}):
    """A keyboard, a mouse or a tablet."""

    type = Choice(
        "@type",
        "keyboard mouse tablet passthrough evdev",
        help="tablet: a pointer that follows the one on your screen. passthrough and evdev: the host's own device.",
    )
    bus = Choice("@bus", "virtio usb ps2 xen parallels none", help="How it is attached.", qemu="-device")
    model = Choice(
        "@model",
        "virtio virtio-transitional virtio-non-transitional",
        help="With bus virtio: which generation of virtio; old guests need transitional.",
    )
    driver = Section("driver", VirtioDriver)
    evdev = Text(
        "source/@evdev",
        "/dev/input/event0",
        help="With passthrough: the host's device, which nobody else can then use.",
        qemu="virtio-input-host evdev=",
    )
    dev = Text(
        "source/@dev",
        "/dev/input/by-id/",
        help="With evdev: the host's device, shared with the host. A path below by-id stays the same.",
        qemu="-object input-linux,evdev=",
    )
    grab = Choice(
        "source/@grab",
        "all",
        help="With evdev: all devices change sides together, not this one alone.",
        qemu="grab_all=",
    )
    grab_toggle = Choice(
        "source/@grabToggle",
        "ctrl-ctrl alt-alt shift-shift meta-meta scrolllock ctrl-scrolllock",
        help="With evdev: the keys that move keyboard and mouse between host and guest.",
        qemu="grab-toggle=",
    )
    repeat = Switch(
        "source/@repeat", "on off", help="With evdev: a key that is held down types again and again.", qemu="repeat="
    )


class Hub(Device, title="Hub", doc="formatdomain.html#hub-devices", start={"type": "usb"}):
    """A hub for more USB devices than the controller has ports; libvirt adds those it needs by itself."""

    type = Choice("@type", "usb", help="What is plugged into it.", qemu="-device usb-hub")
