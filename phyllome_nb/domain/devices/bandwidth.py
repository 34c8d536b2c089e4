"""How much traffic an interface may carry."""

from phyllome_nb.xml.fields import Integer
from phyllome_nb.xml.part import Part, Section

__all__ = ["Bandwidth", "Rate"]


class Rate(Part, title="Traffic limit", doc="formatdomain.html#quality-of-service"):
    """The limit in one direction; without an average there is none."""

    average = Integer("@average", 1, unit="kB/s", help="The rate that is kept over time.")
    peak = Integer("@peak", 1, unit="kB/s", help="The most while a burst lasts; outgoing traffic may ignore it.")
    floor = Integer(
        "@floor",
        1,
        unit="kB/s",
        help="What is guaranteed, incoming only; works with libvirt's networks that have an average of their own.",
    )
    burst = Integer("@burst", 1, unit="KiB", help="How much may pass at peak speed before the average holds again.")


class Bandwidth(Part, title="Bandwidth", doc="formatdomain.html#quality-of-service"):
    """Limits on the interface's traffic, so that one guest cannot take the whole line. They cost the host some CPU."""

    class_id = Integer("@classID", 1, help="The number of the host's traffic class; libvirt chooses it by itself.")
    inbound = Section("inbound", Rate)
    outbound = Section("outbound", Rate)
