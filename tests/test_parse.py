"""Reading: what is no definition says so in one sentence; what is one comes back as it was."""

import re
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import FieldError, ParseError

BOMB = "".join(f'<!ENTITY {chr(98 + level)} "{f"&{chr(97 + level)};" * 10}">' for level in range(10))

DOCUMENT = """\
<!-- the host wrote this -->
<?note keep?>
<domain type="kvm" xmlns:other="urn:other">
  <name>web</name>
  <metadata>
    <other:owner id="7"><![CDATA[<b> & co]]></other:owner>
    <plain xmlns="urn:plain"><inner/></plain>
  </metadata>
  <memory unit="MiB">10<!-- more later -->24</memory>


  <unheard-of odd="&lt;&quot;&#9;"><deep> kept </deep>tail</unheard-of>
\t<vcpu  >4</vcpu>
</domain>
<!-- the end -->"""


def complaint(text: str | bytes) -> str:
    """Return what is said of `text`, having checked that it is one line."""
    with pytest.raises(ParseError) as caught:
        DomainSpec.from_xml(text)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert message.endswith(".")
    assert "<string>" not in message
    return message


def test_a_document_comes_back_as_it_was() -> None:
    """Comments, also around the root, instructions, CDATA, foreign names, unknown elements and white space stay."""
    assert DomainSpec.from_xml(DOCUMENT).to_xml() == DOCUMENT.replace("<vcpu  >", "<vcpu>").replace(
        '<domain type="kvm" xmlns:other="urn:other">', '<domain xmlns:other="urn:other" type="kvm">'
    )


def test_a_copy_is_another_document_that_says_the_same() -> None:
    """The comments around the root go along, and changing the copy leaves the first alone."""
    spec = DomainSpec.from_xml(DOCUMENT)
    copy = spec.copy()
    assert copy.to_xml() == spec.to_xml()
    copy.name = "other"
    assert spec.name == "web"
    assert spec != copy


def test_a_comment_inside_a_number_does_not_hide_half_of_it() -> None:
    """There are 1024 MiB here for libvirt, and so for the field."""
    assert DomainSpec.from_xml(DOCUMENT).memory.maximum == 1024**3


@pytest.mark.parametrize("text", ["", " \n\t", b"", b"\n"])
def test_nothing_is_no_definition(text: str | bytes) -> None:
    """An empty paste gets the advice to give a definition."""
    assert complaint(text) == "The text is empty: give the XML of one <domain>."


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "<domain>",
        "<domain></domian>",
        "<domain/><domain/>",
        "<domain a='1' a='2'/>",
        "<domain>&unknown;</domain>",
        "<domain><qemu:commandline/></domain>",
        "  <?xml version='1.0'?><domain/>",
        "<domain>" + "<a>" * 400 + "</a>" * 400 + "</domain>",
        "\N{NO-BREAK SPACE}",
        "<domain xmlns:o='\x85urn:o'/>",
    ],
)
def test_what_is_not_well_formed_says_where(text: str) -> None:
    """The line and column are named once."""
    message = complaint(text)
    assert re.fullmatch(r"Not well-formed XML: .*, line \d+, column \d+\.", message)
    assert message.count("column") == 1


@pytest.mark.parametrize("root", ["network", "domainsnapshot", "html", "Domain"])
def test_another_kind_of_document_is_named(root: str) -> None:
    """A network's XML is not taken for a domain's."""
    wanted = f"This is a <{root}> document, not a libvirt <domain>: give the XML of one virtual machine."
    assert complaint(f"<{root}/>") == wanted


def test_a_domain_of_another_namespace_is_no_domain() -> None:
    """The message shows the namespace, so that it makes sense."""
    assert complaint("<domain xmlns='urn:x'/>").startswith("This is a <{urn:x}domain> document")


@pytest.mark.parametrize(
    "declaration",
    [
        "<!DOCTYPE domain>",
        '<!DOCTYPE domain [<!ENTITY a "b">]>',
        '<!DOCTYPE domain SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE domain PUBLIC "x" "http://localhost:1/x.dtd">',
        '<!DOCTYPE domain [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE domain [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]>',
    ],
)
def test_a_doctype_is_refused(declaration: str) -> None:
    """After expanding an internal entity libvirt cannot read its own file again; none gets that far."""
    assert "has a DOCTYPE" in complaint(f"{declaration}<domain><name>web</name></domain>")


def test_an_entity_is_never_expanded() -> None:
    """A use of an entity, of a file or nested to blow up, ends in the error and shows no file."""
    for inner in ('<!ENTITY a SYSTEM "file:///etc/passwd">', f'<!ENTITY a "lol">{BOMB}'):
        for use in ("&a;", "&k;"):
            assert "root:" not in complaint(f"<!DOCTYPE domain [{inner}]><domain><name>{use}</name></domain>")


def test_five_megabytes_are_too_much() -> None:
    """One call of libvirt's takes 4 MiB; the message says both numbers."""
    message = complaint(f"<domain><name>{'x' * 5_000_000}</name></domain>")
    assert "5,000,030 bytes" in message
    assert "4,194,304" in message


def test_four_megabytes_are_read() -> None:
    """The limit is libvirt's, not the parser's."""
    text = f"<domain><description>{'x' * 4_000_000}</description></domain>"
    assert DomainSpec.from_xml(text).to_xml() == text


@pytest.mark.parametrize("encoding", ["utf-8", "UTF-16", "iso-8859-1", "klingon"])
def test_an_encoding_declared_in_a_str_is_beside_the_point(encoding: str) -> None:
    """A str is decoded already, whatever its first line says."""
    assert (
        DomainSpec.from_xml(f'<?xml version="1.0" encoding="{encoding}"?><domain><name>é</name></domain>').name == "é"
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_bytes_are_read_in_the_encoding_they_declare(encoding: str) -> None:
    """As a file on disk has them."""
    text = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?><domain><name>é</name></domain>'
    assert DomainSpec.from_xml(text.encode(encoding)).name == "é"


@pytest.mark.parametrize(
    "text",
    [
        '<?xml version="1.0" encoding="utf-8"?><domain><name>é</name></domain>'.encode("iso-8859-1"),
        b'<?xml version="1.0" encoding="klingon"?><domain/>',
        "<?xml version='1.0' encoding='cp037'?><domain/>".encode("cp037"),
        b"\xff\xfe<\x00",
    ],
)
def test_bytes_in_a_wrong_encoding_are_refused(text: bytes) -> None:
    """They are never guessed at."""
    complaint(text)


@pytest.mark.parametrize("character", ["\0", "\x1b", "\ud800", "&#0;", "&#x1b;", "&#xd800;", "\ufffe"])
def test_characters_that_xml_cannot_hold_are_refused(character: str) -> None:
    """NUL, escape codes and halves of surrogate pairs do not get in, plain or as references."""
    complaint(f"<domain><name>a{character}</name></domain>")


def read_everything(text: str | bytes) -> None:
    """Read a text if it is a definition; any exception but ParseError is a failure."""
    try:
        spec = DomainSpec.from_xml(text)
    except ParseError:
        complaint(text)
        return
    assert DomainSpec.from_xml(spec.to_xml()) == spec
    assert list(spec.devices.disks) == []
    with suppress(FieldError):
        assert spec.memory.maximum >= 0
    with suppress(FieldError):
        assert spec.vcpus.maximum >= 1


@given(st.text() | st.text("<>/=\"'&;![]-? domainx\n\0"))
@example("<domain>\ud800</domain>")
@settings(max_examples=300, database=None, deadline=None)
def test_any_text_is_a_definition_or_a_parse_error(text: str) -> None:
    """No text at all brings any other exception."""
    read_everything(text)
    read_everything(f"<domain>{text}</domain>")


@given(st.binary())
@settings(max_examples=300, database=None, deadline=None)
def test_any_bytes_are_a_definition_or_a_parse_error(text: bytes) -> None:
    """Nor do any bytes."""
    read_everything(text)
    read_everything(b"<domain>" + text + b"</domain>")


@given(
    st.integers(0, len(DOCUMENT)),
    st.integers(0, 40),
    st.sampled_from(
        ["", "<", ">", "&", "&x;", "]]>", "<!--", "-->", "<![CDATA[", "\0", "\ud800", "xmlns='", "é", "9" * 30]
    )
    | st.text(max_size=5),
)
@settings(max_examples=400, database=None, deadline=None)
def test_any_damage_to_a_definition_leaves_a_definition_or_a_parse_error(start: int, length: int, new: str) -> None:
    """Cut something out of a real document and put something else in."""
    damaged = DOCUMENT[:start] + new + DOCUMENT[start + length :]
    read_everything(damaged)
    read_everything(damaged.encode("utf-8", "surrogatepass"))
