"""Rules about the XML itself."""

__all__: list[str] = []
