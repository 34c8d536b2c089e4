"""What libvirt itself would do with a definition, asked while a person looks at it."""

from collections.abc import Callable

import ipywidgets as w

from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.host.host import Host
from phyllome_nb.host.trial import Trial
from phyllome_nb.html import Html, el
from phyllome_nb.panels.calls import Calls
from phyllome_nb.panels.work import Work

__all__ = ["TrialView"]

PATIENCE = 60
"""Seconds for the first trial, for which libvirt first asks QEMU what it can do; later ones take milliseconds."""


class TrialView:
    """Two views of one trial: what libvirt would make of the definition, and QEMU's command line.

    ``outcome`` and ``command`` are the views. Nothing is asked before one of them is looked at.
    """

    def __init__(self, host: Host, spec: Callable[[], DomainSpec], calls: Calls) -> None:
        self._host = host
        self._spec = spec
        self._asked = ""
        self._work = Work()
        self._outcome, self._command = w.HTML(), w.HTML()
        again = w.Button(description="Try again", tooltip="Ask libvirt once more", layout=w.Layout(width="auto"))
        calls.pressed(again, lambda: self.ask(again=True))
        top = w.HBox([again, self._work.widget], layout=w.Layout(align_items="baseline", grid_gap="1em"))
        self.outcome = w.VBox([top, self._outcome])
        self.command = w.VBox([self._command])
        for view in (self.outcome, self.command):
            view.add_class("phy-tried")
        self.trial: Trial | None = None
        self.idle = self._work.idle

    def ask(self, *, again: bool = False) -> None:
        """Try the definition as it is now, unless that was the last to be tried."""
        spec = self._spec().copy()
        if spec.to_xml() == self._asked and not again:
            return
        self._asked = spec.to_xml()
        self._command.value = el("p", "Asking libvirt …", class_="phy-quiet")
        self._work.run("Trying it with libvirt", PATIENCE, lambda: self._host.trial(spec), self._have, self._failed)

    def _have(self, trial: Trial) -> None:
        self.trial = trial
        self._work.say(Html(""))
        self._outcome.value = trial._repr_html_()
        if trial.command is None:
            self._command.value = el("p", "There is no command line: the trial says why.", class_="phy-quiet")
        else:
            command = Html(trial.command._repr_html_())
            self._command.value = el("div", command, tabindex="0", role="region", aria_label="QEMU's command line")

    def _failed(self) -> None:
        self._asked = ""
        self._outcome.value = self._command.value = ""
