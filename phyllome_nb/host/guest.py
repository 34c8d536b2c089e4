"""Guest: the life of one VM, from its first start to its end."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import libvirt

from phyllome_nb.domain.clone import cloned
from phyllome_nb.domain.identity import check_name
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import DefinitionError, FieldError, PhyllomeError, Undecided
from phyllome_nb.host import history, write
from phyllome_nb.host.situation import supported
from phyllome_nb.size import Size

if TYPE_CHECKING:
    from phyllome_nb.host.change import Change
    from phyllome_nb.host.host import Host

__all__ = ["Guest", "Said"]

T = TypeVar("T")
Fate = Literal["keep", "remove"]
PARTS = {
    "nvram": ("NVRAM", libvirt.VIR_DOMAIN_UNDEFINE_NVRAM, libvirt.VIR_DOMAIN_UNDEFINE_KEEP_NVRAM),
    "tpm": ("TPM state", libvirt.VIR_DOMAIN_UNDEFINE_TPM, libvirt.VIR_DOMAIN_UNDEFINE_KEEP_TPM),
    "snapshots": ("snapshots", libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA, None),
    "checkpoints": ("checkpoints", libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA, None),
    "managed_save": ("managed save image", libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE, None),
}
"""What goes with a definition: its name, the flag that removes it, and the one that keeps it where that can be."""
LOOK = 0.1
"""Seconds between two looks at whether a VM is off."""


class Said(str):
    """A sentence that says what was done."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Guest:
    """One VM of a host, to be started, stopped and so on. Each call answers with one sentence.

    Get one from `Host.guest`. Every call raises a `HostError` if the host says no, and `NoSuchDomain` if the VM is
    gone.

    Examples
    --------
    >>> import phyllome_nb as ph
    >>> guest = ph.demo().guest("build-1")
    >>> guest.start()
    build-1 runs.
    >>> guest.force_off()
    build-1 was forced off: what it had not written to its disks is lost.
    """

    def __init__(self, host: "Host", name: str) -> None:
        self.host = host
        self.name = name
        self.uuid = host.domain(name).uuid or ""

    def start(self) -> Said:
        """Start it; where libvirt has saved it, it goes on from there."""
        saved = self._ask("looking at", lambda domain: bool(supported(domain.hasManagedSaveImage)))
        self._ask("starting", lambda domain: domain.create())
        return self._said("goes on from where it was saved." if saved else "runs.")

    def shutdown(self, wait: float = 0) -> Said:
        """Ask its guest to turn itself off, and wait so many seconds for it.

        A guest may ignore that: one without ACPI, or that has not booted yet.
        """
        self._ask("shutting down", lambda domain: domain.shutdown())
        end = time.monotonic() + wait
        while (runs := self._runs()) and time.monotonic() < end:
            time.sleep(LOOK)
        if not runs:
            return self._said("is off.")
        return self._said(f"still runs after {wait:g} s." if wait else "was asked to turn itself off.")

    def force_off(self) -> Said:
        """Turn it off as if by pulling the plug."""
        self._ask("forcing off", lambda domain: domain.destroy())
        return self._said("was forced off: what it had not written to its disks is lost.")

    def reboot(self) -> Said:
        """Ask its guest to boot again; it keeps the definition that it runs with."""
        self._ask("rebooting", lambda domain: domain.reboot())
        return self._said("was asked to boot again; it keeps the definition it runs with.")

    def pause(self) -> Said:
        """Stop its vCPUs; it keeps its memory."""
        self._ask("pausing", lambda domain: domain.suspend())
        return self._said("is paused; it keeps its memory.")

    def resume(self) -> Said:
        """Let its vCPUs go on."""
        self._ask("resuming", lambda domain: domain.resume())
        return self._said("runs.")

    def autostart(self, wanted: bool = True) -> Said:
        """Say whether it starts with its host."""
        self._ask("setting autostart of", lambda domain: domain.setAutostart(int(wanted)))
        return self._said("starts with its host." if wanted else "does not start with its host.")

    def rename(self, name: str) -> Said:
        """Give it another name; it must be off.

        Raises
        ------
        FieldError
            If libvirt cannot take the name.
        """
        try:
            check_name(name)
        except ValueError as error:
            raise FieldError(f"name: {error}") from None
        self._keep()
        self._ask("renaming", lambda domain: domain.rename(name))
        before, self.name = self.name, name
        return Said(f"{before} is now called {name}.")

    def clone(self, name: str) -> "Change":
        """The intended write of another VM that is defined alike, with a uuid and MAC addresses of its own.

        The disks are not copied: the definition names the same images, and the findings say so.

        Raises
        ------
        FieldError
            If libvirt cannot take the name.
        """
        return self.host.change(cloned(self.host.domain(self.name), name))

    def leaves(self) -> dict[str, str]:
        """What undefining it would take along, or leave behind, by the parameter of `undefine` that decides it."""
        spec = self.host.domain(self.name)
        return self._ask("looking at", lambda domain: _leaves(domain, spec))

    def undefine(
        self,
        *,
        nvram: Fate | None = None,
        tpm: Fate | None = None,
        snapshots: Fate | None = None,
        checkpoints: Fate | None = None,
        managed_save: Fate | None = None,
        running: Fate | None = None,
    ) -> Said:
        """Make its host forget it. Its definition is kept on this machine, and its disks stay.

        Parameters
        ----------
        nvram, tpm, snapshots, checkpoints, managed_save : {"keep", "remove"}, optional
            What becomes of each of these where there is one. libvirt can keep the first two only.
        running : {"keep"}, optional
            Needed where it runs: it goes on, and vanishes when it is turned off.

        Raises
        ------
        Undecided
            If there is one for which that was not said; nothing was done.
        NotKept
            If the definition cannot be kept; nothing was done.
        """
        given = {"nvram": nvram, "tpm": tpm, "snapshots": snapshots, "checkpoints": checkpoints}
        given["managed_save"] = managed_save
        found = self.leaves()
        self._decided(found, {**given, "running": running})
        flags = 0
        for part, (_, remove, keep) in PARTS.items():
            if part in found:
                flags |= remove if given[part] == "remove" else keep or 0
        self._keep()
        self._ask("undefining", lambda domain: domain.undefineFlags(flags))
        gone = [PARTS[part][0] for part in found if given.get(part) == "remove"]
        along = f", and its {', '.join(gone)} with it" if gone else ""
        return self._said(f"is undefined{along}; its disks stay, and host.history({self.name!r}) has its definition.")

    def _decided(self, found: dict[str, str], given: dict[str, Fate | None]) -> None:
        """Make sure that each thing found is to be kept or removed, and can be."""
        for part, fate in given.items():
            if fate not in (None, "keep", "remove"):
                raise ValueError(f"{part}={fate!r} is neither 'keep' nor 'remove'.")
            if part in found and fate == "keep" and part in PARTS and PARTS[part][2] is None:
                raise Undecided(f"libvirt cannot undefine {self.name} and keep its {PARTS[part][0]}; nothing was done.")
        open_ = [part for part in found if given[part] is None or (part == "running" and given[part] != "keep")]
        if open_:
            what = "; ".join(found[part] for part in open_)
            how = ", ".join(f"{part}='{'keep' if part == 'running' else 'remove'}'" for part in open_)
            raise Undecided(f"{self.name} has more than a definition: {what}. Nothing was done. Say {how} if so.")

    def set_memory(self, size: int | str | Size, *, live: bool | None = None, stored: bool = True) -> Said:
        """Let it have so much memory: by the balloon now, and by its definition from the next start on.

        Parameters
        ----------
        size : Size, int or str
            At most what it was started with, for `live`; what its definition has as maximum, for `stored`.
        live : bool, optional
            Whether the running VM is changed; where left out, if it runs.
        stored : bool
            Whether the definition is changed: what the balloon leaves it.
        """
        wanted = Size(size)
        spec = self.host.domain(self.name)
        if stored and wanted > spec.memory.maximum:
            raise _too_many(f"memory: {wanted} is", spec.memory.maximum)
        spec.memory.current = wanted
        kib = -(-wanted // 1024)
        return self._set(
            f"{wanted} of memory",
            self.host.change(spec) if stored else None,
            live,
            lambda domain: domain.setMemoryFlags(kib, libvirt.VIR_DOMAIN_AFFECT_LIVE),
        )

    def set_vcpus(self, count: int, *, live: bool | None = None, stored: bool = True) -> Said:
        """Let it have so many vCPUs, of those that its definition allows at most.

        Parameters
        ----------
        count : int
            How many are plugged in.
        live : bool, optional
            Whether the running VM is changed; where left out, if it runs.
        stored : bool
            Whether the definition is changed.
        """
        spec = self.host.domain(self.name)
        if stored and count > spec.vcpus.maximum:
            raise _too_many(f"vcpus: {count} are", spec.vcpus.maximum)
        spec.vcpus.current = count
        return self._set(
            f"{count} vCPU{'s' if count != 1 else ''}",
            self.host.change(spec) if stored else None,
            live,
            lambda domain: domain.setVcpusFlags(count, libvirt.VIR_DOMAIN_AFFECT_LIVE),
        )

    def _set(self, what: str, change: "Change | None", live: bool | None, now: Callable[[Any], object]) -> Said:
        """Change the running VM first, which may refuse, and then its definition."""
        runs = self._runs() if live is None else live
        if not runs and change is None:
            raise DefinitionError("Neither the running VM nor its definition was to be changed.")
        if runs:
            self._ask(f"setting {what} of", now)
        if change is None:
            return self._said(f"has {what} until it is turned off.")
        try:
            change.apply()
        except PhyllomeError as error:
            if runs:
                error.add_note(f"The running VM has {what} already; its definition has not.")
            raise
        return self._said(f"has {what} {'now and ' if runs else ''}from its next start on.")

    def _said(self, text: str) -> Said:
        return Said(f"{self.name} {text}")

    def _runs(self) -> bool:
        return self._ask("looking at", lambda domain: bool(domain.isActive()))

    def _keep(self) -> None:
        text = self.host.ask(f"reading {self.name!r}", lambda connection: write.stored(connection, self.uuid))
        if text is not None:
            history.keep(text, self.uuid)

    def _ask(self, doing: str, work: Callable[[Any], T]) -> T:
        return self.host.ask(
            f"{doing} {self.name!r}", lambda connection: work(connection.lookupByUUIDString(self.uuid))
        )

    def __repr__(self) -> str:
        return f"<Guest {self.name} on {self.host.name}>"


def _too_many(said: str, most: object) -> FieldError:
    return FieldError(f"{said} more than the maximum of {most}; raise that first, with host.change.")


def _leaves(domain: Any, spec: DomainSpec) -> dict[str, str]:
    found = {}
    files = domain.connect().getType() != "TEST"  # libvirt's mock has no files
    if files and (spec.os.nvram or spec.os.firmware == "efi" or spec.os.loader_type == "pflash"):
        found["nvram"] = f"its firmware's variables (NVRAM){f' in {spec.os.nvram}' if spec.os.nvram else ''}"
    if files and any(tpm.backend == "emulator" for tpm in spec.devices.tpms):
        found["tpm"] = "the state of its TPM, without which what the guest has encrypted with it is lost"
    if count := int(supported(domain.snapshotNum)):
        found["snapshots"] = f"what libvirt knows of its snapshots, {count} in number"
    if count := len(supported(domain.listAllCheckpoints, ())):
        found["checkpoints"] = f"what libvirt knows of its checkpoints, {count} in number"
    if supported(domain.hasManagedSaveImage):
        found["managed_save"] = "a managed save image, the memory of a VM that was saved"
    if domain.isActive():
        found["running"] = "a machine that runs, and would vanish when it is turned off"
    return found
