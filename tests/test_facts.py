"""What a snapshot knows of a host: the same as libvirt says over another connection, and nothing that is made up."""

from datetime import UTC, datetime
from pathlib import Path

import libvirt
import pytest
from lxml import etree

import phyllome_nb as ph
from phyllome_nb.capacity.addresses import cpu_set
from phyllome_nb.capacity.capabilities import domain_capabilities, host_capabilities, host_device
from phyllome_nb.capacity.facts import Claims, Network
from phyllome_nb.capacity.snapshot import DomainFacts, Promise, Snapshot
from phyllome_nb.size import Size
from support.libvirtd import Daemon

CARD = """
<device><name>pci_0000_02_10_7</name><driver><name>igbvf</name></driver>
  <capability type="pci"><class>0x020000</class><domain>0</domain><bus>2</bus><slot>16</slot><function>7</function>
    <product id="0x1520">I350</product><vendor id="0x8086">Intel</vendor>
    <iommuGroup number="31"><address domain="0x0000" bus="0x02" slot="0x10" function="0x7"/></iommuGroup>
    <numa node="1"/></capability></device>
"""
FILE = """
<node><device><name>{name}</name><uuid>11111111-1111-1111-1111-111111111111</uuid>{body}</device>
<network><name>lab</name><bridge name="br-lab"/><ip address="10.0.0.1"/></network>
<pool type="dir"><name>images</name><target><path>/srv</path></target></pool></node>
"""
UUIDS = [f"6695eb01-f6a4-8304-79aa-{number:012x}" for number in range(3)]


def vm(number: int, running: bool, claims: Claims) -> DomainFacts:
    """A VM of so many vCPUs and GiB."""
    promise = Promise(number + 1, number + 2, Size(number + 1, "GiB"), Size(number + 2, "GiB"))
    live = promise if running else None
    return DomainFacts(f"vm-{number}", UUIDS[number], "running", True, False, live, promise, claims=claims)


@pytest.fixture
def three() -> Snapshot:
    """Three VMs, two of which run."""
    shared = Claims(macs=frozenset({"52:54:00:00:00:01"}), cpus=frozenset({3}))
    domains = (vm(0, True, shared), vm(1, True, Claims(cpus=frozenset({3}))), vm(2, False, shared))
    return Snapshot(ph.demo().snapshot().host, domains, datetime.now(UTC))


def test_the_facts_are_those_of_libvirt(daemon: Daemon) -> None:
    """Over the real QEMU driver, each compared with what another connection says."""
    host = ph.connect(daemon.uri, write=True, timeout=60)
    other = libvirt.open(daemon.uri)
    other.getDomainCapabilities(machine="q35", virttype="qemu")
    facts = host.snapshot().host
    root = etree.fromstring(other.getCapabilities().encode())
    assert facts.arch == root.findtext("host/cpu/arch")
    assert facts.session is True
    assert {cpu.id for cell in facts.cells for cpu in cell.cpus} == {
        int(cpu.get("id", "")) for cpu in root.findall("host/topology/cells/cell/cpus/cpu")
    }
    assert [cell.memory for cell in facts.cells] == [
        Size(memory.text or "", "KiB") for memory in root.findall("host/topology/cells/cell/memory")
    ]
    sizes = [int(page.get("size", "0")) for page in root.findall("host/topology/cells/cell[@id='0']/pages")]
    assert [pool.size.to("KiB") for pool in facts.cells[0].pages] == sizes
    assert facts.emulators == frozenset(emulator.text or "" for emulator in root.findall("guest/arch/emulator"))
    machines = {each.machine for each in facts.domain_capabilities if each.type == "qemu"}
    assert any("q35" in machine for machine in machines)
    q35 = next(each for each in facts.domain_capabilities if "q35" in each.machine and each.type == "qemu")
    told = etree.fromstring(other.getDomainCapabilities(machine="q35", virttype="qemu").encode())
    assert q35.vcpus == int(told.find("vcpu").get("max"))  # type: ignore[union-attr, arg-type]
    tpm = "devices/tpm/enum[@name='backendModel']/value"
    assert q35.enums["devices/tpm/backendModel"] == {value.text for value in told.findall(tpm)}
    assert q35.supported["cpu/host-passthrough"] is False
    assert q35.models["qemu64"] in {"yes", "no", "unknown"}
    assert facts.memory_available is not None
    assert 0 < facts.memory_available < facts.memory


def test_a_reader_is_not_told_everything(daemon: Daemon) -> None:
    """Libvirt tells only writers what the emulator offers; the rest is there."""
    facts = ph.connect(daemon.uri).snapshot().host
    assert facts.domain_capabilities == ()
    assert facts.emulators


def test_networks_pools_and_devices(tmp_path: Path) -> None:
    """By name and whether they are active, devices by their address."""
    path = tmp_path / "host.xml"
    path.write_text(
        FILE.format(name="pci_0000_02_10_7", body=CARD[CARD.index("<capability") : CARD.index("</device>")])
    )
    facts = ph.connect(f"test://{path}").snapshot().host
    assert facts.networks == (Network("lab", active=True, autostart=False, bridge="br-lab"),)
    assert facts.bridges == frozenset({"br-lab"})
    [pool] = facts.pools or ()
    assert (pool.name, pool.active, pool.type, pool.path) == ("images", True, "dir", "/srv")
    assert pool.capacity == (pool.allocation or 0) + (pool.available or 0) > 0
    assert [device.address for device in facts.devices or ()] == ["0000:02:10.7"]


def test_the_test_driver_does_not_say_what_it_offers() -> None:
    """It takes any definition, so that what it says of itself would only mislead."""
    facts = ph.demo().snapshot().host
    assert (facts.kvm, facts.emulators, facts.guests, facts.arch) == (None, None, (), "")
    linux = ph.profiles.linux(name="new")
    assert not linux.findings(ph.demo()).errors


def test_a_device_of_the_host() -> None:
    """Its address, its group, its node, its driver and its class."""
    card = host_device(CARD)
    assert card is not None
    assert (card.kind, card.address, card.group, card.node, card.driver) == ("pci", "0000:02:10.7", 31, 1, "igbvf")
    assert (card.device_class, card.product) == ("0x020000", "I350")
    assert host_device("<device><name>net_lo</name><capability type='net'/></device>") is None


NETWORK_CARD = """<device><name>pci_0000_02_00_0</name><capability type="pci"><class>0x020000</class>
<domain>0</domain><bus>2</bus><slot>0</slot><function>0</function><vendor id="0x8086">Intel</vendor>
<capability type="virt_functions" maxCount="7">
<address domain="0x0000" bus="0x02" slot="0x10" function="0x0"/>
<address domain="0x0000" bus="0x02" slot="0x10" function="0x4"/></capability></capability></device>"""
VIRTUAL = """<device><name>pci_0000_02_10_0</name><capability type="pci"><class>0x020000</class>
<domain>0</domain><bus>2</bus><slot>16</slot><function>0</function>
<capability type="phys_function"><address domain="0x0000" bus="0x02" slot="0x00" function="0x0"/></capability>
</capability></device>"""
GPU = """<device><name>pci_0000_06_00_0</name><capability type="pci"><class>0x030000</class>
<domain>0</domain><bus>6</bus><slot>0</slot><function>0</function><product id="0x1eb8">T4</product>
<vendor id="0x10de">NVIDIA</vendor><numa node="1"/>
<capability type="mdev_types"><type id="nvidia-222"><name>GRID T4-1B</name><deviceAPI>vfio-pci</deviceAPI>
<availableInstances>16</availableInstances></type>
<type id="nvidia-223"><deviceAPI>vfio-pci</deviceAPI><availableInstances>0</availableInstances></type>
</capability></capability></device>"""


def test_virtual_functions_and_what_a_gpu_can_be_divided_into() -> None:
    """Who belongs to whom, how many there can be, and how many mediated devices are left."""
    snap = ph.Snapshot.from_xml("<capabilities><host/></capabilities>", devices=[NETWORK_CARD, VIRTUAL, GPU])
    table = snap.capacity("device")
    card, function, gpu = (table[table["address"] == f"0000:{place}.0"] for place in ("02:00", "02:10", "06:00"))
    assert card[["sriov", "virtual", "virtual_max"]].to_numpy().tolist() == [["physical", 2, 7]]
    assert function[["sriov", "physical"]].to_numpy().tolist() == [["virtual", "0000:02:00.0"]]
    assert gpu[["gpu", "cell", "vendor", "product"]].to_numpy().tolist() == [[True, 1, "NVIDIA", "T4"]]
    kinds = table[table["kind"] == "mdev type"]
    assert kinds[["product", "available", "cell"]].to_numpy().tolist() == [["GRID T4-1B", 16, 1], ["nvidia-223", 0, 1]]
    assert table["gpu"].sum() == 1


def test_what_is_not_said_is_not_known() -> None:
    """No guess takes its place."""
    empty = host_capabilities("<capabilities/>")
    assert (empty["kvm"], empty["iommu"], empty["address_bits"], empty["emulators"]) == (None, None, None, None)
    assert domain_capabilities("<domainCapabilities/>").vcpus is None


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("0", {0}), ("0-3,^2,8", {0, 1, 3, 8}), ("1-2,2-3", {1, 2, 3}), ("0-3,^0-1", {2, 3}), (" 1 , 2 ", {1, 2})],
)
def test_lists_of_cpus(text: str, numbers: set[int]) -> None:
    """In libvirt's form."""
    assert cpu_set(text) == numbers


@pytest.mark.parametrize("text", ["", "a", "1-", "3-1", "0-99999999999", "16384", "1;2"])
def test_what_is_no_list_of_cpus(text: str) -> None:
    """A sentence says so, at once."""
    with pytest.raises(ValueError, match="no list of CPUs"):
        cpu_set(text)


def test_what_a_definition_claims() -> None:
    """Addresses, images it writes alone, devices, CPUs; what cannot be read is left out."""
    spec = ph.DomainSpec("a")
    spec.devices.disks.add(type="file", device="disk", file="/a")
    spec.devices.disks.add(type="file", device="cdrom", file="/iso")
    spec.devices.disks.add(type="file", file="/shared", shareable=True)
    spec.devices.disks.add(type="block", dev="/dev/sdb")
    spec.devices.interfaces.add(type="user", mac="52:54:00:AB:CD:EF")
    usb = spec.devices.hostdevs.add(mode="subsystem", type="usb")
    usb.source.update(vendor=0x1234, product=0xBEEF)
    spec.cputune.vcpupins.add(vcpu=0, cpuset="1-2")
    spec.cputune.vcpupins.add(vcpu=1, cpuset="nonsense")
    spec.devices.vsock.update(cid_auto=False, cid_address=7)
    spec.memory.maximum, spec.vcpus.maximum = "1 GiB", 2
    assert Promise.of(spec).claims == Claims(
        macs=frozenset({"52:54:00:ab:cd:ef"}),
        images=frozenset({"/a", "/dev/sdb"}),
        devices=frozenset({"1234:beef"}),
        cpus=frozenset({1, 2}),
        cids=frozenset({7}),
    )


def test_the_others_hold_what_they_hold(three: Snapshot) -> None:
    """All of them, and without the one that is edited."""
    mac = "52:54:00:00:00:01"
    assert three.others().holding("macs", mac) == ("vm-0", "vm-2")
    assert three.others(UUIDS[0]).holding("macs", mac) == ("vm-2",)
    assert three.others(UUIDS[0].upper()).holding("cpus", 3) == ("vm-1", "vm-2")
    assert three.others().holding("images", "/none") == ()
    assert three.others(UUIDS[1]).named("vm-1") is None
    assert three.others().named("vm-1") is three.domains[1]
    assert three.others(UUIDS[1]).with_uuid(UUIDS[1]) is three.domains[1]


def test_the_others_are_summed(three: Snapshot) -> None:
    """Those that run, or all; without the one that is edited."""
    running, defined = three.others().promised("running"), three.others().promised("defined")
    assert (running.vcpus, running.vcpus_max, running.memory) == (1 + 2, 2 + 3, Size("3 GiB"))
    assert (defined.vcpus, defined.memory_max) == (1 + 2 + 3, Size("9 GiB"))
    assert three.others(UUIDS[1]).promised("running").vcpus == 1
    assert three.others(UUIDS[2]).promised("running").vcpus == running.vcpus
    assert three.others(UUIDS[2]).promised("defined").vcpus == 3


def test_stored_vms_claim_what_they_say(daemon: Daemon) -> None:
    """A snapshot of a real host knows who has which image."""
    host = ph.connect(daemon.uri, write=True)
    spec = ph.profiles.minimal(name="claimant", memory="64 MiB", type="qemu", session=True, disk="/srv/claimed.qcow2")
    host.change(spec).apply()
    assert host.snapshot().others().holding("images", "/srv/claimed.qcow2") == ("claimant",)
