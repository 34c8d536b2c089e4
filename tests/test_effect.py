"""The effect of a definition on a host: the numbers of the tables, as bars and in words."""

import copy
import pickle
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

import phyllome_nb as ph
from phyllome_nb.capacity import view
from phyllome_nb.capacity.effect import Effect
from phyllome_nb.capacity.facts import HostDevice
from phyllome_nb.capacity.policy import Policy, Reservation
from phyllome_nb.capacity.snapshot import Count, Snapshot
from phyllome_nb.html import Html
from phyllome_nb.panels.calls import Calls
from phyllome_nb.panels.effect_view import EffectView
from phyllome_nb.size import Size
from support import four_cells

COUNTS: tuple[Count, ...] = ("running", "defined")
UUID = "1" * 32
OWN = Policy("own", 2.0, 1.5, cpus="cores", reservations=(Reservation(Size("1 GiB"), 2, {Size("2 MiB"): 512}, cell=1),))
POLICIES = ("physical", "nova", "ovirt_server", "kubevirt", "proxmox", OWN)
CARD = """<hostdev mode='subsystem' type='pci' managed='yes'>
<source><address domain='0' bus='{}' slot='0' function='{}'/></source></hostdev>"""
CARDS = (
    HostDevice("a", "pci", "0000:01:00.0", "a graphics card", group=5, node=1),
    HostDevice("b", "pci", "0000:01:00.1", "its sound", group=5, node=1),
    HostDevice("c", "pci", "0000:02:00.0", group=6),
    HostDevice("d", "pci", "0000:03:00.0"),
)


@pytest.fixture(scope="module")
def four() -> Snapshot:
    """Four cells, a dozen VMs."""
    return four_cells.snapshot()


def like(name: str, uuid: str = "") -> ph.DomainSpec:
    """A new definition like that of one of the VMs."""
    named = f"<uuid>{uuid}</uuid><name>mine" if uuid else "<name>mine"
    return ph.DomainSpec.from_xml(four_cells.VMS[name].replace(f"<name>{name}", named))


def given(name: str, *cards: tuple[int, int]) -> ph.DomainSpec:
    """A definition that is given cards of the host's."""
    spec = ph.profiles.linux(name=name, memory="1 GiB", vcpus=1)
    listed = "".join(CARD.format(*card) for card in cards)
    return ph.DomainSpec.from_xml(spec.to_xml().replace("</devices>", f"{listed}</devices>"))


def plain(element: ET.Element) -> str:
    """What an element says."""
    return " ".join(" ".join(element.itertext()).split())


def said(html: Html) -> dict[str, list[str]]:
    """What the first table says of each thing, a text for each count."""
    table = ET.fromstring(f"<div>{html}</div>").find(".//table[@class='phy-balance']")
    assert table is not None
    return {plain(row[0]): [plain(cell) for cell in row[1:]] for row in table.findall("tbody/tr")}


def test_the_numbers_are_those_of_the_balance_before_and_after(four: Snapshot) -> None:
    """Of the host and of each cell, under each policy, for a new VM of each kind and for one that is changed."""
    assert sum(1 for _ in compared(four)) > 1000


def compared(four: Snapshot) -> Iterator[None]:
    """Each row, compared with that of the table."""
    known = four.with_vm(like("wide", UUID))
    off = replace(known.domains[-1], live=None, state="shut off")
    stopped = replace(known, domains=(*known.domains[:-1], off))
    cases = [(four, like(name)) for name in four_cells.VMS]
    cases += [(known, like("nfv", UUID)), (known, like("web-1", UUID)), (stopped, like("cache", UUID.upper()))]
    for snap, spec in cases:
        then = snap.with_vm(spec)
        for policy in POLICIES:
            effect = Effect.of(snap, spec, policy)
            for count in COUNTS:
                for by, cells in (("host", {None: effect.lines(count)}), ("cell", effect.cells(count))):
                    tables = [each.balance(count, policy, by) for each in (snap, then)]
                    for side, table in enumerate(tables):
                        yield from same(table, side, cells, by)


def same(table: pd.DataFrame, side: int, cells: Any, by: str) -> Iterator[None]:
    """Each row of a table is there, on its side of the pair; where the table has none, nothing is promised."""
    left = {(cell, resource): pair[side] for cell, found in cells.items() for resource, pair in found.items()}
    for row in table[table["amount"] == "maximum"].to_dict("records"):
        cell = None if by == "host" or pd.isna(row["cell"]) else row["cell"]
        line = left.pop((cell, row["resource"]))
        for column in ("total", "reserved", "dedicated", "promised", "limit", "free", "ratio"):
            expected = None if pd.isna(row[column]) else pytest.approx(row[column], abs=1e-12)
            assert getattr(line, column) == expected
        yield
    assert not any(line.promised for line in left.values())


def test_before_and_after_stand_in_words_under_each_bar(four: Snapshot) -> None:
    """12 dedicated and 25 shared, then 43: four more of each, by hand; pages are shown because the host has them."""
    shown = said(view.effect(four, ph.profiles.linux(name="new", memory="10 GiB", vcpus=4)))
    assert shown == {
        "vCPUs": [
            "37 → 41 of 64 CPUs · 23 left · 0.64 vCPUs for each CPU",
            "55 → 59 of 64 CPUs · 5 left · 0.92 vCPUs for each CPU",
        ],
        "Memory": [
            "74 → 84 of 256 GiB · 172 left · 0.33 GiB for each GiB",
            "110 → 120 of 256 GiB · 136 left · 0.47 GiB for each GiB",
        ],
        "Huge pages, 2 MiB": ["2 of 8 GiB · 6 left", "3 of 8 GiB · 5 left"],
        "Huge pages, 1 GiB": ["4 of 8 GiB · 4 left", "4 of 8 GiB · 4 left"],
    }


def test_a_policys_limit_is_marked_and_said(four: Snapshot) -> None:
    """Beside what there is; what is dedicated lies beside the limit, and the mark behind it: 12 + 52 × 4 of 220."""
    html = view.effect(four, ph.profiles.linux(name="new", memory="10 GiB", vcpus=4), "nova")
    shown = said(html)
    assert shown["vCPUs"][0].endswith("limit 208 by nova's ratio 4, beside 12 dedicated · 179 left")
    assert shown["Memory"][0].endswith(
        "limit 239.5 by nova's ratio 1, beside 16 in huge pages · 0.5 kept for the host · 171.5 left"
    )
    assert "what there is" in html
    assert "what nova allows" in html
    marks = re.findall(r'phy-mark" style="left:([\d.]+)%"></b><b class="phy-limit" style="left:([\d.]+)%', html)
    assert marks[0] == (f"{100 * 64 / 220:.2f}", "100.00")
    assert marks[2] == ("100.00", f"{100 * 255.5 / 256:.2f}")
    assert "phy-limit" not in view.effect(four, like("web-1"))


def test_what_is_over_the_limit_is_said(four: Snapshot) -> None:
    """Above what there is and still within a ratio is not too much; above the limit is, and is no matter of colour."""
    big = ph.profiles.linux(name="big", memory="200 GiB", vcpus=30)
    physical, nova = (said(view.effect(four, big, policy)) for policy in (None, "nova"))
    assert "67 of 64 CPUs · 3 over" in physical["vCPUs"][0]
    assert "over" not in nova["vCPUs"][0]
    assert nova["Memory"][0].endswith("kept for the host · 18.5 over")
    assert four.with_vm(big).balance(policy="nova").query("free < 0")["free"].tolist() == [-14.5, -18.5]
    colours = [view.effect(four, big, policy).count("phy-over") for policy in (None, "nova")]
    assert colours == [4, 2]


def test_a_policy_without_a_ratio_sets_no_limit(four: Snapshot) -> None:
    """Then what there is is what counts; cores are called cores, and one's own ratio is one's own."""
    assert "proxmox sets no limit" in said(view.effect(four, like("web-1"), "proxmox"))["Memory"][0]
    assert "of 32 cores" in said(view.effect(four, like("web-1"), "ovirt_server"))["vCPUs"][0]
    assert (
        "by your policy's ratio 2, beside 6 dedicated · 2 kept for the host"
        in (said(view.effect(four, like("web-1"), OWN))["vCPUs"][0])
    )


def test_huge_pages_have_a_row_where_the_vm_asks_for_them() -> None:
    """A host that does not tell its pages has none where the VM needs none."""
    snap = ph.demo().snapshot()
    spec = ph.profiles.linux(name="new", memory="2 GiB")
    assert list(said(view.effect(snap, spec))) == ["vCPUs", "Memory"]
    spec.memory.hugepages = True
    spec.memory.pages.add(size="1 GiB")
    shown = said(view.effect(snap, spec))["Huge pages, 1 GiB"]
    assert shown[0] == "0 → 2 GiB · how much there is, the host does not tell"


def test_more_pages_than_there_are(four: Snapshot) -> None:
    """In the cell that the VM is bound to there are 4 GiB, on the host 8."""
    spec = like("cache")
    spec.memory.maximum = spec.memory.current = "5 GiB"
    html = view.effect(four, spec)
    assert said(html)["Huge pages, 2 MiB"] == ["2 → 7 of 8 GiB · 1 left", "3 → 8 of 8 GiB · 0 left"]
    assert cells(html)["once this VM runs, too"]["1"][2] == "2 → 7 of 4 3 over"


def cells(html: Html) -> dict[str, dict[str, list[str]]]:
    """What is said of each cell, by the heading."""
    found: dict[str, dict[str, list[str]]] = {}
    for body in ET.fromstring(f"<div>{html}</div>").findall(".//table[@class='phy-cells']/tbody"):
        found[plain(body[0])] = {plain(row[0]): [plain(cell) for cell in row[1:]] for row in body[1:]}
    return found


def test_the_cells_of_a_vm_that_is_bound_to_one(four: Snapshot) -> None:
    """vCPUs, memory and pages of each, and what is bound to no single one; db's eight CPUs are dedicated already."""
    html = view.effect(four, like("db"))
    assert "<details>" not in html
    assert cells(html)["once this VM runs, too"] == {
        "0": ["12 of 16", "28 → 44 of 64", "0 of 4", ""],
        "1": ["8 of 16", "12 of 64", "2 of 4", ""],
        "2": ["4 of 16", "8 of 64", "", "4 of 8"],
        "3": ["0 of 16", "0 of 64", "", ""],
        "no single one": ["13", "26", "", ""],
    }
    limits = cells(view.effect(four, like("db"), "nova"))["once this VM runs, too"]
    assert limits["0"][:2] == ["12 of 16 limit 32 · 28 left", "28 → 44 of 64 limit 60 · 20 left"]


def test_the_cells_of_a_vm_that_may_lie_anywhere_are_behind_a_heading(four: Snapshot) -> None:
    """And a host without cells has none."""
    assert "<details><summary>By NUMA cell</summary>" in view.effect(four, like("batch"))
    assert "phy-cells" not in view.effect(ph.demo().snapshot(), like("db"))
    one = replace(four, host=replace(four.host, cells=four.host.cells[:1]))
    assert "phy-cells" not in view.effect(one, like("db"))


def test_dedicated_cpus_and_who_is_pinned_to_the_same(four: Snapshot) -> None:
    """As the table of conflicts has them: CPUs 0 and 1 are db's, and once every VM runs spare's, too."""
    spec = like("spare")
    assert said(view.effect(four, spec))["Dedicated CPUs"] == [
        "12 of 64 CPUs · 52 left CPUs 0-1, given to db too: they take turns",
        "12 of 64 CPUs · 52 left CPUs 0-1, given to db, spare too: they take turns",
    ]
    table = four.with_vm(spec).conflicts()
    assert table[["count", "what", "vms"]].to_numpy().tolist() == [
        ["running", "0", "db, mine"],
        ["running", "1", "db, mine"],
        ["defined", "0", "db, spare, mine"],
        ["defined", "1", "db, spare, mine"],
    ]
    spec.cputune.vcpupins[0].cpuset, spec.cputune.vcpupins[1].cpuset = "63", "99"
    shown = said(view.effect(four, spec))["Dedicated CPUs"][0]
    assert shown == "12 → 14 of 64 CPUs · 50 left four has no CPU 99 online: it does not start"
    assert "Dedicated CPUs" not in said(view.effect(four, like("web-1")))


def test_who_has_a_device_and_its_group(four: Snapshot) -> None:
    """The device itself, another of its group, one that nobody has, one that there is not: as the conflicts say."""
    snap = replace(four, host=replace(four.host, devices=CARDS)).with_vm(given("holder", (1, 1), (2, 0)))
    spec = given("mine", (1, 0), (2, 0), (3, 0), (9, 0))
    html = view.effect(snap, spec)
    shown = {name: texts[0] for name, texts in said(html).items() if name.startswith("Device")}
    assert shown == {
        "Device 0000:01:00.0 a graphics card · IOMMU group 5 · cell 1": (
            "0 → 1 of 1 another device of the group is given to holder: the second one does not start"
        ),
        "Device 0000:02:00.0 IOMMU group 6": "1 → 2 of 1 given to holder too: the second one does not start",
        "Device 0000:03:00.0": "0 → 1 of 1 no other VM has it",
        "Device 0000:09:00.0": "0 → 1 of 0 four has no such device: it does not start",
    }
    assert html.count("phy-over") == 2 * 3
    table = snap.with_vm(spec).conflicts()
    found = table[table["count"] == "running"][["kind", "what", "vms"]].to_numpy().tolist()
    assert found == [
        ["device", "0000:02:00.0", "holder, mine"],
        ["group", "5", "holder, mine"],
        ["device", "0000:09:00.0", "mine"],
    ]


def test_a_device_that_is_given_back(four: Snapshot) -> None:
    """An edited VM has it before and not after; a host that does not tell its devices may have it."""
    mine = given("mine", (1, 0))
    mine.uuid = UUID
    snap = four.with_vm(mine)
    assert said(view.effect(snap, mine))["Device 0000:01:00.0"][0] == "1 of 1 no other VM has it"
    for device in list(mine.devices.hostdevs):
        mine.devices.hostdevs.remove(device)
    assert said(view.effect(snap, mine))["Device 0000:01:00.0"] == ["1 → 0 of 1 given back"] * 2


def test_what_a_host_does_not_tell_is_not_guessed() -> None:
    """A document without memory and CPUs: the sums are there, and no bar."""
    bare = ph.Snapshot.from_xml("<capabilities><host/></capabilities>")
    html = view.effect(bare, like("nfv"), "nova")
    assert said(html)["vCPUs"][0] == "0 CPUs · how much there is, the host does not tell"
    assert said(html)["Dedicated CPUs"][0] == "0 → 4 CPUs"
    assert "how much there is" in view.balance(bare)


def test_others_are_summed_up_once(four: Snapshot) -> None:
    """With each change of the definition only its own numbers are reckoned; what is kept is no part of the facts."""
    snap, spec = replace(four), ph.profiles.linux(name="new", memory="1 GiB")
    view.effect(snap, spec, "nova")
    made = dict(snap.totals._made)
    for gib in range(2, 50):
        spec.memory.maximum = spec.memory.current = f"{gib} GiB"
        view.effect(snap, spec, "nova")
    assert made.keys() == snap.totals._made.keys()
    assert all(snap.totals._made[key] is value for key, value in made.items())
    assert snap == four == copy.deepcopy(snap) == pickle.loads(pickle.dumps(snap))  # noqa: S301  (our own bytes)
    named = tuple(replace(each, uuid=f"{number:032x}") for number, each in enumerate(four.domains * 2))
    snap = replace(four, domains=named)
    for each in named:
        view.effect(snap, like("db", each.uuid), "nova")
    assert len(snap.totals._made) < 50, "what is kept has an end"


@pytest.fixture
def sent() -> list[str]:
    """What is sent to the page."""
    return []


@pytest.fixture
def shown(sent: list[str]) -> EffectView:
    """The widget."""
    shown = EffectView(Calls())
    for widget in shown.widget.children:
        widget.observe(lambda change: sent.append(change["name"]), ["value", "description"])
    return shown


def test_the_widget_sends_only_what_has_changed(four: Snapshot, shown: EffectView, sent: list[str]) -> None:
    """The same definition on the same host sends nothing; a change of memory sends one piece of HTML."""
    spec = like("batch")
    shown.show(four, spec)
    sent.clear()
    shown.show(four, spec)
    assert sent == []
    spec.memory.maximum = spec.memory.current = "33 GiB"
    shown.show(replace(four), spec)
    assert sent == ["value"]
    assert "→ 107 of 256 GiB" in shown.value


def test_the_widget_marks_the_limits_that_are_chosen(four: Snapshot, shown: EffectView) -> None:
    """None to begin with; it is labelled, and chosen from the presets."""
    shown.show(four, like("batch"))
    choice = shown.widget.children[0]
    assert (choice.description, choice.value) == ("Limits by", "no policy")
    assert "phy-limit" not in shown.value
    choice.value = "nova"
    assert shown.value == re.sub("<details>.*</details>", "", view.effect(four, like("batch"), "nova"))
    choice.value = "no policy"
    assert "phy-limit" not in shown.value


def test_the_widget_opens_the_cells_where_they_matter(four: Snapshot, shown: EffectView) -> None:
    """By a button, which stays as it is while the definition changes; of a VM that is bound they are always shown."""
    toggle, spec = shown.widget.children[2], like("batch")
    shown.show(four, spec)
    assert (toggle.description, toggle.layout.display) == ("By NUMA cell", "")
    assert "phy-cells" not in shown.value
    toggle.value = True
    assert "phy-cells" in shown.value
    spec.memory.maximum = spec.memory.current = "33 GiB"
    shown.show(four, spec)
    assert "phy-cells" in shown.value
    toggle.value = False
    shown.show(four, like("db"))
    assert "phy-cells" in shown.value
    assert toggle.layout.display == "none"
    shown.show(ph.demo().snapshot(), spec)
    assert "phy-cells" not in shown.value
    assert toggle.layout.display == "none"


def test_the_widget_says_what_it_cannot_show(four: Snapshot, shown: EffectView) -> None:
    """A name that is taken, a number that cannot be read; then it goes on."""
    shown.show(four, ph.profiles.linux(name="db"))
    assert "four has a VM named &#x27;db&#x27;; the bars show the host as it is." in shown.value
    assert view.balance(four) in shown.value
    shown.show(four, ph.DomainSpec.from_xml("<domain><name>odd</name><memory>4</memory><vcpu>many</vcpu></domain>"))
    assert "phy-error" in shown.value
    shown.show(four, like("db"))
    assert "phy-error" not in shown.value
