"""The settings of the marts, and the days and hours that follow from them.

Days, weeks and months are those of the reporting time zone; an instant that is not known has none.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, overload
from zoneinfo import ZoneInfo

from reference_implementation.business_time import Holidays, holidays_by_country

Row = dict[str, Any]

BLANKS = " \t\n\v\f\r\u00a0"


@dataclass(frozen=True)
class Terms:
    """The instant that is described, and the settings."""

    as_of: datetime
    response_window_hours: float = 48
    time_zone: str = "UTC"
    business_time_zone: str = "America/New_York"
    holidays: Holidays = field(default_factory=holidays_by_country)
    dispute_window_hours: int = 168

    @property
    def business_country(self) -> str:
        """Name the country of the business time zone, of those that the tests set."""
        return {"Pacific/Auckland": "NZ", "Asia/Kolkata": "IN", "Europe/Berlin": "DE", "Pacific/Apia": "WS"}.get(
            self.business_time_zone, "US"
        )

    def local(self, at: datetime) -> datetime:
        """Return what the clocks of the reporting zone show."""
        return at.astimezone(ZoneInfo(self.time_zone)).replace(tzinfo=None)

    def start_of(self, day: date) -> datetime:
        """Return the instant at which a day begins in the reporting zone."""
        return datetime.combine(day, time(), ZoneInfo(self.time_zone)).astimezone(UTC)

    @overload
    def day_of(self, at: datetime) -> date: ...
    @overload
    def day_of(self, at: None) -> None: ...
    @overload
    def day_of(self, at: datetime | None) -> date | None: ...
    def day_of(self, at: datetime | None) -> date | None:
        return self.local(at).date() if at else None


def instant(value: str | datetime) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def instant_or_none(value: str | datetime | None) -> datetime | None:
    return instant(value) if value else None


def words(text: str | None) -> str | None:
    """Take the blanks around a text away; a text of nothing else is none."""
    return (text or "").strip(BLANKS) or None


def calendar_day(text: str | None, zone: str) -> date | None:
    """Read a day; a time that is not midnight UTC makes it an instant, which has a day in the zone."""
    if not text or not "2000" <= text[:4] <= "2099":
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return date.fromisoformat(text[:10])
    at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    return local_day(at, "UTC" if at.time() == time() else zone)


@overload
def local_day(at: datetime, zone: str) -> date: ...
@overload
def local_day(at: datetime | None, zone: str) -> date | None: ...
def local_day(at: datetime | None, zone: str) -> date | None:
    return at.astimezone(ZoneInfo(zone)).date() if at else None


def month_of(day: date) -> date:
    return day.replace(day=1)


def week_of(day: date) -> date:
    """Name the Monday."""
    return day - timedelta(days=day.weekday())


def hours_between(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start) / timedelta(microseconds=1) / 3.6e9 if start and end else None


def days_between(start: date | None, end: date | None) -> int | None:
    return (end - start).days if start and end else None


def share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def percentile(values: list[float], rank: float) -> float | None:
    """Interpolate between the two nearest ranks."""
    if not values:
        return None
    ordered = sorted(values)
    place, rest = divmod(rank * (len(ordered) - 1), 1)
    low = ordered[int(place)]
    high = ordered[min(int(place) + 1, len(ordered) - 1)]
    return low + (high - low) * rest


def by_order(rows: list[Row]) -> defaultdict[str, list[Row]]:
    grouped: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row["portout_id"]].append(row)
    return grouped
