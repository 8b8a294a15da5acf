"""Figures in words, the same way in every notebook: "3 orders", "30%", "12.5 h", "May 2026", "13% fewer than".

Months, days and instants are written as they are given: days in the reporting time zone, instants in UTC.
Figures come from DataFrames, so any of them can be missing (NaN or NA).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd

from portouts import names

NOTHING = "–"
_HOURS_AS_DAYS = 72
_NOISE = 1e-7  # percent; what is left of a share of 0 or 1 that was computed in floating point
_MOST_DIGITS = 4


def number(value: Any) -> str:
    """Write a count with separators: 1,288."""
    return NOTHING if pd.isna(value) else f"{value:,.0f}"


def counted(value: Any, one: str, many: str | None = None) -> str:
    """Count things: 1 order, 2 orders, no orders."""
    plural = many or f"{one}s"
    return f"no {plural}" if value == 0 else f"{number(value)} {one if value == 1 else plural}"


def verb(count: Any, one: str, many: str) -> str:
    """Choose the form of a verb that follows a count: 1 waits, 2 wait."""
    return one if count == 1 else many


def percent(share: Any) -> str:
    """Write a share: 30%, near none or all with one decimal. Only exactly 0 is 0%, and only exactly 1 is 100%."""
    if pd.isna(share):
        return NOTHING
    for whole in (0, 100):
        distance = 100 * share - whole
        if abs(distance) < _NOISE:
            return f"{whole}%"
        if abs(distance) < 1:
            return _percent_near(whole, distance)
    return f"{100 * share:,.0f}%"


def _percent_near(whole: int, distance: float) -> str:
    tenths = round(distance, 1)
    if tenths:
        return f"{whole + tenths:g}%"
    if whole == 0:
        return "<0.1%"
    return ">99.9%" if distance < 0 else ">100%"


def hours(value: Any) -> str:
    """Write hours: 20 s, 40 min, 12.5 h; from three days on as days. Only exactly 0 is 0 min."""
    if pd.isna(value):
        return NOTHING
    if abs(value) >= _HOURS_AS_DAYS:
        return f"{value / 24:,.0f} days"
    seconds = abs(value) * 3600
    sign = "-" if value < 0 else ""
    if 0 < seconds < 1:
        return "<1 s"
    if 0 < round(seconds) < 60:
        return f"{sign}{seconds:.0f} s"
    if round(seconds / 60) < 60:
        return f"{sign}{seconds / 60:.0f} min"
    return f"{value:.1f}".removesuffix(".0") + " h"


def month(day: date) -> str:
    """Write the month of a day: May 2026."""
    return f"{_calendar_day(day):%B %Y}"


def day(day: date) -> str:
    """Write a day: 15 June 2026."""
    return f"{day.day} {_calendar_day(day):%B %Y}"


def _calendar_day(day: date) -> date:
    """Refuse an instant: which day it is on depends on the reporting time zone."""
    if isinstance(day, datetime) and day.tzinfo:
        raise TypeError(f"{day} is an instant. Show a day of the reporting time zone, such as ported_on.")
    return day


def instant(at: datetime) -> str:
    """Write an instant to the minute: 15 June 2026, 09:00 UTC."""
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def compared(now: float, before: float, *, more: str = "more", fewer: str = "fewer") -> str:
    """Compare two counts: 13% more than, as many as, after none; two zeros are "just as"."""
    if not before:
        return "after none" if now else "just as"
    if now == before:
        return "as many as"
    return f"{percent(abs(now - before) / before)} {more if now > before else fewer} than"


def times(larger: float, smaller: float) -> str:
    """Compare a count with a smaller one: as many as, 4% more than, 2.5 times as many as."""
    if larger < 1.5 * smaller:
        return compared(larger, smaller)
    return f"{larger / smaller:,.1f}".removesuffix(".0") + " times as many as"


def moved(before: float, now: float) -> tuple[str, str]:
    """Write two shares with as many decimals as it takes to tell them apart: 12.1% and 12.4%."""
    texts = percent(before), percent(now)
    for digits in range(1, _MOST_DIGITS):
        if texts[0] != texts[1]:
            break
        texts = _precise(before, digits), _precise(now, digits)
    return texts


def _precise(share: float, digits: int) -> str:
    percents = round(100 * share, digits)
    return percent(share) if percents in (0, 100) else f"{percents:g}%"


def listed(words: Sequence[str]) -> str:
    """Join words: a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def pairs(names: Iterable[object], values: Iterable[object]) -> str:
    """Join names with their values: June 24, July 1,105 and August 9."""
    figures = (number(value) if isinstance(value, (int, float)) else str(value) for value in values)
    return listed([f"{name} {figure}" for name, figure in zip(names, figures, strict=True)])


def sentence(text: str) -> str:
    """Begin with a capital letter, unless a name comes first, and end with one full stop."""
    end = "" if names.plain(text).endswith((".", "!", "?", "…")) else "."
    return text[:1].upper() + text[1:] + end
