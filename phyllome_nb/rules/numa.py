"""Rules about NUMA cells and pinning."""

from collections import Counter
from collections.abc import Iterator

from phyllome_nb.capacity.addresses import cpu_set
from phyllome_nb.rules.case import Case
from phyllome_nb.rules.rule import Found, removing, rule, setting
from phyllome_nb.size import Size

__all__: list[str] = []

NUMA = "libvirt 9.0: src/conf/numa_conf.c, virDomainNumaDefParseXML"
CELLS = "https://libvirt.org/formatdomain.html#cpu-model-and-topology"
TUNING = "https://libvirt.org/formatdomain.html#numa-node-tuning"
PINNING = "https://libvirt.org/formatdomain.html#cpu-tuning"


def numbers(text: str | None) -> frozenset[int]:
    """The numbers of a list; none where it cannot be read."""
    try:
        return cpu_set(text) if text else frozenset()
    except ValueError:
        return frozenset()


def some(values: frozenset[int]) -> str:
    """A few of the numbers, for a sentence."""
    listed = sorted(values)
    return ", ".join(map(str, listed[:5])) + (", …" if len(listed) > 5 else "")


def online(case: Case) -> frozenset[int]:
    """The host's CPUs; none where they are unknown."""
    return frozenset(cpu.id for cell in (case.host.cells if case.host else ()) for cpu in cell.cpus)


def pins(case: Case) -> dict[int, frozenset[int]]:
    """Where each pinned vCPU may run."""
    return {pin.vcpu: numbers(pin.cpuset) for pin in case.spec.cputune.vcpupins if pin.vcpu is not None}


def nodes_of(case: Case, cpus: frozenset[int]) -> set[int]:
    """The host's cells in which these CPUs are."""
    cells = case.host.cells if case.host else ()
    return {cell.id for cell in cells if any(cpu.id in cpus for cpu in cell.cpus)}


@rule("NUM001", "error", source=NUMA, libvirt="refuses")
def cells_are_numbered_from_zero(case: Case) -> Iterator[Found]:
    """The guest's cells are numbered from 0 without gaps, each once."""
    cells = case.spec.cpu.numa.cells
    given = [cell.id for cell in cells if cell.id is not None]
    for cell in cells:
        if cell.id is None:
            continue
        if cell.id >= len(cells):
            yield Found(cell, "id", f"A cell has the number {cell.id}, and there are {len(cells)}.")
        elif given.count(cell.id) > 1:
            yield Found(cell, "id", f"{given.count(cell.id)} cells have the number {cell.id}.")


@rule("NUM002", "error", source=NUMA, libvirt="refuses")
def a_vcpu_is_in_one_cell(case: Case) -> Iterator[Found]:
    """A vCPU belongs to one cell only."""
    seen: frozenset[int] = frozenset()
    for cell in case.spec.cpu.numa.cells:
        own = numbers(cell.cpus)
        if both := own & seen:
            yield Found(cell, "cpus", f"vCPU {some(both)} is in another cell already.")
        seen |= own


@rule(
    "NUM003", "error", source="libvirt 9.0: src/conf/domain_postparse.c, virDomainDefPostParseNuma", libvirt="refuses"
)
def cells_have_vcpus_that_exist(case: Case) -> Iterator[Found]:
    """A cell can only have vCPUs that the guest has."""
    vcpus = case.spec.vcpus.maximum
    for cell in case.spec.cpu.numa.cells:
        beyond = frozenset(cpu for cpu in numbers(cell.cpus) if vcpus is not None and cpu >= vcpus)
        if beyond:
            yield Found(cell, "cpus", f"The cell has vCPU {some(beyond)}, and the VM has {vcpus} from 0.")


@rule(
    "NUM004", "warning", source="libvirt 9.0: src/qemu/qemu_domain.c, qemuDomainDefNumaCPUsRectify", libvirt="rewrites"
)
def every_vcpu_is_in_a_cell(case: Case) -> Iterator[Found]:
    """libvirt puts the others into the first cell in silence; QEMU will refuse them one day."""
    cells, vcpus = case.spec.cpu.numa.cells, case.spec.vcpus.maximum
    if not cells or not vcpus or vcpus > 4096:
        return
    left = frozenset(range(vcpus)) - frozenset[int]().union(*(numbers(cell.cpus) for cell in cells))
    if left:
        yield Found(case.spec.cpu.numa, "", f"vCPU {some(left)} is in no cell.")


@rule("NUM005", "warning", source="libvirt 9.0: src/conf/domain_conf.c, virDomainDefSetMemoryTotal", libvirt="rewrites")
def cells_add_up_to_the_memory(case: Case) -> Iterator[Found]:
    """libvirt puts the sum of the cells in the place of memory, so that changing memory alone changes nothing."""
    cells, memory = case.spec.cpu.numa.cells, case.spec.memory
    if not cells or not case.is_qemu or memory.maximum is None or not all(cell.memory for cell in cells):
        return
    total = case.memory + sum(device.size or 0 for device in case.spec.devices.memories)
    if memory.maximum != total:
        fix = setting(f"Make it {Size(total).short()}", memory, maximum=Size(total))
        said = f"The VM has {memory.maximum.short()}, and its cells have {Size(total).short()}."
        yield Found(memory, "maximum", said, fix)


@rule("NUM006", "error", source="libvirt 9.0: src/conf/numa_conf.c, virDomainNumatuneNodeParseXML", libvirt="refuses")
def memory_nodes_are_for_cells_that_exist(case: Case) -> Iterator[Found]:
    """A memnode says where the memory of one of the guest's cells comes from."""
    cells = len(case.spec.cpu.numa.cells)
    for node in case.spec.numatune.memnodes:
        if node.cellid is not None and node.cellid >= cells:
            said = f"Memory is placed for cell {node.cellid}, and the guest has {cells} in all."
            yield Found(node, "cellid", said)


@rule("NUM007", "error", source=TUNING, libvirt="fails at start")
def memory_comes_from_nodes_that_exist(case: Case) -> Iterator[Found]:
    """The guest does not start where its memory is to come from a node that the host has not."""
    if case.host is None or not case.host.cells:
        return
    has = {cell.id for cell in case.host.cells}
    tune = case.spec.numatune
    for part in (tune.memory, *tune.memnodes):
        if missing := frozenset(numbers(part.nodeset) - has):
            yield Found(part, "nodeset", f"{case.host.name} has no NUMA node {some(missing)}.")


@rule("NUM008", "warning", source=TUNING, libvirt="")
def memory_is_where_the_vcpus_run(case: Case) -> Iterator[Found]:
    """Memory of one node and vCPUs on another: every access crosses between the nodes."""
    if case.host is None or len(case.host.cells) < 2:
        return
    memory = case.spec.numatune.memory
    nodes = numbers(memory.nodeset)
    if not nodes or memory.mode not in {None, "strict", "restrictive"}:
        return
    allowed = numbers(case.spec.vcpus.cpuset)
    where = nodes_of(case, frozenset().union(*pins(case).values()) or allowed) or {cell.id for cell in case.host.cells}
    if stray := frozenset(where - nodes):
        said = f"The memory comes from node {some(nodes)} alone, and vCPUs may run on node {some(stray)}."
        yield Found(memory, "nodeset", said)


@rule(
    "NUM009",
    "error",
    source="libvirt 9.0: src/conf/numa_conf.c, virDomainNumaDefNodeDistanceParseXML",
    libvirt="refuses",
)
def distances_are_sane(case: Case) -> Iterator[Found]:
    """A cell is 10 from itself, and 11 to 254 from any other; refusing less, libvirt 9.0 corrupts its own memory."""
    cells = case.spec.cpu.numa.cells
    for cell in cells:
        for distance in cell.distances:
            value, to = distance.value, distance.id
            if to is not None and to >= len(cells):
                yield Found(distance, "id", f"A distance leads to cell {to}, and there are {len(cells)}.")
            elif value is not None and not 10 <= value <= 254:
                yield Found(distance, "value", f"A distance of {value} is none between 10 and 254.")
            elif value is not None and (value == 10) != (to == cell.id):
                yield Found(distance, "value", f"Cell {cell.id} is {value} from cell {to}.")


@rule("NUM010", "warning", source=CELLS, libvirt="")
def a_large_guest_sees_the_nodes(case: Case) -> Iterator[Found]:
    """A guest that is larger than a node and sees none treats far memory as if it was near."""
    if case.host is None or len(case.host.cells) < 2 or case.spec.cpu.numa.cells:
        return
    largest = max(case.host.cells, key=lambda cell: cell.memory)
    cpus = max(len(cell.cpus) for cell in case.host.cells)
    vcpus = case.spec.vcpus.maximum or 0
    if case.memory > largest.memory:
        said = (
            f"The VM has {case.memory.short()} in no cells, and the largest node of the host {largest.memory.short()}."
        )
        yield Found(case.spec.cpu.numa, "", said)
    elif vcpus > cpus:
        yield Found(
            case.spec.cpu.numa, "", f"The VM has {vcpus} vCPUs in no cells, and a node of the host {cpus} CPUs."
        )


@rule(
    "PIN001", "warning", source="libvirt 9.0: src/conf/domain_conf.c, virDomainVcpuPinDefParseXML", libvirt="rewrites"
)
def pins_are_for_vcpus_that_exist(case: Case) -> Iterator[Found]:
    """libvirt drops a pin for a vCPU that the guest has not."""
    vcpus = case.spec.vcpus.maximum
    for pin in case.spec.cputune.vcpupins:
        if pin.vcpu is not None and vcpus is not None and pin.vcpu >= vcpus:
            said = f"vCPU {pin.vcpu} is pinned, and the VM has {vcpus} from 0."
            yield Found(pin, "vcpu", said, removing("Remove the pin", pin))


@rule("PIN002", "error", source=PINNING, libvirt="fails at start")
def pins_are_on_cpus_that_exist(case: Case) -> Iterator[Found]:
    """The guest does not start where its threads are to run on CPUs that the host has not."""
    has = online(case)
    if case.host is None or not has:
        return
    tune = case.spec.cputune
    places = [(case.spec.vcpus, "cpuset"), *((pin, "cpuset") for pin in (*tune.vcpupins, *tune.iothreadpins))]
    for part, field in (*places, (tune, "emulatorpin")):
        wanted = numbers(getattr(part, field))
        # What is left of a set that is partly there is taken; none of it is an error.
        if wanted and not wanted & has:
            yield Found(part, field, f"{case.host.name} has no CPU {some(wanted)}.")


@rule("PIN003", "error", source="libvirt 9.0: src/conf/domain_conf.c, virDomainVcpuPinDefParseXML", libvirt="refuses")
def a_vcpu_is_pinned_once(case: Case) -> Iterator[Found]:
    """Two pins for one vCPU contradict each other."""
    counts = Counter(pin.vcpu for pin in case.spec.cputune.vcpupins)
    vcpus = case.spec.vcpus.maximum or 0
    for pin in case.spec.cputune.vcpupins:
        if pin.vcpu is not None and counts[pin.vcpu] > 1 and pin.vcpu < vcpus:
            yield Found(pin, "vcpu", f"vCPU {pin.vcpu} is pinned {counts[pin.vcpu]} times.")


@rule("PIN004", "warning", source=PINNING, libvirt="accepts")
def pinned_cpus_are_not_shared(case: Case) -> Iterator[Found]:
    """Two vCPUs on one CPU take turns, which is what pinning is to prevent."""
    seen: dict[int, int] = {}
    for pin in case.spec.cputune.vcpupins:
        own = numbers(pin.cpuset)
        cpu = next(iter(own), None)
        if pin.vcpu is None or len(own) != 1 or cpu is None:
            continue
        if cpu in seen and seen[cpu] != pin.vcpu:
            yield Found(pin, "cpuset", f"vCPU {pin.vcpu} shares CPU {cpu} with vCPU {seen[cpu]}.")
        seen.setdefault(cpu, pin.vcpu)
        if holders := case.others.holding("cpus", cpu) if case.others else ():
            yield Found(pin, "cpuset", f"vCPU {pin.vcpu} shares CPU {cpu} with {', '.join(holders[:3])}.")


@rule("PIN005", "hint", source=PINNING, libvirt="accepts")
def the_emulator_keeps_off_pinned_cpus(case: Case) -> Iterator[Found]:
    """QEMU's own thread runs wherever it may, and takes time from the pinned vCPUs."""
    tune = case.spec.cputune
    if tune.vcpupins and not tune.emulatorpin:
        yield Found(tune, "emulatorpin", "vCPUs are pinned, and QEMU's own thread is not.")


@rule("PIN006", "hint", source="https://libvirt.org/formatdomain.html#cpu-allocation", libvirt="accepts")
def a_cpuset_beside_pins_is_for_the_rest(case: Case) -> Iterator[Found]:
    """vCPUs that are pinned, and an emulator that is, do not look at it."""
    vcpus, tune = case.spec.vcpus, case.spec.cputune
    if vcpus.cpuset and len(tune.vcpupins) >= (vcpus.maximum or 1):
        yield Found(vcpus, "cpuset", f"Every vCPU is pinned, so that cpuset {vcpus.cpuset} holds for none of them.")


@rule("PIN007", "warning", source="https://libvirt.org/formatcaps.html#host", libvirt="")
def guest_threads_are_host_threads(case: Case) -> Iterator[Found]:
    """The guest puts work on siblings as if they shared a core, and here they do not."""
    threads = case.spec.cpu.topology.threads or 1
    placed = pins(case)
    if threads != 2 or case.host is None or not placed:
        return
    siblings = {cpu.id: cpu.siblings for cell in case.host.cells for cpu in cell.cpus}
    for first in sorted(vcpu for vcpu in placed if vcpu % 2 == 0):
        one, two = placed[first], placed.get(first + 1, frozenset())
        cpu = next(iter(one), None)
        if len(one) == len(two) == 1 and cpu in siblings and not two <= siblings[cpu]:
            said = f"vCPUs {first} and {first + 1} are siblings, and CPUs {some(one)} and {some(two)} are not."
            yield Found(case.spec.cputune, "", said)


@rule("PIN008", "warning", source=TUNING, libvirt="")
def pins_are_near_the_memory_and_devices(case: Case) -> Iterator[Found]:
    """What a vCPU uses most should be on its own node."""
    if case.host is None or len(case.host.cells) < 2:
        return
    where = nodes_of(case, frozenset().union(*pins(case).values()))
    if not where:
        return
    near = {device.address: device.node for device in case.host.devices or () if device.node is not None}
    for device in case.spec.devices.hostdevs:
        node = near.get(case.address_of(device) or "")
        if node is not None and node not in where:
            said = f"The device is on node {node}, and the vCPUs are pinned to node {some(frozenset(where))}."
            yield Found(device, "", said)


@rule(
    "PIN009", "error", source="libvirt 9.0: src/conf/domain_conf.c, virDomainIOThreadPinDefParseXML", libvirt="refuses"
)
def pinned_iothreads_exist(case: Case) -> Iterator[Found]:
    """A pin for an I/O thread that the VM has not."""
    if not case.spec.cputune.iothreadpins:
        return
    has = case.iothreads
    for pin in case.spec.cputune.iothreadpins:
        if pin.iothread is not None and pin.iothread not in has:
            yield Found(pin, "iothread", f"I/O thread {pin.iothread} is pinned, and the VM has {len(has)}.")


@rule("PIN010", "warning", source="https://libvirt.org/formatdomain.html#cpu-allocation", libvirt="")
def automatic_placement_has_an_adviser(case: Case) -> Iterator[Found]:
    """numad chooses the node at start; without it the guest does not start."""
    vcpus = case.spec.vcpus
    if vcpus.placement == "auto":
        fix = setting("Place it by hand", vcpus, placement="static")
        said = "The placement is automatic, which needs numad on the host, and a cpuset is then not looked at."
        yield Found(vcpus, "placement", said, fix)


@rule("NUM011", "error", source="libvirt 9.0: src/conf/numa_conf.c, virDomainNumatuneSet", libvirt="refuses")
def static_placement_names_nodes(case: Case) -> Iterator[Found]:
    """Memory that is placed by hand names the nodes from which it comes."""
    memory = case.spec.numatune.memory
    if memory.placement == "static" and not memory.nodeset:
        yield Found(memory, "nodeset", "The memory is placed by hand, and no nodes are named.")
