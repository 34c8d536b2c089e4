"""Opening a host."""

import os
from collections.abc import Collection, Iterator, Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from phyllome_nb.host.host import Host

__all__ = ["connect", "demo"]

AUTOSTART = ("db-1", "dns", "web-1", "web-2")
"""The sample VMs that start with their host; libvirt's test driver cannot read that from its file."""


def connect(
    uri: str | None = None,
    write: bool = False,
    timeout: float = 10,
    *,
    credentials: Mapping[str, str] | None = None,
    allow: Collection[str] = (),
) -> Host:
    """Open a host.

    Parameters
    ----------
    uri : str, optional
        libvirt's address of it: ``qemu:///system``, ``qemu+ssh://root@host/system``, ``test:///default``, …
        Left out: ``$LIBVIRT_DEFAULT_URI``, else a libvirt daemon that runs on this machine, else the sample
        host of `demo`, which takes neither `write` nor `timeout` into account.
    write : bool
        Whether definitions may be written through it.
    timeout : float
        Seconds that opening, and each later answer, may take.
    credentials : mapping of str to str, optional
        ``username`` and ``password``, for a host that asks. They are used once, and not kept.
    allow : collection of str
        What the address may do apart from naming a host. Some make libvirt run a program: ``"ext"`` (the
        transport), ``"command"``, ``"netcat"``; others take any host for the right one: ``"no_verify"``,
        ``"known_hosts_verify"``. Allow none in an address that came with a file.

    Raises
    ------
    Untrusted
        If the address does what was not allowed; nothing was opened.
    Unreachable
        If the host cannot be opened.
    NoAnswer
        If the deadline passes first.

    Examples
    --------
    >>> connect("test:///default", write=True).domain("test").memory.maximum
    Size('8 GiB')
    """
    chosen = uri or os.environ.get("LIBVIRT_DEFAULT_URI") or local_uri()
    return Host(chosen, write=write, timeout=timeout, credentials=credentials, allow=allow) if chosen else demo()


def demo() -> Host:
    """A sample host with eight VMs, on libvirt's own test driver inside this process.

    It needs no daemon and no hypervisor, can be written to, and is forgotten with the `Host`: every
    call gives a fresh one. What it says of itself is made up; how it behaves is libvirt's.

    Examples
    --------
    >>> demo()
    <Host demo: test:///..., writable>
    """
    with as_file(files("phyllome_nb.host").joinpath("demo.xml")) as path:
        host = Host(f"test://{path}", write=True, name="demo")
    host.ask("setting autostart", _autostart)
    return host


def _autostart(connection: Any) -> None:
    for name in AUTOSTART:
        connection.lookupByName(name).setAutostart(1)


def local_uri() -> str | None:
    """The address of a libvirt daemon whose socket is on this machine; None where there is none."""
    return next((uri for uri, path in _sockets() if path.is_socket()), None)


def _sockets() -> Iterator[tuple[str, Path]]:
    yield from (("qemu:///system", Path("/run/libvirt") / name) for name in ("libvirt-sock-ro", "virtqemud-sock-ro"))
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        yield from (("qemu:///session", Path(runtime, "libvirt", name)) for name in ("libvirt-sock", "virtqemud-sock"))
