"""A topology that does not make the vCPUs: said at once, with the mend one click away."""

from collections.abc import Callable

import ipywidgets as w

from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import FieldError
from phyllome_nb.html import el

__all__ = ["TopologyAdvice"]


class TopologyAdvice:
    """Says where the CPU topology makes another number of vCPUs than there are, which libvirt's QEMU driver refuses.

    Parameters
    ----------
    spec : DomainSpec
        The definition.
    mended : callable
        Called after the button has changed the topology.
    """

    def __init__(self, spec: DomainSpec, mended: Callable[[], None]) -> None:
        self._spec = spec
        self._mended = mended
        self._text = w.HTML()
        self._button = w.Button(layout=w.Layout(width="auto"))
        self._button.on_click(lambda _: self._mend())
        self.widget = w.HBox([self._text, self._button], layout=w.Layout(align_items="baseline", grid_gap="1em"))
        self.refresh()

    def refresh(self) -> None:
        """Look again."""
        try:
            makes, vcpus = self._spec.cpu.topology.product(), self._spec.vcpus.maximum
            cores = self._spec.cpu.topology.fitting_cores(vcpus)
        except FieldError:
            makes = None
        if makes is None or makes == vcpus:
            self.widget.layout.display = "none"
            return
        said = f"The CPU topology makes {makes} vCPUs, not {vcpus}: libvirt's QEMU driver will refuse that."
        self._text.value = el("div", said, class_="phy-warning", role="alert")
        self._button.description = f"Make it {cores} cores" if cores else "Remove the topology"
        self.widget.layout.display = ""

    def _mend(self) -> None:
        topology = self._spec.cpu.topology
        if cores := topology.fitting_cores(self._spec.vcpus.maximum):
            topology.cores = cores
        else:
            topology.update(sockets=None, dies=None, clusters=None, cores=None, threads=None)
        self._mended()
