"""One chart of the results: the time of each contender in each phase, as a multiple of the floor's time.

It shows the largest account that was compared with the floor, at the shortest latency.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from contenders import CONTENDERS, FLOOR, OURS, Contender
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from page import account_label, repetitions_label
from portouts.report.figure import BLUE, GREY, INK, MUTED, ORANGE, WIDE, Layout, draw_svg
from results import NO_CHANGE, PHASES, Figures, Report, Series

ROW, MARGINS = 27, 120  # pixels
NAMES = 158  # pixels between the names and the scale
NOTES = 0.45  # share of the scale that is left for the figures beside the last dot
LEFT = 0.0125  # share of the width
PHASE_GAP = 0.6  # rows
LEGEND = "Logarithmic scale. Orange: wrong rows. Outdated: the status is right, updated_at is not."
STYLE = "background:#fff;font-family:system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif"


class Row(NamedTuple):
    """One line of the chart: a contender in a phase, or the floor, which has the phase as its name."""

    y: float
    """Position in rows from the top."""
    name: str
    multiple: float
    """Of the floor's time; 0 if the contender failed."""
    text: str
    colour: str
    is_heading: bool = False


def draw_chart(report: Report) -> str:
    """Return an SVG document; ValueError if nothing was compared with the floor."""
    series = _largest(report)
    rows = list(_rows(series))
    title = f"Time as a multiple of the floor's: {account_label(series)}"
    below = f"{repetitions_label(series)} {LEGEND}"

    def draw(figure: Figure, _layout: Layout) -> None:
        figure.set_layout_engine("constrained", w_pad=0.15, h_pad=0.15)
        figure.suptitle(title, x=LEFT, ha="left", fontweight="bold", fontsize=15)
        figure.supxlabel(below, x=LEFT, ha="left", color=MUTED, fontsize=12)
        axes = figure.subplots()
        _scale(axes, [row.multiple for row in rows if row.multiple])
        _names(axes, rows)
        for row in rows:
            _mark(axes, row)

    pixels = int(rows[-1].y * ROW + MARGINS)
    svg = draw_svg(draw, WIDE, height=pixels, alt=title)
    attributes = f'xmlns:xlink="http://www.w3.org/1999/xlink" width="{WIDE.width}" height="{pixels}" style="{STYLE}"'
    return svg.replace("<svg", f"<svg {attributes}", 1) + "\n"


def _largest(report: Report) -> Series:
    compared = [series for series in report.series if FLOOR.name in series.contenders and len(series.contenders) > 1]
    if not compared:
        raise ValueError("nothing to draw: no series compares a contender with the floor")
    return max(compared, key=lambda series: (series.setting.orders, -series.setting.latency_ms))


def _rows(series: Series) -> Iterator[Row]:
    y = 0.0
    for phase in PHASES:
        floor = series.figures(FLOOR.name, phase)
        if floor is None or floor.failure:
            continue
        yield Row(y, phase.capitalize(), 1, f"floor: {_seconds(floor.seconds)}", INK, is_heading=True)
        for contender in CONTENDERS.values():
            figures = series.figures(contender.name, phase)
            if figures and contender is not FLOOR and (contender.tables or phase == NO_CHANGE):
                y += 1
                yield _row(y, contender, figures, floor)
        y += 1 + PHASE_GAP


def _row(y: float, contender: Contender, figures: Figures, floor: Figures) -> Row:
    if figures.failure:
        return Row(y, contender.label, 0, "failed", ORANGE)
    multiple = figures.seconds / floor.seconds
    text = ", ".join([f"{multiple:.2g}×", _seconds(figures.seconds), *figures.errors])
    return Row(y, contender.label, multiple, text, ORANGE if figures.is_wrong else BLUE if contender is OURS else GREY)


def _scale(axes: Axes, multiples: list[float]) -> None:
    least, most = min(multiples) / 1.2, max(multiples)
    axes.set_xscale("log")
    axes.set_xlim(least, most * max(most / least, 4) ** (NOTES / (1 - NOTES)))
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if most / least < 50 else (1,)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))
    axes.grid(axis="x")
    axes.grid(visible=False, axis="y")
    axes.axvline(1, color=INK, linewidth=1.2)
    axes.spines["bottom"].set_visible(False)


def _names(axes: Axes, rows: list[Row]) -> None:
    axes.set_ylim(rows[-1].y + 0.6, -0.6)
    axes.set_yticks([row.y for row in rows], [row.name for row in rows], color=INK, ha="left")
    axes.tick_params(axis="y", pad=NAMES)
    for label, row in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if row.is_heading else "normal")


def _mark(axes: Axes, row: Row) -> None:
    """Draw a dot with a line to the floor, and its figures beside it."""
    if row.multiple:
        axes.plot([1, row.multiple], [row.y] * 2, color=row.colour, linewidth=3, alpha=0.35, solid_capstyle="butt")
        axes.plot([row.multiple], [row.y], "o", color=row.colour, markersize=6 if row.is_heading else 10)
    note = axes.annotate(
        row.text,
        (max(row.multiple, 1), row.y),
        xytext=(11, 0),
        textcoords="offset points",
        va="center",
        color=INK if row.colour is GREY else row.colour,
        fontweight="bold" if row.colour is BLUE else "normal",
    )
    note.set_in_layout(False)  # the scale leaves space for it


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 10 else f"{value:,.1f} s" if value < 100 else f"{value:,.0f} s"
