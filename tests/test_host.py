"""Host: opening, reading, deadlines, and one sentence for whatever goes wrong."""

import contextlib
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import libvirt
import pytest

import phyllome_nb as ph
from phyllome_nb.host import connect
from phyllome_nb.host.loop import unwatch
from support.libvirtd import Daemon, libvirtd
from support.process import until

VM = "<domain type='test'><name>{}</name><memory>65536</memory><os><type>hvm</type></os></domain>"


@pytest.fixture
def own_daemon(running_daemon: Daemon, scratch: Path) -> Iterator[Daemon]:  # noqa: ARG001  (it says whether there is one)
    """A daemon of this test's own, which it may stop and kill."""
    with libvirtd(scratch / "own") as started:
        yield started


@pytest.fixture
def mute_port() -> Iterator[int]:
    """A port that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    "uri",
    [
        "qemu+tcp://127.0.0.1:1/system",
        "qemu+unix:///session?socket=/nowhere/libvirt-sock",
        "no-such-driver:///",
        "qemu:///nonsense",
        "::::",
        "test:///nowhere.xml",
        "qemu+tcp://no-such-host.invalid/system",
    ],
)
def test_a_host_that_cannot_be_opened_is_one_sentence(uri: str) -> None:
    """Refused, absent, unknown and garbled addresses give one line that names the address."""
    with pytest.raises(ph.errors.Unreachable) as raised:
        ph.connect(uri)
    assert uri in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_host_that_never_answers_is_given_up_at_the_deadline(mute_port: int) -> None:
    """Opening returns when the deadline has passed, although libvirt itself would wait for ever."""
    begun = time.monotonic()
    with pytest.raises(ph.errors.NoAnswer, match=r"No answer within 0\.5 s while opening"):
        ph.connect(f"qemu+tcp://127.0.0.1:{mute_port}/system", timeout=0.5)
    assert time.monotonic() - begun < 10


def test_a_daemon_that_stopped_answering_is_given_up_at_the_deadline(own_daemon: Daemon) -> None:
    """A call to a stopped daemon ends with NoAnswer; once it goes on, so does the host."""
    host = ph.connect(own_daemon.uri, timeout=1)
    os.kill(own_daemon.pid, signal.SIGSTOP)
    with pytest.raises(ph.errors.NoAnswer, match="while reading on"):
        host.snapshot()
    os.kill(own_daemon.pid, signal.SIGCONT)
    until(lambda: _answers(host), 20, "the host to answer again")


def _answers(host: ph.Host) -> bool:
    try:
        return host.snapshot().host.cpus > 0
    except ph.errors.HostError:
        host.reconnect()
        return False


def test_a_daemon_that_died_is_told_in_one_sentence(own_daemon: Daemon) -> None:
    """The host is said to be out of reach, by its address."""
    host = ph.connect(own_daemon.uri)
    os.kill(own_daemon.pid, signal.SIGKILL)
    until(lambda: _is_lost(host), 10, "the connection to break")
    with pytest.raises(ph.errors.Unreachable, match=r"cannot be opened: .*\."):
        host.snapshot()


def test_a_host_that_gave_no_answer_is_asked_anew(own_daemon: Daemon) -> None:
    """After the deadline the next call does not wait on the connection that is stuck."""
    host = ph.connect(own_daemon.uri, timeout=3)
    host.ask("counting VMs", lambda connection: connection.numOfDomains())
    os.kill(own_daemon.pid, signal.SIGSTOP)
    with pytest.raises(ph.errors.NoAnswer):
        host.snapshot()
    stuck = host._held[0]
    os.kill(own_daemon.pid, signal.SIGCONT)
    until(lambda: _answers(host), 20, "the host to answer again")
    assert host._held[0] is not stuck


def test_a_connection_that_broke_is_opened_again(daemon: Daemon) -> None:
    """As after a restart of the daemon: the same host answers."""
    host = ph.connect(daemon.uri)
    host._held[0].close()
    assert host.snapshot().host.cpus > 0


def test_a_closed_host_stays_closed() -> None:
    """Closing twice is fine; every later call says how to open it again, and a write does not revive it."""
    host = ph.demo()
    host.close()
    host.close()
    for call in (host.snapshot, host.domains, host.reconnect, host.change(ph.profiles.linux(name="late")).apply):
        with pytest.raises(ph.errors.HostError, match=r"demo was closed: open it again with ph\.connect"):
            call()


@pytest.mark.parametrize(
    "arguments",
    [
        {"uri": 123},
        {"uri": "test:///default\0x"},
        {"uri": "test:///default", "write": "no"},
        {"uri": "test:///default", "timeout": "5"},
        {"uri": "test:///default", "timeout": 0},
    ],
)
def test_what_a_tired_person_passes_is_refused_in_one_sentence(arguments: dict[str, object]) -> None:
    """The sentence names the argument; above all, "no" does not open for writing."""
    with pytest.raises(TypeError, match=f"{list(arguments)[-1]}="):
        ph.connect(**arguments)  # type: ignore[arg-type]


def test_a_closed_host_is_shown_with_what_to_do() -> None:
    """In a notebook its card is one sentence, not a traceback."""
    with ph.demo() as host:
        pass
    assert '<p class="phy-error">demo was closed: open it again with ph.connect(' in host._repr_html_()


def _is_lost(host: ph.Host) -> bool:
    try:
        host.snapshot()
    except ph.errors.Unreachable:
        return True
    return False


def test_libvirt_prints_nothing_of_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    """What libvirt would write to the notebook's output is raised instead."""
    with pytest.raises(ph.errors.NoSuchDomain):
        ph.demo().domain("nobody")
    assert capfd.readouterr() == ("", "")


def test_events_arrive_while_the_main_thread_computes() -> None:
    """The event loop was registered before the first connection and runs in a thread of its own."""
    arrived = threading.Event()
    host = ph.demo()

    def listen(connection: libvirt.virConnect) -> None:
        connection.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, lambda *_: arrived.set(), None)
        connection.defineXML(VM.format("noticed"))

    host.ask("listening", listen)
    deadline = time.monotonic() + 10
    while not arrived.is_set() and time.monotonic() < deadline:
        sum(range(1000))  # a cell that computes
    assert arrived.is_set()


def test_many_hosts_share_one_event_loop() -> None:
    """There is one in a process: a second thread in it would do harm."""
    hosts = [ph.demo(), ph.demo()]
    assert len(hosts) == 2
    assert [thread.name for thread in threading.enumerate()].count("libvirt events") == 1


def test_every_call_has_a_thread_and_the_kernel_goes_on(own_daemon: Daemon) -> None:
    """While one call is stuck, a call to another host is answered."""
    stuck, free = ph.connect(own_daemon.uri, timeout=3), ph.demo()
    os.kill(own_daemon.pid, signal.SIGSTOP)
    try:
        waiting = threading.Thread(target=_fails, args=(stuck,))
        waiting.start()
        assert len(free.snapshot().domains) == 8
        assert waiting.is_alive()
        waiting.join()
    finally:
        os.kill(own_daemon.pid, signal.SIGCONT)


def _fails(host: ph.Host) -> None:
    with pytest.raises(ph.errors.HostError):
        host.snapshot()


def test_a_host_is_read_only_unless_asked(daemon: Daemon) -> None:
    """``connect`` opens what libvirt itself refuses to write through, unless ``write=True``."""
    host = ph.connect(daemon.uri)
    assert not host.writable
    with pytest.raises(ph.errors.ReadOnly):
        host.ask("defining", lambda connection: connection.defineXML(VM.format("sneaked-in")))
    assert ph.connect(daemon.uri, write=True).domains() == []


def test_without_an_address_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """``$LIBVIRT_DEFAULT_URI`` comes before anything on this machine."""
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", "test:///default")
    assert ph.connect().uri == "test:///default"


def test_without_any_libvirt_the_sample_host_is_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No address, no daemon: the sample host, which says that it is one."""
    monkeypatch.delenv("LIBVIRT_DEFAULT_URI", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    if connect.local_uri() is None:
        assert ph.connect().name == "demo"


def test_a_daemon_of_the_user_is_found_by_its_socket(monkeypatch: pytest.MonkeyPatch, daemon: Daemon) -> None:
    """A session daemon's socket below ``$XDG_RUNTIME_DIR`` is noticed, and nothing is started to look for one."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(daemon.base / "run"))
    assert connect.local_uri() in {"qemu:///session", "qemu:///system"}


def test_each_sample_host_is_a_fresh_one() -> None:
    """What is done to one is not seen in another."""
    one, other = ph.demo(), ph.demo()
    one.change(ph.profiles.linux(name="only-here")).apply()
    assert (len(one.domains()), len(other.domains())) == (9, 8)


def test_a_definition_is_read_as_it_is_stored() -> None:
    """``domain`` gives what the next start will use, ``domains`` all of them by name."""
    host = ph.demo()
    assert str(host.domain("db-1").memory.maximum) == "16 GiB"
    assert sorted(spec.name for spec in host.domains()) == [spec.name for spec in host.domains()]


def test_a_vm_that_vanishes_while_the_host_is_read_is_left_out() -> None:
    """VMs that come and go between two of libvirt's answers disturb neither the snapshot nor the definitions."""
    host, names = ph.demo(), {spec.name for spec in ph.demo().domains()}
    with _coming_and_going(host):
        for _ in range(100):
            assert {domain.name for domain in host.snapshot().domains} - {"fleeting"} == names
            assert {spec.name for spec in host.domains()} - {"fleeting"} == names


@contextlib.contextmanager
def _coming_and_going(host: ph.Host) -> Iterator[None]:
    """Start and end a transient VM, and one that stays defined, without a pause."""
    enough = threading.Event()

    def come_and_go(connection: libvirt.virConnect) -> None:
        defined = connection.lookupByName("build-1")
        while not enough.is_set():
            connection.createXML(VM.format("fleeting")).destroy()
            defined.create()
            defined.destroy()

    busy = threading.Thread(target=host.ask, args=("coming and going", come_and_go))
    busy.start()
    try:
        yield
    finally:
        enough.set()
        busy.join()


def test_one_unreadable_vm_does_not_hide_the_others() -> None:
    """A document that is not XML, which libvirt itself can store, is that VM's problem; the warning names it."""
    host = ph.demo()
    host.ask("storing what is not XML", _store_a_control_character)
    table = host.snapshot().allocations().set_index("name")
    assert "Not well-formed XML" in table["problem"]["web-1"]
    assert table["vcpus"]["web-1"] == 2
    assert (table["problem"].drop("web-1") == "").all()
    with pytest.warns(UserWarning, match="'web-1' on demo is left out: Not well-formed XML"):
        assert [spec.name for spec in host.domains()] == [name for name in table.index if name != "web-1"]


def _store_a_control_character(connection: libvirt.virConnect) -> None:
    what, where = libvirt.VIR_DOMAIN_METADATA_DESCRIPTION, libvirt.VIR_DOMAIN_AFFECT_CONFIG
    connection.lookupByName("web-1").setMetadata(what, "\x1b[31m", None, None, where)


def test_an_unknown_vm_is_an_error_that_names_it() -> None:
    """The sentence says which VM, and which host."""
    with pytest.raises(ph.errors.NoSuchDomain, match="demo has no VM named 'nobody'"):
        ph.demo().domain("nobody")


def test_a_password_is_read_for_writing_back_and_never_shown(daemon: Daemon) -> None:
    """A writable host reads the VNC password, so that it is not lost; no representation has it."""
    host = ph.connect(daemon.uri, write=True)
    spec = ph.profiles.linux(name="secret", type="qemu", network=None)
    text = spec.to_xml().replace('<graphics type="vnc">', '<graphics type="vnc" passwd="sesame">')
    report = host.change(ph.DomainSpec.from_xml(text)).apply()
    assert "sesame" in host.domain("secret").to_xml()
    shown = [
        repr(spec),
        spec._repr_html_(),
        repr(report),
        str(report),
        host._repr_html_(),
        repr(host.domain("secret").devices.graphics),
    ]
    assert not any("sesame" in text for text in [*shown, host.domain("secret")._repr_html_()])
    assert "sesame" not in ph.connect(daemon.uri).domain("secret").to_xml()


def test_closing_a_host_under_its_panels_harms_nothing() -> None:
    """The panel still reads in its thread when the host is let go; the process lives, and ends by itself."""
    code = """
import phyllome_nb as ph
for _ in range(30):
    with ph.demo() as host:
        ph.DomainPanel(host)
print("alive")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "alive\n"


def test_a_host_that_does_not_answer_does_not_keep_the_process(own_daemon: Daemon) -> None:
    """Neither letting go of it nor the end of the process waits for a stopped daemon."""
    code = f"""
import os, signal, time
import phyllome_nb as ph
host = ph.connect({own_daemon.uri!r})
os.kill({own_daemon.pid}, signal.SIGSTOP)
begun = time.monotonic()
host = None
print(time.monotonic() - begun < 5)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "True\n"


def test_a_call_that_is_stuck_does_not_keep_the_process(mute_port: int) -> None:
    """Its thread is left behind, and the process ends without it."""
    code = f"""
import phyllome_nb as ph
try:
    ph.connect("qemu+tcp://127.0.0.1:{mute_port}/system", timeout=0.5)
except ph.errors.NoAnswer:
    print("given up")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout == "given up\n"


def test_the_sample_host_is_never_replaced_by_a_fresh_one() -> None:
    """What was defined on it would be lost without a word."""
    host = ph.demo()
    with pytest.raises(ph.errors.Unreachable, match=r"lived in its connection.*ph\.demo\(\)"):
        host.reconnect()
    assert len(host.domains()) == 8


def test_what_is_forgotten_is_never_waited_for(own_daemon: Daemon) -> None:
    """A connection that an error still held is dropped in this thread while the host is silent: closing it asks."""
    host = ph.connect(own_daemon.uri)
    held = [host.ready()]
    unwatch(held[0])
    os.kill(own_daemon.pid, signal.SIGSTOP)
    del host
    gc.collect()
    until(lambda: "libvirt: closing" not in {each.name for each in threading.enumerate()}, 20, "the host to be let go")
    begun = time.monotonic()
    held.clear()
    gc.collect()
    assert time.monotonic() - begun < 10
