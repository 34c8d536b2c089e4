"""Rules about the other devices."""

__all__: list[str] = []
