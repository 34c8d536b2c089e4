"""The device by which the guest gives memory back."""

from phyllome_nb.domain.devices.common import Device, VirtioDriver
from phyllome_nb.xml.fields import Choice, Integer, Switch
from phyllome_nb.xml.part import Section

__all__ = ["Memballoon"]


class Memballoon(Device, title="Memory balloon", doc="formatdomain.html#memory-balloon-device"):
    """The device by which the guest gives memory back to the host."""

    model = Choice(
        "@model",
        "virtio virtio-transitional virtio-non-transitional xen none",
        help="virtio lets the host ask for memory back while the guest runs; none means it never can.",
        qemu="-device virtio-balloon",
    )
    autodeflate = Switch(
        "@autodeflate",
        "on off",
        help="Give memory back to a guest that runs out of it, before it ends programs.",
        qemu="deflate-on-oom=",
    )
    free_page_reporting = Switch(
        "@freePageReporting", "on off", help="Let the guest report free pages by itself.", qemu="free-page-reporting="
    )
    stats_period = Integer(
        "stats/@period",
        unit="seconds",
        help="Seconds between the guest's reports of how it uses its memory; 0 for none.",
    )
    driver = Section("driver", VirtioDriver)
