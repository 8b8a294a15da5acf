"""From matplotlib to a page: the house style, and figures as inline SVG, each drawn for a desk and for a phone.

A drawing is a function of a figure and a `Canvas`; it may ask the canvas whether it is narrow. Text stays text, set in
the fonts of the page, so it can be read aloud, searched and printed. The surprise: a chart has no title inside. What it
shows is said by the caption around it (`exhibits.Chart`), which wraps where a picture cannot.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any

import matplotlib.style
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.text import Annotation, Text

from portouts import names

# Told apart in every common colour blindness, and in grey by their lightness.
INK, MUTED, GRID = "#1b2733", "#56636f", "#dfe4e9"
BLUE, SKY, ORANGE, GREY = "#0b5fa5", "#8fc1e8", "#c8500a", "#a7b1bb"

END_OF_LINE = "end of a line"  # marks the names that `drawn` moves apart
_NAME = "name: "  # marks a text that holds the place of a name, which follows
_GAP = 17

STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a carrier may have two dollar signs in its name
    "font.size": 13,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.titlesize": 13,
    "axes.titlecolor": MUTED,
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "grid.color": GRID,
    "grid.linewidth": 1,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.major.pad": 6,
    "lines.linewidth": 2.2,
    "figure.dpi": 72,  # a point is a pixel of the SVG
    "figure.constrained_layout.use": True,
    "hatch.linewidth": 0.8,
    "savefig.transparent": True,
}


@dataclass(frozen=True)
class Canvas:
    """How wide a chart is drawn, in CSS pixels, and how many letters a name may take."""

    width: int
    name_length: int

    @property
    def is_narrow(self) -> bool:
        return self is NARROW


WIDE = Canvas(width=860, name_length=34)
NARROW = Canvas(width=368, name_length=18)

Drawing = Callable[[Figure, Canvas], None]


def drawn(drawing: Drawing, canvas: Canvas, *, height: int, alt: str) -> str:
    """Draw a figure and return it as an `<svg>` element that is an image named `alt`."""
    # The salt keeps the ids of one page apart, and the same from one run to the next.
    with matplotlib.style.context(["default", STYLE, {"svg.hashsalt": f"{alt}{canvas.width}"}]):
        figure = Figure(figsize=(canvas.width / 72, height / 72))
        drawing(figure, canvas)
        _part_names(figure)
        document = io.StringIO()
        figure.savefig(document, format="svg", metadata={"Date": None})
    return _inline(document.getvalue(), alt)


def write_name(text: Text, name: str) -> None:
    """Let a text of a figure show a name from the data, in whatever script.

    matplotlib measures texts in a font of its own that lacks most scripts. It is given a stand-in of about the same
    width; `drawn` puts the name in its place.
    """
    text.set_gid(f"{_NAME}{names.isolated_if_turned(name)}")


def stand_in(name: str) -> str:
    """Return a text that takes about as much room as the name, in letters that matplotlib's font has."""
    return "".join(map(_glyph, names.plain(name)))


def _glyph(character: str) -> str:
    columns = names.columns(character)
    return character if columns == 1 and ord(character) in _glyphs() else "—" * (columns > 0)


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """Move heights apart until neighbours are `gap` apart, keeping their order and, together, their middle."""
    order = sorted(range(len(heights)), key=lambda place: heights[place])
    placed = [heights[place] for place in order]
    for at in range(1, len(placed)):
        placed[at] = max(placed[at], placed[at - 1] + gap)
    shift = (sum(placed) - sum(heights)) / len(placed) if placed else 0
    moved = {place: value - shift for place, value in zip(order, placed, strict=True)}
    return [moved[place] for place in range(len(heights))]


def _part_names(figure: Figure) -> None:
    """Move the names at the ends of lines apart; only the finished layout tells how close they are."""
    figure.draw_without_rendering()
    for axes in figure.axes:
        ends = [text for text in axes.texts if isinstance(text, Annotation) and text.get_gid() == END_OF_LINE]
        heights = [float(axes.transData.transform((0, float(end.xy[1])))[1]) for end in ends]
        for end, height, place in zip(ends, heights, spread(heights, _GAP), strict=True):
            end.set_gid(None)
            end.xyann = (8, place - height)


def _inline(document: str, alt: str) -> str:
    """Make an SVG document an element of a page: no prolog, no metadata, no ids but those that are referred to."""
    svg = document[document.index("<svg") :]
    svg = re.sub(r"\s*<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    used = set(re.findall(r"(?:url\(|href=\")#([^\")]+)", svg))
    svg = re.sub(r' id="([^"]*)"', lambda id_: id_[0] if id_[1] in used or id_[1].startswith(_NAME) else "", svg)
    svg = re.sub(r"'DejaVu Sans'[^;\"]*", "inherit", svg)
    # The last step: no pattern is to be found in a name.
    svg = re.sub(rf'<g id="{_NAME}([^"]*)">(\s*<text[^>]*>)[^<]*', r"<g>\2\1", svg)
    box = re.search(r'viewBox="[^"]*"', svg)
    named = f'role="img" aria-label="{escape(names.plain(alt))}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {named} {box[0] if box else ""}>'
    return head + svg[svg.index(">") + 1 :].strip()
