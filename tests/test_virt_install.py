"""virt-install's line: what the real virt-install makes of it is what the definition says, or there is no line."""

import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import libvirt
import pytest

import phyllome_nb as ph
from phyllome_nb.domain.diff import Diff
from phyllome_nb.errors import DefinitionError
from support.libvirtd import Daemon

CORPUS = Path(os.environ.get("PHYLLOME_CORPUS") or Path(__file__).parents[2] / "shared" / "corpus") / "dev.tar.gz"
EVERY = 20
"""Of so many documents of the corpus one is tried: each takes a fifth of a second."""
PROFILES = sorted(set(ph.profiles.__all__) - {"reasons"})
SESAME = "open sesame"
ADDED = {
    *("uuid", "currentMemory", "vcpu", "devices/emulator", "devices/interface/mac"),
    *("cpu/@mode", "cpu/@match", "devices/filesystem/@type", "devices/disk/readonly", "devices"),
}
"""What virt-install adds and libvirt would have added as it is."""
FIXED = "6695eb01-f6a4-8304-79aa-97f2502e193f"
HEAD = "<domain type='kvm'><name>a</name><memory>4</memory><os><type arch='i686'>hvm</type></os>"
"""A definition that has a line, but for its end."""
TYPICAL = """<domain type="test">
  <name>web</name>
  <memory unit="MiB">512</memory>
  <vcpu>2</vcpu>
  <os><type arch="i686">hvm</type><boot dev="hd"/><boot dev="network"/></os>
  <devices/>
</domain>"""

ELSEWHERE = r"<source dev=|<source pool=|arch=.(?!x86_64|i686)"
"""Disks that cannot all be one file, and processors that are not of this machine's kind."""

installed = pytest.mark.skipif(not shutil.which("virt-install"), reason="virt-install is not on this machine")


def printed(spec: ph.DomainSpec, uri: str) -> tuple[str, str]:
    """What virt-install prints for a definition, and what it complains of."""
    done = subprocess.run(
        ["sh", "-c", f"{spec.to_virt_install(uri)} --dry-run --print-xml"], capture_output=True, text=True, check=False
    )
    return (done.stdout if done.returncode == 0 else ""), done.stderr


def made(spec: ph.DomainSpec, uri: str) -> Diff:
    """How that differs from the definition."""
    text, complaint = printed(spec, uri)
    assert text, complaint
    return spec.diff(ph.DomainSpec.from_xml(text))


def stored(spec: ph.DomainSpec, uri: str, name: str = "web") -> ph.DomainSpec:
    """What libvirt stores of a definition, under another name where that is taken."""
    known = spec.copy()
    known.uuid, known.name = FIXED, name
    connection = libvirt.open(uri)
    try:
        domain = connection.defineXML(known.to_xml())
        text = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_NVRAM)
    finally:
        connection.close()
    return ph.DomainSpec.from_xml(text)


def faithful(diff: Diff) -> bool:
    """Whether nothing is lost or said otherwise, and nothing added that libvirt does not add itself."""
    return all(each.kind == "added" and each.path in ADDED for each in diff)


def with_emulation(spec: ph.DomainSpec) -> ph.DomainSpec:
    """The same for a host without KVM."""
    known = spec.copy()
    known.type = "qemu" if known.type == "kvm" else known.type
    return known


@installed
@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_becomes_a_line_that_says_all_of_it(name: str, daemon: Daemon) -> None:
    """What virt-install prints says what the profile says, and libvirt stores the same of both."""
    spec = with_emulation(getattr(ph.profiles, name)(name="web"))
    text, complaint = printed(spec, daemon.uri)
    assert text, complaint
    back = ph.DomainSpec.from_xml(text)
    assert faithful(spec.diff(back)), spec.diff(back)
    differences = stored(spec, daemon.uri).diff(stored(back, daemon.uri))
    assert all(each.path.startswith("devices/interface/mac") for each in differences), differences


@installed
def test_a_disk_of_the_host_is_used_as_it_is(daemon: Daemon) -> None:
    """A file that is there becomes a disk of the format that the definition names, whatever is in it."""
    image = daemon.directory / "web.qcow2"
    image.write_bytes(b"QFI\xfb")
    spec = with_emulation(ph.profiles.minimal(name="web"))
    spec.devices.disks.add(type="file", device="disk", file=str(image), target="vda", bus="virtio")
    assert faithful(made(spec, daemon.uri))


@installed
def test_the_line_defines_the_vm_and_does_not_start_it(daemon: Daemon) -> None:
    """Run as it stands, it leaves a VM that is defined, that does not run, and that is what was asked for."""
    spec = with_emulation(ph.profiles.minimal(name="web"))
    done = subprocess.run(
        ["sh", "-c", spec.to_virt_install(daemon.uri)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    host = ph.connect(daemon.uri)
    try:
        (domain,) = host.snapshot().domains
        found = host.domain("web")
    finally:
        host.close()
    assert domain.state == "shut off"
    found.uuid = FIXED
    differences = stored(spec, daemon.uri, "other").diff(found)
    assert all(each.path.startswith(("name", "devices/interface/mac")) for each in differences), differences


@installed
def test_a_simulated_host_is_spoken_to_as_well() -> None:
    """Libvirt's test driver takes a line, too, and several devices to boot from keep their order."""
    spec = ph.DomainSpec.from_xml(TYPICAL)
    assert faithful(made(spec, "test:///default")), made(spec, "test:///default")


@installed
@pytest.mark.parametrize(
    "said",
    ["a, b=c", 'it\'s "so" & <so>', "back\\slash", "$HOME `id` $(id) ; exit 1", "two\nlines", "none", "ünï", "-x --y"],
)
def test_a_shell_and_virt_install_read_every_character_as_it_is(said: str) -> None:
    """Whatever a title or a description holds arrives as it was written."""
    spec = ph.DomainSpec.from_xml(TYPICAL)
    spec.description = said
    assert faithful(made(spec, "test:///default"))


@installed
def test_what_no_option_says_is_said_by_its_place() -> None:
    """Elements that virt-install has no option for, and a size that is not whole MiB, are in the XML that it prints."""
    spec = ph.DomainSpec.from_xml(TYPICAL)
    spec.memory.maximum = "524289 KiB"
    spec.vcpus.current = 1
    spec.qemu.args = ["-set,x=y", "--"]
    spec.perf.events.add(name="cpu_cycles", enabled=True)
    line = spec.to_virt_install()
    assert "--xml xpath.set=./memory=524289" in line
    assert faithful(made(spec, "test:///default"))


@installed
def test_the_corpus_is_said_as_it_is_or_refused_aloud(daemon: Daemon) -> None:
    """Of definitions that others wrote none becomes a line that says something else; nine in ten become one."""
    if not CORPUS.exists():
        pytest.skip(f"the corpus of definitions is not at {CORPUS.parent}; name its folder in PHYLLOME_CORPUS")
    image = daemon.directory / "disk.img"
    image.touch()
    refused, wrong, right = [], [], 0
    for spec in _documents(image)[::EVERY]:
        try:
            text, complaint = printed(spec, daemon.uri)
        except DefinitionError as error:
            refused.append(str(error))
            continue
        if not text:
            refused.append(complaint)
            continue
        diff = spec.diff(ph.DomainSpec.from_xml(text))
        right += faithful(diff)
        wrong += [] if faithful(diff) else [(spec.name, diff)]
    assert not wrong
    assert right >= 9 * len(refused), refused


def _documents(image: Path) -> list[ph.DomainSpec]:
    """The definitions for QEMU on x86 whose disks can all be one file."""
    found = []
    with tarfile.open(CORPUS) as archive:
        for member in archive:
            opened = archive.extractfile(member) if member.name.endswith(".xml") else None
            try:
                spec = ph.DomainSpec.from_xml(opened.read() if opened else "")
            except DefinitionError:
                continue
            text = spec.to_xml()
            if spec.type in {"kvm", "qemu"} and not re.search(ELSEWHERE, text):
                text = re.sub(r"<source file=(['\"]).*?\1", f"<source file='{image}'", text)
                known = with_emulation(ph.DomainSpec.from_xml(text))
                known.id = None
                found.append(known)
    return found


def test_passwords_are_left_out_and_a_comment_says_so() -> None:
    """A password is not in the line, which begins with a comment that the shell skips."""
    spec = ph.profiles.linux(name="web")
    graphics = spec.devices.graphics[0]
    graphics.passwd = SESAME
    line = spec.to_virt_install()
    assert SESAME not in line
    assert line.startswith("# Passwords are left out")
    assert graphics.passwd == SESAME


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<domain type='lxc'><name>a</name><memory>4</memory></domain>", "type 'lxc'"),
        ("<domain type='kvm'><name>a</name><memory>4</memory><os><type>xen</type></os></domain>", "os.type"),
        ("<domain type='kvm'><memory>4</memory><os><type arch='i686'>hvm</type></os></domain>", "needs name"),
        ("<domain type='kvm'><name>a</name><os><type arch='i686'>hvm</type></os></domain>", "needs memory"),
        (f"{HEAD}<metadata><x xmlns='http://example.org/'/></metadata></domain>", "<x> of http://example.org/"),
        (f"{HEAD}<devices><disk><source name='a&amp;b'/></disk></devices></domain>", "./source/@name='a&b'"),
        (f"{HEAD}<devices><disk><source name=''/></disk></devices></domain>", "./source/@name=''"),
        (f"{HEAD}<features>now<acpi/></features></domain>", "the text in ."),
        (f"{HEAD}</domain>".replace("i686", "aarch64"), "not 'aarch64'"),
        (f"{HEAD}</domain>".replace("i686", ""), "os.arch must be"),
        (f"{HEAD}<memory>5</memory></domain>", "memory once"),
    ],
)
def test_what_virt_install_cannot_say_is_named(text: str, said: str) -> None:
    """There is no line then, but a sentence that names what is in the way."""
    with pytest.raises(DefinitionError, match=re.escape(said)) as refused:
        ph.DomainSpec.from_xml(text).to_virt_install()
    assert "\n" not in str(refused.value)


def test_the_line_is_the_same_each_time_and_changes_nothing() -> None:
    """Asking for it leaves the definition as it is."""
    spec = ph.profiles.windows_11(name="desk")
    before = spec.to_xml()
    assert spec.to_virt_install("qemu:///system") == spec.to_virt_install("qemu:///system")
    assert spec.to_xml() == before
