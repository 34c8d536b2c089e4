"""What was read of a host a moment ago, and what libvirt has said since that it changed."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import libvirt

from phyllome_nb.capacity.snapshot import DomainFacts, HostFacts, Snapshot
from phyllome_nb.host.collect import host_facts, now
from phyllome_nb.host.domains import GROUPS, STATES, Answers, Bulk, Definitions, answers, bulk, in_order, renewed
from phyllome_nb.host.loop import watch_domains
from phyllome_nb.host.usage import usage_of, with_usage

__all__ = ["Recent"]

TOLD = (
    libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE,
    libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_ADDED,
    libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED,
    libvirt.VIR_DOMAIN_EVENT_ID_DISK_CHANGE,
    libvirt.VIR_DOMAIN_EVENT_ID_TRAY_CHANGE,
    libvirt.VIR_DOMAIN_EVENT_ID_TUNABLE,
    libvirt.VIR_DOMAIN_EVENT_ID_METADATA_CHANGE,
    libvirt.VIR_DOMAIN_EVENT_ID_MEMORY_DEVICE_SIZE_CHANGE,
)
"""The events after which a definition is read again."""
MOVED = (libvirt.VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE,)
"""The events after which what a VM has is another, and its definition the same."""
CHEAP = libvirt.VIR_DOMAIN_STATS_STATE | libvirt.VIR_DOMAIN_STATS_BALLOON | libvirt.VIR_DOMAIN_STATS_VCPU
"""What libvirt knows of a VM that does not run without looking at its images."""


@dataclass(slots=True)
class Kept:
    """The facts of a VM, and when its definitions were read."""

    facts: DomainFacts
    read: float
    stats: dict[str, Any]
    """What libvirt said of it beside them, if it did not run."""
    digest: bytes
    definitions: Definitions


class Recent:
    """The last snapshot through one connection, to take over what has not changed.

    libvirt announces most changes by an event. It says nothing of settings for the next start that are changed without
    defining the VM anew (``virsh attach-disk --config``), apart from memory and vCPUs, which are compared: those are
    seen once a definition is older than the age that the caller allows.
    """

    def __init__(self, tell: Callable[[], None] = lambda: None) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._kept: dict[bytes, Kept] = {}
        self._host: tuple[HostFacts, float] | None = None
        self._changed: set[bytes] = set()
        self._watched = False
        self.stuck = False
        """Whether a VM gave no answer the last time: then a call of the connection's is waiting still."""

    def snapshot(self, connection: Any, name: str, uri: str, max_age: float) -> Snapshot:
        """The facts of the host, with definitions that were read at most so many seconds ago."""
        with self._lock:
            return self._snapshot(connection, name, uri, max_age)

    def _happened(self, uuid: bytes) -> None:
        self._changed.add(uuid)
        self._tell()

    def _snapshot(self, connection: Any, name: str, uri: str, max_age: float) -> Snapshot:
        begun = time.monotonic()
        if max_age > 0 and not self._watched:
            self._watched = True
            self._kept.clear()  # nobody has said what changed since they were read
            watch_domains(connection, TOLD, self._happened)
            watch_domains(connection, MOVED, lambda _uuid: self._tell())
        changed = {self._changed.pop() for _ in range(len(self._changed))}
        quick = max_age > 0 and bool(self._kept)
        known = bulk(connection, CHEAP if quick else GROUPS)
        kept: dict[bytes, Kept] = {}
        again: list[Any] = []
        for domain in known.domains:
            uuid = domain.UUID()
            last = self._kept.get(uuid)
            if last is None or uuid in changed or begun - last.read >= max_age or not _is_same(last, uuid, known):
                again.append(domain)
                continue
            if last.facts.live is not None:
                last.facts = renewed(domain, last.facts, last.definitions)
            kept[uuid] = last
        if again and quick:
            known = bulk(connection, GROUPS)
        for answer in answers(again, known):
            stats = known.stats.get(answer.uuid, {})
            plain = {key: value for key, value in stats.items() if not key.startswith("block.")}
            kept[answer.uuid] = self._fresh(answer, known, begun, plain)
        self._kept = kept
        if self._host is None or begun - self._host[1] >= max_age:
            self._host = host_facts(connection, name, uri), begun
            facts = self._host[0]
        else:
            facts = now(connection, self._host[0])
        self._ask_usage({domain.UUID(): domain for domain in known.domains})
        return Snapshot(facts, in_order(each.facts for each in kept.values()), datetime.now(UTC).astimezone())

    def _ask_usage(self, domains: dict[bytes, Any]) -> None:
        """Of those that run and are known to answer."""
        asked = [uuid for uuid, kept in self._kept.items() if kept.facts.live is not None and not kept.facts.problem]
        answers, self.stuck = usage_of([domains[uuid] for uuid in asked])
        for uuid, used in zip(asked, answers, strict=True):
            if used.gone:
                del self._kept[uuid]
            else:
                self._kept[uuid].facts = with_usage(self._kept[uuid].facts, used)

    def _fresh(self, answer: Answers, known: Bulk, begun: float, stats: dict[str, Any]) -> Kept:
        """What was read anew; definitions that are to the letter as they were are not interpreted again."""
        last, digest = self._kept.get(answer.uuid), answer.digest
        same = last is not None and last.digest == digest
        definitions = last.definitions if last and same else answer.definitions()
        return Kept(answer.facts(known, definitions), begun, stats, digest, definitions)


def _is_same(kept: Kept, uuid: bytes, known: Bulk) -> bool:
    """Whether what libvirt says of all VMs at once is as it was."""
    facts, stats = kept.facts, known.stats.get(uuid)
    runs = stats is None
    flags = (facts.persistent, facts.autostart, facts.saved)
    if runs and kept.definitions.live is None:
        return False  # QEMU hung when it was read, and its definition with it
    return (
        runs == (facts.live is not None)
        and flags == (uuid in known.persistent, uuid in known.autostart, uuid in known.saved)
        and (stats is None or (stats == kept.stats and facts.state == STATES.get(stats.get("state.state", -1))))
    )
