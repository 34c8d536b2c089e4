"""Security labels of what a device opens on the host."""

from phyllome_nb.xml.fields import Choice, Switch, Text
from phyllome_nb.xml.part import Part

__all__ = ["SecLabel"]


class SecLabel(
    Part,
    title="Security label",
    doc="formatdomain.html#security-label",
    start={"model": "selinux", "relabel": False},
):
    """How the host's access control treats one file or socket, where that differs from the rest of the VM."""

    model = Text(
        "@model", "selinux apparmor dac", help="The access control that is meant: dac is the owner and group of files."
    )
    relabel = Switch(
        "@relabel",
        "yes no",
        help="Whether libvirt gives it a label before it is used; no where it is shared or cannot have one.",
    )
    labelskip = Choice(
        "@labelskip", "yes", help="libvirt's note that it could not be labelled, as on some network mounts."
    )
    label = Text("label", help="The label it gets, such as user:group with dac; without one, that of the VM.")
