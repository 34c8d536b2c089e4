"""Host: one libvirt connection."""

import re
import socket
import threading
import warnings
import weakref
from collections.abc import Callable, Collection, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import urlsplit

import libvirt

from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import DefinitionError, HostError, NoAnswer, NoSuchDomain, Unreachable
from phyllome_nb.host.change import Change
from phyllome_nb.host.credentials import open_with, who_asks
from phyllome_nb.host.deadline import within
from phyllome_nb.host.loop import ensure_loop, unwatch, watch
from phyllome_nb.host.recent import Recent
from phyllome_nb.host.translate import told, translate
from phyllome_nb.host.trust import check_uri

if TYPE_CHECKING:
    from pathlib import Path

    from phyllome_nb.host.guest import Guest
    from phyllome_nb.host.history import History, Kept
    from phyllome_nb.host.record import Recording
    from phyllome_nb.host.trial import Trial
    from phyllome_nb.host.watch import Watch

__all__ = ["Host"]

T = TypeVar("T")


class Host:
    """One libvirt connection, read-only unless it was opened for writing.

    Open one with `phyllome_nb.connect` or `phyllome_nb.demo`. Every call has a deadline.

    Parameters
    ----------
    uri : str
        libvirt's address of the host, such as ``qemu:///system``.
    write : bool
        Whether definitions may be written through it.
    timeout : float
        Seconds that one answer may take.
    name : str, optional
        What the host is called in tables; its host name where it is left out.
    credentials : mapping of str to str, optional
        What the host may ask for: ``username``, ``password``. They are used once and forgotten.
    allow : collection of str
        What the address may do apart from naming a host: see `phyllome_nb.connect`.

    Raises
    ------
    Untrusted
        If the address does more than that.
    Unreachable
        If the connection cannot be opened.
    NoAnswer
        If that takes longer than `timeout`.
    """

    def __init__(
        self,
        uri: str,
        *,
        write: bool = False,
        timeout: float = 10,
        name: str = "",
        credentials: Mapping[str, str] | None = None,
        allow: Collection[str] = (),
    ) -> None:
        _check_kinds(uri, write, timeout)
        check_uri(uri, allow)
        ensure_loop()
        self.uri = uri
        self.writable = write
        self.timeout = timeout
        self._listeners: list[weakref.WeakMethod[Callable[[], None]]] = []
        self._event_listeners: list[weakref.WeakMethod[Callable[[], None]]] = []
        self._silent: Any = None
        self._opening = threading.RLock()
        self._recent: tuple[Any, Recent] | None = None
        connection, self.name = self._open(name, credentials)
        self._held = [connection]
        weakref.finalize(self, _let_go, self._held)

    def _open(self, name: str, credentials: Mapping[str, str] | None = None) -> tuple[Any, str]:
        def work() -> tuple[Any, str]:
            connection = open_with(self.uri, self.writable, credentials)
            return connection, name or _host_name(connection, self.uri, self.writable)

        try:
            connection, found = within(self.timeout, work, f"opening {self.uri}")
            me = weakref.ref(self)
            # Only of one that came in time: libvirt holds on to a connection that is watched.
            within(self.timeout, lambda: watch(connection, me), f"opening {self.uri}")
        except libvirt.libvirtError as error:
            raise Unreachable(f"{self.uri} cannot be opened: {told(error)}.{who_asks(error)}") from error
        return connection, found

    def ask(self, doing: str, work: Callable[[Any], T]) -> T:
        """Run `work` with the ``libvirt.virConnect``, within the deadline and with this package's errors.

        A connection that has broken since it was last used, as when the daemon was restarted, is opened again first.

        Raises
        ------
        HostError
            If the host cannot be asked, or says no.

        Examples
        --------
        >>> import phyllome_nb as ph
        >>> ph.demo().ask("counting VMs", lambda connection: connection.numOfDomains())
        6
        """
        connection = self.ready()
        try:
            return within(self.timeout, lambda: work(connection), f"{doing} on {self.name}")
        except NoAnswer:
            # No keep-alive finds this out: in libvirt 9.0 one that fires under a call crashes the process.
            self._silent = connection
            raise
        except libvirt.libvirtError as error:
            raise translate(error, self.name) from error

    def reconnect(self, credentials: Mapping[str, str] | None = None) -> None:
        """Open the connection again; the old one is let go.

        Parameters
        ----------
        credentials : mapping of str to str, optional
            What the host may ask for; what was given before was forgotten.

        Raises
        ------
        Unreachable
            If the host was closed, cannot be opened, or lived in the connection alone, as the sample host does.
        """
        with self._opening:
            self._held_connection()
            if self._is_local():
                raise Unreachable(f"{self.name} lived in its connection, which is gone: make another with ph.demo().")
            connection, self.name = self._open(self.name, credentials)
            self._recent = None
            old, self._held[:] = self._held[:], [connection]
        _let_go(old)

    def when_lost(self, tell: Callable[[], None]) -> None:
        """Have the method `tell` called, in a thread of libvirt's, each time that the connection breaks.

        Its owner is not kept alive for that.
        """
        self._listeners = [*filter(lambda each: each(), self._listeners), weakref.WeakMethod(tell)]

    def when_events(self, tell: Callable[[], None]) -> None:
        """Have the method `tell` called, in a thread of libvirt's, each time that something happens to a VM.

        Libvirt is asked for that by the first ``snapshot(max_age)``. Its owner is not kept alive for that.
        """
        self._event_listeners = [*filter(lambda each: each(), self._event_listeners), weakref.WeakMethod(tell)]

    def happened(self) -> None:
        """Tell everybody who asked for it that something has happened to a VM."""
        for tell in filter(None, (each() for each in self._event_listeners)):
            tell()

    def lost(self, connection: Any) -> None:
        """Tell everybody who asked for it that the connection has broken, if it is still in use."""
        if connection in self._held:
            for tell in filter(None, (each() for each in self._listeners)):
                tell()

    def _is_local(self) -> bool:
        """Whether the host lives in the connection alone, as libvirt's test driver does."""
        return urlsplit(self.uri).scheme == "test"

    def _held_connection(self) -> Any:
        if not self._held:
            raise Unreachable(f"{self.name} was closed: open it again with ph.connect({self.uri!r}).")
        return self._held[0]

    def ready(self) -> Any:
        """The ``libvirt.virConnect``, opened again if it is known to have broken or gave no answer the last time."""
        with self._opening:  # of several threads that find it broken, one opens it
            connection = self._held_connection()
            if (self._silent is connection and not self._is_local()) or not _is_alive(connection):
                self.reconnect()
            return self._held_connection()

    def snapshot(self, max_age: float = 0) -> Snapshot:
        """The facts of this host now.

        Parameters
        ----------
        max_age : float
            Seconds. Above zero, definitions and what the host is made of may be taken over from a snapshot that is no
            older, where libvirt has not said since that they changed: far quicker where there are many VMs. What VMs
            have and use, and what is free, is read anew all the same. libvirt does not announce settings that are
            changed for the next start alone, other than memory and vCPUs.

        Raises
        ------
        Unreachable, NoAnswer
            If the host cannot be asked.

        Examples
        --------
        >>> import phyllome_nb as ph
        >>> host = ph.demo()
        >>> host.snapshot().domains == host.snapshot(max_age=60).domains == host.snapshot(max_age=60).domains
        True
        """
        return self.ask("reading", lambda connection: self._recently(connection, max_age))

    def _recently(self, connection: Any, max_age: float) -> Snapshot:
        held = self._recent  # another thread may open the connection anew at any moment
        if held is None or held[0] is not connection:
            me = weakref.ref(self)
            held = self._recent = connection, Recent(lambda: host.happened() if (host := me()) else None)
        snapshot = held[1].snapshot(connection, self.name, self.uri, max_age)
        if held[1].stuck:
            self._silent = connection
        return snapshot

    def watch(self, every: float = 2) -> "Watch":
        """The facts of this host, kept fresh beside the kernel: see `phyllome_nb.host.watch.Watch`.

        Parameters
        ----------
        every : float
            Seconds after which the host is looked at where libvirt announces nothing.
        """
        from phyllome_nb.host.watch import Watch

        return Watch(self, every)

    def record(self, path: "str | Path", every: float = 10) -> "Recording":
        """Write down what the VMs use, every few seconds: see `phyllome_nb.host.record.Recording`.

        Parameters
        ----------
        path : str or Path
            A directory, which is made if it is not there. ``ph.History.load(path)`` reads it.
        every : float
            Seconds between two looks.

        Raises
        ------
        RecordingError
            If somebody else is recording into it.
        ImportError
            If pyarrow is not installed: ``pip install phyllome-nb[export]`` brings it.
        """
        from phyllome_nb.host.record import Recording

        return Recording(self, path, every)

    def domains(self) -> list[DomainSpec]:
        """The stored definition of every VM, in the order of names; what cannot be read is left out with a warning.

        Raises
        ------
        Unreachable, NoAnswer
            If the host cannot be asked.
        """
        found = []
        for name, text in self.ask("reading definitions", lambda connection: sorted(self._definitions(connection))):
            try:
                found.append(DomainSpec.from_host(text))
            except DefinitionError as error:
                warnings.warn(f"{name!r} on {self.name} is left out: {error}", stacklevel=2)
        return found

    def domain(self, name: str) -> DomainSpec:
        """The stored definition of one VM: change it, and give it to `change`.

        A host that was opened for writing tells the passwords, too. They are never shown, and written back.

        Raises
        ------
        NoSuchDomain
            If the host has no VM of that name.
        ParseError
            If what libvirt keeps cannot be read.
        Unreachable, NoAnswer
            If the host cannot be asked.
        """
        if type(name) is not str or re.search("[\0\ud800-\udfff]", name):
            raise NoSuchDomain(f"{name!r} is no name of a VM.")
        try:
            text = self.ask(f"reading {name!r}", lambda connection: self._definition(connection.lookupByName(name)))
        except NoSuchDomain as error:
            raise NoSuchDomain(f"{self.name} has no VM named {name!r}: host.domains() lists them.") from error
        return DomainSpec.from_host(text)

    def guest(self, name: str) -> "Guest":
        """One VM, to be started, stopped, renamed, undefined and so on.

        Raises
        ------
        NoSuchDomain
            If the host has no VM of that name.
        """
        from phyllome_nb.host.guest import Guest

        return Guest(self, name)

    def history(self, name: str) -> "History":
        """What a VM was before it was changed from this machine, the oldest first.

        Also of one that is gone: then of the last VM that was kept under this name.

        Examples
        --------
        >>> import phyllome_nb as ph
        >>> host = ph.demo()
        >>> spec = host.domain("web-2")
        >>> spec.title = "The other one"
        >>> report = host.change(spec).apply()
        >>> host.history("web-2")[-1].spec.title
        'The other one'
        """
        from phyllome_nb.host import history

        try:
            return history.of(self.domain(name).uuid or "")
        except NoSuchDomain:
            return history.named(name)

    def restore(self, kept: "Kept") -> Change:
        """The intended write of a definition that was kept: see what it means, then ``apply()`` it.

        Where the VM is gone it is defined again, as the same VM.

        Raises
        ------
        ParseError
            If the file was damaged.
        """
        from phyllome_nb.host.change import restoring

        return restoring(self, kept)

    def trial(self, spec: DomainSpec) -> "Trial":
        """What libvirt itself would do with a definition, asked without touching this host.

        A private libvirt on this machine is asked, in a process of its own which is kept for the next time. That takes
        milliseconds, and once some seconds in which it asks QEMU what it can do; ``$XDG_CACHE_HOME/phyllome_nb``
        remembers the answers. Where there is no QEMU driver here, the host is asked for the
        command line, if it was opened for writing; that stores nothing either.

        Raises
        ------
        FieldError
            If the definition has a name that must not reach libvirt.
        HostError
            If the host, or the private libvirt, gives no answer.
        """
        from phyllome_nb.host.trial import trial

        return trial(spec, self)

    def change(self, spec: DomainSpec) -> Change:
        """The intended write of a definition: see what it means, then ``apply()`` it.

        One that was read with `domain` changes that VM; one without a uuid makes a new VM.

        Raises
        ------
        DefinitionError
            If the definition has a name that libvirt cannot take, or the uuid of a VM that it was not read from.
        """
        return Change(self, spec)

    def close(self) -> None:
        """Let the connection go; every later call says so."""
        self._recent = None
        _let_go(self._held, self.timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Host {self.name}: {self.uri}, {'writable' if self.writable else 'read-only'}>"

    def _repr_html_(self) -> str:
        from phyllome_nb.capacity import view
        from phyllome_nb.html import el, styled

        # The file of a sample host lies somewhere in this machine's Python, which tells a reader nothing.
        address = "libvirt's test driver" if self._is_local() else self.uri
        heading = view.heading(self.name, f"{address} · {'writable' if self.writable else 'read-only'}")
        try:
            return styled(heading, view.summary(self.snapshot()))
        except HostError as error:
            return styled(heading, el("p", str(error), class_="phy-error"))

    def _definitions(self, connection: Any) -> list[tuple[str, str]]:
        found = []
        for domain in connection.listAllDomains():
            try:
                found.append((domain.name(), self._definition(domain)))
            except libvirt.libvirtError as error:
                if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN:  # it vanished meanwhile
                    raise
        return found

    def _definition(self, domain: Any) -> str:
        """The stored XML, with its passwords where the connection may see them: without, writing it back loses them."""
        secure = libvirt.VIR_DOMAIN_XML_SECURE if self.writable else 0
        text: str = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE | secure)
        return text


def _is_alive(connection: Any) -> bool:
    """Whether the connection is not known to have broken; the host is not asked."""
    try:
        return bool(connection.isAlive())
    except libvirt.libvirtError:
        return False


def _let_go(held: list[Any], seconds: float = 0) -> None:
    """Drop a connection in a thread: closing asks the host, which may not answer.

    It is dropped and not closed: a call that still runs on it holds it too, and closing would free what that uses.
    """

    def drop() -> None:
        for connection in held:
            unwatch(connection)
        held.clear()

    thread = threading.Thread(target=drop, name="libvirt: closing", daemon=True)
    thread.start()
    thread.join(seconds)


def _host_name(connection: Any, uri: str, writable: bool) -> str:
    """What the host calls itself; a read-only connection may not ask."""
    if writable:
        name: str = connection.getHostname()
        return name
    return urlsplit(uri).hostname or socket.gethostname()


def _check_kinds(uri: object, write: object, timeout: object) -> None:
    if not isinstance(uri, str) or "\0" in uri:
        raise TypeError(f"uri={uri!r} is not an address such as 'qemu:///system'.")
    if not isinstance(write, bool):
        raise TypeError(f"write={write!r} is neither True nor False.")
    if not isinstance(timeout, int | float) or timeout <= 0:
        raise TypeError(f"timeout={timeout!r} is not a number of seconds above zero.")
