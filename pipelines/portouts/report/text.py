"""Figures as text, formatted alike in every notebook: "3 orders", "30%", "12.5 h", "May 2026", "13% fewer than".

Days and months are those of the reporting time zone, instants are UTC. Figures come from DataFrames, so any of them
can be missing (NaN or NA).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd

from portouts import names

NO_VALUE = "–"
_HOURS_AS_DAYS = 72
_ROUNDING_ERROR = 1e-7  # percent: a share within it of 0 or 1 counts as 0 or 1
_MOST_DIGITS = 4


def number(value: Any) -> str:
    """Format a count with separators: 1,288."""
    return NO_VALUE if pd.isna(value) else f"{value:,.0f}"


def pluralize(value: Any, one: str, many: str | None = None) -> str:
    """Format a count with its noun: 1 order, 2 orders, no orders."""
    plural = many or f"{one}s"
    return f"no {plural}" if value == 0 else f"{number(value)} {one if value == 1 else plural}"


def verb(count: Any, one: str, many: str) -> str:
    """Choose the form of a verb that follows a count: 1 waits, 2 wait."""
    return one if count == 1 else many


def percent(share: Any) -> str:
    """Format a share: 30%; near 0 and 1 with one decimal. Only exactly 0 is 0%, and only exactly 1 is 100%."""
    if pd.isna(share):
        return NO_VALUE
    for whole in (0, 100):
        distance = 100 * share - whole
        if abs(distance) < _ROUNDING_ERROR:
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
    """Format hours: 20 s, 40 min, 12.5 h; three days and more as days. Only exactly 0 is 0 min."""
    if pd.isna(value):
        return NO_VALUE
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
    """Format the month of a day: May 2026."""
    return f"{_calendar_day(day):%B %Y}"


def day(day: date) -> str:
    """Format a day: 15 June 2026."""
    return f"{day.day} {_calendar_day(day):%B %Y}"


def _calendar_day(day: date) -> date:
    """Refuse an instant, because its day depends on the reporting time zone."""
    if isinstance(day, datetime) and day.tzinfo:
        raise TypeError(f"{day} is an instant. Show a day of the reporting time zone, such as ported_on.")
    return day


def instant(at: datetime) -> str:
    """Format an instant to the minute: 15 June 2026, 09:00 UTC."""
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def comparison(now: float, before: float, *, more: str = "more", fewer: str = "fewer") -> str:
    """Compare two counts: "13% more than", "as many as", "after none"; two zeros are "just as"."""
    if not before:
        return "after none" if now else "just as"
    if now == before:
        return "as many as"
    return f"{percent(abs(now - before) / before)} {more if now > before else fewer} than"


def ratio(larger: float, smaller: float) -> str:
    """Compare a count with a smaller one: "as many as", "4% more than", "2.5 times as many as"."""
    if larger < 1.5 * smaller:
        return comparison(larger, smaller)
    return f"{larger / smaller:,.1f}".removesuffix(".0") + " times as many as"


def distinct_shares(before: float, now: float) -> tuple[str, str]:
    """Format two shares with as many decimals as it takes to distinguish them: 12.1% and 12.4%."""
    texts = percent(before), percent(now)
    for digits in range(1, _MOST_DIGITS):
        if texts[0] != texts[1]:
            break
        texts = _precise(before, digits), _precise(now, digits)
    return texts


def _precise(share: float, digits: int) -> str:
    percents = round(100 * share, digits)
    return percent(share) if percents in (0, 100) else f"{percents:g}%"


def join_words(words: Sequence[str]) -> str:
    """Join words into an enumeration: a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def labelled_values(names: Iterable[object], values: Iterable[object]) -> str:
    """Enumerate names with their values: June 24, July 1,105 and August 9."""
    figures = (number(value) if isinstance(value, (int, float)) else str(value) for value in values)
    return join_words([f"{name} {figure}" for name, figure in zip(names, figures, strict=True)])


def sentence(text: str) -> str:
    """Make a sentence of a text: a capital letter first, unless a name comes first, and one full stop last."""
    end = "" if names.plain(text).endswith((".", "!", "?", "…")) else "."
    return text[:1].upper() + text[1:] + end
