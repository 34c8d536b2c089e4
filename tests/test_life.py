"""The life of a VM: each call does what it says on a real libvirt, and says it in one sentence."""

import re
from collections.abc import Iterator
from pathlib import Path

import libvirt
import pytest

import phyllome_nb as ph
from examples.example import machine
from phyllome_nb.errors import DomainExists, FieldError, NoSuchDomain, Refused, Undecided
from phyllome_nb.host.guest import Guest
from support.guest import CMDLINE, DOMAIN_TYPE, READY, Accelerator
from support.libvirtd import Daemon
from support.process import until


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@pytest.fixture
def other(daemon: Daemon) -> Iterator[libvirt.virConnect]:
    """Somebody who looks at the host another way."""
    connection = libvirt.open(daemon.uri)
    yield connection
    connection.close()


@pytest.fixture
def vm(daemon: Daemon, other: libvirt.virConnect) -> Guest:
    """A machine without a system, which runs its firmware: it can be started and stopped."""
    other.defineXML(machine(name="vm", vcpu="<vcpu>2</vcpu>"))
    return ph.connect(daemon.uri, write=True).guest("vm")


def test_it_is_started_paused_resumed_and_stopped(vm: Guest, other: libvirt.virConnect) -> None:
    """Each sentence is true of the VM when it is said."""
    domain = other.lookupByName("vm")
    assert vm.start() == "vm runs."
    assert domain.state()[0] == libvirt.VIR_DOMAIN_RUNNING
    assert vm.pause() == "vm is paused; it keeps its memory."
    assert domain.state()[0] == libvirt.VIR_DOMAIN_PAUSED
    assert vm.resume() == "vm runs."
    assert domain.state()[0] == libvirt.VIR_DOMAIN_RUNNING
    assert vm.reboot() == "vm was asked to boot again; it keeps the definition it runs with."
    assert vm.shutdown() == "vm was asked to turn itself off."
    assert vm.shutdown(wait=0.3) == "vm still runs after 0.3 s."
    assert vm.force_off() == "vm was forced off: what it had not written to its disks is lost."
    assert not domain.isActive()


@pytest.mark.parametrize("call", ["shutdown", "force_off", "reboot", "pause", "resume"])
def test_what_cannot_be_done_now_is_refused_in_one_sentence(vm: Guest, call: str) -> None:
    """A VM that is off cannot be stopped: the sentence is libvirt's, without its jargon around it."""
    with pytest.raises(Refused, match=r"libvirt refused\. It said: .*not running"):
        getattr(vm, call)()


def test_a_saved_vm_goes_on_and_is_said_to(vm: Guest, other: libvirt.virConnect) -> None:
    """A managed save is named before a change, after it, before undefining, and at the start."""
    vm.start()
    other.lookupByName("vm").managedSave()
    spec = vm.host.domain("vm")
    spec.memory.maximum = spec.memory.current = "96 MiB"
    change = vm.host.change(spec)
    (said,) = change.situation.notes()
    assert said.startswith("vm has a managed save image: its next start goes on from there as it was")
    assert "managed save image" in str(change.apply())
    with pytest.raises(Undecided, match=r"managed save image.*Nothing was done\. Say managed_save='remove'"):
        vm.undefine()
    assert vm.start() == "vm goes on from where it was saved."


def test_a_change_of_a_running_vm_waits_for_its_next_start(vm: Guest, other: libvirt.virConnect) -> None:
    """It is said, and what is pending already is named: that, and nothing that only a run has filled in."""
    vm.start()
    spec = vm.host.domain("vm")
    assert vm.host.change(spec).situation.pending == ()
    spec.vcpus.maximum = 4
    report = vm.host.change(spec).apply()
    assert "vm runs with what it has; the change takes effect at its next start." in str(report)
    assert other.lookupByName("vm").maxVcpus() == 2
    spec = vm.host.domain("vm")
    assert vm.host.change(spec).situation.notes()[-1] == "Its next start brings changes already: rewrote vcpu: 2 → 4."


def test_autostart_is_set_and_unset(vm: Guest, other: libvirt.virConnect) -> None:
    """As an independent look at the host tells."""
    assert vm.autostart() == "vm starts with its host."
    assert other.lookupByName("vm").autostart()
    assert vm.autostart(False) == "vm does not start with its host."
    assert not other.lookupByName("vm").autostart()


def test_a_renamed_vm_is_the_same_vm(vm: Guest) -> None:
    """Its uuid and its history go along; a harmful name never reaches libvirt."""
    assert vm.rename("other") == "vm is now called other."
    assert vm.host.domain("other").uuid == vm.uuid
    assert [kept.spec.name for kept in vm.host.history("other")] == ["vm"]
    assert vm.start() == "other runs."
    with pytest.raises(FieldError, match="cannot name a VM"):
        vm.rename("..")


def test_a_taken_name_is_refused(vm: Guest, other: libvirt.virConnect) -> None:
    """Neither a clone nor a rename touches the VM that has it."""
    other.defineXML(machine(name="taken"))
    before = other.lookupByName("taken").XMLDesc()
    with pytest.raises(Refused, match="exists"):
        vm.rename("taken")
    with pytest.raises(DomainExists):
        vm.clone("taken").apply()
    assert other.lookupByName("taken").XMLDesc() == before


def test_a_clone_has_an_identity_of_its_own(daemon: Daemon, other: libvirt.virConnect) -> None:
    """Another uuid, other MAC addresses, another generation id and NVRAM; the shared disk is warned of."""
    devices = "<interface type='user'/><disk type='file'><source file='/d'/><target dev='vda' bus='virtio'/></disk>"
    other.defineXML(machine(devices, name="vm", top="<genid/>"))
    host = ph.connect(daemon.uri, write=True)
    change = host.guest("vm").clone("copy")
    assert any("disk of vm too" in finding.what for finding in change.findings)
    change.apply()
    one, two = host.domain("vm"), host.domain("copy")
    assert one.uuid != two.uuid
    assert one.genid != two.genid
    assert one.devices.interfaces[0].mac != two.devices.interfaces[0].mac
    assert {each.path.partition("@")[0] for each in one.diff(two)} == {
        "name",
        "uuid",
        "genid",
        "devices/interface/mac/",
    }


def test_everything_that_undefining_touches_is_asked_about(daemon: Daemon, other: libvirt.virConnect) -> None:
    """NVRAM, TPM state, snapshots and the run itself are named; without an answer nothing is done."""
    host = ph.connect(daemon.uri, write=True)
    host.change(ph.profiles.linux(name="vm", memory="256 MiB", type="qemu", network=None)).apply()
    domain = other.lookupByName("vm")
    known = f"<name>one</name><state>shutoff</state><creationTime>1</creationTime>{domain.XMLDesc()}"
    domain.snapshotCreateXML(f"<domainsnapshot>{known}</domainsnapshot>", libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE)
    guest = host.guest("vm")
    guest.start()
    assert list(guest.leaves()) == ["nvram", "tpm", "snapshots", "running"]
    with pytest.raises(Undecided) as raised:
        guest.undefine()
    for said in ("NVRAM", "TPM", "snapshots, 1 in number", "vanish", "Nothing was done"):
        assert said in str(raised.value)
    guest.force_off()
    with pytest.raises(Undecided, match="libvirt cannot undefine vm and keep its snapshots"):
        guest.undefine(nvram="keep", tpm="keep", snapshots="keep")
    assert other.lookupByName("vm").isPersistent()
    nvram = daemon.base / "config/libvirt/qemu/nvram/vm_VARS.fd"
    assert nvram.exists()
    said = guest.undefine(nvram="keep", tpm="keep", snapshots="remove")
    assert said == (
        "vm is undefined, and its snapshots with it; its disks stay, and host.history('vm') has its definition."
    )
    assert nvram.exists()
    with pytest.raises(NoSuchDomain):
        guest.start()
    host.restore(host.history("vm")[-1]).apply()
    host.guest("vm").undefine(nvram="remove", tpm="remove")
    assert not nvram.exists()


@pytest.mark.parametrize("fate", ["yes", True])
def test_a_fate_is_one_of_two_words(vm: Guest, fate: object) -> None:
    """Anything else is refused before the host is asked to do anything."""
    with pytest.raises(ValueError, match="neither 'keep' nor 'remove'"):
        vm.undefine(nvram=fate)  # type: ignore[arg-type]
    assert vm.host.domain("vm").name == "vm"


def test_vcpus_are_plugged_now_and_for_later(daemon: Daemon, other: libvirt.virConnect) -> None:
    """The running VM and its definition both have what was asked for; more than the maximum is refused."""
    other.defineXML(machine(name="vm", vcpu="<vcpu current='1'>4</vcpu>"))
    guest = ph.connect(daemon.uri, write=True).guest("vm")
    assert guest.set_vcpus(2) == "vm has 2 vCPUs from its next start on."
    guest.start()
    assert guest.set_vcpus(3) == "vm has 3 vCPUs now and from its next start on."
    domain = other.lookupByName("vm")
    live, config = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG
    assert (domain.vcpusFlags(live), domain.vcpusFlags(config)) == (3, 3)
    assert guest.set_vcpus(4, stored=False) == "vm has 4 vCPUs until it is turned off."
    assert (domain.vcpusFlags(live), domain.vcpusFlags(config)) == (4, 3)
    with pytest.raises(FieldError, match=r"5 are more than the maximum of 4; raise that first"):
        guest.set_vcpus(5)
    with pytest.raises(FieldError, match=r"1 GiB is more than the maximum of .*; raise that first"):
        guest.set_memory("1 GiB")


@pytest.mark.usefixtures("guest")
def test_a_guest_gives_memory_back_and_turns_itself_off(
    daemon: Daemon, accelerator: Accelerator, other: libvirt.virConnect
) -> None:
    """A real guest: its balloon moves, and it obeys the power button."""
    host = ph.connect(daemon.uri, write=True)
    log = daemon.directory / "console.log"
    spec = ph.profiles.linux_legacy(name="real", memory="160 MiB", vcpus=1, network=None, type=DOMAIN_TYPE[accelerator])
    spec.os.kernel, spec.os.initrd, spec.os.cmdline = str(daemon.kernel), str(daemon.initrd), CMDLINE
    spec.devices.consoles[0].log = str(log)
    host.change(spec).apply()
    guest = host.guest("real")
    guest.start()
    until(lambda: log.exists() and READY in log.read_text(errors="replace"), 90, f"the guest to say {READY}")
    assert guest.set_memory("128 MiB") == "real has 128 MiB of memory now and from its next start on."
    domain = other.lookupByName("real")
    until(lambda: domain.memoryStats()["actual"] == 128 * 1024, 20, "the balloon to move")
    assert str(host.domain("real").memory.current) == "128 MiB"
    assert re.fullmatch(r"real is off\.", guest.shutdown(wait=40))


def test_a_transient_vm_is_not_made_permanent_by_an_edit(daemon: Daemon, other: libvirt.virConnect) -> None:
    """It has no stored definition: nothing is written, and it vanishes when it is turned off, as it would have."""
    other.createXML(machine(name="passing"))
    host = ph.connect(daemon.uri, write=True)
    spec = host.domain("passing")
    spec.title = "kept?"
    change = host.change(spec)
    assert "passing is transient: it has no stored definition that could be changed." in change.situation.notes()
    with pytest.raises(Refused, match=r"'passing' is transient.*Nothing was written"):
        change.apply()
    assert not other.lookupByName("passing").isPersistent()
    guest = host.guest("passing")
    assert guest.set_memory("32 MiB", stored=False) == "passing has 32 MiB of memory until it is turned off."
    guest.force_off()
    assert other.listAllDomains() == []


def test_what_the_running_vm_refuses_is_not_stored_either(vm: Guest) -> None:
    """More memory than it was started with: neither the VM nor its definition is changed."""
    vm.start()
    spec = vm.host.domain("vm")
    spec.memory.maximum = "256 MiB"
    vm.host.change(spec).apply()
    with pytest.raises(Refused, match="higher than max memory"):
        vm.set_memory("200 MiB")
    assert str(vm.host.domain("vm").memory.current) == "64 MiB"
    with pytest.raises(ph.errors.DefinitionError, match="Neither the running VM nor its definition"):
        vm.set_memory("32 MiB", live=False, stored=False)
