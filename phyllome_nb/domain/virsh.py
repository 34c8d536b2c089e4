"""A definition as a command of virsh."""

import shlex
from typing import TYPE_CHECKING

from phyllome_nb.xml.document import Element, copy, forget_secrets, parse, to_text

if TYPE_CHECKING:
    from phyllome_nb.domain.spec import DomainSpec

__all__ = ["LEFT_OUT", "virsh_define", "without_secrets"]

LEFT_OUT = "# Passwords are left out: set them again after the VM is defined.\n"


def virsh_define(definition: "DomainSpec | str", uri: str) -> str:
    """A shell command that defines a VM; passwords are left out, and a comment then says so.

    Parameters
    ----------
    definition : DomainSpec or str
        The definition, or its XML.
    uri : str
        The host's address, as libvirt writes it.

    Raises
    ------
    ParseError
        If the text is no definition.

    Examples
    --------
    >>> print(virsh_define("<domain><name>web</name></domain>", "qemu:///system"))
    virsh --connect qemu:///system define /dev/stdin <<'XML'
    <domain><name>web</name></domain>
    XML
    """
    given = definition if isinstance(definition, str) else definition.to_xml()
    root, forgotten = without_secrets(parse(given, "domain"))
    text = to_text(root)
    end = "XML"
    while end in text:
        end += "_"
    command = f"virsh --connect {shlex.quote(uri)} define /dev/stdin <<'{end}'"
    return "\n".join([f"{forgotten}{command}", text.removesuffix("\n"), end])


def without_secrets(root: Element) -> tuple[Element, str]:
    """A definition without its passwords and cookies, and a comment of the shell where it had some."""
    known = copy(root)
    forget_secrets(known)
    return known, "" if to_text(known) == to_text(root) else LEFT_OUT
