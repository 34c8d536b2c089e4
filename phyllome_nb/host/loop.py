"""libvirt's event loop, in a thread of its own."""

import contextlib
import sys
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import libvirt

if TYPE_CHECKING:
    import weakref

    from phyllome_nb.host.host import Host

__all__ = ["Connection", "ensure_loop", "unwatch", "watch", "watch_domains"]

WORKER = "libvirt: "
"""How the names of threads begin that may wait for a host."""
_LOCK = threading.Lock()
_started = False


def ensure_loop() -> None:
    """Register and run libvirt's event loop, once in a process.

    It must be registered before the first connection is opened: events and keep-alive do not
    reach connections that are older than it. Running it in its own thread keeps connections
    alive while a cell computes.
    """
    global _started  # noqa: PLW0603  (libvirt has one loop in a process, too)
    with _LOCK:
        if _started:
            return
        libvirt.registerErrorHandler(_silent, None)
        libvirt.virEventRegisterDefaultImpl()
        threading.Thread(target=_run, name="libvirt events", daemon=True).start()
        _started = True


class Connection(libvirt.virConnect):  # type: ignore[misc]  # libvirt ships no types
    """A connection that is never closed in a thread that has something else to do.

    Closing asks the host, which may not answer. And Python drops what nobody holds any longer in whatever thread it
    happens to be: in the kernel's own, if an exception had held the connection.
    """

    _o: Any

    def __del__(self) -> None:
        handle, self._o = self._o, None
        if handle is None or sys.is_finalizing():
            return  # the end of the process closes everything, and no thread starts any more
        if threading.current_thread().name.startswith(WORKER):
            libvirt.libvirtmod.virConnectClose(handle)
            return
        with contextlib.suppress(RuntimeError):
            close = libvirt.libvirtmod.virConnectClose
            threading.Thread(target=close, args=(handle,), name=f"{WORKER}closing", daemon=True).start()


def watch(connection: Any, host: "weakref.ref[Host]") -> None:
    """Tell a host when its connection breaks."""

    def broken(gone: Any, reason: int, _opaque: Any) -> None:
        owner = host()
        if owner is not None and reason != libvirt.VIR_CONNECT_CLOSE_REASON_CLIENT:
            owner.lost(gone)

    with contextlib.suppress(libvirt.libvirtError):  # a driver inside this process has nothing that could break
        connection.registerCloseCallback(broken, None)


def watch_domains(connection: Any, events: Iterable[int], tell: Callable[[bytes], None]) -> None:
    """Have `tell` called, in libvirt's thread, with the uuid of the VM for each of these events."""

    def happened(_connection: Any, domain: Any, *_rest: Any) -> None:
        tell(domain.UUID())

    for event in events:
        with contextlib.suppress(libvirt.libvirtError):  # a driver that has no such event
            number = connection.domainEventRegisterAny(None, event, happened, None)
            vars(connection).setdefault("watching", []).append(number)


def unwatch(connection: Any) -> None:
    """Let go of what is watched: libvirt would keep the connection for it."""
    for number in vars(connection).pop("watching", ()):
        with contextlib.suppress(libvirt.libvirtError):
            connection.domainEventDeregisterAny(number)
    with contextlib.suppress(libvirt.libvirtError):
        connection.unregisterCloseCallback()


def _silent(_context: object, _error: object) -> None:
    """Keep libvirt from printing what is also raised."""


def _run() -> None:
    while True:
        with contextlib.suppress(libvirt.libvirtError):  # one bad turn must not end keep-alive for all
            libvirt.virEventRunDefaultImpl()
