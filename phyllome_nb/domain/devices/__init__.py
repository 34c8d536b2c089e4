"""The guest's devices: one short module for each kind."""

from phyllome_nb.domain.devices.all import Devices

__all__ = ["Devices"]
