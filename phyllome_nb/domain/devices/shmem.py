"""Memory that several guests, or a guest and the host, share."""

from phyllome_nb.domain.devices.common import Device
from phyllome_nb.xml.fields import Choice, Integer, SizeField, Switch, Text

__all__ = ["Shmem"]


class Shmem(
    Device,
    title="Shared memory",
    doc="formatdomain.html#shared-memory-device",
    start={"name": "shared", "model": "ivshmem-plain", "size": "4 MiB"},
):
    """Memory that several guests, or a guest and a program on the host, share, as for a screen without delay."""

    name = Text("@name", help="What it is called on the host: below /dev/shm with ivshmem-plain.")
    role = Choice(
        "@role",
        "master peer",
        help="When the VM moves to another host: master takes the contents along, a peer cannot move.",
        qemu="master=",
    )
    model = Choice(
        "model/@type",
        "ivshmem-plain ivshmem-doorbell ivshmem",
        help="plain is memory only; doorbell also wakes the other side and needs a server; ivshmem is the old one.",
        qemu="-device",
    )
    size = SizeField("size", "bytes", help="How large it is: a power of 2, at least 1 MiB.", qemu="size=")
    server_path = Text(
        "server/@path", help="doorbell: the socket of the server that brings the sides together.", qemu="-chardev path="
    )
    msi_vectors = Integer(
        "msi/@vectors", help="doorbell: how many interrupts the guest can tell apart.", qemu="vectors="
    )
    msi_ioeventfd = Switch(
        "msi/@ioeventfd",
        "on off",
        help="doorbell: wake the other side without stopping the guest's processor.",
        qemu="ioeventfd=",
    )
