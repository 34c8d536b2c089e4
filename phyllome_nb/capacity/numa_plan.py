"""The planner of pins: cells, CPUs, pages and emulator CPUs for one VM, beside what others hold."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations, islice, permutations
from typing import Literal, get_args

from phyllome_nb.capacity.addresses import cpu_set
from phyllome_nb.capacity.asking import Asking
from phyllome_nb.capacity.because import because
from phyllome_nb.capacity.facts import Cell, LogicalCpu
from phyllome_nb.capacity.fit import verdict
from phyllome_nb.capacity.pinning import GuestCell, Pinning
from phyllome_nb.capacity.places import default_page
from phyllome_nb.capacity.policy import Policy
from phyllome_nb.capacity.reason import Reason
from phyllome_nb.capacity.room import Room
from phyllome_nb.capacity.snapshot import Count, Snapshot
from phyllome_nb.capacity.tables.balance import check_count
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.size import Size

__all__ = ["Siblings", "pinning"]

Siblings = Literal["prefer", "require", "isolate"]
"""Two vCPUs on each core where there are whole ones; only whole cores; or one vCPU on each core."""
MOST_TRIES = 200
"""Groups of cells that are looked at; a host of eight cells has 255."""
MOST_REASONS = 20
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Wish:
    """What the proposal is to be like."""

    dedicated: bool
    page: Size | None
    emulator: bool
    siblings: Siblings


def pinning(
    snapshot: Snapshot,
    spec: DomainSpec,
    wish: Wish,
    policy: Policy | str | None = None,
    count: Count = "defined",
) -> Pinning:
    """See `Snapshot.pinning`."""
    check_count(count)
    if wish.siblings not in get_args(Siblings):
        raise ValueError(f"siblings={wish.siblings!r}: choose one of {', '.join(get_args(Siblings))}.")
    chosen, asked = Policy.named(policy), Asking.of(spec)
    if wish.page is None:
        wish = replace(wish, page=_own_page(snapshot, asked))
    plan = Plan(snapshot, spec, asked, wish, chosen, count)
    none = Pinning(asked.name, snapshot.host.name)
    if not snapshot.host.cells or not plan.room.online:
        why = f"{snapshot.host.name} does not tell its NUMA cells and their CPUs."
        return replace(none, problems=(Reason("cell", "unknown", why),))
    problems: dict[str, Reason] = {}
    for proposal in plan.proposals():
        against = proposal.problems
        if not against:
            found = verdict(snapshot, Asking.of(proposal.apply(spec)), chosen, count).reasons
            against = tuple(each for each in found if each.decides and each.severity != "unknown")
        if not against:
            return proposal
        problems.update({each.why: each for each in against if len(problems) < MOST_REASONS})
    return replace(none, problems=tuple(problems.values()))


def _own_page(snapshot: Snapshot, asked: Asking) -> Size | None:
    """The size of the huge pages that the definition asks for already."""
    page = next((share.page for share in asked.promise.shares if share.page is not None), None)
    return (page or default_page(snapshot.host)) if page is not None else None


class Plan:
    """The proposals for one VM on one host, the best one first."""

    def __init__(  # noqa: PLR0917  (what `pinning` was asked)
        self, snapshot: Snapshot, spec: DomainSpec, asked: Asking, wish: Wish, policy: Policy, count: Count
    ) -> None:
        self.asked, self.wish, self.host = asked, wish, snapshot.host
        self.room = Room.of(snapshot, policy, count, asked.uuid)
        self.guest = _guest_cells(spec, asked)
        self.held = _held(snapshot, self.room, asked.uuid, count)
        self.kept = self._kept()
        self.usable = {cell: cpus - self.held - self.kept for cell, cpus in self.room.cpus.items()}

    def proposals(self) -> Iterator[Pinning]:
        """Fewest cells first, then the nearest to each other, then the tightest."""
        most = len(self.host.cells)
        sizes = [len(self.guest)] if self.guest else range(1, min(most, self.asked.promise.vcpus_max) + 1)
        for size in sizes:
            if size > most:
                why = f"The guest has {size} NUMA cells, and {self.host.name} has {most}."
                yield self._none(Reason("cell", "policy", why, None, size, most))
            groups = sorted(combinations(self.host.cells, size), key=self._order) if size <= most else []
            for group in groups[:MOST_TRIES]:
                yield from self._on(group)

    def _order(self, group: tuple[Cell, ...]) -> tuple[int, int, int, int]:
        far = sum(one.distances.get(other.id, 20) for one, other in combinations(group, 2))
        near = {each.node for each in self.host.devices or () if each.address in self.asked.promise.devices}
        left = sum(self.room.memory(frozenset({cell.id})).left or 0 for cell in group)
        missed = len(near - {None} - {cell.id for cell in group})
        return missed, far, sum(len(self.usable[cell.id]) for cell in group), left

    def _on(self, group: tuple[Cell, ...]) -> Iterator[Pinning]:
        """What can be proposed on these cells: the guest's cells in each order, where they are not alike."""
        parts = self.guest or _divided(self.asked, len(group), self.wish.page)
        alike = len({(len(vcpus), memory) for vcpus, memory in parts}) == 1
        orders = [group] if alike else islice(permutations(group), MOST_TRIES)
        for order in orders:
            cells = tuple(GuestCell(cell.id, vcpus, memory) for cell, (vcpus, memory) in zip(order, parts, strict=True))
            yield self._proposal(cells)

    def _proposal(self, cells: tuple[GuestCell, ...]) -> Pinning:
        problems = [reason for each in cells if (reason := self._memory(each))]
        pins: dict[int, frozenset[int]] = {}
        spare: frozenset[int] = frozenset()
        for number, each in enumerate(cells):
            free = self.usable[each.cell]
            extra = int(self.wish.emulator and number == 0)
            chosen = self._choose(each.cell, len(each.vcpus), free) if self.wish.dedicated else sorted(free)
            left = free - set(chosen) if self.wish.dedicated else free
            if self.wish.siblings == "isolate" and self.wish.dedicated:
                left -= frozenset().union(*(self._siblings(each.cell)[cpu] for cpu in chosen))
            if (
                (self.wish.dedicated and len(chosen) < len(each.vcpus))
                or len(free) < bool(each.vcpus)
                or len(left) < extra
            ):
                problems.append(self._too_few(each, len(free), extra))
                continue
            if self.wish.dedicated:
                pins |= {vcpu: frozenset({cpu}) for vcpu, cpu in zip(each.vcpus, chosen, strict=True)}
            else:
                pins |= dict.fromkeys(each.vcpus, frozenset(chosen))
            if extra:
                spare = frozenset({min(left)}) if self.wish.dedicated else left
        if problems:
            return self._none(*problems)
        iothreads = dict.fromkeys(range(1, self.asked.promise.iothreads + 1), spare) if spare else {}
        names = self.asked.name, self.host.name
        divides = len(cells) > 1 and not self.guest
        return Pinning(*names, cells, dict(sorted(pins.items())), spare, iothreads, self.wish.page, divides)

    def _choose(self, cell: int, number: int, free: frozenset[int]) -> list[int]:
        """So many CPUs of a cell, whole cores first; fewer where there are not enough."""
        cores = sorted({self._siblings(cell)[cpu] for cpu in free}, key=min)
        whole = [core for core in cores if core <= free]
        if self.wish.siblings == "isolate":
            return [min(core) for core in whole][:number]
        broken = [] if self.wish.siblings == "require" else [core & free for core in cores if not core <= free]
        # What does not fill a core goes to one that is broken already.
        threads = max(map(len, whole), default=1)
        rest = number % threads
        last = next((core for core in broken if len(core) >= rest > 0), None)
        if last is not None and len(whole) * threads >= number - rest:
            full = [cpu for core in whole for cpu in sorted(core)][: number - rest]
            return [*full, *sorted(last)[:rest]]
        return [cpu for core in [*whole, *broken] for cpu in sorted(core)][:number]

    def _siblings(self, cell: int) -> dict[int, frozenset[int]]:
        """The CPUs of the core of each, those online only."""
        own = next(each for each in self.host.cells if each.id == cell)
        return {cpu.id: (cpu.siblings or frozenset({cpu.id})) & self.room.online for cpu in own.cpus}

    def _memory(self, each: GuestCell) -> Reason | None:
        """Whether the memory of a guest's cell fits into the host's."""
        where, page = frozenset({each.cell}), self.wish.page
        check = self.room.memory(where) if page is None else self.room.pages(page, where)
        step = int(page or 1)
        return because(self.room, replace(check, needed=-(-int(each.memory) // step) * step))

    def _too_few(self, each: GuestCell, free: int, extra: int) -> Reason:
        needed = len(each.vcpus)
        cores = {"require": " on whole cores", "isolate": " on a core each"}.get(self.wish.siblings, "")
        held = len(self.room.cpus[each.cell]) - free
        why = f"It needs {needed} CPUs{cores}{' and one for the emulator' if extra else ''}, and cell {each.cell} has "
        why += f"{free} that nobody holds; {held} are held by others or kept for the host."
        return Reason("vcpus", "policy", why, each.cell, needed + extra, free, "CPUs")

    def _none(self, *problems: Reason) -> Pinning:
        return Pinning(self.asked.name, self.host.name, problems=problems)

    def _kept(self) -> frozenset[int]:
        """The CPUs that are kept for the host: the first of each cell, and of the host."""
        policy, name = self.room.policy, self.host.name
        threads = self.room.threads
        kept: set[int] = set()
        for cell in self.host.cells:
            kept |= {*self._first(cell, self.held)[: policy.reserved(name, cell.id).cpus * threads]}
        everywhere = [cpu for cell in self.host.cells for cpu in self._first(cell, self.held | kept)]
        return frozenset(kept | {*everywhere[: policy.reserved_anywhere(name).cpus * threads]})

    def _first(self, cell: Cell, taken: frozenset[int] | set[int]) -> list[int]:
        def place(cpu: LogicalCpu) -> tuple[int, int, int, int]:
            return cpu.socket or 0, cpu.die or 0, cpu.core or 0, cpu.id

        free = [cpu for cpu in cell.cpus if cpu.id in self.room.online and cpu.id not in taken]
        return [cpu.id for cpu in sorted(free, key=place)]


def _held(snapshot: Snapshot, room: Room, uuid: str, count: Count) -> frozenset[int]:
    """The CPUs that threads of others are pinned to, but for whole cells, which are places and no holds."""
    held: set[int] = set()
    for domain in snapshot.domains:
        if uuid and domain.uuid == uuid:
            continue
        # What runs has its CPUs, whatever its next start gives it.
        for promise in filter(None, (domain.promise(count), domain.live)):
            threads = [*promise.affinity.values(), *promise.iothread_affinity.values()]
            for cpus in [*threads, promise.emulator or frozenset()]:
                held |= cpus - frozenset[int]().union(*(own for own in room.cpus.values() if own <= cpus))
    return frozenset(held)


def _guest_cells(spec: DomainSpec, asked: Asking) -> list[tuple[tuple[int, ...], Size]]:
    """The vCPUs and the memory of each of the guest's own NUMA cells."""
    found = []
    left = set(range(asked.promise.vcpus_max))
    for cell in spec.cpu.numa.cells:
        own = tuple(sorted(cpu_set(cell.cpus) & left)) if cell.cpus else ()
        left -= {*own}
        added = sum(each.size or 0 for each in spec.devices.memories if (each.node or 0) == (cell.id or 0))
        found.append((own, Size((cell.memory or 0) + added)))
    if found and left:  # libvirt puts the others into the first cell
        found[0] = (tuple(sorted({*found[0][0], *left})), found[0][1])
    return found


def _divided(asked: Asking, parts: int, page: Size | None) -> list[tuple[tuple[int, ...], Size]]:
    """The VM in so many parts, as equal as they can be; memory in whole pages or MiB."""
    vcpus, memory = asked.promise.vcpus_max, int(asked.promise.memory_max)
    step = int(page or MIB)
    steps, odd = (memory // step, memory % step) if memory >= parts * step else (0, memory)
    found, first = [], 0
    for number in range(parts):
        count = vcpus // parts + (number < vcpus % parts)
        size = (steps // parts + (number < steps % parts)) * step + (odd if number == parts - 1 else 0)
        found.append((tuple(range(first, first + count)), Size(size)))
        first += count
    return found
