"""Made-up machines, as the real QEMU driver reports them: even and odd ones, and one with a dozen VMs."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import libvirt
import pandas as pd
import pytest

import phyllome_nb as ph
from phyllome_nb.capacity.snapshot import Snapshot
from support import four_cells
from support.libvirtd import Daemon
from support.sysfs import MACHINES, Machine, made_up


@pytest.fixture(scope="module", params=MACHINES)
def odd(request: pytest.FixtureRequest, scratch: Path) -> Iterator[tuple[Machine, Daemon]]:
    """Each of the machines."""
    machine = MACHINES[request.param]
    with made_up(machine, scratch / "odd") as daemon:
        yield machine, daemon


def test_a_host_has_what_its_kernel_says(odd: tuple[Machine, Daemon]) -> None:
    """CPUs, sockets, dies, cores, cells, memory and huge pages, whatever is odd about them."""
    machine, daemon = odd
    snap = ph.connect(daemon.uri, timeout=60).snapshot()
    online = {cpu: place for cpu, place in machine.places.items() if cpu not in machine.offline}
    row = snap.capacity().iloc[0]
    assert row["cpus"] == len(online)
    assert row["cpus_offline"] == len(machine.offline)
    assert row["sockets"] == len({place[:1] for place in online.values()})
    assert row["dies"] == len({place[:2] for place in online.values()})
    assert row["cores"] == len(set(online.values()))
    assert row["threads"] == max(list(online.values()).count(place) for place in online.values())
    assert row["cells"] == len(machine.nodes)
    assert row["memory_gib"] * 2**20 == machine.gib * 2**20 - machine.kept
    assert (row["memory_source"], row["cpus_source"], row["topology_source"]) == (
        "getMemoryStats",
        "getCPUMap",
        "getCapabilities",
    )


def test_its_cells_are_as_its_kernel_says(odd: tuple[Machine, Daemon]) -> None:
    """By their own numbers, with gaps, without memory, without CPUs."""
    machine, daemon = odd
    snap = ph.connect(daemon.uri, timeout=60).snapshot()
    cells = snap.capacity("cell").set_index("cell")
    assert cells.index.tolist() == list(machine.nodes)
    for number, node in machine.nodes.items():
        online = [cpu for cpu in node.cpus if cpu not in machine.offline]
        assert cells.loc[number, "cpus"] == len(online)
        assert cells.loc[number, "memory_gib"] == node.gib
        free = cells["free_gib"].fillna(0)
        assert free.loc[number] == node.gib / 2
    pages = snap.capacity("page")
    huge = pages[pages["page_kib"] > 4]
    assert {(row.cell, row.page_kib): (row.total, row.free) for row in huge.itertuples()} == {
        (number, size): counts for number, node in machine.nodes.items() for size, counts in node.pages.items()
    }
    cpus = snap.capacity("cpu")
    assert set(cpus["cpu"]) == set(machine.places)
    assert set(cpus[cpus["online"]]["cpu"]) == set(machine.places) - machine.offline
    balance = snap.balance(by="cell")
    totals = balance[balance["cell"].notna()].groupby("resource")["total"].sum()
    assert totals["vcpus"] == len(machine.places) - len(machine.offline)
    assert totals["memory"] == machine.gib


def test_where_two_sources_disagree_it_is_shown(odd: tuple[Machine, Daemon]) -> None:
    """The kernel keeps 4 MiB of what its cells have: both numbers are there, and which of them is used."""
    machine, daemon = odd
    table = ph.connect(daemon.uri, timeout=60).snapshot().sources()
    memory = table[table["figure"] == "memory"]
    assert memory[["source", "used", "agrees"]].to_numpy().tolist() == [
        ["getMemoryStats", True, True],
        ["getInfo", False, False],
        ["getCapabilities", False, False],
    ]
    assert int(memory["value"].iloc[1]) == machine.gib * 2**30


@pytest.fixture(scope="module")
def four(scratch: Path) -> Iterator[Snapshot]:
    """The dozen VMs, defined on a host that the real driver takes for one of four cells."""
    with made_up(replace(MACHINES["two sockets"], kept=0), scratch / "four") as daemon:
        host = ph.connect(daemon.uri, write=True, timeout=60)

        def define(connection: libvirt.virConnect) -> None:
            for name, text in four_cells.VMS.items():
                connection.defineXML(text).setAutostart(name in four_cells.AUTOSTART)

        host.ask("defining", define)
        yield host.snapshot()


@pytest.mark.parametrize("count", ["defined", "autostart"])
def test_the_real_driver_gives_what_was_reckoned_by_hand(four: Snapshot, count: str) -> None:
    """Libvirt's own definitions of the dozen VMs lead to the same balance as those that they were made from."""
    captured = four_cells.snapshot()
    for by in ("host", "cell"):
        ours, expected = (snap.balance(count, by=by) for snap in (four, captured))  # type: ignore[arg-type]
        names = [name for name in ours.columns if name != "host"]
        pd.testing.assert_frame_equal(ours[names], expected[names])


def test_the_real_driver_gives_the_same_places_and_conflicts(four: Snapshot) -> None:
    """Pins, cells, pages, and what two want."""
    captured = four_cells.snapshot()
    names = ["name", "cell", "cells", "what", "page_kib", "vcpus", "memory_gib", "mode"]
    ours, expected = (snap.allocations("cell")[names] for snap in (four, captured))
    pd.testing.assert_frame_equal(ours, expected)
    ours, expected = (snap.pins().drop(columns=["host", "uuid", "active"]) for snap in (four, captured))
    pd.testing.assert_frame_equal(ours, expected)
    twice = four.conflicts()
    assert twice[["count", "kind", "what", "vms"]].to_numpy().tolist() == [
        ["defined", "cpu", "0", "db, spare"],
        ["defined", "cpu", "1", "db, spare"],
    ]


def test_libvirt_counts_a_dimm_into_the_memory(four: Snapshot) -> None:
    """One GiB in the cell and one in the DIMM: the memory is 2 GiB, and so is the sum of its parts."""
    table = four.allocations()
    assert table[table["name"] == "tmp"][["memory_gib", "memory_max_gib"]].to_numpy().tolist() == [[2, 2]]
    parts = four.allocations("cell")
    assert parts[(parts["name"] == "tmp") & (parts["what"] == "memory")]["memory_gib"].sum() == 2
