"""Size reads, counts and prints as libvirt does; libvirt's test driver is asked what it stores."""

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import libvirt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import DefinitionError
from phyllome_nb.size import BINARY, DECIMAL, FACTORS, Size

MOST = 2**63 - 1
"""Bytes: libvirt refuses more."""


@pytest.fixture(scope="module")
def connection() -> Iterator[Any]:
    """Open libvirt's test driver, which needs no daemon, without letting it print its errors."""
    libvirt.registerErrorHandler(lambda _context, _error: None, None)
    opened = libvirt.open("test:///default")
    yield opened
    opened.close()


def stored(connection: Any, number: int | str, unit: str) -> str:
    """Return the XML that libvirt keeps of a domain with this much memory."""
    domain = connection.defineXML(
        f"<domain type='test'><name>size</name><memory unit='{unit}'>{number}</memory>"
        "<os><type>hvm</type></os></domain>"
    )
    try:
        return str(domain.XMLDesc(0))
    finally:
        domain.undefine()


def in_any_case(word: str) -> st.SearchStrategy[str]:
    """Spell `word` with capitals anywhere."""
    return st.tuples(*(st.sampled_from([letter.lower(), letter.upper()]) for letter in word)).map("".join)


UNITS = st.sampled_from(sorted(FACTORS)).flatmap(in_any_case)


@settings(max_examples=60, deadline=None, database=None)
@given(data=st.data(), unit=UNITS)
def test_size_means_what_libvirt_stores(connection: Any, data: st.DataObject, unit: str) -> None:
    """A number with any unit, in any case, is as many KiB, rounded up, as libvirt makes of it."""
    number = data.draw(st.integers(1, min(2**40, MOST // FACTORS[unit.lower()])))
    text = stored(connection, number, unit)
    assert f"<memory unit='KiB'>{Size(number, unit).ceil('KiB').to('KiB')}</memory>" in text
    assert DomainSpec.from_xml(text).memory.maximum == Size(number, unit).ceil("KiB")


@settings(max_examples=30, deadline=None, database=None)
@given(number=st.integers(1, 2**32), unit=st.sampled_from(["b", "KB", "MB", "GB"]))
def test_memory_reads_as_libvirt_reads_it(connection: Any, number: int, unit: str) -> None:
    """The field and libvirt give the same for the same XML, where the unit does not divide into KiB too."""
    own = DomainSpec.from_xml(f"<domain><memory unit='{unit}'>{number}</memory></domain>")
    assert DomainSpec.from_xml(stored(connection, number, unit)).memory.maximum == own.memory.maximum


@settings(max_examples=30, deadline=None, database=None)
@given(number=st.integers(1, 2**40), unit=st.sampled_from(["bytes", "KB", "KiB", "MB", "MiB"]))
def test_what_the_field_writes_libvirt_reads_back_as_the_same(connection: Any, number: int, unit: str) -> None:
    """Set, define, read: no byte is lost or gained on the way."""
    spec = DomainSpec("size")
    spec.type, spec.os.type, spec.memory.maximum = "test", "hvm", Size(number, unit)
    domain = connection.defineXML(spec.to_xml())
    try:
        assert DomainSpec.from_xml(domain.XMLDesc(0)).memory.maximum == spec.memory.maximum
    finally:
        domain.undefine()


@pytest.mark.parametrize("unit", ["iB", "GiBs", "bits", "X", "kk", "Ki"])
def test_a_unit_that_libvirt_refuses_is_refused(connection: Any, unit: str) -> None:
    """What libvirt calls an unknown suffix is an error here too, and its message names the choices."""
    with pytest.raises(libvirt.libvirtError, match="unknown suffix"):
        stored(connection, 4, unit)
    with pytest.raises(DefinitionError, match=r"not a unit libvirt knows: use bytes, KiB, MiB.*KB, MB"):
        Size(4, unit)
    with pytest.raises(DefinitionError, match="not a unit libvirt knows"):
        Size(f"4 {unit}")


@pytest.mark.parametrize("power", range(1, 7))
def test_kib_is_1024_and_kb_is_1000(power: int) -> None:
    """The bare letter and the unit with an i are powers of 1024; the unit without is one of 1000."""
    binary, decimal = BINARY[power - 1], DECIMAL[power - 1]
    assert Size(1, binary) == 1024**power
    assert Size(1, binary[0]) == 1024**power
    assert Size(1, decimal) == 1000**power


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4 GiB", 4 * 1024**3),
        ("4gib", 4 * 1024**3),
        ("  4\tGIB\n", 4 * 1024**3),
        ("4 g", 4 * 1024**3),
        ("4 GB", 4 * 1000**3),
        ("0 bytes", 0),
        ("7 b", 7),
        ("1.5 GiB", 3 * 1024**3 // 2),
        ("0.5 KB", 500),
        ("1.000 byte", 1),
        ("0.0009765625 KiB", 1),
    ],
)
def test_a_text_is_read(text: str, size: int) -> None:
    """Case and white space make no difference; a fraction is read where it makes whole bytes."""
    assert Size(text) == size


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("4", r"no unit: write '4 GiB', or another of bytes, KiB, MiB, GiB.*KB, MB"),
        ("", "not a size"),
        ("GiB", "not a size"),
        ("four GiB", "not a size"),
        ("-4 GiB", "not a size"),
        ("+4 GiB", "not a size"),
        ("1e3 KiB", "not a size"),
        ("1_000 KiB", "not a size"),
        ("0x40 KiB", "not a size"),
        ("1,5 GiB", "not a size"),
        (".5 GiB", "not a size"),
        ("4 GiB 1 MiB", "not a size"),
        ("٤ GiB", "not a size"),
        ("4 \N{KELVIN SIGN}", "not a size"),
        ("9" * 5000 + " GiB", "not a size"),
        ("0.3 bytes", "not a whole number of bytes"),
        ("1.0000000000000000000000000000000001 GiB", "not a whole number of bytes"),
    ],
)
def test_a_text_that_is_no_size_says_why(text: str, why: str) -> None:
    """A number without a unit is ambiguous, and so refused; nothing is guessed and nothing is rounded in silence."""
    with pytest.raises(DefinitionError, match=why):
        Size(text)


def test_a_unit_beside_a_text_is_its_unit() -> None:
    """``Size("1.5", "GiB")`` is ``Size("1.5 GiB")``; two units are one too many."""
    assert Size("1.5", "GiB") == Size("1.5 GiB")
    with pytest.raises(DefinitionError, match="not a size"):
        Size("4 GiB", "MiB")


def test_ceil_rounds_up_and_never_down() -> None:
    """One byte more than a KiB is two KiB, and a whole number of KiB stays."""
    assert Size(2, "KiB") == Size(1025).ceil("KiB")
    assert Size(1, "KiB") == Size(1024).ceil("KiB")
    assert Size(0) == Size(0).ceil("KiB")
    assert Size(976_566, "KiB") == Size(1_000_003, "KB").ceil("KiB")


@given(st.integers(0, 2**70), st.sampled_from(sorted(FACTORS)))
@settings(database=None)
def test_ceil_is_the_smallest_whole_number_of_the_unit(size: int, unit: str) -> None:
    """It is at least the size, less than one unit above it, and whole; beyond what a float can count, too."""
    rounded = Size(size).ceil(unit)
    assert 0 <= rounded - size < FACTORS[unit]
    assert rounded % FACTORS[unit] == 0


@given(st.integers())
@settings(database=None)
def test_the_text_of_a_size_reads_back_as_the_size(number: int) -> None:
    """No digit is lost in print; a negative size prints with its sign."""
    size = Size(number)
    sign = -1 if str(size).startswith("-") else 1
    assert size == sign * Size(str(size).removeprefix("-"))
    assert repr(size) == f"Size({str(size)!r})"


def test_a_difference_may_be_negative() -> None:
    """What is promised beyond what there is prints as a size below zero."""
    assert str(Size("1 GiB") - Size("4 GiB")) == "-3 GiB"
    assert Size(-1536, "MiB").short() == "-1.5 GiB"
    assert Size(-1536, "MiB").to("GiB") == -1.5
    assert Size(-1).ceil("KiB") == 0


def test_sums_and_multiples_stay_sizes() -> None:
    """Adding, subtracting, multiplying and sum() give a Size; a quotient of two is a plain number."""
    sizes = [Size("1 GiB"), Size("512 MiB")]
    for size in (sizes[0] + sizes[1], sum(sizes), sizes[1] * 3, 3 * sizes[1]):
        assert isinstance(size, Size)
        assert size == Size("1.5 GiB")
    assert isinstance(sizes[0] - sizes[1], Size)
    assert sizes[0] // sizes[1] == 2
    assert sizes[0] / sizes[1] == 2.0


def test_a_size_is_the_int_of_its_bytes() -> None:
    """It compares, hashes and sorts as one."""
    assert Size("4 KiB") == 4096
    assert hash(Size("4 KiB")) == hash(4096)
    assert sorted([Size("1 GB"), Size("1 GiB"), Size("1 MiB")]) == [1024**2, 1000**3, 1024**3]


def test_a_size_survives_pickle_and_copy() -> None:
    """As processes and Dask's workers pass it on."""
    size = Size("3 GB")
    for again in (pickle.loads(pickle.dumps(size)), copy.copy(size), copy.deepcopy(size)):  # noqa: S301  (its own)
        assert type(again) is Size
        assert again == size


def test_formats() -> None:
    """``str`` is exact, ``short`` is for people, a format spec pads the text."""
    assert str(Size(3584, "MiB")) == "3584 MiB"
    assert str(Size(1000)) == "1000 bytes"
    assert str(Size(0)) == "0 bytes"
    assert f"{Size('4 GiB'):>8}" == "   4 GiB"
    assert Size("8480972 KiB").short() == "8.1 GiB"
    assert Size("4 GiB").short() == "4 GiB"
    assert Size(1).short() == "1 bytes"


def test_to_is_whole_where_it_can_be() -> None:
    """An int keeps every digit; a fraction is a float."""
    assert Size("4 GiB").to("MiB") == 4096
    assert isinstance(Size(2**62).to("KiB"), int)
    assert Size("4 GB").to("GiB") == pytest.approx(3.7252902984619)
