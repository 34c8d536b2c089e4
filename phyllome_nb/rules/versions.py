"""Rules about what needs a newer libvirt or QEMU."""

__all__: list[str] = []
