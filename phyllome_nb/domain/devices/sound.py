"""The sound card the guest sees."""

from phyllome_nb.domain.devices.common import Device, VirtioDriver
from phyllome_nb.xml.fields import Choice, Integer, Switch, TextList
from phyllome_nb.xml.part import Section

__all__ = ["Sound"]


class Sound(Device, title="Sound card", doc="formatdomain.html#sound-devices", start={"model": "ich9"}):
    """The sound card the guest sees."""

    model = Choice(
        "@model",
        "ich9 ich7 ich6 ac97 es1370 sb16 pcspk usb virtio",
        help="ich9 suits q35 machines, ich6 and ac97 older ones; virtio needs libvirt 10.4 or later.",
        qemu="-device",
    )
    multichannel = Switch(
        "@multichannel", "yes no", help="usb: more than stereo; libvirt 9.5 or later.", qemu="usb-audio multi="
    )
    streams = Integer(
        "@streams", 1, help="virtio: how many streams there can be at once; libvirt 10.4 or later.", qemu="streams="
    )
    codecs = TextList(
        "codec/@type",
        "duplex micro output",
        help="ich6 and later: duplex has line in and out, micro a microphone and a speaker, output no input.",
        qemu="-device hda-duplex",
    )
    audio = Integer(
        "audio/@id", 1, help="The id of the audio backend that it plays on; left out, the first.", qemu="audiodev="
    )
    driver = Section("driver", VirtioDriver)
