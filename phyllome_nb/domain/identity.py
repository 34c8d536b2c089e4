"""The name and the title of a VM."""

import re

from typing_extensions import override

from phyllome_nb.xml.fields import R, Text

__all__ = ["Line", "Name", "check_name"]

LONGEST = 247
"""Bytes: libvirt writes NAME.xml.new, and a file name has at most 255."""


def check_name(name: str) -> str:
    """`name`, if libvirt can take it without harm.

    Raises
    ------
    ValueError
        If it cannot. The names ``.`` and ``..`` make libvirt's QEMU driver delete the snapshot
        directories of other VMs, so they never reach it.

    Examples
    --------
    >>> check_name("web-1")
    'web-1'
    >>> check_name("..")
    Traceback (most recent call last):
    ...
    ValueError: '..' cannot name a VM: libvirt would take it for a directory and delete what is in it. ...
    """
    if name in {".", ".."}:
        raise ValueError(
            f"{name!r} cannot name a VM: libvirt would take it for a directory and delete what is in it. "
            "Choose another name.",
        )
    if not name.strip():
        raise ValueError("A VM needs a name: letters, digits, '-', '_' and '.' are safe everywhere.")
    if name != name.strip():
        raise ValueError(f"{name!r} begins or ends with a blank, which nobody can see: remove it.")
    if "/" in name:
        raise ValueError(f"{name!r} has a '/', which libvirt refuses in a name: use '-' instead.")
    if found := re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", name):
        raise ValueError(f"{name!r} has the control character {found[0]!r}: remove it.")
    if len(name.encode()) > LONGEST:
        raise ValueError(f"The name is {len(name.encode())} bytes long: libvirt can store at most {LONGEST}.")
    return name


class Name(Text[R]):
    """A name that libvirt can store."""

    @override
    def check(self, value: object) -> str:
        return check_name(super().check(value))

    @override
    def decode(self, text: str, part: object) -> str:
        return text


class Line(Text[R]):
    """A text of one line."""

    @override
    def check(self, value: object) -> str:
        text = super().check(value)
        if "\n" in text or "\r" in text:
            raise ValueError(f"{text!r} has a line break: write one line.")
        return text
