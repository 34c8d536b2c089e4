"""compare() says what differs by meaning, in words, device by device."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phyllome_nb.domain.spec import DomainSpec

VDA = "<disk type='file'><source file='/a'/><target dev='vda' bus='virtio'/></disk>"
VDB = "<disk type='file'><source file='/b'/><target dev='vdb' bus='virtio'/></disk>"
ONE = "<interface type='network'><mac address='52:54:00:00:00:01'/><source network='one'/></interface>"
TWO = "<interface type='network'><mac address='52:54:00:00:00:02'/><source network='two'/></interface>"
NEW = "<interface type='network'><source network='one'/></interface>"
AGENT = "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
USB = "<hostdev mode='subsystem' type='usb'><source><address bus='1'/></source></hostdev>"
SPICE = "<channel type='unix'><target type='virtio' name='com.redhat.spice.0'/></channel>"


def said(before: str, after: str) -> list[str]:
    """Return the differences between two domains, in words."""
    specs = [DomainSpec.from_xml(f"<domain>{inner}</domain>") for inner in (before, after)]
    return [str(each) for each in specs[0].diff(specs[1])]


def devices(*parts: str) -> str:
    """Wrap devices in their list."""
    return f"<devices>{''.join(parts)}</devices>"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<memory unit='GiB'>1</memory>", "<memory>1048576</memory>"),
        ("<memory unit='KB'>1000</memory>", "<memory unit='KiB'>977</memory>"),
        ("<memory unit='g'>1</memory>", "<memory unit='MiB'> 1024 </memory>"),
        (
            "<memtune><hard_limit unit='G'>1</hard_limit></memtune>",
            "<memtune><hard_limit>1048576</hard_limit></memtune>",
        ),
        (
            "<cpu><numa><cell id='0' memory='1' unit='GiB'/></numa></cpu>",
            "<cpu><numa><cell id='0' memory='1048576' unit='KiB'/></numa></cpu>",
        ),
        (
            "<memoryBacking><hugepages><page size='2' unit='M'/></hugepages></memoryBacking>",
            "<memoryBacking><hugepages><page size='2048' unit='KiB'/></hugepages></memoryBacking>",
        ),
        ("<name>a</name><memory>1</memory>", "<memory>1</memory><name>a</name>"),
        ("<name>a</name>", "\n  <name>\n a </name>\n<!-- x -->"),
        ("<vcpu current='1' placement='static'>2</vcpu>", "<vcpu placement='static' current='1'>2</vcpu>"),
        ("<description><![CDATA[<b>]]></description>", "<description>&lt;b&gt;</description>"),
        (devices(VDA, VDB), devices(VDB, VDA)),
        (devices(ONE, TWO), devices(TWO, ONE)),
        (devices(VDA, ONE), devices(ONE, VDA)),
        (devices(AGENT, SPICE), devices(SPICE, AGENT)),
        (devices(USB, USB.replace("bus='1'", "bus='2'")), devices(USB.replace("bus='1'", "bus='2'"), USB)),
        (
            "<metadata><a:x xmlns:a='urn:a'/></metadata>",
            "<metadata><x xmlns='urn:a'/></metadata>",
        ),
    ],
)
def test_what_means_the_same_is_no_difference(before: str, after: str) -> None:
    """Units, order, white space, comments, quoting and prefixes do not matter."""
    assert said(before, after) == []
    assert said(after, before) == []


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("<name>a</name>", "<name>b</name>", ["rewrote name: a → b"]),
        ("<name>a</name>", "", ["dropped name: a"]),
        ("", "<title>t</title>", ["added title: t"]),
        ("", "<features><acpi/></features>", ["added features: with acpi"]),
        (
            "<features><acpi/></features>",
            "<features><apic/></features>",
            ["dropped features/acpi", "added features/apic"],
        ),
        (
            "<vcpu current='1'>4</vcpu>",
            "<vcpu placement='static'>8</vcpu>",
            ["dropped vcpu/@current: 1", "rewrote vcpu: 4 → 8", "added vcpu/@placement: static"],
        ),
        (
            "<memory unit='GiB'>1</memory>",
            "<memory unit='GB'>1</memory>",
            ["rewrote memory: 1 GiB → 1 GB"],
        ),
        ("<memory>1</memory>", "<memory unit='GiB'>4</memory>", ["rewrote memory: 1 KiB → 4 GiB"]),
        ("", "<memory unit='GiB'>4</memory>", ["added memory: 4 GiB"]),
        (
            "<metadata><x xmlns='urn:a'>1</x></metadata>",
            "<metadata><x xmlns='urn:b'>1</x></metadata>",
            ["dropped metadata/x: 1", "added metadata/x: 1"],
        ),
    ],
)
def test_a_difference_is_said_in_words(before: str, after: str, words: list[str]) -> None:
    """Added, dropped or rewrote, then where, then the value with its unit."""
    assert sorted(said(before, after)) == sorted(words)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (
            [VDA, VDB],
            [VDB.replace("/b", "/c"), VDA],
            ["rewrote devices/disk/source/@file: /b → /c"],
        ),
        (
            [VDA, VDB],
            [VDB.replace("type='file'", "type='block'"), VDA],
            ["rewrote devices/disk/@type: file → block"],
        ),
        ([VDB], [VDA, VDB], ["added devices/disk: type='file' with source, target"]),
        ([VDA, VDB], [VDB], ["dropped devices/disk: type='file' with source, target"]),
        (
            [VDA, VDB],
            [VDA.replace("<source", "<driver name='qemu'/><source"), VDB],
            ["added devices/disk/driver: name='qemu'"],
        ),
        ([VDA], [VDA.replace("vda", "sda")], ["rewrote devices/disk/target/@dev: vda → sda"]),
        ([NEW], [ONE], ["added devices/interface/mac: address='52:54:00:00:00:01'"]),
        (
            [TWO, NEW],
            [ONE, TWO],
            ["added devices/interface/mac: address='52:54:00:00:00:01'"],
        ),
        (
            [ONE, TWO],
            [TWO.replace("'two'", "'three'"), ONE],
            ["rewrote devices/interface/source/@network: two → three"],
        ),
        ([AGENT], [SPICE, AGENT], ["added devices/channel: type='unix' with target"]),
        (
            [AGENT, SPICE],
            [SPICE.replace("/></", "/><address port='1'/></"), AGENT],
            ["added devices/channel/address: port='1'"],
        ),
    ],
)
def test_devices_are_paired_by_what_names_them(before: list[str], after: list[str], words: list[str]) -> None:
    """A disk by its target, an interface by its hardware address, the others by what they say."""
    assert said(devices(*before), devices(*after)) == words


@given(st.permutations([VDA, VDB, ONE, TWO, AGENT, SPICE, "<rng model='virtio'/>", "<input type='tablet' bus='usb'/>"]))
@settings(database=None, deadline=None)
def test_the_order_of_devices_makes_no_difference(order: list[str]) -> None:
    """However libvirt sorts them."""
    assert said(devices(*sorted(order)), devices(*order)) == []
    assert said(devices(VDA, VDB, ONE, TWO, AGENT, SPICE, "<rng model='virtio'/>"), devices(*order)) == [
        "added devices/input: type='tablet' bus='usb'"
    ]


def test_every_difference_turns_around() -> None:
    """What one direction adds the other drops."""
    pairs = [(devices(VDA, ONE), devices(VDB, TWO, AGENT)), ("<name>a</name>", "<title>b</title>")]
    for before, after in pairs:
        turned = {"added": "dropped", "dropped": "added", "rewrote": "rewrote"}
        there = sorted(turned[words.split()[0]] + " " + words.split()[1] for words in said(before, after))
        assert sorted(" ".join(words.split()[:2]) for words in said(after, before)) == there


def test_comparing_changes_neither() -> None:
    """It only looks."""
    text = "<domain><memory unit='GB'>1</memory></domain>".replace("'", '"')
    spec = DomainSpec.from_xml(text)
    spec.diff(DomainSpec("other"))
    DomainSpec("other").diff(spec)
    assert spec.to_xml() == text
