"""Filtering and ordering tables in a few words."""

import pandas as pd
import pytest

import phyllome_nb as ph
from phyllome_nb.capacity.matching import matching, ordered
from support import four_cells


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """A dozen VMs."""
    return four_cells.snapshot().allocations()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", 12),
        ("WEB", ["web-1", "web-2"]),
        ("web 2", ["web-1", "web-2"]),  # some cell of each has a 2
        ('"shut off"', ["batch", "old", "spare"]),
        ("vcpus_max>=8", ["batch", "db", "wide"]),
        ("memory_max_gib<2", ["old"]),
        ("memory_max_gib<=1024MiB", ["old"]),
        ("autostart=yes active=no", ["batch"]),
        ("autostart!=yes vcpus_dedicated>0", ["spare"]),
        ("name=DB", ["db"]),
        ("state!=running", ["batch", "old", "spare"]),
        ("rss_gib>0", []),  # nothing is known of it
        ("rss_gib<=0", []),
        ("nothing like it", []),
        ("(.*", []),  # a word, no pattern
    ],
)
def test_words_and_comparisons(table: pd.DataFrame, text: str, names: list[str] | int) -> None:
    """Every word somewhere in the row, every comparison true of it."""
    found = matching(table, text)
    assert (len(found) if isinstance(names, int) else found["name"].tolist()) == names
    assert found.attrs == table.attrs


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("vcpu>4", "There is no column 'vcpu': the columns are host, name"),
        ("vcpus>many", "vcpus is a number: 'many' is none."),
        ("memory_gib>4 lots", None),
        ("memory_gib>lots", "memory_gib is a number: 'lots' is none."),
        ("autostart>yes", "autostart is yes or no"),
        ("autostart=perhaps", "autostart is yes or no"),
    ],
)
def test_what_cannot_be_compared_says_so(table: pd.DataFrame, text: str, says: str | None) -> None:
    """In one sentence that names the column."""
    if says is None:
        assert len(matching(table, text)) == 0
        return
    with pytest.raises(ValueError, match=says):
        matching(table, text)


def test_every_table_can_be_searched() -> None:
    """Whatever its columns are made of, and without a row."""
    snap = ph.demo().snapshot()
    for found in (snap.capacity("device"), snap.allocations("disk"), snap.balance(by="cell"), snap.pins()):
        assert len(matching(found, "demo")) == len(found)
        assert len(matching(found[:0], "demo")) == 0


def test_order_is_stable_and_what_is_unknown_comes_last(table: pd.DataFrame) -> None:
    """Both ways."""
    assert ordered(table, "vcpus_max", descending=True)["name"].tolist()[:3] == ["batch", "db", "wide"]
    some = table.assign(rss_gib=pd.array([None, 2.0, 1.0, *[None] * 9], dtype="Float64"))
    assert ordered(some, "rss_gib")["name"].tolist()[:2] == ["db", "cache"]
    assert ordered(some, "rss_gib", descending=True)["name"].tolist()[:2] == ["cache", "db"]
    with pytest.raises(ValueError, match="There is no column 'rss'"):
        ordered(table, "rss")
