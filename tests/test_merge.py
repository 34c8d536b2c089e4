"""Two changes of one definition, put together: what one did stays, where both did something it is said."""

import pytest

import phyllome_nb as ph

DISK = "<disk type='file'><source file='/{0}'/><target dev='vd{0}' bus='virtio'/></disk>"
CARD = "<interface type='user'><mac address='52:54:00:00:00:0{0}'/></interface>"
BASE = (
    "<domain type='kvm'><name>a</name><title>t</title><memory unit='KiB'>1048576</memory><vcpu>2</vcpu>"
    "<features><acpi/></features><devices>{devices}</devices></domain>"
)


def version(devices: str = DISK.format("a") + DISK.format("b"), **replaced: str) -> ph.DomainSpec:
    """The definition with these devices, and with pieces of its text replaced."""
    text = BASE.format(devices=devices)
    for old, new in replaced.items():
        assert f"<{old}" in text
        start = text.index(f"<{old}")
        end = text.index(f"</{old}>") + len(f"</{old}>")
        text = text[:start] + new + text[end:]
    return ph.DomainSpec.from_xml(text)


def said(three_way: ph.DomainSpec) -> list[str]:
    """What the merged definition says otherwise than the base, in words."""
    return sorted(str(each) for each in version().diff(three_way))


def test_changes_in_different_places_are_both_kept() -> None:
    """Fields, and devices that each has added, removed or changed."""
    mine = version(DISK.format("a") + DISK.format("b") + DISK.format("c"), vcpu="<vcpu>4</vcpu>")
    theirs = version(DISK.format("b"), title="<title>theirs</title>")
    merged = version().merge(theirs, mine)
    assert merged.clashes == ()
    assert merged.merged.vcpus.maximum == 4
    assert merged.merged.title == "theirs"
    assert [disk.target for disk in merged.merged.devices.disks] == ["vdb", "vdc"]


def test_what_both_did_alike_is_no_clash_and_not_done_twice() -> None:
    """The same value, in another unit, and the same new device."""
    both = DISK.format("a") + DISK.format("b") + CARD.format(1)
    mine = version(both, memory="<memory unit='GiB'>2</memory>")
    theirs = version(both, memory="<memory unit='KiB'>2097152</memory>")
    merged = version().merge(theirs, mine)
    assert merged.clashes == ()
    assert len(merged.merged.devices.interfaces) == 1
    assert merged.merged == theirs


@pytest.mark.parametrize(("prefer", "title"), [("mine", "mine"), ("theirs", "theirs")])
def test_what_both_changed_is_said_and_decided(prefer: str, title: str) -> None:
    """Whom to prefer is the caller's to say."""
    mine, theirs = version(title="<title>mine</title>"), version(title="<title>theirs</title>")
    merged = version().merge(theirs, mine, prefer)  # type: ignore[arg-type]
    (clash,) = merged.clashes
    assert (clash.path, clash.before, clash.theirs, clash.mine) == ("title", "t", "theirs", "mine")
    assert merged.merged.title == title


@pytest.mark.parametrize(("prefer", "targets"), [("mine", ["vdb"]), ("theirs", ["vda", "vdb"])])
def test_a_device_that_one_removed_and_the_other_changed_is_a_clash(prefer: str, targets: list[str]) -> None:
    """Neither wins in silence."""
    changed = DISK.format("a").replace("/a", "/elsewhere")
    merged = version().merge(version(changed + DISK.format("b")), version(DISK.format("b")), prefer)  # type: ignore[arg-type]
    assert [clash.path for clash in merged.clashes] == ["devices/disk"]
    assert [disk.target for disk in merged.merged.devices.disks] == targets


@pytest.mark.parametrize(("prefer", "targets"), [("mine", ["vdb", "vda"]), ("theirs", ["vdb"])])
def test_a_device_that_they_removed_and_i_changed_is_a_clash(prefer: str, targets: list[str]) -> None:
    """The other way round."""
    changed = DISK.format("a").replace("/a", "/elsewhere")
    merged = version().merge(version(DISK.format("b")), version(changed + DISK.format("b")), prefer)  # type: ignore[arg-type]
    assert [clash.path for clash in merged.clashes] == ["devices/disk"]
    assert [disk.target for disk in merged.merged.devices.disks] == targets


def test_a_device_that_they_removed_and_i_left_alone_is_gone() -> None:
    """Not to have touched something is no wish to keep it."""
    merged = version().merge(version(DISK.format("b")), version(title="<title>mine</title>"))
    assert merged.clashes == ()
    assert [disk.target for disk in merged.merged.devices.disks] == ["vdb"]


@pytest.mark.parametrize(("prefer", "boot"), [("mine", "<boot dev='hd'/>"), ("theirs", "<boot dev='cdrom'/>")])
def test_what_both_added_once_and_not_alike_is_a_clash(prefer: str, boot: str) -> None:
    """An element of which there is one: the two cannot stand side by side."""
    base, mine, theirs = version(), version(), version()
    mine.os.boot, theirs.os.boot = ["hd"], ["cdrom"]
    merged = base.merge(theirs, mine, prefer)  # type: ignore[arg-type]
    assert [clash.path for clash in merged.clashes] == ["os"]
    assert boot.replace("'", '"') in merged.merged.to_xml()


def test_what_was_taken_out_stays_out() -> None:
    """An attribute or a text that mine has dropped, and theirs has not touched."""
    base = version()
    base.vcpus.current = 1
    mine, theirs = base.copy(), base.copy()
    mine.vcpus.current = None
    theirs.title = "theirs"
    merged = base.merge(theirs, mine).merged
    assert merged.vcpus.current is None
    assert merged.title == "theirs"


def test_neither_of_the_three_is_changed_by_it() -> None:
    """The view is of what was given."""
    base, mine, theirs = version(), version(title="<title>mine</title>"), version(vcpu="<vcpu>4</vcpu>")
    before = [spec.to_xml() for spec in (base, mine, theirs)]
    view = base.merge(theirs, mine)
    assert [spec.to_xml() for spec in (base, mine, theirs)] == before
    assert said(view.merged) == ["rewrote title: t → mine", "rewrote vcpu: 2 → 4"]
    table = view.to_frame()
    assert list(table.columns) == ["who", "path", "before", "theirs", "mine"]
    assert table.to_numpy().tolist() == [["theirs", "vcpu", "2", "4", ""], ["mine", "title", "t", "", "mine"]]
