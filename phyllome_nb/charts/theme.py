"""What all charts have in common: colours for light and dark, names that fit, and a figure that shows itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from itertools import cycle
from typing import Any

from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font

__all__ = ["DARK", "LIGHT", "Chart", "Look", "Theme", "drawable", "looks", "number", "theme_of"]

DPI = 110
FONTS = (
    "DejaVu Sans",
    "Noto Sans",
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "WenQuanYi Zen Hei",
)
"""The first comes with matplotlib; the others serve other scripts where they are installed."""
UNKNOWN = "\N{WHITE VERTICAL RECTANGLE}"


@dataclass(frozen=True, slots=True)
class Look:
    """How one thing is told from the others: by colour, and by hatch for those who do not see colours."""

    colour: str
    hatch: str = ""


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a chart, after Okabe and Ito; text has a contrast of 4.5 to its background, lines one of 3."""

    back: str
    raised: str
    text: str
    quiet: str
    promised: Look
    dedicated: Look
    reserved: Look
    over: Look
    current: Look
    used: Look
    vms: tuple[str, ...]
    """For as many VMs; then they begin anew with another hatch."""
    scale: tuple[str, ...]
    """From nothing left to all left."""


LIGHT = Theme(
    back="#ffffff",
    raised="#eeeeee",
    text="#1a1a1a",
    quiet="#595959",
    promised=Look("#0072b2"),
    dedicated=Look("#b0568c", "///"),
    reserved=Look("#767676", "..."),
    over=Look("#d55e00", "xxx"),
    current=Look("#0072b2"),
    used=Look("#00825f", "|||"),
    vms=("#0072b2", "#d55e00", "#00825f", "#b0568c", "#8a6d00", "#4f6bd8", "#7a4fb5", "#a0522d"),
    scale=("#7f2704", "#d94801", "#fd8d3c", "#c6dbef", "#6baed6", "#2171b5"),
)
DARK = Theme(
    back="#111111",
    raised="#2a2a2a",
    text="#f0f0f0",
    quiet="#b3b3b3",
    promised=Look("#56b4e9"),
    dedicated=Look("#e39ac3", "///"),
    reserved=Look("#9e9e9e", "..."),
    over=Look("#ff8c42", "xxx"),
    current=Look("#56b4e9"),
    used=Look("#3fcf9f", "|||"),
    vms=("#56b4e9", "#ff8c42", "#3fcf9f", "#e39ac3", "#e6c229", "#9fb4ff", "#c9a0ff", "#d9a27a"),
    scale=("#7f2704", "#d94801", "#fd8d3c", "#c6dbef", "#6baed6", "#2171b5"),
)
HATCHES = ("", "///", "\\\\\\", "xxx", "...", "+++", "|||", "---")


def theme_of(*, dark: bool) -> Theme:
    """The colours for a dark page, or for a light one."""
    return DARK if dark else LIGHT


def looks(theme: Theme) -> Iterator[Look]:
    """As many as are needed, no two alike until there are 64."""
    for hatch in cycle(HATCHES):
        for colour in theme.vms:
            yield Look(colour, hatch)


class Chart(Figure):
    """A Figure that a notebook shows, with a sentence for those who cannot see it.

    It is drawn without pyplot, so that nothing global is touched and any thread may do it.
    """

    def __init__(self, width: float, height: float, theme: Theme) -> None:
        super().__init__((width, height), dpi=DPI, facecolor=theme.back, layout="constrained")
        FigureCanvasAgg(self)
        self.theme = theme
        self.alt = ""

    def plain_axes(self, *where: Any) -> Any:
        """Axes in the colours of the theme, without a frame."""
        axes = self.add_subplot(*where)
        axes.set_facecolor(self.theme.back)
        axes.tick_params(colors=self.theme.text, length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.xaxis.label.set_color(self.theme.text)
        axes.yaxis.label.set_color(self.theme.text)
        return axes

    def write(self, axes: Any, x: float, y: float, text: str, **how: Any) -> Any:
        """Put a text somewhere; nothing in it is a formula."""
        options = {"color": self.theme.text, "fontfamily": fonts(), "fontsize": 9, "va": "center"} | how
        lines = "\n".join(map(drawable, text.split("\n")))
        return axes.text(x, y, lines, parse_math=False, **options)

    def head(self, axes: Any, text: str) -> None:
        """A title, at the left."""
        axes.set_title(
            drawable(text), loc="left", color=self.theme.text, fontfamily=fonts(), fontsize=11, parse_math=False
        )

    def legend_of(self, axes: Any, handles: list[Any], **how: Any) -> None:
        """A legend in the colours of the theme."""
        if not handles:
            return
        options = {"frameon": False, "labelcolor": self.theme.text, "prop": {"family": fonts(), "size": 8.5}} | how
        legend = axes.legend(handles=handles, **options)
        for text in legend.get_texts():
            text.set_parse_math(False)

    def _repr_png_(self) -> bytes:
        """What a notebook shows."""
        written = BytesIO()
        self.savefig(written, format="png", dpi=DPI, facecolor=self.get_facecolor())
        return written.getvalue()


@cache
def fonts() -> list[str]:
    """The fonts that are there."""
    known = {each.name for each in font_manager.fontManager.ttflist}
    return [name for name in FONTS if name in known]


@cache
def _characters() -> frozenset[int]:
    """What they can draw."""
    paths = [font_manager.findfont(name) for name in fonts()]
    return frozenset(code for path in paths for code in FT2Font(path).get_charmap())


def drawable(text: str, most: int = 0) -> str:
    """A text as it can be drawn: what no font has is a box, and what is too long is cut in the middle.

    Examples
    --------
    >>> drawable("a name of quite some length", 12)
    'a name…ength'
    """
    known = _characters()
    clean = "".join(each if ord(each) in known and each.isprintable() else UNKNOWN for each in text)
    if not most or len(clean) <= most:
        return clean
    head = most // 2
    return f"{clean[:head]}…{clean[head + 1 - most :]}"


def number(value: float) -> str:
    """A number for people.

    Examples
    --------
    >>> number(12.0), number(0.4571), number(12345.6)
    ('12', '0.46', '12,346')
    """
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.2f}".rstrip("0").rstrip(".")
