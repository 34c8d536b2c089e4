"""A guest defined through the panel is a guest: it boots, speaks, gives memory back and powers off."""

import threading
from collections.abc import Callable

import libvirt
import pytest

import phyllome_nb as ph
from support.guest import CMDLINE, DOMAIN_TYPE, READY, Accelerator
from support.libvirtd import Daemon
from support.panel import button, field
from support.process import until


def console(connection: libvirt.virConnect, domain: libvirt.virDomain) -> Callable[[], str]:
    """Read the serial console in a thread; the result gives all that it has said so far."""
    heard = bytearray()
    stream = connection.newStream()
    domain.openConsole(None, stream)

    def listen() -> None:
        while chunk := stream.recv(1024):
            heard.extend(chunk)

    threading.Thread(target=listen, daemon=True).start()
    return lambda: heard.decode(errors="replace")


@pytest.mark.usefixtures("guest")
def test_a_guest_defined_through_the_panel_boots_and_obeys(daemon: Daemon, accelerator: Accelerator) -> None:
    """UEFI, TPM, balloon, console and all: the machine of the Linux profile runs a kernel."""
    panel = ph.DomainPanel(
        ph.connect(daemon.uri, write=True),
        ph.profiles.linux(name="boots", network=None, type=DOMAIN_TYPE[accelerator]),
    )
    button(panel, "Machine and boot").value = True
    for name, value in {
        "memory-maximum": "320 MiB",
        "vcpus-maximum": "1",
        "os-kernel": str(daemon.kernel),
        "os-initrd": str(daemon.initrd),
        "os-cmdline": CMDLINE,
    }.items():
        field(panel, name).value = value
    button(panel, "Fix: Make it 1 socket, 1 core").click()
    button(panel, "Define").click()
    assert panel._writing.idle.wait(30)
    assert panel.report is not None

    connection = libvirt.open(daemon.uri)
    domain = connection.lookupByName("boots")
    domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
    said = console(connection, domain)
    domain.resume()
    until(lambda: READY in said(), 90, f"the guest to say {READY}")

    row = panel.host.snapshot().allocations().iloc[0]
    assert (row["state"], row["vcpus"], row["memory_max_gib"]) == ("running", 1, 320 / 1024)

    domain.setMemory(256 * 1024)
    until(lambda: domain.memoryStats()["actual"] == 256 * 1024, 20, "the balloon to give 64 MiB back")
    # QEMU tells libvirt of a moved balloon at most once a second.
    until(lambda: panel.host.snapshot().allocations()["memory_gib"].tolist() == [0.25], 20, "the table to follow")

    domain.shutdown()
    until(lambda: not domain.isActive(), 30, "the guest to power off")
    assert panel.host.snapshot().allocations().iloc[0]["state"] == "shut off"
