"""Locks that a guest holds while it runs."""

from phyllome_nb.xml.fields import Integer, Text
from phyllome_nb.xml.part import Part

__all__ = ["Lease"]


class Lease(
    Part,
    title="Lease",
    doc="formatdomain.html#device-leases",
    start={"lockspace": "shared", "key": "vm", "path": "/var/lib/libvirt/lockspace/shared"},
):
    """A lock on shared storage that the VM holds while it runs, so that no second host starts it as well.

    The host's lock manager must be set up for it.
    """

    lockspace = Text("lockspace", help="The group of locks, as the lock manager calls it.")
    key = Text("key", help="The lock's name in that group; another VM with the same one cannot run.")
    path = Text("target/@path", help="The file that holds the locks; every host must reach it.")
    offset = Integer("target/@offset", unit="bytes", help="Where in the file the lock stands; 0 or left out for most.")
