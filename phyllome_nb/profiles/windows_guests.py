"""Windows guests."""

from phyllome_nb.profiles import devices
from phyllome_nb.profiles import preferences as prefer
from phyllome_nb.profiles.resources import amounts
from phyllome_nb.profiles.setting import Setting, Settings, profile
from phyllome_nb.size import Size

__all__ = ["windows_10", "windows_11"]

IN_THE_BOX = "Windows comes with its driver."
WITH_DRIVERS: Settings = (*devices.AGENT, *devices.BALLOON, *devices.ENTROPY)
LIBOSINFO = "By this name virt-manager and others know the system and choose its devices."


@profile
def windows_10(
    name: str = "windows-10",
    memory: Size | str = "4 GiB",
    vcpus: int = 2,
    *,
    disk: str | None = None,
    network: str | None = "default",
    type: str = "kvm",  # noqa: A002  (libvirt's name)
    session: bool = False,
    cdrom: str | None = None,
    virtio: bool = False,
) -> Settings:
    """A virtual machine for Windows 10, after Phyllome OS's machine definition.

    Its other parameters are those of `linux`; `cdrom` is Windows' installation medium.

    Parameters
    ----------
    virtio : bool
        Whether Windows has the virtio drivers: disk and network are then quicker, memory can be taken back, and the
        guest agent is heard.

    Raises
    ------
    DefinitionError
        If one of the values cannot be used.

    Examples
    --------
    >>> windows_10(disk="/srv/office.qcow2").devices.disks[0].bus
    'sata'
    """
    return (
        *prefer.identity(name, type),
        Setting("metadata.os", "http://microsoft.com/win/10", LIBOSINFO),
        *amounts(memory, vcpus),
        *prefer.UNSIGNED,
        *_windows(disk, network, type, cdrom, session=session, virtio=virtio),
    )


@profile
def windows_11(
    name: str = "windows-11",
    memory: Size | str = "4 GiB",
    vcpus: int = 2,
    *,
    disk: str | None = None,
    network: str | None = "default",
    type: str = "kvm",  # noqa: A002
    session: bool = False,
    cdrom: str | None = None,
    virtio: bool = False,
) -> Settings:
    """A virtual machine for Windows 11, with the Secure Boot and the TPM that it asks for.

    Its parameters are those of `windows_10`. Windows 11 also asks for 2 vCPUs, 4 GiB of memory and a disk of 64 GB.

    Raises
    ------
    DefinitionError
        If one of the values cannot be used.

    Examples
    --------
    >>> [(feature.name, feature.enabled) for feature in windows_11().os.features]
    [('secure-boot', True), ('enrolled-keys', True)]
    """
    return (
        *prefer.identity(name, type),
        Setting("metadata.os", "http://microsoft.com/win/11", LIBOSINFO),
        *amounts(memory, vcpus),
        *prefer.SIGNED,
        *_windows(disk, network, type, cdrom, session=session, virtio=virtio),
    )


def _windows(
    disk: str | None,
    network: str | None,
    type: str,  # noqa: A002
    cdrom: str | None,
    *,
    session: bool,
    virtio: bool,
) -> Settings:
    """What both have."""
    return (
        *prefer.Q35,
        *prefer.UEFI,
        *prefer.boot(cdrom),
        *prefer.processor(type),
        *prefer.WINDOWS_CLOCK,
        *(prefer.ENLIGHTENED if type == "kvm" else ()),
        *prefer.POWER,
        *(devices.disk(disk) if virtio else devices.disk(disk, "sata", IN_THE_BOX)),
        *devices.cdrom(cdrom, target="sdb"),
        *(
            devices.network(network, session=session)
            if virtio
            else devices.network(network, session=session, model="e1000e", reason=IN_THE_BOX)
        ),
        Setting("devices.inputs", {"type": "tablet", "bus": "usb"}, f"The pointer follows the screen's. {IN_THE_BOX}"),
        *devices.TPM,
        *devices.SCREEN,
        Setting(
            "devices.videos", {"model": "vga", "heads": 1, "primary": True}, f"It shows the setup, too. {IN_THE_BOX}"
        ),
        *(WITH_DRIVERS if virtio else devices.no_balloon("Windows has no driver for it of its own.")),
    )
