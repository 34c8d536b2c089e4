"""Small guests: as little around the system as it can do with."""

from phyllome_nb.profiles import devices
from phyllome_nb.profiles import preferences as prefer
from phyllome_nb.profiles.resources import amounts
from phyllome_nb.profiles.setting import Setting, Settings, profile
from phyllome_nb.size import Size

__all__ = ["microvm", "minimal"]

MMIO = {"address.type": "virtio-mmio"}
WITHOUT_PCI = "There is no PCI bus; virtio devices stand at addresses of their own."


@profile
def minimal(
    name: str = "minimal",
    memory: Size | str = "512 MiB",
    vcpus: int = 1,
    *,
    disk: str | None = None,
    network: str | None = "default",
    type: str = "kvm",  # noqa: A002  (libvirt's name)
    session: bool = False,
) -> Settings:
    """A virtual machine with a disk, a network card, a serial console and nothing else.

    Its parameters are those of `linux`.

    Raises
    ------
    DefinitionError
        If one of the values cannot be used.

    Examples
    --------
    >>> minimal(name="probe", network=None).devices.memballoon.model
    'none'
    """
    return (
        *prefer.identity(name, type),
        *amounts(memory, vcpus),
        *prefer.Q35,
        *prefer.BIOS,
        *prefer.boot(),
        *prefer.processor(type),
        *prefer.UTC,
        *devices.disk(disk),
        *devices.network(network, session=session),
        *devices.CONSOLE,
        *devices.NO_USB,
        *devices.no_balloon("It keeps its memory, which is little."),
    )


@profile
def microvm(
    name: str = "microvm",
    memory: Size | str = "512 MiB",
    vcpus: int = 1,
    *,
    disk: str | None = None,
    network: str | None = "default",
    type: str = "kvm",  # noqa: A002
    session: bool = False,
    kernel: str | None = None,
    initrd: str | None = None,
    cmdline: str = "console=ttyS0 root=/dev/vda",
) -> Settings:
    """A virtual machine without PCI bus and with the fewest devices, which boots a kernel in a blink.

    Its other parameters are those of `linux`. Devices cannot be plugged in while it runs.

    Parameters
    ----------
    kernel : str, optional
        The path of the kernel on the host, with virtio-mmio built in or in `initrd`; left out, its BIOS looks for one
        on the disk.
    initrd : str, optional
        The path of the initial RAM disk that goes with the kernel.
    cmdline : str
        The kernel's command line.

    Raises
    ------
    DefinitionError
        If one of the values cannot be used.

    Examples
    --------
    >>> microvm(name="job", kernel="/srv/vmlinuz").os.cmdline
    'console=ttyS0 root=/dev/vda'
    """
    return (
        *prefer.identity(name, type),
        *amounts(memory, vcpus),
        Setting("os.machine", "microvm", "It has no PCI bus and hardly any old hardware to look for at boot."),
        *_direct(kernel, initrd, cmdline),
        Setting("features.acpi", True, "The host can ask for a shutdown, and the guest learns what devices there are."),
        *prefer.processor(type),
        *prefer.UTC,
        *devices.disk(disk, reason=WITHOUT_PCI, more=MMIO),
        *devices.network(network, session=session, reason=WITHOUT_PCI, more=MMIO),
        *devices.CONSOLE,
        *devices.NO_USB,
        Setting("devices.memballoon", {"model": "virtio", **MMIO}, f"Memory can be taken back. {WITHOUT_PCI}"),
        Setting(
            "devices.rngs",
            {"model": "virtio", "backend": "random", "source": "/dev/urandom", **MMIO},
            f"So quick a start collects no randomness of its own. {WITHOUT_PCI}",
        ),
    )


def _direct(kernel: str | None, initrd: str | None, cmdline: str) -> Settings:
    if kernel is None:
        return ()
    why = "The hypervisor loads it, so that no boot loader is waited for."
    ramdisk = () if initrd is None else (Setting("os.initrd", initrd, "The kernel finds its first programs in it."),)
    return (
        Setting("os.kernel", kernel, why),
        *ramdisk,
        Setting("os.cmdline", cmdline, "The kernel speaks on the serial console and finds its disk."),
    )
