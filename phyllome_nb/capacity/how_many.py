"""How many more of a VM fit: on one host or on each of a thousand, and what runs out first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from phyllome_nb.capacity.asking import Asking
from phyllome_nb.capacity.columns import Column
from phyllome_nb.capacity.demand import Demand, demand
from phyllome_nb.capacity.obstacles import claims, obstacles
from phyllome_nb.capacity.places import default_page
from phyllome_nb.capacity.policy import Policy
from phyllome_nb.capacity.reason import Reason
from phyllome_nb.capacity.room import Room
from phyllome_nb.capacity.snapshot import Count, Snapshot
from phyllome_nb.capacity.tables.balance import check_count
from phyllome_nb.capacity.tables.frame import frame
from phyllome_nb.domain.spec import DomainSpec

if TYPE_CHECKING:
    import pandas as pd

    from phyllome_nb.size import Size

__all__ = ["COLUMNS", "HowMany", "Rooms", "how_many"]

COLUMNS = (
    Column("host", "str", "", "the host's name"),
    Column("fits", "Int64", "", "how many more fit; NA where that cannot be told, or nothing limits it"),
    Column("limited_by", "str", "", "what allows no more; or what speaks against the first"),
    Column("vcpus", "Int64", "", "how many the CPUs alone would allow; NA without limit"),
    Column("memory", "Int64", "", "how many the memory alone would allow; NA without limit"),
    Column("hugepages", "Int64", "", "how many the huge pages alone would allow; NA where it needs none"),
    Column("once", "Int64", "", "1 where it names CPUs or devices that it has alone; NA where it does not"),
    Column("why", "str", "", "what speaks against it on this host, in sentences"),
)
RESOURCES = ("vcpus", "memory", "hugepages")
ENDLESS, UNKNOWN = np.inf, np.nan
KEPT = 4


class Rooms:
    """The rooms of some hosts for the last few policies, and what is left in them as arrays."""

    def __init__(self, snapshots: Sequence[Snapshot]) -> None:
        self._snapshots = snapshots
        self._kept: list[tuple[Policy, Count, list[Room], np.ndarray[Any, Any]]] = []

    def of(self, policy: Policy, count: Count) -> tuple[list[Room], np.ndarray[Any, Any]]:
        """The rooms, and a row of vCPUs and bytes for each: limit or endless, used, and total or unknown."""
        for kept in self._kept:
            if kept[0] == policy and kept[1] == count:
                return kept[2], kept[3]
        rooms = [Room.of(snapshot, policy, count) for snapshot in self._snapshots]
        left = np.array([_left(room) for room in rooms], dtype=float).reshape(len(rooms), 2, 2)
        self._kept = [(policy, count, rooms, left), *self._kept[: KEPT - 1]]
        return rooms, left


def _left(room: Room) -> list[tuple[float, float]]:
    """What may still be promised of the whole host, and what it has in all."""
    return [
        (ENDLESS if check.left is None else check.left, UNKNOWN if check.total is None else check.total)
        for check in (room.vcpus(None), room.memory(None))
    ]


@dataclass(frozen=True, slots=True, eq=False)
class HowMany:
    """How many more of a VM fit. As a number it is the sum over the hosts."""

    name: str
    policy: str
    count: Count
    hosts: tuple[str, ...]
    allowed: np.ndarray[Any, Any]
    """Hosts × (vcpus, memory, hugepages, once): how many each alone allows; infinite without limit."""
    against: tuple[tuple[Reason, ...], ...]
    """What speaks against the first one on each host, the sums left aside."""

    fits: np.ndarray[Any, Any]
    """How many on each host: NaN where that cannot be told, infinite where nothing limits it."""

    @property
    def total(self) -> int | None:
        """How many on all hosts together, those left out of which it cannot be told; None where nothing limits it."""
        known = self.fits[~np.isnan(self.fits)]
        return None if np.isinf(known).any() else int(known.sum())

    def __int__(self) -> int:
        total = self.total
        if total is None:
            raise ValueError(
                f"The policy {self.policy} limits neither CPUs nor memory: any number of {self.name} fits."
            )
        return total

    def __bool__(self) -> bool:
        return self.total is None or self.total > 0

    @property
    def table(self) -> "pd.DataFrame":
        """A row for each host, with the columns host, fits, limited_by, vcpus, memory, hugepages, once, why."""
        rows = []
        for host, fits, allowed, reasons in zip(self.hosts, self.fits, self.allowed, self.against, strict=True):
            numbers = [None if not np.isfinite(each) else int(each) for each in (fits, *allowed)]
            why = " ".join(reason.why for reason in reasons)
            rows.append((host, numbers[0], _limit(fits, allowed, reasons), *numbers[1:], why))
        return frame(rows, COLUMNS, f"How many more of {self.name} fit")

    def __repr__(self) -> str:
        total = self.total
        shown = "without limit" if total is None else f"{total} more"
        unknown = int(np.isnan(self.fits).sum())
        lost = f", {unknown} not known" if unknown else ""
        return f"<HowMany of {self.name}: {shown} on {len(self.hosts)} host{'s' * (len(self.hosts) != 1)}{lost}>"

    def _repr_html_(self) -> str:
        from phyllome_nb.html import el, row, styled

        head = row(["host", "fit", "limited by", "why"], "th")
        shown = self.table.astype(object).where(self.table.notna(), "")
        lines = [
            row(list(map(str, each)))
            for each in shown[["host", "fits", "limited_by", "why"]].itertuples(index=False, name=None)
        ]
        return styled(
            el("p", repr(self)[1:-1]), el("table", el("thead", head), el("tbody", *lines), class_="phy-table")
        )


def how_many(
    snapshots: Sequence[Snapshot],
    rooms: Rooms,
    spec: DomainSpec,
    policy: Policy | str | None = None,
    count: Count = "running",
) -> HowMany:
    """See `Snapshot.how_many`; `rooms` are those of the same hosts."""
    check_count(count)
    chosen, asked = Policy.named(policy), Asking.of(spec)
    found, left = rooms.of(chosen, count)
    promise = asked.promise
    bound = bool(promise.affinity or promise.shares)
    allowed = np.full((len(found), 4), ENDLESS)
    if bound:
        demands: dict[Size | None, Demand] = {}
        for number, room in enumerate(found):
            page = default_page(room.host) if promise.huge else None
            if page not in demands:
                demands[page] = demand(promise, chosen, page)
            allowed[number, :3] = _times(demands[page], room)
    elif found:
        one = demand(promise, chosen, None)
        need = np.array([one.vcpus[None], one.memory[None]], dtype=float)
        allowed[:, :2] = _each(left, need)
    if promise.dedicated or promise.devices:
        allowed[:, 3] = 1
    against = tuple(tuple(obstacles(asked, room)) for room in found)
    if promise.devices:
        against = tuple(
            (*reasons, *(each for each in claims(asked, snapshot, count) if each.what == "device"))
            for reasons, snapshot in zip(against, snapshots, strict=True)
        )
    names = tuple(room.host.name for room in found)
    return HowMany(asked.name, chosen.name, count, names, allowed, against, _fits(allowed, against))


def _fits(allowed: np.ndarray[Any, Any], against: tuple[tuple[Reason, ...], ...]) -> np.ndarray[Any, Any]:
    """How many on each host, what speaks against the first one considered."""
    fits = np.where((allowed == 0).any(axis=1), 0.0, np.min(allowed, axis=1))
    for number, reasons in enumerate(tuple(each for each in some if each.decides) for some in against):
        if any(reason.severity != "unknown" for reason in reasons):
            fits[number] = 0
        elif reasons and fits[number]:
            fits[number] = UNKNOWN
    return fits


def _each(left: np.ndarray[Any, Any], need: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """How many each resource of each host allows."""
    limit, total = left[:, :, 0], left[:, :, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        times = np.where(need > 0, np.floor(np.maximum(limit, 0) / need), ENDLESS)
    times = np.where(need > total, 0.0, times)
    return np.where(np.isnan(total), UNKNOWN, times)


def _times(more: Demand, room: Room) -> list[float]:
    """How many the CPUs, the memory and the huge pages of one host allow, in each set of cells."""
    found = dict.fromkeys(RESOURCES, ENDLESS)
    for check in room.checks(more):
        what = "hugepages" if check.what.startswith("hugepages") else check.what
        times = UNKNOWN if check.total is None else ENDLESS if check.times is None else float(check.times)
        if not check.needed and not check.fits:
            times = UNKNOWN if check.total is None else 0.0  # it takes CPUs that were promised to others
        found[what] = times if times != times or times < found[what] else found[what]  # noqa: PLR0124  (NaN)
    return [found[what] for what in RESOURCES]


def _limit(fits: float, allowed: np.ndarray[Any, Any], reasons: tuple[Reason, ...]) -> str:
    """What allows no more."""
    if decisive := [reason for reason in reasons if reason.decides]:
        return decisive[0].what
    names = (*RESOURCES, "once")
    if np.isnan(fits):
        return next(name for name, each in zip(names, allowed, strict=True) if np.isnan(each))
    return "" if np.isinf(fits) else names[int(np.argmin(allowed))]
