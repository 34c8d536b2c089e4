"""DomainSpec: names that libvirt can take without harm, and what the screen may show of a definition."""

import itertools
import re
from html import unescape
from typing import assert_type

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phyllome_nb.domain.identity import check_name
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import FieldError
from phyllome_nb.size import Size

SECRET = "s3cret-&-<b>"  # noqa: S105  (what must not be seen)

WITH_SECRETS = """\
<domain type="kvm">
  <name>web</name>
  <devices>
    <disk type="network">
      <source protocol="https" name="x">
        <cookies>
          <cookie name="session">s3cret-&amp;-&lt;b&gt;</cookie>
          <cookie name="other"><![CDATA[s3cret-&-<b>]]></cookie>
        </cookies>
      </source>
    </disk>
    <graphics type="vnc" passwd="s3cret-&amp;-&lt;b&gt;" passwdValidTo="2030-01-01T00:00:00"/>
    <graphics type="spice" passwd="s3cret-&amp;-&lt;b&gt;"><listen type="none"/></graphics>
  </devices>
</domain>"""


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (".", "would take it for a directory and delete what is in it"),
        ("..", "would take it for a directory and delete what is in it"),
        ("", "A VM needs a name"),
        (" ", "A VM needs a name"),
        (" \N{NO-BREAK SPACE}\N{EM SPACE}", "A VM needs a name"),
        ("a/b", "has a '/'"),
        ("/", "has a '/'"),
        ("../x", "has a '/'"),
        ("a\nb", "has the control character '\\n'"),
        ("a\tb", "has the control character '\\t'"),
        ("a\rb", "has the control character '\\r'"),
        ("a\0b", "has the control character '\\x00'"),
        ("a\x1b[31m", "has the control character '\\x1b'"),
        ("a\x7f", "has the control character '\\x7f'"),
        ("a\x9b31m", "has the control character '\\x9b'"),
        ("a\ud800", "has the control character '\\ud800'"),
        ("a\uffff", "which XML cannot hold"),
        ("x" * 248, "The name is 248 bytes long: libvirt can store at most 247."),
        ("é" * 124, "The name is 248 bytes long"),
    ],
)
def test_a_name_that_would_do_harm_is_refused(name: str, why: str) -> None:
    """It never reaches libvirt: the message says what is wrong and the old name stays."""
    spec = DomainSpec("web")
    with pytest.raises(FieldError, match=re.escape(why)) as caught:
        spec.name = name
    assert str(caught.value).startswith("name: ")
    assert spec == DomainSpec("web")
    with pytest.raises(FieldError, match=re.escape(why)):
        DomainSpec(name)


@pytest.mark.parametrize(
    "name",
    [
        "web-1.example_2",
        "<img src=x onerror=alert(1)>",
        "<script>alert(1)",
        "\"double\" and 'single' & ampersand",
        "🦊🚒",
        "\N{RIGHT-TO-LEFT OVERRIDE}evil",
        "zero\N{ZERO WIDTH SPACE}width",
        "=1+1",
        "-x",
        "--help",
        "$(id)`id`;%s\\",
        "...",
        ".hidden",
        "]]>",
        "x" * 247,
        "é" * 123,
    ],
)
def test_a_name_that_libvirt_takes_comes_back_unchanged(name: str) -> None:
    """Odd as it is, it is the user's; on the screen it is text, never markup."""
    spec = DomainSpec(name)
    assert DomainSpec.from_xml(spec.to_xml()).name == name
    assert DomainSpec.from_xml(spec.to_xml()) == spec
    shown = spec._repr_html_()
    assert "<img" not in shown
    assert "<script" not in shown
    assert name in unescape(unescape(re.sub("<[^>]*>", "", shown)))


@given(st.text())
@settings(max_examples=300, database=None, deadline=None)
def test_any_name_is_kept_or_refused(name: str) -> None:
    """There is no third way, such as keeping a part of it."""
    try:
        spec = DomainSpec(name)
    except FieldError:
        return
    assert check_name(name) == name
    assert DomainSpec.from_xml(spec.to_xml().encode()).name == name


@given(st.text("<>&\"'!-[]abc/ \n"))
@settings(database=None, deadline=None)
def test_the_html_of_any_definition_holds_only_our_own_markup(text: str) -> None:
    """Whatever a description says, the tags on the screen are spans in one block."""
    spec = DomainSpec("a")
    spec.description = text
    spec.os.machine = text
    shown = spec._repr_html_().replace(spec._repr_html_().partition("</style>")[0], "")
    assert set(re.findall(r"<\s*/?\s*(\w*)", shown)) <= {"style", "div", "pre", "span"}


def test_a_dangerous_name_in_a_document_is_read_as_it_is() -> None:
    """An imported definition opens, so that a rule can speak about it; writing the name again is refused."""
    spec = DomainSpec.from_xml("<domain><name>..</name></domain>")
    assert spec.name == ".."
    with pytest.raises(FieldError):
        spec.name = spec.name


def test_a_secret_is_never_shown() -> None:
    """Neither a display's password nor a network disk's cookie is in any text for the screen."""
    spec = DomainSpec.from_xml(WITH_SECRETS)
    changed = DomainSpec.from_xml(WITH_SECRETS.replace("s3cret-&amp;", "s4cret"))
    dropped = DomainSpec("web")
    shown = [
        repr(spec),
        str(spec),
        spec._repr_html_(),
        spec.public_xml(),
        repr(spec.devices),
        repr(spec.devices.disks),
        repr(spec.devices.graphics),
        *(str(part) for part in (*spec.devices.disks, *spec.devices.graphics)),
        *(f"{each} {each!r}" for other in (changed, dropped) for each in spec.diff(other)),
        *(f"{each} {each!r}" for each in dropped.diff(spec)),
    ]
    assert [text for text in shown if "s3cret" in text or "s4cret" in text] == []
    assert spec.public_xml().count("••••••") == 4


def test_hiding_a_secret_loses_none() -> None:
    """The definition itself still has them, after it was shown and after it was edited."""
    spec = DomainSpec.from_xml(WITH_SECRETS)
    spec.public_xml()
    spec._repr_html_()
    assert spec.to_xml() == WITH_SECRETS
    spec.name = "db"
    assert spec.to_xml() == WITH_SECRETS.replace(">web<", ">db<")
    assert [*spec.diff(DomainSpec.from_xml(WITH_SECRETS))] == [*DomainSpec("db").diff(DomainSpec("web"))]


def test_a_changed_secret_is_a_difference() -> None:
    """That it changed is said, though not from what to what."""
    text = (
        "<domain><devices><graphics type='vnc' passwd='one'/><disk type='network'><source><cookies>"
        "<cookie name='a'>one</cookie></cookies></source></disk></devices></domain>"
    )
    assert [str(each) for each in DomainSpec.from_xml(text).diff(DomainSpec.from_xml(text.replace("one", "two")))] == [
        "rewrote devices/graphics/@passwd: •••••• → ••••••",
        "rewrote devices/disk/source/cookies/cookie: •••••• → ••••••",
    ]


def test_a_new_definition_carries_no_uuid() -> None:
    """So that libvirt can never take it for one that is there, and overwrite that."""
    assert DomainSpec("web").uuid is None
    assert DomainSpec("web").to_xml() == '<domain type="kvm">\n  <name>web</name>\n</domain>'
    assert DomainSpec().to_xml() == '<domain type="kvm"/>'


def test_definitions_that_say_the_same_are_equal_and_cannot_be_keys() -> None:
    """They change, so they have no hash."""
    assert DomainSpec("web") == DomainSpec("web")
    assert DomainSpec("web") != DomainSpec("db")
    assert DomainSpec("web") != "web"
    with pytest.raises(TypeError):
        hash(DomainSpec("web"))


def test_the_fields_are_offered_on_tab() -> None:
    """``dir`` lists what can be set and what can be called, and no more."""
    assert {"memory", "vcpus", "devices", "to_xml", "update"} <= set(dir(DomainSpec("web")))
    assert "maximum" in dir(DomainSpec("web").memory)
    assert [name for name in dir(DomainSpec("web")) if name.startswith("_")] == []


def test_a_type_checker_knows_what_fields_hold() -> None:
    """Mypy reads these lines, too: a size is a Size, and what may be left out may be None."""
    spec = DomainSpec("web")
    assert_type(spec.memory.maximum, Size)
    assert_type(spec.memory.current, Size | None)
    assert_type(spec.vcpus.maximum, int)
    assert_type(spec.cpu.mode, str | None)
    assert_type(spec.features.acpi, bool)
    assert_type(spec.os.boot, tuple[str, ...])
    assert_type(spec.cpu.topology.cores, int | None)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-5, 5)), max_size=8))
def test_parts_that_are_moved_keep_what_stands_around_them(moves: list[tuple[int, int]]) -> None:
    """The disks are in the order of a list moved alike; comments, white space and other devices stay."""
    between = ["\n  <!-- one -->\n  ", "  <input type='tablet'/>", "\n\n\t"]
    disks = [f"<disk><source file='/{letter}'/></disk>" for letter in "abcd"]
    spec = DomainSpec.from_xml(_with_disks(disks, between))
    for number, steps in moves:
        spec.devices.disks.move(spec.devices.disks[number], steps)
        disks.insert(min(max(number + steps, 0), 3), disks.pop(number))
    assert spec.to_xml() == DomainSpec.from_xml(_with_disks(disks, between)).to_xml()


def _with_disks(disks: list[str], between: list[str]) -> str:
    """A definition with these disks, and between two of them what is given."""
    inside = "".join(itertools.chain(*zip(disks, [*between, ""], strict=True)))
    return f"<domain><devices>{inside}</devices></domain>"
