"""Rules about what is handed to QEMU past libvirt."""

__all__: list[str] = []
