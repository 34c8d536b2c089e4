"""Over some 1,500 definitions that others wrote: nothing is lost, one edit changes one thing, every field reads."""

import os
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import FieldError, ParseError
from phyllome_nb.size import Size
from phyllome_nb.xml.document import forget_secrets
from phyllome_nb.xml.fields import Field
from phyllome_nb.xml.part import Part, Section

CORPUS = Path(os.environ.get("PHYLLOME_CORPUS") or Path(__file__).parents[2] / "shared" / "corpus") / "dev.tar.gz"

pytestmark = pytest.mark.skipif(
    not CORPUS.exists(),
    reason=f"the corpus of definitions is not at {CORPUS.parent}; name its folder in PHYLLOME_CORPUS",
)

Node = etree._Element

PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


@pytest.fixture(scope="module")
def corpus() -> dict[str, bytes]:
    """Return every document by its name."""
    documents = {}
    with tarfile.open(CORPUS) as archive:
        for member in archive:
            opened = archive.extractfile(member) if member.name.endswith(".xml") else None
            if opened is not None:
                documents[Path(member.name).name] = opened.read()
    return documents


@pytest.fixture(scope="module")
def readable(corpus: dict[str, bytes]) -> dict[str, bytes]:
    """Return those that are well-formed, by lxml's own judgement."""
    return {name: text for name, text in corpus.items() if well_formed(text)}


def well_formed(text: bytes) -> bool:
    """Whether plain lxml reads it."""
    try:
        etree.fromstring(text, PARSER)
    except etree.XMLSyntaxError:
        return False
    return True


def facts(root: Node) -> list[tuple[object, ...]]:
    """Return all that a document says, in order: tags, attributes, text, comments, instructions."""
    around = [*reversed([*root.itersiblings(preceding=True)]), *root.itersiblings()]
    inside = [
        (str(node.tag), sorted(node.attrib.items()) if isinstance(node.tag, str) else "", node.text, node.tail)
        for node in root.iter()
    ]
    return [*((str(node.tag), node.text) for node in around), *inside]


def parsed(text: str | bytes) -> list[tuple[object, ...]]:
    """Return what a text says, read by plain lxml."""
    return facts(etree.fromstring(text.encode() if isinstance(text, str) else text, PARSER))


def fields(part: Part) -> Iterator[tuple[Part, str]]:
    """Yield every field of every part that a document has."""
    for name, what in part.__declared__.items():
        if isinstance(what, Field):
            yield part, name
        elif isinstance(what, Section):
            if not isinstance(part, what.part) or part.__place__.find(what.path) is not None:  # it can be inside itself
                yield from fields(getattr(part, name))
        else:
            for each in getattr(part, name):
                yield from fields(each)


def test_the_corpus_is_there(corpus: dict[str, bytes], readable: dict[str, bytes]) -> None:
    """Not an empty folder that would let everything below pass; and what lxml cannot read, we refuse."""
    assert len(corpus) > 1000
    assert len(corpus) - len(readable) < 10
    for name in corpus.keys() - readable.keys():
        with pytest.raises(ParseError):
            DomainSpec.from_xml(corpus[name])


def test_every_document_comes_back_as_it_was(readable: dict[str, bytes]) -> None:
    """The same tags, attributes, text, comments and order; and the text itself stays from then on."""
    lost = []
    for name, text in readable.items():
        once = DomainSpec.from_xml(text).to_xml()
        if parsed(once) != parsed(text) or DomainSpec.from_xml(once).to_xml() != once:
            lost.append(name)
    assert lost == []


def without(root: Node, tag: str) -> list[tuple[object, ...]]:
    """Return what a document says beside one element's own text and attributes, white space between left out."""
    said: list[tuple[object, ...]] = []
    first = root.find(tag)
    for node in root.iter(etree.Element):
        if node is not first:
            text = "" if len(node) and not (node.text or "").strip() else node.text
            said.append((str(node.tag), sorted(node.attrib.items()), text))
    return said


def test_one_edit_of_memory_and_vcpus_changes_only_that(readable: dict[str, bytes]) -> None:
    """The two elements say the new values, no other says anything else, and no comment goes."""
    wrong = []
    for name, text in readable.items():
        for tag, edit in (("memory", set_memory), ("vcpu", set_vcpus)):
            before = etree.fromstring(text, PARSER)
            spec = DomainSpec.from_xml(text)
            edit(spec)
            after = etree.fromstring(spec.to_xml().encode(), PARSER)
            if without(before, tag) != without(after, tag) or comments(before, tag) != comments(after, tag):
                wrong.append((name, tag))
            again = DomainSpec.from_xml(spec.to_xml())
            if (tag == "memory" and again.memory.maximum != Size("7 GiB")) or (
                tag == "vcpu" and again.vcpus.maximum != 7
            ):
                wrong.append((name, f"{tag} not set"))
    assert wrong == []


def set_memory(spec: DomainSpec) -> None:
    """Seven GiB, which no document of the corpus has."""
    spec.memory.maximum = "7 GiB"


def set_vcpus(spec: DomainSpec) -> None:
    """Seven."""
    spec.vcpus.maximum = 7


def comments(root: Node, tag: str) -> list[tuple[str | None, object]]:
    """Return each comment, and what stands next to it, where that is not the edited element."""
    return [
        (node.text, None if (after := node.getnext()) is None or after.tag == tag else after.tag)
        for node in root.iter(etree.Comment)
    ]


def test_every_field_of_every_document_reads(readable: dict[str, bytes]) -> None:
    """Some 130,000 reads: a value, or a FieldError that names the field; nothing else, and hardly any error."""
    refused: Counter[str] = Counter()
    reads = 0
    for text in readable.values():
        for part, name in fields(DomainSpec.from_xml(text)):
            reads += 1
            try:
                getattr(part, name)
            except FieldError as error:
                refused[str(error)] += 1
    print(f"\n{reads} reads of {len(readable)} documents, {refused.total()} refused: {dict(refused)}")  # noqa: T201
    assert reads > 100_000
    assert refused == Counter()


def test_writing_back_what_was_read_changes_nothing(readable: dict[str, bytes]) -> None:
    """Each field its own value: no difference in meaning. A word the lens does not know may be refused, and stays."""
    differences = []
    refused: Counter[str] = Counter()
    for name, text in readable.items():
        spec = DomainSpec.from_xml(text)
        before = spec.copy()
        for part, field in fields(spec):
            what = part.__declared__[field]
            try:
                value = what.read(part)
                if value != what.absent:
                    what.write(part, value)
            except FieldError as error:
                refused[str(error).partition(": ")[2].partition(" is not one")[0]] += 1
        differences += [(name, str(each)) for each in before.diff(spec)]
    print(f"\nwritten back; refused: {dict(refused)}")  # noqa: T201
    assert differences == []
    assert refused.total() < len(readable) / 10


def test_every_document_shows_and_compares(readable: dict[str, bytes]) -> None:
    """Its repr is a line, its HTML a block without a password, and it differs from itself in nothing."""
    for text in readable.values():
        spec = DomainSpec.from_xml(text)
        assert "\n" not in repr(spec)
        assert not spec.diff(spec.copy())
        public = etree.fromstring(spec.public_xml().encode(), PARSER)
        assert {node.get("passwd", "••••••") for node in public.iter("graphics")} <= {"••••••"}


def test_the_python_of_a_document_builds_it_again(readable: dict[str, bytes]) -> None:
    """Run as it is printed, it gives the same definition but for secrets; nearly always by typed fields alone."""
    texts = list(readable.values())[::5]  # every fifth: the whole takes half a minute
    typed = 0
    for text in texts:
        spec = DomainSpec.from_xml(text)
        code = spec.to_python()
        names: dict[str, DomainSpec] = {}
        exec(code, {}, names)  # noqa: S102  (that it can be run is what is tested)
        forget_secrets(spec.__place__.anchor)
        assert not names["spec"].diff(spec)
        typed += "from_xml" not in code
    print(f"\n{typed} of {len(texts)} by typed fields alone")  # noqa: T201
    assert typed > 0.9 * len(texts)
