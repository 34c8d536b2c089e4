"""Hosts over the network: TLS, SSH, and a TCP that is slow or falls silent, each with a libvirtd at its far end."""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import libvirt
import pytest

import phyllome_nb as ph
from conftest import need
from support.libvirtd import Daemon, libvirtd
from support.process import SEARCH_PATH, hypervisor_user, until
from support.remote import OPEN, TLS, Cable, SshServer, authority, cable, certificate, ssh_server

DELAY = 0.02
TINY: dict[str, Any] = {"memory": "64 MiB", "vcpus": 1, "network": None, "type": "qemu"}


def need_programs(*names: str) -> None:
    """Skip or fail where one of the programs is not there."""
    for name in (*names, "libvirtd", "qemu-system-x86_64"):
        need(shutil.which(name, path=SEARCH_PATH), name)


def need_namespaces() -> None:
    """Skip where networks and mounts of one's own may not be made; installing does not help with that."""
    if subprocess.run(["unshare", "--net", "--mount", "--pid", "true"], check=False, capture_output=True).returncode:
        pytest.skip("only root, and not in every container, may make a network and mounts of its own")


def use(host: ph.Host, daemon: Daemon) -> None:
    """List, define, read back over a connection of its own, snapshot; leave nothing defined."""
    assert host.domains() == []
    report = host.change(ph.profiles.linux(name="far", **TINY)).apply()
    near = libvirt.open(daemon.uri)
    try:
        assert [(each.name(), each.UUIDString()) for each in near.listAllDomains()] == [("far", report.stored.uuid)]
        stored = near.lookupByName("far").XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        assert ph.DomainSpec.from_xml(stored) == report.stored
    finally:
        near.close()
    assert [each.name for each in host.domains()] == ["far"]
    assert list(host.snapshot().allocations()["name"]) == ["far"]
    daemon.clear()


def warm(daemon: Daemon) -> Daemon:
    """Have the daemon try what QEMU can do: once, some seconds, which are no slowness of the network."""
    with ph.connect(daemon.uri, write=True, timeout=60) as host:
        use(host, daemon)
    return daemon


@pytest.fixture(scope="module")
def pki(scratch: Path) -> Path:
    """A directory with an authority, and its certificates for a server at 127.0.0.1 and for a client."""
    need_programs("openssl")
    directory = scratch / "pki"
    directory.mkdir()
    authority(directory)
    for kind in ("server", "client"):
        certificate(directory, kind)
    os.chown(directory / "serverkey.pem", *hypervisor_user()[:2])
    return directory


@pytest.fixture(scope="module")
def far(scratch: Path, pki: Path) -> Iterator[Daemon]:
    """A libvirtd that listens for TLS alone, and asks for a client's certificate; SSH leads to its socket."""
    with libvirtd(scratch / "far", TLS.format(pki)) as daemon:
        yield warm(daemon)


def test_a_host_behind_tls_is_read_and_written(far: Daemon, pki: Path) -> None:
    """With certificates on both sides everything works; where they lie is said in the address."""
    with ph.connect(f"qemu+tls://127.0.0.1:{far.port}/session?pkipath={pki}", write=True) as host:
        use(host, far)


def test_a_server_that_is_not_the_one_in_the_address_is_not_opened(far: Daemon, pki: Path) -> None:
    """Its certificate is for an address, by which it has to be called."""
    with pytest.raises(ph.errors.Unreachable, match=r"Failed to verify peer's certificate\.$"):
        ph.connect(f"qemu+tls://localhost:{far.port}/session?pkipath={pki}")


def test_a_client_that_nobody_vouches_for_is_let_in_nowhere(far: Daemon, pki: Path, tmp_path: Path) -> None:
    """One without a certificate is turned away by the host; one of another authority does not even set out."""
    shutil.copy(pki / "cacert.pem", tmp_path)
    uri = f"qemu+tls://127.0.0.1:{far.port}/session?pkipath={tmp_path}"
    with pytest.raises(ph.errors.Unreachable, match=r"cannot be opened: .*TLS"):
        ph.connect(uri)
    authority(tmp_path)
    certificate(tmp_path, "client")
    shutil.copy(pki / "cacert.pem", tmp_path)
    with pytest.raises(ph.errors.Unreachable, match=r"clientcert\.pem failed validation"):
        ph.connect(uri)


@pytest.fixture
def sshd(scratch: Path, far: Daemon) -> Iterator[SshServer]:
    """An SSH server at which a user logs in whose libvirtd that is."""
    need_programs("virt-ssh-helper")
    for name in ("sshd", "ssh", "ssh-keygen", "nc"):
        if not shutil.which(name, path=SEARCH_PATH):
            # Debian's package would open the machine to the network, so ./nb test does not install it.
            pytest.skip(f"{name} is not on this machine: install openssh-server and netcat-openbsd")
    if os.geteuid() == 0:
        need_namespaces()
    with ssh_server(scratch / "sshd", far) as server:
        yield server


@pytest.mark.parametrize("proxy", ["", "&proxy=native", "&proxy=netcat&socket={}"])
def test_a_host_behind_ssh_is_read_and_written(far: Daemon, sshd: SshServer, proxy: str) -> None:
    """With a key, and the server's in known_hosts; at the far end libvirt's own helper or netcat takes over."""
    with ph.connect(sshd.uri + proxy.format(far.socket), write=True, allow=["command"]) as host:
        use(host, far)


def test_an_ssh_server_that_is_not_known_is_opened_on_request_alone(sshd: SshServer) -> None:
    """Neither one never seen, nor one whose key has changed; ``no_verify`` takes it, where that is allowed."""
    (sshd.base / "known_hosts").unlink()
    with pytest.raises(ph.errors.Unreachable, match="Host key verification failed"):
        ph.connect(sshd.uri, allow=["command"])
    with pytest.raises(ph.errors.Untrusted, match="no_verify= takes any host for the right one"):
        ph.connect(f"{sshd.uri}&no_verify=1", allow=["command"])
    with ph.connect(f"{sshd.uri}&no_verify=1", allow=["command", "no_verify"]) as host:
        assert host.domains() == []
    sshd.trust(sshd.base / "user.pub")
    with pytest.raises(ph.errors.Unreachable, match="Host key verification failed") as raised:
        ph.connect(sshd.uri, allow=["command"])
    assert "\n" not in str(raised.value)


def test_a_key_that_the_ssh_server_does_not_know_is_refused(sshd: SshServer) -> None:
    """In one sentence, and without a question for a password that nobody could answer."""
    with pytest.raises(ph.errors.Unreachable, match=r"Permission denied \(publickey\)"):
        ph.connect(sshd.uri.replace("/user&", "/host&"), allow=["command"])


@pytest.fixture(scope="module")
def laid(scratch: Path) -> Iterator[tuple[Cable, Daemon]]:
    """A cable, and a libvirtd at its far end."""
    need_programs("ip", "unshare", "nsenter")
    need_namespaces()
    if not os.access("/dev/net/tun", os.W_OK):
        pytest.skip("this machine has no TUN device")
    with cable(DELAY) as to, libvirtd(scratch / "tcp", OPEN, to.enter) as daemon:
        yield to, warm(daemon)


@pytest.fixture
def line(laid: tuple[Cable, Daemon]) -> Iterator[tuple[Cable, Daemon]]:
    """The cable, whole; afterwards, too, and then the calls that the test has given up come to their end."""
    before = set(threading.enumerate())
    yield laid
    laid[0].cut.clear()

    def ended() -> bool:
        return not any(each.name.startswith("libvirt: ") for each in set(threading.enumerate()) - before)

    until(ended, 60, "the calls that were given up")
    laid[1].clear()


def address(line: tuple[Cable, Daemon]) -> str:
    """What to open at the end of the cable."""
    return f"qemu+tcp://{line[0].address}:{line[1].port}/session"


def test_a_slow_host_is_read_and_written(line: tuple[Cable, Daemon]) -> None:
    """Every question takes its time to get there and back; all come."""
    with ph.connect(address(line), write=True) as host:
        begun = time.monotonic()
        host.ask("counting VMs", lambda connection: connection.numOfDomains())
        assert time.monotonic() - begun >= 2 * DELAY
        use(host, line[1])


def test_opening_a_host_whose_packets_get_lost_ends_at_the_deadline(line: tuple[Cable, Daemon]) -> None:
    """The address is named; libvirt itself would go on trying for minutes."""
    line[0].cut.set()
    begun = time.monotonic()
    with pytest.raises(ph.errors.NoAnswer, match=r"No answer within 0\.5 s while opening qemu\+tcp://"):
        ph.connect(address(line), timeout=0.5)
    assert time.monotonic() - begun < 10


def test_a_host_that_falls_silent_is_given_up_and_works_again_when_packets_flow(line: tuple[Cable, Daemon]) -> None:
    """Meanwhile other hosts answer, and each call to it ends at its deadline; afterwards it is the same host."""
    to, daemon = line
    with ph.connect(address(line), write=True, timeout=2) as host, ph.connect(daemon.uri) as other:
        use(host, daemon)
        to.cut.set()
        begun, answers = time.monotonic(), 0
        with ThreadPoolExecutor(1) as pool:
            silent = pool.submit(host.domains)
            while not silent.done():
                assert other.domains() == []
                answers += 1
        with pytest.raises(ph.errors.NoAnswer, match=r"No answer within 2 s while reading definitions on"):
            silent.result()
        assert time.monotonic() - begun < 20
        assert answers >= 5
        with pytest.raises(ph.errors.NoAnswer, match=r"No answer within 2 s while opening qemu\+tcp://"):
            host.snapshot()
        to.cut.clear()
        use(host, daemon)


def test_a_write_that_gets_lost_is_not_said_to_have_failed(line: tuple[Cable, Daemon]) -> None:
    """Its packets may still come through, as they do here: the outcome is unknown until the host can be asked."""
    with ph.connect(address(line), write=True, timeout=2) as host:
        change = host.change(ph.profiles.linux(name="late", **TINY))
        line[0].cut.set()
        with pytest.raises(ph.errors.OutcomeUnknown, match="'late' may or may not be defined"):
            change.apply()
        line[0].cut.clear()
        until(lambda: [each.name for each in host.domains()] == ["late"], 60, "the write to come through")
