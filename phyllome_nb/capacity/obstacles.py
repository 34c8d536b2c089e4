"""What of a host does not suit a definition, the sums left aside."""

from collections.abc import Iterator

from phyllome_nb.capacity.asking import Asking
from phyllome_nb.capacity.machines import offered
from phyllome_nb.capacity.reason import Reason
from phyllome_nb.capacity.room import Room
from phyllome_nb.capacity.snapshot import HostFacts, Snapshot
from phyllome_nb.capacity.tables.frame import cpu_list

__all__ = ["claims", "obstacles"]

Found = Iterator[Reason]
SEV = "features/sev"


def obstacles(asked: Asking, room: Room) -> Found:
    """What does not suit it, be it the first of its kind there or one of many."""
    host = room.host
    yield from _emulator(asked, host)
    yield from _cpu(asked, host)
    yield from _networks(asked, host)
    yield from _pools(asked, host)
    yield from _places(asked, room)
    yield from _held(asked, room)
    yield from _devices(asked, room)


def claims(asked: Asking, snapshot: Snapshot, count: str) -> Found:
    """What only one VM can have, and another one has: its name, its disks, devices of the host's."""
    others, host = snapshot.others(asked.uuid), snapshot.host
    if others.this is None and others.named(asked.name):
        yield Reason("name", "refused", f"{host.name} has another VM named {asked.name}.")
    elif others.this and others.this.name != asked.name:
        yield Reason("uuid", "refused", f"{host.name} has a VM of that uuid named {others.this.name}.")
    held: dict[tuple[str, object], str] = {}
    groups = {each.address: each.group for each in host.devices or () if each.group is not None}
    for domain in snapshot.domains:
        if domain is others.this or not (promise := domain.promise(count)):  # type: ignore[arg-type]
            continue
        held |= {("image", path): domain.name for path in promise.claims.images}
        held |= {("device", address): domain.name for address in promise.devices}
        held |= {("group", groups[address]): domain.name for address in promise.devices if address in groups}
    severity, has = ("refused", "has") if count == "running" else ("policy", "is to have")
    for path in sorted(asked.images):
        if owner := held.get(("image", path)):
            yield Reason("disk", severity, f"{owner} {has} {path}, and does not share it.")  # type: ignore[arg-type]
    for address in asked.promise.devices:
        if owner := held.get(("device", address)):
            yield Reason("device", severity, f"{owner} {has} {address}.")  # type: ignore[arg-type]
        elif owner := held.get(("group", groups.get(address))):
            why = f"{owner} {has} a device of IOMMU group {groups[address]}, to which {address} belongs."
            yield Reason("device", severity, why)  # type: ignore[arg-type]


def _emulator(asked: Asking, host: HostFacts) -> Found:
    if host.uri.startswith("test:"):  # libvirt's mock emulates nothing, and takes all
        return
    if not host.guests:
        yield Reason("machine", "unknown", f"What {host.name} emulates is not known.")
        return
    arch = asked.arch or host.arch
    guests = [guest for guest in host.guests if guest.arch == arch]
    if not guests:
        yield Reason("machine", "refused", f"{host.name} has no emulator for {arch}.")
        return
    if not any(asked.kind in guest.types for guest in guests) or (asked.kind == "kvm" and host.kvm is False):
        yield Reason("machine", "refused", f"{host.name} offers no {asked.kind} for {arch}.")
    if asked.machine and not any(asked.machine in guest.machines for guest in guests):
        yield Reason("machine", "refused", f"{host.name} does not know the machine {asked.machine}.")
    if asked.emulator and host.emulators and asked.emulator not in host.emulators:
        yield Reason("machine", "refused", f"{host.name} does not list the emulator {asked.emulator}.")
    known = offered(host, asked.kind, arch, asked.machine or "pc", asked.emulator)
    if known is None:
        if asked.choices:
            words = ", ".join(each.words for each in asked.choices)
            why = f"Whether the emulator of {host.name} offers {words} is not known."
            yield Reason("machine", "unknown", why, decides=False)  # libvirt tells it only to who may write
        return
    most, needed = known.vcpus, asked.promise.vcpus_max
    if most is not None and needed > most:
        why = f"It needs {needed} vCPUs, and a machine {asked.machine or known.machine} takes {most}."
        yield Reason("machine", "refused", why, None, needed, most, "CPUs")
    for each in asked.choices:
        values = known.enums.get(each.place)
        if values is not None and each.value not in values:
            has = f"only {', '.join(sorted(values))}" if values else "none"
            yield Reason(each.what, "refused", f"{host.name} offers no {each.words}: {has}.")
    if asked.sev and known.supported.get(SEV) is False:
        yield Reason("SEV", "refused", f"{host.name} cannot encrypt a guest's memory.")


def _cpu(asked: Asking, host: HostFacts) -> Found:
    known = offered(host, asked.kind, asked.arch or host.arch, asked.machine or "pc", asked.emulator)
    mode, model = asked.cpu_mode, asked.cpu_model
    if known and mode not in {"", "custom"} and known.supported.get(f"cpu/{mode}") is False:
        yield Reason("CPU", "refused", f"{host.name} offers no CPU mode {mode} for {asked.kind}.")
    if mode == "custom" and model:
        if known and known.models:
            usable = known.models.get(model)
            if usable is None:
                yield Reason("CPU", "refused", f"{host.name} does not know the CPU model {model}.")
            elif usable == "no" and asked.kind == "kvm":  # QEMU's own processor does without, with a warning
                yield Reason("CPU", "refused", f"{host.name} lacks features of the CPU model {model}.")
        else:
            yield Reason("CPU", "unknown", f"Whether {host.name} has what the CPU model {model} needs is not known.")
    if asked.kind != "kvm":
        return
    if asked.cpu_vendor and host.cpu_vendor and asked.cpu_vendor != host.cpu_vendor:
        yield Reason("CPU", "refused", f"It needs a CPU of {asked.cpu_vendor}, and {host.name} has {host.cpu_vendor}.")
    for name in asked.forbidden:
        if name in host.cpu_features:
            yield Reason("CPU", "refused", f"It must not have the CPU feature {name}, and {host.name} has it.")
    left = [name for name in asked.required if name not in host.cpu_features]
    if left:
        yield Reason("CPU", "unknown", f"Whether {host.name} has the CPU features {', '.join(left)} is not known.")


def _networks(asked: Asking, host: HostFacts) -> Found:
    networks = None if host.networks is None else {each.name: each.active for each in host.networks}
    for name in asked.networks:
        if networks is None:
            yield Reason("network", "unknown", f"Whether {host.name} has the network {name} is not known.")
        elif name not in networks:
            yield Reason("network", "refused", f"{host.name} has no network {name}.")
        elif not networks[name]:
            yield Reason("network", "refused", f"The network {name} of {host.name} is not active.")
    for name in asked.bridges:
        if host.bridges is None:
            yield Reason("network", "unknown", f"Whether {host.name} has the bridge {name} is not known.")
        elif name not in host.bridges:
            yield Reason("network", "refused", f"{host.name} has no bridge {name}.")


def _pools(asked: Asking, host: HostFacts) -> Found:
    pools = None if host.pools is None else {each.name: each.active for each in host.pools}
    for name in asked.pools:
        if pools is None:
            yield Reason("pool", "unknown", f"Whether {host.name} has the storage pool {name} is not known.")
        elif name not in pools:
            yield Reason("pool", "refused", f"{host.name} has no storage pool {name}.")
        elif not pools[name]:
            yield Reason("pool", "refused", f"The storage pool {name} of {host.name} is not active.")


def _places(asked: Asking, room: Room) -> Found:
    """CPUs and cells that it names and the host has not."""
    if asked.automatic:
        why = "numad chooses its cells when it starts: whether they have room cannot be told before."
        yield Reason("placement", "unknown", why)
    cells = {cell.id for cell in room.host.cells}
    if cells and (missing := asked.nodes - cells):
        yield Reason("cell", "refused", f"Its memory is to come from cell {cpu_list(missing)}, and there is none.")
    if asked.nodes and not cells:
        why = f"{room.host.name} does not tell its cells, and memory is to come from cell {cpu_list(asked.nodes)}."
        yield Reason("cell", "unknown", why)
    if asked.threads and not room.online:
        yield Reason("pin", "unknown", f"{room.host.name} does not tell its CPUs, and threads are pinned.")
    for thread in asked.threads if room.online else ():
        if not thread.cpus & room.online:
            why = f"{thread.name} is to run on CPUs {cpu_list(thread.cpus)}, and none of them is online."
            yield Reason("pin", "refused", why, None, 1, 0, "CPUs")


def _held(asked: Asking, room: Room) -> Found:
    """CPUs that another VM has for one vCPU alone, or that two of its own would have."""
    alone = asked.promise.dedicated
    numbers = set(asked.promise.plugged) if room.policy.amount == "current" else set(range(asked.promise.vcpus_max))
    taken: dict[int, int] = {}
    for vcpu, cpu in alone.items():
        if vcpu not in numbers:
            continue
        if cpu in room.holders:
            why = f"vCPU {vcpu} is to have CPU {cpu} alone, and {room.holders[cpu]} has it."
            yield Reason("pin", "policy", why, None, 1, 0, "CPUs")
        elif cpu in taken:
            why = f"vCPUs {taken[cpu]} and {vcpu} are both to have CPU {cpu} alone."
            yield Reason("pin", "policy", why, None, 1, 0, "CPUs")
        taken.setdefault(cpu, vcpu)
    for owner, which, cpus in room.helpers:
        if cpus <= taken.keys():
            why = f"CPUs {cpu_list(cpus)} are to be for single vCPUs alone, and {which} of {owner} is pinned to them."
            yield Reason("pin", "policy", why, None, len(cpus), 0, "CPUs")
    if room.policy.cpus == "cores":
        yield from _siblings(taken, room)
    for thread in asked.threads:
        usable = thread.cpus & room.online or thread.cpus
        if not thread.name.startswith("vCPU") and usable <= room.holders.keys():
            names = ", ".join(sorted({room.holders[cpu] for cpu in usable}))
            why = f"{thread.name} is to run on CPUs {cpu_list(usable)}, which {names} has alone."
            yield Reason("pin", "policy", why, None, 1, 0, "CPUs")


def _siblings(taken: dict[int, int], room: Room) -> Found:
    for cell in room.host.cells:
        for cpu in cell.cpus:
            for other in sorted(cpu.siblings - {cpu.id}) if cpu.id in taken else ():
                if other in room.holders:
                    why = f"vCPU {taken[cpu.id]} is to have CPU {cpu.id} alone, and {room.holders[other]} has its core."
                    yield Reason("pin", "policy", why, cell.id, 1, 0, "CPUs")


def _devices(asked: Asking, room: Room) -> Found:
    host = room.host
    if asked.promise.devices and host.devices is None:
        yield Reason("device", "unknown", f"Which devices {host.name} has is not known.")
        return
    has = {each.address: each for each in host.devices or ()}
    by_name = {each.name: each for each in host.devices or ()}
    for address in asked.promise.devices:
        device = has.get(address)
        if device is None:
            # A USB device may be named by its kind, and a mediated one be made when the VM starts.
            sure = address.count(":") == 2
            said = f"{host.name} has no device {address}." if sure else f"Whether there is a {address} is not known."
            yield Reason("device", "refused" if sure else "unknown", said)
            continue
        parent = by_name.get(device.parent)
        node = device.node if device.node is not None or parent is None else parent.node
        if node is not None and asked.near is not None and node not in asked.near:
            why = f"{address} is in cell {node}, and its memory in cell {cpu_list(asked.near)}."
            yield Reason("device", "policy", why, node)
