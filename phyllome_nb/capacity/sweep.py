"""Many scenarios at once, on whatever executor there is."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from phyllome_nb.capacity.columns import listed
from phyllome_nb.capacity.packing.clock import Progress
from phyllome_nb.capacity.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SWEEP", "sweep"]

SWEEP = {
    "": listed("""
scenario         str      -    its key
vms              Int64    -    VMs in it
placed           Int64    -    those that have a place
unplaced         Int64    -    those that have none
constraint       str      -    what most of these lack
hosts            Int64    -    hosts in it
hosts_used       Int64    -    hosts that run VMs then
bound            Int64    -    as few as this would have to be used, or left without a place
gap              Float64  -    by what share it may be above the best possible
""")
}


def sweep(
    scenarios: Mapping[Any, Scenario] | Iterable[Scenario] | Callable[[int], Scenario],
    executor: Executor | None = None,
    *,
    number: int | None = None,
    deadline: float | None = 5,
    progress: Progress | None = None,
) -> "pd.DataFrame":
    """Place many scenarios, as for what growth may bring.

    Parameters
    ----------
    scenarios : mapping, iterable, or callable
        Scenarios, by a key or in order; or what makes one from a number, which an executor of processes must be able
        to import.
    executor : concurrent.futures.Executor, optional
        Any; Dask's is ``client.get_executor()``. Without one they are done one after another.
    number : int, optional
        How many a callable is to make.
    deadline : float or None
        Seconds for each.
    progress : callable, optional
        Called as ``progress(done, what)``.

    Returns
    -------
    pandas.DataFrame
        A row for each scenario, in their order.

    Examples
    --------
    >>> import phyllome_nb as ph
    >>> now = ph.Scenario(ph.demo().snapshot(), policy="nova")
    >>> spec = ph.profiles.linux(name="web", memory="1 GiB", vcpus=1)
    >>> grown = {count: now.add(spec, count=count) for count in (1, 2)}
    >>> sweep(grown)[["scenario", "vms", "unplaced"]]
      scenario  vms  unplaced
    ...
    """
    from phyllome_nb.capacity.tables.frame import frame

    if callable(scenarios):
        if number is None:
            raise ValueError("Say with number= how many scenarios are to be made.")
        made: list[tuple[str, Any]] = [(str(each), (scenarios, each)) for each in range(number)]
    elif isinstance(scenarios, Mapping):
        made = [(str(key), each) for key, each in scenarios.items()]
    else:
        made = [(str(key), each) for key, each in enumerate(scenarios)]
    if executor is None:
        found = (summary(each, deadline) for _, each in made)
    else:
        futures = [executor.submit(summary, each, deadline) for _, each in made]
        found = (each.result() for each in futures)
    rows = []
    for at, ((key, _), told) in enumerate(zip(made, found, strict=True)):
        rows.append((key, *told))
        if progress is not None:
            progress((at + 1) / len(made), f"scenario {key}")
    return frame(rows, SWEEP[""], "Many scenarios")


def summary(asked: Any, deadline: float | None) -> tuple[Any, ...]:
    """What came of one scenario: what an executor is given."""
    scenario: Scenario = asked[0](asked[1]) if isinstance(asked, tuple) else asked
    found = scenario.place(deadline)
    lacks = [each.constraint for each in found.refusals.values()]
    most = max(sorted(set(lacks)), key=lacks.count) if lacks else ""
    vms, left, certificate = len(found.target), len(lacks), found.certificate
    gap = certificate.gap if certificate.gap != float("inf") else None
    return vms, vms - left, left, most, len(scenario.state.hosts), found.hosts_used, certificate.bound, gap
