"""Rules about disks and shared directories."""

__all__: list[str] = []
