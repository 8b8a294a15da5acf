"""One chart of the results: the time of each contender in each phase, as a multiple of the floor's time.

It shows the largest account that was compared with the floor, at the shortest latency.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import altair as alt
import pandas as pd
import vl_convert
from contenders import CONTENDERS, FLOOR, OURS, Contender
from page import account_label, repetitions_label
from portouts.report import theme
from portouts.report.theme import BLUE, GREY, INK, ORANGE
from results import NO_CHANGE, PHASES, Figures, Report, Series

WIDTH, ROW = 460, 27  # pixels
NOTES = 230  # pixels for the figures beside the last dot
PHASE_GAP = 0.6  # rows
LEGEND = "Logarithmic scale. Orange: wrong rows. Outdated: the status is right, updated_at is not."


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
    rows = pd.DataFrame(_rows(series)).assign(floor=1.0)
    rows["multiple"] = rows.multiple.where(rows.multiple > 0)
    rows["noted_at"] = rows.multiple.fillna(1).clip(lower=1)
    theme.enable()
    chart = alt.layer(
        *_marks(rows),
        title=alt.Title(
            f"Time as a multiple of the floor's: {account_label(series)}",
            subtitle=[repetitions_label(series), LEGEND],
        ),
        width=WIDTH,
        height=float(rows.y.max() + 1) * ROW,
        background="#ffffff",
        padding={"left": 170, "top": 10, "right": NOTES, "bottom": 10},
    )
    return vl_convert.vegalite_to_svg(chart.to_dict(), allowed_base_urls=[]) + "\n"


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


def _marks(rows: pd.DataFrame) -> Iterator[alt.Chart]:
    """Draw the floor, a dot with a line to it, the names at the left, and the figures beside the dots."""
    base = alt.Chart(rows).encode(
        y=alt.Y("y:Q", axis=None, scale=alt.Scale(reverse=True, nice=False, padding=ROW / 2)),
        color=alt.Color("colour:N", scale=None),
    )
    axis = alt.Axis(labelExpr="datum.value + '×'", values=[0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100], grid=True)
    multiple = alt.X("multiple:Q", title=None, scale=alt.Scale(type="log", nice=False), axis=axis)
    yield alt.Chart(rows.head(1)).mark_rule(color=INK).encode(x=alt.X("floor:Q"))
    yield base.mark_rule(strokeWidth=3, opacity=0.35).encode(x=multiple, x2="floor")
    yield base.mark_circle(opacity=1, size=90).encode(x=multiple)
    headings, others = base.transform_filter("datum.is_heading"), base.transform_filter("!datum.is_heading")
    for names in (headings.mark_text(align="left", fontWeight="bold"), others.mark_text(align="left")):
        yield names.encode(x=alt.value(-165), text="name", color=alt.value(INK))
    yield base.mark_text(align="left", dx=11).encode(x="noted_at:Q", text="text")


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 10 else f"{value:,.1f} s" if value < 100 else f"{value:,.0f} s"
