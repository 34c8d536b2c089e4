"""Build the guest that the tests boot: Debian's cloud kernel and a busybox initramfs of one megabyte.

``guest.py OUTDIR`` leaves ``vmlinuz`` and ``initrd.gz`` in OUTDIR. Debian's packages are downloaded, not installed, so
it needs no root; the archive is written here, so it needs no cpio. When the versions apt knows are those already
built, nothing is done.

The guest says ``GUEST-READY <kernel> <KiB of memory>`` on its serial console, then offers a shell there. It follows
the balloon and powers off by ACPI. The word ``busy`` on the kernel's command line keeps one CPU busy.
"""

import argparse
import gzip
import hashlib
import lzma
import re
import stat
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

KERNEL = "linux-image-cloud-amd64"
BUSYBOX = "busybox-static"
DRIVERS = (
    "virtio_pci",
    "virtio_balloon",
    "virtio_blk",
    "virtio_net",
    "virtio_console",
    "virtio-rng",
    "button",
    "evdev",
)
MODULE = re.compile(r"/([\w-]+)\.ko(\.xz)?$")
DIRECTORIES = ("bin", "dev", "etc", "etc/acpi", "etc/acpi/PWRF", "lib", "proc", "root", "sys", "tmp", "var", "var/log")
INIT = """\
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
for module in $(cat /lib/modules.order); do insmod /lib/$module.ko; done
acpid
case " $(cat /proc/cmdline) " in *" busy "*) while :; do :; done & ;; esac
echo "GUEST-READY $(uname -r) $(awk '/^MemTotal/ { print $2 }' /proc/meminfo)"
while :; do setsid sh -c 'exec sh -i </dev/ttyS0 >/dev/ttyS0 2>&1'; sleep 1; done
"""
POWER_BUTTON = """\
#!/bin/sh
poweroff -f
"""
DIRECTORY, PROGRAM, CONSOLE = stat.S_IFDIR | 0o755, stat.S_IFREG | 0o755, stat.S_IFCHR | 0o600


@dataclass(frozen=True, slots=True)
class Entry:
    """One member of the initramfs."""

    name: str
    mode: int
    data: bytes = b""
    device: tuple[int, int] = (0, 0)


def newc(entries: list[Entry]) -> bytes:
    """Return a cpio archive in the "new ASCII" format, the one the kernel unpacks."""
    archive = bytearray()
    for inode, entry in enumerate([*entries, Entry("TRAILER!!!", 0)], start=1):
        name = entry.name.encode() + b"\0"
        # inode, mode, uid, gid, links, mtime, size, device of the file, device it is, length of name, checksum
        fields = (inode, entry.mode, 0, 0, 1, 0, len(entry.data), 0, 0, *entry.device, len(name), 0)
        archive += b"070701" + b"".join(b"%08X" % field for field in fields)
        for part in (name, entry.data):
            archive += part
            archive += bytes(-len(archive) % 4)
    return bytes(archive)


def sources() -> tuple[str, str] | None:
    """Return the package that holds the kernel and a line naming all versions, or None when apt has no lists."""
    show = ["apt-cache", "show", "--no-all-versions", KERNEL, BUSYBOX]
    about = subprocess.run(show, capture_output=True, text=True, check=False).stdout
    versions = re.findall(r"^Version: (\S+)$", about, re.MULTILINE)
    kernel = re.search(r"^Depends: (linux-image-\S+)", about, re.MULTILINE)  # the metapackage depends on the real one
    return (kernel[1], " ".join([kernel[1], *versions])) if kernel and len(versions) == 2 else None


def read_package(package: str, wanted: re.Pattern[str]) -> dict[str, bytes]:
    """Download a package and return those of its files whose path matches, by path."""
    with tempfile.TemporaryDirectory() as scratch:
        # apt's own user could not write to a directory of ours.
        download = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", package]
        subprocess.run(download, cwd=scratch, check=True)
        (archive,) = Path(scratch).glob("*.deb")
        with (
            subprocess.Popen(["dpkg-deb", "--fsys-tarfile", archive], stdout=subprocess.PIPE) as unpack,
            tarfile.open(fileobj=unpack.stdout, mode="r|") as members,
        ):
            return {
                member.name: content.read()
                for member in members
                if wanted.search(member.name) and (content := members.extractfile(member))
            }


def only(files: dict[str, bytes], name: str) -> bytes:
    """Return the one file whose name begins so."""
    (content,) = (data for path, data in files.items() if PurePosixPath(path).name.startswith(name))
    return content


def drivers(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the modules to load, in that order: each after those it says it depends on."""
    modules = {found[1].replace("-", "_"): path for path in files if (found := MODULE.search(path))}
    chosen: dict[str, bytes] = {}

    def choose(name: str) -> None:
        if name in chosen or name not in modules:  # what is no module is built into the kernel
            return
        path = modules[name]
        data = lzma.decompress(files[path]) if path.endswith(".xz") else files[path]
        depends = re.search(rb"\0depends=([\w,-]+)\0", data)
        for other in depends[1].decode().split(",") if depends else ():
            choose(other.replace("-", "_"))
        chosen[name] = data

    for driver in DRIVERS:
        choose(driver.replace("-", "_"))
    return chosen


def initramfs(busybox: bytes, modules: dict[str, bytes]) -> bytes:
    """Return the archive the guest runs from."""
    return newc(
        [
            *(Entry(name, DIRECTORY) for name in DIRECTORIES),
            Entry("dev/console", CONSOLE, device=(5, 1)),
            Entry("init", PROGRAM, INIT.encode()),
            Entry("bin/busybox", PROGRAM, busybox),
            Entry("etc/acpi/PWRF/00000080", PROGRAM, POWER_BUTTON.encode()),
            Entry("lib/modules.order", PROGRAM, "\n".join(modules).encode()),
            *(Entry(f"lib/{name}.ko", PROGRAM, data) for name, data in modules.items()),
        ],
    )


def build(out: Path, kernel: str) -> None:
    """Write the kernel and the initramfs."""
    files = read_package(kernel, re.compile(rf"/boot/vmlinuz-|{MODULE.pattern}"))
    busybox = only(read_package(BUSYBOX, re.compile(r"/bin/busybox$")), "busybox")
    contents = {
        "vmlinuz": only(files, "vmlinuz-"),
        "initrd.gz": gzip.compress(initramfs(busybox, drivers(files)), mtime=0),
    }
    for name, data in contents.items():
        (out / name).write_bytes(data)
        (out / name).chmod(0o644)  # QEMU may run as another user


def main() -> None:
    """Build the guest unless what is there was built from the same packages by this same script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("outdir", type=Path)
    out: Path = parser.parse_args().outdir
    out.mkdir(parents=True, exist_ok=True)
    record, recipe = out / "made-from", hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    whole = all(path.exists() for path in (record, out / "vmlinuz", out / "initrd.gz"))
    made_from = record.read_text() if whole else ""
    known = sources()
    if known is None and recipe in made_from:
        print("apt has no package lists; the guest that is there will do")
        return
    if known is None:
        raise SystemExit(f"apt does not know {KERNEL} and {BUSYBOX}: its package lists are missing or old")
    kernel, versions = known
    if made_from == f"{versions}\n{recipe}\n":
        print("the guest is up to date")
        return
    record.unlink(missing_ok=True)
    build(out, kernel)
    record.write_text(f"{versions}\n{recipe}\n")
    print("built from", versions)


if __name__ == "__main__":
    main()
