"""Several hosts: each within its deadline, those that fail as rows, and no VM twice."""

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import libvirt
import pytest

import phyllome_nb as ph
from phyllome_nb.capacity.columns import ALLOCATIONS, BALANCE, CAPACITY
from phyllome_nb.capacity.fleet import Failure, FleetSnapshot
from phyllome_nb.capacity.migration import obstacles, unknowns
from phyllome_nb.capacity.snapshot import Snapshot
from support import four_cells
from support.libvirtd import Daemon, libvirtd

TEXT = """<domain type='qemu'><name>{0}</name><memory unit='MiB'>{1}</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type></os>{2}</domain>"""


CARD = "<devices><interface type='user'><mac address='52:54:00:00:00:01'/></interface></devices>"
DISK = "<disk type='file'><source file='/srv/a'/></disk>"
WHY = libvirt.VIR_CONNECT_COMPARE_CPU_FAIL_INCOMPATIBLE


@pytest.fixture(scope="module")
def three(scratch: Path) -> Iterator[list[Daemon]]:
    """Three hosts with a VM each."""
    with ExitStack() as stack:
        daemons = [stack.enter_context(libvirtd(scratch / f"fleet-{number}")) for number in range(3)]
        for number, daemon in enumerate(daemons):
            libvirt.open(daemon.uri).defineXML(TEXT.format(f"vm-{number}", 64 * (number + 1), ""))
        yield daemons


def test_three_hosts_at_once(three: list[Daemon]) -> None:
    """Every host has its rows; hosts of one name can be told apart."""
    with ph.Fleet([daemon.uri for daemon in three], timeout=60) as fleet:
        taken = fleet.snapshot()
        again = fleet.snapshot()
    assert taken.failures == ()
    names = taken.hosts()["host"].tolist()
    assert len(set(names)) == 3
    assert names[1].endswith(" (2)")
    assert taken.allocations()["name"].tolist() == ["vm-0", "vm-1", "vm-2"]
    assert taken.balance("defined").query("resource == 'memory' and amount == 'maximum'")["promised"].tolist() == [
        64 / 1024,
        128 / 1024,
        192 / 1024,
    ]
    assert [each.domains for each in again.snapshots] == [each.domains for each in taken.snapshots]


def test_one_that_hangs_one_that_refuses_and_one_from_a_file(three: list[Daemon], tmp_path: Path) -> None:
    """Each failure is a row that says why, and the others do not wait for it longer than its deadline."""
    path = four_cells.snapshot().save(tmp_path / "four.json")
    hosts: list[str | ph.Host | ph.Snapshot] = [
        three[0].uri,
        three[1].uri,
        f"qemu+unix:///session?socket={tmp_path}/none",
        Snapshot.load(path),
    ]
    os.kill(three[1].pid, signal.SIGSTOP)
    begun = time.monotonic()
    try:
        with ph.Fleet(hosts, timeout=5) as fleet:
            taken = fleet.snapshot()
    finally:
        os.kill(three[1].pid, signal.SIGCONT)
    assert time.monotonic() - begun < 15  # not a measurement: without a deadline it would never end
    table = taken.hosts()
    assert table["answered"].tolist() == [True, True, False, False]
    assert table[table["answered"]]["vms"].tolist() == [1, 12]
    assert "No answer within 5 s" in table["problem"].iloc[2]
    assert "cannot be opened" in table["problem"].iloc[3]
    assert taken.conflicts()["kind"].tolist() == ["cpu", "cpu"]


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_any_executor_serves(three: list[Daemon], kind: str) -> None:
    """Addresses are opened where its workers run; what comes back is the same."""
    made: Executor
    if kind == "threads":
        made = ThreadPoolExecutor(2)
    else:
        made = ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))
    uris = [daemon.uri for daemon in three]
    with made as executor, ph.Fleet([*uris, "test:///nowhere/none.xml"], timeout=60) as fleet:
        far, near = fleet.snapshot(executor), fleet.snapshot()
    assert [each.domains for each in far.snapshots] == [each.domains for each in near.snapshots]
    assert [each.uri for each in far.failures] == ["test:///nowhere/none.xml"]


def test_an_address_that_does_more_than_name_a_host_is_not_opened() -> None:
    """As everywhere: it is a row that says so."""
    taken = ph.Fleet(["qemu+ext:///system?command=/bin/true"]).snapshot()
    assert len(taken.failures) == 1
    assert "allow" in taken.failures[0].problem


def test_what_is_no_host_is_refused() -> None:
    """At once, by its name."""
    with pytest.raises(TypeError, match="17 is no address"):
        ph.Fleet([17])  # type: ignore[list-item]


def fleet_of(*snapshots: Snapshot) -> FleetSnapshot:
    """A fleet that was collected."""
    return FleetSnapshot.of(snapshots, (Failure("gone", "qemu:///gone", "It is gone."),), snapshots[0].taken)


def test_a_vm_on_two_hosts_is_counted_once_where_it_runs() -> None:
    """Left defined on the old host after a migration: it is told, and counts on the new one."""
    new = four_cells.snapshot()
    web = new.domains[[each.name for each in new.domains].index("web-1")]
    web = replace(web, uuid="1" * 32)
    stays = replace(web, live=None, stored=replace(web.live, memory_max=ph.Size("1 GiB")))  # type: ignore[type-var]
    others = tuple(each for each in new.domains if each.name != "web-1")
    fleet = fleet_of(replace(new, domains=(stays,)), replace(new, domains=(web, *others)))
    alone = new.balance("defined").set_index(["resource", "amount"])["promised"]
    totals = fleet.totals("defined").set_index(["resource", "amount"])
    assert totals["promised"].to_dict() == alone.to_dict()
    assert totals["total"]["memory", "maximum"] == 512
    mixed = fleet_of(new, ph.demo().snapshot()).totals("defined")
    untold = mixed[mixed["resource"] == "hugepages default size"]
    assert untold[["total", "limit", "free", "ratio"]].isna().to_numpy().all()
    assert untold["promised"].tolist() == [16]
    twins = fleet.conflicts().query("kind == 'uuid'")
    assert twins["host"].tolist() == ["four, four (2)"]
    assert twins["why"].tolist() == ["web-1 is on four, four (2); it is counted once."]


def test_an_address_of_two_cards_on_two_hosts() -> None:
    """They lose each other's packets, if their networks meet."""
    one, other = (
        ph.Snapshot.from_xml(
            four_cells.CAPABILITIES,
            [f"<domain><name>{name}</name><uuid>{uuid * 32}</uuid><memory>1</memory>{CARD}</domain>"],
            name=f"host-{name}",
        )
        for name, uuid in (("a", "1"), ("b", "2"))
    )
    table = fleet_of(one, other).conflicts()
    assert table[["kind", "what", "vms"]].to_numpy().tolist() == [["mac", "52:54:00:00:00:01", "a, b"]]


def test_the_tables_have_their_columns_also_without_a_row(tmp_path: Path) -> None:
    """With units and meanings; the whole comes back from a file, and can be pickled."""
    demo = ph.demo().snapshot()
    full, empty = fleet_of(four_cells.snapshot(), demo), FleetSnapshot((), (), demo.taken)
    for fleet in (full, empty):
        for tables, method in (
            (CAPACITY, fleet.capacity),
            (ALLOCATIONS, fleet.allocations),
            (BALANCE, lambda by, fleet=fleet: fleet.balance(by=by)),
        ):
            for by, columns in tables.items():
                table = method(by)
                assert table.columns.tolist() == [column.name for column in columns]
                assert table.attrs["units"] == {column.name: column.unit for column in columns if column.unit}
    assert FleetSnapshot.load(full.save(tmp_path / "fleet.json")) == full
    assert pickle.loads(pickle.dumps(full)) == full  # noqa: S301  (our own bytes)
    with pytest.raises(ph.errors.SnapshotFileError, match="holds no Snapshot"):
        Snapshot.load(tmp_path / "fleet.json")
    assert "It is gone." in full._repr_html_()


def test_the_process_ends_while_a_host_hangs(three: list[Daemon]) -> None:
    """A thread that waits for it does not keep the process."""
    os.kill(three[2].pid, signal.SIGSTOP)
    code = f"import phyllome_nb as ph; print(ph.Fleet([{three[2].uri!r}], timeout=1).snapshot().failures[0].problem)"
    try:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    finally:
        os.kill(three[2].pid, signal.SIGCONT)
    assert "No answer" in done.stdout


def test_whose_cpu_runs_where_is_what_libvirt_says(three: list[Daemon]) -> None:
    """Three hosts on one machine have the same CPU, and their emulation runs it, or does not, alike."""
    with ph.Fleet([daemon.uri for daemon in three], timeout=60, write=True) as fleet:
        table, baseline = fleet.cpu_compatibility(), fleet.cpu_baseline()
    assert len(table) == 9
    connection = libvirt.open(three[0].uri)
    capabilities = connection.getCapabilities()
    cpu = capabilities[capabilities.index("<cpu>") : capabilities.index("</cpu>") + len("</cpu>")]
    assert connection.compareCPU(baseline) > 0
    expected = connection.compareHypervisorCPU(None, None, None, None, cpu)
    assert set(table["result"]) == {("incompatible", "identical", "superset")[expected]}
    assert table["possible"].eq(expected > 0).all()


def test_a_reader_compares_what_it_may(three: list[Daemon]) -> None:
    """Libvirt tells readers nothing of what is emulated: the CPUs themselves are compared, which are the same."""
    with ph.Fleet([daemon.uri for daemon in three[:2]], timeout=60) as fleet:
        table, vms = fleet.cpu_compatibility(), fleet.migration()
    assert set(table["result"]) == {"identical"}
    assert vms["possible"].isna().all()
    assert vms["why"].str.contains("read only").all()


def test_where_a_vm_could_go(three: list[Daemon]) -> None:
    """What libvirt takes over there can; a CPU that it does not offer, a name that is taken: they say so."""
    cpus = {
        "plain": "<cpu mode='custom' match='exact'><model fallback='forbid'>qemu64</model></cpu>",
        "odd": "<cpu mode='custom' match='exact'><model fallback='forbid'>qemu64</model>"
        "<feature policy='require' name='amx-tile'/></cpu>",
    }
    connection = libvirt.open(three[0].uri)
    found = [connection.defineXML(TEXT.format(name, 64, cpu)) for name, cpu in cpus.items()]
    found.append(connection.defineXML(TEXT.format("vm-1", 64, "")))
    try:
        with ph.Fleet([daemon.uri for daemon in three[:2]], timeout=60, write=True) as fleet:
            table = fleet.migration().set_index("vm")
    finally:
        for domain in found:
            domain.undefine()
    away = table[table["host"] == table["host"].iloc[0]]
    assert away["possible"].to_dict() == {"odd": False, "plain": True, "vm-0": True, "vm-1": False}
    assert "amx-tile" in away.loc["odd", "why"]
    assert away.loc["vm-1", "why"] == f"{away['to'].iloc[0]} has another VM named vm-1."
    # The host itself, asked about the same definitions, says the same.
    target = libvirt.open(three[1].uri)
    with pytest.raises(libvirt.libvirtError, match="amx-tile"):
        target.compareHypervisorCPU(None, None, None, "qemu", cpus["odd"], WHY)


def test_what_keeps_a_vm_where_it_is() -> None:
    """Each by its own sentence; what is not known is not held against it, and said."""
    found = four_cells.snapshot()
    four = replace(found, domains=tuple(replace(each, uuid=each.name) for each in found.domains))
    host = replace(four.host, name="small", cells=four.host.cells[3:], cpus=16, memory=ph.Size("64 GiB"))
    small = replace(four, host=host, domains=())
    by_name = {domain.name: domain for domain in four.domains}

    def against(name: str, target: Snapshot, **what: object) -> list[str]:
        domain = by_name[name]
        promise = domain.shown
        assert promise is not None
        return [*obstacles(domain, replace(promise, **what), target)]  # type: ignore[arg-type]

    assert against("web-1", small) == []
    assert against("nfv", small) == ["It is made of huge pages (1 GiB), and small has too few of them."]
    assert against("batch", small, vcpus_max=17) == ["It has 17 vCPUs, and small 16 CPUs."]
    assert against("web-1", four) == ["four has it already, as web-1."]
    assert against("web-1", small, devices=("0000:01:00.0",)) == ["It holds devices of its host: 0000:01:00.0."]
    text = f"<domain><name>d</name><memory>1</memory><devices>{DISK}</devices></domain>"
    stored = ph.Snapshot.from_xml(four_cells.CAPABILITIES, [text]).domains[0].stored
    assert stored is not None
    assert [*unknowns(stored, small.host)] == ["Whether small reaches /srv/a is not known."]
