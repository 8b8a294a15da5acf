"""Two clocks: that of this machine, and that of the API, as the `Date` headers of its answers show it.

A `Date` has whole seconds, so the API's clock can be almost a second ahead of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from portouts.windows import BEGINNING

# The rounding of a `Date`, and the difference between two clocks that are set by the same time servers.
TOLERANCE = timedelta(seconds=2)
# A larger difference is reported.
WORTH_A_WARNING = timedelta(minutes=2)


@dataclass(frozen=True)
class Clock:
    """This machine's clock, in seconds since 1970, and how to wait."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class ApiClock:
    """The latest `Date` of the API's answers, and how far this machine's clock is ahead of it."""

    def __init__(self) -> None:
        self.date: datetime | None = None
        self.ahead = timedelta()
        """The least difference, however long the answer was on its way; negative if this machine is behind."""

    def learn(self, headers: Mapping[str, str], sent_at: float, received_at: float) -> None:
        """Read the `Date` of an answer; both instants are seconds of this machine's clock.

        A `Date` older than one seen before comes from a cache, and is ignored.
        """
        date = _date_of(headers)
        if date is None or date < BEGINNING or (self.date and date < self.date):
            return
        self.date = date
        seconds = date.timestamp()
        self.ahead = timedelta(seconds=max(sent_at - seconds, 0) or min(received_at - seconds, 0))


def parse_http_date(http_date: str) -> float | None:
    """Read an HTTP date as seconds since 1970; return None if it is not a date."""
    try:
        date = parsedate_to_datetime(http_date)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def written_span(span: timedelta) -> str:
    """Write a difference of two clocks in its two largest units, such as "3 h 0 min"."""
    hours, minutes = divmod(round(abs(span) / timedelta(minutes=1)), 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _date_of(headers: Mapping[str, str]) -> datetime | None:
    """Read `Date`, and add the `Age` of an answer from a cache."""
    seconds = parse_http_date(headers.get("date", ""))
    if seconds is None:
        return None
    age = headers.get("age", "").strip()
    kept = int(age) if age.isascii() and age.isdigit() and len(age) < 9 else 0
    try:
        return datetime.fromtimestamp(seconds + kept, UTC)
    except (ValueError, OverflowError, OSError):
        return None
