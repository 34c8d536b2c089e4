"""The life of a VM: buttons that start and stop it, each answering with one sentence."""

from collections.abc import Callable

import ipywidgets as w

from phyllome_nb.errors import FieldError
from phyllome_nb.host.guest import Guest, Said
from phyllome_nb.host.host import Host
from phyllome_nb.html import el
from phyllome_nb.panels.calls import Calls
from phyllome_nb.panels.work import Work

__all__ = ["Life"]

SLOW = 60
"""Seconds that a guest is given to turn itself off."""


class Life:
    """Buttons for one VM of a host; what destroys something is asked about first.

    Parameters
    ----------
    host : Host
        The host.
    name : callable
        Tells the VM's name.
    changed : callable
        Called after something was done.
    calls : Calls
        Passes on what a person does.
    """

    def __init__(self, host: Host, name: Callable[[], str], changed: Callable[[], None], calls: Calls) -> None:
        self._calls = calls
        self._host = host
        self._name = name
        self._changed = changed
        self.work = Work()
        self._question = w.HBox(layout=w.Layout(display="none", align_items="baseline", flex_flow="row wrap"))
        buttons = [
            self._button("Start", lambda: self._do("Starting", lambda guest: guest.start())),
            self._button("Shut down", lambda: self._do("Shutting down", lambda guest: guest.shutdown(SLOW), SLOW)),
            self._button("Reboot", lambda: self._do("Rebooting", lambda guest: guest.reboot())),
            self._button("Pause", lambda: self._do("Pausing", lambda guest: guest.pause())),
            self._button("Resume", lambda: self._do("Resuming", lambda guest: guest.resume())),
            self._button("Start with the host", lambda: self._do("Setting", lambda guest: guest.autostart())),
            self._button("Not with the host", lambda: self._do("Setting", lambda guest: guest.autostart(False))),
            self._button("Force off …", self._ask_force_off, danger=True),
            self._button("Undefine …", self._ask_undefine, danger=True),
        ]
        row = w.HBox(buttons, layout=w.Layout(flex_flow="row wrap", grid_gap="0.25em"))
        asked = w.HBox(
            [
                self._entry("Memory now", "2 GiB", "Set memory", lambda guest, size: guest.set_memory(size)),
                self._entry("vCPUs now", "2", "Set vCPUs", lambda guest, count: guest.set_vcpus(_whole(count))),
                self._entry("New name", "", "Rename", self._rename),
                self._entry("Name of the copy", "", "Clone the definition", _clone),
            ],
            layout=w.Layout(flex_flow="row wrap", grid_gap="1em"),
        )
        self.widget = w.VBox([row, asked, self._question, self.work.widget])

    def _button(self, label: str, press: Callable[[], None], *, danger: bool = False) -> w.Button:
        button = w.Button(
            description=label,
            tooltip=f"{label.rstrip(' …')} this VM",
            layout=w.Layout(width="auto"),
            button_style="danger" if danger else "",
            disabled=not self._host.writable,
        )
        self._calls.pressed(button, press)
        return button

    def _entry(self, label: str, example: str, verb: str, do: Callable[[Guest, str], Said]) -> w.HBox:
        """A text, and a button that does something with it."""
        typed = w.Text(
            description=label,
            placeholder=example,
            style={"description_width": "initial"},
            layout=w.Layout(width="17em"),
        )
        button = self._button(verb, lambda: self._do(verb, lambda guest: do(guest, typed.value.strip())))
        return w.HBox([typed, button])

    def _rename(self, guest: Guest, name: str) -> Said:
        said = guest.rename(name)
        self._name = lambda: name
        return said

    def _do(self, doing: str, what: Callable[[Guest], Said], most: float = 0) -> None:
        name = self._name()

        def done(said: Said) -> None:
            self.work.say(el("span", said, class_="phy-done"))
            self._changed()

        self._question.layout.display = "none"
        self.work.run(f"{doing} {name}", most or self._host.timeout, lambda: what(self._host.guest(name)), done)

    def _ask_force_off(self) -> None:
        said = f"Force {self._name()} off? What it has not written to its disks is lost."
        self._ask(said, "Force off", lambda: self._do("Forcing off", lambda guest: guest.force_off()))

    def _ask_undefine(self) -> None:
        """Name what would go along, each to be kept or removed."""
        name = self._name()
        self.work.run(
            f"Looking at {name}", self._host.timeout, lambda: self._host.guest(name).leaves(), self._choose_undefine
        )

    def _choose_undefine(self, found: dict[str, str]) -> None:
        self.work.say(el("span", ""))
        if "running" in found:
            self.work.say(el("span", f"{self._name()} runs: turn it off first.", class_="phy-warning"))
            return
        fates = {part: self._fate(part, said) for part, said in found.items()}
        self._ask(
            f"Undefine {self._name()}? Its disks stay, and its definition is kept on this machine.",
            "Undefine",
            lambda: self._undefine({part: str(fate.value) for part, fate in fates.items() if fate.value}),
            list(fates.values()),
        )

    def _fate(self, part: str, said: str) -> w.Dropdown:
        keeps = [("keep it", "keep")] if part in {"nvram", "tpm"} else []
        return w.Dropdown(
            options=[("choose …", ""), *keeps, ("remove it", "remove")],
            description=f"It has {said}:",
            style={"description_width": "initial"},
            layout=w.Layout(width="auto"),
        )

    def _undefine(self, fates: dict[str, str]) -> None:
        self._do("Undefining", lambda guest: guest.undefine(**fates))  # type: ignore[arg-type]

    def _ask(self, said: str, label: str, press: Callable[[], None], more: list[w.Widget] | None = None) -> None:
        """Ask before something is destroyed."""
        sure = w.Button(description=label, button_style="danger", layout=w.Layout(width="auto"))
        cancel = w.Button(description="Cancel", layout=w.Layout(width="auto"))
        self._calls.pressed(sure, press)
        self._calls.pressed(cancel, lambda: setattr(self._question.layout, "display", "none"))
        text = w.HTML(el("span", said, role="alert", class_="phy-warning"))
        self._question.children = [text, *(more or []), sure, cancel]
        self._question.layout.display = ""
        cancel.focus()


def _whole(typed: str) -> int:
    try:
        return int(typed)
    except ValueError:
        raise FieldError(f"vcpus: {typed!r} is not a whole number.") from None


def _clone(guest: Guest, name: str) -> Said:
    return Said(guest.clone(name).apply())
