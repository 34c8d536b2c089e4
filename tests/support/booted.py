"""A guest that has booted on a test's libvirtd."""

from pathlib import Path

import libvirt

from support.guest import CMDLINE, DOMAIN_TYPE, READY, Accelerator
from support.libvirtd import Daemon
from support.process import until

__all__ = ["booted", "emulators"]


def booted(daemon: Daemon, accelerator: Accelerator, name: str = "guest") -> libvirt.virDomain:
    """A guest of 160 MiB with a balloon that tells how much it uses."""
    log = daemon.directory / f"{name}.log"
    text = f"""<domain type='{DOMAIN_TYPE[accelerator]}'><name>{name}</name><memory unit='MiB'>160</memory>
    <vcpu current='1'>2</vcpu><os><type arch='x86_64' machine='q35'>hvm</type><kernel>{daemon.kernel}</kernel>
    <initrd>{daemon.initrd}</initrd><cmdline>{CMDLINE}</cmdline></os><features><acpi/></features>
    <devices><serial type='file'><source path='{log}'/></serial>
    <memballoon model='virtio'><stats period='1'/></memballoon></devices></domain>"""
    connection = libvirt.open(daemon.uri)
    domain = connection.defineXML(text)
    domain.create()
    until(lambda: log.exists() and READY in log.read_text(errors="replace"), 90, "the guest to boot")
    return domain


def emulators(daemon: Daemon) -> list[int]:
    """The pids of the emulators."""
    return [pid for pid in daemon.processes() if b"qemu-system" in Path(f"/proc/{pid}/cmdline").read_bytes()]
