"""How long to wait: what the API's headers say about its limits, and the hold that follows from it.

Telnyx documents `x-ratelimit-reset` both as seconds to wait and as an epoch, and does not document Retry-After, which
proxies send as seconds or as a date. All four are understood; a date or an epoch is measured against the answer's own
Date header where it has one, so that a wrong clock on this machine does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

LONGEST_WAIT = 120.0
_EPOCH_FLOOR = 1e9


class Pace:
    """Hold back the next request while the API says that none is left."""

    def __init__(self, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]]) -> None:
        self._clock = clock
        self._sleep = sleep
        self._not_before = 0.0

    async def wait(self) -> None:
        # The limit is for a clock that is set back meanwhile: it must not prolong the hold.
        while (seconds := min(self._not_before - self._clock(), LONGEST_WAIT)) > 0:
            self._not_before = self._clock() + seconds
            await self._sleep(seconds)

    def learn(self, headers: Mapping[str, str], *, failed: bool = False, limited: bool = False) -> float | None:
        """Take in an answer's headers; return the seconds that it asks to wait, None where it does not say.

        Retry-After counts on an answer that failed. The reset of the limit counts only where the limit was reached:
        it stands on every answer, and says nothing about how long a broken server takes to recover.
        """
        seconds = seconds_to_wait(headers, self._clock()) if failed else None
        if seconds is None and (limited or _first_number(headers.get("x-ratelimit-remaining")) == 0):
            seconds = _seconds_to_reset(headers, self._clock())
        if seconds is not None:
            self._not_before = max(self._not_before, self._clock() + seconds)
        return seconds


def seconds_to_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Read Retry-After, as seconds or as a date, clamped to `LONGEST_WAIT`; None where there is none."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    number = _first_number(text) if re.fullmatch(r"[\d.]+", text) else None
    if number is not None:
        return _clamp(number)
    date = _epoch_of(text)
    return None if date is None else _clamp(date - _server_now(headers, now))


def _seconds_to_reset(headers: Mapping[str, str], now: float) -> float | None:
    reset = _first_number(headers.get("x-ratelimit-reset"))
    if reset is None:
        return None
    return _clamp(reset - _server_now(headers, now) if reset > _EPOCH_FLOOR else reset)


def _server_now(headers: Mapping[str, str], now: float) -> float:
    return _epoch_of(headers.get("date", "")) or now


def _epoch_of(http_date: str) -> float | None:
    try:
        date = parsedate_to_datetime(http_date)
    except (ValueError, OverflowError):
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


def _first_number(text: str | None) -> float | None:
    """Read the first number of a header that may hold a list, such as `20, 20;window=1`."""
    found = re.search(r"\d+(\.\d+)?", text or "")
    return float(found[0]) if found else None


def _clamp(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_WAIT)
