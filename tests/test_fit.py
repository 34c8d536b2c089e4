"""What fits, how many more, how large, and where: against sums made by hand, and against each other."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import phyllome_nb as ph
from examples.example import cells, host
from phyllome_nb.capacity.facts import Cell, Guest, HostDevice, Network, PagePool
from phyllome_nb.capacity.fit import Fit
from phyllome_nb.capacity.fleet import Failure
from phyllome_nb.capacity.policy import Overhead, Policy, Reservation
from phyllome_nb.capacity.snapshot import Snapshot
from phyllome_nb.size import Size
from support import four_cells

GIB, MIB = Size("1 GiB"), Size("1 MiB")
GUEST = Guest("x86_64", "/usr/bin/qemu-system-x86_64", frozenset({"kvm", "qemu"}), frozenset({"q35", "pc"}))
QUICK = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
POLICIES = [
    Policy.preset("physical"),
    Policy.preset("nova"),
    Policy.preset("kubevirt"),
    Policy("half", 1.5, 0.9, "cores", Overhead(Size("96 MiB"), share=256), (Reservation(GIB, 2),)),
    Policy("cell", 2.0, 1.0, reservations=(Reservation(GIB, 1, {Size("2 MiB"): 100}, cell=1),), amount="current"),
]


def known(snapshot: Snapshot) -> Snapshot:
    """The host, whose emulator is known."""
    return replace(snapshot, host=replace(snapshot.host, guests=(GUEST,)))


@pytest.fixture(scope="module")
def four() -> Snapshot:
    """Four cells, a dozen VMs; nine run."""
    return known(four_cells.snapshot())


def vm(vcpus: int = 1, memory: str | Size = "1 GiB", name: str = "new", **more: Any) -> ph.DomainSpec:
    """A definition; pins by vCPU, nodes, a page size, the number of guest cells."""
    spec = ph.DomainSpec(name)
    spec.type, spec.vcpus.maximum, spec.memory.maximum = "qemu", vcpus, memory
    spec.os.update(type="hvm", arch="x86_64", machine="q35")
    for vcpu, cpus in more.get("pins", {}).items():
        spec.cputune.vcpupins.add(vcpu=vcpu, cpuset=cpus)
    if nodes := more.get("nodes"):
        spec.numatune.memory.update(mode=more.get("mode", "strict"), nodeset=nodes)
    if page := more.get("page"):
        spec.memory.hugepages = True
        spec.memory.pages.add(size=page)
    return spec


def machine(*cpus: int, memory: str = "16 GiB", threads: int = 1, pages: int = 0) -> Snapshot:
    """An empty host whose emulator is known, with so many CPUs in each cell."""
    made = cells(*cpus, memory=memory, threads=threads, pages=pages)
    total = Size(sum(cell.memory for cell in made))
    return known(host(cells=made, cpus=sum(cpus), memory=total, arch="x86_64", nodes=len(cpus)))


def why(fit: Fit, **where: Any) -> list[str]:
    """The reasons that decide."""
    table = fit.reasons
    for name, value in where.items():
        table = table[table[name] == value]
    return list(table[table["decides"]]["why"])


def test_what_fits_has_no_reason_against_it(four: Snapshot) -> None:
    """27 vCPUs and 182 GiB are left, as the balance says: just as much fits, and no more."""
    fit = four.fit(vm(27, "182 GiB"))
    assert fit
    assert fit.hosts == ("four",)
    assert fit.table["fits"].tolist() == [True, False, False, False, False]
    more = four.fit(vm(28, Size("182 GiB") + MIB))
    assert not more
    assert why(more) == [
        (
            "It needs 28 vCPUs, and 27 may still be promised: 64 CPUs less 12 held by single vCPUs, "
            "of which running VMs have 25."
        ),
        (
            "It needs 186369 MiB of memory, and 182 GiB may still be promised: 256 GiB less 16 GiB of huge pages, "
            "of which running VMs have 58 GiB."
        ),
    ]
    assert set(more.reasons["severity"]) == {"policy"}


def test_each_cell_is_told_for_itself(four: Snapshot) -> None:
    """Five vCPUs are one too many for cell 0, where db and wide are, and fit into the others."""
    fit = four.fit(vm(5))
    assert fit
    assert fit.table.set_index("cell")["fits"].to_dict()[0] is False
    assert fit.table["fits"].tolist() == [True, False, True, True, True]
    [only] = fit.reasons.to_dict("records")
    assert (only["cell"], only["needed"], only["available"], only["decides"]) == (0, 5, 4, False)


def test_a_vm_of_the_host_does_not_count_itself(four: Snapshot) -> None:
    """Known by its uuid: db as it is fits where db is, and its like does not."""
    spec = ph.DomainSpec.from_xml(four_cells.VMS["db"])
    spec.os.machine = "q35"
    spec.uuid = "c7a5fdbd-edaf-9455-926a-d65c16db1809"
    others = tuple(each for each in four.domains if each.name != "db")
    db = next(each for each in four.domains if each.name == "db")
    snap = replace(four, domains=(*others, replace(db, uuid=spec.uuid)))
    assert snap.fit(spec)
    twin = spec.copy()
    twin.uuid, twin.name = None, "twin"
    assert "vCPU 0 is to have CPU 0 alone, and db has it." in why(snap.fit(twin))


def test_pages_count_in_the_cell_that_it_is_bound_to(four: Snapshot) -> None:
    """4 GiB of 2 MiB are in cell 1, of which cache has 2; the host has 6 left all the same."""
    assert four.fit(vm(1, "2 GiB", page="2 MiB", nodes="1"))
    assert four.fit(vm(1, "6 GiB", page="2 MiB"))
    [said] = why(four.fit(vm(1, "3 GiB", page="2 MiB", nodes="1")))
    assert said == (
        "It needs 3 GiB of hugepages 2 MiB, and 2 GiB may still be promised in cell 1: 4 GiB, "
        "of which running VMs have 2 GiB."
    )
    [said] = why(four.fit(vm(1, "1 GiB", page="2 MiB", nodes="3")))
    assert said == "It needs 1 GiB of hugepages 2 MiB, and four has 0 bytes in cell 3 in all."


def test_pages_that_are_not_free_are_refused(four: Snapshot) -> None:
    """Whoever has them: QEMU takes them when it starts."""
    made = [replace(cell, pages=tuple(replace(pool, free=256) for pool in cell.pages)) for cell in four.host.cells]
    snap = replace(four, host=replace(four.host, cells=tuple(made)))
    table = snap.fit(vm(1, "1 GiB", page="2 MiB", nodes="1")).reasons
    assert table[table["decides"]][["severity", "available"]].to_numpy().tolist() == [["refused", 0.5]]
    # If all VMs ran is another question, which is not about what is free now.
    assert snap.fit(vm(1, "1 GiB", page="2 MiB", nodes="1"), count="defined")


def test_only_shared_cpus_and_ordinary_memory_are_promised_twice(four: Snapshot) -> None:
    """Under a ratio of 4 more vCPUs fit, and not one page more; and no VM is larger than what it runs on."""
    assert four.fit(vm(60), "nova")
    assert not four.fit(vm(1, "7 GiB", page="2 MiB"), "nova")
    assert why(four.fit(vm(65), "nova")) == ["It needs 65 vCPUs, and four has 64 CPUs in all."]
    assert why(four.fit(vm(2, pins={0: "0", 1: "9"}), "nova")) == ["vCPU 0 is to have CPU 0 alone, and db has it."]


def test_what_is_taken_alone_is_missing_to_the_others() -> None:
    """Two of four CPUs for itself leave two, and others were promised three."""
    snap = machine(4).with_vm(vm(3, name="old"))
    assert why(snap.fit(vm(2, pins={0: "0", 1: "1"}))) == [
        (
            "With CPUs of its own it leaves room for 2 vCPUs that share: 4 CPUs less 2 held by single vCPUs, "
            "and running VMs have 3."
        )
    ]


def test_the_emulator_is_not_to_run_where_another_vm_is_alone(four: Snapshot) -> None:
    """Nor an I/O thread."""
    spec = vm()
    spec.cputune.emulatorpin = "0-3"
    assert why(four.fit(spec)) == ["The emulator is to run on CPUs 0-3, which db has alone."]


def test_a_cpu_is_not_had_alone_where_anothers_emulator_must_run(four: Snapshot) -> None:
    """It has nowhere else to go."""
    spec = vm(1, name="web-3")
    spec.cputune.emulatorpin = "30"
    assert why(four.with_vm(spec).fit(vm(1, pins={0: "30"}))) == [
        "CPUs 30 are to be for single vCPUs alone, and the emulator of web-3 is pinned to them."
    ]


def test_a_detail_of_the_emulator_that_is_not_known_is_said_and_does_not_decide(four: Snapshot) -> None:
    """Who may only read is told nothing of displays, TPMs and firmware."""
    spec = vm()
    spec.os.firmware = "efi"
    spec.devices.graphics.add(type="vnc")
    fit = four.fit(spec)
    assert fit
    assert fit.reasons[["severity", "decides", "why"]].to_numpy().tolist() == [
        ["unknown", False, "Whether the emulator of four offers firmware efi, graphics vnc is not known."]
    ]
    assert repr(fit) == "<Fit of new: yes on four, 0 reasons against it, 1 detail not known>"
    assert four.how_many(spec)


def test_cores_are_counted_where_the_policy_counts_cores(four: Snapshot) -> None:
    """CPU 32 is the other thread of CPU 0, which db has."""
    spec = vm(1, pins={0: "48"})
    assert four.fit(spec)
    assert why(four.fit(spec, replace(Policy(), cpus="cores"))) == [
        "vCPU 0 is to have CPU 48 alone, and nfv has its core."
    ]


def test_what_the_host_has_not_is_refused_each_in_a_sentence(four: Snapshot) -> None:
    """All of it, not only the first."""
    spec = vm(1, pins={0: "200"}, nodes="9")
    spec.os.machine = "pc-q35-99.0"
    spec.devices.interfaces.add(type="network", network="blue")
    facts = replace(four.host, networks=(Network("red", active=True),), devices=())
    fit = replace(four, host=facts).fit(spec)
    assert why(fit, severity="refused") == [
        "four does not know the machine pc-q35-99.0.",
        "four has no network blue.",
        "Its memory is to come from cell 9, and there is none.",
        "vCPU 0 is to run on CPUs 200, and none of them is online.",
    ]


def test_a_device_is_had_once_and_near(four: Snapshot) -> None:
    """Missing, taken, of a group that is taken, or far from the memory."""
    facts = replace(
        four.host,
        devices=(
            HostDevice("pci_0", "pci", "0000:01:00.0", group=7, node=2),
            HostDevice("pci_1", "pci", "0000:01:00.1", group=7, node=2),
        ),
    )

    def with_card(function: str, name: str = "new", **more: Any) -> ph.DomainSpec:
        spec = vm(1, name=name, **more)
        card = spec.devices.hostdevs.add(mode="subsystem", type="pci")
        card.source.address.update(domain="0x0000", bus="0x01", slot="0x00", function=function)
        return spec

    snap = replace(four, host=facts)
    assert snap.fit(with_card("0x0"))
    assert int(snap.how_many(with_card("0x0"))) == 1
    taken = snap.with_vm(with_card("0x0", "first"))
    assert why(taken.fit(with_card("0x0"))) == ["first has 0000:01:00.0."]
    assert int(taken.how_many(with_card("0x0"))) == 0
    assert why(taken.fit(with_card("0x1"))) == ["first has a device of IOMMU group 7, to which 0000:01:00.1 belongs."]
    assert why(snap.fit(with_card("0x5"))) == ["four has no device 0000:01:00.5."]
    assert why(snap.fit(with_card("0x0", nodes="0"))) == ["0000:01:00.0 is in cell 2, and its memory in cell 0."]


def test_what_the_facts_do_not_tell_is_neither_yes_nor_no(four: Snapshot) -> None:
    """Where numad decides, or a host did not answer."""
    spec = vm()
    spec.vcpus.placement = "auto"
    fit = four.fit(spec)
    assert not fit
    assert fit.verdicts[0].fits is None
    assert fit.reasons[fit.reasons["decides"]]["severity"].tolist() == ["unknown"]
    assert "not known" in repr(fit)


def test_a_host_that_does_not_tell_its_cells_leaves_open_what_is_bound_to_them() -> None:
    """The sums over the whole host are known all the same."""
    snap = machine(4)
    snap = replace(snap, host=replace(snap.host, cells=()))
    assert snap.fit(vm(4))
    for spec in (vm(nodes="0"), vm(pins={0: "1"}), vm(page="2 MiB")):
        fit = snap.fit(spec)
        assert fit.verdicts[0].fits is None
        assert set(fit.reasons["severity"]) == {"unknown"}
        assert not snap.how_many(spec)
    assert "does not tell" in " ".join(snap.pinning(vm()).reasons)


def test_a_cell_without_cpus_or_without_memory_holds_no_vm() -> None:
    """Its memory or its CPUs are for VMs that lie elsewhere as well."""
    snap = machine(4, 2)
    cell, other = snap.host.cells
    made = (cell, Cell(1, Size("8 GiB")), replace(other, id=2, memory=Size(0), pages=()))
    snap = replace(snap, host=replace(snap.host, cells=made, memory=Size("24 GiB")))
    fit = snap.fit(vm(1))
    assert fit.table["fits"].tolist() == [True, True, False, False]
    assert fit.reasons["why"].tolist() == [
        "Cell 1 has no CPU that is online.",
        "It needs 1 GiB of memory, and plain has 0 bytes in cell 2 in all.",
    ]
    assert snap.largest("cell")["vcpus"].tolist() == [4, 0, 0]
    assert snap.stranded()["stranded_memory_gib"].tolist()[2] == 8
    assert snap.pinning(vm(1)).cells[0].cell == 0


def test_a_fleet_says_where_it_fits_and_who_did_not_answer(four: Snapshot) -> None:
    """A row for each host."""
    small = machine(2)
    fleet = ph.FleetSnapshot.of([four, small], [Failure("lost", "qemu+ssh://lost", "no route")], four.taken)
    fit = fleet.fit(vm(4))
    assert fit
    assert fit.hosts == ("four",)
    hosts = fit.table[fit.table["cell"].isna()]
    assert hosts["host"].tolist() == ["four", "plain", "lost"]
    assert hosts["fits"].isna().tolist() == [False, False, True]
    assert "lost did not answer: no route" in why(fit)
    assert {host: bool(proposal) for host, proposal in fleet.pinning(vm(4)).items()} == {"four": True, "plain": False}
    more = fleet.how_many(vm(2))
    assert more.table["fits"].tolist() == [13, 1]
    assert int(more) == 14


def test_a_hostile_name_is_escaped(four: Snapshot) -> None:
    """Wherever it is shown."""
    evil = "<img src=x>"
    snap = replace(four, host=replace(four.host, name=evil))
    for shown in (snap.fit(vm(99, name=evil)), snap.how_many(vm(99, name=evil)), snap.pinning(vm(2, name=evil))):
        assert evil not in shown._repr_html_()
        assert "&lt;img" in shown._repr_html_()


def test_what_limits_is_named(four: Snapshot) -> None:
    """And how many each resource alone would allow."""
    table = four.how_many(vm(2, "16 GiB")).table
    assert table[["fits", "limited_by", "vcpus", "memory"]].to_numpy().tolist() == [[11, "memory", 13, 11]]
    table = four.how_many(vm(2, "1 GiB", page="1 GiB", nodes="2")).table
    assert table[["fits", "limited_by", "hugepages"]].to_numpy().tolist() == [[4, "hugepages", 4]]
    assert int(four.how_many(vm(1, pins={0: "30"}))) == 1
    assert int(four.how_many(vm(1, pins={0: "0"}))) == 0


def test_without_a_limit_there_is_no_number() -> None:
    """The policy limits neither."""
    more = machine(4).how_many(vm(), "proxmox")
    assert more.total is None
    with pytest.raises(ValueError, match="limits neither"):
        int(more)


pages = st.sampled_from([None, "2 MiB", "1 GiB"])
nodes = st.sampled_from([None, "0", "1", "2", "3", "2-3", "0-1", "1-2", "0,3"])
sizes = st.integers(1, 24).map(lambda number: Size(number * 512, "MiB"))


@st.composite
def vms(draw: st.DrawFn) -> ph.DomainSpec:
    """Small and large ones, bound and free, pinned and not."""
    vcpus = draw(st.integers(1, 6))
    pins: dict[int, str] = {}
    kind = draw(st.sampled_from(["free", "free", "set", "alone"]))
    if kind == "set":
        low = draw(st.integers(0, 28))
        pins = dict.fromkeys(range(vcpus), f"{low}-{low + draw(st.integers(1, 12))}")
    elif kind == "alone":
        pins = {vcpu: str(draw(st.integers(0, 63))) for vcpu in range(vcpus)}
    spec = vm(vcpus, draw(sizes), nodes=draw(nodes), page=draw(pages), pins=pins)
    if draw(st.booleans()):
        spec.memory.current = Size(spec.memory.maximum // 2)
    return spec


@QUICK
@given(spec=vms(), policy=st.sampled_from(POLICIES), count=st.sampled_from(["running", "defined"]))
def test_how_many_is_what_adding_one_after_another_gives(four: Snapshot, spec: Any, policy: Any, count: Any) -> None:
    """Whatever it is bound to."""
    snap, number = four, 0
    while number < 80:
        one = spec.copy()
        one.name = f"copy-{number}"
        if not snap.fit(one, policy, count):
            break
        snap, number = snap.with_vm(one), number + 1
    more = four.how_many(spec, policy, count)
    assert min(int(more), 80) == number, (more.table.to_dict("records"), spec.to_xml())


@QUICK
@given(
    policy=st.sampled_from(POLICIES),
    count=st.sampled_from(["running", "defined"]),
    each=st.sampled_from([None, "512 MiB", "4 GiB", "40 GiB"]),
    page=pages,
    shape=st.sampled_from(["host", "cell"]),
)
def test_the_largest_fits_and_nothing_larger(four: Snapshot, each: Any, page: Any, shape: Any, **under: Any) -> None:
    """A vCPU more does not, nor a MiB or a page more."""
    step = Size(page) if page else MIB

    def fits(vcpus: int, memory: int, cell: Any) -> bool:
        fit = four.fit(vm(vcpus, Size(memory), page=page), **under)
        table = fit.table
        return bool(table[table["cell"].isna() if shape == "host" else table["cell"] == cell]["fits"].iloc[0])

    for row in four.largest(shape, each, page, **under).to_dict("records"):
        vcpus, memory = row["vcpus"], round(row["memory_gib"] * 2**30)
        if vcpus == 0:
            assert not fits(1, Size(each) if each else step, row["cell"])
            continue
        assert fits(vcpus, memory, row["cell"])
        if each:
            assert not fits(vcpus + 1, (vcpus + 1) * Size(each), row["cell"])
        else:
            assert not fits(vcpus + 1, memory, row["cell"])
            assert not fits(vcpus, memory + step, row["cell"])


def test_the_largest_of_a_cell_leaves_others_what_they_may_take_there() -> None:
    """14 of the 16 GiB of cells 0 and 1 are somebody's, wherever they lie: 2 GiB are left in either."""
    snap = machine(4, 4, 4, memory="8 GiB").with_vm(vm(1, "14 GiB", name="old", nodes="0-1", mode="interleave"))
    assert snap.largest("cell")["memory_gib"].tolist() == [2, 2, 8]
    assert snap.fit(vm(1, "2 GiB", nodes="0"))
    assert why(snap.fit(vm(1, "3 GiB", nodes="0"))) == [
        (
            "It needs 3 GiB of memory, and 2 GiB may still be promised in cells 0-1: 16 GiB, "
            "of which running VMs have 14 GiB."
        )
    ]
    assert int(snap.how_many(vm(1, "1 GiB", nodes="0"))) == 2


def test_sets_of_cells_that_overlap_are_one_place() -> None:
    """10 GiB in cells 0 and 1 and 10 in 1 and 2 leave 4 of the 24, wherever they lie, although each pair has 6."""
    snap = machine(4, 4, 4, 4, memory="8 GiB")
    for number, where in enumerate(("0-1", "1-2")):
        snap = snap.with_vm(vm(1, "10 GiB", name=f"old-{number}", nodes=where, mode="interleave"))
    assert snap.fit(vm(1, "4 GiB", nodes="0"))
    assert why(snap.fit(vm(1, "5 GiB", nodes="0"))) == [
        (
            "It needs 5 GiB of memory, and 4 GiB may still be promised in cells 0-2: 24 GiB, "
            "of which running VMs have 20 GiB."
        )
    ]
    assert snap.largest("cell")["memory_gib"].tolist() == [4, 4, 4, 8]


def test_what_is_stranded_is_reckoned_by_hand() -> None:
    """Two CPUs and 12 GiB left at 1 GiB each strand 10 GiB; at 8 GiB each half a CPU."""
    snap = machine(4, 4, memory="8 GiB").with_vm(vm(6, "4 GiB", name="old"))
    row = snap.stranded("1 GiB").iloc[0]
    assert (row["vcpus_left"], row["memory_left_gib"]) == (2, 12)
    assert (row["stranded_vcpus"], row["stranded_memory_gib"], row["ratio_source"]) == (0, 10, "given")
    row = snap.stranded("8 GiB").iloc[0]
    assert (row["stranded_vcpus"], row["stranded_memory_gib"]) == (0.5, 0)
    own = snap.stranded().iloc[0]
    assert (own["memory_per_vcpu_gib"], own["ratio_source"], own["stranded_memory_gib"]) == (2, "host", 8)
    assert snap.stranded()["cell"].isna().tolist() == [True, False, False]


def test_bad_questions_are_one_sentence(four: Snapshot) -> None:
    """What is wrong, and what to choose."""
    for question in (
        lambda: four.fit(vm(), count="all"),  # type: ignore[arg-type]
        lambda: four.how_many(vm(), policy="none"),
        lambda: four.largest("rack"),
        lambda: four.largest(memory_per_vcpu=0),  # type: ignore[arg-type]
        lambda: four.pinning(vm(), siblings="never"),  # type: ignore[arg-type]
    ):
        with pytest.raises(ValueError, match=r"choose one of|above 0"):
            question()


def holders(snapshot: Snapshot) -> set[int]:
    """The CPUs that are named by pins of VMs, cells' own places left aside."""
    found: set[int] = set()
    for domain in snapshot.domains:
        promise = domain.stored or domain.live
        assert promise is not None
        found |= {cpu for cpus in promise.affinity.values() if len(cpus) < 16 for cpu in cpus}
        found |= set(promise.emulator or ())
    return found


@QUICK
@given(
    vcpus=st.integers(1, 24),
    memory=st.integers(1, 60),
    page=pages,
    dedicated=st.booleans(),
    siblings=st.sampled_from(["prefer", "require", "isolate"]),
    emulator=st.booleans(),
    policy=st.sampled_from(POLICIES),
    guest_cells=st.sampled_from([0, 0, 2]),
    off=st.frozensets(st.integers(0, 63), max_size=20),
)
def test_a_proposal_takes_nothing_that_others_have_and_then_fits(four: Snapshot, **wish: Any) -> None:
    """No CPU that others hold, is offline or reserved; written down it fits, and there is no new conflict."""
    vcpus, memory, policy = wish["vcpus"], Size(wish["memory"] * 1024, "MiB"), wish["policy"]
    online = frozenset(range(64)) - wish["off"]
    snap = replace(four, host=replace(four.host, online=online, offline=wish["off"], cpus=len(online)))
    spec = vm(vcpus, memory)
    spec.iothreads.count = 1
    if wish["guest_cells"] and vcpus > 1:
        half = vcpus // 2
        spec.cpu.numa.cells.add(id=0, cpus=f"0-{half - 1}", memory=Size(memory // 2))
        spec.cpu.numa.cells.add(id=1, cpus=f"{half}-{vcpus - 1}", memory=Size(memory // 2))
    options = {name: wish[name] for name in ("dedicated", "siblings", "emulator")}
    proposal = snap.pinning(spec, huge_page=wish["page"], policy=policy, **options)
    if not proposal:
        assert proposal.reasons
        return
    used = frozenset().union(*proposal.pins.values(), proposal.emulator)
    assert set(proposal.pins) == set(range(vcpus))
    assert used <= online
    assert not used & holders(four)
    if wish["dedicated"]:
        assert len(frozenset().union(*proposal.pins.values())) == vcpus
        assert not proposal.emulator & frozenset().union(*proposal.pins.values())
    before = spec.to_xml()
    written = proposal.apply(spec)
    assert spec.to_xml() == before
    assert snap.fit(written, policy, "defined")
    key = ["count", "kind", "what", "vms"]
    old = set(map(tuple, snap.conflicts(policy)[key].to_numpy().tolist()))
    new = set(map(tuple, snap.with_vm(written).conflicts(policy)[key].to_numpy().tolist()))
    assert not {row for row in new - old if "new" in row[3] and row[1] != "vcpus"}
    assert {str(pin.vcpu) for pin in written.cputune.vcpupins} == {str(vcpu) for vcpu in range(vcpus)}


def test_a_proposal_takes_whole_cores_and_the_tightest_cell() -> None:
    """Both threads of a core go to neighbouring vCPUs, the emulator beside them."""
    snap = machine(8, 8, threads=2).with_vm(vm(2, "9 GiB", name="old", pins={0: "8", 1: "9"}, nodes="1"))
    proposal = snap.pinning(vm(4))
    assert [cell.cell for cell in proposal.cells] == [1]
    assert [min(cpus) for cpus in proposal.pins.values()] == [10, 11, 12, 13]
    assert proposal.emulator == {14}
    assert [min(cpus) for cpus in snap.pinning(vm(3), siblings="isolate").pins.values()] == [0, 2, 4]
    assert not machine(8, threads=2).pinning(vm(5), siblings="isolate")


def test_reserved_cpus_are_left_to_the_host() -> None:
    """The first ones of a cell, or of the host."""
    snap = machine(4, 4)
    policy = Policy(reservations=(Reservation(cpus=2, cell=0),))
    assert min(frozenset().union(*snap.pinning(vm(1), policy=policy).pins.values())) == 2
    assert not machine(4).pinning(vm(3), policy=Policy(reservations=(Reservation(cpus=1),)))


def test_what_needs_two_cells_is_divided_between_those_that_are_near() -> None:
    """The guest is given cells, each with its memory and pages beside its vCPUs."""
    snap = machine(4, 4, 4, memory="8 GiB", pages=1024)
    far = {0: {0: 10, 1: 31, 2: 21}, 1: {0: 31, 1: 10, 2: 31}, 2: {0: 21, 1: 31, 2: 10}}
    made = tuple(replace(cell, distances=far[cell.id]) for cell in snap.host.cells)
    snap = replace(snap, host=replace(snap.host, cells=made))
    spec = vm(6, "4 GiB")
    proposal = snap.pinning(spec, huge_page="2 MiB")
    assert [cell.cell for cell in proposal.cells] == [0, 2]
    written = proposal.apply(spec)
    assert [(cell.cpus, cell.memory) for cell in written.cpu.numa.cells] == [("0-2", 2 * GIB), ("3-5", 2 * GIB)]
    assert [(node.cellid, node.nodeset) for node in written.numatune.memnodes] == [(0, "0"), (1, "2")]
    assert [page.size for page in written.memory.pages] == [Size("2 MiB")]
    assert not [each for each in written.findings(snap).errors if each.id.startswith(("NUM", "PIN"))]


def test_why_there_is_no_place_is_said_of_each_cell() -> None:
    """With the numbers; and applying it is an error."""
    snap = machine(2, 2, memory="2 GiB")
    proposal = snap.pinning(vm(3, "6 GiB"))
    assert not proposal
    assert any("cell 0" in said for said in proposal.reasons)
    assert any("cell 1" in said for said in proposal.reasons)
    with pytest.raises(ValueError, match="There is no place"):
        proposal.apply(vm(3))


def test_guest_cells_go_to_host_cells_one_to_one() -> None:
    """The large one into the large one, in whatever order; more than the host has go nowhere."""
    pools = (PagePool(Size("4 KiB"), 1, 0),)
    made = tuple(Cell(each.id, Size(4 + 12 * each.id, "GiB"), each.cpus, pools) for each in cells(4, 4))
    snap = machine(4, 4)
    snap = replace(snap, host=replace(snap.host, cells=made, memory=20 * GIB))
    spec = vm(4, "14 GiB")
    spec.cpu.numa.cells.add(id=0, cpus="0-1", memory="12 GiB")
    spec.cpu.numa.cells.add(id=1, cpus="2-3", memory="2 GiB")
    proposal = snap.pinning(spec)
    assert [cell.cell for cell in proposal.cells] == [1, 0]
    assert not machine(8).pinning(spec)
    written = proposal.apply(spec)
    assert len(written.cpu.numa.cells) == 2
