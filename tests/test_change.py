"""Change: a new VM is written, read back and reported, and no other VM is ever touched."""

import os
import signal
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

import phyllome_nb as ph
from support.libvirtd import Daemon, libvirtd
from support.process import until
from support.wire import wire


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
    """A document with the uuid of a VM would overwrite it; the refusal says what to do instead."""
    host.change(spec).apply()
    text = host.domain("new").to_xml()
    with pytest.raises(ph.errors.DefinitionError, match=r"begin with host\.domain\(name\); .* set uuid to None"):
        host.change(ph.DomainSpec.from_xml(text))


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


def test_what_the_schema_refuses_is_said_to_be_its_refusal(host: ph.Host, spec: ph.DomainSpec) -> None:
    """The sentence tells libvirt's schema from libvirt's other reasons to refuse, and quotes it."""
    text = spec.to_xml().replace("<acpi/>", "<acpi certainly='yes'/>")
    with pytest.raises(
        ph.errors.Refused, match=r"libvirt's schema does not allow this definition\. It said: .*features"
    ):
        host.change(ph.DomainSpec.from_xml(text)).apply()


def test_the_report_holds_the_password_that_was_written(daemon: Daemon, spec: ph.DomainSpec) -> None:
    """It is read back with its secrets, so that none counts as dropped."""
    text = spec.to_xml().replace('<graphics type="vnc">', '<graphics type="vnc" passwd="sesame">')
    report = ph.connect(daemon.uri, write=True).change(ph.DomainSpec.from_xml(text)).apply()
    assert 'passwd="sesame"' in report.stored.to_xml()
    assert report.of_kind("dropped") == []


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

    def test_a_daemon_that_dies_while_it_writes_leaves_the_outcome_unknown(
        self, own: Daemon, spec: ph.DomainSpec
    ) -> None:
        """It has the request, and cannot be asked again: nothing is claimed."""
        change = ph.connect(own.uri, write=True).change(spec)
        os.kill(own.pid, signal.SIGSTOP)
        threading.Timer(1, os.kill, (own.pid, signal.SIGKILL)).start()
        with pytest.raises(ph.errors.OutcomeUnknown, match="may or may not be defined"):
            change.apply()

    def test_a_daemon_that_died_before_was_asked_nothing(self, own: Daemon, spec: ph.DomainSpec) -> None:
        """The connection is known to be broken: nothing is sent, and the host is said to be out of reach."""
        host = ph.connect(own.uri, write=True)
        os.kill(own.pid, signal.SIGKILL)
        until(lambda: not host._held[0].isAlive(), 20, "the connection to break")
        with pytest.raises(ph.errors.Unreachable, match="cannot be opened"):
            host.change(spec).apply()

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
        """The host is asked over a new connection: the VM is not there so far, and no more is claimed."""
        change = ph.connect(own.uri, write=True).change(spec)
        with pytest.raises(ph.errors.OutcomeUnknown, match="'new' is not defined so far, but the host may still"):
            change._find_out(str(uuid.uuid4()), ph.errors.Unreachable("The connection broke."))
        assert change.apply().stored.name == "new"

    def test_a_write_that_was_done_but_not_answered_is_found_out(self, own: Daemon, spec: ph.DomainSpec) -> None:
        """The VM is there as written: the report says so, as if the answer had come."""
        change = ph.connect(own.uri, write=True).change(spec)
        written = change.apply()
        found = change._find_out(str(written.stored.uuid), ph.errors.Unreachable("The connection broke."))
        assert (found.stored, found.differences) == (written.stored, written.differences)

    def test_another_vm_of_that_name_is_not_taken_for_the_one_written(self, own: Daemon, spec: ph.DomainSpec) -> None:
        """Somebody else's VM has another uuid, however alike it is."""
        host = ph.connect(own.uri, write=True)
        host.change(spec).apply()
        with pytest.raises(ph.errors.OutcomeUnknown, match="'new' is not defined so far, but the host may still"):
            host.change(spec)._find_out(str(uuid.uuid4()), ph.errors.Unreachable("The connection broke."))

    def test_what_vanishes_before_it_is_read_back_was_defined(self, own: Daemon, spec: ph.DomainSpec) -> None:
        """Nobody is told that nothing was written."""
        host = ph.connect(own.uri, write=True)
        with pytest.raises(ph.errors.OutcomeUnknown, match="'new' was defined, and somebody has undefined it"):
            host.change(spec)._read_back(str(uuid.uuid4()))

    def test_a_silent_wire_to_a_living_host_leaves_the_outcome_unknown(self, own: Daemon, spec: ph.DomainSpec) -> None:
        """A new connection says that the VM is not there; what is still on its way may yet define it."""
        with wire(own.port) as (port, silence):
            host = ph.connect(f"qemu+tcp://127.0.0.1:{port}/session", write=True, timeout=2)
            silence()
            with pytest.raises(ph.errors.OutcomeUnknown, match="not defined so far, but the host may still do it"):
                host.change(spec).apply()
