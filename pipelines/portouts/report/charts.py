"""The parts of charts: axes with units, and marks with their names and figures beside them.

Each function draws on matplotlib axes. Months and other categories are at positions 0, 1, 2 …, days at their dates. The
unit of a count is written above its axis, so that no text is rotated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator, PercentFormatter

from portouts.report import text
from portouts.report.figure import BLUE, GREY, INK, LINE_LABEL, MUTED, ORANGE, SKY, Layout, stand_in, write_name

__all__ = ["BLUE", "GREY", "INK", "MUTED", "ORANGE", "SKY", "Layout"]  # notebooks import colours from here

_LABEL_WIDTH = 36  # pixels for "May" and the space after it
_DASHED = (0, (4, 3))
_UNITS = (("hours", 1), ("minutes", 60), ("seconds", 3600))


def height_of(rows: int) -> int:
    """Return the height in pixels of a chart with this many rows."""
    return 34 * rows + 24


# Axes


def count_axis(axes: Axes, unit: str, *, ticks: int = 5) -> None:
    """Show counts from 0 up, with whole, round ticks."""
    axes.set_title(unit)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=ticks, integer=True, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: text.number(value)))
    axes.set_ylim(bottom=0, top=max(axes.get_ylim()[1], 1))


def share_axis(axes: Axes, unit: str) -> None:
    """Show shares from 0 to 100%."""
    axes.set_title(unit)
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))


def hour_axis(axes: Axes, most: float, unit: str) -> None:
    """Show hours with a tick per quarter, half or whole day."""
    axes.set_title(unit)
    axes.set_ylim(0, 1.18 * most)
    axes.yaxis.set_major_locator(MultipleLocator(next((step for step in (6, 12, 24) if most / step <= 5), 24 * 7)))


def month_axis(axes: Axes, months: Sequence[pd.Timestamp], layout: Layout) -> None:
    """Label as many months, at positions 0, 1, 2 …, as there is room for."""
    starts = list(months)
    labelled = _with_room(starts, layout.width / max(len(starts), 1))
    axes.set_xticks([starts.index(month) for month in labelled], _month_labels(labelled))
    axes.set_xlim(-0.6, max(len(starts), 6) - 0.4)


def day_axis(axes: Axes, first: pd.Timestamp, last: pd.Timestamp, layout: Layout) -> None:
    """Label as many first days of months as there is room for."""
    starts = list(pd.date_range(first, last, freq="MS")) or [first]
    labelled = _with_room(starts, 0.75 * layout.width / len(starts))
    axes.set_xticks(np.array(labelled, dtype="datetime64[us]"), _month_labels(labelled))
    axes.margins(x=0.01)


def weekday_axis(axes: Axes, days: Sequence[pd.Timestamp], layout: Layout) -> None:
    """Label days, at positions 0, 1, 2 …, with their weekday."""
    positions = range(0, len(days), 3 if layout.is_narrow else 1)
    axes.set_xticks(list(positions), [f"{days[at]:%a}\n{days[at].day} {days[at]:%b}" for at in positions])


def _with_room(starts: list[pd.Timestamp], width: float) -> list[pd.Timestamp]:
    step = next((step for step in (1, 2, 3, 6) if width * step >= _LABEL_WIDTH), 12)
    return [month for month in starts if (month.month - 1) % step == 0] or starts[:1]


def _month_labels(months: list[pd.Timestamp]) -> list[str]:
    """Format months, with the year below the first one and below each January."""
    return [f"{at:%b}" + (f"\n{at.year}" if at == months[0] or at.month == 1 else "") for at in months]


# Marks


def stacked_columns(axes: Axes, stack: Sequence[tuple[Sequence[float], str]], *, partial: bool = False) -> None:
    """Draw stacked columns; a `partial` last one, which still grows, is paler and hatched."""
    bottom = np.zeros(len(stack[0][0]))
    for values, colour in stack:
        heights = np.nan_to_num(np.asarray(values, dtype=float))
        bars = axes.bar(range(len(heights)), heights, bottom=bottom, width=0.72, color=colour, linewidth=0)
        if partial:
            bars[-1].set(alpha=0.55, hatch="///", edgecolor="white")
        bottom = bottom + heights


def histogram(axes: Axes, counts: pd.Series[Any], colours: Sequence[str], *, width: float, unit: str) -> None:
    """Draw one column for each bin of a scale; the index of `counts` is the number of the bin."""
    edges = [number * width for number in counts.index]
    axes.bar(edges, counts.astype(float), width=0.88 * width, align="edge", color=list(colours), linewidth=0)
    axes.set_xlim(0, edges[-1] + width)
    axes.xaxis.set_major_locator(MultipleLocator(12 if edges[-1] < 96 else 48))
    axes.set_xlabel(unit)


def bars(axes: Axes, names: Sequence[str], values: Sequence[float], notes: Sequence[str], *, greyed: int = 0) -> None:
    """Draw horizontal bars, the first on top, the last `greyed` ones grey; a note at each end replaces the axis."""
    positions, lengths = range(len(names)), [float(value) for value in values]
    drawn = axes.barh(positions, lengths, color=BLUE, height=0.7, linewidth=0)
    for bar in drawn[len(drawn) - greyed :]:
        bar.set_color(GREY)
    for position, length, note in zip(positions, lengths, notes, strict=True):
        axes.annotate(note, (length, position), xytext=(6, 0), textcoords="offset points", va="center")
    _label_rows(axes, names)
    axes.set_xlim(0, max(lengths) * 1.02)
    axes.set_xticks([])
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)


def dumbbells(axes: Axes, names: Sequence[str], shares: pd.DataFrame, unit: str, layout: Layout) -> None:
    """Show how shares changed: a grey dot for `before`, joined to a blue (grown) or orange one for `now`."""
    for position, (before, now) in enumerate(zip(shares["before"], shares["now"], strict=True)):
        has_grown = now >= before
        colour, side = (BLUE, 1) if has_grown else (ORANGE, -1)
        axes.plot([before, now], [position, position], color=colour, linewidth=3, alpha=0.35, zorder=1)
        axes.plot([before], [position], "o", color=GREY, markersize=8)
        axes.plot([now], [position], "o", color=colour, markersize=10)
        axes.annotate(
            text.percent(now),
            (now, position),
            xytext=(9 * side, 0),
            textcoords="offset points",
            va="center",
            ha="left" if has_grown else "right",
            color=colour,
            fontweight="bold",
        )
    _label_rows(axes, names)
    most = float(shares[["before", "now"]].to_numpy().max())
    axes.set_xlim((-0.24 if layout.is_narrow else -0.1) * most, 1.15 * most)  # room for figures to the left of dots
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(_Shares(1))
    axes.set_xlabel(unit)
    axes.grid(axis="x")


class _Shares(PercentFormatter):
    """Format the shares of an axis with as many decimals as its ticks need; below 0 there is no label."""

    def __call__(self, value: float, position: int | None = None) -> str:
        return super().__call__(value, position) if value >= 0 else ""


def _label_rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), [stand_in(name) for name in names], color=INK)
    for tick, name in zip(axes.get_yticklabels(), names, strict=True):
        write_name(tick, name)
    axes.set_ylim(len(names) - 0.4, -0.6)


def lines(axes: Axes, series: Sequence[tuple[str, pd.Series[Any], str]], *, partial: bool = False) -> None:
    """Draw lines over their index, each labelled at its end in its own colour; a `partial` last point is hollow."""
    for name, values, colour in series:
        known = values.dropna().astype(float)
        positions, heights = known.index.to_numpy(), known.to_numpy()
        axes.plot(positions, heights, color=colour, marker="o" if len(known) <= 24 else None, markersize=5)
        for x, y in list(zip(positions, heights, strict=True))[-1:]:
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
                gid=LINE_LABEL,
            )


def survival_curve(axes: Axes, curve: pd.Series[Any], since: str) -> None:
    """Draw a step curve over its index in hours, with the area below it tinted."""
    reach = curve.index[-1]
    unit, scale = next((unit, scale) for unit, scale in _UNITS if reach * scale >= 1 or unit == "seconds")
    positions = curve.index * scale
    axes.step(positions, curve, where="post", color=BLUE, clip_on=False)
    axes.fill_between(positions, curve, step="post", color=BLUE, alpha=0.1, linewidth=0)
    axes.set_xlim(0, positions[-1])
    axes.xaxis.set_major_locator(
        MultipleLocator(12) if positions[-1] > 24 else MaxNLocator(nbins=6, steps=[1, 2, 5, 10])
    )
    axes.set_xlabel(f"{unit} {since}")


def mark_point(axes: Axes, x: float, y: float, label: str) -> None:
    """Mark a point of a curve and write a label beside it."""
    axes.plot([x], [y], "o", color=BLUE)
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # a dashed line may cross the label
    axes.annotate(label, (x, y), xytext=(7, 7), textcoords="offset points", bbox=paper)


def mark_level(axes: Axes, y: float, label: str) -> None:
    """Draw a dashed horizontal line with a label at its left end."""
    axes.axhline(y, color=MUTED, linewidth=1, linestyle=_DASHED)
    at_the_left = ("axes fraction", "data")
    axes.annotate(label, (0, y), xycoords=at_the_left, xytext=(2, 5), textcoords="offset points", color=MUTED)


def mark_moment(axes: Axes, x: float, label: str) -> None:
    """Draw a dashed vertical line with a label at its top."""
    axes.axvline(x, color=MUTED, linewidth=1, linestyle=_DASHED)
    at_the_top = ("data", "axes fraction")
    axes.annotate(label, (x, 1), xycoords=at_the_top, xytext=(6, -3), textcoords="offset points", color=MUTED, va="top")
