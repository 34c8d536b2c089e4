"""A line between host and guest that needs no network."""

from phyllome_nb.domain.devices.common import Device, VirtioDriver
from phyllome_nb.xml.fields import Choice, Integer, Switch
from phyllome_nb.xml.part import Section

__all__ = ["Vsock"]


class Vsock(
    Device,
    title="Vsock",
    doc="formatdomain.html#vsock",
    start={"model": "virtio", "cid_auto": True},
):
    """Sockets between host and guest without a network, such as for SSH; the host's kernel needs vhost_vsock."""

    model = Choice(
        "@model",
        "virtio virtio-transitional virtio-non-transitional",
        help="The device the guest sees.",
        qemu="-device vhost-vsock-pci",
    )
    cid_auto = Switch("cid/@auto", "yes no", help="Let libvirt choose a free number at each start.")
    cid_address = Integer(
        "cid/@address",
        3,
        help="The guest's number, from 3 on; no two guests of a host have the same.",
        qemu="guest-cid=",
    )
    driver = Section("driver", VirtioDriver)
