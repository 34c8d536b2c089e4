"""Smart cards, with which a person logs in or signs."""

from phyllome_nb.domain.devices.character_source import HostEnd
from phyllome_nb.domain.devices.common import Device
from phyllome_nb.xml.fields import Choice, Text, TextList

__all__ = ["Smartcard"]


class Smartcard(
    Device,
    title="Smart card",
    doc="formatdomain.html#smartcard-devices",
    start={"mode": "passthrough", "type": "spicevmc"},
):
    """A card reader with a card, for logging in or signing. A guest has at most one."""

    mode = Choice(
        "@mode",
        "host host-certificates passthrough",
        help="host: the card in the host's reader. host-certificates: files that play a card. passthrough: one from "
        "afar, such as in the computer of the person at the screen.",
        qemu="-device",
    )
    type = HostEnd.type
    certificates = TextList(
        "certificate", help="With host-certificates: the names of its three certificates.", qemu="cert1="
    )
    database = Text(
        "database",
        "/etc/pki/nssdb",
        help="With host-certificates: the folder on the host that has them, where it is not /etc/pki/nssdb.",
        qemu="db=",
    )
    path = HostEnd.path
    source = HostEnd.source
    protocol = HostEnd.protocol
    log = HostEnd.log
    log_append = HostEnd.log_append
