"""Where a definition begins: a profile, a VM that exists, a clone of one, pasted XML, a file."""

from collections.abc import Callable
from pathlib import Path

import ipywidgets as w

from phyllome_nb import profiles
from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.domain.clone import cloned
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import DefinitionError, ParseError, PhyllomeError
from phyllome_nb.host.host import Host
from phyllome_nb.html import Html, el, legible
from phyllome_nb.panels.calls import Calls
from phyllome_nb.panels.work import Work, failure
from phyllome_nb.xml.document import LIMIT
from phyllome_nb.xml.mask import Mask

__all__ = ["Start"]

PROFILE, VM, CLONE, PASTED, FILE = "a profile", "a VM of this host", "a clone of a VM", "pasted XML", "a file"
WIDE = {"description_width": "initial"}
PROFILES = [name for name in profiles.__all__ if name != "reasons"]


class Start:
    """A button that opens a choice of beginnings; nothing of the definition that was there is lost.

    Parameters
    ----------
    host : Host
        The host.
    spec : DomainSpec
        The definition that is shown, which one can come back to.
    begin : callable
        Called with the definition to go on with.
    calls : Calls
        Passes on what a person does.
    """

    def __init__(self, host: Host, spec: DomainSpec, begin: Callable[[DomainSpec], None], calls: Calls) -> None:
        self._host = host
        self._spec = spec
        self._begin = begin
        self._mask = Mask()
        self._before: list[DomainSpec] = []
        self._snapshot: Snapshot | None = None
        self.work = Work()
        self._open = w.ToggleButton(
            description="Begin with …",
            tooltip="A profile, a VM, a clone, XML or a file",
            layout=w.Layout(width="auto"),
        )
        self._kind = w.Dropdown(options=[PROFILE, VM, CLONE, PASTED, FILE], description="Begin with", style=WIDE)
        self._profile = w.Dropdown(options=PROFILES, description="Profile", style=WIDE)
        self._vm = w.Dropdown(options=[], description="VM", style=WIDE)
        self._name = w.Text(description="Name of the new VM", style=WIDE, layout=w.Layout(width="20em"))
        self._pasted = w.Textarea(
            description="XML",
            placeholder="<domain> … </domain>",
            continuous_update=False,
            rows=8,
            style=WIDE,
            layout=w.Layout(width="100%"),
        )
        self._path = w.Text(
            description="File, on the machine of the kernel",
            placeholder="/etc/libvirt/qemu/web.xml",
            style=WIDE,
            layout=w.Layout(width="32em"),
        )
        self._go = w.Button(description="Begin", tooltip="Show it in the form", layout=w.Layout(width="auto"))
        self._back = w.Button(
            description="Back to what was here",
            tooltip="Show the definition that was shown before",
            layout=w.Layout(width="auto", display="none"),
        )
        line = w.Layout(flex_flow="row wrap", grid_gap="0.3em 1em", align_items="baseline")
        self._asked = w.HBox(layout=line)
        self._choice = w.VBox([w.HBox([self._kind, self._asked, self._go], layout=line)])
        self._choice.layout.display = "none"
        calls.changed(self._open, self._show)
        calls.changed(self._kind, lambda _: self._ask())
        calls.changed(self._pasted, self._have_pasted)
        calls.pressed(self._go, self._start)
        calls.pressed(self._back, self._go_back)
        top = w.HBox([self._open, self._back, self.work.widget], layout=line)
        self.widget = w.VBox([top, self._choice])
        self._ask()

    def show(self, snapshot: Snapshot) -> None:
        """Offer the VMs that the host has."""
        self._snapshot = snapshot
        names = [domain.name for domain in snapshot.domains]
        offered = tuple((legible(name), name) for name in names)
        if self._vm.options != offered:
            chosen = self._vm.value
            self._vm.options = offered
            self._vm.value = chosen if chosen in names else next(iter(names), None)

    def _show(self, opened: bool) -> None:
        self._choice.layout.display = "" if opened else "none"

    def _ask(self) -> None:
        """Show what is to be told of the chosen kind."""
        wanted = {
            PROFILE: [self._profile, self._name],
            VM: [self._vm],
            CLONE: [self._vm, self._name],
            PASTED: [self._pasted],
            FILE: [self._path],
        }
        self._asked.children = wanted[self._kind.value]

    def _have_pasted(self, text: str) -> None:
        """Keep passwords back: a saved notebook holds the values of its widgets."""
        if (shown := self._mask.hide(text)) != text:
            self._pasted.value = shown

    def _start(self) -> None:
        try:
            self._start_from()
        except PhyllomeError as error:
            self.work.say(failure(error))

    def _start_from(self) -> None:
        kind, name = self._kind.value, self._name.value.strip()
        vm, path = self._vm.value, self._path.value.strip()
        if kind == PROFILE:
            self.work.say(self._take(self._from_profile(self._profile.value, name)))
        elif kind == PASTED:
            self.work.say(self._take(DomainSpec.from_xml(self._mask.reveal(self._pasted.value))))
            self._pasted.value = ""
        elif kind == FILE:
            self.work.run(f"Reading {path}", self._host.timeout, lambda: _read(path), self._take)
        else:
            self._from_vm(vm, name or self._free(vm or ""), clone=kind == CLONE)

    def _from_vm(self, vm: str | None, name: str, *, clone: bool) -> None:
        if vm is None:
            raise DefinitionError(f"{self._host.name} has no VM to start from: choose another beginning.")

        def read() -> DomainSpec:
            spec = self._host.domain(vm)
            return cloned(spec, name) if clone else spec

        self.work.run(f"Reading {vm!r}", self._host.timeout, read, self._take)

    def _from_profile(self, profile: str, name: str) -> DomainSpec:
        """A profile's definition, of a type that the host has, and for a session where that is what it is."""
        made: DomainSpec = getattr(profiles, profile)(name=name or self._free(profile.replace("_", "-")))
        facts = self._snapshot.host if self._snapshot else None
        if facts is None:
            return made
        types = {kind for guest in facts.guests for kind in guest.types}
        if types and made.type not in types and "qemu" in types:
            made = getattr(profiles, profile)(name=made.name, type="qemu")
        if facts.session:
            made = getattr(profiles, profile)(name=made.name, type=made.type, session=True)
        return made

    def _free(self, name: str) -> str:
        """A name like this one that no VM of the host has, as far as that is known."""
        taken = {domain.name for domain in self._snapshot.domains} if self._snapshot else set()
        number = 2
        free = name
        while free in taken:
            free, number = f"{name}-{number}", number + 1
        return free

    def _take(self, spec: DomainSpec) -> Html:
        """Go on with a definition; the one that was there is kept."""
        before = self._spec.copy()
        self._begin(spec)
        self._before.append(before)
        self._open.value = False
        self._back.layout.display = ""
        return el("span", f"Started with {spec.name or 'a VM without a name'}.", class_="phy-done")

    def _go_back(self) -> None:
        if not self._before:
            return  # the second press of a double click
        self._begin(self._before[-1])
        self._before.pop()
        self.work.say(el("span", f"Back with {self._spec.name}.", class_="phy-done"))
        self._back.layout.display = "" if self._before else "none"


def _read(path: str) -> DomainSpec:
    """The definition in a file.

    Raises
    ------
    DefinitionError
        If there is none, or it cannot be read.
    """
    if not path:
        raise DefinitionError("Which file? Type its path on the machine where the kernel runs.")
    try:
        place = Path(path).expanduser()
        if not place.is_file():
            raise DefinitionError(f"{path} is no file: type the path of one on the machine where the kernel runs.")
        with place.open("rb") as file:
            return DomainSpec.from_xml(file.read(LIMIT + 1))
    except (OSError, RuntimeError) as error:
        raise DefinitionError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    except ParseError as error:
        raise DefinitionError(f"{path}: {error}") from None
