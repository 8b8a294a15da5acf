"""Office hours, 8 to 17 where the number is, found by walking from day to day; and holidays, found by their rules."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

OPENS, LAST_CALL, CLOSES = time(8), time(13), time(17)
DAY = timedelta(days=1)
MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6
YEARS = range(2009, 2041)

Holidays = Mapping[str | None, Collection[date]]  # by country; None: days off everywhere


def closed_in(country: str, holidays: Holidays) -> set[date]:
    """List the days off of one country."""
    return {*holidays.get(country, ()), *holidays.get(None, ())}


def business_hours(pending_at: datetime, responded_at: datetime, time_zone: str, holidays: Collection[date]) -> float:
    """Count the office hours between the start of a request's clock and its answer."""
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


def office_hours(start: datetime, end: datetime, time_zone: str, holidays: Collection[date]) -> float:
    """Count the office hours from one instant to another; negative if the other is earlier."""
    if end < start:
        return -office_hours(end, start, time_zone, holidays)
    first, last = (at.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None) for at in (start, end))
    total, day = timedelta(), first.date()
    while day <= last.date():
        if is_business_day(day, holidays):
            opens, closes = datetime.combine(day, OPENS), datetime.combine(day, CLOSES)
            total += max(timedelta(), min(closes, last) - max(opens, first))
        day += DAY
    return total / timedelta(hours=1)


def is_within_one_business_day(
    pending_at: datetime, responded_at: datetime, time_zone: str, holidays: Collection[date]
) -> bool:
    """Return whether the answer came by the close of the business day for which the request counts."""
    zone = ZoneInfo(time_zone)
    counts_for = start_of_clock(pending_at.astimezone(zone).replace(tzinfo=None), holidays).date()
    return responded_at.astimezone(zone).replace(tzinfo=None) <= datetime.combine(counts_for, CLOSES)


def start_of_clock(asked: datetime, holidays: Collection[date]) -> datetime:
    """Find the local time at which a request counts as received."""
    if is_business_day(asked.date(), holidays) and asked.time() <= LAST_CALL:
        return asked
    day = asked.date() + DAY
    while not is_business_day(day, holidays):
        day += DAY
    return datetime.combine(day, OPENS)


def is_business_day(day: date, holidays: Collection[date]) -> bool:
    return day.weekday() < SATURDAY and day not in holidays


def holidays_by_country() -> dict[str | None, set[date]]:
    """List the working days on which offices are closed, for the countries of the shipped list."""
    federal = set(federal_holidays())
    found: dict[str | None, set[date]] = dict.fromkeys(("US", "PR", "VI", "GU", "AS", "MP"), federal)
    for country, rule in {"CA": _canada, "GB": _england_and_wales, "IE": _ireland, "DE": _germany}.items():
        found[country] = _working_days(rule)
    return found


def _working_days(rule: Callable[[int], Iterator[date]]) -> set[date]:
    return {day for year in YEARS for day in rule(year) if day.weekday() < SATURDAY}


def easter(year: int) -> date:
    """Find Easter Sunday, by the rule of Meeus, Jones and Butcher."""
    a, (b, c) = year % 19, divmod(year, 100)
    (d, e), g = divmod(b, 4), (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    shift = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 19 * shift) // 433
    month = (h + shift - 7 * m + 90) // 25
    return date(year, month, (h + shift - 7 * m + 33 * month + 19) % 32)


def _last(weekday: int, year: int, month: int) -> date:
    day = date(year, month + 1, 1) - DAY
    return day - (day.weekday() - weekday) % 7 * DAY


def _in_lieu(days: list[date]) -> Iterator[date]:
    """Move what falls on a weekend to the next working day that is free."""
    taken: set[date] = set()
    for day in sorted(days, key=lambda day: day.weekday() >= SATURDAY):
        while day.weekday() >= SATURDAY or day in taken:
            day += DAY  # noqa: PLW2901  # moved day by day
        taken.add(day)
    yield from taken


def _canada(year: int) -> Iterator[date]:
    """Holidays of federal employers; the day of reconciliation began in 2021."""
    christmas = [date(year, 12, 25), date(year, 12, 26)]
    yield from _in_lieu([date(year, 1, 1), date(year, 7, 1), date(year, 11, 11), *christmas])
    yield from (_nth(1, MONDAY, year, 9), _nth(2, MONDAY, year, 10), easter(year) - 2 * DAY)
    yield date(year, 5, 24) - date(year, 5, 24).weekday() * DAY
    if year >= 2021:
        yield from _in_lieu([date(year, 9, 30)])


def _england_and_wales(year: int) -> Iterator[date]:
    yield from _in_lieu([date(year, 1, 1)])
    yield from _in_lieu([date(year, 12, 25), date(year, 12, 26)])
    yield from (easter(year) - 2 * DAY, easter(year) + DAY, _last(MONDAY, year, 8))
    moved = {2012: date(2012, 6, 4), 2022: date(2022, 6, 2)}
    yield date(2020, 5, 8) if year == 2020 else _nth(1, MONDAY, year, 5)
    yield moved.get(year, _last(MONDAY, year, 5))
    once = {date(2011, 4, 29), date(2012, 6, 5), date(2022, 6, 3), date(2022, 9, 19), date(2023, 5, 8)}
    yield from (day for day in once if day.year == year)


def _ireland(year: int) -> Iterator[date]:
    yield from (date(year, 1, 1), date(year, 3, 17), date(year, 12, 25), date(year, 12, 26), easter(year) + DAY)
    yield from (_nth(1, MONDAY, year, month) for month in (5, 6, 8))
    yield _last(MONDAY, year, 10)
    if year >= 2023:  # Saint Brigid's Day: the first Monday, or 1 February where that is a Friday
        first = date(year, 2, 1)
        yield first if first.weekday() == 4 else _nth(1, MONDAY, year, 2)
    if year == 2022:
        yield date(2022, 3, 18)


def _germany(year: int) -> Iterator[date]:
    yield from (date(year, 1, 1), date(year, 5, 1), date(year, 10, 3), date(year, 12, 25), date(year, 12, 26))
    yield from (easter(year) + days * DAY for days in (-2, 1, 39, 50))
    if year == 2017:
        yield date(2017, 10, 31)


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
