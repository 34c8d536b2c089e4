"""Rules about network interfaces."""

from collections.abc import Iterator
from functools import partial

from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.rules.case import Case
from phyllome_nb.rules.rule import Fix, Found, rule, same_part, setting
from phyllome_nb.xml.fields import Field
from phyllome_nb.xml.reading import name_of

__all__: list[str] = []

REFERENCE = "https://libvirt.org/formatdomain.html#network-interfaces"
VALIDATE = "libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateDomainDeviceDefNetwork"
PRIVILEGED = {"network", "bridge", "direct", "ethernet", "vdpa", "hostdev"}
LIMITS = {"rx_queue_size": (256, 1024), "tx_queue_size": (256, 1024)}


def to_user(spec: DomainSpec, name: str) -> None:
    """Plug an interface into the user's own network, which has no source."""
    interface = same_part(spec, name)
    interface.update(type="user", network=None, bridge=None)
    source = getattr(interface, "source")  # noqa: B009  (of an interface, as its name says)
    source.update(**{field: None for field, what in source.__declared__.items() if isinstance(what, Field)})


@rule("NET001", "error", source="libvirt 9.0: src/qemu/qemu_process.c, qemuProcessStartWarnShmem", libvirt="accepts")
def vhost_user_has_shared_memory(case: Case) -> Iterator[Found]:
    """The other process reads packets in the guest's memory; without it the network is dead."""
    for each in case.spec.devices.interfaces:
        if each.type == "vhostuser" and not case.is_shared:
            backing = case.spec.memory
            given = {"access": "shared"} | ({} if backing.source else {"source": "memfd"})
            fix = setting("Share the memory, as a memfd", backing, **given)
            yield Found(each, "type", "The interface is vhost-user, and the memory is not shared.", fix)


@rule("NET002", "error", source=f"{VALIDATE}; qemu_command.c, qemuBuildInterfaceCommandLine", libvirt="")
def queues_are_for_virtio(case: Case) -> Iterator[Found]:
    """Only a virtio card has several queues, and only a tap or vhost-user device can feed them."""
    for each in case.spec.devices.interfaces:
        queues = each.driver.queues
        if queues is None:
            continue
        if each.model is not None and not each.model.startswith("virtio"):
            fix = setting("Make it virtio", each, model="virtio")
            yield Found(each.driver, "queues", f"A card of model {each.model} has one queue, not {queues}.", fix)
        elif queues > 1 and each.type in {"user", "mcast", "server", "client", "udp"}:
            fix = setting("Leave it out", each.driver, queues=None)
            yield Found(each.driver, "queues", f"An interface of type {each.type} has one queue, not {queues}.", fix)


@rule(
    "NET003",
    "warning",
    source="https://libvirt.org/formatdomain.html#setting-nic-driver-specific-options",
    libvirt="accepts",
)
def a_card_has_no_more_queues_than_vcpus(case: Case) -> Iterator[Found]:
    """Each vCPU uses one queue; the others take interrupts and memory for nothing."""
    vcpus = case.spec.vcpus.maximum
    for each in case.spec.devices.interfaces:
        queues = each.driver.queues
        if queues and vcpus and queues > vcpus:
            fix = setting(f"Make it {vcpus}", each.driver, queues=vcpus)
            yield Found(each.driver, "queues", f"The card has {queues} queues for {vcpus} vCPUs.", fix)


@rule("NET004", "error", source=f"{REFERENCE}: userspace connection", libvirt="fails at start")
def a_session_has_its_own_network(case: Case) -> Iterator[Found]:
    """A user's own libvirt may not make a tap device."""
    if case.host is None or not case.host.session:
        return
    for each in case.spec.devices.interfaces:
        if each.type in {"direct", "ethernet", "vdpa"} and each.target_managed is not False:
            fix = Fix("Take the user's network", partial(to_user, name=name_of(each)))
            yield Found(each, "type", f"A user's own libvirt cannot make an interface of type {each.type}.", fix)
        elif each.type in {"network", "bridge"}:
            fix = Fix("Take the user's network", partial(to_user, name=name_of(each)))
            said = f"In a session, type {each.type} works only where qemu-bridge-helper allows the bridge."
            yield Found(each, "type", said, fix, severity="warning")


@rule("NET005", "error", source="libvirt 9.0 release notes; Debian 12 takes passt out of it", libvirt="refuses")
def libvirt_knows_passt(case: Case) -> Iterator[Found]:
    """Passt connects a user's guest better than QEMU itself does, from libvirt 9.0 on."""
    for each in case.spec.devices.interfaces:
        if each.backend.type != "passt":
            continue
        fix = setting("Leave it to QEMU", each.backend, type=None)
        if case.libvirt is not None and case.libvirt < (9, 0):
            yield Found(each.backend, "type", f"passt needs libvirt 9.0, and the host has {case.libvirt_name}.", fix)
        elif case.libvirt is not None and case.libvirt < (9, 1):
            yield Found(
                each.backend, "type", "passt is in libvirt 9.0, and Debian 12 has taken it out of its own.", fix
            )


@rule("NET006", "error", source=REFERENCE, libvirt="")
def the_network_is_there(case: Case) -> Iterator[Found]:
    """The guest starts only where its network is there and active."""
    if case.host is None:
        return
    bridges = case.host.bridges
    networks = None if case.host.networks is None else {each.name: each for each in case.host.networks}
    for each in case.spec.devices.interfaces:
        if each.type == "network" and each.network and networks is not None:
            if each.network not in networks:
                others = ", ".join(sorted(networks)) or "none"
                yield Found(each, "network", f"{case.host_name} has no network {each.network}; it has {others}.")
            elif not networks[each.network].active:
                said = f"Network {each.network} is not active on {case.host_name}."
                yield Found(each, "network", said, severity="warning")
        if each.type == "bridge" and each.bridge and bridges and each.bridge not in bridges:
            yield Found(each, "bridge", f"No bridge {each.bridge} is known on {case.host_name}.", severity="warning")


@rule("NET007", "warning", source=REFERENCE, libvirt="accepts")
def addresses_are_unique(case: Case) -> Iterator[Found]:
    """Two cards with one address on a network take packets from each other."""
    own: set[str] = set()
    for each in case.spec.devices.interfaces:
        mac = (each.mac or "").lower()
        if not mac:
            continue
        fix = setting("Let libvirt choose one", each, mac=None)
        if mac in own:
            yield Found(each, "mac", f"Two cards of this VM have the address {mac}.", fix)
        elif holders := case.others.holding("macs", mac) if case.others else ():
            yield Found(each, "mac", f"{', '.join(holders[:3])} has the address {mac} too.", fix)
        own.add(mac)


@rule("NET008", "error", source=VALIDATE, libvirt="refuses")
def ring_sizes_are_powers_of_two(case: Case) -> Iterator[Found]:
    """A virtio ring has a power of two of entries."""
    for each in case.spec.devices.interfaces:
        for field in LIMITS:
            size = getattr(each.driver, field)
            if size is not None and size > 0 and size & (size - 1):
                yield Found(each.driver, field, f"{field.replace('_', ' ')} is {size}, and no power of two.")


@rule("NET009", "error", source="libvirt 9.0: src/conf/domain_conf.c, virDomainNetDefParseXML", libvirt="refuses")
def an_address_is_one_cards(case: Case) -> Iterator[Found]:
    """An address whose first byte is odd stands for many cards at once."""
    for each in case.spec.devices.interfaces:
        first = (each.mac or "").partition(":")[0]
        if first and all(letter in "0123456789abcdefABCDEF" for letter in first) and int(first, 16) & 1:
            fix = setting("Let libvirt choose one", each, mac=None)
            yield Found(each, "mac", f"{each.mac} is a multicast address.", fix)


@rule("NET010", "error", source="libvirt 9.0: src/conf/domain_conf.c, virDomainActualNetDefParseXML", libvirt="refuses")
def an_interface_says_where_it_leads(case: Case) -> Iterator[Found]:
    """An interface of this type names what it is plugged into."""
    for each in case.spec.devices.interfaces:
        named = {"network": each.network, "bridge": each.bridge, "direct": each.source.dev}
        if each.type in named and not named[each.type]:
            yield Found(each, "type", f"An interface of type {each.type} names no {each.type} to be plugged into.")
