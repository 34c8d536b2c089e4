"""The shape of a VM that is planned: how many vCPUs, how much memory, and what it wants for itself."""

from collections.abc import Callable

import ipywidgets as w

from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import DefinitionError
from phyllome_nb.panels.calls import Calls
from phyllome_nb.profiles import linux

__all__ = ["ShapeForm"]

PAGES = {"ordinary pages": "", "huge pages of 2 MiB": "2 MiB", "huge pages of 1 GiB": "1 GiB"}
WIDE = {"description_width": "initial"}


class ShapeForm:
    """A line of controls that make a definition; `changed` is called after each change.

    Parameters
    ----------
    changed : callable
    calls : Calls
        Passes on what a person does.
    spec : DomainSpec, optional
        A definition to begin with: what the controls do not show stays as it is there.
    """

    def __init__(self, changed: Callable[[], None], calls: Calls, spec: DomainSpec | None = None) -> None:
        self._start = spec or linux(name="planned", memory="4 GiB", vcpus=2, network=None)
        self._name = w.Text(value=self._start.name, description="VM", style=WIDE, layout=w.Layout(width="14em"))
        self._vcpus = w.BoundedIntText(
            value=self._start.vcpus.maximum,
            min=1,
            max=4096,
            description="vCPUs",
            style=WIDE,
            layout=w.Layout(width="9em"),
        )
        self._memory = w.Text(
            value=str(self._start.memory.maximum), description="Memory", style=WIDE, layout=w.Layout(width="13em")
        )
        self._pages = w.Dropdown(options=list(PAGES.items()), description="made of", style=WIDE)
        self._number = w.BoundedIntText(
            value=1, min=1, max=1_000_000, description="How many", style=WIDE, layout=w.Layout(width="11em")
        )
        controls = (self._name, self._vcpus, self._memory, self._pages, self._number)
        for control in controls:
            calls.changed(control, lambda _: changed())
        self.widget = w.HBox(
            list(controls), layout=w.Layout(flex_flow="row wrap", grid_gap="0.3em 1em", align_items="center")
        )

    @property
    def count(self) -> int:
        """How many of them."""
        return int(self._number.value)

    @property
    def spec(self) -> DomainSpec:
        """The definition.

        Raises
        ------
        DefinitionError
            If a value cannot be what it should be.
        """
        name = self._name.value.strip()
        if not name:
            raise DefinitionError("A VM has a name: write one.")
        spec = self._start.copy()
        spec.name = name
        spec.memory.maximum = self._memory.value
        spec.memory.current = self._memory.value
        if self._vcpus.value != self._start.vcpus.maximum:
            spec.vcpus.current = None
            spec.vcpus.maximum = self._vcpus.value
            if spec.cpu.topology.cores:
                spec.cpu.topology.update(sockets=1, cores=self._vcpus.value, threads=1)
        if self._pages.value:
            spec.memory.pages.add(size=self._pages.value)
        return spec
