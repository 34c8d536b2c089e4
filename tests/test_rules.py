"""Rules: each finds what it is for, is silent about a near miss, and says of libvirt what libvirt does."""

import contextlib
import importlib
import os
import pkgutil
import re
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest

import examples
import phyllome_nb as ph
from conftest import need
from examples.example import Example, host
from phyllome_nb.capacity.snapshot import DomainFacts
from phyllome_nb.host.embed import Embedded, embedded
from phyllome_nb.rules.catalogue import RULES
from phyllome_nb.rules.finding import Finding
from phyllome_nb.rules.rule import Rule
from support.libvirtd import Daemon
from support.process import SEARCH_PATH

CORPUS = Path(os.environ.get("PHYLLOME_CORPUS") or Path(__file__).parents[2] / "shared" / "corpus") / "dev.tar.gz"
EXAMPLES: list[Example] = [
    example
    for module in pkgutil.iter_modules(examples.__path__)
    if module.name != "example"
    for example in importlib.import_module(f"examples.{module.name}").EXAMPLES
]
BY_ID = {rule.id: rule for rule in RULES}
SENTENCE = re.compile(r"\S.* .*[^ ][.]", re.DOTALL)


def named(chosen: list[Example]) -> pytest.MarkDecorator:
    """One test for each example, named after its rule."""
    ids = [f"{example.id}-{number}" for number, example in enumerate(chosen)]
    return pytest.mark.parametrize("example", chosen, ids=ids)


def of(example: Example, *, right: bool = False) -> list[Finding]:
    """What the example's rule finds in the wrong definition, or in the near miss."""
    text, against = example.wrong, example.against
    if right:
        text, against = example.right, example.right_against or example.against
    return [each for each in ph.DomainSpec.from_xml(text).findings(against) if each.id == example.id]


@named(EXAMPLES)
def test_it_finds_what_it_is_for_and_spares_a_near_miss(example: Example) -> None:
    """The wrong one is found, at a place that the document has; the near miss is not."""
    found = of(example)
    assert found
    for finding in found:
        assert finding.severity == (example.severity or BY_ID[example.id].severity)
        assert SENTENCE.fullmatch(finding.what)
        assert re.fullmatch(r"[\w:/-]*([\[]\d+[\]][\w:/-]*)*(@[\w:-]+)?", finding.path)
    assert of(example, right=True) == []


@named([example for example in EXAMPLES if any(found.mend for found in of(example))])
def test_its_fix_mends_it_and_breaks_nothing(example: Example) -> None:
    """The mended definition breaks the rule at fewer places and no other rule by an error."""
    before = ph.DomainSpec.from_xml(example.wrong)
    errors = {each.id for each in before.findings(example.against).errors}
    for finding in of(example):
        if not finding.mend:
            continue
        mended = finding.fix()
        assert before == ph.DomainSpec.from_xml(example.wrong)
        left = [each for each in mended.findings(example.against) if each.id == example.id]
        assert len(left) < len(of(example))
        assert {each.id for each in mended.findings(example.against).errors} <= errors


def answer(example: Example) -> str:
    """What libvirt is said to do with the wrong one."""
    return BY_ID[example.id].libvirt if example.libvirt is None else example.libvirt


@named([example for example in EXAMPLES if example.id in {"FW004", "MEM015", "IOM002", "CPU027"}])
def test_what_a_newer_libvirt_starts_is_no_error_there(example: Example) -> None:
    """Version 11.3 was seen to start these; those that it still refuses are found there, too."""
    newer = host(libvirt="11.3.0")
    found = [each for each in ph.DomainSpec.from_xml(example.wrong).findings(newer) if each.id == example.id]
    assert bool(found) == example.versions((11, 3, 0))


@contextlib.contextmanager
def connected(daemon: Daemon) -> Iterator[libvirt.virConnect]:
    """The real QEMU driver."""
    connection = libvirt.open(daemon.uri)
    try:
        yield connection
    finally:
        connection.close()


def refusal(connection: libvirt.virConnect, text: str, *, start: bool = False) -> str | None:
    """What libvirt says against a definition, or against starting it; None where it takes it."""
    try:
        domain = connection.defineXML(text)
    except libvirt.libvirtError as error:
        return f"define: {error}"
    try:
        if start:
            domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
            domain.destroy()
    except libvirt.libvirtError as error:
        return f"start: {error}"
    finally:
        domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_NVRAM)
    return None


ABSENT = ("spice graphics are not supported", "does not support video model")


def have(*said: str | None) -> None:
    """Skip where this QEMU was built without what the example is about."""
    for each in said:
        if any(absent in (each or "") for absent in ABSENT):
            pytest.skip(f"not with this QEMU: {each}")


def holds(example: Example, connection: libvirt.virConnect) -> bool:
    """Whether the example is about this libvirt."""
    return is_about(example, connection.getLibVersion())


def is_about(example: Example, number: int) -> bool:
    """Whether the example is about a libvirt of that version."""
    return example.versions((number // 1_000_000, number // 1000 % 1000, number % 1000))


@named([example for example in EXAMPLES if answer(example) == "refuses" and not example.alone])
def test_libvirt_refuses_it(daemon: Daemon, example: Example) -> None:
    """The real QEMU driver refuses the wrong one at define and takes the near miss."""
    with connected(daemon) as connection:
        if not holds(example, connection):
            pytest.skip("about another version of libvirt")
        said, right = refusal(connection, example.wrong), refusal(connection, example.right)
        have(said, right)
        assert (said or "").startswith("define: ")
        assert example.message.lower() in (said or "").lower()
        assert right is None


@named([example for example in EXAMPLES if example.alone])
def test_a_libvirt_of_its_own_refuses_it(example: Example) -> None:
    """What corrupts the memory of the libvirt that refuses it is asked of one that is ended right after."""
    need(shutil.which("libvirtd", path=SEARCH_PATH) and shutil.which("qemu-system-x86_64"), "libvirt's QEMU driver")
    for text, said in ((example.wrong, example.message), (example.right, "")):
        private = Embedded(False)
        try:
            assert said in private.ask(60, ask="define", xml=text, validate=False).get("message", "")
        finally:
            private.end()


@named([example for example in EXAMPLES if answer(example) == "fails at start"])
def test_it_fails_at_start(daemon: Daemon, example: Example) -> None:
    """The real QEMU driver takes the wrong one, cannot start it, and starts the near miss."""
    with connected(daemon) as connection:
        if not holds(example, connection):
            pytest.skip("about another version of libvirt")
        said = refusal(connection, example.wrong, start=True)
        have(said)
        assert (said or "").startswith("start: ")
        assert example.message.lower() in (said or "").lower()
        assert refusal(connection, example.right, start=example.right_starts) is None


@named([example for example in EXAMPLES if answer(example) == "rewrites"])
def test_libvirt_rewrites_it(daemon: Daemon, example: Example) -> None:
    """The real QEMU driver takes the wrong one and stores something else."""
    with connected(daemon) as connection:
        if not holds(example, connection):
            pytest.skip("about another version of libvirt")
        assert lost(connection, example.wrong)
        assert not lost(connection, example.right)


@named([example for example in EXAMPLES if example.system])
def test_the_systems_libvirt_refuses_it(example: Example) -> None:
    """A private libvirt with the system's rules refuses the wrong one and takes the near miss."""
    private = embedded(True)
    need(shutil.which("libvirtd", path=SEARCH_PATH) and shutil.which("qemu-system-x86_64"), "libvirt's QEMU driver")
    said = private.ask(60, ask="define", xml=example.wrong, validate=False)
    if not private.hello["privileged"]:
        pytest.skip("this user may not play the system's libvirt")
    if not is_about(example, private.hello["libvirt"]):
        pytest.skip("about another version of libvirt")
    assert example.system.lower() in said.get("message", "").lower()
    assert "stored" in private.ask(60, ask="define", xml=example.right, validate=False)


def lost(connection: libvirt.virConnect, text: str) -> list[str]:
    """What libvirt drops and rewrites without a word, the pinning of the machine's version apart."""
    domain = connection.defineXML(text)
    stored = ph.DomainSpec.from_xml(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE))
    domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_NVRAM)
    differences = ph.DomainSpec.from_xml(text).diff(stored)
    return [str(each) for each in differences if each.kind != "added" and each.path != "os/type/@machine"]


@named([example for example in EXAMPLES if answer(example) == "accepts"])
def test_libvirt_accepts_it(daemon: Daemon, example: Example) -> None:
    """The real QEMU driver takes the wrong one as it is, which is why somebody should say it."""
    with connected(daemon) as connection:
        if not holds(example, connection):
            pytest.skip("about another version of libvirt")
        assert refusal(connection, example.wrong) is None


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.severity != "hint"], ids=lambda rule: rule.id)
def test_every_error_and_warning_has_an_example(rule: Rule) -> None:
    """What stops or worries a person is tested."""
    assert rule.id in {example.id for example in EXAMPLES}


def test_ids_are_unique_and_rules_explain_themselves() -> None:
    """Each rule has its own id, a sentence that says why, and a source."""
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert re.fullmatch("[A-Z]{2,3}[0-9]{3}", rule.id)
        assert SENTENCE.fullmatch(rule.why)
        assert rule.source


@pytest.mark.parametrize("name", [name for name in ph.profiles.__all__ if name != "reasons"])
@pytest.mark.parametrize("session", [False, True])
def test_a_profile_is_what_an_expert_would_make(name: str, session: bool) -> None:
    """No rule finds an error or a warning in a starting point."""
    if (name, session) == ("gpu_passthrough", True):
        pytest.skip("a user's own libvirt has no host devices")
    extras: dict[str, dict[str, Any]] = {
        "low_latency": {"pins": (2, "3"), "node": 0},
        "gpu_passthrough": {"pci": ("0000:01:00.0",)},
    }
    given = extras.get(name, {})
    spec = getattr(ph.profiles, name)(name="fresh", disk="/srv/disk.qcow2", session=session, **given)
    assert [each for each in spec.findings() if each.severity != "hint"] == []


@pytest.mark.skipif(not CORPUS.exists(), reason=f"the corpus of definitions is not at {CORPUS.parent}")
def test_no_rule_fails_over_what_others_wrote() -> None:
    """Whatever a definition says, findings come of it, with a host of a thousand VMs and without."""
    crowd = host(*(DomainFacts(f"vm-{number}", str(number), "shut off", True, False) for number in range(1000)))
    seen = 0
    with tarfile.open(CORPUS) as archive:
        for member in archive:
            opened = archive.extractfile(member) if member.name.endswith(".xml") else None
            try:
                spec = ph.DomainSpec.from_xml(opened.read() if opened else b"")
            except ph.PhyllomeError:
                continue
            seen += 1
            for finding in (*spec.findings(), *spec.findings(crowd)):
                assert SENTENCE.fullmatch(finding.what)
                if finding.mend:
                    finding.fix()
    assert seen > 1000


def test_findings_are_about_what_was_said_then() -> None:
    """A definition that is changed later does not change them, nor does a fix change the definition."""
    spec = ph.DomainSpec.from_xml(EXAMPLES[0].wrong)
    text = spec.to_xml()
    found = spec.findings(EXAMPLES[0].against)
    spec.vcpus.maximum = 77
    assert all("77" not in each.what for each in found)
    for each in found:
        if each.mend:
            each.fix()
            with pytest.raises(ph.errors.DefinitionError, match="has changed"):
                each.apply(spec)
    assert ph.DomainSpec.from_xml(text).findings(EXAMPLES[0].against) == found


def test_findings_as_a_table_and_on_the_page() -> None:
    """Errors first; whatever the definition says is inert."""
    spec = ph.profiles.linux(name="<img src=x>", memory="2 GiB", vcpus=4)
    spec.cpu.topology.cores = 3
    spec.devices.disks.add(type="file", file="/<b>.img", target="vda", bus="virtio", cache="unsafe")
    found = spec.findings()
    order = [each.severity for each in found]
    assert order == sorted(order, key=["error", "warning", "hint"].index)
    frame = found.to_frame()
    assert list(frame["id"]) == [each.id for each in found]
    assert len(found.errors) + len(found.warnings) + len(found.hints) == len(found)
    assert "<b>" not in found._repr_html_()
    with pytest.raises(ph.errors.DefinitionError, match="no one right answer"):
        next(each for each in found if not each.mend).fix()
