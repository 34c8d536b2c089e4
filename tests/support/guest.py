"""The guest that the tests boot, and whether this machine can boot it by KVM."""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Literal

from support.process import REPOSITORY, end, hypervisor_user, until

SCRATCH = REPOSITORY / ".nb"
KERNEL = SCRATCH / "guest/vmlinuz"
INITRD = SCRATCH / "guest/initrd.gz"
CMDLINE = "console=ttyS0 quiet"
READY = "GUEST-READY"

Accelerator = Literal["kvm", "tcg"]
# libvirt's name for each in <domain type="…">
DOMAIN_TYPE: dict[Accelerator, str] = {"kvm": "kvm", "tcg": "qemu"}


def accelerator() -> Accelerator:
    """Return what guests run on here: KVM where one truly boots, else QEMU's own emulation.

    A /dev/kvm that opens proves nothing: some nested ones run firmware and no kernel. So a guest is booted, once per
    boot of this machine.
    """
    note, boot = SCRATCH / "accelerator", Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    user = hypervisor_user()
    asked = f"{boot} {user.uid}"
    for known in (DOMAIN_TYPE.keys()) if note.exists() else ():
        if note.read_text() == f"{asked} {known}":
            return known
    found: Accelerator = "kvm" if boots_by_kvm() else "tcg"
    SCRATCH.mkdir(exist_ok=True)
    note.write_text(f"{asked} {found}")
    return found


def boots_by_kvm(seconds: float = 8) -> bool:
    """Boot the guest on KVM as the user who runs hypervisors here."""
    prefix = hypervisor_user().prefix
    if subprocess.run([*prefix, "test", "-w", "/dev/kvm"], check=False).returncode != 0:
        return False
    with tempfile.TemporaryDirectory() as made:
        scratch = Path(made)
        scratch.chmod(0o755)
        for image in (KERNEL, INITRD):
            shutil.copy(image, scratch)
        console = scratch / "console"
        with console.open("wb") as output:
            # fmt: off
            process = subprocess.Popen(
                [
                    *prefix, "qemu-system-x86_64",
                    "-machine", "q35,accel=kvm", "-cpu", "host", "-m", "128",
                    "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot",
                    "-kernel", KERNEL.name, "-initrd", INITRD.name, "-append", CMDLINE,
                ],
                cwd=scratch, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.DEVNULL,
            )
            # fmt: on
        try:
            until(lambda: READY in console.read_text(errors="replace") or process.poll() is not None, seconds, READY)
        except TimeoutError:
            return False
        finally:
            end(process)
        return READY in console.read_text(errors="replace")
