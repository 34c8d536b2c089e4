"""The tables, against numbers that were reckoned by hand."""

import pickle
from dataclasses import replace

import pandas as pd
import pytest

import phyllome_nb as ph
from phyllome_nb.capacity.facts import HostDevice
from phyllome_nb.capacity.policy import Overhead, Policy, Reservation
from phyllome_nb.capacity.snapshot import Promise, Snapshot
from phyllome_nb.size import Size
from support import four_cells

GIB = Size("1 GiB")
COUNTS = ("running", "defined", "autostart")


@pytest.fixture(scope="module")
def four() -> Snapshot:
    """Four cells, a dozen VMs."""
    return four_cells.snapshot()


def line(table: pd.DataFrame, *columns: str, **where: object) -> list[object]:
    """The values of one row, which is the only one of its kind; None where one is not known."""
    for name, value in where.items():
        table = table[table[name].isna() if value is None else table[name] == value]
    assert len(table) == 1, table
    return [None if pd.isna(value) else value for value in table[list(columns)].iloc[0]]


AMOUNTS = ("total", "reserved", "dedicated", "promised", "limit", "free")
BY_HAND = {
    # db has CPUs 0-7 and nfv 16-19: 12. The others: web-1 4, web-2 2 of 4, cache 4, wide 8, pref 2, inter 2, tmp 1.
    ("running", "vcpus", "current"): (64, 0, 12, 23, 52, 29),
    ("running", "vcpus", "maximum"): (64, 0, 12, 25, 52, 27),
    # 4 × 64 GiB; 4 + 4 + 8 are huge pages. web-1 8, web-2 4 of 8, db 16, wide 16, pref 4, inter 4, tmp 1 + a DIMM of 1.
    ("running", "memory", "current"): (256, 0, 16, 54, 240, 186),
    ("running", "memory", "maximum"): (256, 0, 16, 58, 240, 182),
    ("running", "hugepages 2 MiB", "maximum"): (8, 0, 0, 2, 8, 6),
    ("running", "hugepages 1 GiB", "maximum"): (8, 0, 0, 4, 8, 4),
    # batch 16 and old 2 more; spare has CPUs 0 and 1, which db has: they are 12 all the same.
    ("defined", "vcpus", "current"): (64, 0, 12, 41, 52, 11),
    ("defined", "vcpus", "maximum"): (64, 0, 12, 43, 52, 9),
    ("defined", "memory", "current"): (256, 0, 16, 90, 240, 150),
    ("defined", "memory", "maximum"): (256, 0, 16, 94, 240, 146),
    # old names no size: 2 MiB, as x86 has it.
    ("defined", "hugepages 2 MiB", "maximum"): (8, 0, 0, 3, 8, 5),
    ("defined", "hugepages 1 GiB", "maximum"): (8, 0, 0, 4, 8, 4),
    # web-1 4 and batch 16; db and nfv.
    ("autostart", "vcpus", "current"): (64, 0, 12, 20, 52, 32),
    ("autostart", "vcpus", "maximum"): (64, 0, 12, 20, 52, 32),
    ("autostart", "memory", "current"): (256, 0, 16, 56, 240, 184),
    ("autostart", "memory", "maximum"): (256, 0, 16, 56, 240, 184),
    ("autostart", "hugepages 2 MiB", "maximum"): (8, 0, 0, 0, 8, 8),
    ("autostart", "hugepages 1 GiB", "maximum"): (8, 0, 0, 4, 8, 4),
}


@pytest.mark.parametrize("count", COUNTS)
def test_the_balance_of_the_host_is_the_one_reckoned_by_hand(four: Snapshot, count: str) -> None:
    """Dedicated CPUs and huge pages apart, no VM, DIMM or CPU twice; under ``physical`` the limit is what is left."""
    table = four.balance(count)  # type: ignore[arg-type]
    expected = {key[1:]: amounts for key, amounts in BY_HAND.items() if key[0] == count}
    found = {(row["resource"], row["amount"]): tuple(row[name] for name in AMOUNTS) for row in table.to_dict("records")}
    assert found == expected
    assert (table["ratio"] == table["promised"] / table["limit"]).all()


CELLS_BY_HAND = {
    # Eight of its CPUs are db's; four vCPUs of wide may run on the others. db's 16 GiB and half of wide.
    (0, "vcpus"): (16, 8, 4, 4),
    (0, "memory"): (64, 4, 24, 36),
    (0, "hugepages 2 MiB"): (4, 0, 0, 4),
    # cache's four vCPUs and the other four of wide; the other half of wide; cache's pages.
    (1, "vcpus"): (16, 0, 8, 8),
    (1, "memory"): (64, 4, 8, 52),
    (1, "hugepages 2 MiB"): (4, 0, 2, 2),
    # nfv.
    (2, "vcpus"): (16, 4, 0, 12),
    (2, "memory"): (64, 8, 0, 56),
    (2, "hugepages 1 GiB"): (8, 0, 4, 4),
    (3, "vcpus"): (16, 0, 0, 16),
    (3, "memory"): (64, 0, 0, 64),
    # web-1 4, web-2 4, pref 2, inter 2, tmp 1; preferred is no more than a wish, interleaved lies in two cells.
    (None, "vcpus"): (None, None, 13, None),
    (None, "memory"): (None, None, 26, None),
}


def test_the_balance_of_the_cells_is_the_one_reckoned_by_hand(four: Snapshot) -> None:
    """What is bound to a cell counts there, the rest once in the row without a cell: together they are the host's."""
    table = four.balance(by="cell")
    for (cell, resource), amounts in CELLS_BY_HAND.items():
        assert line(table, "total", "dedicated", "promised", "free", cell=cell, resource=resource) == list(amounts)
    assert len(table) == len(CELLS_BY_HAND)
    whole = four.balance()
    for resource in ("vcpus", "memory", "hugepages 2 MiB", "hugepages 1 GiB"):
        [promised] = line(whole, "promised", resource=resource, amount="maximum")
        assert table[table["resource"] == resource]["promised"].sum() == promised


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("policy", Policy.presets())
def test_cells_and_host_agree_under_every_policy(four: Snapshot, count: str, policy: str) -> None:
    """Overheads and reservations that belong to no cell are in the row without one."""
    whole, cells = four.balance(count, policy), four.balance(count, policy, by="cell")  # type: ignore[arg-type]
    most = whole[whole["amount"] == "maximum"].set_index("resource")
    for name in ("promised", "reserved"):
        assert cells.groupby("resource")[name].sum().to_dict() == pytest.approx(most[name].to_dict())


def test_the_capacity_of_the_host(four: Snapshot) -> None:
    """Counted over its CPUs."""
    names = ("cpus", "sockets", "dies", "cores", "threads", "cells", "memory_gib", "hugepages_gib", "vendor", "arch")
    assert line(four.capacity(), *names) == [64, 2, 2, 32, 2, 4, 256, 16, "Intel", "x86_64"]


def test_the_capacity_of_the_cells(four: Snapshot) -> None:
    """Each with its CPUs, memory, distances and caches."""
    table = four.capacity("cell")
    assert table["cpu_list"].tolist() == list(four_cells.CELLS.values())
    assert table["cores"].tolist() == [8] * 4
    assert table["hugepages_gib"].tolist() == [4, 4, 8, 0]
    assert table["distances"].tolist()[1] == "20 10 20 20"
    assert set(table["caches"]) == {"L3 22 MiB"}


def test_the_capacity_of_cpus_and_pages(four: Snapshot) -> None:
    """One row a CPU, one row a size of page in a cell."""
    cpus = four.capacity("cpu")
    assert len(cpus) == 64
    assert line(cpus, "cell", "socket", "core", "siblings", cpu=40) == [1, 0, 8, "8,40"]
    pages = four.capacity("page")
    assert line(pages, "total", "total_gib", "free", cell=2, page_kib=1048576) == [8, 8, None]


def test_what_a_vm_was_promised(four: Snapshot) -> None:
    """Current and maximum, pinned and dedicated vCPUs, huge pages, DIMMs counted once."""
    table = four.allocations()
    names = ("vcpus", "vcpus_max", "vcpus_pinned", "vcpus_dedicated", "memory_gib", "memory_max_gib", "hugepages_gib")
    assert line(table, *names, name="web-2") == [2, 4, 0, 0, 4, 8, 0]
    assert line(table, *names, name="db") == [8, 8, 8, 8, 16, 16, 0]
    assert line(table, *names, name="cache") == [4, 4, 4, 0, 2, 2, 2]
    assert line(table, *names, name="tmp") == [1, 1, 0, 0, 2, 2, 0]
    assert table["autostart"].sum() == 4
    assert table["active"].sum() == 9


def test_overheads_are_those_of_the_formulas(four: Snapshot) -> None:
    """By hand for web-1: 8 GiB/512 = 16 MiB, four vCPUs at 8 MiB; 64 MiB with oVirt, 240 + 8 MiB with KubeVirt."""
    [ovirt, kubevirt] = line(four.allocations(), "overhead_ovirt_gib", "overhead_kubevirt_gib", name="web-1")
    assert ovirt == (16 + 32 + 64) / 1024
    assert kubevirt == (16 + 32 + 248) / 1024


def test_where_the_parts_of_a_vm_lie(four: Snapshot) -> None:
    """A row a part; no part is in two rows."""
    table = four.allocations("cell")
    wide = table[table["name"] == "wide"]
    assert wide[["cell", "what", "vcpus", "memory_gib"]].fillna(0).to_numpy().tolist() == [
        [0, "vcpus", 4, 0],
        [1, "vcpus", 4, 0],
        [0, "memory", 0, 8],
        [1, "memory", 0, 8],
    ]
    assert line(table, "cell", "cells", "mode", name="inter", what="memory") == [None, "2-3", "interleave"]
    assert line(table, "cell", "cells", "mode", name="pref", what="memory") == [None, "", "preferred"]
    assert line(table, "page_kib", "cell", name="nfv", what="hugepages") == [1048576, 2]
    assert table["vcpus"].sum() == four.allocations()["vcpus_max"].sum()
    assert table["memory_gib"].sum() == four.allocations()["memory_max_gib"].sum()


def test_where_each_vcpu_may_run(four: Snapshot) -> None:
    """Its CPUs, the cell if it is one, plugged or not."""
    table = four.allocations("vcpu")
    assert line(table, "cpus", "cell", "pinned", "dedicated", name="db", vcpu=3) == ["3", 0, True, True]
    assert line(table, "cpus", "cell", "pinned", "dedicated", name="cache", vcpu=0) == ["8-11", 1, True, False]
    assert line(table, "cpus", "cell", "plugged", name="web-2", vcpu=2) == ["", None, False]


def test_who_shares_the_cpus_that_one_is_pinned_to(four: Snapshot) -> None:
    """The same CPU, and the other thread of its core."""
    table = four.pins()
    assert line(table, "shares_with", "siblings_with", name="db", thread="vcpu 0") == ["spare", "wide"]
    assert line(table, "shares_with", "siblings_with", name="nfv", thread="vcpu 0") == ["", ""]
    assert line(table, "shares_with", "siblings_with", name="cache", thread="vcpu 0") == ["", "wide"]
    assert len(table) == 8 + 4 + 4 + 8 + 2


def test_what_was_promised_twice(four: Snapshot) -> None:
    """CPUs 0 and 1, but only once spare runs, too."""
    table = four.conflicts()
    assert table[["count", "kind", "what", "vms"]].to_numpy().tolist() == [
        ["defined", "cpu", "0", "db, spare"],
        ["defined", "cpu", "1", "db, spare"],
    ]


def changed(snap: Snapshot, name: str, **what: object) -> Snapshot:
    """The snapshot with another promise for one VM, live and stored."""
    domains = tuple(
        replace(
            each,
            live=each.live and replace(each.live, **what),  # type: ignore[arg-type]
            stored=each.stored and replace(each.stored, **what),  # type: ignore[arg-type]
        )
        if each.name == name
        else each
        for each in snap.domains
    )
    return replace(snap, domains=domains)


def test_more_huge_pages_than_there_are(four: Snapshot) -> None:
    """On the host there are enough, in the cell there are not."""
    nfv = next(each for each in four.domains if each.name == "nfv").live
    assert nfv is not None
    bound = replace(nfv.shares[0], memory=6 * GIB, page=Size("2 MiB"), nodes=frozenset({1}))
    table = changed(four, "nfv", shares=(bound,), memory_max=6 * GIB).conflicts()
    found = table[(table["kind"] == "hugepages") & (table["count"] == "running")]
    assert found[["cell", "promised", "available", "vms"]].to_numpy().tolist() == [[1, 8, 4, "cache, nfv"]]
    assert (
        "8 GiB of huge pages (2 MiB) are promised to the VMs that run; cell 1 of four may promise 4"
        in (found["why"].iloc[0])
    )


def test_a_vm_larger_than_the_host_is_no_matter_of_ratios(four: Snapshot) -> None:
    """Whatever may be promised."""
    table = changed(four, "web-1", vcpus_max=65).conflicts("kubevirt")
    found = table[(table["kind"] == "size") & (table["count"] == "running")]
    assert found[["vms", "promised", "available"]].to_numpy().tolist() == [["web-1", 65, 64]]
    assert "vcpus" not in set(table["kind"])


def test_devices_images_and_groups_that_two_want(four: Snapshot) -> None:
    """The same device, another one of the same group, the same image, a device that there is not."""
    cards = tuple(HostDevice(f"card {each}", "pci", f"0000:0{each}:00.0", group=each // 2) for each in range(4))
    snap = replace(four, host=replace(four.host, devices=cards))
    snap = changed(changed(snap, "web-1", devices=("0000:00:00.0",)), "web-2", devices=("0000:01:00.0",))
    snap = changed(changed(snap, "db", devices=("0000:02:00.0", "0000:09:00.0")), "cache", devices=("0000:02:00.0",))
    table = snap.conflicts()
    found = table[table["count"] == "running"][["kind", "what", "vms"]].to_numpy().tolist()
    assert found == [
        ["device", "0000:02:00.0", "cache, db"],
        ["group", "0", "web-1, web-2"],
        ["device", "0000:09:00.0", "db"],
    ]


def test_reservations_by_host_and_by_cell(four: Snapshot) -> None:
    """What is kept in a cell is kept on the host; what is kept for another host is not."""
    policy = Policy(
        "mine",
        cpu_ratio=2,
        reservations=(
            Reservation(memory=8 * GIB, cpus=2, cell=0),
            Reservation(memory=GIB, host="four"),
            Reservation(memory=100 * GIB, host="another"),
            Reservation(pages={Size("2 MiB"): 512}, cell=1),
        ),
    )
    table, cells = four.balance(policy=policy), four.balance(policy=policy, by="cell")
    amounts = ("reserved", "limit")
    assert line(table, *amounts, resource="vcpus", amount="maximum") == [2, (64 - 12 - 2) * 2]
    assert line(table, *amounts, resource="memory", amount="maximum") == [9, 240 - 9]
    assert line(table, *amounts, resource="hugepages 2 MiB") == [1, 7]
    assert line(cells, *amounts, resource="memory", cell=0) == [8, 64 - 4 - 8]
    assert line(cells, *amounts, resource="hugepages 2 MiB", cell=1) == [1, 3]
    assert line(cells, "reserved", resource="memory", cell=None) == [1]


def test_the_presets(four: Snapshot) -> None:
    """By hand: their ratios, what they keep and what a VM costs."""
    nova = four.balance(policy="nova")
    assert line(nova, "limit", resource="vcpus", amount="maximum") == [52 * 4]
    assert line(nova, "reserved", "limit", resource="memory", amount="maximum") == [0.5, 239.5]
    ovirt = four.balance(policy="ovirt_server")
    # 12 threads are 6 cores; each of the nine VMs costs 64 MiB, a 512th of its memory, and 8 MiB a vCPU.
    costs = 9 * 64 + (58 + 2 + 4) * 2 + 8 * (25 + 8 + 4)
    assert line(ovirt, "total", "dedicated", "limit", resource="vcpus", amount="maximum") == [32, 6, None]
    assert line(ovirt, "promised", resource="memory", amount="maximum") == [58 + costs / 1024]
    [limit] = line(ovirt, "limit", resource="memory", amount="maximum")
    assert limit == (256 - 16 - 321 / 1024) * 1.5
    assert line(four.balance(policy="proxmox"), "limit", "free", resource="memory", amount="maximum") == [None, None]
    for name in Policy.presets():
        assert Policy.preset(name).sources


def test_a_policy_of_ones_own(four: Snapshot) -> None:
    """With an overhead of its own; a word that is no preset is refused with those there are."""
    own = Policy("own", memory_ratio=1.2, overhead=Overhead(Size("1 GiB")))
    assert line(four.balance(policy=own), "promised", "limit", resource="memory", amount="maximum") == [
        58 + 9,
        pytest.approx(288),
    ]
    with pytest.raises(ValueError, match="choose one of physical, nova"):
        four.balance(policy="vmware")
    with pytest.raises(ValueError, match="choose one of host, cell"):
        four.balance(by="rack")


def test_what_is_locked_is_held_whole(four: Snapshot) -> None:
    """With VFIO the balloon gives nothing back."""
    before, after = (
        line(snap.balance(), "promised", resource="memory", amount="current")[0]
        for snap in (four, changed(four, "web-2", vfio=1))
    )
    assert (before, after) == (54, 58)
    assert line(changed(four, "web-2", vfio=1).allocations(), "locked_gib", name="web-2") == [8]


def test_huge_pages_of_a_host_that_does_not_tell_its_cells(four: Snapshot) -> None:
    """They are set aside, but how many there are is not known, and not guessed."""
    table = replace(four, host=replace(four.host, cells=())).balance()
    amounts = ("total", "promised", "limit", "free")
    assert line(table, *amounts, resource="hugepages 2 MiB") == [None, 2, None, None]
    assert line(table, "dedicated", resource="memory", amount="maximum") == [6]


def test_a_vm_that_replaces_itself_is_counted_once(four: Snapshot) -> None:
    """The effect of a definition with the uuid of a VM that is there is the difference."""
    spec = ph.DomainSpec.from_xml(four_cells.VMS["batch"].replace("<name>", f"<uuid>{'1' * 32}</uuid><name>"))
    snap = four.with_vm(spec)
    spec.memory.maximum = spec.memory.current = "40 GiB"
    table = snap.effect(spec)
    assert line(table, "before", "after", count="running", resource="memory", amount="maximum") == [90, 98]


def test_none_of_it_changes_with_the_order_of_vms(four: Snapshot) -> None:
    """Sums are sums."""
    turned = replace(four, domains=four.domains[::-1])
    for by in ("host", "cell"):
        pd.testing.assert_frame_equal(turned.balance(by=by), four.balance(by=by))


def test_it_can_be_pickled(four: Snapshot) -> None:
    """As executors and other processes want it."""
    assert pickle.loads(pickle.dumps(four)) == four  # noqa: S301  (our own bytes)
    assert pickle.loads(pickle.dumps(Promise(1, 1, GIB, GIB))) == Promise(1, 1, GIB, GIB)  # noqa: S301


def test_what_an_old_document_does_not_tell_is_not_known() -> None:
    """No memory in any cell, no die: not nothing and not one, but unknown."""
    cells = "<cell id='0'><cpus><cpu id='0' socket_id='0' core_id='0' siblings='0'/></cpus></cell>"
    old = f"<capabilities><host><topology><cells>{cells}</cells></topology></host></capabilities>"
    snap = ph.Snapshot.from_xml(old, [four_cells.VMS["web-1"].replace("<domain", "<domain id='1'")])
    assert line(snap.capacity(), "cpus", "sockets", "dies", "cores", "memory_gib") == [1, 1, None, 1, None]
    assert line(snap.capacity("cell"), "memory_gib", cell=0) == [None]
    assert line(snap.balance(), *AMOUNTS, resource="memory", amount="maximum") == [None, 0, None, 8, None, None]
    assert line(snap.balance(by="cell"), "total", "free", resource="memory", cell=0) == [None, None]
    bare = ph.Snapshot.from_xml("<capabilities><host/></capabilities>", [four_cells.VMS["web-1"]])
    assert line(bare.capacity(), "cpus", "sockets", "cores", "threads", "memory_gib") == [None] * 5
    assert line(bare.balance("defined"), *AMOUNTS, resource="vcpus", amount="maximum") == [None, 0, None, 4, None, None]
    assert len(bare.conflicts()) == 0
