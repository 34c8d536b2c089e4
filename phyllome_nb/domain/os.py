"""Which machine the guest sees, and what it boots."""

from phyllome_nb.domain.devices.disk_chain import KINDS, ChainSource
from phyllome_nb.domain.firmware import FirmwareFeature, Varstore
from phyllome_nb.xml.fields import Choice, Integer, Switch, Text, TextList
from phyllome_nb.xml.part import Many, Part, Section

__all__ = ["AcpiTable", "InitVariable", "Os"]

CONTAINER = "formatdomain.html#container-boot"
DIRECT = "formatdomain.html#direct-kernel-boot"


class InitVariable(Part, title="Variable", doc=CONTAINER, start={"name": "VARIABLE", "value": "value"}):
    """A variable in the environment of a container's first program."""

    name = Text("@name", help="The variable.")
    value = Text("", help="Its value.")


class AcpiTable(Part, title="ACPI table", doc=DIRECT, start={"type": "slic", "file": "/var/lib/libvirt/slic.dat"}):
    """A table that the guest's firmware hands on, such as the licence of a Windows that came with its host."""

    type = Choice(
        "@type",
        "slic msdm raw rawset",
        help="slic and msdm: a Windows licence. raw: one table of any kind. rawset: several. libvirt 9: slic alone.",
        qemu="-acpitable",
    )
    file = Text("", help="The file on the host that holds it.", qemu="-acpitable file=")


class Os(Part, title="Machine and boot", doc="formatdomain.html#bios-bootloader"):
    """Which machine the guest sees, and what it boots."""

    firmware = Choice(
        "@firmware",
        "efi bios",
        help="efi: UEFI, as current guests expect; libvirt chooses the image. bios: the older SeaBIOS.",
        qemu="-machine pflash0=",
    )
    type = Choice(
        "type",
        "hvm xen linux xenpvh exe",
        help="hvm: a whole machine, as QEMU and KVM run it. xen, linux and xenpvh: a guest that knows Xen. "
        "exe: a container.",
    )
    arch = Text("type/@arch", "x86_64 aarch64 riscv64 ppc64 s390x i686", help="The guest's processor architecture.")
    machine = Text(
        "type/@machine",
        "q35 pc microvm virt pseries s390-ccw-virtio xenpv xenfv xenpvh",
        help="The chipset. q35: PCI Express, as current guests expect. pc: the older i440FX. libvirt pins the version.",
        qemu="-machine",
    )
    features = Many("firmware/feature", FirmwareFeature)
    init = Text("init", help="The first program of a container.", doc=CONTAINER)
    initargs = TextList("initarg", help="Its arguments, one each.", doc=CONTAINER)
    initenv = Many("initenv", InitVariable)
    initdir = Text("initdir", help="The directory in which it starts.", doc=CONTAINER)
    inituser = Text("inituser", help="The user as whom it runs, by name or number.", doc=CONTAINER)
    initgroup = Text("initgroup", help="The group as which it runs, by name or number.", doc=CONTAINER)
    loader = Text("loader", help="The firmware image by path; leave it out where libvirt chooses one.")
    loader_readonly = Switch("loader/@readonly", "yes no", help="Whether the guest can write to the firmware image.")
    loader_secure = Switch(
        "loader/@secure",
        "yes no",
        help="Whether the image does Secure Boot. Beside firmware=efi, libvirt before 11 refuses no.",
    )
    loader_type = Choice("loader/@type", "rom pflash", help="How the image is mapped.")
    loader_stateless = Switch(
        "loader/@stateless",
        "yes no",
        help="Keep no variables at all, so that each start is the same. The guest forgets its boot entries.",
    )
    loader_format = Choice("loader/@format", "raw qcow2", help="The format of the image.")
    nvram = Text("nvram", help="The file that keeps this VM's UEFI variables.")
    nvram_template = Text("nvram/@template", help="The file from which it is made at the first start.")
    nvram_template_format = Choice("nvram/@templateFormat", "raw qcow2", help="The format of the template.")
    nvram_format = Choice("nvram/@format", "raw qcow2", help="The format of the file. Snapshots inside it need qcow2.")
    nvram_type = Choice(
        "nvram/@type",
        KINDS,
        help="Where the variables are kept, with a source instead of a file.",
    )
    nvram_source = Section("nvram/source", ChainSource)
    varstore = Section("varstore", Varstore)
    kernel = Text(
        "kernel",
        help="A kernel on the host to boot directly, without a boot loader.",
        doc=DIRECT,
        qemu="-kernel",
    )
    initrd = Text(
        "initrd",
        help="The initial RAM disk that goes with the kernel.",
        doc=DIRECT,
        qemu="-initrd",
    )
    cmdline = Text(
        "cmdline",
        help="The kernel's command line.",
        doc=DIRECT,
        qemu="-append",
    )
    shim = Text(
        "shim",
        help="The shim that checks the kernel's signature, for Secure Boot; libvirt 11.2 or later.",
        doc=DIRECT,
        qemu="-shim",
    )
    root = Text("root", help="The root device for the kernel; Xen only.", doc=DIRECT)
    dtb = Text(
        "dtb",
        help="The device tree that describes the machine, where the hypervisor's own does not suit; ARM and PowerPC.",
        doc=DIRECT,
        qemu="-dtb",
    )
    acpi_tables = Many("acpi/table", AcpiTable)
    boot = TextList(
        "boot/@dev",
        "hd cdrom network fd",
        help="The kinds of device to boot from, first choice first.",
        qemu="-device …,bootindex=",
    )
    bootmenu = Switch(
        "bootmenu/@enable",
        "yes no",
        help="Let a person choose at the console what to boot.",
        qemu="-boot menu=",
    )
    bootmenu_timeout = Integer(
        "bootmenu/@timeout", unit="ms", help="How long the menu waits, at most 65535.", qemu="-boot splash-time="
    )
    bios_useserial = Switch("bios/@useserial", "yes no", help="Show the BIOS on the serial port, too.")
    bios_reboot_timeout = Integer(
        "bios/@rebootTimeout",
        -1,
        unit="ms",
        help="How long to wait before booting again where nothing could be booted; -1 never does.",
        qemu="-boot reboot-timeout=",
    )
    smbios = Choice(
        "smbios/@mode",
        "emulate host sysinfo",
        help="Which make and serial number the guest sees: the hypervisor's, the host's, or those of sysinfo. "
        "host gives the host's serial number away.",
        doc="formatdomain.html#smbios-system-information",
        qemu="-smbios",
    )
