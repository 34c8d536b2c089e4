"""Limits that several disks share."""

from phyllome_nb.domain.devices.iotune import IoTune

__all__ = ["ThrottleGroup"]


class ThrottleGroup(
    IoTune,
    title="Throttle group",
    doc="formatdomain.html#hard-drives-floppy-disks-cdroms",
    start={"group_name": "limits", "total_bytes_sec": 104857600},
):
    """Limits that several disks share, each of which names the group in a filter; libvirt 11.2 or later."""
