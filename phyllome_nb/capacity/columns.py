"""What the columns of the tables are: one declaration for the docstrings, the dtypes and the units."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

__all__ = [
    "ALLOCATIONS",
    "BALANCE",
    "CAPACITY",
    "CONFLICTS",
    "CPUS",
    "EFFECT",
    "HOSTS",
    "LARGEST",
    "MIGRATION",
    "PINS",
    "SOURCES",
    "STRANDED",
    "TOTALS",
    "Column",
    "documented",
    "listed",
]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    dtype: str
    """pandas' name. Int64, Float64 and boolean have NA where something is not known."""
    unit: str
    """Empty for words and for numbers of things."""
    help: str


def _columns(text: str) -> tuple[Column, ...]:
    """The columns that the lines of a text declare: name, dtype, unit (or -), help."""
    rows = [line.split(None, 3) for line in text.strip().splitlines()]
    return tuple(Column(name, dtype, "" if unit == "-" else unit, words) for name, dtype, unit, words in rows)


listed = _columns
"""For tables that are declared beside what makes them."""


def documented(tables: Mapping[str, tuple[Column, ...]]) -> Callable[[T], T]:
    """Add the columns to the docstring of the method that returns the table."""

    def add(method: T) -> T:
        lines = ["", "        Columns", "        -------"]
        for by, columns in tables.items():
            lines += [f"        {by}", ""] if by else []
            lines += [
                f"        - ``{each.name}`` ({each.dtype}{', ' if each.unit else ''}{each.unit}): {each.help}"
                for each in columns
            ]
            lines.append("")
        if method.__doc__:
            method.__doc__ += "\n".join(lines)
        return method

    return add


_VM = """
host             str      -    the host's name
name             str      -    the VM's name
uuid             str      -    the VM's uuid
active           bool     -    it runs, or is paused: it holds memory
"""

CAPACITY = {
    "host": _columns("""
host             str      -    its name
cpus             Int64    -    logical CPUs that are online
cpus_offline     Int64    -    CPUs that it has and does not use now
sockets          Int64    -    processors
dies             Int64    -    dies, all processors together
cores            Int64    -    cores, all processors together
threads          Int64    -    threads in each core
cells            Int64    -    NUMA cells
mhz              Int64    MHz  clock, as libvirt read it at that moment
vendor           str      -    of the CPU
model            str      -    the CPU model of libvirt's that is nearest
arch             str      -    architecture
memory_gib       Float64  GiB  memory
available_gib    Float64  GiB  free memory, buffers and caches at that moment
hugepages_gib    Float64  GiB  memory set aside for huge pages
libvirt          str      -    version
hypervisor       str      -    driver and version of the hypervisor
cpus_source      str      -    what said so of cpus
topology_source  str      -    what said so of sockets, dies, cores, threads
memory_source    str      -    what said so of memory_gib
"""),
    "cell": _columns("""
host             str      -    the host's name
cell             Int64    -    the cell's number
cpus             Int64    -    its CPUs that are online
cpus_offline     Int64    -    its CPUs that are not, where it lists them: Linux takes them out of their cells
cores            Int64    -    cores with a CPU that is online
cpu_list         str      -    its CPUs that are online, as libvirt writes lists
memory_gib       Float64  GiB  its memory; 0 for a cell that has none
free_gib         Float64  GiB  memory that nobody used at that moment
hugepages_gib    Float64  GiB  memory set aside for huge pages
distances        str      -    to the cells in their order; 10 is itself
caches           str      -    its caches from level 3 on
devices          Int64    -    PCI devices that are nearest to it
"""),
    "cpu": _columns("""
host             str      -    the host's name
cpu              Int64    -    the CPU's number
cell             Int64    -    its NUMA cell
socket           Int64    -    its processor
die              Int64    -    its die in the processor
core             Int64    -    its core in the die
siblings         str      -    the CPUs of the same core, itself included
online           boolean  -    whether it is used; NA where the host does not tell
cache            str      -    the caches that it shares, from level 3 on
"""),
    "page": _columns("""
host             str      -    the host's name
cell             Int64    -    the NUMA cell
page_kib         Int64    KiB  the size of the pages
total            Int64    -    pages there are
free             Int64    -    pages that nobody used at that moment
total_gib        Float64  GiB  all of them
free_gib         Float64  GiB  those that are free
"""),
    "device": _columns("""
host             str      -    the host's name
name             str      -    libvirt's name of it
kind             str      -    pci, usb, mdev, or mdev type: what a device can be divided into
address          str      -    as VMs name it; the type's id for an mdev type
vendor           str      -    who made it
product          str      -    what it is
cell             Int64    -    the NUMA cell that it is nearest to
iommu_group      Int64    -    devices of one group go to one VM only
driver           str      -    the host's driver that holds it
gpu              bool     -    a display controller
sriov            str      -    physical, virtual, or empty
physical         str      -    for a virtual function: the device it belongs to
virtual          Int64    -    for a physical function: virtual functions made of it
virtual_max      Int64    -    for a physical function: virtual functions it can have
available        Int64    -    for an mdev type: how many more can be made
"""),
    "pool": _columns("""
host             str      -    the host's name
pool             str      -    the storage pool's name
active           bool     -    whether it is in use
autostart        boolean  -    whether it is started with the host
type             str      -    dir, logical, rbd, …
path             str      -    where it is
capacity_gib     Float64  GiB  what it holds; NA where it is not active
allocation_gib   Float64  GiB  what is taken
available_gib    Float64  GiB  what is left
"""),
    "network": _columns("""
host             str      -    the host's name
network          str      -    the virtual network's name
active           bool     -    whether it is in use
autostart        boolean  -    whether it is started with the host
bridge           str      -    its bridge
forward          str      -    nat, route, …; empty where it leads nowhere else
interfaces       Int64    -    interfaces of VMs that are plugged into it by their definitions
"""),
}

ALLOCATIONS = {
    "vm": _columns(
        _VM.strip()
        + """
state            str      -    virsh's word for it
persistent       bool     -    it has a stored definition
autostart        boolean  -    the host starts it at boot; NA where that is not known
saved            boolean  -    it was saved by libvirt, and its next start goes on from there
vcpus            Int64    -    plugged in; NA where the definition cannot be read
vcpus_max        Int64    -    the most it can have
vcpus_pinned     Int64    -    those that may not run on every CPU of the host
vcpus_dedicated  Int64    -    those that may run on one CPU only
memory_gib       Float64  GiB  what the balloon is to leave it
memory_max_gib   Float64  GiB  the most it can use, memory devices included
balloon_gib      Float64  GiB  what it has, says QEMU; NA where it does not run or gives no answer
rss_gib          Float64  GiB  of it and of QEMU, what lies in the host's RAM
unused_gib       Float64  GiB  what the guest says it does not use; NA without balloon statistics
overhead_ovirt_gib     Float64 GiB what QEMU needs beside it, reckoned as oVirt does
overhead_kubevirt_gib  Float64 GiB what QEMU needs beside it, reckoned as KubeVirt does
hugepages_gib    Float64  GiB  of its memory, what is made of huge pages
locked_gib       Float64  GiB  what cannot be swapped nor given back: all of it with VFIO or locked memory
vfio             Int64    -    devices of the host's that it is given by VFIO
pending          bool     -    its next start gives it something else than it has now
memory_source    str      -    what said so of memory_gib
problem          str      -    why something of it could not be read
"""
    ),
    "cell": _columns(
        _VM.strip()
        + """
cell             Int64    -    the host's cell that this part of it is bound to; NA where it is bound to no single one
cells            str      -    the cells that it may lie in; empty for all
what             str      -    vcpus, memory, or hugepages
page_kib         Int64    KiB  the size of the huge pages; NA for others, and where it is the host's default
vcpus            Int64    -    vCPUs, at most
memory_gib       Float64  GiB  memory, at most
mode             str      -    numatune's mode
"""
    ),
    "vcpu": _columns(
        _VM.strip()
        + """
vcpu             Int64    -    its number
plugged          bool     -    whether the guest has it now
cpus             str      -    the host CPUs that it may run on; empty for all
cell             Int64    -    the cell that all of them are in
pinned           bool     -    it may not run on every CPU of the host
dedicated        bool     -    it may run on one CPU only
"""
    ),
    "device": _columns(
        _VM.strip()
        + """
address          str      -    the host device that it is given
kind             str      -    pci, usb or mdev; empty where the host does not list it
product          str      -    what it is
cell             Int64    -    the cell that it is nearest to
iommu_group      Int64    -    devices of one group go to one VM only
listed           boolean  -    whether the host lists such a device; NA where it lists none at all
"""
    ),
    "disk": _columns(
        _VM.strip()
        + """
target           str      -    its name in the definition
bus              str      -    virtio, sata, …
device           str      -    disk, cdrom, lun or floppy
type             str      -    file, block, volume, network, …
source           str      -    path, pool/volume, or protocol:name; empty for an empty drive
format           str      -    of the image
cache            str      -    how the host caches it
readonly         bool     -    the guest cannot write to it
shareable        bool     -    several VMs may have it
capacity_gib     Float64  GiB  what the guest sees; NA where the host could not look
allocation_gib   Float64  GiB  what it takes on the host
physical_gib     Float64  GiB  the length of the file or device
"""
    ),
    "interface": _columns(
        _VM.strip()
        + """
number           Int64    -    its place among the VM's interfaces, from 0
mac              str      -    hardware address
type             str      -    network, bridge, direct, user, hostdev, …
source           str      -    the network, bridge or device that it is plugged into
model            str      -    how the guest sees it
link             str      -    down where its cable is unplugged
target           str      -    the host's end of it while the VM runs
"""
    ),
}

_BALANCE = """
host             str      -    the host's name
count            str      -    which VMs: running, defined, autostart
resource         str      -    vcpus, memory, or hugepages of a size
amount           str      -    current or maximum: what the VMs have, or the most they can have
unit             str      -    CPUs or GiB
policy           str      -    the policy's name
total            Float64  unit  what there is
reserved         Float64  unit  what the policy keeps for the host
dedicated        Float64  unit  CPUs that a vCPU is pinned to alone; memory set aside for huge pages
"""
_AFTER = """
limit            Float64  unit  (total - reserved - dedicated) × the policy's ratio; NA where it has none
free             Float64  unit  limit - promised; below zero where too much was promised
ratio            Float64  -    promised ÷ (total - reserved - dedicated)
definition       str      -    the ratio in words
"""
_PROMISED = """
promised         Float64  unit  the sum over the VMs, the policy's overhead included; dedicated vCPUs are left out
"""
_CHANGED = """
before           Float64  unit  what is promised now
after            Float64  unit  what would be promised
"""
BALANCE = {
    "host": _columns(_BALANCE.strip() + _PROMISED.rstrip() + _AFTER),
    "cell": _columns(
        _BALANCE.strip().replace("\ncount", "\ncell Int64 - the cell; NA for what is bound to no single cell\ncount")
        + _PROMISED.rstrip()
        + _AFTER
    ),
}
EFFECT = {"": _columns(_BALANCE.strip() + _CHANGED.rstrip() + _AFTER)}

PINS = {
    "": _columns(
        _VM.strip()
        + """
thread           str      -    vcpu 0, emulator, iothread 1, …
cpus             str      -    the host CPUs that it may run on
cell             Int64    -    the cell that all of them are in
dedicated        bool     -    it is one CPU
shares_with      str      -    other VMs with a thread that is pinned to one of these CPUs
siblings_with    str      -    VMs that are pinned to another thread of one of these cores
missing          str      -    those of the CPUs that the host does not have, or that are offline
"""
    )
}

CONFLICTS = {
    "": _columns("""
host             str      -    the host's name
count            str      -    among which VMs: running, defined, autostart
kind             str      -    cpu, device, image, mac, hugepages, memory, vcpus, size, uuid
what             str      -    the CPU, the address, the path, the cell's pages, …
vms              str      -    the VMs, by name
promised         Float64  -    how much was promised of it
available        Float64  -    how much there is
unit             str      -    CPUs, GiB, pages; empty for a thing
cell             Int64    -    the cell, where it is about one
why              str      -    a sentence
""")
}

SOURCES = {
    "": _columns("""
host             str      -    the host's name
figure           str      -    what it is about
value            str      -    what the source says
unit             str      -    B for bytes
source           str      -    the call of libvirt's, or the document
used             bool     -    whether the tables show this one
agrees           bool     -    whether it says the same as the one that is used
""")
}

HOSTS = {
    "": _columns("""
host             str      -    its name
uri              str      -    where it was asked; empty for one that was loaded or captured
answered         bool     -    whether it told its facts
problem          str      -    why not
cpus             Int64    -    logical CPUs that are online
memory_gib       Float64  GiB  memory
vms              Int64    -    VMs that it has
running          Int64    -    VMs that run
""")
}

TOTALS = {
    "": _columns("""
count            str      -    which VMs: running, defined, autostart
resource         str      -    vcpus, memory, or hugepages of a size
amount           str      -    current or maximum
unit             str      -    CPUs or GiB
policy           str      -    the policy's name
hosts            Int64    -    hosts that answered
total            Float64  unit  what they have together
reserved         Float64  unit  what the policy keeps for them
dedicated        Float64  unit  CPUs that a vCPU is pinned to alone; memory set aside for huge pages
promised         Float64  unit  the sum over the VMs; one that is on two hosts counts once
limit            Float64  unit  the sum of what each may promise; NA where the policy has no limit
free             Float64  unit  limit - promised
ratio            Float64  -    promised ÷ (total - reserved - dedicated)
""")
}

CPUS = {
    "": _columns("""
host             str      -    whose CPU a VM would be given
to               str      -    where it would run
result           str      -    identical, superset (it has more), incompatible, or empty where that cannot be told
possible         boolean  -    whether it could run there; NA where that cannot be told
why              str      -    what libvirt says
""")
}

MIGRATION = {
    "": _columns("""
vm               str      -    the VM's name
host             str      -    where it is
to               str      -    where it could go
possible         boolean  -    whether nothing that is known prevents it; NA where that cannot be told
why              str      -    what prevents it, or why it cannot be told
""")
}

LARGEST = _columns("""
host             str      -    the host's name
cell             Int64    -    the NUMA cell; NA for the whole host
vcpus            Int64    -    the most vCPUs that one more VM can have; NA where that cannot be told
memory_gib       Float64  GiB  the most memory that it can have beside them, in whole MiB or pages
limited_by       str      -    vcpus, memory, or both, each for itself
""")

STRANDED = _columns("""
host             str      -    the host's name
cell             Int64    -    the NUMA cell; NA for the whole host
vcpus_left       Float64  CPUs vCPUs that may still be promised; NA without limit, or where that cannot be told
memory_left_gib  Float64  GiB  ordinary memory that may still be promised; likewise
memory_per_vcpu_gib  Float64 GiB  the memory that goes with a vCPU
ratio_source     str      -    given; or host: the memory that it may promise to the vCPUs that it may promise
stranded_vcpus   Float64  CPUs those for which no memory is left
stranded_memory_gib  Float64 GiB  memory for which no vCPU is left
""")
