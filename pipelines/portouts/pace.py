"""How long to wait: what the API's headers say about its limits, and the hold that follows from it.

Telnyx documents `x-ratelimit-reset` both as seconds to wait and as an epoch, and does not document Retry-After, which
proxies send as seconds or as a date. All four are understood; a date or an epoch is measured against the answer's own
Date header where it has one, so that a wrong clock on this machine does not matter.

A known limit, so many requests in a window of so many seconds, is used up and never overstepped: a request goes out
when the one that stands `limit` requests before it was answered a window ago. It reached the API before it was
answered, so however the API counts, and however long requests take, no window holds more. Where an API refuses without
saying its limit, one is guessed: a third less than what it has just answered, and one request more in each second
without a refusal.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC
from email.utils import parsedate_to_datetime

LONGEST_WAIT = 120.0
# Answers remembered, and so the largest limit that is kept to.
MOST_ANSWERS = 10_000
_EPOCH_FLOOR = 1e9
_GUESSED_WINDOW = 1.0
# Of so many answers the longest reset counts: one that was rounded up too far is forgotten again.
_RESETS = 200
# Shorter waits than this are lost in rounding.
_TICK = 0.001


class Pace:
    """Hold back the next request while the API says that none is left, or while the limit is used up."""

    def __init__(self, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]]) -> None:
        self._clock = clock
        self._sleep = sleep
        self._not_before = 0.0
        self._limit: float | None = None
        self._window = 0.0
        self._is_guessed = False
        self._under_way = 0
        self._answered: deque[float] = deque(maxlen=MOST_ANSWERS)
        self._resets: deque[float] = deque(maxlen=_RESETS)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until one more request may go out; it is under way until the block ends."""
        while (seconds := min(self._hold(), LONGEST_WAIT)) > 0:
            await self._sleep(seconds)
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            self._answered.append(self._clock())

    def _hold(self) -> float:
        """Tell how long to wait before the limits are looked at again."""
        now = self._clock()
        # The bound is for a clock that is set back meanwhile: it must not prolong the hold.
        self._not_before = min(self._not_before, now + LONGEST_WAIT)
        return max(self._not_before - now, self._until_below_limit(now))

    def _until_below_limit(self, now: float) -> float:
        if self._limit is None:
            return 0.0
        recent = self._recent(now)
        used = len(recent) + self._under_way
        if used < max(1, int(self._limit)):
            return 0.0
        # With all of them under way, one has to be answered before it is known when the next may go.
        return max(recent[0] + self._window - now, _TICK) if recent else self._window / 10

    def _recent(self, now: float) -> deque[float]:
        """Forget the answers that are older than a window, or from before the clock was set back."""
        while self._answered and not 0 <= now - self._answered[0] < self._window:
            self._answered.popleft()
        return self._answered

    def learn(self, headers: Mapping[str, str], *, failed: bool = False, limited: bool = False) -> float | None:
        """Take in an answer's headers; return the seconds that it asks to wait, None where it does not say.

        Retry-After counts on an answer that failed. The reset of the limit counts only where the limit was reached,
        and not by our own requests, which are counted here: it stands on every answer, rounded up, and says nothing
        about how long a broken server takes to recover.
        """
        now = self._clock()
        self._learn_limit(headers, now)
        seconds = seconds_to_wait(headers, now) if failed else None
        is_used_up = _first_number(headers.get("x-ratelimit-remaining")) == 0 and not self._is_ours(now)
        if seconds is None and (limited or is_used_up):
            seconds = _seconds_to_reset(headers, now)
        if seconds is not None:
            self._not_before = max(self._not_before, now + seconds)
        if self._limit is None or self._is_guessed:
            self._guess(now, refused=limited and seconds is None)
        return seconds

    def _learn_limit(self, headers: Mapping[str, str], now: float) -> None:
        """Read the limit, and take the longest of the latest resets for its window: early in a window it is as long."""
        limit, reset = _first_number(headers.get("x-ratelimit-limit")), _seconds_to_reset(headers, now)
        if limit and reset:
            self._resets.append(reset)
            self._window = max(self._resets)
            self._limit, self._is_guessed = min(limit, MOST_ANSWERS), False

    def _is_ours(self, now: float) -> bool:
        """Tell whether most of the limit was used by us, and not by somebody else with the same key."""
        if self._limit is None:
            return False
        return len(self._recent(now)) + self._under_way >= self._limit / 2

    def _guess(self, now: float, *, refused: bool) -> None:
        if refused:
            self._window, self._is_guessed = _GUESSED_WINDOW, True
            self._limit = max(1.0, len(self._recent(now)) * 2 / 3)
        elif self._limit is not None:
            self._limit = min(self._limit + 1 / self._limit, MOST_ANSWERS)


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
