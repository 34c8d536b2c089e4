"""Devices that several profiles have, each with its reason."""

from collections.abc import Mapping
from types import MappingProxyType

from phyllome_nb.errors import DefinitionError
from phyllome_nb.profiles.setting import Setting, Settings

__all__ = [
    "AGENT",
    "BALLOON",
    "CONSOLE",
    "ENTROPY",
    "NO_USB",
    "SCREEN",
    "TPM",
    "cdrom",
    "disk",
    "network",
    "no_balloon",
]

CONSOLE: Settings = (
    Setting(
        "devices.consoles", {"type": "pty", "target": "serial", "port": 0}, "It is a way in when the network is down."
    ),
)
AGENT: Settings = (
    Setting(
        "devices.channels",
        {"type": "unix", "target": "virtio", "name": "org.qemu.guest_agent.0"},
        "The guest agent can tell addresses and quiesce disks, if it is installed.",
    ),
)
TPM: Settings = (
    Setting(
        "devices.tpms",
        {"model": "tpm-crb", "backend": "emulator", "version": "2.0"},
        "The guest can keep the key of an encrypted disk in it; Windows 11 asks for one.",
    ),
)
SCREEN: Settings = (
    Setting(
        "devices.graphics", {"type": "vnc", "listen": "none"}, "It is reached through libvirt alone: no port is open."
    ),
)
BALLOON: Settings = (
    Setting(
        "devices.memballoon",
        {"model": "virtio", "stats_period": 5},
        "Memory can be taken back, and what the guest uses of it is known, five seconds old at most.",
    ),
)
ENTROPY: Settings = (
    Setting(
        "devices.rngs",
        {"model": "virtio", "backend": "random", "source": "/dev/urandom"},
        "The guest need not wait for random numbers at its first start.",
    ),
)
NO_USB: Settings = (
    Setting(
        "devices.controllers", {"type": "usb", "model": "none"}, "Nothing is plugged in; left out, libvirt adds one."
    ),
)
NOTHING: Mapping[str, object] = MappingProxyType({})
QUICKEST = "virtio is the quickest kind, and the guest has its driver."


def disk(
    path: str | None, bus: str = "virtio", reason: str = QUICKEST, more: Mapping[str, object] = NOTHING
) -> Settings:
    """The qcow2 image at this path, if there is one; `more` of its fields.

    Examples
    --------
    >>> disk("/srv/web.qcow2")[0].value["target"]
    'vda'
    """
    if path is None:
        return ()
    target = "vda" if bus == "virtio" else "sda"
    image = {"type": "file", "device": "disk", "driver": "qemu", "format": "qcow2", "file": path}
    thin = {"driver_options.discard": "unmap", "target": target, "bus": bus}
    why = f"{reason} What the guest deletes is given back to the host."
    return (Setting("devices.disks", {**image, **thin, **more}, why),)


def cdrom(
    path: str | None, reason: str = "It is what the system is installed from.", target: str = "sda", bus: str = "sata"
) -> Settings:
    """The ISO image at this path in a drive, if there is one.

    Examples
    --------
    >>> cdrom("/srv/debian.iso")[0].value["readonly"]
    True
    """
    if path is None:
        return ()
    drive = {"type": "file", "device": "cdrom", "driver": "qemu", "format": "raw", "file": path, "readonly": True}
    return (Setting("devices.disks", drive | {"target": target, "bus": bus}, reason),)


def network(
    name: str | None,
    *,
    session: bool,
    model: str = "virtio",
    reason: str = QUICKEST,
    more: Mapping[str, object] = NOTHING,
) -> Settings:
    """A card on libvirt's network of this name; with None, or in a session, on libvirt's user-mode network.

    Raises
    ------
    DefinitionError
        If a session is to have a network that it has no right to.

    Examples
    --------
    >>> network("default", session=True)[0].value
    {'type': 'user', 'model': 'virtio'}
    """
    if session and name not in (None, "default"):
        raise DefinitionError(
            f"network: a session has no right to the network {name!r}: leave it out, or use session=False."
        )
    if session or name is None:
        why = "User-mode networking needs no rights; the guest reaches out and is not reached."
        return (Setting("devices.interfaces", {"type": "user", "model": model, **more}, f"{why} {reason}"),)
    why = "libvirt's own network gives addresses and a way out."
    return (
        Setting("devices.interfaces", {"type": "network", "network": name, "model": model, **more}, f"{why} {reason}"),
    )


def no_balloon(reason: str) -> Settings:
    """No memory balloon, for this reason.

    Examples
    --------
    >>> no_balloon("It keeps its memory.")[0].value
    {'model': 'none'}
    """
    return (Setting("devices.memballoon", {"model": "none"}, f"{reason} Left out, libvirt adds one."),)
