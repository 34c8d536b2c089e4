"""Change: a new VM is written, read back and reported, and no other VM is ever touched."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

import phyllome_nb as ph
from support.libvirtd import Daemon, libvirtd
from support.process import until


@pytest.fixture(params=["test driver", "QEMU driver"])
def host(request: pytest.FixtureRequest) -> ph.Host:
    """A writable host of each driver."""
    if request.param == "test driver":
        return ph.demo()
    daemon: Daemon = request.getfixturevalue("daemon")
    return ph.connect(daemon.uri, write=True)


@pytest.fixture
def spec() -> ph.DomainSpec:
    """A definition that both drivers take."""
    return ph.profiles.linux(name="new", memory="256 MiB", vcpus=2, network=None, type="qemu")


def test_what_was_asked_for_is_stored(host: ph.Host, spec: ph.DomainSpec) -> None:
    """The stored definition says what was written, and has an identity of its own."""
    report = host.change(spec).apply()
    stored = host.domain("new")
    assert report.stored == stored
    assert stored.uuid is not None
    assert (str(stored.memory.maximum), stored.vcpus.maximum, stored.os.firmware) == ("256 MiB", 2, "efi")
    assert report.of_kind("dropped") == []


def test_what_libvirt_made_of_it_is_reported(daemon: Daemon, spec: ph.DomainSpec) -> None:
    """The report names what libvirt added and rewrote."""
    report = ph.connect(daemon.uri, write=True).change(spec).apply()
    added = {difference.path for difference in report.of_kind("added")}
    assert {"uuid", "devices/emulator", "devices/interface/mac"} <= added
    assert [difference.path for difference in report.of_kind("rewrote")] == ["os/type/@machine"]


def test_a_vm_of_the_same_name_is_never_overwritten(host: ph.Host, spec: ph.DomainSpec) -> None:
    """A second write under one name is refused, and what is stored stays as it was to the letter."""
    host.change(spec).apply()
    before = host.domain("new").to_xml()
    spec.memory.maximum = "512 MiB"
    with pytest.raises(ph.errors.DomainExists, match="A VM named 'new' exists; it is unchanged"):
        host.change(spec).apply()
    assert before == host.domain("new").to_xml()


def test_a_definition_with_a_uuid_is_refused_before_libvirt_sees_it(host: ph.Host, spec: ph.DomainSpec) -> None:
    """The stored definition of a VM, written again, would overwrite it: the refusal says what to do."""
    host.change(spec).apply()
    with pytest.raises(ph.errors.DefinitionError, match="set uuid to None"):
        host.change(host.domain("new"))


@pytest.mark.parametrize("name", [".", "..", "", "  ", "a/b", "a\nb", "x" * 248])
def test_a_harmful_name_never_reaches_libvirt(name: str) -> None:
    """A name that came in with a document is refused when the change is made, before any call."""
    spec = ph.DomainSpec.from_xml(f"<domain type='test'><name>{name}</name></domain>")
    host = ph.demo()
    before = [found.name for found in host.domains()]
    with pytest.raises(ph.errors.FieldError, match=r"^name: "):
        host.change(spec)
    assert before == [found.name for found in host.domains()]


def test_a_document_with_a_doctype_never_becomes_a_definition() -> None:
    """Its entities would be expanded by libvirt, and the VM would vanish when the daemon restarts."""
    text = "<!DOCTYPE domain [<!ENTITY a 'b'>]><domain type='test'><name>&a;</name></domain>"
    with pytest.raises(ph.errors.ParseError, match="DOCTYPE"):
        ph.DomainSpec.from_xml(text)


def test_what_libvirt_would_drop_in_silence_is_refused(host: ph.Host, spec: ph.DomainSpec) -> None:
    """An element that libvirt does not know is an error, not a loss."""
    text = spec.to_xml().replace("<features>", "<bogus/><features>")
    with pytest.raises(ph.errors.Refused, match=r"bogus.*Nothing was written"):
        host.change(ph.DomainSpec.from_xml(text)).apply()
    with pytest.raises(ph.errors.NoSuchDomain):
        host.domain("new")


def test_a_read_only_host_writes_nothing_and_says_how_to_open_it(daemon: Daemon, spec: ph.DomainSpec) -> None:
    """The sentence holds the very call that opens the host for writing."""
    host = ph.connect(daemon.uri)
    with pytest.raises(ph.errors.ReadOnly) as raised:
        host.change(spec).apply()
    assert f"ph.connect({daemon.uri!r}, write=True)" in str(raised.value)


def test_a_later_edit_of_the_spec_does_not_change_the_change(spec: ph.DomainSpec) -> None:
    """What was looked at is what is written."""
    change = ph.demo().change(spec)
    spec.memory.maximum = "512 MiB"
    assert str(change.apply().stored.memory.maximum) == "256 MiB"


class TestAConnectionThatBreaks:
    """A write that was not answered: the host is asked again, and what is not known is not claimed."""

    @pytest.fixture
    def own(self, running_daemon: Daemon, scratch: Path) -> Iterator[Daemon]:  # noqa: ARG002  (says whether there is one)
        """A daemon of this test's own, which it may stop and kill."""
        with libvirtd(scratch / "broken") as started:
            yield started

    def test_a_dead_daemon_leaves_the_outcome_unknown(self, own: Daemon, spec: ph.DomainSpec) -> None:
        """It cannot be asked again, so nothing is claimed."""
        change = ph.connect(own.uri, write=True).change(spec)
        os.kill(own.pid, signal.SIGKILL)
        with pytest.raises(ph.errors.OutcomeUnknown, match="may or may not be defined"):
            change.apply()

    def test_a_deadline_that_passes_leaves_the_outcome_unknown(self, own: Daemon, spec: ph.DomainSpec) -> None:
        """A stopped daemon has the request and may still carry it out: it did, once it went on."""
        host = ph.connect(own.uri, write=True, timeout=1)
        os.kill(own.pid, signal.SIGSTOP)
        with pytest.raises(ph.errors.OutcomeUnknown):
            host.change(spec).apply()
        os.kill(own.pid, signal.SIGCONT)
        looking = ph.connect(own.uri)
        until(lambda: [found.name for found in looking.domains()] == ["new"], 20, "the VM to be defined after all")

    def test_a_write_that_was_not_done_is_found_out(self, own: Daemon, spec: ph.DomainSpec) -> None:
        """The host is asked over a new connection: the VM is not there, and that is said."""
        change = ph.connect(own.uri, write=True).change(spec)
        with pytest.raises(ph.errors.Unreachable, match="'new' was not defined"):
            change._find_out(ph.errors.Unreachable("The connection broke."))
        assert change.apply().stored.name == "new"

    def test_a_write_that_was_done_but_not_answered_is_found_out(self, own: Daemon, spec: ph.DomainSpec) -> None:
        """The VM is there as written: the report says so, as if the answer had come."""
        change = ph.connect(own.uri, write=True).change(spec)
        written = change.apply()
        found = change._find_out(ph.errors.Unreachable("The connection broke."))
        assert (found.stored, found.differences) == (written.stored, written.differences)

    def test_another_vm_of_that_name_is_not_taken_for_the_one_written(self, own: Daemon, spec: ph.DomainSpec) -> None:
        """Somebody else's VM does not say what was written: the outcome stays unknown."""
        host = ph.connect(own.uri, write=True)
        host.change(spec).apply()
        spec.description = "another one"
        with pytest.raises(ph.errors.OutcomeUnknown, match="but not as written"):
            host.change(spec)._find_out(ph.errors.Unreachable("The connection broke."))
