"""Snapshot and its tables: right sums, stated units, and no libvirt needed to read them."""

import copy
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace

import libvirt
import pandas as pd
import pytest

import phyllome_nb as ph
from phyllome_nb.capacity.snapshot import DomainFacts, Promise, Snapshot
from support.libvirtd import Daemon

GIB = ph.Size("1 GiB")


@pytest.fixture
def snap() -> Snapshot:
    """The sample host's facts."""
    return ph.demo().snapshot()


def test_the_columns_and_dtypes_are_those_documented(snap: Snapshot) -> None:
    """Each table has the columns, in the order and with the dtypes, that its docstring lists."""
    for method in (Snapshot.capacity, Snapshot.allocations, Snapshot.balance):
        table: pd.DataFrame = method(snap)
        assert _documented(method.__doc__ or "") == list(zip(table.columns, map(_dtype, table.dtypes), strict=True))


def _documented(docstring: str) -> list[tuple[str, str]]:
    """The columns and dtypes between the rules of a docstring's table."""
    lines = docstring.split("====\n", 2)[1].split("            ====", 1)[0].splitlines()
    found = []
    for line in filter(str.strip, lines):
        names, _, rest = line.strip().partition("  ") if "  " in line.strip() else line.strip().rpartition(" ")
        found += [(name, rest.split()[0]) for name in names.split(", ")]
    return found


def _dtype(dtype: object) -> str:
    return "str" if str(dtype) in {"object", "string"} else str(dtype)


def test_the_sample_host_has_vms_of_many_shapes_and_states(snap: Snapshot) -> None:
    """Eight VMs: some run, one is paused, some are off, one vanishes when it stops, some start with the host."""
    table = snap.allocations()
    assert len(table) == 8
    assert {"running", "paused", "shut off"} == set(table["state"])
    assert {True, False} == set(table["persistent"]) == set(table["autostart"])
    assert (table["vcpus"] < table["vcpus_max"]).any()
    assert (table["memory_gib"] < table["memory_max_gib"]).any()


def test_the_sums_are_those_that_libvirt_gives(snap: Snapshot) -> None:
    """The balance of running VMs equals the sum over ``virDomainGetInfo``, asked by another connection."""
    connection = libvirt.open(snap.host.uri)
    infos = [domain.info() for domain in connection.listAllDomains() if domain.isActive()]
    expected = {
        ("vcpus", "current"): sum(info[3] for info in infos),
        ("memory", "current"): sum(info[2] for info in infos) / 2**20,
        ("memory", "maximum"): sum(info[1] for info in infos) / 2**20,
    }
    promised = snap.balance("running").set_index(["resource", "amount"])["promised"]
    assert expected == {key: promised[key] for key in expected}


def test_a_paused_vm_still_holds_its_memory(snap: Snapshot) -> None:
    """What is paused counts as running."""
    without = replace(snap, domains=tuple(domain for domain in snap.domains if domain.state != "paused"))
    before, after = (taken.balance("running")["promised"].iloc[3] for taken in (snap, without))
    assert before - after == 16


def test_ratio_and_headroom_are_of_the_capacity(snap: Snapshot) -> None:
    """``ratio`` is promised ÷ capacity and ``headroom`` capacity - promised, in every row."""
    table = pd.concat([snap.balance("running"), snap.balance("defined")])
    assert (table["ratio"] == table["promised"] / table["capacity"]).all()
    assert (table["headroom"] == table["capacity"] - table["promised"]).all()


def test_a_host_without_memory_has_no_ratio(snap: Snapshot) -> None:
    """Nothing divided by nothing is not a number, and never a crash."""
    table = replace(snap, host=replace(snap.host, memory=ph.Size(0), cpus=0)).balance()
    assert table["ratio"].isna().all()


def test_an_unknown_count_names_the_choices(snap: Snapshot) -> None:
    """A word that is neither is refused by name."""
    with pytest.raises(ValueError, match="choose one of running, defined"):
        snap.balance("all")  # type: ignore[arg-type]


def test_all_defined_counts_what_the_next_start_gives() -> None:
    """A running VM whose definition was changed counts as stored, a transient one as it is."""
    live, stored = Promise(2, 2, GIB, GIB), Promise(4, 4, GIB * 2, GIB * 3)
    snap = _with(
        DomainFacts("changed", "1", "running", persistent=True, autostart=False, live=live, stored=stored),
        DomainFacts("transient", "2", "running", persistent=False, autostart=False, live=live),
    )
    assert snap.balance("running")["promised"].tolist() == [4, 4, 2, 2]
    assert snap.balance("defined")["promised"].tolist() == [6, 6, 3, 4]
    assert snap.allocations()["pending"].tolist() == [True, False]


def test_a_vm_that_cannot_be_read_is_shown_with_its_problem() -> None:
    """Its numbers are missing, not zero, and the others are there."""
    snap = _with(DomainFacts("odd", "1", "shut off", persistent=True, autostart=False, problem="Not well-formed XML."))
    row = snap.allocations().iloc[0]
    assert row["problem"] == "Not well-formed XML."
    assert row[["vcpus", "memory_max_gib"]].isna().all()
    assert "Not well-formed XML." in snap._repr_html_()


def test_whole_kibibytes_are_exact_in_gib() -> None:
    """8480972 KiB come back from the table to the KiB."""
    odd = ph.Size("8480972 KiB")
    promise = Promise(1, 1, odd, odd)
    table = _with(DomainFacts("odd", "1", "shut off", persistent=True, autostart=False, stored=promise)).allocations()
    assert table["memory_gib"].iloc[0] * 2**20 == 8480972


def test_the_effect_is_what_the_balance_will_be(snap: Snapshot) -> None:
    """``after`` for all that are defined equals the balance once the VM has been defined."""
    host, spec = ph.demo(), ph.profiles.linux(name="new", memory="3 GiB", vcpus=3)
    expected = host.snapshot().effect(spec).query("count == 'defined'")["after"].tolist()
    host.change(spec).apply()
    assert expected == host.snapshot().balance("defined")["promised"].tolist()
    assert snap.effect(spec)["before"].tolist() == [
        *snap.balance("running")["promised"],
        *snap.balance("defined")["promised"],
    ]


def test_a_snapshot_is_immutable_and_can_be_copied_and_pickled(snap: Snapshot) -> None:
    """What was true at a moment stays so."""
    with pytest.raises(FrozenInstanceError):
        snap.host.cpus = 1  # type: ignore[misc]
    assert snap == copy.deepcopy(snap) == pickle.loads(pickle.dumps(snap))  # noqa: S301  (our own bytes)


def test_reading_a_snapshot_needs_no_libvirt(snap: Snapshot) -> None:
    """A snapshot that was kept is read where libvirt cannot even be imported."""
    code = """
import pickle, sys
sys.modules["libvirt"] = None
snap = pickle.load(sys.stdin.buffer)
print(len(snap.allocations()), snap.balance()["promised"].tolist(), "phy-table" in snap._repr_html_())
"""
    done = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(snap), capture_output=True, check=True)
    assert done.stdout == b"8 [25.0, 29.0, 40.5, 48.5] True\n"


def test_a_real_host_says_how_much_memory_the_machine_has(daemon: Daemon) -> None:
    """The total is the kernel's MemTotal, and the table names the call that said so."""
    with open("/proc/meminfo", encoding="ascii") as meminfo:  # noqa: PTH123  (not a file of ours)
        kibibytes = int(next(line.split()[1] for line in meminfo if line.startswith("MemTotal")))
    row = ph.connect(daemon.uri).snapshot().capacity().iloc[0]
    assert (kibibytes, "getMemoryStats") == (row["memory_gib"] * 2**20, row["memory_source"])


def _with(*domains: DomainFacts) -> Snapshot:
    """The sample host with other VMs."""
    return replace(ph.demo().snapshot(), domains=domains)
