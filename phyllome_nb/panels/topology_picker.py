"""The guest's CPU as boxes, and the ways in which its vCPUs can be arranged."""

from collections.abc import Callable, Hashable

import ipywidgets as w

from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.domain.topology import Arrangement
from phyllome_nb.errors import DefinitionError
from phyllome_nb.html import Html, el
from phyllome_nb.panels.calls import Calls

__all__ = ["TopologyPicker"]

MOST = 256
"""So many vCPUs are drawn; the rest is counted."""
ASK = "choose …"
LEVELS = ("sockets", "dies", "clusters", "cores", "threads")


class TopologyPicker:
    """A choice among the arrangements of the vCPUs, and the one that the definition has, drawn.

    Parameters
    ----------
    spec : DomainSpec
        The definition.
    snapshot : callable
        Tells the host as it was last read; None where that is not known.
    changed : callable
        Called after the definition has been changed.
    calls : Calls
        Passes on what a person does.
    """

    def __init__(
        self,
        spec: DomainSpec,
        snapshot: Callable[[], Snapshot | None],
        changed: Callable[[], None],
        calls: Calls,
    ) -> None:
        self._spec = spec
        self._snapshot = snapshot
        self._changed = changed
        self._offered: tuple[object, ...] = ()
        self._setting = False
        self._choice = w.Dropdown(
            options=[(ASK, None)],
            description="Topology",
            tooltip="Sockets, cores and threads that make as many vCPUs as the VM has",
            style={"description_width": "10em"},
            layout=w.Layout(width="auto"),
        )
        self._drawn = w.HTML()
        calls.changed(self._choice, self._choose)
        self.widget = w.VBox([self._choice, self._drawn])
        self.widget.add_class("phy-topology")

    def refresh(self) -> None:
        """Show what the definition says now."""
        try:
            has, count, current = _arranged(self._spec), self._spec.vcpus.maximum, self._spec.vcpus.current
            self._offer(count, has)
            self._drawn.value = _drawing(has, count, count if current is None else current)
        except DefinitionError as error:
            self._drawn.value = el("div", str(error), class_="phy-quiet phy-help")

    def _offer(self, count: int, has: Arrangement | None) -> None:
        """The arrangements of so many vCPUs; those that match the host first, and said so."""
        snapshot = self._snapshot()
        offered = (count, None if snapshot is None else snapshot.host)
        self._setting = True
        if offered != self._offered:
            table = self._spec.vcpus.topologies(against=snapshot)
            self._choice.options = [
                ("left to libvirt: a socket for each", None),
                *map(_option, table.to_dict("records")),
            ]
            self._offered = offered
        ways = [way for _, way in self._choice.options]
        self._choice.value = has if has in ways else None
        self._setting = False

    def _choose(self, way: Arrangement | None) -> None:
        if self._setting:
            return
        topology = self._spec.cpu.topology
        if way is None:
            topology.update(**dict.fromkeys(LEVELS))
        else:
            given = {level: getattr(way, level) for level in LEVELS}
            # What libvirt takes anyway is not written, unless it is written already.
            bare = {level for level in ("dies", "clusters") if given[level] == 1 and getattr(topology, level) is None}
            topology.update(**{level: None if level in bare else number for level, number in given.items()})
        self._changed()


def _arranged(spec: DomainSpec) -> Arrangement | None:
    """How the definition arranges its vCPUs; None where it does not say."""
    topology = spec.cpu.topology
    if topology.product() is None:
        return None
    return Arrangement(**{level: getattr(topology, level) or 1 for level in LEVELS})


def _option(row: dict[Hashable, object]) -> tuple[str, Arrangement]:
    way = Arrangement(**{level: int(str(row[level])) for level in LEVELS})
    notes = ["as the host"] if row["fits_host"] is True else []
    notes += [str(row["note"])] if row["note"] else []
    return " · ".join([str(way), *notes]), way


def _drawing(has: Arrangement | None, count: int, current: int) -> Html:
    """Boxes in boxes: sockets, dies and clusters where there are several, cores, threads."""
    way = has or Arrangement(sockets=count)
    made = way.sockets * way.dies * way.clusters * way.cores * way.threads
    said = f"{way}: {made} vCPUs" + ("" if has else ", as libvirt arranges them")
    if made != count:
        said += f", but the VM has {count}"
    if current < made:
        said += f"; {made - current} are not plugged in at the start, and dashed"
    if made > MOST:
        said += f"; the first {MOST} are drawn"
    boxes = _boxes(
        [("socket", way.sockets), ("die", way.dies), ("cluster", way.clusters), ("core", way.cores)], 0, way, current
    )
    return el("div", el("div", *boxes, class_="phy-cpu", aria_hidden="true"), el("div", said, class_="phy-quiet"))


def _boxes(levels: list[tuple[str, int]], first: int, way: Arrangement, current: int) -> list[Html]:
    """The boxes of a level, whose vCPUs are counted from `first`."""
    if not levels:
        return [_thread(number, current) for number in range(first, first + way.threads) if number < MOST]
    (level, number), *below = levels
    each = way.threads
    for _, inside in below:
        each *= inside
    boxes = []
    for place in range(number):
        if first + place * each >= MOST:
            break
        inner = _boxes(below, first + place * each, way, current)
        drawn = level in {"socket", "core"} or number > 1
        boxes += [el("span", *inner, class_=f"phy-{level}", title=f"{level} {place}")] if drawn else inner
    return boxes


def _thread(number: int, current: int) -> Html:
    plugged = "" if number < current else " phy-unplugged"
    return el("i", str(number), class_=f"phy-thread{plugged}")
