"""Rules about the machine, its firmware and what it boots."""

__all__: list[str] = []
