"""Whether the schema's culprit is found: beside libvirt's own message, over definitions in which one thing was spoilt.

Each mutation knows what it spoilt. Ours is right where it names that place, or the element around it for what is
missing; libvirt's where its message names the spoilt element or attribute at all. Usage: culprit.py [MUTATIONS]
"""

import os
import random
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

import libvirt
from lxml import etree

import phyllome_nb as ph
from phyllome_nb.xml.document import parse
from phyllome_nb.xml.reading import numbered_path
from phyllome_nb.xml.schema.culprit import culprits
from phyllome_nb.xml.schema.grammar import Schema, installed

CORPUS = Path(os.environ.get("PHYLLOME_CORPUS") or Path(__file__).parents[2] / "shared" / "corpus") / "dev.tar.gz"
SEED = 7
Node = etree._Element  # noqa: SLF001  (lxml gives its element type no public name)
Spoilt = tuple[str, str] | None
"""Where, and what libvirt would have to name."""


def elements(root: Node) -> list[Node]:
    """The elements below the root that are libvirt's own."""
    return [node for node in root.iter(etree.Element) if node is not root and "{" not in str(node.tag)]


def attributed(root: Node, words: bool | None = None) -> list[tuple[Node, str]]:
    """Attributes; those whose value is a word, or a number."""
    found = [(node, str(name)) for node in elements(root) for name in node.attrib]
    if words is None:
        return found
    return [(node, name) for node, name in found if str(node.get(name)).isalpha() is words]


def unknown_element(root: Node, chance: random.Random) -> Spoilt:
    """An element that nobody knows."""
    node = chance.choice(elements(root))
    node.addnext(node.makeelement("teapot"))
    return numbered_path(node.getnext()), "teapot"  # type: ignore[arg-type]


def misspelt_element(root: Node, chance: random.Random) -> Spoilt:
    """A letter less."""
    node = chance.choice([node for node in elements(root) if len(str(node.tag)) > 3])
    node.tag = f"{str(node.tag)[:-2]}{str(node.tag)[-1]}"
    return numbered_path(node), str(node.tag)


def unknown_attribute(root: Node, chance: random.Random) -> Spoilt:
    """An attribute that nobody knows."""
    node = chance.choice(elements(root))
    node.set("colour", "red")
    return f"{numbered_path(node)}/@colour", "colour"


def misspelt_attribute(root: Node, chance: random.Random) -> Spoilt:
    """A letter less."""
    node, name = chance.choice([each for each in attributed(root) if len(each[1]) > 3])
    node.set(f"{name[:-2]}{name[-1]}", node.attrib.pop(name))
    return f"{numbered_path(node)}/@{name[:-2]}{name[-1]}", f"{name[:-2]}{name[-1]}"


def bad_word(root: Node, chance: random.Random) -> Spoilt:
    """A word with a letter too many."""
    given = attributed(root, words=True)
    if not given:
        return None
    node, name = chance.choice(given)
    node.set(name, f"{node.get(name)}x")
    return f"{numbered_path(node)}/@{name}", name


def bad_number(root: Node, chance: random.Random) -> Spoilt:
    """A number that is none."""
    given = attributed(root, words=False)
    if not given:
        return None
    node, name = chance.choice(given)
    node.set(name, "many\n")
    return f"{numbered_path(node)}/@{name}", name


def bad_text(root: Node, chance: random.Random) -> Spoilt:
    """A number as text that is none."""
    given = [node for node in elements(root) if (node.text or "").strip().isdecimal() and len(node) == 0]
    if not given:
        return None
    node = chance.choice(given)
    node.text = "1.5"
    return numbered_path(node), str(node.tag)


def twice(root: Node, chance: random.Random) -> Spoilt:
    """What is there once, twice."""
    single = {"memory", "vcpu", "os", "features", "cpu", "clock", "devices", "currentMemory", "on_reboot", "acpi"}
    given = [
        node for node in elements(root) if node.tag in single and node.getparent() in (root, root.find("features"))
    ]
    if not given:
        return None
    node = chance.choice(given)
    copy = etree.fromstring(etree.tostring(node))
    copy.tail = node.tail
    node.addnext(copy)
    return numbered_path(copy), str(node.tag)


def moved(root: Node, chance: random.Random) -> Spoilt:
    """A device outside of the devices, or something else among them."""
    devices = root.find("devices")
    if devices is None or len(devices) == 0:
        return None
    node = chance.choice([*devices.iterchildren(tag=etree.Element)])
    root.append(node)
    return numbered_path(node), str(node.tag)


def text_where_none_is(root: Node, chance: random.Random) -> Spoilt:
    """Text between elements."""
    given = [node for node in elements(root) if len(node) and not (node.text or "").strip()]
    if not given:
        return None
    node = chance.choice(given)
    node.text = "hello"
    return numbered_path(node), str(node.tag)


def missing_attribute(root: Node, chance: random.Random) -> Spoilt:
    """An attribute less."""
    node, name = chance.choice(attributed(root) or [(root, "type")])
    node.attrib.pop(name, None)
    return numbered_path(node), name


def missing_child(root: Node, chance: random.Random) -> Spoilt:
    """An element less."""
    node = chance.choice(elements(root))
    parent = node.getparent()
    assert parent is not None  # noqa: S101  (it is below the root)
    parent.remove(node)
    return numbered_path(parent), str(node.tag)


def unprefixed(root: Node, chance: random.Random) -> Spoilt:  # noqa: ARG001
    """QEMU's arguments without their namespace."""
    root.append(etree.fromstring("<commandline><arg value='-S'/></commandline>"))
    return "commandline", "commandline"


KINDS: list[Callable[[Node, random.Random], Spoilt]] = [
    *(unknown_element, misspelt_element, unknown_attribute, misspelt_attribute, bad_word, bad_number, bad_text),
    *(twice, moved, text_where_none_is, missing_attribute, missing_child, unprefixed),
]


def bases() -> Iterator[str]:
    """Definitions that libvirt's schema allows."""
    if not CORPUS.exists():
        for name in ph.profiles.__all__:
            if name != "reasons":
                yield getattr(ph.profiles, name)(name="base").to_xml()
        return
    with tarfile.open(CORPUS) as archive:
        for member in archive:
            opened = archive.extractfile(member) if member.name.endswith(".xml") else None
            if opened:
                yield opened.read().decode(errors="replace")


def allowed(texts: Iterator[str], schema: Schema) -> list[str]:
    """Those in which neither finds anything."""
    rng = etree.RelaxNG(etree.parse(schema.file))
    found = []
    for text in texts:
        try:
            root = parse(text, "domain")
        except ph.PhyllomeError:
            continue
        if len(root) > 4 and rng.validate(root) and not culprits(root, schema):
            found.append(text)
    return found


def told(connection: libvirt.virConnect, text: str) -> str:
    """What libvirt says; empty where it finds nothing."""
    try:
        connection.defineXMLFlags(text, libvirt.VIR_DOMAIN_DEFINE_VALIDATE).undefine()
    except libvirt.libvirtError as error:
        return str(error)
    return ""


def main(count: int = 650, *, verbose: bool = False) -> None:
    """Print the shares."""
    libvirt.registerErrorHandler(lambda *_: None, None)
    begun = perf_counter()
    schema = installed()
    if schema is None:
        sys.exit("libvirt's schema is not on this machine: install libvirt0.")
    _ = schema.start.names
    print(f"reading the grammar: {(perf_counter() - begun) * 1e3:.0f} ms")
    rng = etree.RelaxNG(etree.parse(schema.file))
    connection = libvirt.open("test:///default")
    texts = allowed(bases(), schema)
    chance = random.Random(SEED)  # noqa: S311  (the same mutations each time)
    times, totals = [], [0, 0, 0, 0]
    for kind in KINDS:
        asked = ours = theirs = nearly = 0
        for _ in range(40 * count // len(KINDS)):
            root = parse(chance.choice(texts), "domain")
            spoilt = kind(root, chance)
            if asked >= count // len(KINDS):
                break
            if spoilt is None or rng.validate(root):
                continue
            text = etree.tostring(root, encoding="unicode")
            begun = perf_counter()
            found = culprits(parse(text, "domain"), schema)
            times.append((perf_counter() - begun) * 1e3)
            asked += 1
            where, named = spoilt
            right = any(_is_at(each.path, where) for each in found[:1])
            said = told(connection, text)
            ours += right
            theirs += names(said, named)
            nearly += names(said, named) or names(said, element_of(where))
            if verbose and not right:
                print(f"    {kind.__name__}: {where} | {[str(each) for each in found[:2]]}")
        print(
            f"  {kind.__name__:20} ours {ours:3} of {asked:3}   libvirt's message {theirs:3}, or its element {nearly:3}"
        )
        totals = [total + more for total, more in zip(totals, (asked, ours, theirs, nearly), strict=True)]
    print(
        f"the right place: ours {totals[1]} of {totals[0]} ({100 * totals[1] / totals[0]:.1f} %), "
        f"libvirt's message {totals[2]} ({100 * totals[2] / totals[0]:.1f} %), "
        f"counted with the element's name {totals[3]} ({100 * totals[3] / totals[0]:.1f} %)"
    )
    print(f"time for one, reading the text included: median {median(times):.2f} ms, worst {max(times):.1f} ms")


def names(said: str, name: str) -> bool:
    """Whether a message has a name in it."""
    return f" {name} " in f" {said.replace(':', ' ').replace('@', ' ')} "


def element_of(where: str) -> str:
    """The name of the element at a path."""
    return where.partition("/@")[0].rpartition("/")[2].partition("[")[0] or "domain"


def _is_at(path: str, where: str) -> bool:
    """Whether a culprit is the spoilt place; for an attribute, also the element that has it."""
    return path == where or (where.partition("/@")[0] == path and "@" in where)


if __name__ == "__main__":
    arguments = [each for each in sys.argv[1:] if each != "-v"]
    main(*(int(each) for each in arguments[:1]), verbose="-v" in sys.argv)
