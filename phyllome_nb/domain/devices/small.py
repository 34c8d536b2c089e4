"""Devices with little to say: input, balloon, random numbers, TPM."""

from phyllome_nb.xml.fields import Choice, Integer, Switch, Text
from phyllome_nb.xml.part import Part

__all__ = ["Input", "Memballoon", "Rng", "Tpm"]


class Input(
    Part,
    title="Input",
    doc="formatdomain.html#input-devices",
    start={"type": "tablet", "bus": "virtio"},
):
    """A keyboard, a mouse or a tablet."""

    type = Choice(
        "@type",
        "keyboard mouse tablet passthrough evdev",
        help="tablet: a pointer that follows the one on your screen.",
    )
    bus = Choice("@bus", "virtio usb ps2 xen", help="How it is attached.", qemu="-device")


class Memballoon(Part, title="Memory balloon", doc="formatdomain.html#memory-balloon-device"):
    """The device by which the guest gives memory back to the host."""

    model = Choice(
        "@model",
        "virtio virtio-transitional virtio-non-transitional none",
        help="virtio lets the host ask for memory back while the guest runs; none means it never can.",
        qemu="-device virtio-balloon",
    )
    stats_period = Integer(
        "stats/@period", help="Seconds between the guest's reports of how it uses its memory; 0 for none."
    )
    free_page_reporting = Switch(
        "@freePageReporting", "on off", help="Let the guest report free pages by itself.", qemu="free-page-reporting="
    )


class Rng(
    Part,
    title="Random numbers",
    doc="formatdomain.html#random-number-generator-device",
    start={"model": "virtio", "backend": "random", "source": "/dev/urandom"},
):
    """A source of random numbers, so that the guest need not wait for them."""

    model = Choice(
        "@model",
        "virtio virtio-transitional virtio-non-transitional",
        help="The device the guest sees.",
        qemu="-device virtio-rng-pci",
    )
    backend = Choice(
        "backend/@model", "random builtin egd", help="Where the host takes them from.", qemu="-object rng-random"
    )
    source = Text(
        "backend", "/dev/urandom /dev/random", help="The host's device, with backend random.", qemu="filename="
    )


class Tpm(
    Part,
    title="TPM",
    doc="formatdomain.html#tpm-device",
    start={"model": "tpm-crb", "backend": "emulator", "version": "2.0"},
):
    """A Trusted Platform Module, which Windows 11 asks for."""

    model = Choice(
        "@model", "tpm-crb tpm-tis tpm-spapr spapr-tpm-proxy", help="tpm-crb is TPM 2.0 only.", qemu="-device"
    )
    backend = Choice(
        "backend/@type",
        "emulator passthrough external",
        help="emulator: a program on the host (swtpm) plays it.",
        qemu="-tpmdev",
    )
    version = Choice("backend/@version", "2.0 1.2", help="The version of the emulated TPM.")
