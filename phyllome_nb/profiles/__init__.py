"""Starting points: functions that return a `DomainSpec`, each value with its reason.

Resources (how much memory, how many vCPUs, from where) and what the guest prefers (firmware, buses, clock, devices)
are tables of their own, and a profile is a list of such tables. `reasons` shows them.
"""

from phyllome_nb.profiles.linux_guests import cloud_server, linux, linux_legacy
from phyllome_nb.profiles.setting import reasons
from phyllome_nb.profiles.small_guests import microvm, minimal
from phyllome_nb.profiles.special_guests import gpu_passthrough, low_latency
from phyllome_nb.profiles.windows_guests import windows_10, windows_11

__all__ = [
    "cloud_server",
    "gpu_passthrough",
    "linux",
    "linux_legacy",
    "low_latency",
    "microvm",
    "minimal",
    "reasons",
    "windows_10",
    "windows_11",
]
