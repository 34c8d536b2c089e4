"""Which machine the guest sees, and what it boots."""

from phyllome_nb.xml.fields import Choice, Switch, Text, TextList
from phyllome_nb.xml.part import Many, Part

__all__ = ["FirmwareFeature", "Os"]


class FirmwareFeature(
    Part,
    title="Firmware feature",
    doc="formatdomain.html#bios-bootloader",
    start={"enabled": False, "name": "secure-boot"},
):
    """What the firmware that libvirt chooses must have, or must not."""

    enabled = Switch("@enabled", "yes no", help="Whether it must have it (yes) or must not (no).")
    name = Choice("@name", "secure-boot enrolled-keys", help="The feature.")


class Os(Part, title="Machine and boot", doc="formatdomain.html#bios-bootloader"):
    """Which machine the guest sees, and what it boots."""

    firmware = Choice(
        "@firmware",
        "efi bios",
        help="efi: UEFI, as current guests expect; libvirt chooses the image. bios: the older SeaBIOS.",
        qemu="-drive if=pflash",
    )
    type = Choice("type", "hvm xen exe", help="hvm: a whole machine, as QEMU and KVM run it.")
    arch = Text("type/@arch", "x86_64 aarch64 riscv64 ppc64 s390x i686", help="The guest's processor architecture.")
    machine = Text(
        "type/@machine",
        "q35 pc microvm virt pseries s390-ccw-virtio",
        help="The chipset. q35: PCI Express, as current guests expect. pc: the older i440FX. libvirt pins the version.",
        qemu="-machine",
    )
    features = Many("firmware/feature", FirmwareFeature)
    loader = Text("loader", help="The firmware image by path; leave it out where libvirt chooses one.")
    loader_readonly = Switch("loader/@readonly", "yes no", help="Whether the guest can write to the firmware image.")
    loader_secure = Switch(
        "loader/@secure",
        "yes no",
        help="Whether the image named in loader does Secure Boot. libvirt before 11 refuses it beside firmware=efi.",
    )
    loader_type = Choice("loader/@type", "rom pflash", help="How the image is mapped.")
    nvram = Text("nvram", help="The file that keeps this VM's UEFI variables.")
    kernel = Text(
        "kernel",
        help="A kernel on the host to boot directly, without a boot loader.",
        doc="formatdomain.html#direct-kernel-boot",
        qemu="-kernel",
    )
    initrd = Text(
        "initrd",
        help="The initial RAM disk that goes with the kernel.",
        doc="formatdomain.html#direct-kernel-boot",
        qemu="-initrd",
    )
    cmdline = Text(
        "cmdline",
        help="The kernel's command line.",
        doc="formatdomain.html#direct-kernel-boot",
        qemu="-append",
    )
    boot = TextList(
        "boot/@dev",
        "hd cdrom network fd",
        help="The kinds of device to boot from, first choice first.",
        qemu="-device …,bootindex=",
    )
