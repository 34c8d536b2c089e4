"""The effect of a definition as HTML: a table of bars, and one by NUMA cell."""

from collections.abc import Iterable, Mapping

from phyllome_nb.capacity.bars import amount, bar, cell, limited, measured, number, outcome
from phyllome_nb.capacity.effect import Effect, Pair
from phyllome_nb.capacity.facts import HostDevice
from phyllome_nb.capacity.policy import Policy
from phyllome_nb.capacity.snapshot import Count
from phyllome_nb.capacity.tables.conflicts import PCI
from phyllome_nb.capacity.tables.frame import cpu_list
from phyllome_nb.html import Html, el, row

__all__ = ["COUNTS", "by_cell", "has_cells", "main", "rows", "table"]

NOW = {"running": "by the VMs that run", "defined": "if every VM ran"}
WITH_IT = {"running": "once this VM runs, too", "defined": "if every VM ran, this one too"}
CHANGED = {"running": "once this VM was started again", "defined": "if every VM ran"}
COUNTS: tuple[Count, ...] = ("running", "defined")
RESOURCES = {"vcpus": "vCPUs", "memory": "Memory"}
NAMED = 4


def table(rows: Iterable[Html], titles: Mapping[str, str] = NOW) -> Html:
    """A row a resource, a column a count."""
    head = row(["Promised at most", *titles.values()], "th")
    return el("table", el("thead", head), el("tbody", *rows), class_="phy-balance")


def rows(found: Mapping[Count, Mapping[str, Pair]], names: Iterable[str], policy: Policy | None = None) -> list[Html]:
    """The rows of some resources."""
    return [_row(_title(name), *(measured(found[count][name], policy) for count in COUNTS)) for name in names]


def main(effect: Effect, policy: Policy | None) -> Html:
    """What it changes on the whole host, with a row for each thing that it or the host has beyond the usual."""
    found = {count: effect.lines(count) for count in COUNTS}
    drawn = rows(found, _shown(effect, found), policy)
    if any(each.dedicated for each in effect.promises):
        drawn.append(_row("Dedicated CPUs", *(_dedicated(effect, count) for count in COUNTS)))
    known = {each.address: each for each in effect.taken.host.devices or ()}
    for address in effect.devices:
        device = known.get(address)
        title = el("div", f"Device {address}", el("div", _about(device), class_="phy-why") if device else Html(""))
        drawn.append(_row(title, *(_device(effect, count, address, device) for count in COUNTS)))
    return table(drawn, CHANGED if effect.old else WITH_IT)


def has_cells(effect: Effect) -> bool:
    """Whether the host has more than one NUMA cell."""
    return len(effect.taken.host.cells) > 1


def by_cell(effect: Effect, policy: Policy | None) -> Html:
    """What it changes in each NUMA cell: a row a cell, a column a resource."""
    names = _shown(effect, {count: effect.lines(count) for count in COUNTS})
    head = row(["Cell", *(f"{_title(name)}, {'CPUs' if name == 'vcpus' else 'GiB'}" for name in names)], "th")
    titles = CHANGED if effect.old else WITH_IT
    bodies = []
    for count in COUNTS:
        lines = [row_ for cell_, found in effect.cells(count).items() if (row_ := _cell(cell_, found, names, policy))]
        title = el("tr", el("th", titles[count], colspan=str(len(names) + 1), scope="rowgroup"))
        bodies.append(el("tbody", title, *lines))
    shown = el("table", el("thead", head), *bodies, class_="phy-cells")
    # What is wider than its place is scrolled by the keyboard, too.
    return el("div", shown, class_="phy-wide", tabindex="0", role="region", aria_label="By NUMA cell")


def _cell(cell_: int | None, found: Mapping[str, Pair], names: Iterable[str], policy: Policy | None) -> Html | None:
    """A row of a cell, or of what is bound to no single one, which is left out where there is no such thing."""
    if cell_ is None:
        said = [amount(found[name][0].taken, found[name][1].taken) if name in found else "" for name in names]
        return _row("no single one", *(cell(None, each) for each in said)) if set(said) - {"", "0"} else None
    drawn = []
    for name in names:
        if name not in found:
            drawn.append(Html(""))
            continue
        now, then = pair = found[name]
        of = "" if then.total is None else f" of {number(then.total)}"
        drawn.append(cell(outcome(pair, policy), amount(now.taken, then.taken) + of, limited(then, policy)))
    return _row(str(cell_), *drawn)


def _shown(effect: Effect, found: Mapping[Count, Mapping[str, Pair]]) -> list[str]:
    """The resources that matter: huge pages where the host has them, or this VM takes them."""
    names, own = dict.fromkeys(name for count in COUNTS for name in found[count]), effect.pages
    has = {name for count in COUNTS for name, (_, then) in found[count].items() if then.total}
    return [name for name in names if name in RESOURCES or name in own or name in has]


def _dedicated(effect: Effect, count: Count) -> Html:
    """The CPUs that single vCPUs are pinned to, who else is pinned to those of this VM, and which there are not."""
    host = effect.taken.host
    before, after = (len(sums.dedicated[1]) for sums in effect.sums(count))
    if not host.cpus:
        return cell(None, f"{amount(before, after)} CPUs")
    own, others = set(effect.asked.dedicated.values()), dict[tuple[str, ...], list[int]]()
    for cpu in own:
        if names := effect.holders(count, ("cpu", str(cpu)))[1]:
            others.setdefault(names, []).append(cpu)
    said = [f"{_cpus(cpus)}, {_given(names)} too: they take turns" for names, cpus in sorted(others.items())]
    online = {cpu.id for each in host.cells for cpu in each.cpus if host.is_online(cpu.id)}
    if gone := own - online if online else set():
        said.append(f"{host.name} has no {_cpus(gone)} online: it does not start")
    over = after > host.cpus or bool(said)
    left = f"{host.cpus - after} left" if after <= host.cpus else f"{after - host.cpus} over"
    drawn = bar(before, after, host.cpus, over=over)
    return cell(drawn, f"{amount(before, after)} of {host.cpus} CPUs · {left}", *said)


def _device(effect: Effect, count: Count, address: str, device: HostDevice | None) -> Html:
    """Who has a device before and after; only one VM can."""
    asks, host = address in effect.asked.devices, effect.taken.host
    before, others = effect.holders(count, ("device", address))
    after = len(others) + asks
    if host.devices is not None and device is None and PCI.fullmatch(address):
        drawn = bar(len(before), after, 0, over=asks)
        why = f"{host.name} has no such device: it does not start" if asks else ""
        return cell(drawn, f"{amount(len(before), after)} of 0", why)
    near = () if device is None else effect.holders(count, ("group", str(device.group)))[1]
    if not asks:
        why = _given(others) if others else "given back"
    elif others:
        why = f"{_given(others)} too: the second one does not start"
    elif near:
        why = f"{_given(near, 'another device of the group is given')}: the second one does not start"
    else:
        why = "no other VM has it"
    over = asks and bool(others or near)
    return cell(bar(len(before), after, 1, over=over), f"{amount(len(before), after)} of 1", why)


def _about(device: HostDevice) -> str:
    place = [
        device.product,
        "" if device.group is None else f"IOMMU group {device.group}",
        "" if device.node is None else f"cell {device.node}",
    ]
    return " · ".join(filter(None, place))


def _given(vms: tuple[str, ...], what: str = "given") -> str:
    more = f" and {len(vms) - NAMED} more" if len(vms) > NAMED else ""
    return f"{what} to {', '.join(vms[:NAMED])}{more}"


def _cpus(numbers: Iterable[int]) -> str:
    listed = cpu_list(numbers)
    return f"CPU {listed}" if listed.isdecimal() else f"CPUs {listed}"


def _title(resource: str) -> str:
    """What a resource is called on the screen."""
    return RESOURCES.get(resource) or f"Huge pages, {resource.partition(' ')[2]}"


def _row(title: str, *cells: Html) -> Html:
    return el("tr", el("th", title, scope="row"), *(el("td", each) for each in cells))
