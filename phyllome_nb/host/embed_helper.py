"""A process of its own with a private libvirt: it defines what it is told to, never starts it, and forgets it.

``python -m phyllome_nb.host.embed_helper ROOT`` answers a line of JSON with a line of JSON until its input ends, and
then removes ROOT. A process can hold one such libvirt for life, and no two processes the same.
"""

import contextlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import libvirt

__all__: list[str] = []

CONFIGURATION = """
stdio_handler = "file"
security_driver = "none"
remember_owner = 0
"""
AS_ROOT = """
user = "root"
group = "root"
"""
WARM = "<domain type='qemu'><name>warm</name><memory>1024</memory><os><type>hvm</type></os></domain>"
STORED = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE
# A plain undefine would delete the file of UEFI variables that the definition names: the user's own.
KEEP = libvirt.VIR_DOMAIN_UNDEFINE_KEEP_NVRAM
KEEP_TPM = getattr(libvirt, "VIR_DOMAIN_UNDEFINE_KEEP_TPM", 0)


def undefine(domain: Any) -> None:
    """Forget a definition, and touch no file that it names."""
    try:
        domain.undefineFlags(KEEP | KEEP_TPM)
    except libvirt.libvirtError:
        domain.undefineFlags(KEEP)


def define(connection: Any, text: str, validate: bool) -> dict[str, Any]:
    """What libvirt makes of a definition, or says against it."""
    try:
        domain = connection.defineXMLFlags(text, libvirt.VIR_DOMAIN_DEFINE_VALIDATE if validate else 0)
    except libvirt.libvirtError as error:
        return failure(error)
    try:
        return {"stored": domain.XMLDesc(STORED)}
    except libvirt.libvirtError as error:
        return failure(error)
    finally:
        undefine(domain)


def native(connection: Any, text: str) -> dict[str, Any]:
    """QEMU's command line for a definition."""
    try:
        return {"native": connection.domainXMLToNative("qemu-argv", text)}
    except libvirt.libvirtError as error:
        return failure(error)


def failure(error: Any) -> dict[str, Any]:
    """What libvirt says, for the other side."""
    return {"code": error.get_error_code(), "message": error.get_error_message() or str(error)}


def hello(connection: Any) -> dict[str, Any]:
    """Who this is, once QEMU has been asked what it can do."""
    define(connection, WARM, validate=False)
    return {
        "capabilities": connection.getCapabilities(),
        "libvirt": connection.getLibVersion(),
        "qemu": connection.getVersion(),
        "privileged": os.geteuid() == 0,
        "root": sys.argv[1],
    }


def answer(connection: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """The answer to one question."""
    match asked["ask"]:
        case "hello":
            return hello(connection)
        case "define":
            return define(connection, asked["xml"], asked["validate"])
        case "native":
            return native(connection, asked["xml"])
    return {"code": -1, "message": f"{asked['ask']!r} cannot be asked."}


def main(root: Path) -> None:
    """Answer until nobody asks any more."""
    # What libvirt itself prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    try:
        (root / "etc").mkdir(exist_ok=True)
        (root / "etc/qemu.conf").write_text(CONFIGURATION + (AS_ROOT if os.geteuid() == 0 else ""), encoding="utf-8")
        libvirt.registerErrorHandler(lambda *_: None, None)
        libvirt.virEventRegisterDefaultImpl()
        try:
            connection = libvirt.open(f"qemu:///embed?root={root}")
        except libvirt.libvirtError as error:
            print(json.dumps(failure(error)), file=answers, flush=True)
            return
        for line in sys.stdin:
            print(json.dumps(answer(connection, json.loads(line))), file=answers, flush=True)
    finally:
        with contextlib.suppress(OSError):
            answers.close()
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    # libvirt's own threads are not waited for: there is nothing left that they could write.
    os._exit(0)
