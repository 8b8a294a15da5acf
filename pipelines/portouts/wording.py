"""Figures in words, the same way in every notebook: "3 orders", "30%", "12.5 h", "May 2026", "13% fewer than".

Months, days and instants are written as they are given: days in the reporting time zone, instants in UTC.
Figures come from DataFrames, so any of them can be missing (NaN or NA).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd

NOTHING = "–"
_HOURS_AS_DAYS = 72


def number(value: Any) -> str:
    """Write a count with separators: 1,288."""
    return NOTHING if pd.isna(value) else f"{value:,.0f}"


def counted(value: Any, one: str, many: str | None = None) -> str:
    """Count things: 1 order, 2 orders, no orders."""
    plural = many or f"{one}s"
    return f"no {plural}" if value == 0 else f"{number(value)} {one if value == 1 else plural}"


def percent(share: Any) -> str:
    """Write a share of 0 to 1; whole percents, one decimal below one."""
    if pd.isna(share):
        return NOTHING
    return f"{100 * share:.1f}%" if 0 < share < 0.01 else f"{100 * share:.0f}%"


def hours(value: Any) -> str:
    """Write hours: 40 min, 12.5 h; from three days on as days."""
    if pd.isna(value):
        return NOTHING
    if abs(value) >= _HOURS_AS_DAYS:
        return f"{value / 24:,.0f} days"
    return f"{value * 60:.0f} min" if abs(value) < 1 else f"{value:.1f}".removesuffix(".0") + " h"


def month(day: date) -> str:
    """Write the month of a day: May 2026."""
    return f"{day:%B %Y}"


def day(day: date) -> str:
    """Write a day: 15 June 2026."""
    return f"{day.day} {day:%B %Y}"


def instant(at: datetime) -> str:
    """Write an instant to the minute: 15 June 2026, 09:00 UTC."""
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def compared(now: float, before: float, *, more: str = "more", fewer: str = "fewer") -> str:
    """Compare two counts: 13% more than, as many as, none before."""
    if not before:
        return "after none" if now else "as none"
    if now == before:
        return "as many as"
    return f"{percent(abs(now - before) / before)} {more if now > before else fewer} than"


def listed(words: Sequence[str]) -> str:
    """Join words: a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def pairs(names: Iterable[object], values: Iterable[object]) -> str:
    """Join names with their values: June 24, July 1,105 and August 9."""
    figures = (number(value) if isinstance(value, (int, float)) else str(value) for value in values)
    return listed([f"{name} {figure}" for name, figure in zip(names, figures, strict=True)])


def sentence(text: str) -> str:
    """Begin with a capital letter."""
    return text[:1].upper() + text[1:]


def shortened(text: str, length: int) -> str:
    """Cut what is too long for a chart."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"
