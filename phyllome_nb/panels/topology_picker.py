"""The guest's processor as boxes, and a choice of all the ways to arrange its vCPUs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Any

import ipywidgets as w

from phyllome_nb.capacity.addresses import cpu_set
from phyllome_nb.capacity.tables.frame import cpu_list
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.domain.topology import Arrangement
from phyllome_nb.errors import FieldError
from phyllome_nb.html import Html, el
from phyllome_nb.panels.picker import Picker

__all__ = ["TopologyPicker"]

Counts = tuple[int, ...]
"""Sockets, dies, clusters, cores, threads."""

LEVELS = ("socket", "die", "cluster", "core")
MOST_DRAWN = 512
MOST_OFFERED = 100
NONE: Counts = ()


class TopologyPicker(Picker):
    """Boxes for sockets, dies, clusters, cores and threads, under a choice of how they are arranged."""

    def _build(self) -> None:
        self._setting = False
        self._offered: list[tuple[str, Counts]] = []
        self._choice = w.Dropdown(
            description="Topology",
            tooltip="How the guest sees its vCPUs arranged",
            style={"description_width": "10em"},
            layout=w.Layout(width="auto"),
        )
        self._calls.changed(self._choice, self._choose)
        self._said, self._boxes = w.HTML(), w.HTML()
        self.widget = w.VBox([self._choice, self._said, self._boxes])
        self.widget.add_class("phy-picker")

    def refresh(self) -> None:
        """Show what the definition says now."""
        try:
            guest = _Guest.of(self._spec)
            options = self._options(guest)
        except (FieldError, ValueError) as error:
            self._said.value, self._boxes.value = el("div", str(error), class_="phy-error", role="alert"), ""
            self._choice.disabled = True
            return
        self._setting = True
        self._choice.disabled = False
        if options != self._offered:
            self._offered = options
            self._choice.options = options
        self._choice.value = guest.given
        self._setting = False
        wrong = ""
        if guest.given and prod(guest.counts) != guest.vcpus:
            text = f"The topology makes {prod(guest.counts)} vCPUs, and the maximum is {guest.vcpus}: choose another."
            wrong = el("div", text, class_="phy-error", role="alert")
        self._said.value = Html(f"{wrong}{el('div', guest.words())}")
        self._boxes.value = guest.drawing()

    def _options(self, guest: "_Guest") -> list[tuple[str, Counts]]:
        own = f"libvirt's own: {guest.vcpus} socket{'' if guest.vcpus == 1 else 's'} of one core"
        found: list[tuple[str, Counts]] = [(own, NONE)]
        table = self._spec.vcpus.topologies(against=self._snapshot())
        topology = self._spec.cpu.topology
        if topology.dies is None:
            table = table[table["dies"] == 1]
        if topology.clusters is None:
            table = table[table["clusters"] == 1]
        rows: list[dict[Any, Any]] = table.head(MOST_OFFERED).to_dict("records")
        for each in rows:
            counts = tuple(int(each[name]) for name in ("sockets", "dies", "clusters", "cores", "threads"))
            notes = ["as the host's"] if each["fits_host"] is True else []
            notes += [each["note"]] if each["note"] else []
            said = f" ({'; '.join(notes)})" if notes else ""
            found.append((f"{Arrangement(*counts)}{said}", counts))
        if guest.given not in [counts for _, counts in found]:
            found.append((f"{Arrangement(*guest.given)} (as it is)", guest.given))
        return found

    def _choose(self, counts: Counts) -> None:
        if self._setting:
            return
        topology = self._spec.cpu.topology
        names = ("sockets", "dies", "clusters", "cores", "threads")
        new: dict[str, int | None] = dict(zip(names, counts or (None,) * len(names), strict=True))
        for name in ("dies", "clusters"):  # not every libvirt knows them, and one of each needs no word
            if new[name] == 1 and getattr(topology, name) is None:
                new[name] = None
        topology.update(**new)
        self.refresh()
        self._changed()


@dataclass(frozen=True)
class _Guest:
    """What is to be drawn."""

    vcpus: int
    given: Counts
    """Nothing where the definition leaves it to libvirt."""
    off: frozenset[int] = frozenset()
    """The vCPUs that are not plugged in."""
    cells: dict[int, frozenset[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, spec: DomainSpec) -> "_Guest":
        topology, vcpus = spec.cpu.topology, spec.vcpus.maximum
        given = (topology.sockets, topology.dies, topology.clusters, topology.cores, topology.threads)
        counts = NONE if topology.product() is None else tuple(each or 1 for each in given)
        named = [(each.id, each.enabled) for each in spec.vcpus.vcpus]
        off = frozenset(number for number, enabled in named if number is not None and enabled is False)
        plugged = spec.vcpus.current
        if not named and plugged is not None:
            off = frozenset(range(plugged, min(vcpus, 2**14)))
        cells = {
            number if each.id is None else each.id: cpu_set(each.cpus) if each.cpus else frozenset[int]()
            for number, each in enumerate(spec.cpu.numa.cells)
        }
        return cls(vcpus, counts, off, cells)

    @property
    def counts(self) -> Counts:
        return self.given or (self.vcpus, 1, 1, 1, 1)

    def words(self) -> str:
        """All that the boxes show."""
        said = f"{Arrangement(*self.counts)}: {prod(self.counts)} vCPU{'' if prod(self.counts) == 1 else 's'}"
        if self.off:
            said += f", of which {cpu_list(self.off)} are not plugged in at boot"
        cells = [f"cell {cell} has {cpu_list(cpus) or 'none'}" for cell, cpus in self.cells.items()]
        return f"{said}." + (f" NUMA: {'; '.join(cells)}." if cells else "")

    def drawing(self) -> Html:
        """The boxes, which say no more than the words; and what their looks mean."""
        legend = [el("span", "a vCPU", class_="phy-thread")]
        if self.off:
            legend.append(el("span", "not plugged in", class_="phy-thread phy-unplugged"))
        return el(
            "div",
            *self._boxes(0, 0, MOST_DRAWN),
            el("div", *legend, class_="phy-box-name"),
            class_="phy-boxes",
            aria_hidden="true",
        )

    def _boxes(self, level: int, first: int, room: int) -> Iterator[Html]:
        """The boxes of one level from a vCPU on, and how many are left out."""
        count, size = self.counts[level], prod(self.counts[level + 1 :])
        if level == len(LEVELS):
            for vcpu in range(first, first + min(count, room)):
                look = "phy-thread phy-unplugged" if vcpu in self.off else "phy-thread"
                yield el("span", str(vcpu), class_=look)
            shown, name = min(count, room), "thread"
        else:
            name = LEVELS[level]
            shown = min(count, max(1, room // size))
            if count == 1 and name in {"die", "cluster"}:
                yield from self._boxes(level + 1, first, room)
                return
            for number in range(shown):
                start = first + number * size
                inner = self._boxes(level + 1, start, min(room, size))
                yield el("div", *self._label(name, number, start, size), *inner, class_=f"phy-box phy-{name}")
        if shown < count:
            more = count - shown
            yield el("div", f"… and {more} {name}{'' if more == 1 else 's'} more", class_="phy-quiet")

    def _label(self, name: str, number: int, start: int, size: int) -> Iterator[Html]:
        """What a box is called, and the NUMA cells of its vCPUs; a core has no room for more than the cell."""
        last = start + size
        cells = [cell for cell, cpus in self.cells.items() if cpus and any(start <= vcpu < last for vcpu in cpus)]
        socket = prod(self.counts[1:])
        around = range(start - start % socket, start - start % socket + socket)
        alike = sum(any(vcpu in around for vcpu in cpus) for cpus in self.cells.values()) < 2
        if name != "socket" and alike:
            cells = []  # the socket has said so
        said = [] if name == "core" else [f"{name} {number}"]
        said += [f"cell {cpu_list(cells)}"] if cells else []
        if said:
            yield el("div", ", ".join(said), class_="phy-box-name")
