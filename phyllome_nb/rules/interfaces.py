"""Rules about network interfaces."""

__all__: list[str] = []
