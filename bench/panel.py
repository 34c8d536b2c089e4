"""What a keystroke in DomainPanel costs the kernel and the wire, on a host of 1,000 VMs, and what opening one costs.

The host is libvirt's test driver with a thousand definitions. A keystroke arrives as the browser sends it; what goes
back is counted as the messages of the widgets' comms. The floor is the least that could answer: one serialisation of
the definition, all the rules, one balance of the host; and on the wire the definition's own text.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import comm
from comm.base_comm import BaseComm

import phyllome_nb as ph
from phyllome_nb.host.host import Host

VMS = 1000
ROUNDS = 40
sent: list[int] = []


class Counting(BaseComm):
    """A comm that counts what it sends."""

    def publish_msg(self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **_: Any) -> None:
        """Count the message."""
        sent.append(len(json.dumps([msg_type, data, metadata], default=str)) + sum(map(len, buffers or ())))


def crowded(directory: Path) -> Host:
    """A host of a thousand VMs."""
    vms = (ph.profiles.linux(name=f"vm-{number}", type="test", disk=f"/srv/{number}.qcow2") for number in range(VMS))
    cells = "<topology sockets='2' cores='16' threads='2'/>"
    memory = "<memory>536870912</memory>"
    path = directory / "node.xml"
    path.write_text(
        f"<node><cpu><nodes>2</nodes><sockets>2</sockets><cores>16</cores><threads>2</threads><active>64</active>{cells}"
        f"</cpu>{memory}{''.join(vm.to_xml() for vm in vms)}</node>"
    )
    return Host(f"test://{path}", write=True, name="crowded")


def control(panel: Any, name: str) -> Any:
    """The input of a field."""
    (box,) = (widget for widget in walk(panel) if f"phy-field-{name}" in getattr(widget, "_dom_classes", ()))
    return box.children[0]


def walk(widget: Any) -> Iterator[Any]:
    """A widget and all that is inside it."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from walk(child)


def settle(panel: Any) -> None:
    """Wait until nothing runs beside."""
    for work in (panel._reading, panel._writing, panel._trial):  # noqa: SLF001  (a benchmark looks inside)
        work.idle.wait(60)


def typed(panel: Any, name: str, values: list[str]) -> tuple[list[float], list[int]]:
    """Seconds and bytes for each keystroke."""
    seconds, sizes = [], []
    box = control(panel, name)
    for value in values:
        sent.clear()
        begun = time.perf_counter()
        box.set_state({"value": value})
        seconds.append(time.perf_counter() - begun)
        sizes.append(sum(sent))
    return seconds, sizes


def told(what: str, seconds: list[float], sizes: list[int], most: float) -> None:
    """Print a line of the table."""
    late = statistics.quantiles(seconds, n=20)[-1] * 1000
    print(
        f"{what:34} median {statistics.median(seconds) * 1000:5.1f} ms, 95 % {late:5.1f} ms (goal {most:.0f}), "
        f"sent {statistics.median(sizes):7.0f} B"
    )


def once(work: Callable[[], object]) -> float:
    """Seconds."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main() -> None:
    """Print the table."""
    comm.create_comm = Counting
    with tempfile.TemporaryDirectory(prefix="nb-") as directory:
        host = crowded(Path(directory))
        snapshot = host.snapshot()
        importing = once(lambda: ph.DomainPanel)
        opened, first, panel = [], [], None
        for number in range(6):
            spec = ph.profiles.linux(name=f"new-{number}", type="test", memory="4 GiB", vcpus=4)
            sent.clear()
            begun = time.perf_counter()
            panel = ph.DomainPanel(host, spec)
            opened.append(time.perf_counter() - begun)
            first.append(sum(sent))
            settle(panel)
        print(f"{len(snapshot.domains)} VMs; opening a panel: {max(opened[1:]) * 1000:.0f} ms at most, ", end="")
        print(f"the first {opened[0] * 1000:.0f} ms (goal 500), imports {importing * 1000:.0f} ms; ", end="")
        print(f"sent {statistics.median(first):.0f} B")
        sizes = [f"{number} MiB" for number in range(4096, 4096 + ROUNDS)]
        told("memory.maximum", *typed(panel, "memory-maximum", sizes), 30)
        told("vcpus.maximum", *typed(panel, "vcpus-maximum", [str(2 + number % 30) for number in range(ROUNDS)]), 30)
        told("name", *typed(panel, "name", [f"web{'x' * number}" for number in range(ROUNDS)]), 30)
        told("name, refused", *typed(panel, "name", [f"a/{'x' * number}" for number in range(ROUNDS)]), 30)
        spec = panel.spec  # type: ignore[union-attr]
        floor = [
            once(lambda: (spec.to_xml(), spec.findings(snapshot), snapshot.balance("running"))) for _ in range(ROUNDS)
        ]
        told("the floor", floor, [len(spec.to_xml())], 30)
        host.close()


if __name__ == "__main__":
    main()
