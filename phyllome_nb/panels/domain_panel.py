"""DomainPanel: build a definition, see what is wrong with it and what it means for the host, define it."""

from collections.abc import Callable
from functools import partial

import ipywidgets as w

from phyllome_nb.capacity import view
from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import Conflict, DefinitionError, NoSuchDomain
from phyllome_nb.export.definition_page import definition_page
from phyllome_nb.host.change import Change
from phyllome_nb.host.host import Host
from phyllome_nb.host.report import Report
from phyllome_nb.host.situation import situation
from phyllome_nb.html import Html, el, style
from phyllome_nb.panels.advice import Advice, identity
from phyllome_nb.panels.calls import Calls
from phyllome_nb.panels.conflict import ConflictView
from phyllome_nb.panels.effect_view import EffectView
from phyllome_nb.panels.findings import FindingsList
from phyllome_nb.panels.form import Form, MakePicker
from phyllome_nb.panels.leave import Leave
from phyllome_nb.panels.life import Life
from phyllome_nb.panels.memory_picker import MemoryPicker
from phyllome_nb.panels.picker import Picker
from phyllome_nb.panels.pin_picker import PinPicker
from phyllome_nb.panels.start import Start
from phyllome_nb.panels.topology_picker import TopologyPicker
from phyllome_nb.panels.trial import TrialView
from phyllome_nb.panels.work import Work, failure
from phyllome_nb.panels.xml_pane import XmlPane
from phyllome_nb.profiles import linux
from phyllome_nb.rules.finding import Finding, Findings

__all__ = ["DomainPanel"]

NAMES = "OS003"
"""The rule about names that are taken."""
COLUMN = {"flex": "1 1 28em", "min_width": "0"}


class DomainPanel(w.VBox):
    """A form for a definition, its XML, what experts and libvirt say of it, and a button that defines it.

    The panel edits the definition it was given; nothing is written to the host before the button is
    pressed. Given one that was read with ``host.domain(name)``, it changes that VM.

    Parameters
    ----------
    host : Host
        The host that the VM is for. One that is open read-only can be looked at, not written to.
    spec : DomainSpec, optional
        The definition; a Linux VM where it is left out.

    Examples
    --------
    >>> import phyllome_nb as ph
    >>> panel = ph.DomainPanel(ph.demo(), ph.profiles.linux(name="web"))
    >>> panel.spec.memory.maximum
    Size('2 GiB')
    """

    def __init__(self, host: Host, spec: DomainSpec | None = None) -> None:
        _check_kinds(host, spec)
        self.host = host
        self.spec = linux() if spec is None else spec
        self.report: Report | None = None
        self.findings = Findings()
        self._snapshot: Snapshot | None = None
        self._defined: str | None = None
        self._change: Change | None = None
        self._calls = Calls()
        self._heading = w.HTML()
        self._start = Start(host, self.spec, self.start, self._calls)
        self._pane = XmlPane(self.spec, self.refresh, self._calls)
        self._trial = TrialView(host, lambda: self.spec, self._calls)
        self._changes = w.HTML()
        self._leave = Leave(host, lambda: self.spec, self._page, self._calls)
        self._tabs = w.Tab(layout=w.Layout(**COLUMN))
        self._calls.changed(self._tabs, lambda _: self._look(), "selected_index")
        self._findings = FindingsList(self._mend, self._calls)
        advice = Advice(lambda spec: None if self._edits else identity(spec), self.spec, self.refresh, self._calls)
        self._advice = advice
        self._effect = EffectView(self._calls)
        self._define = w.Button(button_style="primary", layout=w.Layout(flex="0 0 auto"))
        self._undo = w.Button(description="Undo", tooltip="Put back what was before", layout=w.Layout(flex="0 0 auto"))
        self._conflict = ConflictView(self._take, self._calls)
        self._notes = w.HTML()
        self._life = Life(host, lambda: self.spec.name, self._read_host, self._calls)
        self._reading, self._writing = Work(), Work()
        again = w.Button(description="Read again", tooltip=f"Read {host.name} again", layout=w.Layout(flex="0 0 auto"))
        self._calls.pressed(self._define, self.define)
        self._calls.pressed(self._undo, self.undo)
        self._calls.pressed(again, self._read_host)
        self._form = Form(self.spec, self._show, self._calls, self._pickers())
        self._form.widget.layout = w.Layout(**COLUMN)
        super().__init__(
            [
                w.HTML(Html(f"<style>{style()}</style>")),
                self._heading,
                self._start.widget,
                self._calls.widget,
                w.HBox([self._form.widget, self._tabs], layout=w.Layout(flex_flow="row wrap", grid_gap="1em")),
                self._advice.widget,
                self._findings.widget,
                w.HBox([self._reading.widget, again], layout=w.Layout(align_items="baseline", grid_gap="1em")),
                self._effect.widget,
                self._notes,
                w.HBox(
                    [self._define, self._undo, self._writing.widget],
                    layout=w.Layout(align_items="flex-start", grid_gap="1em"),
                ),
                self._conflict.widget,
                self._life.widget,
            ],
        )
        self.add_class("phyllome")
        host.when_lost(self._have_lost)
        self._guard()
        self._begin()
        self._show()
        self._read_host()

    def _pickers(self) -> dict[str, MakePicker]:
        """What shows several fields of a group at once, by the group's title."""
        kinds: dict[str, type[Picker]] = {"Memory": MemoryPicker, "vCPUs": PinPicker, "CPU": TopologyPicker}
        return {title: partial(self._picker, kind) for title, kind in kinds.items()}

    def _picker(self, kind: type[Picker], changed: Callable[[], None]) -> Picker:
        return kind(self.spec, lambda: self._snapshot, changed, self._calls)

    def start(self, spec: DomainSpec) -> None:
        """Go on with another definition, in the place of the one that is shown; nothing is written.

        Parameters
        ----------
        spec : DomainSpec
            One that was read with ``host.domain(name)`` changes that VM; any other makes a new one.

        Raises
        ------
        DefinitionError
            If text with a mistake waits in the XML tab: it would be lost, or taken for the other definition's.
        """
        self._pane.confirm()
        self.spec.become(spec)
        self.report = self._change = self._defined = None
        self._form.state.refused.clear()
        self._conflict.hide()
        self._begin()
        self.refresh()
        self._read_host()

    def refresh(self) -> None:
        """Show the definition as it is now; call it after changing the definition in code."""
        self._form.refresh()
        self._show()

    @property
    def _edits(self) -> bool:
        """Whether this changes a VM that exists."""
        return self.spec.stored is not None and self.spec.uuid is not None

    def _begin(self) -> None:
        """Let what stands around the form suit a new VM, or one that exists."""
        edits, host = self._edits, self.host.name
        whole = f"{self.spec.name} on {host}" if edits else f"A new VM for {host}"
        self._heading.value = el("div", el("span", whole, class_="phy-name"), class_="phy-heading")
        self._define.description = "Save" if edits else "Define"
        self._define.tooltip = f"Write this VM to {host}"
        self._undo.layout.display = "none"
        self._life.widget.layout.display = "" if edits else "none"
        views = {"XML": self._pane.widget, "Trial": self._trial.outcome, "Command line": self._trial.command}
        if edits:
            views["Changes"] = self._changes
        views["Take along"] = self._leave.widget
        if self._tabs.titles != tuple(views):
            self._tabs.selected_index = 0 if self._tabs.children else None
            self._tabs.children, self._tabs.titles = tuple(views.values()), tuple(views)
            self._tabs.selected_index = 0
        self._pane.begin()

    def define(self) -> None:
        """Write the VM to the host, in the background; the outcome is shown, and kept in ``report``."""
        if self._writing.busy:
            return  # the second press of a double click
        try:
            change = self._intended()
        except DefinitionError as error:
            self._writing.say(failure(error))
            return
        again = self.report if self._defined == self.spec.to_xml() and not self._edits else None
        self._defined = self.spec.to_xml()
        self._change = change
        self._conflict.hide()
        self._writing.run(
            f"{'Saving' if self._edits else 'Defining'} {self.spec.name!r} on {self.host.name}",
            3 * self.host.timeout,
            lambda: _still_there(self.host, again) or _applied(change),
            self._have_written,
            self._read_host,
        )

    def undo(self) -> None:
        """Put back what was before the last write, in the background."""
        change = self._change
        if change is None or self._writing.busy:
            return
        self._writing.run("Undoing", 3 * self.host.timeout, change.undo, self._have_undone, self._read_host)

    def _intended(self) -> Change:
        """What a press writes; nothing where the form shows something else than the definition says."""
        if refused := [why for _, why in self._form.state.refused.values()]:
            raise DefinitionError(f"Mend this first. {refused[0]}")
        self._pane.confirm()
        # What was found last may be of the definition before, where another has just come in its place.
        self._check()
        # Whether a name is free is libvirt's to say, on the host as it is at that moment.
        if errors := [each for each in self.findings.errors if each.id != NAMES]:
            raise DefinitionError(f"Mend this first. {errors[0].what} {errors[0].why}")
        return self.host.change(self.spec)

    def _show(self) -> None:
        """Let all that is shown follow the definition; the form's controls keep what is being typed."""
        self._form.follow()
        self._advice.refresh()
        self._check()
        self._pane.show(self.findings)
        self._show_effect()
        self._look()

    def _check(self) -> None:
        """Hold the definition against the rules, and against the host as it was last read."""
        found = self.spec.findings(self._snapshot)
        defined = self.report is not None and self.report.stored.name == self.spec.name
        # The VM that this panel has defined is not another of the same name.
        self.findings = Findings(each for each in found if not (each.id == NAMES and defined))
        self._findings.show(self.findings)
        self._form.show_findings(self.findings)

    def _mend(self, finding: Finding) -> None:
        """Do what the button beside a finding says."""
        try:
            finding.apply(self.spec)
        except DefinitionError as error:
            self._writing.say(failure(error))
        self.refresh()

    def _look(self) -> None:
        """Make what somebody looks at: a trial with libvirt, or the changes."""
        titles, chosen = self._tabs.titles, self._tabs.selected_index
        match titles[chosen] if chosen is not None and chosen < len(titles) else "":
            case "Trial" | "Command line":
                self._trial.ask()
            case "Take along":
                self._leave.refresh()
            case "Changes":
                self._changes.value = Html((self.spec.stored or self.spec).diff(self.spec)._repr_html_())

    def _page(self) -> str:
        """The definition as a web page, with what was found and what it means for the host as it was last read."""
        known = self._snapshot is not None and not self._snapshot.others(self.spec.uuid).named(self.spec.name)
        effect = view.effect(self._snapshot, self.spec) if self._snapshot is not None and known else None
        return definition_page(self.spec, self.findings, effect)

    def _have_written(self, outcome: Report | Conflict) -> Html:
        if isinstance(outcome, Conflict):
            self._conflict.show(outcome.three_way)
            said = f"Somebody else has changed {self.spec.name!r} meanwhile, and theirs is what is stored. Go on here:"
            return el("div", said, class_="phy-error")
        self.report = outcome
        self._life.widget.layout.display = ""
        self._take(outcome.stored) if self._edits else None
        self._read_host()
        self._undo.layout.display = ""
        return _told(outcome)

    def _have_undone(self, report: Report) -> Html:
        self._undo.layout.display = "none"
        self.report = None
        if self._edits:
            self._take(report.stored)
        else:
            self._life.widget.layout.display = "none"
        self._read_host()
        return _told(report)

    def _take(self, spec: DomainSpec) -> None:
        """Show another definition of the same VM, in the place of this one."""
        self.spec.become(spec)
        self._pane.begin()
        self.refresh()

    def _have_lost(self) -> None:
        said = f"The connection to {self.host.name} has broken. What is shown was true before; it is opened again "
        self._reading.say(el("span", f"{said}when it is needed.", class_="phy-warning"))

    def _guard(self) -> None:
        """A read-only host disables the button, and says why."""
        if not self.host.writable:
            self._define.disabled = True
            how = el("code", f"ph.connect({self.host.uri!r}, write=True)")
            self._writing.say(el("span", f"{self.host.name} is open read-only. To define VMs, open it with ", how, "."))

    def _read_host(self) -> None:
        stored = self.spec.stored if self._edits else None
        self._reading.run(
            f"Reading {self.host.name}",
            self.host.timeout,
            lambda: (self.host.snapshot(), situation(self.host, stored).notes()),
            self._have_read,
        )

    def _have_read(self, read: tuple[Snapshot, list[str]]) -> None:
        snapshot, notes = read
        self._snapshot = self._form.state.snapshot = snapshot
        self._start.show(snapshot)
        self._notes.value = el("div", *(el("div", each, class_="phy-warning") for each in notes))
        self._reading.say(
            el("span", f"Effect on {self.host.name}, as it was at {snapshot.taken:%H:%M:%S}", class_="phy-quiet")
        )
        self._check()
        self._show_effect()

    def _show_effect(self) -> None:
        if self._snapshot is not None:
            self._effect.show(self._snapshot, self.spec)


def _check_kinds(host: object, spec: object) -> None:
    if not isinstance(host, Host) or not isinstance(spec, DomainSpec | None):
        raise TypeError("A panel takes a host and a DomainSpec: ph.DomainPanel(ph.connect(…), ph.profiles.linux(…)).")


def _still_there(host: Host, report: Report | None) -> Report | None:
    """The report, if what it tells of is still as it tells; it is then as good an answer as another refusal."""
    try:
        return report if report and host.domain(report.stored.name) == report.stored else None
    except NoSuchDomain:
        return None


def _applied(change: Change) -> Report | Conflict:
    """What came of a write; that somebody else wrote is an outcome, not a failure."""
    try:
        return change.apply()
    except Conflict as conflict:
        return conflict


def _told(report: Report) -> Html:
    """What libvirt stored, and what it made of the definition."""
    lists = []
    for kind in ("dropped", "rewrote", "added"):
        if found := report.of_kind(kind):
            items = [el("li", str(difference).removeprefix(f"{kind} ")) for difference in found]
            lists.append(el("details", el("summary", f"libvirt {kind} {len(found)}"), el("ul", *items)))
    return el("div", el("div", str(report), class_="phy-done"), *lists)
