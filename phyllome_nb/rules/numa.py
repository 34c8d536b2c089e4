"""Rules about NUMA cells, pinning and tuning."""

__all__: list[str] = []
