"""Figures as text, formatted alike in every notebook: "3 orders", "30%", "12.5 h", "May 2026", "13% fewer than".

Figures come from DataFrames, so any of them can be missing (NaN or NA). Days are those of the reporting time zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd

from portouts import names

NO_VALUE = "–"
_HOURS_AS_DAYS = 72
_ROUNDING_ERROR = 1e-7  # percent: a share within it of 0 or 1 counts as 0 or 1


def number(value: Any) -> str:
    """Format a count with separators: 1,288."""
    return NO_VALUE if pd.isna(value) else f"{value:,.0f}"


def pluralize(value: Any, one: str) -> str:
    """Format a count with its noun: 1 order, 2 orders, no orders."""
    return f"no {one}s" if value == 0 else f"{number(value)} {one if value == 1 else f'{one}s'}"


def percent(share: Any) -> str:
    """Format a share: 30%; near 0 and 1 with one decimal. Only exactly 0 is 0%, and only exactly 1 is 100%."""
    if pd.isna(share):
        return NO_VALUE
    for whole in (0, 100):
        distance = 100 * share - whole
        if abs(distance) < _ROUNDING_ERROR:
            return f"{whole}%"
        if abs(distance) < 0.05:
            return "<0.1%" if whole == 0 else ">99.9%" if distance < 0 else ">100%"
        if abs(distance) < 1:
            return f"{whole + round(distance, 1):g}%"
    return f"{100 * share:,.0f}%"


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
    return f"{day:%B %Y}"


def day(day: date) -> str:
    """Format a day: 15 June 2026."""
    return f"{day.day} {day:%B %Y}"


def instant(at: pd.Timestamp, zone: str = "UTC") -> str:
    """Format an instant to the minute, in a time zone: Monday 15 June 2026, 05:20 EDT."""
    local = at.tz_convert(zone)
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M %Z}"


def comparison(now: float, before: float) -> str:
    """Compare two counts: "13% more than", "as many as", "after none"; two zeros are "just as"."""
    if not before:
        return "after none" if now else "just as"
    if now == before:
        return "as many as"
    return f"{percent(abs(now - before) / before)} {'more' if now > before else 'fewer'} than"


def ratio(larger: float, smaller: float) -> str:
    """Compare a count with a smaller one: "as many as", "4% more than", "2.5 times as many as"."""
    if larger < 1.5 * smaller:
        return comparison(larger, smaller)
    return f"{larger / smaller:,.1f}".removesuffix(".0") + " times as many as"


def distinct_shares(before: float, now: float) -> tuple[str, str]:
    """Format two shares with as many decimals as it takes to distinguish them: 12.1% and 12.4%."""
    texts = percent(before), percent(now)
    for digits in (1, 2, 3):
        if texts[0] == texts[1]:
            texts = f"{round(100 * before, digits):g}%", f"{round(100 * now, digits):g}%"
    return texts


def join_words(words: Sequence[str]) -> str:
    """Join words into an enumeration: a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def sentence(text: str) -> str:
    """Make a sentence of a text: a capital letter first, unless a name comes first, and one full stop last."""
    end = "" if names.plain(text).endswith((".", "!", "?", "…")) else "."
    return text[:1].upper() + text[1:] + end
