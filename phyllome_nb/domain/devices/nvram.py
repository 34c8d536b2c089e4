"""The settings memory of pSeries guests."""

from phyllome_nb.domain.devices.common import Device

__all__ = ["Nvram"]


class Nvram(Device, title="Settings memory", doc="formatdomain.html#nvram-device"):
    """Where a pSeries guest keeps its firmware's settings; only its address can be chosen."""
