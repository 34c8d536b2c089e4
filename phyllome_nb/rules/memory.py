"""Rules about memory and what backs it."""

__all__: list[str] = []
