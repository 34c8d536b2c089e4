"""What all pickers are: a view that sets several fields of a definition at once."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import ipywidgets as w

from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.panels.calls import Calls

__all__ = ["Picker"]


class Picker(ABC):
    """A view of several fields; ``widget`` is what is seen.

    Parameters
    ----------
    spec : DomainSpec
        The definition that is edited.
    snapshot : callable
        Tells the host as it was last read; None where that is not known.
    changed : callable
        Called after the picker has changed the definition.
    calls : Calls
        Passes on what a person does.
    """

    widget: w.Widget

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
        self._build()
        self.refresh()

    @abstractmethod
    def _build(self) -> None:
        """Make the widget."""

    @abstractmethod
    def refresh(self) -> None:
        """Show what the definition says now; cheap, and only what has changed is sent."""
