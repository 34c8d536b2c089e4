"""Pins on the host's own topology: choose a thread, then press the CPUs that may run it."""

from typing import TYPE_CHECKING

import ipywidgets as w

from phyllome_nb.capacity.facts import Cell, LogicalCpu
from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.capacity.tables.frame import cpu_list
from phyllome_nb.html import el
from phyllome_nb.panels.picker import Picker
from phyllome_nb.panels.pins import ALL, Holders, Thread, cpus_of, pin, pinnable

if TYPE_CHECKING:
    from phyllome_nb.domain.spec import DomainSpec

__all__ = ["PinPicker"]

AT_ONCE = 64
"""With more CPUs than this, one cell is shown at a time."""
WRAP = {"flex_flow": "row wrap", "min_width": "0"}
LEGEND = "✓ pinned here; ■ dedicated by one other VM; ×2 bound to two others, shared; ✕ offline."


class PinPicker(Picker):
    """A button that opens the host's CPUs, as buttons in their cores, sockets and cells."""

    def _build(self) -> None:
        self._setting = False
        self._drawn: tuple[object, ...] = ()
        self._buttons: dict[int, w.ToggleButton] = {}
        self._open = w.ToggleButton(
            description="Pin on the host's CPUs …",
            tooltip="Open or close the host's CPUs",
            layout=w.Layout(width="auto", align_self="flex-start", margin="2px 2px 2px 10.5em"),
        )
        self._what = w.Dropdown(description="Pin", tooltip="What is pinned", style={"description_width": "initial"})
        self._cell = w.Dropdown(description="Cell", tooltip="The cell shown", style={"description_width": "initial"})
        along = self._button("One to one from here", "This vCPU and those after it, each on a CPU of its own")
        clear = self._button("Clear", "Let it run anywhere")
        propose = self._button("Propose", "Pins, cells and memory as the host has room for them")
        self._back = self._button("Take the proposal back", "The definition as it was before the proposal")
        self._before: DomainSpec | None = None
        self._calls.pressed(along, self._one_to_one)
        self._calls.pressed(clear, lambda: self._write(dict.fromkeys(self._threads(), frozenset())))
        self._calls.pressed(propose, self._propose)
        self._calls.pressed(self._back, self._take_back)
        self._said, self._grid, self._legend = w.HTML(), w.HBox(layout=w.Layout(**WRAP)), w.HTML()
        line = w.Layout(grid_gap="0.3em 0.6em", align_items="center", **WRAP)
        self._controls = w.VBox(
            [w.HBox([self._what, self._cell, along, clear, propose, self._back], layout=line), self._grid, self._legend]
        )
        self._body = w.VBox()
        self.widget = w.VBox([self._open, self._body])
        self.widget.add_class("phy-picker")
        for each in (self._open, self._what, self._cell):
            self._calls.changed(each, lambda _: self._chosen())

    def _chosen(self) -> None:
        if not self._setting:
            self.refresh()

    def refresh(self) -> None:
        """Show what the definition says now; nothing while it is closed."""
        if not self._open.value:
            self._body.children = ()
            return
        self._show()

    def _show(self, said: str = "", look: str = "phy-error") -> None:
        snapshot = self._snapshot()
        wanted: tuple[w.Widget, ...] = (self._said,)
        if snapshot is None:
            said = "The host has not been read: its CPUs are not known."
        elif not any(cell.cpus for cell in snapshot.host.cells):
            said = f"{snapshot.host.name} does not tell its CPUs one by one: type the pins."
        else:
            wanted = (self._controls, self._said)
            try:
                self._fill(snapshot)
            except ValueError as error:
                said, look = said or str(error), "phy-error"
        self._back.layout.display = "" if self._before is not None else "none"
        role = "alert" if look == "phy-error" else "status"
        self._said.value = el("div", said, class_=look, role=role) if said else ""
        if self._body.children != wanted:
            self._body.children = wanted

    def _fill(self, snapshot: Snapshot) -> None:
        cells = [cell for cell in snapshot.host.cells if cell.cpus]
        many = sum(len(cell.cpus) for cell in cells) > AT_ONCE
        self._setting = True
        try:
            _offer(self._what, pinnable(self._spec))
            _offer(self._cell, [(f"cell {cell.id}", cell.id) for cell in cells])
            self._cell.layout.display = "" if many else "none"
            shown = [cell for cell in cells if not many or cell.id == self._cell.value]
            key = tuple(shown)
            if key != self._drawn:
                self._draw(shown)
                self._drawn = key
            chosen, holders = cpus_of(self._spec, self._what.value), Holders.of(snapshot, self._spec)
            for cpu, button in self._buttons.items():
                online = snapshot.host.is_online(cpu)
                signs = ["✓" if cpu in chosen else "", str(cpu), holders.sign(cpu) if online else "✕"]
                button.value = cpu in chosen
                button.disabled = not online and cpu not in chosen
                button.description = " ".join(filter(None, signs))
                button.tooltip = f"CPU {cpu}: {holders.words(cpu) if online else 'offline'}"
        finally:
            self._setting = False
        self._legend.value = el("div", LEGEND, " ", self._words(chosen, holders), class_="phy-quiet")

    def _words(self, chosen: frozenset[int], holders: Holders) -> str:
        """Who has the CPUs that are shown."""
        by: dict[str, list[int]] = {}
        for cpu in self._buttons:
            by.setdefault(holders.words(cpu), []).append(cpu)
        said = [f"{cpu_list(cpus)} {words}" for words, cpus in by.items()]
        mine = (
            f"pinned to {cpu_list(chosen)}"
            if chosen
            else "pinned to no CPU"
            if self._what.value != ALL
            else ("pinned to no CPU that they all have")
        )
        return f"{self._what.label}: {mine}. CPUs: {'; '.join(said)}."

    def _draw(self, cells: list[Cell]) -> None:
        """New buttons, the threads of a core side by side."""
        before = list(self._buttons.values())
        self._buttons = {}
        self._grid.children = tuple(self._cell_box(cell) for cell in cells)
        for button in before:
            button.close()

    def _cell_box(self, cell: Cell) -> w.VBox:
        sockets = {cpu.socket: None for cpu in cell.cpus}
        boxes: list[w.Widget] = []
        for socket in sockets:
            name = f"cell {cell.id}" if socket is None else f"cell {cell.id}, socket {socket}"
            cores = [core for core in _cores(cell) if core[0].socket == socket]
            rows = [w.HBox([self._cpu(cpu) for cpu in core]) for core in cores]
            for row in rows:
                row.add_class("phy-pin-core")
            boxes += [w.HTML(el("b", name)), w.HBox(rows, layout=w.Layout(grid_gap="0.2em", **WRAP))]
        return w.VBox(boxes, layout=w.Layout(min_width="0"))

    def _cpu(self, cpu: LogicalCpu) -> w.ToggleButton:
        button = w.ToggleButton(description=str(cpu.id), layout=w.Layout(width="5em"))
        self._calls.changed(button, lambda wanted: self._toggle(cpu.id, wanted=wanted))
        self._buttons[cpu.id] = button
        return button

    @staticmethod
    def _button(description: str, tooltip: str) -> w.Button:
        return w.Button(description=description, tooltip=tooltip, layout=w.Layout(width="auto"))

    def _threads(self) -> list[Thread]:
        if self._what.value == ALL:
            return [("vcpu", number) for number in range(self._spec.vcpus.maximum)]
        return [self._what.value]

    def _toggle(self, cpu: int, *, wanted: bool) -> None:
        if self._setting:
            return
        try:
            now = {each: cpus_of(self._spec, each) for each in self._threads()}
        except ValueError as error:
            self._show(str(error))
            return
        self._write({each: cpus | {cpu} if wanted else cpus - {cpu} for each, cpus in now.items()})

    def _write(self, pins: dict[Thread, frozenset[int]]) -> None:
        try:
            for thread, cpus in pins.items():
                pin(self._spec, thread, cpus)
        except ValueError as error:
            self._show(str(error))
            return
        self._before = None
        self._changed()
        self._show()

    def _one_to_one(self) -> None:
        """Pin this vCPU and those after it to the CPUs from here on, past those that others have alone."""
        snapshot = self._snapshot()
        kind, first = self._what.value
        if snapshot is None or kind not in {"vcpu", "vcpus"}:
            self._show("Only vCPUs go one to one: choose one under Pin.")
            return
        holders = Holders.of(snapshot, self._spec)
        order = [cpu.id for cell in snapshot.host.cells for core in _cores(cell) for cpu in core]
        try:
            here = cpus_of(self._spec, self._what.value) & {*order} or {*self._buttons}
        except ValueError as error:
            self._show(str(error))
            return
        start = min(order.index(cpu) for cpu in here)
        free = [cpu for cpu in order[start:] if snapshot.host.is_online(cpu) and cpu not in holders.dedicated]
        wanted = range(first, self._spec.vcpus.maximum)
        if len(free) < len(wanted):
            self._show(f"From CPU {order[start]} on {len(free)} CPUs are not dedicated, {len(wanted)} are needed.")
            return
        self._write({("vcpu", vcpu): frozenset({cpu}) for vcpu, cpu in zip(wanted, free, strict=False)})

    def _propose(self) -> None:
        snapshot = self._snapshot()
        if snapshot is None:
            self._show()
            return
        before = self._spec.copy()
        try:
            proposal = snapshot.pinning(self._spec)
            self._spec.become(proposal.apply(self._spec))
        except ValueError as error:
            self._show(str(error))
            return
        self._before = before
        self._changed()
        self._show(f"Proposed, with the memory beside it: {repr(proposal)[1:-1]}.", "phy-done")

    def _take_back(self) -> None:
        """Put back the definition as it was before the proposal: it sets more than pins."""
        if self._before is not None:
            self._spec.become(self._before)
            self._before = None
            self._changed()
            self._show("The proposal is taken back.", "phy-done")


def _cores(cell: Cell) -> list[list[LogicalCpu]]:
    """The CPUs of a cell, those of a core together."""
    found: dict[object, list[LogicalCpu]] = {}
    for cpu in cell.cpus:
        found.setdefault(cpu.siblings or (cpu.socket, cpu.die, cpu.core, cpu.core is None and cpu.id), []).append(cpu)
    return list(found.values())


def _offer(dropdown: w.Dropdown, options: list[tuple[str, Thread]] | list[tuple[str, int]]) -> None:
    """Let a choice offer these, and keep what is chosen where it is still there."""
    if list(dropdown.options) != options:
        chosen = dropdown.value
        dropdown.options = options
        values = [value for _, value in options]
        dropdown.value = chosen if chosen in values else values[0]
