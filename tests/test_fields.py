"""Setting a field changes one thing; a value that is refused changes nothing; every declaration explains itself."""

import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import phyllome_nb as ph
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import FieldError
from phyllome_nb.size import Size
from phyllome_nb.xml.fields import Choice, Field, Flag, Integer, SizeField, Switch, Text, TextList
from phyllome_nb.xml.part import Many, Part, Section, entries

DOCUMENT = """\
<!-- lead -->
<domain xmlns:other="urn:other" type="kvm">
  <name>web</name>
  <!-- about memory -->
  <memory unit="MiB">10<!-- in -->24</memory>
  <description><![CDATA[a <b> & c]]></description>
  <metadata>
    <other:x a="1">y</other:x>
  </metadata>
  <!-- about vcpu -->
  <vcpu placement="static" current="2">4</vcpu>
  <os>
    <type arch="x86_64" machine="pc">hvm</type>
    <nvram template="/t.fd">/n.fd</nvram>
    <boot dev="hd"/>
    <boot dev="network"/>
    <!-- about boot -->
  </os>
  <unheard-of><deep z="1"> t </deep></unheard-of>
  <devices>
    <disk type="file" device="disk" odd="1">
      <target dev="vda" bus="virtio"/>
    </disk>
    <interface type="network">
      <mac address="52:54:00:00:00:01"/>
    </interface>
    <rng model="virtio">
      <backend model="random">/dev/urandom</backend>
    </rng>
  </devices>
</domain>
<!-- tail -->"""

QEMU = "http://libvirt.org/schemas/domain/qemu/1.0"

Edit = Callable[[DomainSpec], object]


def put(path: str, value: object) -> Edit:
    """An edit that sets one field, named as a person names it."""
    *sections, field = path.split(".")

    def edit(spec: DomainSpec) -> None:
        part: Any = spec
        for section in sections:
            part = getattr(part, section)
        setattr(part, field, value)

    return edit


def changed(text: str, edit: Edit) -> list[str]:
    """Return the lines that an edit takes out and puts in."""
    spec = DomainSpec.from_xml(text)
    edit(spec)
    lines = difflib.ndiff(text.splitlines(), spec.to_xml().splitlines())
    return [line for line in lines if line[0] in "+-"]


def between(text: str, edit: Edit) -> tuple[str, str]:
    """Return the lines before and after the one that an edit adds."""
    spec = DomainSpec.from_xml(text)
    edit(spec)
    lines = spec.to_xml().splitlines()
    (new,) = (index for index, line in enumerate(lines) if line not in text.splitlines())
    return lines[new - 1].strip(), lines[new + 1].strip()


def edited(text: str, edit: Edit) -> str:
    """Return the document after an edit."""
    spec = DomainSpec.from_xml(text)
    edit(spec)
    return spec.to_xml()


@pytest.mark.parametrize(
    ("edit", "lines"),
    [
        (put("name", "db"), ["-   <name>web</name>", "+   <name>db</name>"]),
        (
            put("memory.maximum", "2 GiB"),
            ['-   <memory unit="MiB">10<!-- in -->24</memory>', '+   <memory unit="GiB">2<!-- in --></memory>'],
        ),
        (
            put("vcpus.current", 3),
            [
                '-   <vcpu placement="static" current="2">4</vcpu>',
                '+   <vcpu placement="static" current="3">4</vcpu>',
            ],
        ),
        (
            put("description", "<b>"),
            ["-   <description><![CDATA[a <b> & c]]></description>", "+   <description>&lt;b&gt;</description>"],
        ),
        (put("os.boot", ["hd"]), ['-     <boot dev="network"/>']),
        (put("os.boot", ["hd", "network", "cdrom"]), ['+     <boot dev="cdrom"/>']),
        (
            put("os.boot", ["cdrom", "network"]),
            ['-     <boot dev="hd"/>', '+     <boot dev="cdrom"/>'],
        ),
        (put("features.acpi", True), ["+   <features>", "+     <acpi/>", "+   </features>"]),
        (
            put("cpu.topology.cores", 2),
            ["+   <cpu>", '+     <topology cores="2"/>', "+   </cpu>"],
        ),
    ],
)
def test_setting_a_field_changes_one_thing(edit: Edit, lines: list[str]) -> None:
    """Line by line, the rest of the document stays, comments and unknown elements included."""
    assert changed(DOCUMENT, edit) == lines


@pytest.mark.parametrize(
    ("edit", "lines"),
    [
        (put("name", None), ["-   <name>web</name>"]),
        (put("memory.maximum", None), ['-   <memory unit="MiB">10<!-- in -->24</memory>']),
        (put("os.boot", None), ['-     <boot dev="hd"/>', '-     <boot dev="network"/>']),
        (put("os.boot", []), ['-     <boot dev="hd"/>', '-     <boot dev="network"/>']),
        (put("title", None), []),
        (put("cpu.topology.cores", None), []),
        (put("features.hyperv.relaxed", None), []),
        (put("features.acpi", False), []),
    ],
)
def test_none_removes_a_field(edit: Edit, lines: list[str]) -> None:
    """With its unit and its comment; what is not there stays away."""
    assert changed(DOCUMENT, edit) == lines


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("cpu.topology.cores", 2),
        ("memory.source", "memfd"),
        ("memory.locked", True),
        ("features.hyperv.stimer_direct", True),
        ("pm.suspend_to_mem", False),
        ("clock.offset", "utc"),
        ("title", "hello"),
        ("memory.current", "1 GiB"),
    ],
)
@pytest.mark.parametrize("text", [DOCUMENT, "<domain><name>web</name></domain>", "<domain/>"])
def test_none_takes_out_all_that_setting_put_in(text: str, path: str, value: object) -> None:
    """The parents that a field made go with it, and the text is what it was, to the blank."""

    def there_and_back(spec: DomainSpec) -> None:
        put(path, value)(spec)
        assert spec.to_xml() != text
        put(path, None)(spec)

    assert edited(text, there_and_back) == text


def test_none_leaves_what_others_say_of_the_same_element() -> None:
    """Taking out a text keeps the attributes beside it, known or not, and the other way round."""
    assert changed(DOCUMENT, put("os.nvram", None)) == [
        '-     <nvram template="/t.fd">/n.fd</nvram>',
        '+     <nvram template="/t.fd"/>',
    ]
    assert changed(DOCUMENT, lambda spec: setattr(spec.devices.rngs[0], "source", None)) == [
        '-       <backend model="random">/dev/urandom</backend>',
        '+       <backend model="random"/>',
    ]
    assert changed(DOCUMENT, lambda spec: setattr(spec.devices.rngs[0], "backend", None)) == [
        '-       <backend model="random">/dev/urandom</backend>',
        "+       <backend>/dev/urandom</backend>",
    ]


def test_an_empty_element_says_nothing() -> None:
    """As libvirt reads it: an empty text is no text, an empty number no number."""
    spec = DomainSpec.from_xml("<domain><title/><memory/><vcpu current='1'/></domain>")
    assert spec.title is None
    assert spec.memory.maximum == 0
    assert spec.vcpus.maximum == 1


@pytest.mark.parametrize(
    ("edit", "neighbours"),
    [
        (put("title", "t"), ("<name>web</name>", "<!-- about memory -->")),
        (put("uuid", "u"), ("<name>web</name>", "<!-- about memory -->")),
        (put("memory.current", "1 GiB"), ("</metadata>", "<!-- about vcpu -->")),
        (
            put("os.loader", "/l"),
            ('<type arch="x86_64" machine="pc">hvm</type>', '<nvram template="/t.fd">/n.fd</nvram>'),
        ),
        (put("os.cmdline", "quiet"), ('<nvram template="/t.fd">/n.fd</nvram>', '<boot dev="hd"/>')),
        (put("events.on_crash", "destroy"), ('<unheard-of><deep z="1"> t </deep></unheard-of>', "<devices>")),
        (put("devices.emulator", "/e"), ("<devices>", '<disk type="file" device="disk" odd="1">')),
        (
            lambda spec: spec.devices.interfaces.add(type="user"),
            ("</interface>", '<rng model="virtio">'),
        ),
    ],
)
def test_an_element_lands_where_the_schema_wants_it(edit: Edit, neighbours: tuple[str, str]) -> None:
    """Before all that comes later, above the comment that belongs to the next."""
    assert between(DOCUMENT, edit) == neighbours


def test_one_more_goes_after_those_of_its_name() -> None:
    """Even where the document has its devices in an order of its own."""
    text = "<domain><devices><interface/><disk/><rng/></devices></domain>"
    assert edited(text, lambda spec: spec.devices.disks.add()) == text.replace("<disk/>", "<disk/><disk/>")
    assert edited(text, lambda spec: spec.devices.interfaces.add()) == text.replace("<int", "<interface/><int")


def test_a_size_is_written_with_its_unit_in_whole_kib() -> None:
    """As libvirt will store it: what is written is what will be there."""
    for text, unit, number in (("1000 KB", "KiB", 977), ("4096 MiB", "GiB", 4), ("1 b", "KiB", 1)):
        after = edited("<domain/>", put("memory.maximum", text))
        assert after == f'<domain>\n  <memory unit="{unit}">{number}</memory>\n</domain>'


COMPACT = "<domain><name>a</name><os><type>hvm</type></os><devices/></domain>"
TABS = "<domain>\n\t<name>a</name>\n\t<os>\n\t\t<type>hvm</type>\n\t</os>\n\n\t<devices/>\n</domain>"
FOUR = COMPACT.replace("<name", "\n    <name").replace("<os", "\n    <os").replace("<dev", "\n    <dev")
FLUSH = TABS.replace("\t", "")


@pytest.mark.parametrize(
    ("text", "after"),
    [
        (COMPACT, '<cpu><topology cores="2"/></cpu><devices/>'),
        (TABS, '\n\n\t<cpu>\n\t\t<topology cores="2"/>\n\t</cpu>\n\t<devices/>'),
        (FOUR, '\n    <cpu>\n        <topology cores="2"/>\n    </cpu>\n    <devices/>'),
        (FLUSH, '\n\n<cpu>\n<topology cores="2"/>\n</cpu>\n<devices/>'),
    ],
)
def test_new_elements_are_indented_as_the_document_is(text: str, after: str) -> None:
    """With tabs, with four blanks, with none, or on one line where it is one line."""
    assert edited(text, put("cpu.topology.cores", 2)) == text.replace(after[after.index("<cpu") :], "").replace(
        f"{after[: after.index('<cpu')]}<devices/>", after
    )


def test_a_device_is_indented_inside_an_empty_list() -> None:
    """An element that closed itself opens as its surroundings do."""
    assert edited(TABS, lambda spec: spec.devices.disks.add(target="vda")) == TABS.replace(
        "\t<devices/>", '\t<devices>\n\t\t<disk>\n\t\t\t<target dev="vda"/>\n\t\t</disk>\n\t</devices>'
    )
    assert '<devices><disk><target dev="vda"/></disk></devices>' in edited(
        COMPACT, lambda spec: spec.devices.disks.add(target="vda")
    )


def test_the_qemu_namespace_is_declared_once_on_the_root() -> None:
    """Where libvirt puts it, whatever is added."""

    def edit(spec: DomainSpec) -> None:
        spec.qemu.args = ["-foo", "bar"]
        spec.qemu.env.add(name="A", value="B")

    text = edited("<domain>\n  <name>a</name>\n</domain>", edit)
    assert text.count("xmlns") == 1
    assert text == (
        f'<domain xmlns:qemu="{QEMU}">\n  <name>a</name>\n  <qemu:commandline>\n    <qemu:arg value="-foo"/>\n'
        '    <qemu:arg value="bar"/>\n    <qemu:env name="A" value="B"/>\n  </qemu:commandline>\n</domain>'
    )


def test_declaring_the_qemu_namespace_drops_no_other() -> None:
    """Declarations that nothing uses yet stay, on the root and below."""
    text = '<domain xmlns:one="urn:1">\n  <metadata xmlns:two="urn:2"/>\n</domain>'
    after = edited(text, put("qemu.args", ["-a"]))
    assert 'xmlns:one="urn:1"' in after
    assert 'xmlns:two="urn:2"' in after


def test_another_prefix_for_the_qemu_namespace_works() -> None:
    """The document's own is read, and used for what is added."""
    root = f'<domain xmlns:q="{QEMU}">\n  <name>a</name>\n'
    text = f'{root}  <q:commandline>\n    <q:arg value="-a"/>\n  </q:commandline>\n</domain>'
    assert DomainSpec.from_xml(text).qemu.args == ("-a",)
    assert changed(text, put("qemu.args", ["-a", "-b"])) == ['+     <q:arg value="-b"/>']
    assert edited(text, put("qemu.args", None)) == f"{root}</domain>"


def test_a_qemu_prefix_for_something_else_is_left_alone() -> None:
    """Then the new element brings its own declaration, and both keep their meaning."""
    text = '<domain xmlns:qemu="urn:other"><qemu:x/></domain>'
    after = edited(text, put("qemu.args", ["-a"]))
    assert DomainSpec.from_xml(after).qemu.args == ("-a",)
    assert after.startswith('<domain xmlns:qemu="urn:other"><qemu:x/>')


def test_a_namespace_on_a_child_or_by_default_is_read() -> None:
    """As libvirt does; it keeps these too."""
    for text in (
        f"<domain><commandline xmlns='{QEMU}'><arg value='-a'/></commandline></domain>",
        f"<domain><q:commandline xmlns:q='{QEMU}'><q:arg value='-a'/></q:commandline></domain>",
    ):
        assert DomainSpec.from_xml(text).qemu.args == ("-a",)
        after = edited(text, put("qemu.args", ["-a", "-b"]))
        assert DomainSpec.from_xml(after).qemu.args == ("-a", "-b")
        assert after.count("xmlns") == 1


def test_elements_outside_the_namespace_are_not_taken_for_qemus() -> None:
    """They are no arguments: libvirt drops them in silence."""
    for text in ("<domain><commandline><arg value='-a'/></commandline></domain>", f"<domain xmlns:q='{QEMU}/'/>"):
        assert DomainSpec.from_xml(text).qemu.args == ()


def test_of_duplicates_the_first_counts() -> None:
    """As libvirt reads them; the other stays where it is."""
    text = "<domain>\n  <name>a</name>\n  <name>b</name>\n  <memory>1</memory>\n  <memory>2</memory>\n</domain>"
    spec = DomainSpec.from_xml(text)
    assert spec.name == "a"
    assert spec.memory.maximum == Size("1 KiB")
    assert changed(text, put("name", "c")) == ["-   <name>a</name>", "+   <name>c</name>"]


REFUSED = [
    (put("type", "kwm"), "type: 'kwm' is not one of its choices: kvm, qemu"),
    (put("type", []), "type: [] is not one of its choices"),
    (put("name", 5), "name: 5 is not a text"),
    (put("title", "a\nb"), "title: 'a\\nb' has a line break"),
    (put("description", "\x1b[31m"), "description: '\\x1b[31m' has the character '\\x1b', which XML cannot hold"),
    (put("description", "\ud800"), "which XML cannot hold"),
    (put("description", "\0"), "which XML cannot hold"),
    (put("memory.maximum", 4096), "memory.maximum: 4096 has no unit: write Size('4 GiB')"),
    (put("memory.maximum", "4096"), "memory.maximum: '4096' has no unit: write '4096 GiB', or another of bytes, KiB"),
    (put("memory.maximum", "4 QiB"), "memory.maximum: 'QiB' is not a unit libvirt knows: use bytes, KiB"),
    (put("memory.maximum", 1.5), "memory.maximum: 1.5 has no unit"),
    (put("memory.current", Size(-1024)), "memory.current: -1 KiB is too small"),
    (put("memory.source", "memfb"), "memory.source: 'memfb' is not one of its choices: anonymous, file, memfd."),
    (put("memory.locked", "yes"), "memory.locked: 'yes' is neither True nor False."),
    (put("vcpus.maximum", 0), "vcpus.maximum: 0 is too small: at least 1."),
    (put("vcpus.maximum", "-1"), "vcpus.maximum: -1 is too small: at least 1."),
    (put("vcpus.maximum", True), "vcpus.maximum: True is not a whole number."),
    (put("vcpus.maximum", 1.5), "vcpus.maximum: 1.5 is not a whole number."),
    (put("vcpus.maximum", "٤"), "vcpus.maximum: '٤' is not a whole number."),
    (put("cpu.topology.cores", "many"), "cpu.topology.cores: 'many' is not a whole number."),
    (put("cpu.migratable", "on"), "cpu.migratable: 'on' is neither True nor False."),
    (put("features.hyperv.spinlock_retries", 8), "features.hyperv.spinlock_retries: 8 is too small: at least 4095."),
    (put("os.boot", "hd"), "os.boot: 'hd' is not a list of texts."),
    (put("os.boot", 5), "os.boot: 5 is not a list of texts."),
    (put("os.boot", ["hd", "dvd"]), "os.boot: 'dvd' is not one of hd, cdrom, network, fd."),
    (put("qemu.args", ["-a", "\0"]), "qemu.args: '\\x00' has the character"),
    (put("qemu.args", ["-a", 5]), "qemu.args: 5 is not a text."),
    (
        lambda spec: setattr(spec.devices.disks[0], "bus", "pata"),
        "devices.disks[0].bus: 'pata' is not one of its choices",
    ),
    (lambda spec: spec.devices.disks.add(target="vdb", bus="pata"), "devices.disks[1].bus: 'pata'"),
    (lambda spec: spec.devices.tpms.add(model="tpm-1"), "devices.tpms[0].model: 'tpm-1'"),
    (lambda spec: spec.qemu.env.add(name="A", value="\0"), "qemu.env[0].value: '\\x00' has the character"),
    (lambda spec: spec.memory.update(maximum="2 GiB", source="no"), "memory.source: 'no' is not one of its choices"),
    (lambda spec: spec.update(name="db", type="no"), "type: 'no' is not one of its choices"),
]


@pytest.mark.parametrize(("edit", "why"), REFUSED, ids=[why for _, why in REFUSED])
@pytest.mark.parametrize("text", [DOCUMENT, "<domain><devices><disk/></devices></domain>"], ids=["real", "bare"])
def test_a_refused_value_changes_nothing(text: str, edit: Edit, why: str) -> None:
    """The message names the field and what it can hold, and the text is what it was."""
    spec = DomainSpec.from_xml(text)
    before = spec.to_xml()
    with pytest.raises(FieldError, match=re.escape(why)):
        edit(spec)
    assert spec.to_xml() == before


@pytest.mark.parametrize(
    ("edit", "error", "why"),
    [
        (put("memry", "1 GiB"), AttributeError, "DomainSpec has no field 'memry': did you mean 'memory'?"),
        (put("memory.maximun", "1 GiB"), AttributeError, "did you mean 'maximum'?"),
        (put("cpu.topology.core", 1), AttributeError, "Topology has no field 'core': did you mean 'cores'?"),
        (lambda spec: spec.vcpus.__getattr__("curent"), AttributeError, "did you mean 'current'?"),
        (put("memory.zzz", 1), AttributeError, "Memory has no field 'zzz': it has max_memory, slots"),
        (put("memory", "1 GiB"), AttributeError, "memory is a part: set its fields, such as memory.max_memory."),
        (put("devices.disks", []), AttributeError, "use disks.add(…) and disks.remove(…)."),
        (lambda spec: spec.memory.update(maximum="2 GiB", sorce="file"), TypeError, "did you mean 'source'?"),
        (
            lambda spec: spec.devices.rngs.add(modl="virtio"),
            TypeError,
            "Rng has no field 'modl': did you mean 'model'?",
        ),
        (lambda spec: spec.cpu.update(topology=1), TypeError, "Cpu has no field 'topology'"),
    ],
)
def test_a_name_that_is_no_field_raises_with_a_near_one(edit: Edit, error: type[Exception], why: str) -> None:
    """A typing mistake is never stored where nobody looks, and changes nothing."""
    spec = DomainSpec.from_xml(DOCUMENT)
    with pytest.raises(error, match=re.escape(why)):
        edit(spec)
    assert spec.to_xml() == DOCUMENT


def test_a_word_that_the_lens_does_not_know_is_read() -> None:
    """A newer libvirt's choices can be seen, and stay as they are."""
    spec = DomainSpec.from_xml("<domain type='future'><memory unit='GiB'>1</memory></domain>")
    assert spec.type == "future"
    spec.memory.maximum = "2 GiB"
    assert spec.type == "future"


@pytest.mark.parametrize(
    ("text", "read", "why"),
    [
        (
            "<memory>lots</memory>",
            lambda spec: spec.memory.maximum,
            "memory.maximum: 'lots' is not a whole number of KiB",
        ),
        ("<memory unit='x'>1</memory>", lambda spec: spec.memory.maximum, "memory.maximum: 'x' is not a unit"),
        ("<cpu migratable='1'/>", lambda spec: spec.cpu.migratable, "cpu.migratable: '1' is neither 'on' nor 'off'."),
    ],
)
def test_nonsense_in_a_document_is_named_when_it_is_read(text: str, read: Edit, why: str) -> None:
    """Reading raises a FieldError that names the field; the definition as a whole still opens and prints."""
    spec = DomainSpec.from_xml(f"<domain><name>a</name>{text}</domain>")
    assert "'a'" in repr(spec)
    with pytest.raises(FieldError, match=re.escape(why)):
        read(spec)


def test_devices_are_added_and_removed() -> None:
    """A device goes in after those of its kind and comes out without a trace."""
    spec = DomainSpec.from_xml(DOCUMENT)
    disk = spec.devices.disks.add(type="file", target="vdb", bus="sata", readonly=True, boot_order=1)
    assert [each.target for each in spec.devices.disks] == ["vda", "vdb"]
    assert (disk.readonly, disk.boot_order) == (True, 1)
    assert len(spec.devices.disks) == 2
    spec.devices.disks.remove(spec.devices.disks[1])
    assert spec.to_xml() == DOCUMENT
    spec.devices.disks.remove(spec.devices.disks[0])
    assert len(spec.devices.disks) == 0
    assert "disk" not in spec.to_xml()


def test_the_last_device_takes_its_empty_parent_along() -> None:
    """As None does with a field."""
    text = "<domain>\n  <name>a</name>\n  <devices>\n    <disk/>\n  </devices>\n</domain>"
    after = "<domain>\n  <name>a</name>\n</domain>"
    assert edited(text, lambda spec: spec.devices.disks.remove(spec.devices.disks[0])) == after


SAMPLES: dict[type[Field[Any, Any]], Callable[[Any], Iterable[object]]] = {
    Choice: lambda field: field.choices,
    Integer: lambda field: (field.least, field.least + 7),
    SizeField: lambda field: (Size(field.least).ceil("KiB"), Size("3 GiB"), Size("1000 KB").ceil("KiB")),
    Switch: lambda _field: (True, False),
    Flag: lambda _field: (True, False),
    TextList: lambda field: (field.choices or ("a", "<&>"), ("x",)[: not field.choices]),
    Text: lambda field: (*field.choices, "a-1", "&<>'\""),
}


def homes(part: Part) -> Iterable[Part]:
    """Yield every part below `part`, with one of each list's kind."""
    yield part
    for name, what in part.__declared__.items():
        match what:
            case Section() if isinstance(part, what.part):
                continue  # inside itself, and inside itself again
            case Section():
                yield from homes(getattr(part, name))
            case Many():
                yield from homes(getattr(part, name).add())


def test_every_field_reads_what_was_written_and_goes_with_none() -> None:
    """Each of its values, through text and back; and None takes it out again. Once for each kind of part."""
    firsts = {type(home): index for index, home in reversed(list(enumerate(homes(DomainSpec("a")))))}
    for index in firsts.values():
        spec = DomainSpec("a")
        home = list(homes(spec))[index]
        for name, field in home.__declared__.items():
            if not isinstance(field, Field):
                continue
            samples = next(values for kind, values in SAMPLES.items() if isinstance(field, kind))
            for value in samples(field):
                setattr(home, name, value)
                setattr(home, name, None)
                assert getattr(home, name) == field.absent, (name, value)
                setattr(home, name, value)
                assert getattr(home, name) == value, (name, value)
                again = DomainSpec.from_xml(spec.to_xml())
                assert again == spec, (name, value)
            setattr(home, name, None)


@given(st.text())
@settings(database=None, deadline=None)
def test_any_text_comes_back_or_is_refused(text: str) -> None:
    """What a text field takes, it gives back to the letter, line ends included."""
    spec = DomainSpec("a")
    before = spec.to_xml()
    try:
        spec.description = text
        spec.cpu.model = text
        spec.os.arch = text
    except FieldError:
        assert spec.to_xml() == before
        return
    again = DomainSpec.from_xml(spec.to_xml())
    assert (again.description or "", again.os.arch) == (text, text)


@pytest.mark.parametrize("entry", list(entries(DomainSpec)), ids=lambda entry: entry.name)
def test_every_field_explains_itself(entry: Any) -> None:
    """Help is a sentence, and a section of libvirt's reference stands behind it."""
    assert re.fullmatch(r"[^\s].*[^\s.]\.", entry.field.help), entry.field.help
    assert "  " not in entry.field.help
    reference = entry.field.doc or entry.part.__reference__
    assert re.fullmatch(r"\w+\.html#[\w-]+", reference), reference


def test_no_two_fields_of_a_part_share_a_path() -> None:
    """Or setting one would change the other."""
    counts = Counter((entry.part, entry.path) for entry in entries(DomainSpec))
    assert [entry for entry, count in counts.items() if count > 1] == []


def test_no_two_fields_of_the_definition_share_a_path() -> None:
    """Nor across parts."""
    counts = Counter(str(entry.path) for entry in entries(DomainSpec))
    assert [path for path, count in counts.items() if count > 1] == []


def test_every_part_has_a_sentence_for_a_title_and_help() -> None:
    """Panels show both."""
    for part in {entry.part for entry in entries(DomainSpec)}:
        assert part.__title__
        assert (part.__doc__ or "").partition("\n")[0].endswith(".")


def test_the_reference_says_where_each_field_is_documented_and_what_it_becomes() -> None:
    """A field's own section of libvirt's reference comes before its part's; what becomes no option says none."""
    table = ph.fields().set_index("attribute")
    assert table.loc["memory.source", "doc"] == "https://libvirt.org/formatdomain.html#memory-backing"
    assert table.loc["memory.maximum", "doc"] == "https://libvirt.org/formatdomain.html#memory-allocation"
    assert table.loc[["memory.maximum", "events.on_crash"], "qemu"].tolist() == ["-m", ""]


def test_a_topology_makes_the_product_of_all_that_is_given() -> None:
    """Each of its five counts multiplies the vCPUs; none given makes no statement."""
    topology = DomainSpec("a").cpu.topology
    assert topology.product() is None
    topology.update(sockets=2, dies=3, clusters=5, cores=7, threads=11)
    assert topology.product() == 2 * 3 * 5 * 7 * 11
    assert topology.fitting_cores(660) == 2
