"""Rules about the host: its hypervisor, its names."""

__all__: list[str] = []
