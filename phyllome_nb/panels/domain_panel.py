"""DomainPanel: build a definition, see what is wrong with it and what it means for the host, define it."""

import difflib

import ipywidgets as w

from phyllome_nb.capacity import view
from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import DefinitionError, NoSuchDomain
from phyllome_nb.host.change import Change
from phyllome_nb.host.host import Host
from phyllome_nb.host.report import Report
from phyllome_nb.html import Html, el, style
from phyllome_nb.panels.advice import Advice, identity
from phyllome_nb.panels.findings import FindingsList
from phyllome_nb.panels.form import Form
from phyllome_nb.panels.trial import TrialView
from phyllome_nb.panels.work import Work, failure
from phyllome_nb.profiles import linux
from phyllome_nb.rules.finding import Finding, Findings
from phyllome_nb.xml.highlight import highlight

__all__ = ["DomainPanel"]

NAMES = "OS003"
"""The rule about names that are taken."""
COLUMN = {"flex": "1 1 28em", "min_width": "0"}


class DomainPanel(w.VBox):
    """A form for a definition, its XML, what experts and libvirt say of it, and a button that defines it.

    The panel edits the definition it was given; nothing is written to the host before the button is
    pressed.

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
        self._snapshot: Snapshot | None = None
        self._before = self.spec.public_xml().splitlines()
        self._defined: str | None = None
        self._xml = w.HTML()
        self._pane = w.Box([self._xml])
        self._pane.add_class("phy-pane")
        self._trial = TrialView(host, lambda: self.spec)
        views = [self._pane, self._trial.outcome, self._trial.command]
        self._tabs = w.Tab(views, titles=("XML", "Trial", "Command line"), layout=w.Layout(**COLUMN))
        self._tabs.observe(lambda _: self._try(), "selected_index")
        self.findings = Findings()
        self._findings = FindingsList(self._mend)
        self._advice = Advice(identity, self.spec, self.refresh)
        self._effect = w.HTML()
        self._define = w.Button(
            description="Define",
            button_style="primary",
            tooltip=f"Write this VM to {host.name}",
            layout=w.Layout(flex="0 0 auto"),
        )
        self._define.on_click(lambda _: self.define())
        self._reading, self._writing = Work(), Work()
        again = w.Button(description="Read again", tooltip=f"Read {host.name} again", layout=w.Layout(flex="0 0 auto"))
        again.on_click(lambda _: self._read_host())
        self._form = Form(self.spec, self._show)
        self._form.widget.layout = w.Layout(**COLUMN)
        super().__init__(
            [
                w.HTML(Html(f"<style>{style()}</style>")),
                w.HBox([self._form.widget, self._tabs], layout=w.Layout(flex_flow="row wrap", grid_gap="1em")),
                self._advice.widget,
                self._findings.widget,
                w.HBox([self._reading.widget, again], layout=w.Layout(align_items="baseline", grid_gap="1em")),
                self._effect,
                w.HBox([self._define, self._writing.widget], layout=w.Layout(align_items="flex-start", grid_gap="1em")),
            ],
        )
        self.add_class("phyllome")
        self._guard()
        self._show()
        self._read_host()

    def refresh(self) -> None:
        """Show the definition as it is now; call it after changing the definition in code."""
        self._form.refresh()
        self._show()

    def define(self) -> None:
        """Write the VM to the host, in the background; the outcome is shown, and kept in ``report``."""
        if not self._writing.idle.is_set():
            return  # the second press of a double click
        try:
            change = self._intended()
        except DefinitionError as error:
            self._writing.say(failure(error))
            return
        again = self.report if self._defined == self.spec.to_xml() else None
        self._defined = self.spec.to_xml()
        self._writing.run(
            f"Defining {self.spec.name!r} on {self.host.name}",
            3 * self.host.timeout,
            lambda: _still_there(self.host, again) or change.apply(),
            self._have_defined,
            self._read_host,
        )

    def _intended(self) -> Change:
        """What a press writes; nothing where the form shows something else than the definition says."""
        if refused := [why for _, why in self._form.state.refused.values()]:
            raise DefinitionError(f"Mend this first. {refused[0]}")
        # Whether a name is free is libvirt's to say, on the host as it is at that moment.
        if errors := [each for each in self.findings.errors if each.id != NAMES]:
            raise DefinitionError(f"Mend this first. {errors[0].what} {errors[0].why}")
        return self.host.change(self.spec)

    def _show(self) -> None:
        """Let the XML and the effect follow the definition; the form keeps what is being typed."""
        text = self.spec.public_xml()
        self._xml.value = highlight(text, _changed(self._before, text.splitlines()))
        self._advice.refresh()
        self._check()
        self._show_effect()
        self._try()

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

    def _try(self) -> None:
        """Try the definition with libvirt where somebody looks at what comes of it."""
        if self._tabs.selected_index:
            self._trial.ask()

    def _have_defined(self, report: Report) -> None:
        self.report = report
        self._writing.say(_told(report))
        self._read_host()

    def _guard(self) -> None:
        """A read-only host disables the button, and says why."""
        if not self.host.writable:
            self._define.disabled = True
            how = el("code", f"ph.connect({self.host.uri!r}, write=True)")
            self._writing.say(el("span", f"{self.host.name} is open read-only. To define VMs, open it with ", how, "."))

    def _read_host(self) -> None:
        self._reading.run(f"Reading {self.host.name}", self.host.timeout, self.host.snapshot, self._have_read)

    def _have_read(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._reading.say(
            el("span", f"Effect on {self.host.name}, as it was at {snapshot.taken:%H:%M:%S}", class_="phy-quiet")
        )
        self._check()
        self._show_effect()

    def _show_effect(self) -> None:
        if self._snapshot is None:
            return
        try:
            if self.spec.name in {domain.name for domain in self._snapshot.domains}:
                said = f"{self.host.name} has a VM named {self.spec.name!r}; the bars show the host as it is."
                self._effect.value = el("div", el("div", said), view.balance(self._snapshot))
            else:
                self._effect.value = view.effect(self._snapshot, self.spec)
        except DefinitionError as error:
            self._effect.value = el("div", str(error), class_="phy-error")


def _changed(before: list[str], after: list[str]) -> set[int]:
    """The numbers of the lines of `after` that are new or different."""
    steps = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return {line for kind, _, _, start, end in steps if kind in {"replace", "insert"} for line in range(start, end)}


def _check_kinds(host: object, spec: object) -> None:
    if not isinstance(host, Host) or not isinstance(spec, DomainSpec | None):
        raise TypeError("A panel takes a host and a DomainSpec: ph.DomainPanel(ph.connect(…), ph.profiles.linux(…)).")


def _still_there(host: Host, report: Report | None) -> Report | None:
    """The report, if what it tells of is still as it tells; it is then as good an answer as another refusal."""
    try:
        return report if report and host.domain(report.stored.name) == report.stored else None
    except NoSuchDomain:
        return None


def _told(report: Report) -> Html:
    """What libvirt stored, and what it made of the definition."""
    lists = []
    for kind in ("dropped", "rewrote", "added"):
        if found := report.of_kind(kind):
            items = [el("li", str(difference).removeprefix(f"{kind} ")) for difference in found]
            lists.append(el("details", el("summary", f"libvirt {kind} {len(found)}"), el("ul", *items)))
    return el("div", el("div", str(report), class_="phy-done"), *lists)
