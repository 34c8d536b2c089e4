"""The readable form of a table: units, words, and no name that is more than one."""

from dataclasses import replace

import pandas as pd
import pytest
from lxml import html

import phyllome_nb as ph

HOSTILE = "<script>alert(1)</script>"


def test_no_name_is_more_than_a_name() -> None:
    """Neither a VM's nor the host's, which stands in the caption."""
    snap = ph.demo().snapshot()
    domains = (replace(snap.domains[0], name=HOSTILE), *snap.domains[1:])
    snap = replace(snap, host=replace(snap.host, name=HOSTILE), domains=domains)
    for table in (snap.allocations(), snap.balance(), snap.capacity(), snap.conflicts()):
        tree = html.fromstring(ph.styled(table).to_html())
        assert not tree.xpath("//script")
        assert HOSTILE in tree.text_content()


def test_units_words_and_what_is_over() -> None:
    """GiB in the heading, yes for true, nothing for what is not known, red for less than nothing."""
    snap = ph.demo().snapshot()
    allocations = html.fromstring(ph.styled(snap.allocations()).to_html())
    assert "memory max (GiB)" in [heading.text_content() for heading in allocations.xpath("//th")]
    words = [cell.text_content() for cell in allocations.xpath("//td")]
    assert "yes" in words
    assert not {"<NA>", "True", "False", "nan", "None"} & set(words)
    balance = snap.balance()
    text = ph.styled(balance).to_html()
    assert (balance["free"] < 0).sum() == 2
    assert "#T_" in text
    assert "--jp-error-color1" in text


@pytest.mark.parametrize("by", ["host", "cell", "cpu", "page", "device", "pool", "network"])
def test_a_table_without_rows_has_its_headings(by: str) -> None:
    """As a host may have no devices."""
    table = ph.demo().snapshot().capacity(by)
    assert isinstance(table, pd.DataFrame)
    assert len(html.fromstring(ph.styled(table).to_html()).xpath("//thead//th")) == len(table.columns)
