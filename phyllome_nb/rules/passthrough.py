"""Rules about host devices and the IOMMU."""

__all__: list[str] = []
