"""Which addresses may be opened: libvirt runs programs that some of them name."""

import re
from collections.abc import Collection, Iterator
from urllib.parse import parse_qsl

from phyllome_nb.errors import Untrusted

__all__ = ["check_uri"]

DANGERS = {
    "ext": "the transport ext runs the program that command= names",
    "command": "command= names a program that is run on this machine",
    "netcat": "netcat= names a program that is run on the host",
    "no_verify": "no_verify= takes any host for the right one",
    "known_hosts_verify": "known_hosts_verify= can take any host for the right one",
    "-": "its host or its user begins with '-', which programs take for an option",
}
"""By the name under which each is allowed: what an address can do apart from naming a host."""
OPTION = re.compile(r"://([^/?#]*@)?-")


def check_uri(uri: str, allow: Collection[str] = ()) -> None:
    """Refuse an address that does more than name a host, unless that was allowed by name.

    Parameters
    ----------
    uri : str
        libvirt's address of a host.
    allow : collection of str
        The names of transports and parameters that may be used: ``"command"``, ``"netcat"``, ``"ext"``, …

    Raises
    ------
    Untrusted
        If it holds one that was not allowed; nothing was opened.

    Examples
    --------
    >>> check_uri("qemu+ssh://root@host/system")
    >>> check_uri("qemu+ssh://root@host/system?command=/tmp/x")
    Traceback (most recent call last):
    ...
    phyllome_nb.errors.Untrusted: The address is not opened: command= names a program that is run on this machine. ...
    """
    if isinstance(allow, str):
        raise TypeError(f"allow={allow!r} is one text: give a list of names, such as allow=[{allow!r}].")
    found = sorted(set(_dangers(uri)) - set(allow))
    if found:
        why = "; ".join(DANGERS[name] for name in found)
        raise Untrusted(
            f"The address is not opened: {why}. If you trust where it comes from, open it with "
            f"ph.connect(…, allow={found!r})."
        )


def _dangers(uri: str) -> Iterator[str]:
    # Looked at as text: what urllib cannot read, or reads otherwise, libvirt might still open.
    if uri.partition(":")[0].lower().endswith("+ext"):
        yield "ext"
    for name, _ in parse_qsl(uri.partition("?")[2].replace(";", "&"), keep_blank_values=True):
        if name.strip().lower() in DANGERS:
            yield name.strip().lower()
    if OPTION.search(uri):
        yield "-"
