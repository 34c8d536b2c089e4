"""How many of libvirt's refusals the rules foresee, and how many of their errors are false alarms.

The real QEMU driver is asked, in a libvirtd of the bench's own: about definitions that others wrote, and about
definitions in which one thing was changed at random. Usage: foresight.py [MUTANTS [STARTS]]
"""

import os
import random
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import libvirt
from lxml import etree

import phyllome_nb as ph
from phyllome_nb.xml.fields import Field
from phyllome_nb.xml.lines import steps_to
from phyllome_nb.xml.part import fields_by_path
from phyllome_nb.xml.path import Path as XmlPath

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.libvirtd import libvirtd

CORPUS = Path(os.environ.get("PHYLLOME_CORPUS") or Path(__file__).parents[2] / "shared" / "corpus") / "dev.tar.gz"
SEED = 4
STARTS = 100
"""How many of the definitions are started as well; each takes up to some seconds."""
FIELDS = fields_by_path(ph.DomainSpec)
Node = etree._Element  # noqa: SLF001  (lxml gives its element type no public name)
Mutation = Callable[[Node, random.Random], bool]


@dataclass(frozen=True)
class Asked:
    """One definition, what libvirt said of it and what the rules did."""

    text: str
    refusal: str
    errors: tuple[str, ...]


def definitions() -> Iterator[tuple[str, str]]:
    """x86 machines for QEMU, made to suit this driver: those of the corpus, else the profiles."""
    if not CORPUS.exists():
        for name in ph.profiles.__all__:
            if name != "reasons":
                yield (
                    name,
                    getattr(ph.profiles, name)(name="base", type="qemu", session=name != "gpu_passthrough").to_xml(),
                )
        return
    with tarfile.open(CORPUS) as archive:
        for member in archive:
            opened = archive.extractfile(member) if member.name.endswith(".xml") else None
            if opened and (text := suited(opened.read())):
                yield Path(member.name).name, text


def suited(data: bytes) -> str | None:
    """The definition for this driver: emulated, with the emulator and the version of the machine left open."""
    try:
        root = etree.fromstring(data)
    except etree.XMLSyntaxError:
        return None
    kind = root.find("os/type")
    if root.tag != "domain" or root.get("type") not in {"qemu", "kvm"} or kind is None:
        return None
    if kind.get("arch", "x86_64") not in {"x86_64", "i686"}:
        return None
    root.set("type", "qemu")
    root.attrib.pop("id", None)
    kind.set("arch", "x86_64")
    machine = kind.get("machine", "pc")
    kind.set("machine", "q35" if "q35" in machine else "microvm" if machine == "microvm" else "pc")
    for emulator in root.findall("devices/emulator"):
        emulator.getparent().remove(emulator)  # type: ignore[union-attr]
    return etree.tostring(root, encoding="unicode")


def refusal(connection: libvirt.virConnect, text: str, *, validate: bool = True, start: bool = False) -> str:
    """What libvirt says against it; empty where it takes it."""
    try:
        domain = connection.defineXMLFlags(text, libvirt.VIR_DOMAIN_DEFINE_VALIDATE if validate else 0)
    except libvirt.libvirtError as error:
        return f"define: {error}"
    try:
        if start:
            domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
            domain.destroy()
    except (libvirt.libvirtError, SystemError) as error:  # what QEMU printed may be no text that Python reads
        return f"start: {error}"
    finally:
        domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_KEEP_NVRAM)
    return ""


def errors(text: str, against: ph.Snapshot) -> tuple[str, ...]:
    """The errors that the rules find."""
    return tuple(
        f"{each.id} {each.path}: {each.what}" for each in ph.DomainSpec.from_xml(text).findings(against).errors
    )


def field_of(node: Node, attribute: str | None) -> Field[Any, Any] | None:
    """The field that holds an attribute, or a text."""
    entry = FIELDS.get(XmlPath(steps_to(node), attribute))
    return entry.field if entry else None


def values(root: Node) -> list[tuple[Node, str | None, str]]:
    """Every value of a definition: its element, its attribute and its text."""
    found: list[tuple[Node, str | None, str]] = []
    for node in root.iter(etree.Element):
        found += [(node, str(name), str(text)) for name, text in node.items()]
        if node.text and node.text.strip() and len(node) == 0:
            found.append((node, None, node.text))
    return [value for value in found if value[0].tag not in {"name", "uuid", "description", "title"}]


def put(node: Node, attribute: str | None, text: str) -> bool:
    """Write a value."""
    if attribute:
        node.set(attribute, text)
    else:
        node.text = text
    return True


def number(root: Node, chance: random.Random) -> bool:
    """Another number."""
    numbers = [value for value in values(root) if value[2].strip().isdecimal()]
    if not numbers:
        return False
    node, attribute, text = chance.choice(numbers)
    other = chance.choice([0, 1, -1, int(text) + 1, int(text) * 2, int(text) * 1000 + 7, "many", "1.5"])
    return put(node, attribute, str(other))


def choice(root: Node, chance: random.Random) -> bool:
    """Another of the words that the field takes."""
    worded = [(*value, field_of(value[0], value[1])) for value in values(root)]
    worded = [value for value in worded if len(getattr(value[3], "choices", ())) > 1]
    if not worded:
        return False
    node, attribute, text, field = chance.choice(worded)
    return put(node, attribute, chance.choice([word for word in field.choices if word != text]))  # type: ignore[union-attr]


def typo(root: Node, chance: random.Random) -> bool:
    """A letter too many."""
    node, attribute, text = chance.choice(values(root))
    return put(node, attribute, f"{text}x")


def drop(root: Node, chance: random.Random) -> bool:
    """An element, or an attribute, less."""
    node = chance.choice([*root.iter(etree.Element)][1:])
    if node.attrib and chance.random() < 0.5:
        node.attrib.pop(chance.choice([*node.attrib]))
    else:
        node.getparent().remove(node)  # type: ignore[union-attr]
    return True


def twice(root: Node, chance: random.Random) -> bool:
    """An element a second time."""
    node = chance.choice([*root.iter(etree.Element)][1:])
    node.addnext(deepcopy(node))
    return True


def machine(root: Node, chance: random.Random) -> bool:
    """Another machine, firmware, or way to boot."""
    os_ = root.find("os")
    if os_ is None:
        return False
    kind = os_.find("type")
    if kind is not None and chance.random() < 0.7:
        kind.set("machine", chance.choice(["q35", "pc", "microvm", "isapc"]))
    else:
        os_.set("firmware", chance.choice(["efi", "bios"]))
    return True


def borrowing(others: list[str]) -> Mutation:
    """One more element, from another definition."""

    def borrow(root: Node, chance: random.Random) -> bool:
        other = etree.fromstring(chance.choice(others))
        place = chance.choice(["devices", "features", "cpu", "os", "clock", "."])
        mine, theirs = root.find(place), other.find(place)
        if mine is None or theirs is None or len(theirs) == 0:
            return False
        mine.append(deepcopy(chance.choice([*theirs.iterchildren(tag=etree.Element)])))
        return True

    return borrow


def mutants(bases: list[str], count: int) -> Iterator[tuple[str, str]]:
    """So many definitions in which one thing was changed, each with the kind of change."""
    chance = random.Random(SEED)  # noqa: S311  (the same mutants each time)
    kinds: dict[str, Mutation] = {each.__name__: each for each in (number, choice, typo, drop, twice, machine)}
    kinds["borrow"] = borrowing(bases)
    made = 0
    while made < count:
        kind = chance.choice([*kinds])
        root = etree.fromstring(chance.choice(bases))
        if kinds[kind](root, chance):
            made += 1
            yield kind, etree.tostring(root, encoding="unicode")


def percent(part: int, whole: int) -> str:
    """A share, with its numbers."""
    return f"{part} of {whole} ({100 * part / whole:.1f} %)" if whole else "none"


def main(count: int = 2000, starts: int = STARTS, *, verbose: bool = False) -> None:
    """Print the shares."""
    with tempfile.TemporaryDirectory(prefix="nb-", dir="/tmp") as base:
        Path(base).chmod(0o755)
        with libvirtd(Path(base, "daemon")) as daemon:
            compare(daemon.uri, count, starts, verbose=verbose)


def compare(uri: str, count: int, starts: int, *, verbose: bool) -> None:
    """Ask both about the same definitions."""
    host = ph.connect(uri, write=True, timeout=60)
    connection = libvirt.open(uri)
    connection.getDomainCapabilities(virttype="qemu")  # QEMU is asked what it can do, once
    snapshot = host.snapshot()
    wellformed = dict(definitions())
    accepted = {name: text for name, text in wellformed.items() if not refusal(connection, text)}
    alarms = {name: found for name, text in accepted.items() if (found := errors(text, snapshot))}
    tried = random.Random(SEED).sample(sorted(accepted), min(starts, len(accepted)))  # noqa: S311
    started = {name for name in tried if not refusal(connection, accepted[name], start=True)}
    print(f"{len(wellformed)} definitions, {len(accepted)} of them taken by libvirt")
    print(f"{len(tried)} of these tried, {len(started)} start")
    print(f"false alarms among those that start: {percent(len(started & {*alarms}), len(started))}")
    print(
        f"errors found among those that are taken and do not start: "
        f"{percent(len({*tried} & {*alarms} - started), len(tried) - len(started))}"
    )
    for name in sorted(started & {*alarms}) if verbose else ():
        print(f"  ALARM {name}: {alarms[name]}")
    clean = [accepted[name] for name in accepted if name not in alarms]
    seen: dict[str, list[Asked]] = {}
    begun = perf_counter()
    for kind, text in mutants(clean, count):
        seen.setdefault(kind, []).append(Asked(text, refusal(connection, text), errors(text, snapshot)))
    print(f"{count} mutants of {len(clean)} definitions in {perf_counter() - begun:.0f} s")
    everyone = [each for of_kind in seen.values() for each in of_kind]
    for kind, asked in [*sorted(seen.items()), ("all", everyone)]:
        refused = [each for each in asked if each.refusal]
        foreseen = sum(bool(each.errors) for each in refused)
        false = sum(bool(each.errors) for each in asked if not each.refusal)
        print(
            f"  {kind:8} refused and foreseen {percent(foreseen, len(refused)):24}  "
            f"taken, yet an error was found {percent(false, len(asked) - len(refused))}"
        )
    semantic = [each for each in everyone if each.refusal and "XML document failed to validate" not in each.refusal]
    print(
        f"  refused by more than the schema: foreseen {percent(sum(bool(e.errors) for e in semantic), len(semantic))}"
    )
    if verbose:
        missed = Counter(each.refusal[:160] for each in everyone if each.refusal and not each.errors)
        for said, times in missed.most_common(80):
            print(f"  MISSED {times} {said}")
        false_ones = Counter(error[:160] for each in everyone if not each.refusal for error in each.errors)
        for said, times in false_ones.most_common(60):
            print(f"  FALSE {times} {said}")


if __name__ == "__main__":
    arguments = [each for each in sys.argv[1:] if each != "-v"]
    main(*(int(each) for each in arguments[:2]), verbose="-v" in sys.argv)
