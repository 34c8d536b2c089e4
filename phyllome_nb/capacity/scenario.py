"""Scenario: what if there were other VMs, other hosts, another policy."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from phyllome_nb.capacity import file
from phyllome_nb.capacity.columns import documented
from phyllome_nb.capacity.evacuation import EVACUATION, evacuate
from phyllome_nb.capacity.fleet import FleetSnapshot
from phyllome_nb.capacity.ledger import Amount, Ledger
from phyllome_nb.capacity.moving import consolidated, make_room
from phyllome_nb.capacity.packing.clock import Clock, Progress
from phyllome_nb.capacity.placement import Placement
from phyllome_nb.capacity.placing import place
from phyllome_nb.capacity.policy import Policy
from phyllome_nb.capacity.promise import Promise
from phyllome_nb.capacity.snapshot import Count, Snapshot
from phyllome_nb.capacity.steps import State, Step, begin, carry_out, words
from phyllome_nb.capacity.survival import SURVIVAL, survives
from phyllome_nb.capacity.tables.balance import check_count
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.size import Size

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Scenario"]


@dataclass(frozen=True)
class Scenario:
    """What if: hosts and VMs as they are, and steps that change them. It is immutable; each call gives a new one.

    Parameters
    ----------
    of : Snapshot or FleetSnapshot
    policy : Policy or str, optional
        How much may be promised; a preset's name, or ``physical`` where it is left out.
    count : str
        Which VMs count: ``running``, ``defined`` or ``autostart``.
    amount : str
        ``maximum``: VMs count with the most they can have; ``current``: with what they have.

    Examples
    --------
    >>> import phyllome_nb as ph
    >>> spec = ph.profiles.linux(name="web", memory="4 GiB", vcpus=4)
    >>> what_if = ph.Scenario(ph.demo().snapshot(), policy="nova").add_host(like="demo").add(spec, count=60)
    >>> print(what_if)
    add_host name=demo-new, like=demo
    add name=web, count=60, vcpus=4, memory=4 GiB
    >>> what_if.place().unplaced["constraint"].unique().tolist()
    ['memory']
    """

    of: Snapshot | FleetSnapshot
    policy: Policy | str | None = None
    count: Count = "running"
    amount: Amount = "maximum"
    steps: tuple[Step, ...] = field(default=())
    """What was changed, in order: plain data each."""

    def __post_init__(self) -> None:
        check_count(self.count)
        if self.amount not in {"current", "maximum"}:
            raise ValueError(f"amount={self.amount!r}: choose current or maximum.")
        if not isinstance(self.of, Snapshot | FleetSnapshot):
            raise TypeError(f"{self.of!r} is no snapshot: take host.snapshot() or fleet.snapshot().")

    @cached_property
    def state(self) -> State:
        """The hosts, VMs and rules after all steps."""
        snapshots = [self.of] if isinstance(self.of, Snapshot) else self.of.snapshots
        state = begin(snapshots, Policy.named(self.policy), self.count)
        for step in self.steps:
            state = carry_out(state, step)
        return state

    @cached_property
    def ledger(self) -> Ledger:
        """The same as arrays."""
        return Ledger(self.state, self.amount)

    def _with(self, do: str, **given: Any) -> Self:
        step = {"do": do, **{key: value for key, value in given.items() if value is not None or key == "moves"}}
        state = carry_out(self.state, step)
        made = type(self)(self.of, self.policy, self.count, self.amount, (*self.steps, step))
        made.__dict__["state"] = state
        return made

    def add(self, vm: DomainSpec | Promise, count: int = 1, name: str | None = None) -> Self:
        """Add VMs that have to find a place; more than one are numbered.

        Raises
        ------
        ValueError
            If a VM of that name is there already.
        FieldError
            If one of the definition's numbers cannot be read.
        """
        promise = vm if isinstance(vm, Promise) else Promise.of(vm)
        called = name or (vm.name if isinstance(vm, DomainSpec) else "") or "new"
        return self._with("add", name=called, count=count, promise=file.plain(promise))

    def grow(self, percent: float) -> Self:
        """Add copies of so many percent of the VMs, of all sizes alike, without their pins, cells and devices."""
        return self._with("grow", percent=percent)

    def remove(self, vm: str) -> Self:
        """Take a VM away."""
        return self._with("remove", vm=vm)

    def resize(self, vm: str, vcpus: int | None = None, memory: "Size | int | str | None" = None) -> Self:
        """Give a VM other vCPUs or other memory, where it is."""
        return self._with("resize", vm=vm, vcpus=vcpus, memory=None if memory is None else int(Size(memory)))

    def add_host(
        self,
        name: str | None = None,
        *,
        like: str | None = None,
        cpus: int | None = None,
        memory: "Size | int | str | None" = None,
        count: int = 1,
    ) -> Self:
        """Add hosts that are like one of those there, or have so many CPUs and so much memory."""
        called = name or (f"{like}-new" if like else "new")
        size = None if memory is None else int(Size(memory))
        return self._with(
            "add_host", name=called, like=like, cpus=cpus, memory=size, count=None if count == 1 else count
        )

    def lose(self, *hosts: str) -> Self:
        """Take hosts away; their VMs have to find another place."""
        return self._with("lose", hosts=list(hosts))

    def with_policy(self, policy: Policy | str) -> Self:
        """Promise by another policy from here on."""
        return self._with("policy", policy=file.plain(Policy.named(policy)))

    def spread(self, *vms: str) -> Self:
        """Keep VMs apart (anti-affinity): no two of them on one host. Names, or patterns such as ``web-*``."""
        return self._with("spread", vms=list(vms))

    def together(self, *vms: str) -> Self:
        """Keep VMs on one host (affinity)."""
        return self._with("together", vms=list(vms))

    def pin(self, vm: str, host: str) -> Self:
        """Let a VM run on one host only; if it runs elsewhere it has to move there."""
        return self._with("pin", vm=vm, host=host)

    def moves(self, most: int | None) -> Self:
        """Allow so many moves of VMs that run, None for any number; without this call none is moved."""
        return self._with("moves", moves=most)

    def place(self, deadline: float | None = 5, progress: Progress | None = None) -> Placement:
        """Find a place for all that has none.

        What runs stays where it is, unless that leaves something without a place and moves are allowed. No VM that
        runs loses its place. Where nothing is moved, the certificate is about plans that move nothing.

        Parameters
        ----------
        deadline : float or None
            Seconds after which the best plan so far is taken; None to go on until it cannot be bettered.
        progress : callable, optional
            Called as ``progress(done, what)``, with ``done`` from 0 to 1.

        Returns
        -------
        Placement
        """
        clock = Clock(deadline, progress)
        moves = self.state.moves
        found = place(self.ledger, clock if moves == 0 else clock.part(0.3))
        if not found.refusals or moves == 0:
            return found
        number = len(self.ledger.vms) if moves is None else moves
        moved = make_room(self.ledger, found, number, clock.part(0.5))
        if moves is not None or not moved.refusals:
            return moved
        import numpy as np

        movable = np.array([not vm.pin for vm in self.ledger.vms], bool)
        anew = place(self.ledger, clock, movable)
        return min((anew, moved), key=lambda each: (each.displaced, len(each.refusals), each.moves))

    def consolidate(
        self, moves: int | None = None, deadline: float | None = 5, progress: Progress | None = None
    ) -> Placement:
        """How few hosts would do, with at most so many moves, None for any number."""
        return consolidated(self.ledger, moves, Clock(deadline, progress))

    @documented(SURVIVAL)
    def survives(
        self,
        k: int = 1,
        racks: Mapping[str, Iterable[str]] | None = None,
        deadline: float | None = 60,
        progress: Progress | None = None,
    ) -> "pd.DataFrame":
        """Whether the VMs of any k hosts that fail would find a place on the others, nothing else being moved.

        What has no place yet is placed first; what finds none is left out.

        Parameters
        ----------
        k : int
            How many hosts fail at once.
        racks : mapping of str to hosts, optional
            What fails as one, in place of any k hosts.
        deadline : float or None
            Seconds; what was not looked at by then is undecided.
        progress : callable, optional
            Called as ``progress(done, what)``.

        Returns
        -------
        pandas.DataFrame
            A row for each loss.
        """
        clock = Clock(deadline, progress)
        waiting = bool((self.ledger.where < 0).any())
        placed = place(self.ledger, clock.part(0.2)).target if waiting else None
        return survives(self.ledger, k, racks, clock, placed)

    @documented(EVACUATION)
    def evacuate(
        self,
        host: str,
        compatible: "pd.DataFrame | None" = None,
        deadline: float | None = 5,
        progress: Progress | None = None,
    ) -> "pd.DataFrame":
        """How to empty a host, VM by VM.

        Parameters
        ----------
        host : str
        compatible : pandas.DataFrame, optional
            What ``fleet.migration()`` tells, so that no VM goes where its CPU does not suit.
        deadline : float or None
            Seconds for finding out who goes where.
        progress : callable, optional
            Called as ``progress(done, what)``.

        Returns
        -------
        pandas.DataFrame
            The steps in their order, each checked against what holds when it is taken; then what cannot go.
        """
        return evacuate(self.state, host, self.amount, compatible, Clock(deadline, progress))

    def to_dict(self) -> dict[str, Any]:
        """What was assumed, as JSON can hold it; without the snapshots."""
        policy = file.plain(Policy.named(self.policy))
        return {
            "policy": policy,
            "count": self.count,
            "amount": self.amount,
            "steps": [dict(each) for each in self.steps],
        }

    @classmethod
    def from_dict(cls, of: Snapshot | FleetSnapshot, assumed: Mapping[str, Any]) -> Self:
        """The scenario of what `to_dict` gave, over these or other snapshots.

        Raises
        ------
        ValueError
            If a step names what is not there.
        """
        policy = file.made(Policy, assumed["policy"])
        made = cls(of, policy, assumed["count"], assumed["amount"], tuple(assumed["steps"]))
        _ = made.state
        return made

    def diff(self, other: Self) -> list[str]:
        """The steps that the other scenario has not (``-``), and those that only it has (``+``)."""
        mine, theirs = self._lines(), other._lines()
        found = []
        for kind, a, b, c, d in SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
            if kind != "equal":
                found += [f"- {line}" for line in mine[a:b]] + [f"+ {line}" for line in theirs[c:d]]
        return found

    def _lines(self) -> Sequence[str]:
        begun = f"policy {Policy.named(self.policy).name}, count {self.count}, amount {self.amount}"
        return [begun, *map(words, self.steps)]

    def __str__(self) -> str:
        return "\n".join(map(words, self.steps))

    def __repr__(self) -> str:
        return f"<Scenario: {len(self.state.hosts)} hosts, {len(self.state.vms)} VMs, {len(self.steps)} steps>"
