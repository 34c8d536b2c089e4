"""What libvirt says of a host in XML: its capabilities, those of an emulator, its devices."""

from collections.abc import Iterator
from typing import Any

from phyllome_nb.capacity.addresses import cpu_set
from phyllome_nb.capacity.facts import (
    Cache,
    Cell,
    DomainCapabilities,
    Guest,
    HostDevice,
    LogicalCpu,
    MdevType,
    PagePool,
)
from phyllome_nb.size import Size
from phyllome_nb.xml.document import Element, parse

__all__ = ["domain_capabilities", "host_capabilities", "host_device", "network_facts", "pool_facts"]


def host_capabilities(text: str | bytes) -> dict[str, Any]:
    """The facts in ``virConnectGetCapabilities``, by the names that `HostFacts` has for them."""
    root = parse(text, "capabilities")
    cpu = root.find("host/cpu")
    guests = tuple(_guests(root))
    arch = _text(root, "host/cpu/arch")
    bits = _attribute(root, "host/cpu/maxphysaddr", "bits")
    iommu = _attribute(root, "host/iommu", "support")
    own = [guest for guest in guests if guest.arch == arch]
    return {
        "arch": arch,
        "cpu_vendor": _text(root, "host/cpu/vendor"),
        "cpu_model": _text(root, "host/cpu/model"),
        "cpu_features": frozenset(_names(cpu, "feature")),
        "address_bits": int(bits) if bits.isdecimal() else None,
        "iommu": {"yes": True, "no": False}.get(iommu),
        "cells": tuple(_cell(cell) for cell in root.findall("host/topology/cells/cell")),
        "caches": tuple(_cache(bank) for bank in root.findall("host/cache/bank")),
        "guests": guests,
        "emulators": frozenset(guest.emulator for guest in guests if guest.emulator) or None,
        "kvm": any("kvm" in guest.types for guest in own) if own else None,
    }


def _guests(root: Element) -> Iterator[Guest]:
    for guest in root.findall("guest"):
        for arch in guest.findall("arch"):
            machines = {_own(machine) for machine in arch.findall("machine")}
            machines |= {machine.get("canonical", "") for machine in arch.findall("machine")}
            types = {domain.get("type", "") for domain in arch.findall("domain")}
            emulator = _text(arch, "emulator")
            yield Guest(arch.get("name", ""), emulator, frozenset(types), frozenset(machines - {""}))


def _cell(cell: Element) -> Cell:
    cpus = []
    for cpu in cell.findall("cpus/cpu"):
        siblings = _cpu_set(cpu.get("siblings", ""))
        socket, die, core = (_number(cpu.get(name)) for name in ("socket_id", "die_id", "core_id"))
        cpus.append(LogicalCpu(int(cpu.get("id", "0")), socket, die, core, siblings))
    pools = [
        PagePool(Size(page.get("size", "0"), page.get("unit", "KiB")), int(page.text or 0))
        for page in cell.findall("pages")
    ]
    memory = cell.find("memory")
    size = Size(0) if memory is None else Size((memory.text or "0").strip(), memory.get("unit", "KiB"))
    distances = {
        int(sibling.get("id", "0")): int(sibling.get("value", "0")) for sibling in cell.findall("distances/sibling")
    }
    return Cell(int(cell.get("id", "0")), size, tuple(cpus), tuple(pools), distances)


def _cache(bank: Element) -> Cache:
    size = Size(bank.get("size", "0"), bank.get("unit", "KiB"))
    level, number = int(bank.get("level", "0")), int(bank.get("id", "0"))
    return Cache(level, number, bank.get("type", ""), size, _cpu_set(bank.get("cpus", "")))


def _cpu_set(text: str) -> frozenset[int]:
    """A list of CPUs; none where it cannot be read."""
    try:
        return cpu_set(text)
    except ValueError:
        return frozenset()


def domain_capabilities(text: str | bytes) -> DomainCapabilities:
    """The facts in ``virConnectGetDomainCapabilities``."""
    root = parse(text, "domainCapabilities")
    enums: dict[str, frozenset[str]] = {}
    supported: dict[str, bool] = {}
    for node in root.iter("*"):
        path = "/".join([*reversed([str(above.tag) for above in node.iterancestors()][:-1]), str(node.tag)])
        if node.tag == "mode" and node.get("name"):
            path = f"cpu/{node.get('name')}"
        if node.get("supported"):
            supported[path] = node.get("supported") == "yes"
        if node.tag == "enum" and (parent := node.getparent()) is not None:
            above = "/".join([*reversed([str(each.tag) for each in parent.iterancestors()][:-1]), str(parent.tag)])
            enums[f"{above}/{node.get('name')}"] = frozenset(
                (value.text or "").strip() for value in node.findall("value")
            )
    most = _attribute(root, "vcpu", "max")
    models = {_own(model): model.get("usable", "unknown") for model in root.findall("cpu/mode[@name='custom']/model")}
    return DomainCapabilities(
        emulator=_text(root, "path"),
        type=_text(root, "domain"),
        arch=_text(root, "arch"),
        machine=_text(root, "machine"),
        vcpus=int(most) if most.isdecimal() else None,
        enums=enums,
        supported=supported,
        models=models,
    )


def host_device(text: str | bytes) -> HostDevice | None:
    """The facts in a node device's XML; None where it is none that a guest can be given."""
    root = parse(text, "device")
    own: dict[str, Any] = {
        "name": _text(root, "name"),
        "driver": _text(root, "driver/name"),
        "parent": _text(root, "parent"),
    }
    for capability in root.findall("capability"):
        named: dict[str, Any] = {"product": _text(capability, "product"), "vendor": _text(capability, "vendor")}
        match capability.get("type"):
            case "pci":
                return _pci(capability, own | named)
            case "usb_device":
                bus, device = (int(_text(capability, part) or 0) for part in ("bus", "device"))
                return HostDevice(kind="usb", address=f"{bus:03d}:{device:03d}", **own, **named)
            case "mdev":
                kind = _attribute(capability, "type", "id")
                return HostDevice(kind="mdev", address=_text(capability, "uuid"), product=kind, **own)
    return None


def _pci(capability: Element, own: dict[str, Any]) -> HostDevice:
    numbers = [int(_text(capability, part) or 0) for part in ("domain", "bus", "slot", "function")]
    group, node = _attribute(capability, "iommuGroup", "number"), _attribute(capability, "numa", "node")
    physical = capability.find("capability[@type='phys_function']/address")
    functions = capability.find("capability[@type='virt_functions']")
    most = "" if functions is None else functions.get("maxCount", "")
    return HostDevice(
        kind="pci",
        address="{:04x}:{:02x}:{:02x}.{:x}".format(*numbers),
        group=_number(group),
        node=_number(node),
        device_class=_text(capability, "class"),
        physical="" if physical is None else _pci_address(physical),
        virtual=() if functions is None else tuple(map(_pci_address, functions.findall("address"))),
        virtual_most=_number(most),
        mdev_types=tuple(
            MdevType(kind.get("id", ""), _text(kind, "name"), _number(_text(kind, "availableInstances")))
            for kind in capability.findall("capability[@type='mdev_types']/type")
        ),
        **own,
    )


def _pci_address(address: Element) -> str:
    numbers = [int(address.get(part, "0"), 0) for part in ("domain", "bus", "slot", "function")]
    return "{:04x}:{:02x}:{:02x}.{:x}".format(*numbers)


def network_facts(text: str) -> dict[str, str]:
    """What a virtual network's XML says of its bridge and where it leads."""
    root = parse(text, "network")
    forward = root.find("forward")
    leads = "" if forward is None else forward.get("mode", "nat")
    return {"bridge": _attribute(root, "bridge", "name"), "forward": leads}


def pool_facts(text: str, active: bool) -> dict[str, Any]:
    """What a storage pool's XML says of its type, place and sizes, which are known of an active one only."""
    root = parse(text, "pool")
    sizes = {
        part: Size(_text(root, part), _attribute(root, part, "unit") or "bytes")
        for part in ("capacity", "allocation", "available")
        if active and _text(root, part).isdecimal()
    }
    return {"type": root.get("type", ""), "path": _text(root, "target/path"), **sizes}


def _text(root: Element, path: str) -> str:
    return (root.findtext(path) or "").strip()


def _own(element: Element) -> str:
    return (element.text or "").strip()


def _attribute(root: Element, path: str, name: str) -> str:
    found = root.find(path)
    return "" if found is None else found.get(name, "")


def _names(root: Element | None, path: str) -> Iterator[str]:
    for found in [] if root is None else root.findall(path):
        yield found.get("name", "")


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None
