"""What charts are made of: axes with units, and marks that carry their names and figures with them.

Each function draws on matplotlib axes. Months and other steps stand at 0, 1, 2 …, days at their dates. The unit of a
count stands above its axis, where it needs no turned text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator, PercentFormatter

from portouts import wording
from portouts.canvas import BLUE, END_OF_LINE, GREY, INK, MUTED, ORANGE, SKY, Canvas, stand_in, write_name

__all__ = ["BLUE", "GREY", "INK", "MUTED", "ORANGE", "SKY", "Canvas"]  # the notebooks take colours from here

_LABEL_WIDTH = 36  # pixels that "May" and its distance take
_DASHED = (0, (4, 3))
_UNITS = (("hours", 1), ("minutes", 60), ("seconds", 3600))


def height_of(rows: int) -> int:
    """Tell how high a chart of so many rows is, in pixels."""
    return 34 * rows + 24


# Axes


def count_axis(axes: Axes, unit: str, *, ticks: int = 5) -> None:
    """Count upwards from 0 in whole, round steps."""
    axes.set_title(unit)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=ticks, integer=True, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: wording.number(value)))
    axes.set_ylim(bottom=0, top=max(axes.get_ylim()[1], 1))


def share_axis(axes: Axes, unit: str) -> None:
    """Show shares from 0 to 100%."""
    axes.set_title(unit)
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))


def hour_axis(axes: Axes, most: float, unit: str) -> None:
    """Show hours in quarters, halves or wholes of days."""
    axes.set_title(unit)
    axes.set_ylim(0, 1.18 * most)
    axes.yaxis.set_major_locator(MultipleLocator(next((step for step in (6, 12, 24) if most / step <= 5), 24 * 7)))


def month_axis(axes: Axes, months: Sequence[pd.Timestamp], canvas: Canvas) -> None:
    """Name as many months, standing at 0, 1, 2 …, as there is room for."""
    starts = list(months)
    named = _named(starts, canvas.width / max(len(starts), 1))
    axes.set_xticks([starts.index(month) for month in named], _month_names(named))
    axes.set_xlim(-0.6, max(len(starts), 6) - 0.4)


def day_axis(axes: Axes, first: pd.Timestamp, last: pd.Timestamp, canvas: Canvas) -> None:
    """Name as many first days of months as there is room for."""
    starts = list(pd.date_range(first, last, freq="MS")) or [first]
    named = _named(starts, 0.75 * canvas.width / len(starts))
    axes.set_xticks(np.array(named, dtype="datetime64[us]"), _month_names(named))
    axes.margins(x=0.01)


def weekday_axis(axes: Axes, days: Sequence[pd.Timestamp], canvas: Canvas) -> None:
    """Name days, standing at 0, 1, 2 …, with their weekday."""
    places = range(0, len(days), 3 if canvas.is_narrow else 1)
    axes.set_xticks(list(places), [f"{days[at]:%a}\n{days[at].day} {days[at]:%b}" for at in places])


def _named(starts: list[pd.Timestamp], room: float) -> list[pd.Timestamp]:
    step = next((step for step in (1, 2, 3, 6) if room * step >= _LABEL_WIDTH), 12)
    return [month for month in starts if (month.month - 1) % step == 0] or starts[:1]


def _month_names(months: list[pd.Timestamp]) -> list[str]:
    """Name months, with the year below the first and below each January."""
    return [f"{at:%b}" + (f"\n{at.year}" if at == months[0] or at.month == 1 else "") for at in months]


# Marks


def columns(axes: Axes, stack: Sequence[tuple[Sequence[float], str]], *, partial: bool = False) -> None:
    """Stack columns; a `partial` last one, which still grows, is paler and hatched."""
    bottom = np.zeros(len(stack[0][0]))
    for values, colour in stack:
        heights = np.nan_to_num(np.asarray(values, dtype=float))
        bars = axes.bar(range(len(heights)), heights, bottom=bottom, width=0.72, color=colour, linewidth=0)
        if partial:
            bars[-1].set(alpha=0.55, hatch="///", edgecolor="white")
        bottom = bottom + heights


def steps(axes: Axes, counts: pd.Series[Any], colours: Sequence[str], *, width: float, unit: str) -> None:
    """Draw one column for each step of a scale; `counts` are indexed by the number of the step."""
    edges = [place * width for place in counts.index]
    axes.bar(edges, counts.astype(float), width=0.88 * width, align="edge", color=list(colours), linewidth=0)
    axes.set_xlim(0, edges[-1] + width)
    axes.xaxis.set_major_locator(MultipleLocator(12 if edges[-1] < 96 else 48))
    axes.set_xlabel(unit)


def rows(axes: Axes, names: Sequence[str], values: Sequence[float], notes: Sequence[str], *, greyed: int = 0) -> None:
    """Draw horizontal bars, first on top, the last `greyed` ones grey; figures at their ends replace the axis."""
    places, lengths = range(len(names)), [float(value) for value in values]
    bars = axes.barh(places, lengths, color=BLUE, height=0.7, linewidth=0)
    for bar in bars[len(bars) - greyed :]:
        bar.set_color(GREY)
    for place, length, note in zip(places, lengths, notes, strict=True):
        axes.annotate(note, (length, place), xytext=(6, 0), textcoords="offset points", va="center")
    _name_rows(axes, names)
    axes.set_xlim(0, max(lengths) * 1.02)
    axes.set_xticks([])
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)


def changes(axes: Axes, names: Sequence[str], moves: pd.DataFrame, unit: str, canvas: Canvas) -> None:
    """Show how shares moved from `before` to `now`: a grey dot, joined to a blue one (grown) or an orange one."""
    for place, (was, is_now) in enumerate(zip(moves["before"], moves["now"], strict=True)):
        has_grown = is_now >= was
        colour, side = (BLUE, 1) if has_grown else (ORANGE, -1)
        axes.plot([was, is_now], [place, place], color=colour, linewidth=3, alpha=0.35, zorder=1)
        axes.plot([was], [place], "o", color=GREY, markersize=8)
        axes.plot([is_now], [place], "o", color=colour, markersize=10)
        axes.annotate(
            wording.percent(is_now),
            (is_now, place),
            xytext=(9 * side, 0),
            textcoords="offset points",
            va="center",
            ha="left" if has_grown else "right",
            color=colour,
            fontweight="bold",
        )
    _name_rows(axes, names)
    most = float(moves[["before", "now"]].to_numpy().max())
    axes.set_xlim((-0.24 if canvas.is_narrow else -0.1) * most, 1.15 * most)  # room for figures to the left of dots
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(_Shares(1))
    axes.set_xlabel(unit)
    axes.grid(axis="x")


class _Shares(PercentFormatter):
    """Shares with as many decimals as the steps of the axis need; there are none below 0."""

    def __call__(self, value: float, position: int | None = None) -> str:
        return super().__call__(value, position) if value >= 0 else ""


def _name_rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), [stand_in(name) for name in names], color=INK)
    for text, name in zip(axes.get_yticklabels(), names, strict=True):
        write_name(text, name)
    axes.set_ylim(len(names) - 0.4, -0.6)


def lines(axes: Axes, series: Sequence[tuple[str, pd.Series[Any], str]], *, partial: bool = False) -> None:
    """Draw lines over their index, each named at its end in its own colour; a `partial` last point is hollow."""
    for name, values, colour in series:
        known = values.dropna().astype(float)
        places, heights = known.index.to_numpy(), known.to_numpy()
        axes.plot(places, heights, color=colour, marker="o" if len(known) <= 24 else None, markersize=5)
        for x, y in list(zip(places, heights, strict=True))[-1:]:
            if partial:
                axes.plot([x], [y], "o", color=colour, markerfacecolor="white", markersize=6)
            axes.annotate(
                name,
                (x, y),
                xytext=(8, 0),
                textcoords="offset points",
                va="center",
                color=colour,
                fontweight="bold",
                annotation_clip=False,
                gid=END_OF_LINE,
            )


def falling(axes: Axes, curve: pd.Series[Any], since: str) -> None:
    """Draw a curve that falls in steps, over its index in hours, with what is left below it tinted."""
    reach = curve.index[-1]
    unit, scale = next((unit, scale) for unit, scale in _UNITS if reach * scale >= 1 or unit == "seconds")
    places = curve.index * scale
    axes.step(places, curve, where="post", color=BLUE, clip_on=False)
    axes.fill_between(places, curve, step="post", color=BLUE, alpha=0.1, linewidth=0)
    axes.set_xlim(0, places[-1])
    axes.xaxis.set_major_locator(MultipleLocator(12) if places[-1] > 24 else MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    axes.set_xlabel(f"{unit} {since}")


def point(axes: Axes, x: float, y: float, text: str) -> None:
    """Mark a point of a curve and say what it means."""
    axes.plot([x], [y], "o", color=BLUE)
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # a dashed line may stand where the text does
    axes.annotate(text, (x, y), xytext=(7, 7), textcoords="offset points", bbox=paper)


def mark_level(axes: Axes, y: float, text: str) -> None:
    """Draw a dashed line across and say at its left end what it stands for."""
    axes.axhline(y, color=MUTED, linewidth=1, linestyle=_DASHED)
    at_the_left = ("axes fraction", "data")
    axes.annotate(text, (0, y), xycoords=at_the_left, xytext=(2, 5), textcoords="offset points", color=MUTED)


def mark_moment(axes: Axes, x: float, text: str) -> None:
    """Draw a dashed line upwards and say at its top what happens there."""
    axes.axvline(x, color=MUTED, linewidth=1, linestyle=_DASHED)
    at_the_top = ("data", "axes fraction")
    axes.annotate(text, (x, 1), xycoords=at_the_top, xytext=(6, -3), textcoords="offset points", color=MUTED, va="top")
