"""Business hours of 47 CFR 52.35, found by walking from day to day; and the holidays, found by their rules."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

OPENS, LAST_CALL, CLOSES = time(8), time(13), time(17)
DAY = timedelta(days=1)
MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6


def business_hours(pending_at: datetime, responded_at: datetime, time_zone: str, holidays: Collection[date]) -> float:
    """Count the hours of business between the start of a request's clock and its answer."""
    zone = ZoneInfo(time_zone)
    clock = start_of_clock(pending_at.astimezone(zone).replace(tzinfo=None), holidays)
    answer = responded_at.astimezone(zone).replace(tzinfo=None)
    total, day = timedelta(), clock.date()
    while day <= answer.date():
        if is_business_day(day, holidays):
            opens, closes = datetime.combine(day, OPENS), datetime.combine(day, CLOSES)
            total += max(timedelta(), min(closes, answer) - max(opens, clock))
        day += DAY
    return max(timedelta(), min(total, responded_at - pending_at)) / timedelta(hours=1)


def start_of_clock(asked: datetime, holidays: Collection[date]) -> datetime:
    """Tell the local time at which a request counts as received."""
    if is_business_day(asked.date(), holidays) and asked.time() <= LAST_CALL:
        return asked
    day = asked.date() + DAY
    while not is_business_day(day, holidays):
        day += DAY
    return datetime.combine(day, OPENS)


def is_business_day(day: date, holidays: Collection[date]) -> bool:
    return day.weekday() < SATURDAY and day not in holidays


def federal_holidays(first: int = 2009, last: int = 2040) -> dict[date, str]:
    """Name the federal holidays of the United States on the days on which offices close for them."""
    found = {}
    for year in range(first, last + 1):
        for day, name in _holidays_of(year):
            observed = day - DAY if day.weekday() == SATURDAY else day + DAY if day.weekday() == SUNDAY else day
            found[observed] = name
    return found


def _holidays_of(year: int) -> Iterator[tuple[date, str]]:
    yield date(year, 1, 1), "New Year's Day"
    yield _nth(3, MONDAY, year, 1), "Birthday of Martin Luther King, Jr."
    yield _nth(3, MONDAY, year, 2), "Washington's Birthday"
    yield _nth(1, MONDAY, year, 6) - 7 * DAY, "Memorial Day"  # the last Monday of May
    if year >= 2021:
        yield date(year, 6, 19), "Juneteenth"
    yield date(year, 7, 4), "Independence Day"
    yield _nth(1, MONDAY, year, 9), "Labor Day"
    yield _nth(2, MONDAY, year, 10), "Columbus Day"
    yield date(year, 11, 11), "Veterans Day"
    yield _nth(4, THURSDAY, year, 11), "Thanksgiving Day"
    yield date(year, 12, 25), "Christmas Day"


def _nth(count: int, weekday: int, year: int, month: int) -> date:
    first = date(year, month, 1)
    return first + ((weekday - first.weekday()) % 7 + 7 * (count - 1)) * DAY
