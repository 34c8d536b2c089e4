"""What a host offers: read from what libvirt says of it, held against what libvirt then does, shown in the form."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import libvirt
import pytest

import phyllome_nb as ph
from examples.example import host as small_host
from examples.example import machine
from phyllome_nb.capacity.facts import Guest
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.panels.calls import Calls
from phyllome_nb.panels.form import Form
from phyllome_nb.rules.case import Case
from phyllome_nb.rules.offers import ENUMS, FLAGS, SUGGESTED, Offers, offers, words_of
from phyllome_nb.rules.since import WORDS, lacking
from phyllome_nb.xml.fields import Field
from phyllome_nb.xml.part import Part, entries
from support.libvirtd import UNDEFINE, Daemon
from support.panel import complaint, field, section
from support.process import until

HOSTS = Path(__file__).parents[1] / "notebooks/hosts"
FIELDS = {entry.name: entry.field for entry in entries(DomainSpec)}
OS = '<os{}><type arch="x86_64" machine="{}">hvm</type>{}</os>'
FIRMWARE = "/usr/share/seabios/bios-256k.bin"
TARGETS = {"virtio": "vda", "ide": "hda", "fdc": "fda", "xen": "xvda", "uml": "ubda", "nvme": "nvme0n1"}
DEVICES = {
    "devices.graphics[].type": '<graphics type="{}"/>',
    "devices.videos[].model": '<video><model type="{}"/></video>',
    "devices.rngs[].model": '<rng model="{}"><backend model="builtin"/></rng>',
    "devices.tpms[].model": '<tpm model="{}"><backend type="emulator" version="2.0"/></tpm>',
    "devices.tpms[].version": '<tpm model="tpm-tis"><backend type="emulator" version="{}"/></tpm>',
    "devices.filesystems[].driver.type": '<filesystem type="mount"><driver type="{}"/><source dir="/tmp"/>'
    '<target dir="tag"/></filesystem>',
    "devices.redirdevs[].bus": '<redirdev bus="{}" type="spicevmc"/><graphics type="spice"/>',
    "devices.disks[].model": '<disk type="file" device="disk" model="{}"><source file="/tmp/none"/>'
    '<target dev="vda" bus="virtio"/></disk>',
    "devices.cryptos[].model": '<crypto model="{}" type="qemu"><backend model="builtin" queues="1"/></crypto>',
    "devices.cryptos[].backend": '<crypto model="virtio" type="qemu"><backend model="{}" queues="1"/></crypto>',
}
RNGS = {"random": ">/dev/urandom</backend>", "builtin": "/>"}
EGD = ' type="tcp"><source mode="connect" host="127.0.0.1" service="1"/></backend>'
TPMS = {
    "passthrough": '<device path="/dev/tpm0"/>',
    "external": '<source type="unix" mode="connect" path="/tmp/none"/>',
}
USB = '<source startupPolicy="optional"><vendor id="0x1234"/><product id="0x1234"/></source>'


def _disk_bus(word: str, chipset: str) -> str:
    device = "floppy" if word == "fdc" else "disk"
    target = f'<target dev="{TARGETS.get(word, "sda")}" bus="{word}"/>'
    disk = f'<disk device="{device}"><source file="/tmp/none"/>{target}</disk>'
    return machine(f'<controller type="usb" model="qemu-xhci"/>{disk}', os=OS.format("", chipset, ""))


def _disk_device(word: str, chipset: str) -> str:
    bus, kind = {"floppy": ("fdc", "file"), "lun": ("scsi", "block")}.get(word, ("sata", "file"))
    source = '<source dev="/dev/none"/>' if kind == "block" else '<source file="/tmp/none"/>'
    disk = f'<disk type="{kind}" device="{word}">{source}<target dev="{TARGETS.get(bus, "sda")}" bus="{bus}"/></disk>'
    return machine(disk, os=OS.format("", chipset, ""))


def _loader(word: str, chipset: str) -> str:
    path = "/usr/share/OVMF/OVMF_CODE_4M.fd" if word == "pflash" else FIRMWARE
    return machine(os=OS.format("", chipset, f'<loader readonly="yes" type="{word}">{path}</loader>'))


def _hostdev(word: str, chipset: str) -> str:
    inside = USB if word == "subsystem" else "<source><char>/dev/null</char></source>"
    kind = "usb" if word == "subsystem" else "misc"
    return machine(f'<hostdev mode="{word}" type="{kind}">{inside}</hostdev>', os=OS.format("", chipset, ""))


def _sev(word: str, chipset: str) -> str:
    said = f'<launchSecurity type="{word}"><policy>0x1</policy></launchSecurity>'
    return machine(os=OS.format("", chipset, "")).replace("</devices>", f"</devices>{said}")


def _device(name: str) -> Callable[[str, str], str]:
    return lambda word, chipset: machine(DEVICES[name].format(word), os=OS.format("", chipset, ""))


SAYING: dict[str, Callable[[str, str], str]] = {
    "type": lambda word, chipset: machine(type=word, os=OS.format("", chipset, "")),
    "memory.source": lambda word, chipset: machine(
        top=f'<memoryBacking><source type="{word}"/></memoryBacking>', os=OS.format("", chipset, "")
    ),
    "os.firmware": lambda word, chipset: machine(os=OS.format(f' firmware="{word}"', chipset, "")),
    "os.loader_type": _loader,
    "cpu.mode": lambda word, chipset: machine(
        cpu=f'<cpu mode="{word}">{"<model>qemu64</model>" if word == "custom" else ""}</cpu>',
        os=OS.format("", chipset, ""),
    ),
    "features.gic_version": lambda word, chipset: machine(
        features=f'<features><acpi/><gic version="{word}"/></features>', os=OS.format("", chipset, "")
    ),
    "launch_security.type": _sev,
    "devices.disks[].bus": _disk_bus,
    "devices.disks[].device": _disk_device,
    "devices.hostdevs[].mode": _hostdev,
    "devices.rngs[].backend": lambda word, chipset: machine(
        f'<rng model="virtio"><backend model="{word}"{RNGS.get(word, EGD)}</rng>', os=OS.format("", chipset, "")
    ),
    "devices.tpms[].backend": lambda word, chipset: machine(
        f'<tpm model="tpm-tis"><backend type="{word}">{TPMS.get(word, "")}</backend></tpm>',
        os=OS.format("", chipset, ""),
    ),
    **{name: _device(name) for name in DEVICES},
}
"""By narrowed field, a definition that says a word in it."""

BESIDES = {"virtiofs": "session mode", "sev-snp": "", "tdx": "", "s390-pv": ""}
"""Words that the host does not speak of, or that something else forbids here: a piece of what libvirt says."""


@pytest.fixture(scope="session")
def snapshot(running_daemon: Daemon) -> ph.Snapshot:
    """The host of the daemon; one that has just been started may not have asked its QEMU yet."""
    # libvirt tells what an emulator offers to those alone who may write.
    with ph.connect(running_daemon.uri, write=True) as host:
        until(lambda: host.snapshot().host.domain_capabilities, 120, "the daemon to ask its QEMU")
        return host.snapshot()


def part_of(spec: DomainSpec, name: str) -> tuple[Part, Field[Any, Any]]:
    """The part that holds a field, and the field; a list is given a part where it has none."""
    *steps, last = name.split(".")
    part: Any = spec
    for step in steps:
        inside = getattr(part, step.removesuffix("[]"))
        part = (inside[0] if len(inside) else inside.add()) if step.endswith("[]") else inside
    return part, part.__declared__[last]


def offered(text: str, name: str, snapshot: ph.Snapshot | None) -> Offers:
    """What a host offers in a field of this definition."""
    spec = DomainSpec.from_xml(text)
    return offers(Case(spec, snapshot), *part_of(spec, name))


def refusal(connection: libvirt.virConnect, text: str, *, start: bool) -> str:
    """What libvirt says when it refuses to define a VM, or to start it; empty where it does not."""
    try:
        domain = connection.defineXMLFlags(text, libvirt.VIR_DOMAIN_DEFINE_VALIDATE)
    except libvirt.libvirtError as error:
        return str(error)
    try:
        if start:
            domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
            domain.destroy()
    except libvirt.libvirtError as error:
        return str(error)
    finally:
        domain.undefineFlags(UNDEFINE)
    return ""


@pytest.mark.parametrize("chipset", ["q35", "pc"])
@pytest.mark.parametrize("name", ["type", *ENUMS, *FLAGS])
def test_libvirt_refuses_what_is_not_offered_and_takes_what_is(
    daemon: Daemon, snapshot: ph.Snapshot, name: str, chipset: str
) -> None:
    """Each word that is called not offered is refused, at define or at start; each other word is defined."""
    say = SAYING[name]
    connection = libvirt.open(daemon.uri)
    try:
        said = offered(machine(os=OS.format("", chipset, "")), name, snapshot)
        assert {*said.words, *said.others} == set(words_of(FIELDS[name]))
        ran = [word for word in said.others if not refusal(connection, say(word, chipset), start=True)]
        wrong = [f"{word} is not offered, and libvirt runs it" for word in ran]
        for word in said.words:
            why = refusal(connection, say(word, chipset), start=False)
            if why and BESIDES.get(word, why + "!") not in why:
                wrong.append(f"{word} is offered, and libvirt says: {why}")
    finally:
        connection.close()
    assert not wrong


NEWER = [
    ('<sound model="{}"/>', "devices.sounds[].model", "virtio", "ich9"),
    ('<audio id="1" type="{}"/>', "devices.audios[].type", "pipewire", "none"),
    ('<watchdog model="{}"/>', "devices.watchdogs[].model", "itco", "i6300esb"),
    ('<panic model="{}"/>', "devices.panics[].model", "pvpanic", "isa"),
    ('<iommu model="{}"/>', "devices.iommus[].model", "amd", "intel"),
    (
        '<disk type="block" device="disk"><source dev="/dev/none"/><target dev="sda" bus="{}"/></disk>',
        "devices.disks[].bus",
        "nvme",
        "sata",
    ),
]


@pytest.mark.parametrize("case", NEWER, ids=[each[1] for each in NEWER])
def test_an_older_libvirt_refuses_a_word_that_came_later(
    daemon: Daemon, snapshot: ph.Snapshot, case: tuple[str, str, str, str]
) -> None:
    """A word that the reference dates later than the host's libvirt is refused; the same device is not."""
    device, name, newer, older = case
    if not lacking(Case(DomainSpec.from_xml(machine()), snapshot), WORDS[name][newer]):
        pytest.skip(f"this host knows {newer}")
    connection = libvirt.open(daemon.uri)
    try:
        assert refusal(connection, machine(device.format(newer)), start=False)
        assert not refusal(connection, machine(device.format(older)), start=False)
    finally:
        connection.close()
    found = DomainSpec.from_xml(machine(device.format(newer))).findings(snapshot)
    assert any(each.id == "VER001" and newer in each.what for each in found)
    assert offered(machine(), name, snapshot).others[newer].startswith("needs ")


def test_every_field_and_word_of_the_tables_is_one_of_the_lens() -> None:
    """A field that was renamed, or a word that was misspelt, would be narrowed by nothing."""
    assert {*ENUMS, *FLAGS, *SUGGESTED, *WORDS} <= set(FIELDS)
    for name, words in [*WORDS.items(), *FLAGS.items()]:
        assert set(words) <= set(words_of(FIELDS[name])), name


@pytest.mark.parametrize("name", ["devices.graphics[].type", "devices.disks[].bus", "cpu.mode", "type", "os.machine"])
def test_nothing_is_narrowed_by_a_host_that_says_nothing(name: str) -> None:
    """No host, one of the test driver, and one whose capabilities are not known leave every word."""
    everything = Offers(words_of(FIELDS[name]))
    assert offered(machine(), name, None) == everything
    assert offered(machine(), name, ph.demo().snapshot()) == everything
    told = offered(machine(), name, small_host(libvirt="99.0.0", domain_capabilities=()))
    assert told == everything


def test_a_host_of_another_driver_narrows_nothing() -> None:
    """What a Xen host lists was held against no real one; its words are left as they are."""
    guest = Guest("x86_64", "/usr/bin/qemu-system-i386", frozenset({"xen"}), frozenset({"xenfv"}))
    for name in ("type", "devices.sounds[].model"):
        told = offered(machine(), name, small_host(hypervisor="Xen 4.17.0", guests=(guest,)))
        assert told == Offers(words_of(FIELDS[name]))


def test_the_reason_names_the_version_that_brings_the_word() -> None:
    """An older libvirt and an older QEMU are each named, with what is needed; a plain no names QEMU and the machine."""
    name, enums = "devices.graphics[].type", {"devices/graphics/type": frozenset({"vnc"})}
    others = offered(machine(), name, small_host(libvirt="8.0.0")).others
    assert others["dbus"] == "needs libvirt 8.4, and the host has 8.0.0"
    others = offered(machine(), name, small_host(hypervisor="QEMU 6.2.0")).others
    assert others["dbus"] == "needs QEMU 7.0, and the host has 6.2.0"
    told = offered(machine(), name, small_host(capabilities={"enums": enums}))
    assert told.words == ("vnc",)
    assert told.others["spice"] == "the host's QEMU 7.2.22 does not offer it for q35"


def test_a_device_that_the_host_does_not_have_at_all_has_no_words() -> None:
    """Where the capabilities say that there is no TPM, they list no models either."""
    told = offered(machine(), "devices.tpms[].model", small_host(capabilities={"supported": {"devices/tpm": False}}))
    assert told.words == ()


@pytest.mark.parametrize("name", ["one-cell", "four-cells", "eight-cells"])
def test_the_bundled_hosts_narrow_the_form(name: str) -> None:
    """The recorded hosts say what their QEMU offers; IDE is for the older chipset alone."""
    snapshot = ph.Snapshot.load(HOSTS / f"{name}.json")
    assert "ide" in offered(machine(), "devices.disks[].bus", snapshot).others
    older = machine(os=OS.format("", "pc", ""))
    assert "ide" in offered(older, "devices.disks[].bus", snapshot).words


def test_a_host_suggests_what_it_has() -> None:
    """Machines, emulators, CPU models, networks, pools and bridges are the host's own; any other can be typed."""
    snapshot = ph.Snapshot.load(HOSTS / "four-cells.json")
    machines = offered(machine(), "os.machine", snapshot).words
    assert machines[:3] == ("q35", "pc", "microvm")
    assert "pc-q35-7.2" in machines
    assert "pseries" not in machines
    assert offered(machine(), "devices.emulator", snapshot).words == ("/usr/bin/qemu-system-x86_64",)
    assert "EPYC" in offered(machine(), "cpu.model", small_host(capabilities={"models": {"EPYC": "yes"}})).words
    with_bridge = replace(snapshot, host=replace(snapshot.host, bridges=frozenset({"br7"})))
    assert offered(machine(), "devices.interfaces[].bridge", with_bridge).words == ("br7",)
    assert offered(machine(), "devices.interfaces[].network", ph.demo().snapshot()).words == ("default",)


# The form -------------------------------------------------------------------------------------------------------------


class Panel:
    """A form for a definition, whose host has been read."""

    def __init__(self, text: str, snapshot: ph.Snapshot | None) -> None:
        self.spec = DomainSpec.from_xml(text)
        self.form = Form(self.spec, self.check, Calls())
        self.form.state.snapshot = snapshot
        for part in (
            self.spec.os,
            self.spec.cpu,
            type(self.spec.devices).disks.part,
            type(self.spec.devices).graphics.part,
        ):
            section(self.form.widget, part.__title__).value = True
        self.check()

    def check(self) -> None:
        """Do what the panel does after each change."""
        self.form.show_findings(self.spec.findings(self.form.state.snapshot))

    def field(self, name: str) -> Any:
        """The input of a field."""
        return field(self.form.widget, name)

    def complaint(self, name: str) -> str:
        """What stands under it."""
        return complaint(self.form.widget, name)


DISK = '<disk type="file" device="disk"><source file="/tmp/none"/><target dev="vda" bus="virtio"/></disk>'
BUS = "devices-disks-0-bus"


@pytest.fixture
def panel() -> Panel:
    """A form for a VM with a disk and a display, on a recorded host."""
    return Panel(machine(f'{DISK}<graphics type="rdp"/>'), ph.Snapshot.load(HOSTS / "one-cell.json"))


def test_what_the_host_takes_comes_first_and_the_rest_below_with_its_reason(panel: Panel) -> None:
    """The words of the host, a line between, then each other word with why the host does not take it."""
    labels = [label for label, _ in panel.field(BUS).options]
    between = labels.index("— not to be had on this host —")
    assert labels[:between] == ["(left out)", "virtio", "sata", "scsi", "usb", "fdc"]
    assert "ide — the host's QEMU 7.2.22 does not offer it for q35" in labels[between:]
    assert "nvme — needs libvirt 11.5, and the host has 9.0.0" in labels[between:]


@pytest.mark.parametrize("word", ["ide", "nvme"])
def test_choosing_what_the_host_does_not_take_is_refused_in_place(panel: Panel, word: str) -> None:
    """The definition stays as it was, the dropdown says so, and one sentence under it says why."""
    before = panel.spec.to_xml()
    panel.field(BUS).value = word
    assert panel.spec.to_xml() == before
    assert panel.field(BUS).value == "virtio"
    assert f"devices.disks[0].bus: &#x27;{word}&#x27; is not to be had here" in panel.complaint(BUS)
    assert "The definition still says &#x27;virtio&#x27;." in panel.complaint(BUS)
    panel.check()
    assert "is not to be had here" in panel.complaint(BUS)  # it stays while other things are typed
    assert not panel.form.state.refused  # what is shown is what the definition says: nothing is left to mend
    panel.field(BUS).value = "sata"
    assert panel.spec.devices.disks[0].bus == "sata"
    assert "is not to be had here" not in panel.complaint(BUS)


def test_a_choice_that_comes_from_the_browser_is_put_back_there(panel: Panel) -> None:
    """The browser is told to go back: what it sent is not what the definition says."""
    bus, sent = panel.field(BUS), []
    bus.comm.publish_msg = lambda kind, data=None, **_: sent.append((kind, data))
    index = [value for _, value in bus.options].index("ide")
    bus.set_state({"index": index})
    states = [data["state"] for _, data in sent if data and "state" in data]
    assert [state["index"] for state in states if "index" in state][-1] == bus.index
    assert bus.value == "virtio"


def test_the_line_between_is_no_choice(panel: Panel) -> None:
    """Choosing it changes nothing."""
    panel.field(BUS).value = "—"
    assert panel.field(BUS).value == "virtio"
    assert panel.spec.devices.disks[0].bus == "virtio"


def test_what_the_definition_says_already_can_be_chosen(panel: Panel) -> None:
    """A word that the host does not take stands among the others while the definition says it, and below afterwards."""
    display = panel.field("devices-graphics-0-type")
    assert display.value == "rdp"
    assert [label for label, word in display.options if word == "rdp"] == ["rdp"]
    display.value = "vnc"
    assert ("rdp — needs libvirt 11.1, and the host has 9.0.0", "rdp") in display.options
    display.value = "rdp"
    assert panel.spec.devices.graphics[0].type == display.value == "vnc"
    panel.spec.devices.graphics[0].type = "rdp"  # in code, and the form has not been told
    display.value = "rdp"
    assert display.value == "rdp"
    assert "is not to be had here" not in panel.complaint("devices-graphics-0-type")


def test_the_offers_follow_the_machine(panel: Panel) -> None:
    """With the older chipset IDE is taken; what was refused before is no longer said."""
    panel.field(BUS).value = "ide"
    panel.field("os-machine").value = "pc"
    assert ("ide", "ide") in panel.field(BUS).options
    assert "is not to be had here" not in panel.complaint(BUS)
    panel.field(BUS).value = "ide"
    assert panel.spec.devices.disks[0].bus == "ide"
    panel.field("os-machine").value = "q35"
    assert panel.field(BUS).value == "ide"


def test_a_machine_can_be_typed_and_those_of_the_host_are_suggested(panel: Panel) -> None:
    """The host's machines are suggestions, nothing more."""
    typed = panel.field("os-machine")
    assert "pc-q35-7.2" in typed.options
    typed.value = "pc-q35-99.0"
    assert panel.spec.os.machine == "pc-q35-99.0"


def test_before_the_host_is_read_every_word_can_be_chosen() -> None:
    """What the host takes is shown once it is known, in the form that is open already."""
    panel = Panel(machine(DISK), None)
    assert all("—" not in label for label, _ in panel.field(BUS).options)
    panel.form.state.snapshot = ph.Snapshot.load(HOSTS / "one-cell.json")
    panel.check()
    assert any("—" in label for label, _ in panel.field(BUS).options)


def test_the_panel_narrows_what_a_real_host_does_not_take(daemon: Daemon) -> None:
    """After DomainPanel has read the daemon, KVM and IDE stand below the line or above it as libvirt says."""
    with ph.connect(daemon.uri, write=True) as host:
        until(lambda: host.snapshot().host.domain_capabilities, 120, "the daemon to ask its QEMU")
        panel = ph.DomainPanel(host, DomainSpec.from_xml(machine(DISK)))
        assert panel._reading.idle.wait(20)
        section(panel, type(panel.spec.devices).disks.part.__title__).value = True
        field(panel, BUS).value = "ide"
        assert panel.spec.devices.disks[0].bus == "virtio"
        assert "does not offer it for q35" in complaint(panel, BUS)
        assert not [why for _, why in panel._form.state.refused.values()]
        panel._writing.idle.wait(20)
