"""Random numbers and cryptography from the host."""

from phyllome_nb.domain.devices.character_source import HostEnd
from phyllome_nb.domain.devices.common import Device, VirtioDriver
from phyllome_nb.xml.fields import Choice, Integer, Text
from phyllome_nb.xml.part import Section

__all__ = ["Crypto", "Egd", "Rng"]

REFERENCE = "formatdomain.html#random-number-generator-device"


class Egd(HostEnd, title="Entropy daemon", doc=REFERENCE):
    """With backend egd: the line to the program that gathers random numbers."""


class Rng(
    Device,
    title="Random numbers",
    doc=REFERENCE,
    start={"model": "virtio", "backend": "random", "source": "/dev/urandom"},
):
    """A source of random numbers, so that the guest need not wait for them."""

    model = Choice(
        "@model",
        "virtio virtio-transitional virtio-non-transitional",
        help="The device the guest sees.",
        qemu="-device virtio-rng-pci",
    )
    rate_bytes = Integer(
        "rate/@bytes", 1, unit="bytes", help="How much the guest may take in each period.", qemu="max-bytes="
    )
    rate_period = Integer(
        "rate/@period", 1, unit="ms", help="The length of a period; left out, a second.", qemu="period="
    )
    backend = Choice(
        "backend/@model",
        "random builtin egd",
        help="Where the host takes them from: random is a device, builtin QEMU itself, egd another program.",
        qemu="-object rng-random",
    )
    source = Text(
        "backend", "/dev/urandom /dev/random", help="The host's device, with backend random.", qemu="filename="
    )
    egd = Section("backend", Egd)
    driver = Section("driver", VirtioDriver)


class Crypto(
    Device,
    title="Crypto device",
    doc="formatdomain.html#crypto",
    start={"model": "virtio", "type": "qemu", "backend": "builtin"},
):
    """A device that encrypts for the guest; libvirt 9.1 or later."""

    model = Choice("@model", "virtio", help="The device the guest sees.", qemu="-device virtio-crypto-pci")
    type = Choice("@type", "qemu", help="Who runs it: QEMU.")
    backend = Choice(
        "backend/@model",
        "builtin lkcf",
        help="Who does the work: builtin is QEMU's own code, lkcf the host's kernel.",
        qemu="-object cryptodev-backend-builtin",
    )
    queues = Integer("backend/@queues", 1, help="How many requests can be under way at once.", qemu="queues=")
    driver = Section("driver", VirtioDriver)
