"""How a VM is doing, as far as that matters to who changes its definition."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import libvirt

from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import DefinitionError, NoSuchDomain
from phyllome_nb.xml.compare import Difference

if TYPE_CHECKING:
    from phyllome_nb.host.host import Host

__all__ = ["Situation", "situation", "supported", "waiting"]

OF_A_RUN = re.compile(
    r"@id|resource.*|seclabel.*|os/(@firmware|firmware.*|loader.*|nvram.*)|cpu/(@check|@migratable|model.*|vendor|feature.*)"
    r"|.*/(alias|seclabel|backingStore|mirror)(/.*|@.*)?|.*/@(tty|state|tlsPort|websocket|index)"
    r"|devices/(channel|console|serial|parallel)/source.*|devices/interface/(target|backend).*"
    r"|devices/graphics/(@port|listen.*)|devices/(hostdev|disk)/source/(privateData|@index).*"
)
"""What libvirt fills in while a VM runs, by its path."""
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Situation:
    """How a VM is doing."""

    name: str
    running: bool = False
    saved: bool = False
    """It was saved by libvirt, and its next start goes on from there."""
    busy: bool = False
    """It is being migrated, saved or dumped."""
    transient: bool = False
    """It runs, and nothing of it is stored."""
    pending: tuple[Difference, ...] = ()
    """What its next start brings already, before this change."""

    def notes(self) -> list[str]:
        """What to know before the write, a sentence each."""
        notes = self.afterwards()
        if self.busy:
            notes.append(f"{self.name} is being migrated or saved; a write now would be lost, so it is refused.")
        if self.transient:
            notes.append(f"{self.name} is transient: it has no stored definition that could be changed.")
        if self.pending:
            named = "; ".join(map(str, self.pending[:SHOWN]))
            more = f"; and {len(self.pending) - SHOWN} more" if len(self.pending) > SHOWN else ""
            notes.append(f"Its next start brings changes already: {named}{more}.")
        return notes

    def afterwards(self) -> list[str]:
        """What to know after the write as well."""
        notes = []
        if self.running:
            notes.append(f"{self.name} runs with what it has; the change takes effect at its next start.")
        if self.saved:
            notes.append(
                f"{self.name} has a managed save image: its next start goes on from there as it was, "
                "and only the start after that brings the change."
            )
        return notes


def situation(host: "Host", spec: DomainSpec | None) -> Situation:
    """Ask a host how the VM of a definition is doing; nothing is there to ask of a new one.

    Raises
    ------
    HostError
        If the host cannot be asked.
    """
    if spec is None or not spec.uuid:
        return Situation(spec.name if spec else "")
    name, uuid = spec.name, spec.uuid
    try:
        return host.ask(f"looking at {name!r}", lambda connection: _situation(connection, name, uuid))
    except NoSuchDomain:
        return Situation(name)


def _situation(connection: Any, name: str, uuid: str) -> Situation:
    domain = connection.lookupByUUIDString(uuid)
    running = bool(domain.isActive())
    busy = running and _is_busy(domain)
    return Situation(
        name,
        running,
        saved=bool(supported(domain.hasManagedSaveImage)),
        busy=busy,
        transient=not domain.isPersistent(),
        pending=_pending(domain) if running and not busy else (),
    )


def _is_busy(domain: Any) -> bool:
    # Where QEMU is stuck in a job, only the first of the two answers; of a migration only the second tells.
    if supported(domain.controlInfo, (0,))[0] == libvirt.VIR_DOMAIN_CONTROL_JOB:
        return True
    return bool(supported(domain.jobInfo, (0,))[0] != libvirt.VIR_DOMAIN_JOB_NONE)


def waiting(domain: Any) -> int:
    """For how many seconds QEMU has kept another call waiting; asking does not wait."""
    state, _, milliseconds = supported(domain.controlInfo, (libvirt.VIR_DOMAIN_CONTROL_OK, 0, 0))
    stuck = state in {libvirt.VIR_DOMAIN_CONTROL_OCCUPIED, libvirt.VIR_DOMAIN_CONTROL_JOB}
    return milliseconds // 1000 if stuck else 0


def supported(ask: Any, otherwise: Any = 0) -> Any:
    """What a driver answers, where it knows of such a thing."""
    try:
        return ask()
    except libvirt.libvirtError as error:
        if error.get_error_code() in {libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_ERR_OPERATION_INVALID}:
            return otherwise
        raise


def _pending(domain: Any) -> tuple[Difference, ...]:
    """What the stored definition says otherwise than the running VM, what only a run fills in left out."""
    try:
        live = DomainSpec.from_xml(domain.XMLDesc(0))
        stored = DomainSpec.from_xml(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
    except DefinitionError:
        return ()
    return tuple(each for each in live.diff(stored) if not _is_of_a_run(each))


def _is_of_a_run(difference: Difference) -> bool:
    return bool(OF_A_RUN.fullmatch(difference.path))
