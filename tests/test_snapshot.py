"""Snapshot and its tables: right sums, stated units, and no libvirt needed to read them."""

import copy
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace

import libvirt
import pandas as pd
import pytest

import phyllome_nb as ph
from phyllome_nb.capacity import view
from phyllome_nb.capacity.columns import ALLOCATIONS, BALANCE, CAPACITY, CONFLICTS, EFFECT, PINS, SOURCES, Column
from phyllome_nb.capacity.snapshot import DomainFacts, Promise, Snapshot
from support.libvirtd import Daemon

KIB = ph.Size("1 KiB")
GIB = ph.Size("1 GiB")
AT_NEXT_START = libvirt.VIR_DOMAIN_AFFECT_CONFIG


@pytest.fixture
def snap() -> Snapshot:
    """The sample host's facts."""
    return ph.demo().snapshot()


@pytest.mark.parametrize(
    ("method", "choices"),
    [
        (Snapshot.capacity, CAPACITY),
        (Snapshot.allocations, ALLOCATIONS),
        (lambda snap, by: snap.balance(by=by), BALANCE),
        (lambda snap, _: snap.pins(), PINS),
        (lambda snap, _: snap.conflicts(), CONFLICTS),
        (lambda snap, _: snap.sources(), SOURCES),
        (lambda snap, _: snap.effect(ph.profiles.linux(name="new")), EFFECT),
    ],
)
def test_the_columns_and_dtypes_are_those_declared(
    snap: Snapshot, method: Callable[[Snapshot, str], pd.DataFrame], choices: dict[str, tuple[Column, ...]]
) -> None:
    """Each table has its columns in their order and dtypes, also without a row, and says units and meaning."""
    for taken in (snap, replace(snap, domains=())):
        for by, columns in choices.items():
            table = method(taken, by)
            declared = [(column.name, column.dtype) for column in columns]
            assert declared == list(zip(table.columns, map(_dtype, table.dtypes), strict=True))
            assert table.attrs["units"] == {column.name: column.unit for column in columns if column.unit}
            assert table.attrs["help"].keys() == set(table.columns)


def test_the_docstrings_list_the_columns() -> None:
    """With dtype, unit and meaning."""
    doc = Snapshot.allocations.__doc__ or ""
    for column in ALLOCATIONS["vm"] + ALLOCATIONS["cell"]:
        unit = f", {column.unit}" if column.unit else ""
        assert f"- ``{column.name}`` ({column.dtype}{unit}): {column.help}" in doc


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


def test_the_sample_host_is_as_its_file_says(snap: Snapshot) -> None:
    """CPUs and memory, the version as libvirt writes it, and the VMs in the order of names."""
    row = snap.capacity().iloc[0]
    assert row[["host", "cpus", "sockets", "cores", "threads"]].tolist() == ["demo", 16, 1, 8, 2]
    assert row[["mhz", "memory_gib", "memory_source"]].tolist() == [2800, 64.0, "getInfo"]
    assert re.fullmatch(r"\d\d?\.\d\d?\.\d\d?", snap.host.libvirt)
    assert snap.allocations()["name"].is_monotonic_increasing


def test_the_card_says_what_was_promised_and_what_is_over(snap: Snapshot) -> None:
    """Both sums with what is left or over, each VM's share of its maximum, and a mark on what is overcommitted."""
    html = snap._repr_html_().partition("</style>")[2]
    shown = re.sub("<[^>]*>", " ", html)
    assert "29 of 16 CPUs · 13 over · 1.81 vCPUs for each CPU" in shown
    assert "48.5 of 64 GiB · 15.5 left · 0.76 GiB for each GiB" in shown
    assert re.search("web-1  running  yes  2 of 4  4 GiB", shown)
    assert "8 GiB of 16 GiB" in shown
    assert html.count("phy-over") == 3


def test_the_bar_has_the_lengths_of_the_numbers(snap: Snapshot) -> None:
    """What was promised, what is added, and where the host's own ends, in hundredths of the longest."""
    html = view.effect(snap, ph.profiles.linux(memory="4 GiB", vcpus=4))
    found = re.findall(r'phy-before" style="width:([\d.]+)%.*?phy-added" style="width:([\d.]+)%.*?left:([\d.]+)%', html)
    assert found == [
        ("87.88", "12.12", "48.48"),  # 29 + 4 of 16 CPUs
        ("91.49", "8.51", "34.04"),  # 43 + 4 of 16 CPUs
        ("75.78", "6.25", "100.00"),  # 48.5 + 4 of 64 GiB
        ("95.00", "5.00", "80.00"),  # 76 + 4 of 64 GiB
    ]


def test_the_sums_are_those_that_libvirt_gives(snap: Snapshot) -> None:
    """The balance of running VMs equals the sum over ``virDomainGetInfo``, asked by another connection."""
    connection = libvirt.open(snap.host.uri)
    infos = [domain.info() for domain in connection.listAllDomains() if domain.isActive()]
    expected = {
        ("vcpus", "current"): sum(info[3] for info in infos),
        ("memory", "current"): sum(info[2] for info in infos) / 2**20,
        ("memory", "maximum"): sum(info[1] for info in infos) / 2**20,
    }
    table = snap.balance("running").set_index(["resource", "amount"])
    # What is made of huge pages, 16 GiB of db-1, is set aside and not promised of the rest.
    taken = table["promised"] + table["dedicated"]
    assert expected == {key: taken[key] for key in expected}
    assert table["dedicated"]["memory", "maximum"] == 16


def test_a_paused_vm_still_holds_its_memory(snap: Snapshot) -> None:
    """What is paused counts as running."""
    without = replace(snap, domains=tuple(domain for domain in snap.domains if domain.state != "paused"))
    before, after = (taken.balance("running")["promised"].iloc[3] for taken in (snap, without))
    assert before - after == 16


def test_ratio_and_free_are_of_what_is_left_to_promise(snap: Snapshot) -> None:
    """``ratio`` is promised ÷ (total - reserved - dedicated), ``free`` the rest, in every row that is known."""
    table = pd.concat([snap.balance("running"), snap.balance("defined")])
    known = table[table["total"].notna()]
    left = known["total"] - known["reserved"] - known["dedicated"]
    assert len(known) == 8
    assert (known["ratio"] == known["promised"] / left).all()
    assert (known["free"] == known["limit"] - known["promised"]).all()
    assert (known["limit"] == left).all()


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


def test_a_change_for_the_next_start_is_pending() -> None:
    """A VM that runs has two definitions: now counts the one, all that are defined the other."""
    host = ph.demo()
    before = host.snapshot()
    host.ask("changing", lambda connection: connection.lookupByName("web-1").setVcpusFlags(3, AT_NEXT_START))
    snap = host.snapshot()
    row = snap.allocations().set_index("name").loc["web-1"]
    assert (row["vcpus"], row["pending"]) == (2, True)
    assert snap.balance("running").equals(before.balance("running"))
    assert snap.balance("defined")["promised"].iloc[0] == before.balance("defined")["promised"].iloc[0] + 1
    assert "changes at its next start" in snap._repr_html_()
    assert "changes at its next start" not in before._repr_html_()
    assert host.domain("web-1").vcpus.current == 3


@pytest.mark.parametrize(
    ("memory", "vcpu", "promise"),
    [
        ("<memory>4</memory>", "<vcpu>4</vcpu>", (4, 4, 4, 4)),
        ("<memory>4</memory><currentMemory>1</currentMemory>", "<vcpu current='2'>4</vcpu>", (2, 4, 1, 4)),
        ("<memory>4</memory><currentMemory>0</currentMemory>", "<vcpu>4</vcpu>", (4, 4, 4, 4)),
        ("<memory>4</memory><currentMemory>9</currentMemory>", "<vcpu>4</vcpu>", (4, 4, 4, 4)),
    ],
)
def test_a_promise_is_what_libvirt_makes_of_the_numbers(memory: str, vcpu: str, promise: tuple[int, ...]) -> None:
    """What is left out, or said to be nothing or more than the maximum, is the maximum."""
    made = Promise.of(ph.DomainSpec.from_xml(f"<domain><name>a</name>{memory}{vcpu}</domain>"))
    assert (made.vcpus, made.vcpus_max, made.memory // KIB, made.memory_max // KIB) == promise


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
    assert done.stdout == b"8 [25.0, 29.0, 24.5, 32.5, 16.0] True\n"


def test_a_real_host_says_how_much_memory_the_machine_has(daemon: Daemon) -> None:
    """The total is the kernel's MemTotal, and the table names the call that said so."""
    with open("/proc/meminfo", encoding="ascii") as meminfo:  # noqa: PTH123  (not a file of ours)
        kibibytes = int(next(line.split()[1] for line in meminfo if line.startswith("MemTotal")))
    row = ph.connect(daemon.uri).snapshot().capacity().iloc[0]
    assert (kibibytes, "getMemoryStats") == (row["memory_gib"] * 2**20, row["memory_source"])


def _with(*domains: DomainFacts) -> Snapshot:
    """The sample host with other VMs."""
    return replace(ph.demo().snapshot(), domains=domains)
