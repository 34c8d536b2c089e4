"""Which I/O threads serve the queues of a disk or a controller."""

from phyllome_nb.xml.fields import Integer, TextList
from phyllome_nb.xml.part import Part

__all__ = ["MappedIoThread"]


class MappedIoThread(
    Part,
    title="I/O thread",
    doc="formatdomain.html#iothreads-allocation",
    start={"id": 1},
):
    """One of the VM's I/O threads; several share the work of one fast device."""

    id = Integer("@id", 1, help="The number of the VM's I/O thread.", qemu="iothread-vq-mapping=")
    queues = TextList(
        "queue/@id",
        help="The queues it serves, by number from 0. Left out for all threads, they are shared out evenly.",
    )
