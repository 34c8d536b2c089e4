"""Which CPUs go together: what libvirt says when one host is asked about the CPU of another, or of a VM."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import libvirt
import pandas as pd

from phyllome_nb.capacity.columns import CPUS, MIGRATION
from phyllome_nb.capacity.fleet import FleetSnapshot
from phyllome_nb.capacity.migration import obstacles, unknowns
from phyllome_nb.capacity.snapshot import DomainFacts, Promise, Snapshot
from phyllome_nb.capacity.tables.frame import frame
from phyllome_nb.errors import HostError
from phyllome_nb.host.host import Host
from phyllome_nb.host.translate import told
from phyllome_nb.xml.document import part_of

__all__ = ["cpu_baseline", "cpu_compatibility", "migration"]

RESULTS = {
    libvirt.VIR_CPU_COMPARE_INCOMPATIBLE: ("incompatible", False),
    libvirt.VIR_CPU_COMPARE_IDENTICAL: ("identical", True),
    libvirt.VIR_CPU_COMPARE_SUPERSET: ("superset", True),
}
UNTOLD = {libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_ERR_CONFIG_UNSUPPORTED, libvirt.VIR_ERR_OPERATION_DENIED}
WHY = libvirt.VIR_CONNECT_COMPARE_CPU_FAIL_INCOMPATIBLE
Verdict = tuple[str, bool | None, str]
"""result, whether it can run there (None: not known), and why not."""


def cpu_of(host: Host) -> str:
    """The CPU of a host, as its capabilities describe it."""
    return host.ask("reading its CPU", lambda connection: part_of(connection.getCapabilities(), "host/cpu"))


def verdict(host: Host, cpu: str, kind: str = "") -> Verdict:
    """Whether a host can run a CPU: what its hypervisor offers counts, else the CPU itself.

    Parameters
    ----------
    host : Host
    cpu : str
        The XML of a host's or a guest's CPU.
    kind : str
        kvm or qemu; empty for the host's own choice.
    """

    def compare(connection: Any) -> int:
        try:
            return int(connection.compareHypervisorCPU(None, None, None, kind or None, cpu, WHY))
        except libvirt.libvirtError as error:
            # Only who may write is told what the hypervisor offers; with KVM it is what the CPU has.
            if error.get_error_code() in UNTOLD and kind in {"", "kvm"}:
                return int(connection.compareCPU(cpu, WHY))
            raise

    def ask(connection: Any) -> Verdict:
        try:
            result, possible = RESULTS.get(compare(connection), ("", None))
        except libvirt.libvirtError as error:
            if error.get_error_code() == libvirt.VIR_ERR_CPU_INCOMPATIBLE:
                return "incompatible", False, told(error)
            return "", None, told(error)
        return result, possible, ""

    try:
        return host.ask("comparing CPUs", ask)
    except HostError as error:
        return "", None, str(error)


def cpu_baseline(hosts: Sequence[Host]) -> str:
    """The CPU that a VM may be given to run on all of them, as libvirt works it out (``virConnectBaselineCPU``).

    Returns
    -------
    str
        A ``<cpu>`` for a definition.

    Raises
    ------
    HostError
        If a host does not tell its CPU, or they have nothing in common, as of two vendors.
    """
    cpus = [cpu_of(host) for host in hosts]
    if not cpus:
        raise HostError("No host can be asked.")
    asked = hosts[0]
    flags = libvirt.VIR_CONNECT_BASELINE_CPU_MIGRATABLE

    def ask(connection: Any) -> str:
        answer: str = connection.baselineCPU(cpus, flags)
        return answer

    return asked.ask("looking for a common CPU", ask)


def cpu_compatibility(hosts: Sequence[Host]) -> pd.DataFrame:
    """Whether a VM with the CPU of one host (host-model) could run on another, for each two of them.

    Returns
    -------
    pandas.DataFrame
        A row for each two hosts, in both directions; ``pivot(index="host", columns="to", values="result")`` makes a
        matrix of it.
    """
    rows: list[tuple[str, str, str, bool | None, str]] = []
    for host in hosts:
        try:
            cpu = cpu_of(host)
        except HostError as error:
            rows += [(host.name, to.name, "", None, str(error)) for to in hosts]
            continue
        rows += [(host.name, to.name, *verdict(to, cpu)) for to in hosts]
    return frame(rows, CPUS[""], "Whose CPU runs where")


def migration(hosts: Sequence[Host]) -> pd.DataFrame:
    """Where each VM could go, and what prevents it.

    A VM that runs goes with the CPU that it has; one that does not is given one where it starts.

    Returns
    -------
    pandas.DataFrame
        A row for each VM and each other host.
    """
    taken = FleetSnapshot.of((host.snapshot() for host in hosts), (), datetime.now(UTC).astimezone())
    snapshots = {id(host): snapshot for host, snapshot in zip(hosts, taken.snapshots, strict=True)}
    own = {id(host): cpu_of(host) for host in hosts}
    known: dict[tuple[int, str, str], Verdict] = {}
    rows = []
    for host in hosts:
        for domain in snapshots[id(host)].domains:
            promise = domain.shown
            if promise is None:
                continue
            cpu = guest_cpu(host, domain)
            for to in hosts:
                if to is host:
                    continue
                key = (id(to), cpu, promise.kind)
                if key not in known:
                    known[key] = _cpu_verdict(to, cpu, promise, own[id(host)] == own[id(to)])
                found = _judged(domain, promise, snapshots[id(to)], known[key])
                rows.append((domain.name, snapshots[id(host)].host.name, snapshots[id(to)].host.name, *found))
    return frame(rows, MIGRATION[""], "Where each VM could go")


def guest_cpu(host: Host, domain: DomainFacts) -> str:
    """The CPU that a VM would bring along: of one that runs, what it was started with; empty where it names none."""
    flags = libvirt.VIR_DOMAIN_XML_MIGRATABLE if domain.live else libvirt.VIR_DOMAIN_XML_INACTIVE

    def ask(connection: Any) -> str:
        try:
            return part_of(connection.lookupByUUIDString(domain.uuid).XMLDesc(flags), "cpu")
        except libvirt.libvirtError:
            return ""

    return host.ask(f"reading the CPU of {domain.name!r}", ask)


def _cpu_verdict(to: Host, cpu: str, promise: Promise, same: bool) -> Verdict:
    mode = promise.cpu.partition(" ")[0]
    if not cpu or not mode or mode == "maximum" or (mode == "host-model" and "<model" not in cpu):
        return "", True, ""
    if mode == "host-passthrough":
        why = f"It has its host's own CPU, and that of {to.name} is another."
        return ("identical", True, "") if same else ("incompatible", False, why)
    return verdict(to, cpu, promise.kind)


def _judged(domain: DomainFacts, promise: Promise, target: Snapshot, cpu: Verdict) -> tuple[bool | None, str]:
    """Whether it can go there, and what prevents it or is not known."""
    _, runs, why = cpu
    against = [*obstacles(domain, promise, target), *([why or "Its CPU does not run there."] if runs is False else [])]
    if against:
        return False, " ".join(against)
    open_questions = [*unknowns(promise, target.host), *([why or "CPUs cannot be compared."] if runs is None else [])]
    return (None, " ".join(open_questions)) if open_questions else (True, "")
