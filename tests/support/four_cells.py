"""A made-up host of four NUMA cells with a dozen VMs of mixed kinds, whose tables were reckoned by hand."""

import phyllome_nb as ph
from phyllome_nb.capacity.snapshot import Snapshot

CELLS = {0: "0-7,32-39", 1: "8-15,40-47", 2: "16-23,48-55", 3: "24-31,56-63"}
"""Two sockets of 16 cores with two threads; each socket has two cells of 64 GiB."""
PAGES = {0: {2048: 2048}, 1: {2048: 2048}, 2: {1048576: 8}, 3: {}}
"""Huge pages by cell, by their size in KiB: 4 GiB of 2 MiB in each of the first two, 8 of 1 GiB in the third."""
AUTOSTART = ("web-1", "db", "nfv", "batch")
RUNNING = ("web-1", "web-2", "db", "cache", "nfv", "wide", "pref", "inter", "tmp")


def _cpus(cell: int) -> str:
    """The CPUs of a cell, as Linux numbers them: first one thread of each core, then the other."""
    socket, first = cell // 2, cell * 8
    lines = []
    for core in range(first, first + 8):
        for cpu in (core, core + 32):
            place = f"socket_id='{socket}' die_id='0' core_id='{core - socket * 16}' siblings='{core},{core + 32}'"
            lines.append(f"<cpu id='{cpu}' {place}/>")
    return "".join(lines)


def _cell(cell: int) -> str:
    kib = 64 * 2**20
    pages = "".join(f"<pages unit='KiB' size='{size}'>{number}</pages>" for size, number in PAGES[cell].items())
    far = "".join(f"<sibling id='{each}' value='{10 if each == cell else 20}'/>" for each in CELLS)
    inside = f"<memory unit='KiB'>{kib}</memory><pages unit='KiB' size='4'>{kib // 4}</pages>{pages}"
    return f"<cell id='{cell}'>{inside}<distances>{far}</distances><cpus num='16'>{_cpus(cell)}</cpus></cell>"


CAPABILITIES = f"""<capabilities><host>
<cpu><arch>x86_64</arch><model>Skylake-Server-IBRS</model><vendor>Intel</vendor></cpu>
<topology><cells num='4'>{"".join(map(_cell, CELLS))}</cells></topology>
<cache><bank id='0' level='3' type='both' size='22' unit='MiB' cpus='0-15,32-47'/>
<bank id='1' level='3' type='both' size='22' unit='MiB' cpus='16-31,48-63'/></cache></host></capabilities>"""


def _tune(pins: dict[int, str]) -> str:
    lines = "".join(f"<vcpupin vcpu='{vcpu}' cpuset='{cpus}'/>" for vcpu, cpus in pins.items())
    return f"<cputune>{lines}</cputune>"


def _vm(name: str, vcpus: str, memory: str, rest: str = "", numa: str = "") -> str:
    """A definition as short as libvirt takes it; the order of its elements is free."""
    cpu = f"<cpu><numa>{numa}</numa></cpu>" if numa else ""
    system = "<os><type arch='x86_64' machine='q35'>hvm</type></os>"
    return f"<domain type='qemu'><name>{name}</name>{memory}<vcpu{vcpus}</vcpu>{rest}{system}{cpu}</domain>"


def _gib(most: int, current: int | None = None) -> str:
    now = "" if current is None else f"<currentMemory unit='GiB'>{current}</currentMemory>"
    return f"<memory unit='GiB'>{most}</memory>{now}"


def _node(mode: str, nodes: str) -> str:
    return f"<numatune><memory mode='{mode}' nodeset='{nodes}'/></numatune>"


def _huge(size: str = "") -> str:
    page = f"<page {size}/>" if size else ""
    return f"<memoryBacking><hugepages>{page}</hugepages></memoryBacking>"


_WIDE = (
    "<cell id='0' cpus='0-3' memory='8' unit='GiB'/><cell id='1' cpus='4-7' memory='8' unit='GiB'/>",
    "<numatune>"
    + "".join(f"<memnode cellid='{cell}' mode='strict' nodeset='{cell}'/>" for cell in (0, 1))
    + "</numatune>",
)
_DIMM = "<memory model='dimm'><target><size unit='GiB'>1</size><node>0</node></target></memory>"

VMS = {
    "web-1": _vm("web-1", ">4", _gib(8)),
    "web-2": _vm("web-2", " current='2'>4", _gib(8, 4)),
    "db": _vm("db", ">8", _gib(16), _tune({each: f"{each}" for each in range(8)}) + _node("strict", "0")),
    "cache": _vm("cache", " cpuset='8-11'>4", _gib(2), _huge("size='2' unit='MiB'") + _node("strict", "1")),
    "nfv": _vm(
        "nfv",
        ">4",
        _gib(4),
        _tune({each: f"{16 + each}" for each in range(4)}) + _huge("size='1' unit='GiB'") + _node("strict", "2"),
    ),
    "wide": _vm(
        "wide",
        ">8",
        _gib(16),
        _tune({each: "32-39" if each < 4 else "40-47" for each in range(8)}) + _WIDE[1],
        _WIDE[0],
    ),
    "batch": _vm("batch", ">16", _gib(32)),
    "spare": _vm("spare", ">2", _gib(4), _tune({0: "0", 1: "1"})),
    "old": _vm("old", ">2", _gib(1), _huge()),
    "pref": _vm("pref", ">2", _gib(4), _node("preferred", "3")),
    "inter": _vm("inter", ">2", _gib(4), _node("interleave", "2-3")),
    "tmp": _vm(
        "tmp",
        ">1",
        f"<maxMemory slots='4' unit='GiB'>4</maxMemory>{_gib(2)}",
        f"<devices>{_DIMM}</devices>",
        "<cell id='0' cpus='0' memory='1' unit='GiB'/>",
    ),
}
"""By name. db and nfv have CPUs of their own, spare wants two of db's; cache, nfv and old are made of huge pages."""


def snapshot() -> Snapshot:
    """Its facts, as if virsh had printed them."""
    texts = [
        text.replace("<domain", f"<domain id='{number}'", 1) if name in RUNNING else text
        for number, (name, text) in enumerate(VMS.items(), 1)
    ]
    return ph.Snapshot.from_xml(CAPABILITIES, texts, name="four", autostart=AUTOSTART)
