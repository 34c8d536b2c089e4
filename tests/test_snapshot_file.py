"""Snapshots in files: everything comes back, nothing secret is in them, and what is damaged says so."""

import json
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pandas as pd
import pytest

import phyllome_nb as ph
from phyllome_nb.capacity.facts import Cache, HostDevice, MdevType, Network, Pool
from phyllome_nb.capacity.file import VERSION
from phyllome_nb.capacity.snapshot import HostFacts, Snapshot, Usage
from support import four_cells


@pytest.fixture
def full() -> Snapshot:
    """One with something in every field of the host."""
    snap = four_cells.snapshot()
    devices = (
        HostDevice(
            "card", "pci", "0000:01:00.0", "T4", 3, 1, "vfio-pci", "0x030200", "NVIDIA", "", ("0000:01:00.1",), 8
        ),
        HostDevice("gpu", "pci", "0000:02:00.0", mdev_types=(MdevType("nvidia-222", "GRID T4-1Q", 16),)),
    )
    host = replace(
        ph.demo().snapshot().host,
        cells=snap.host.cells,
        caches=(Cache(3, 0, "both", ph.Size("22 MiB"), frozenset({0, 1})),),
        devices=devices,
        networks=(Network("lab", True, None, "virbr0", "nat"),),
        pools=(Pool("images", True, True, "dir", "/srv", ph.Size("1 TiB"), ph.Size("1 GiB"), ph.Size("1 MiB")),),
        online=frozenset({0, 1}),
        offline=frozenset({2}),
        cpu_features=frozenset({"vmx"}),
        emulators=frozenset({"/usr/bin/qemu-system-x86_64"}),
        bridges=frozenset({"br0"}),
        address_bits=46,
        nested=True,
    )
    usage = Usage(ph.Size("1 GiB"), ph.Size("2 GiB"), None, ph.Size("3 GiB"))
    disks = {"vda": (ph.Size("1 GiB"), None, ph.Size("1 GiB"))}
    domains = tuple(replace(each, usage=usage, disks=disks, saved=True) for each in snap.domains)
    return replace(snap, host=host, domains=domains)


def test_what_is_loaded_is_what_was_saved(tmp_path: Path, full: Snapshot) -> None:
    """To the last field, and with every table."""
    for number, snap in enumerate((full, four_cells.snapshot(), ph.demo().snapshot())):
        loaded = Snapshot.load(snap.save(tmp_path / f"{number}.json"))
        assert loaded == snap
        for one, other in zip(tables(loaded), tables(snap), strict=True):
            assert one.equals(other)


def tables(snap: Snapshot) -> list[pd.DataFrame]:
    """All of them."""
    capacity = [snap.capacity(by) for by in ("host", "cell", "cpu", "page", "device", "pool", "network")]
    allocations = [snap.allocations(by) for by in ("vm", "cell", "vcpu", "device", "disk", "interface")]
    return [*capacity, *allocations, snap.balance(by="cell"), snap.pins(), snap.conflicts(), snap.sources()]


def test_the_facts_of_the_fixture_are_all_set(full: Snapshot) -> None:
    """Else the test before would not see a field that gets lost."""
    unset = HostFacts("", "", 0, 0, 0, 0, 0, ph.Size(0), "")
    same = {field.name for field in fields(HostFacts) if getattr(full.host, field.name) == getattr(unset, field.name)}
    made_up = {"arch", "cpu_vendor", "cpu_model", "iommu", "kvm", "guests", "domain_capabilities", "session"}
    assert same <= made_up | {"memory_available"}


def test_a_file_is_read_where_there_is_no_libvirt(tmp_path: Path, full: Snapshot) -> None:
    """By the package alone."""
    path = full.save(tmp_path / "host.json")
    code = f"""
import sys
sys.modules["libvirt"] = None
import phyllome_nb as ph
print(ph.Snapshot.load({str(path)!r}).balance()["promised"].tolist())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == str(full.balance()["promised"].tolist())


def test_no_secret_gets_into_a_file(tmp_path: Path) -> None:
    """Not a password of a display, nor an option of QEMU's."""
    host = ph.demo()
    spec = ph.profiles.linux(name="secretive")
    spec.devices.graphics[0].passwd = "0pensesm"  # noqa: S105  (it is made up)
    spec.qemu.args = ("-fw_cfg", "name=opt/key,string=0pensesm")
    host.change(spec).apply()
    path = host.snapshot().save(tmp_path / "host.json")
    assert "secretive" in path.read_text()
    assert "0pensesm" not in path.read_text()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no snapshot, or was damaged"),
        ("{", "no snapshot, or was damaged"),
        ("[]", "Snapshot.save writes them"),
        ('{"format": "something else"}', "Snapshot.save writes them"),
        (f'{{"format": "phyllome_nb snapshot", "version": {VERSION + 1}}}', f"version {VERSION + 1}"),
        (f'{{"format": "phyllome_nb snapshot", "version": {VERSION}}}', "was damaged"),
        (f'{{"format": "phyllome_nb snapshot", "version": {VERSION}, "Snapshot": {{"host": 3}}}}', "was damaged"),
        ("[" * 100_000, "no snapshot, or was damaged"),
    ],
)
def test_what_is_no_snapshot_says_so(tmp_path: Path, text: str, says: str) -> None:
    """In one sentence that names the file."""
    path = tmp_path / "host.json"
    path.write_text(text)
    with pytest.raises(ph.errors.SnapshotFileError, match=says) as caught:
        Snapshot.load(path)
    assert str(path) in str(caught.value)


def test_wrong_kinds_of_values_are_refused(tmp_path: Path, full: Snapshot) -> None:
    """A number where a name belongs is no name."""
    path = full.save(tmp_path / "host.json")
    for what in ({"name": 7}, {"cpus": "many"}, {"memory": None}, {"cells": 5}, {"online": [["x"]]}):
        document = json.loads(path.read_text())
        document["Snapshot"]["host"] |= what
        (tmp_path / "odd.json").write_text(json.dumps(document))
        with pytest.raises(ph.errors.SnapshotFileError, match="was damaged"):
            Snapshot.load(tmp_path / "odd.json")


def test_fields_of_a_newer_version_are_left_out(tmp_path: Path, full: Snapshot) -> None:
    """The version is raised only where a file could be misread."""
    path = full.save(tmp_path / "host.json")
    document = json.loads(path.read_text())
    document["Snapshot"]["host"]["of_the_future"] = {"a": 1}
    path.write_text(json.dumps(document))
    assert Snapshot.load(path) == full


def test_a_file_that_cannot_be_written_is_unchanged(tmp_path: Path, full: Snapshot) -> None:
    """What was there before stays, and nothing else is left behind."""
    with pytest.raises(OSError, match="No such file"):
        full.save(tmp_path / "none/host.json")
    (tmp_path / "host.json").mkdir()
    (tmp_path / "host.json/inside").write_text("mine")
    with pytest.raises(OSError, match="directory"):
        full.save(tmp_path / "host.json")
    assert [each.name for each in tmp_path.iterdir()] == ["host.json"]
    assert (tmp_path / "host.json/inside").read_text() == "mine"
