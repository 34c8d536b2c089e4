"""Exports: what other programs read is what the tables say, and no name is more than a name."""

import re
import zipfile
from dataclasses import replace
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from lxml import html

import phyllome_nb as ph
from phyllome_nb.capacity.fleet import Failure
from phyllome_nb.capacity.snapshot import DomainFacts, Promise, Snapshot, Usage
from phyllome_nb.export.excel import TABS, to_excel
from phyllome_nb.export.page import page
from phyllome_nb.export.tables import tables
from support import four_cells

HOSTILE = (
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2",
    "@SUM(A1)",
    "\t=1+1",
    "<script>alert(1)</script>",
    "{=1}",
    "http://example.org",
    "0123",
)


@pytest.fixture
def snap() -> Snapshot:
    """The sample host, some of its VMs under names that mean harm."""
    taken = ph.demo().snapshot()
    usage = Usage(ph.Size("1 GiB"), ph.Size("512 MiB"))
    model = replace(taken.domains[3], usage=usage, disks={"vda": (ph.Size("10 GiB"), ph.Size("2 GiB"), None)})
    hostile = tuple(replace(model, name=name, uuid=f"{number}") for number, name in enumerate(HOSTILE))
    return replace(taken, domains=(*taken.domains, *hostile))


def sheet(path: Path, tab: str) -> pd.DataFrame:
    """A tab as it is read back."""
    return pd.read_excel(path, sheet_name=tab, dtype=object, engine="openpyxl")


def test_the_tabs_are_those_of_rvtools(tmp_path: Path, snap: Snapshot) -> None:
    """In RVTools' names, each with its columns."""
    path = snap.to_excel(tmp_path / "host.xlsx")
    book = openpyxl.load_workbook(path)
    tabs = ["vInfo", "vCPU", "vMemory", "vDisk", "vNetwork", "vHost", "vCluster", "vHealth", "vMetaData"]
    assert book.sheetnames == tabs == list(TABS)
    for name, (columns, _) in TABS.items():
        assert [cell.value for cell in book[name][1]] == list(columns)


def test_the_numbers_are_those_of_the_tables(tmp_path: Path, snap: Snapshot) -> None:
    """In MiB, as RVTools has them; one VM a row."""
    path = snap.to_excel(tmp_path / "host.xlsx")
    info, ours = sheet(path, "vInfo"), snap.allocations()
    assert info["VM"].tolist() == ours["name"].tolist()
    assert info["CPUs"].tolist() == ours["vcpus"].tolist()
    assert info["Memory"].tolist() == (ours["memory_max_gib"] * 1024).tolist()
    assert set(info["Powerstate"]) == {"poweredOn", "poweredOff", "suspended"}
    host = sheet(path, "vHost").iloc[0]
    assert host[["# CPU", "Cores per CPU", "# Cores", "# Memory"]].tolist() == [1, 8, 8, 65536]
    running = ours[ours["active"]]
    assert host["# vCPUs"] == running["vcpus"].sum()
    assert host["vCPUs per Core"] == round(running["vcpus"].sum() / 8, 3)
    assert host["vRAM"] == running["memory_max_gib"].sum() * 1024
    assert len(sheet(path, "vHealth")) == len(snap.conflicts())
    assert len(sheet(path, "vDisk")) == snap.allocations("disk")["device"].isin(["disk", "lun"]).sum()
    assert len(sheet(path, "vNetwork")) == len(snap.allocations("interface"))
    memory = sheet(path, "vMemory")
    assert memory[memory["VM"] == "+1+1"]["Consumed"].tolist() == [512]


def test_a_name_is_no_formula(tmp_path: Path, snap: Snapshot) -> None:
    """It comes back as it was, as text, and there is no formula in the whole file."""
    path = snap.to_excel(tmp_path / "host.xlsx")
    found = [cell for cell in openpyxl.load_workbook(path)["vInfo"]["A"] if cell.value in HOSTILE]
    assert [cell.value for cell in found] == list(HOSTILE)
    assert {cell.data_type for cell in found} == {"s"}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            assert not re.search(rb"<f[ >]|hyperlink", archive.read(name))


def test_what_a_cell_cannot_hold_does_not_break_the_file(tmp_path: Path) -> None:
    """Control characters, half a surrogate pair, a text that is too long."""
    promise = Promise(1, 1, ph.Size("1 GiB"), ph.Size("1 GiB"), description="\x00\x1b\ud800" + "x" * 40_000)
    odd = DomainFacts("odd", "1", "shut off", True, False, stored=promise)
    path = to_excel([replace(ph.demo().snapshot(), domains=(odd,))], tmp_path / "odd.xlsx")
    [note] = sheet(path, "vInfo")["Annotation"]
    assert note.startswith("???xxx")
    assert len(note) == 32767


def test_several_hosts_in_one_workbook(tmp_path: Path, snap: Snapshot) -> None:
    """A row for each, and its VMs after one another."""
    fleet = ph.FleetSnapshot.of([snap, four_cells.snapshot()], (), snap.taken)
    path = fleet.to_excel(tmp_path / "fleet.xlsx")
    assert sheet(path, "vHost")["Host"].tolist() == ["demo", "four"]
    assert len(sheet(path, "vInfo")) == len(snap.domains) + 12


def test_parquet_gives_back_dtypes_units_and_meanings(tmp_path: Path, snap: Snapshot) -> None:
    """Every table, to the letter."""
    snap.to_parquet(tmp_path / "parquet")
    for name, table in tables(snap):
        read = pd.read_parquet(tmp_path / "parquet" / f"{name}.parquet")
        pd.testing.assert_frame_equal(read, table, check_dtype=True)
        assert read.attrs == table.attrs


def test_a_page_shows_names_and_runs_none_of_them(tmp_path: Path, snap: Snapshot) -> None:
    """No script, nothing to load, every value as text."""
    tree = html.fromstring(snap.to_html(tmp_path / "host.html").read_bytes())
    assert not tree.xpath("//script | //link | //img | //iframe | //@onclick | //@src | //@href")
    cells = [cell.text_content() for cell in tree.xpath("//td")]
    for name in HOSTILE:
        assert name.strip() in map(str.strip, cells)
    headings = tree.xpath("//th[small='GiB']")
    assert headings
    assert all(heading.get("title") for heading in headings)


def test_a_page_has_every_table_that_has_rows(snap: Snapshot) -> None:
    """Under its title."""
    titles = [found.attrs["title"] for _, found in tables(snap) if len(found)]
    assert [heading.text for heading in html.fromstring(page(snap)).xpath("//h2")] == titles


def test_a_fleet_has_a_page_and_files_of_its_own(tmp_path: Path, snap: Snapshot) -> None:
    """Every host's rows, and the hosts that gave no answer, with their reason."""
    lost = Failure("gone", "qemu:///gone", "<b>No answer</b> within 5 s.")
    fleet = ph.FleetSnapshot.of([snap, four_cells.snapshot()], (lost,), snap.taken)
    text = fleet.to_html(tmp_path / "fleet.html").read_text()
    tree = html.fromstring(text)
    assert "<b>No answer" not in text
    first = [cell.text_content() for cell in tree.xpath("(//table)[1]//td")]
    assert {"demo", "four", "gone", lost.problem} <= set(first)
    fleet.to_parquet(tmp_path / "parquet")
    read = pd.read_parquet(tmp_path / "parquet/allocations-vm.parquet")
    pd.testing.assert_frame_equal(read, fleet.allocations())
