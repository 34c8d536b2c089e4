"""Text of a definition that a person edits, its passwords and cookies kept back."""

import re
from html import escape, unescape

from phyllome_nb.xml.document import HIDDEN

__all__ = ["Mask"]

SECRET = re.compile(
    r"""(?P<before>\bpasswd\s*=\s*(?P<quote>["'])|<cookie\b[^>]*(?<!/)>)"""
    r"""(?P<secret>(?(quote)[^"'<\n]*(?:(?!(?P=quote))["'][^"'<\n]*)*|[^<]*))"""
)
NUMBERED = re.compile(f"{HIDDEN}([0-9]+)")


class Mask:
    """Puts numbered dots in the place of passwords and cookies, and remembers what stood there.

    Also text that is no XML yet is masked: what is typed wrongly must not show a password either.

    Examples
    --------
    >>> mask = Mask()
    >>> shown = mask.hide("<graphics type='vnc' passwd='geheim'/>")
    >>> shown
    "<graphics type='vnc' passwd='••••••1'/>"
    >>> mask.reveal(shown.replace("vnc", "spice"))
    "<graphics type='spice' passwd='geheim'/>"
    """

    def __init__(self) -> None:
        self._kept: list[str] = []

    def hide(self, text: str) -> str:
        """The text with dots for each secret; dots that stand there already stay."""
        return SECRET.sub(self._hidden, text)

    def reveal(self, text: str) -> str:
        """The text with each secret in the place of its dots; dots that stand anywhere else stay."""
        return SECRET.sub(self._revealed, text)

    def _hidden(self, found: re.Match[str]) -> str:
        secret = found["secret"]
        if not secret.strip() or NUMBERED.fullmatch(secret) or secret == HIDDEN:
            return found[0]
        secret = unescape(secret)
        if secret not in self._kept:
            self._kept.append(secret)
        return f"{found['before']}{HIDDEN}{self._kept.index(secret) + 1}"

    def _revealed(self, found: re.Match[str]) -> str:
        dots = NUMBERED.fullmatch(found["secret"].strip())
        if dots is None or not 0 < int(dots[1]) <= len(self._kept):
            return found[0]
        return f"{found['before']}{escape(self._kept[int(dots[1]) - 1])}"
