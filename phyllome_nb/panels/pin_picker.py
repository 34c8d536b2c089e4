"""Which of the host's CPUs each thread of the guest may run on, marked on the host's own topology."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import ipywidgets as w

from phyllome_nb.capacity.addresses import cpu_set
from phyllome_nb.capacity.facts import Cell
from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.capacity.tables.frame import cpu_list
from phyllome_nb.capacity.tables.pins import threads
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import DefinitionError
from phyllome_nb.html import Html, el
from phyllome_nb.panels.calls import Calls
from phyllome_nb.xml.part import PartList

__all__ = ["PinPicker"]

FEW = 64
"""So many CPUs are shown together; of a larger host one cell at a time."""
TAKEN = "•"
EVERY = "every vCPU"
EMULATOR = "emulator"
WIDE = {"description_width": "10em"}


@dataclass(frozen=True, slots=True)
class Known:
    """What of the host is drawn."""

    cells: tuple[Cell, ...]
    online: frozenset[int]
    users: Mapping[int, tuple[str, ...]]
    """By CPU: the other VMs that have threads pinned there."""


class PinPicker:
    """The host's CPUs as buttons, grouped by cell and core; those that are pressed are where a thread may run.

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
        self._calls = calls
        self._setting = False
        self._known: Known | None = None
        self._buttons: dict[int, w.ToggleButton] = {}
        self._what = w.Dropdown(description="Pin", tooltip="Which thread of the guest", style=WIDE, layout=_auto())
        self._cell = w.Dropdown(description="on host cell", style=WIDE, layout=_auto())
        self._grid = w.VBox()
        self._said = w.HTML()
        propose = w.Button(description="Propose pins", tooltip="CPUs that no other VM has", layout=_auto())
        clear = w.Button(description="Take all pins out", tooltip="Let every thread run anywhere", layout=_auto())
        calls.changed(self._what, lambda _: self._mark())
        calls.changed(self._cell, lambda _: self._lay_out())
        calls.pressed(propose, self._propose)
        calls.pressed(clear, self._clear)
        self.widget = w.VBox([self._what, self._cell, self._grid, w.HBox([propose, clear]), self._said])
        self.widget.add_class("phy-pins")

    def refresh(self) -> None:
        """Show what the definition says now, on the host as it was last read."""
        self._offer(self._what, [(name, name) for name in _threads(self._spec)])
        snapshot = self._snapshot()
        known = (
            None
            if snapshot is None or not any(cell.cpus for cell in snapshot.host.cells)
            else _known(snapshot, self._spec)
        )
        if known != self._known:
            self._known = known
            cells = known.cells if known else ()
            self._offer(self._cell, [(f"{cell.id}: {len(cell.cpus)} CPUs", cell.id) for cell in cells if cell.cpus])
            self._lay_out()
        self._mark()

    def _offer(self, dropdown: w.Dropdown, options: list[tuple[str, object]]) -> None:
        """Let a dropdown have these options, and keep what was chosen."""
        if list(dropdown.options) == options:
            return
        self._setting = True
        chosen = dropdown.value
        dropdown.options = options
        values = [value for _, value in options]
        dropdown.value = chosen if chosen in values else next(iter(values), None)
        self._setting = False

    def _lay_out(self) -> None:
        """Make a button for each CPU: of all cells, or of a large host's chosen one."""
        if self._setting:
            return
        known = self._known
        cells = [cell for cell in known.cells if cell.cpus] if known else []
        many = sum(len(cell.cpus) for cell in cells) > FEW
        self._cell.layout.display = "" if many else "none"
        shown = [cell for cell in cells if not many or cell.id == self._cell.value]
        for row in self._grid.children:
            _close(row)
        self._buttons = {}
        self._grid.children = [self._row(cell, known) for cell in shown if known]
        self._mark()

    def _row(self, cell: Cell, known: Known) -> w.VBox:
        heading = w.HTML(el("span", f"Cell {cell.id}", class_="phy-quiet"))
        cores = [w.HBox([self._button(cpu, cell, known) for cpu in core]) for core in _cores(cell)]
        for core in cores:
            core.add_class("phy-core")
        return w.VBox([heading, w.HBox(cores, layout=w.Layout(flex_flow="row wrap", grid_gap="4px"))])

    def _button(self, cpu: int, cell: Cell, known: Known) -> w.ToggleButton:
        users, online = known.users.get(cpu, ()), cpu in known.online
        said = f"CPU {cpu} of cell {cell.id}" + (f", given to {', '.join(users)}" if users else "")
        button = w.ToggleButton(
            description=f"{cpu}{TAKEN if users else ''}",
            tooltip=said if online else f"{said}, offline",
            disabled=not online,
            layout=w.Layout(width="auto", min_width="2.6em"),
        )
        self._calls.changed(button, lambda _: self._press())
        self._buttons[cpu] = button
        return button

    def _mark(self) -> None:
        """Press the buttons of the CPUs that the chosen thread may run on, and say all pins in words."""
        if self._setting:
            return
        self._setting = True
        try:
            cpus = _cpus(self._spec, self._what.value)
            for number, button in self._buttons.items():
                button.value = number in cpus
            self._said.value = self._words()
        except (DefinitionError, ValueError) as error:
            self._said.value = el("div", str(error), class_="phy-error")
        finally:
            self._setting = False

    def _words(self) -> Html:
        if self._known is None:
            return el("div", "The host does not tell which CPUs it has, or was not read yet.", class_="phy-quiet")
        pins = [(name, _text(self._spec, name)) for name in _threads(self._spec) if name != EVERY]
        said = "; ".join(f"{name}: {text}" for name, text in pins if text) or "Every thread may run anywhere."
        taken = f" {TAKEN} is given to another VM." if self._known.users else ""
        return el("div", f"{said}{'.' if not said.endswith('.') else ''}{taken}", class_="phy-quiet", role="status")

    def _press(self) -> None:
        """Pin the chosen thread to the CPUs whose buttons are pressed; those of cells that are not shown stay."""
        if self._setting:
            return
        hidden = _cpus(self._spec, self._what.value) - set(self._buttons)
        pressed = {cpu for cpu, button in self._buttons.items() if button.value}
        _pin(self._spec, self._what.value, cpu_list(hidden | pressed))
        self._changed()

    def _clear(self) -> None:
        for name in _threads(self._spec):
            _pin(self._spec, name, "")
        self._changed()

    def _propose(self) -> None:
        snapshot = self._snapshot()
        if snapshot is None:
            raise DefinitionError("The host was not read yet: press Read again.")
        pinning = snapshot.pinning(self._spec)
        if not pinning:
            raise DefinitionError(f"There is no place for these pins. {' '.join(pinning.reasons)}")
        self._spec.become(pinning.apply(self._spec))
        self._changed()


def _known(snapshot: Snapshot, spec: DomainSpec) -> Known:
    users: dict[int, dict[str, None]] = {}
    for domain in snapshot.domains:
        if domain.shown is not None and domain.uuid != spec.uuid:
            for cpu in {cpu for _, cpus in threads(domain.shown) for cpu in cpus}:
                users.setdefault(cpu, {})[domain.name] = None
    cells = snapshot.host.cells
    online = frozenset(cpu.id for cell in cells for cpu in cell.cpus if snapshot.host.is_online(cpu.id))
    return Known(cells, online, {cpu: tuple(names) for cpu, names in users.items()})


def _cores(cell: Cell) -> Iterator[list[int]]:
    """The CPUs of a cell, those of a core together."""
    seen: set[int] = set()
    of = {cpu.id for cpu in cell.cpus}
    for cpu in cell.cpus:
        if cpu.id not in seen:
            core = sorted((cpu.siblings & of) | {cpu.id})
            seen.update(core)
            yield core


def _threads(spec: DomainSpec) -> list[str]:
    """The threads of a guest that can be pinned."""
    numbers = [thread.id for thread in spec.iothreads.iothreadids if thread.id is not None]
    numbers = numbers or list(range(1, (spec.iothreads.count or 0) + 1))
    vcpus = [f"vCPU {number}" for number in range(spec.vcpus.maximum)]
    return [EVERY, *vcpus, EMULATOR, *(f"I/O thread {number}" for number in numbers)]


def _text(spec: DomainSpec, thread: str) -> str:
    """The CPUs of a thread as the definition has them; nothing where it may run anywhere."""
    if thread == EVERY:
        return spec.vcpus.cpuset or ""
    if thread == EMULATOR:
        return spec.cputune.emulatorpin or ""
    _, _, own = _pins(spec, thread)
    return (own[0].cpuset or "") if own else ""


def _pins(spec: DomainSpec, thread: str) -> tuple[PartList[Any], dict[str, int], list[Any]]:
    """The list in which a numbered thread is pinned, the thread as that list names it, and its pins there."""
    kind, _, number = thread.rpartition(" ")
    tune = spec.cputune
    pins, name = (tune.vcpupins, "vcpu") if kind == "vCPU" else (tune.iothreadpins, "iothread")
    return pins, {name: int(number)}, [pin for pin in pins if getattr(pin, name) == int(number)]


def _cpus(spec: DomainSpec, thread: str) -> set[int]:
    return set(cpu_set(text)) if (text := _text(spec, thread)) else set()


def _pin(spec: DomainSpec, thread: str, cpus: str) -> None:
    """Pin a thread to CPUs; to nothing: let it run anywhere."""
    if thread == EVERY:
        spec.vcpus.cpuset = cpus or None
        return
    if thread == EMULATOR:
        spec.cputune.emulatorpin = cpus or None
        return
    pins, named, own = _pins(spec, thread)
    for pin in own[bool(cpus) :]:
        pins.remove(pin)
    if cpus:
        (own[0] if own else pins.add(**named)).cpuset = cpus


def _close(row: w.VBox) -> None:
    for child in getattr(row, "children", ()):
        _close(child)
    row.close()


def _auto() -> w.Layout:
    return w.Layout(width="auto")
