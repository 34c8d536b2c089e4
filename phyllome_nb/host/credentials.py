"""Opening a host that asks who is there."""

from collections.abc import Mapping
from typing import Any

import libvirt

from phyllome_nb.host.loop import Connection

__all__ = ["open_with", "who_asks"]

KINDS = {
    libvirt.VIR_CRED_AUTHNAME: "username",
    libvirt.VIR_CRED_USERNAME: "username",
    libvirt.VIR_CRED_PASSPHRASE: "password",
    libvirt.VIR_CRED_NOECHOPROMPT: "password",
}
"""What libvirt can ask for, by the name under which it is given."""

REFUSALS = {libvirt.VIR_ERR_AUTH_FAILED, libvirt.VIR_ERR_AUTH_CANCELLED, libvirt.VIR_ERR_AUTH_UNAVAILABLE}


def open_with(uri: str, write: bool, credentials: Mapping[str, str] | None) -> Any:
    """Open a connection, answering what the host asks for.

    libvirt asks in the middle of the call, when no widget could be waited for: so everything is given beforehand.
    """

    def answer(asked: list[list[Any]], given: Mapping[str, str]) -> int:
        for each in asked:
            value = given.get(KINDS.get(each[0], ""))
            if value is None:
                return -1
            each[4] = value
        return 0

    flags = 0 if write else libvirt.VIR_CONNECT_RO
    connection = libvirt.openAuth(uri, [list(KINDS), answer, dict(credentials or {})], flags)
    connection.__class__ = Connection
    return connection


def who_asks(error: libvirt.libvirtError) -> str:
    """What to do where the host did not let this user in."""
    certificate = "certificate" in (error.get_error_message() or "")
    if error.get_error_code() not in REFUSALS or certificate:
        return ""
    return " It asks who you are: ph.connect(…, credentials={'username': …, 'password': getpass.getpass()})."
