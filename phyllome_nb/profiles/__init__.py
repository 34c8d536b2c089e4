"""Starting points: functions that return a `DomainSpec`, each value with its reason."""

from phyllome_nb.profiles.linux import linux

__all__ = ["linux"]
