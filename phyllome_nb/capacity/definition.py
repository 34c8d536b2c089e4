"""What a definition asks for, read straight from its elements.

The lens would read the same in four times the time, which counts where a host has thousands of VMs. It reads the
numbers that must be right, and what few definitions have.
"""

from collections.abc import Iterator
from typing import Any

from phyllome_nb.capacity.addresses import cpu_set, device_address
from phyllome_nb.capacity.promise import DiskFacts, InterfaceFacts, MemoryShare
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.size import Size
from phyllome_nb.xml.document import Element
from phyllome_nb.xml.reading import reading, root_of

__all__ = ["asked"]

BINDING = {"strict", "restrictive", "interleave"}
"""The modes of numatune that keep memory on the nodes named; preferred only asks for them."""
UNSET = Size(0)
EMPTY: dict[str, str] = {}
"""What is read where a definition has no such element."""
LIBOSINFO = "{http://libosinfo.org/xmlns/libvirt/domain/1.0}"


def asked(spec: DomainSpec) -> dict[str, Any]:
    """The fields of `Promise`, by name.

    Raises
    ------
    FieldError
        If one of the numbers of vCPUs or amounts of memory cannot be read.
    """
    most = _memory(spec)
    vcpus, root = spec.vcpus, root_of(spec)
    parts = {str(child.tag): child for child in reversed(root)}
    bound = {"numatune", "memoryBacking"} & parts.keys() or root.find("devices/memory") is not None
    return {
        "vcpus": vcpus.current or vcpus.maximum,
        "vcpus_max": vcpus.maximum,
        "memory": min(spec.memory.current or most, most),
        "memory_max": most,
        "affinity": _affinity(parts, vcpus.maximum),
        "shares": tuple(_shares(reading(spec), most)) if bound else (),
        "offline": frozenset(_numbers(root, "vcpus/vcpu[@enabled='no']", "id") if "vcpus" in parts else ()),
        "pinned": frozenset().union(*_pinned(parts.get("cputune"), "vcpupin", "vcpu").values()),
        **_rest(root, parts),
        **_devices(spec, parts.get("devices")),
    }


def _memory(spec: DomainSpec) -> Size:
    """All the memory it can use: libvirt sums up cells and devices where there are cells."""
    cells = spec.cpu.numa.cells
    if not len(cells):
        return spec.memory.maximum
    own = [cell.memory or UNSET for cell in cells]
    return Size(sum(own) + sum(device.size or 0 for device in spec.devices.memories))


def _cpus(text: str | None) -> frozenset[int] | None:
    """A list of CPUs; None where there is none that can be read."""
    try:
        return cpu_set(text) if text else None
    except ValueError:
        return None


def _affinity(parts: dict[str, Element], most: int) -> dict[int, frozenset[int]]:
    """Where each vCPU may run: what its own pin says, else what the definition says for all."""
    tune, vcpu = parts.get("cputune"), parts.get("vcpu")
    own = _pinned(tune, "vcpupin", "vcpu")
    everyone = _cpus(vcpu.get("cpuset")) if vcpu is not None else None
    if not own and not everyone:
        return {}
    rest = dict.fromkeys(range(most), everyone) if everyone else {}
    return {vcpu: cpus for vcpu, cpus in sorted({**rest, **own}.items()) if vcpu < most}


def _pinned(tune: Element | None, tag: str, number: str) -> dict[int, frozenset[int]]:
    pins = () if tune is None else tune.findall(tag)
    named = ((pin.get(number, ""), _cpus(pin.get("cpuset"))) for pin in pins)
    return {int(which): cpus for which, cpus in named if which.isdecimal() and cpus}


def _numbers(root: Element, path: str, attribute: str) -> Iterator[int]:
    for found in root.findall(path):
        if (text := found.get(attribute, "")).isdecimal():
            yield int(text)


def _rest(root: Element, parts: dict[str, Element]) -> dict[str, Any]:
    """What is asked for beside vCPUs, memory and devices."""
    tune, system, cpu = parts.get("cputune"), parts.get("os"), parts.get("cpu")
    emulator = None if tune is None else tune.find("emulatorpin")
    kind = None if system is None else system.find("type")
    loader = None if system is None else system.find("loader")
    efi = (system is not None and system.get("firmware") == "efi") or (
        loader is not None and loader.get("type") == "pflash"
    )
    return {
        "emulator": None if emulator is None else _cpus(emulator.get("cpuset")),
        "iothread_affinity": _pinned(tune, "iothreadpin", "iothread"),
        "iothreads": max(int(_text(root, "iothreads", "0")), len(parts.get("iothreadids", ()))),
        "locked": root.find("memoryBacking/locked") is not None,
        "sev": "launchSecurity" in parts,
        "arch": "" if kind is None else kind.get("arch", ""),
        "machine": "" if kind is None else kind.get("machine", ""),
        "firmware": "efi" if efi else "bios",
        "kind": root.get("type", ""),
        "cpu": "" if cpu is None else " ".join(filter(None, (cpu.get("mode"), _text(cpu, "model", "")))),
        "os": _system(parts.get("metadata")),
        "title": (root.findtext("title") or "").strip(),
        "description": (root.findtext("description") or "").strip(),
    }


def _text(element: Element, path: str, otherwise: str) -> str:
    """Its text; a number where one is expected."""
    text = (element.findtext(path) or "").strip()
    return otherwise if not text or (otherwise.isdecimal() and not text.isdecimal()) else text


def _system(metadata: Element | None) -> str:
    system = None if metadata is None else metadata.find(f"{LIBOSINFO}libosinfo/{LIBOSINFO}os")
    return "" if system is None else system.get("id", "")


def _devices(spec: DomainSpec, devices: Element | None) -> dict[str, Any]:
    """What is asked for by way of devices."""
    found: dict[str, list[Element]] = {}
    for device in () if devices is None else devices:
        found.setdefault(str(device.tag), []).append(device)
    hostdevs, interfaces = found.get("hostdev", []), found.get("interface", [])
    given = [each for each in interfaces if each.get("type") == "hostdev"]
    balloon = found.get("memballoon")
    models = [model for video in found.get("video", ()) if (model := video.find("model")) is not None]
    sizes = [size for model in models for name in ("ram", "vram") if (size := model.get(name, "")).isdecimal()]
    addresses = map(device_address, [*spec.devices.hostdevs, *spec.devices.interfaces]) if hostdevs or given else ()
    return {
        "graphics": len(found.get("graphics", ())),
        "video": Size(sum(map(int, sizes)), "KiB"),
        "vfio": sum(each.get("type") in {"pci", "mdev"} for each in hostdevs) + len(given),
        "tpm": "tpm" in found,
        "balloon": not balloon or balloon[0].get("model") != "none",
        "disks": tuple(map(_disk, found.get("disk", ()))),
        "interfaces": tuple(map(_interface, interfaces)),
        "devices": tuple(filter(None, addresses)),
        "cids": frozenset(_numbers(devices, "vsock/cid", "address")) if devices is not None else frozenset(),
    }


def _disk(disk: Element) -> DiskFacts:
    parts: dict[str, Any] = {str(child.tag): child for child in disk}
    target, driver = parts.get("target", EMPTY), parts.get("driver", EMPTY)
    kind, source = disk.get("type", ""), parts.get("source", EMPTY)
    named = source.get("file") or source.get("dev") or source.get("dir") or ""
    if kind == "volume":
        named = f"{source.get('pool', '')}/{source.get('volume', '')}"
    elif kind == "network":
        named = f"{source.get('protocol', '')}:{source.get('name', '')}"
    return DiskFacts(
        target.get("dev", ""),
        target.get("bus", ""),
        disk.get("device", "disk"),
        kind,
        named,
        driver.get("type", ""),
        driver.get("cache", ""),
        "readonly" in parts,
        "shareable" in parts,
        "transient" in parts,
    )


def _interface(interface: Element) -> InterfaceFacts:
    parts: dict[str, Any] = {str(child.tag): child for child in interface}
    source, kind = parts.get("source", EMPTY), interface.get("type", "")
    return InterfaceFacts(
        parts.get("mac", EMPTY).get("address", "").lower(),
        kind,
        source.get("network") or source.get("bridge") or source.get("dev") or "",
        parts.get("model", EMPTY).get("type", ""),
        parts.get("link", EMPTY).get("state", ""),
        parts.get("target", EMPTY).get("dev", ""),
    )


def _shares(read: DomainSpec, most: Size) -> Iterator[MemoryShare]:
    """Where the memory lies, cell by cell; nothing where it is ordinary memory that may lie anywhere."""
    whole = read.numatune.memory
    bound = {node.cellid: (_cpus(node.nodeset), node.mode) for node in read.numatune.memnodes}
    everywhere = (_cpus(whole.nodeset) if whole.placement != "auto" else None, whole.mode)
    if not (bound or everywhere[0] or read.memory.hugepages or read.devices.memories):
        return
    cells = [(cell.id, cell.memory or UNSET) for cell in read.cpu.numa.cells]
    for number, memory in cells or [(None, most)]:
        nodes, mode = bound.get(number, everywhere)
        yield _share(memory, nodes, mode, _page(read, number))
    if cells:
        for device in read.devices.memories:
            nodes, mode = _cpus(device.source.nodemask), "strict"
            if nodes is None:
                nodes, mode = bound.get(device.node, everywhere)
            page = device.source.pagesize or (None if device.model == "nvdimm" else _page(read, device.node))
            yield _share(device.size or UNSET, nodes, mode, page)


def _share(memory: Size, nodes: frozenset[int] | None, mode: str | None, page: Size | None) -> MemoryShare:
    named = (mode or "strict") if nodes else ""
    return MemoryShare(memory, nodes if named in BINDING else None, page, named)


def _page(read: DomainSpec, cell: int | None) -> Size | None:
    """The size of the huge pages behind a cell of the guest's; 0 for the host's default, None for none."""
    if not read.memory.hugepages:
        return None
    pages = read.memory.pages
    for page in pages:
        if page.nodeset and (cell or 0) in (_cpus(page.nodeset) or ()):
            return page.size or UNSET
    others = [page.size or UNSET for page in pages if not page.nodeset]
    if others:
        return others[0]
    return None if pages else UNSET
