"""Linux guests: current, old, and from a cloud image."""

from phyllome_nb.profiles import devices
from phyllome_nb.profiles import preferences as prefer
from phyllome_nb.profiles.resources import SHARED, amounts
from phyllome_nb.profiles.setting import Setting, Settings, profile
from phyllome_nb.size import Size

__all__ = ["DESK", "cloud_server", "linux", "linux_legacy"]

DESK: Settings = (
    *devices.CONSOLE,
    *devices.AGENT,
    Setting("devices.inputs", {"type": "tablet", "bus": "virtio"}, "The pointer follows the one on the screen."),
    Setting("devices.inputs", {"type": "keyboard", "bus": "virtio"}, "Keys arrive without an emulated controller."),
    *devices.TPM,
    *devices.SCREEN,
    Setting(
        "devices.videos",
        {"model": "virtio", "heads": 1, "primary": True},
        "It is one screen of any size, and current Linux has its driver.",
    ),
    *devices.ENTROPY,
)
"""What `linux` has beside memory, vCPUs, disk and network."""


@profile
def linux(
    name: str = "linux",
    memory: Size | str = "2 GiB",
    vcpus: int = 2,
    *,
    disk: str | None = None,
    network: str | None = "default",
    type: str = "kvm",  # noqa: A002  (libvirt's name)
    session: bool = False,
    cdrom: str | None = None,
) -> Settings:
    """A virtual machine for a current Linux, after Phyllome OS's machine definition.

    Parameters
    ----------
    name : str
        What the VM is called.
    memory : Size or str
        Its memory, such as ``"4 GiB"``.
    vcpus : int
        Its virtual CPUs, shown to it as cores of one socket.
    disk : str, optional
        The path of its qcow2 image on the host; left out, it has no disk.
    network : str, optional
        libvirt's network that it is attached to; with None, libvirt's user-mode network, which needs no rights.
    type : str
        The hypervisor: ``kvm``, or ``qemu`` where the host has no KVM.
    session : bool
        Whether it is for a user's own libvirt (``qemu:///session``): then nothing in it needs rights.
    cdrom : str, optional
        The path of an ISO image to install from.

    Raises
    ------
    DefinitionError
        If one of the values cannot be used.

    Examples
    --------
    >>> linux(name="web", memory="4 GiB", vcpus=4)
    <DomainSpec 'web': 4 vCPUs, 4 GiB>
    """
    return (
        *prefer.identity(name, type),
        *amounts(memory, vcpus),
        *(() if session else SHARED),
        *prefer.Q35,
        *prefer.UEFI,
        *prefer.UNSIGNED,
        *prefer.boot(cdrom),
        *prefer.processor(type),
        *prefer.UTC,
        *prefer.POWER,
        *devices.disk(disk),
        *devices.cdrom(cdrom),
        *devices.network(network, session=session),
        *DESK,
        *devices.BALLOON,
    )


@profile
def linux_legacy(
    name: str = "linux-legacy",
    memory: Size | str = "2 GiB",
    vcpus: int = 2,
    *,
    disk: str | None = None,
    network: str | None = "default",
    type: str = "kvm",  # noqa: A002
    session: bool = False,
    cdrom: str | None = None,
) -> Settings:
    """A virtual machine for an old Linux: installed for BIOS, or without drivers for virtio screens and pointers.

    Its parameters are those of `linux`, which suits what is in use today.

    Raises
    ------
    DefinitionError
        If one of the values cannot be used.

    Examples
    --------
    >>> linux_legacy(name="archive").os.machine
    'pc'
    """
    return (
        *prefer.identity(name, type),
        *amounts(memory, vcpus),
        *prefer.PC,
        *prefer.BIOS,
        *prefer.boot(cdrom),
        *prefer.processor(type),
        *prefer.UTC,
        *prefer.POWER,
        *devices.disk(disk),
        *devices.cdrom(cdrom, target="hda", bus="ide"),
        *devices.network(network, session=session),
        *devices.CONSOLE,
        *devices.AGENT,
        Setting("devices.inputs", {"type": "tablet", "bus": "usb"}, "Old kernels know USB pointers, not virtio ones."),
        *devices.SCREEN,
        Setting(
            "devices.videos", {"model": "vga", "heads": 1, "primary": True}, "Every system can draw on a VGA card."
        ),
        *devices.BALLOON,
        *devices.ENTROPY,
    )


@profile
def cloud_server(
    name: str = "cloud-server",
    memory: Size | str = "2 GiB",
    vcpus: int = 2,
    *,
    disk: str | None = None,
    network: str | None = "default",
    type: str = "kvm",  # noqa: A002
    session: bool = False,
    seed: str | None = None,
) -> Settings:
    """A virtual machine for a distribution's cloud image, without a screen.

    Its parameters are those of `linux`; `disk` is a copy of the image.

    Parameters
    ----------
    seed : str, optional
        The path of the ISO image, labelled CIDATA, that tells cloud-init what to set up at the first start.

    Raises
    ------
    DefinitionError
        If one of the values cannot be used.

    Examples
    --------
    >>> spec = cloud_server(disk="/srv/web.qcow2", seed="/srv/web-seed.iso")
    >>> [(each.device, each.target, each.readonly) for each in spec.devices.disks]
    [('disk', 'vda', False), ('cdrom', 'sda', True)]
    """
    return (
        *prefer.identity(name, type),
        *amounts(memory, vcpus),
        *prefer.Q35,
        *prefer.BIOS,
        *prefer.boot(),
        *prefer.processor(type),
        *prefer.UTC,
        *prefer.POWER,
        *devices.disk(disk),
        *devices.cdrom(seed, "cloud-init reads user, keys and network from it; the guest cannot change it."),
        *devices.network(network, session=session),
        *devices.CONSOLE,
        *devices.AGENT,
        *devices.NO_USB,
        *devices.BALLOON,
        *devices.ENTROPY,
    )
