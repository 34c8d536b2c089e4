"""What other programs keep in a definition."""

from phyllome_nb.xml.fields import Text
from phyllome_nb.xml.part import Part

__all__ = ["Metadata"]


class Metadata(Part, title="Metadata", doc="formatdomain.html#general-metadata"):
    """What other programs keep in the definition. libvirt stores it and does not read it."""

    os = Text(
        "libosinfo:libosinfo/libosinfo:os/@id",
        "http://debian.org/debian/12 http://fedoraproject.org/fedora/40 http://microsoft.com/win/11",
        help="The guest's system by its name in libosinfo. virt-manager and others choose devices by it.",
    )
