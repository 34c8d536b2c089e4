"""Rules about graphics, video, sound and input."""

__all__: list[str] = []
