"""How long to wait: what the API's headers say about its limits, and the hold that follows from it.

Telnyx documents `x-ratelimit-reset` both as seconds to wait and as an epoch, and does not document Retry-After, which
proxies send as seconds or as a date. All four are understood; a date or an epoch is measured against the answer's own
Date header where it has one, so that a wrong clock on this machine does not matter.

A known limit, so many requests in a window of so many seconds, is used up and not overstepped: a request goes out when
the one that stands `limit` requests before it was answered a window ago. It reached the API before it was answered, so
whether the API counts from the first request, by the clock, over the last seconds or in a bucket, and however long a
request takes, no window holds more. Half the time of the quickest answer is taken off: a request cannot reach the API
as soon as it is sent, nor its answer us as soon as it is given. Once the limit was used up, requests go out one after
another, not all at once: they would wait for each other and be answered late.

Where an API refuses all the same, it weighs windows against each other, or somebody else uses the key: from then on
requests are spread over the whole window, and a few less are sent. Where it refuses without saying its limit, one is
guessed: a third less than what it has just answered, and one request more in each second without a refusal.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from portouts.api_clock import Clock, seconds_of

# A request is held back no longer than this, unless the client has more patience.
LONGEST_WAIT = 300.0
# No window of a limit is taken to be longer.
_LONGEST_WINDOW = 120.0
_LONGEST_TOLD = 366 * 86_400.0
# Answers remembered, and so the largest limit that is kept to.
MOST_ANSWERS = 10_000
_EPOCH_FLOOR = 1e9
_GUESSED_WINDOW = 1.0
# Of so many answers the longest reset counts, and the quickest: what was out of the common is forgotten again.
_LATEST = 200
# The first answers tell little of how quick one can be: each of them had to connect.
_ENOUGH_TIMES = 50
# Once the limit was used up, a window's requests are spread over so many seconds, not over all of it: under a limit per
# minute, short reads would wait.
_SPREAD = 1.0
# Shorter waits than this are lost in rounding, so that the clock would stand still.
_TICK = 0.001


class RateLimit:
    """Hold back the next request while the API says that none is left, or while the limit is used up."""

    def __init__(self, clock: Clock = Clock(), longest_wait: float = LONGEST_WAIT) -> None:  # noqa: B008  # it is frozen
        self._clock = clock
        self.longest_wait = longest_wait
        self._not_before = 0.0
        self._allowance = _Allowance()
        self._resets: deque[float] = deque(maxlen=_LATEST)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until one more request may go out; it is under way until the block ends."""
        while (seconds := self.seconds_held()) > 0:
            await self._clock.sleep(max(seconds, _TICK))
        sent = self._clock.now()
        self._allowance.send(sent)
        try:
            yield
        finally:
            self._allowance.answer(sent, self._clock.now())

    def seconds_held(self) -> float:
        """Say how long to wait before the limits are looked at again."""
        now = self._clock.now()
        # The bound is for a clock that is set back meanwhile: it must not prolong the hold.
        self._not_before = min(self._not_before, now + self.longest_wait)
        return min(max(self._not_before - now, self._allowance.seconds_until_next(now)), self.longest_wait)

    def learn(self, headers: Mapping[str, str], *, failed: bool = False, limited: bool = False) -> float | None:
        """Take in an answer's headers; return the seconds that it asks to wait, None where it does not say.

        Retry-After counts on an answer that failed. The reset of the limit counts only where the limit was reached,
        and not by our own requests, which are counted here: it stands on every answer, rounded up, and says nothing
        about how long a broken server takes to recover.
        """
        now = self._clock.now()
        self._learn_limit(headers, now)
        seconds = seconds_to_wait(headers, now) if failed else None
        remaining = _first_number(headers.get("x-ratelimit-remaining"))
        is_used_up = remaining == 0 and not self._allowance.is_half_used(now)
        if seconds is None and (limited or is_used_up):
            seconds = _seconds_to_reset(headers, now)
        if seconds is not None and seconds <= self.longest_wait:  # else the request that was refused ends it all
            self._not_before = max(self._not_before, now + seconds)
        if limited and not remaining:
            self._allowance.shrink(now, is_explained=seconds is not None)
        elif not limited:
            self._allowance.grow()
        return seconds

    def _learn_limit(self, headers: Mapping[str, str], now: float) -> None:
        """Read the limit, and take the longest of the latest resets for its window: early in a window it is as long."""
        limit, reset = _first_number(headers.get("x-ratelimit-limit")), _seconds_to_reset(headers, now)
        if limit and reset:
            self._resets.append(min(reset, _LONGEST_WINDOW))
            self._allowance.be_told(min(limit, MOST_ANSWERS), max(self._resets), now)


class _Allowance:
    """So many requests in a window of so many seconds: which were sent, and when the next may be. None is unbounded."""

    def __init__(self) -> None:
        self._told: float | None = None
        self._kept: float | None = None
        self._window = 0.0
        self._spread = 0.0
        self._shrinks_from = 0.0
        self._next = 0.0
        self._under_way = 0
        self._answered: deque[float] = deque(maxlen=MOST_ANSWERS)
        self._took: deque[float] = deque(maxlen=_LATEST)
        self._head_start = 0.0

    def send(self, now: float) -> None:
        self._under_way += 1
        # A request that goes out a little late does not make the next one late.
        self._next = max(self._next, now - self._gap / 2) + self._gap

    def answer(self, sent: float, now: float) -> None:
        self._under_way -= 1
        self._answered.append(now)
        self._took.append(now - sent)
        self._head_start = max(min(self._took), 0.0) / 2 if len(self._took) >= _ENOUGH_TIMES else 0.0

    def seconds_until_next(self, now: float) -> float:
        """Tell how long no request may go out; where that is not known yet, how long to wait before asking again."""
        if self._kept is None:
            return 0.0
        self._next = min(self._next, now + self._gap)  # of use where the clock was set back
        until_slot = max(self._next - now, 0.0)
        counted = self._counted(now)
        if len(counted) + self._under_way < max(1, int(self._kept)):
            return until_slot
        self._spread = max(self._spread, _SPREAD)
        # With all of them under way, one has to be answered before it is known when the next may go.
        until_free = counted[0] + self._counts_for - now if counted else self._window / 10
        return max(until_slot, until_free)

    def is_half_used(self, now: float) -> bool:
        """Tell whether most of the limit was used by us, and not by somebody else with the same key."""
        return self._kept is not None and len(self._counted(now)) + self._under_way >= self._kept / 2

    def be_told(self, limit: float, window: float, now: float) -> None:
        """Keep to what the API says. What was sent before it said so may be refused, and tells nothing."""
        if self._told != limit:
            self._kept, self._shrinks_from = limit, now + 2 * window
        self._told, self._window = limit, window

    def shrink(self, now: float, *, is_explained: bool) -> None:
        """Send less after a refusal: once a window a tenth, down to half of a limit that was told; else a third."""
        if self._told is None:
            if not is_explained:
                self._window, self._kept = _GUESSED_WINDOW, max(1.0, len(self._counted(now)) * 2 / 3)
        elif self._kept is not None and now >= self._shrinks_from:
            self._kept = max(1.0, self._kept * 0.9, self._told / 2)  # a proxy may refuse at random
            self._shrinks_from = now + self._window
            self._spread = self._window

    def grow(self) -> None:
        """Send more after an answer: as many of them as are sent in a window make one more, in ten of a told limit."""
        if self._kept is not None:
            step = 1.0 if self._told is None else 0.1
            self._kept = min(self._kept + step / self._kept, self._told or MOST_ANSWERS)

    @property
    def _gap(self) -> float:
        return min(self._window, self._spread) / self._kept if self._kept else 0.0

    @property
    def _counts_for(self) -> float:
        return self._window - self._head_start

    def _counted(self, now: float) -> deque[float]:
        """Forget the answers that are older than a window, or from before the clock was set back."""
        while self._answered and not 0 <= now - self._answered[0] < self._counts_for:
            self._answered.popleft()
        return self._answered


def seconds_to_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Read Retry-After, as seconds or as a date; None where there is none."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    number = _first_number(text) if re.fullmatch(r"[\d.]+", text) else None
    if number is not None:
        return _clamp(number)
    date = seconds_of(text)
    return None if date is None else _clamp(date - _server_now(headers, now))


def _seconds_to_reset(headers: Mapping[str, str], now: float) -> float | None:
    reset = _first_number(headers.get("x-ratelimit-reset"))
    if reset is None:
        return None
    if reset > _EPOCH_FLOOR * 1000:  # in milliseconds, as some languages count
        reset /= 1000
    return _clamp(reset - _server_now(headers, now) if reset > _EPOCH_FLOOR else reset)


def _server_now(headers: Mapping[str, str], now: float) -> float:
    return seconds_of(headers.get("date", "")) or now


def _first_number(text: str | None) -> float | None:
    """Read the first number of a header that may hold a list, such as `20, 20;window=1`."""
    found = re.search(r"\d+(\.\d+)?", text or "")
    return float(found[0]) if found else None


def _clamp(seconds: float) -> float:
    return min(max(seconds, 0.0), _LONGEST_TOLD)
