"""A definition explains itself: as a manual prints it, with meanings, as Python, and compared with another."""

import re

import pytest

import phyllome_nb as ph
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.xml.part import entries

LINUX = ph.profiles.linux(name="web", memory="4 GiB", vcpus=4)
GUARDED = "<domain type='kvm'><name>s</name><devices><graphics type='vnc' passwd='sesame'/></devices></domain>"


def test_a_snippet_has_the_part_and_the_rest_as_dots() -> None:
    """Only what was asked for is printed, on its way from the root."""
    assert str(LINUX.snippet("cpu.topology", "features")).splitlines() == [
        '<domain type="kvm">',
        "  [...]",
        "  <features>",
        "    <acpi/>",
        "    <apic/>",
        "  </features>",
        '  <cpu mode="host-model">',
        '    <topology sockets="1" dies="1" cores="4" threads="1"/>',
        "  </cpu>",
        "  [...]",
        "</domain>",
    ]


def test_a_snippet_names_devices_and_single_fields() -> None:
    """A list of devices, one device's part and one field are parts, too."""
    assert str(LINUX.snippet("devices.inputs")).count("<input ") == 2
    assert "<boot " in str(LINUX.snippet("os.boot"))
    assert "<type " not in str(LINUX.snippet("os.boot"))


def test_a_snippet_of_nothing_is_the_root_alone() -> None:
    """A part that the definition does not have leaves dots."""
    assert str(LINUX.snippet("devices.disks")).splitlines() == ['<domain type="kvm">', "  [...]", "</domain>"]


def test_a_misspelt_part_is_refused_with_the_nearest() -> None:
    """The sentence says what was probably meant."""
    with pytest.raises(ph.errors.DefinitionError, match="did you mean 'memory'"):
        LINUX.snippet("memroy")
    with pytest.raises(ph.errors.DefinitionError, match="did you mean 'topology'"):
        LINUX.explain("cpu.topolgy")


def test_every_part_can_be_named() -> None:
    """Each field's own name, and the name of each part on the way to it, is one that snippet takes."""
    for entry in entries(DomainSpec):
        words = entry.name.replace("[]", "").split(".")
        for end in range(1, len(words) + 1):
            LINUX.snippet(".".join(words[:end]))


def test_an_explanation_says_what_each_value_means() -> None:
    """The help of the field that holds a value stands with the line that shows it."""
    shown = str(LINUX.explain("memory"))
    assert f"# memory.maximum: {DomainSpec.memory.part.maximum.help}" in shown
    assert shown.index("<memory ") < shown.index("# memory.maximum") < shown.index("<memoryBacking>")
    assert "it can use no more unless" in LINUX.explain()._repr_html_()


def test_an_explanation_of_a_part_is_about_nothing_else() -> None:
    """The root's own attributes stand around every part; they are explained where they are asked for."""
    assert "# type: " not in str(LINUX.explain("clock"))
    for asked in (LINUX.explain(), LINUX.explain("type"), LINUX.explain("type", "clock")):
        assert "# type: The hypervisor" in str(asked)


def test_no_secret_is_printed_anywhere() -> None:
    """Snippet, explanation, Python and diff leave the password out."""
    spec = ph.DomainSpec.from_xml(GUARDED)
    shown = (spec.snippet("devices"), spec.explain(), spec.diff(DomainSpec("other")))
    texts = [text for each in shown for text in (str(each), repr(each), each._repr_html_())]
    assert not [text for text in [*texts, spec.to_python()] if "sesame" in text]


def test_the_python_builds_the_same_definition() -> None:
    """Run as it is printed, it gives a definition without a difference, by typed fields alone."""
    code = LINUX.to_python()
    assert "from_xml" not in code
    built = _run(code)
    assert not built.diff(LINUX)
    assert not LINUX.diff(built)


def test_the_python_reads_xml_where_fields_do_not_know_it_all() -> None:
    """What no field knows is not lost: the code then holds the XML."""
    spec = ph.DomainSpec.from_xml("<domain type='kvm'><name>a</name><unheard of='it'/></domain>")
    assert "from_xml" in spec.to_python()
    assert not _run(spec.to_python()).diff(spec)


def test_hostile_text_is_a_literal_in_the_python() -> None:
    """A name that would be code is a string in the code."""
    spec = DomainSpec("'''+__import__('os').getcwd()+'''")
    spec.description = '"""\n"); raise SystemExit("'
    assert _run(spec.to_python()).description == spec.description


def test_the_diff_is_in_words_and_in_coloured_xml() -> None:
    """A line a change; in a notebook the XML's lines as well, added and dropped ones marked."""
    other = LINUX.copy()
    other.memory.maximum = "8 GiB"
    other.devices.inputs.remove(other.devices.inputs[0])
    diff = LINUX.diff(other)
    assert str(diff).splitlines() == [
        "rewrote memory: 4 GiB → 8 GiB",
        "dropped devices/input: type='tablet' bus='virtio'",
    ]
    assert len(diff) == 2
    html = diff._repr_html_()
    assert re.findall('phy-(added|dropped)-line">. *&lt;(memory|input)', html) == [
        ("dropped", "memory"),
        ("added", "memory"),
        ("dropped", "input"),
    ]


def test_no_difference_is_said_in_words() -> None:
    """Another unit, another order of devices, a comment: nothing changed."""
    other = ph.DomainSpec.from_xml(
        LINUX.to_xml().replace('unit="GiB">4<', 'unit="MiB">4096<').replace("<os ", "<!-- x --><os ")
    )
    assert str(LINUX.diff(other)) == "no difference"


def test_the_order_of_boot_devices_and_of_arguments_is_a_difference() -> None:
    """There libvirt does care."""
    one, other = LINUX.copy(), LINUX.copy()
    one.os.boot, other.os.boot = ("hd", "cdrom"), ("cdrom", "hd")
    one.qemu.args, other.qemu.args = ("-a", "-b"), ("-b", "-a")
    assert len(one.diff(other)) == 4


def _run(code: str) -> DomainSpec:
    names: dict[str, DomainSpec] = {}
    exec(code, {}, names)  # noqa: S102  (that it can be run is what is tested)
    return names["spec"]
