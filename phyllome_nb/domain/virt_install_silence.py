"""What virt-install adds by itself, and how it is kept from that."""

from dataclasses import dataclass

from phyllome_nb.domain.virt_install_values import quoted
from phyllome_nb.xml.document import Element
from phyllome_nb.xml.path import NAMESPACES

__all__ = ["Silence", "silence"]

NONE = {
    "disk": "disk",
    "interface": "network",
    "graphics": "graphics",
    "rng": "rng",
    "tpm": "tpm",
    "channel": "channel",
}
"""Devices of which an option says that there is none."""
PLACEHOLDERS = {
    "video": "model.type=vga",
    "input": "type=tablet,bus=usb",
    "controller[@type='usb']": "type=usb",
    "controller[@type='pci']": "type=pci,model=pcie-root",
}
"""Devices of which no option says so: one is asked for, so that none is added, and taken out of the XML again."""
TAKEN_OUT = {
    "clock": "clock",
    "features": "features",
    "pm": "pm",
    "os/boot": "os/boot",
    "devices/memballoon": "devices/memballoon",
    f"metadata/{{{NAMESPACES['libosinfo']}}}libosinfo": "metadata/libosinfo:libosinfo",
}
"""What is taken out of the XML where the definition has none: as it is looked for, and as it is written."""
ADDED_FOR_SPICE = ("sound", "redirdev")


@dataclass(frozen=True, slots=True)
class Silence:
    """Options that keep virt-install from adding something."""

    options: tuple[tuple[str, str], ...]
    xml: tuple[str, ...]
    """Values of ``--xml``, which is done last."""


def silence(root: Element) -> Silence:
    """What keeps to a definition that says no more than this one."""

    def has(path: str) -> bool:
        return root.find(path) is not None

    options = [(f"--{option}", "none") for device, option in NONE.items() if not has(f"devices/{device}")]
    if not has("cpu"):
        options.append(("--cpu", "none"))
    if not has("devices/serial") and not has("devices/console"):
        options.append(("--console", "none"))
    if has("devices/graphics[@type='spice']"):
        options += [(f"--{device}", "none") for device in ADDED_FOR_SPICE if not has(f"devices/{device}")]
        if has("devices/channel"):
            options.append(("--channel", "none"))
    xml = [written for path, written in TAKEN_OUT.items() if not has(path)]
    for device, asked in PLACEHOLDERS.items():
        if not has(f"devices/{device}") and (has("devices/graphics") or device.startswith("controller")):
            options.append((f"--{device.partition('[')[0]}", asked))
            xml.append(f"devices/{device}")
    deleted = (f"xpath.delete={quoted(f'./{path}')}" for path in xml)
    emptied = () if has("os/type[@machine]") else ("./os/type/@machine=",)
    return Silence(tuple(options), (*emptied, *deleted))
