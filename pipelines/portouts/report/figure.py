"""From matplotlib to a page: the style of our figures, and each figure as inline SVG, once per layout.

A drawing is a function of a figure and a `Layout`: wide for a desk, narrow for a phone. Text stays text in the fonts of
the page, so a reader can search and print it and a screen reader can read it. The surprise: a chart has no title
inside. The caption around it (`Chart`) says what it shows, because a caption wraps and a picture does not.
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
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Annotation, Text

from portouts import names

# Distinguishable with every common colour blindness, and in grey by their lightness.
INK, MUTED, GRID = "#1b2733", "#56636f", "#dfe4e9"
BLUE, SKY, ORANGE, GREY = "#0b5fa5", "#8fc1e8", "#c8500a", "#a7b1bb"

LINE_LABEL = "line label"  # marks the labels that `draw_svg` moves apart
_NAME = "name: "  # marks a text that stands in for the name that follows
_LABEL_HEIGHT = 17  # pixels

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
    "hatch.linewidth": 0.8,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}


@dataclass(frozen=True)
class Layout:
    """The width of a chart in CSS pixels, and how many letters a name may take in it."""

    width: int
    name_length: int

    @property
    def is_narrow(self) -> bool:
        return self is NARROW


WIDE = Layout(width=860, name_length=34)
NARROW = Layout(width=368, name_length=18)

Drawing = Callable[[Figure, Layout], None]


def draw_svg(drawing: Drawing, layout: Layout, *, height: int, alt: str) -> str:
    """Draw a figure and return it as an `<svg>` element that is an image named `alt`."""
    # The salt makes the ids unique on a page and equal from one run to the next.
    with matplotlib.style.context(["default", STYLE, {"svg.hashsalt": f"{alt}{layout.width}"}]):
        figure = Figure(figsize=(layout.width / 72, height / 72))
        drawing(figure, layout)
        _lay_out(figure)
        document = io.StringIO()
        FigureCanvasSVG(figure).print_svg(document, metadata={"Date": None})  # type: ignore[no-untyped-call]  # it has no types
    return _inline(document.getvalue(), alt)


def write_name(text: Text, name: str) -> None:
    """Make a text of a figure show a name from the data, in any script.

    matplotlib measures texts in its own font, which lacks most scripts. So it draws a stand-in of about the same width,
    and `draw_svg` replaces the stand-in with the name.
    """
    text.set_gid(f"{_NAME}{names.isolated_if_turned(name)}")


def stand_in(name: str) -> str:
    """Return a text about as wide as the name, in letters that matplotlib's font has."""
    return "".join(map(_glyph, names.plain(name)))


def _glyph(character: str) -> str:
    columns = names.columns(character)
    return character if columns == 1 and ord(character) in _glyphs() else "—" * (columns > 0)


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


def spread_apart(heights: Sequence[float], gap: float) -> list[float]:
    """Move heights until neighbours are at least `gap` apart; their order and their mean stay."""
    order = sorted(range(len(heights)), key=lambda index: heights[index])
    spread = [heights[index] for index in order]
    for rank in range(1, len(spread)):
        spread[rank] = max(spread[rank], spread[rank - 1] + gap)
    shift = (sum(spread) - sum(heights)) / len(spread) if spread else 0
    shifted = {index: height - shift for index, height in zip(order, spread, strict=True)}
    return [shifted[index] for index in range(len(heights))]


def _lay_out(figure: Figure) -> None:
    """Place axes and labels; `savefig` would draw everything once more to do so."""
    engine = ConstrainedLayoutEngine()
    if figure.axes:
        engine.execute(figure)
    if sum(_separate_line_labels(axes) for axes in figure.axes):
        engine.execute(figure)


def _separate_line_labels(axes: Axes) -> int:
    """Move the labels at the ends of lines apart, and count them. Their distances are known only after a layout."""
    ends = [text for text in axes.texts if isinstance(text, Annotation) and text.get_gid() == LINE_LABEL]
    heights = [float(axes.transData.transform((0, float(end.xy[1])))[1]) for end in ends]
    for end, height, moved in zip(ends, heights, spread_apart(heights, _LABEL_HEIGHT), strict=True):
        end.set_gid(None)
        end.xyann = (8, moved - height)
    return len(ends)


def _inline(document: str, alt: str) -> str:
    """Turn an SVG document into an element of a page: without prolog and metadata, and only with ids in use."""
    svg = document[document.index("<svg") :]
    svg = re.sub(r"\s*<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    used = set(re.findall(r"(?:url\(|href=\")#([^\")]+)", svg))
    svg = re.sub(r' id="([^"]*)"', lambda id_: id_[0] if id_[1] in used or id_[1].startswith(_NAME) else "", svg)
    svg = re.sub(r"'DejaVu Sans'[^;\"]*", "inherit", svg)
    # This is the last step, so that no pattern above can match inside a name.
    svg = re.sub(rf'<g id="{_NAME}([^"]*)">(\s*<text[^>]*>)[^<]*', r"<g>\2\1", svg)
    box = re.search(r'viewBox="[^"]*"', svg)
    named = f'role="img" aria-label="{escape(names.plain(alt))}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {named} {box[0] if box else ""}>'
    return head + svg[svg.index(">") + 1 :].strip()
