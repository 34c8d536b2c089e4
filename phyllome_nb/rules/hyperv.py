"""Rules about Hyper-V enlightenments, KVM features and clocks."""

__all__: list[str] = []
