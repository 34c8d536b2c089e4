"""Two network cards that the guest uses as one."""

from phyllome_nb.xml.fields import Choice, Text
from phyllome_nb.xml.part import Part

__all__ = ["Teaming"]


class Teaming(Part, title="Teaming", doc="formatdomain.html#teaming-a-virtio-hostdev-nic-pair"):
    """A fast host card with a virtio card behind it, so that the guest keeps its network while it migrates."""

    type = Choice(
        "@type",
        "persistent transient",
        help="persistent: the virtio card that stays. transient: the host's card, taken out for a migration.",
        qemu="failover=",
    )
    persistent = Text(
        "@persistent",
        help="The alias of the virtio card that stands in, such as ua-backup0; on the transient one.",
        qemu="failover_pair_id=",
    )
