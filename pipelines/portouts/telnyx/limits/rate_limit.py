"""The rate limit: determines when the next request may go out, from the API's headers and its refusals.

At most `limit` requests per window: request n waits until request n - limit was answered one window ago. Here the limit
is 3, `=` is in flight, and `.` is the time for which an answered request still counts:

    1  ===....................|
    2     ===....................|
    3        ===....................|
    4                         ===           waits for the end of 1
    5                            ===        waits for the end of 2, and for the gap after 4

An answered request counts for one window, less half of the quickest round trip: no request reaches the API as soon as
it is sent. So no window of the API holds more than the limit, whether it counts from the first request, by the clock,
over the last seconds or in a bucket. The gap begins once the limit was used up: requests that go out together wait for
each other.

A refusal (429) lowers the limit and each answer raises it a little: additive increase, multiplicative decrease. A limit
that the API does not state begins as a guess. Refusals that the pace does not cause lower nothing: see `Refusals`.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from portouts.logs import DEBUG, log
from portouts.telnyx.clock import Clock, parse_http_date
from portouts.telnyx.limits.refusals import Refusals

# A request is held back for so many seconds at most, unless the limit is made with another bound.
LONGEST_WAIT = 300.0
# A reset that lies further ahead is taken for a window of so many seconds.
_LONGEST_WINDOW = 120.0
_LONGEST_STATED = 366 * 86_400.0
# So many answers are remembered, so the limit cannot be larger.
_MOST_ANSWERS = 10_000
_EPOCH_FLOOR = 1e9
_GUESSED_WINDOW = 1.0
# The longest reset and the quickest round trip are those of so many answers: an exception is forgotten again.
_LATEST = 200
# The first round trips do not show how quick one can be: each of them had to connect.
_ENOUGH_ROUND_TRIPS = 50
# The requests of a window are spread over so many seconds. Spread over all of it, short reads would wait under a limit
# per minute.
_SPREAD = 1.0
# A limit below this share of an earlier one does not cause the same refusals.
_CLEARLY_LOWER = 0.85
# After so many answers without a refusal, none is expected at random any more.
_MANY_ANSWERS = 50
# Longer waits than this are logged.
_WORTH_A_LINE = 1.0
# Shorter waits than this are lost in rounding, so that the clock would stand still.
_TICK = 0.001


class RateLimit:
    """Hold back the next request while the API says that none is left, or while the limit is used up."""

    def __init__(self, clock: Clock = Clock(), longest_wait: float = LONGEST_WAIT) -> None:  # noqa: B008  # it is frozen
        self.longest_wait = longest_wait
        self.clock = clock
        self.limit = AdaptiveLimit()
        self._window = SlidingWindow()
        self._spacing = Spacing()
        self._refusals = Refusals()
        self._held_until = 0.0

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait until one more request may go out; it is in flight until the block ends."""
        while (seconds := self.seconds_held()) > 0:
            if seconds >= _WORTH_A_LINE:
                log("held", level=DEBUG, seconds=round(seconds, 3))
            await self.clock.sleep(max(seconds, _TICK))
        sent_at = self.clock.now()
        self._window.send()
        self._spacing.send(sent_at, self.limit)
        try:
            yield
        finally:
            self._window.answer(sent_at, self.clock.now())

    def seconds_held(self) -> float:
        """Return how long to wait before the limit is looked at again."""
        now = self.clock.now()
        # The bound is for a clock that is set back meanwhile: it must not prolong the hold.
        self._held_until = min(self._held_until, now + self.longest_wait)
        return min(max(self._held_until - now, self._seconds_until_next(now)), self.longest_wait)

    def _seconds_until_next(self, now: float) -> float:
        limit = self.limit
        if limit.current_limit is None:
            return 0.0
        until_gap = self._spacing.seconds_left(now, limit)
        until_free = self._window.seconds_until_free(now, max(1, int(limit.current_limit)), limit.window)
        if until_free > 0:
            self._spacing.spread = max(self._spacing.spread, _SPREAD)
        return max(until_gap, until_free)

    def learn(self, headers: Mapping[str, str], *, failed: bool = False, limited: bool = False) -> float | None:
        """Read an answer's headers; return the seconds that the API asks to wait, None if it asks for none.

        Retry-After counts on an answer that failed. The reset stands on every answer, rounded up, and does not say how
        long a broken server takes to recover. So it counts only if the limit was reached, and not by our own requests,
        which are counted here. A wait holds every request, unless the API refuses some at random: then it holds the
        refused one alone.
        """
        now = self.clock.now()
        reset, remaining = _seconds_to_reset(headers, now), _first_number(headers.get("x-ratelimit-remaining"))
        self.limit.set_limit(_first_number(headers.get("x-ratelimit-limit")), reset, now)
        seconds = seconds_to_wait(headers, now) if failed else None
        self._refusals.add(is_refused=limited)
        is_reached = not remaining if limited else remaining == 0 and not self._is_half_used(now)
        if seconds is None and is_reached:
            seconds = reset
        is_for_all = not limited or remaining == 0 or not self._refusals.are_scattered
        if is_for_all and seconds is not None and seconds <= self.longest_wait:  # a longer one fails the request
            self._held_until = max(self._held_until, now + seconds)
        if not limited:
            self.limit.increase(self._refusals.answers_since)
        elif not remaining:
            self._decrease(now, is_explained=seconds is not None)
        return seconds

    def _is_half_used(self, now: float) -> bool:
        """Return whether most of the limit was used by us, and not by another program with the same key."""
        limit = self.limit
        return limit.current_limit is not None and self._window.used(now, limit.window) >= limit.current_limit / 2

    def _decrease(self, now: float, *, is_explained: bool) -> None:
        limit = self.limit
        if limit.stated_limit is not None:
            if limit.decrease(now):
                self._spacing.spread = limit.window
        elif not is_explained:
            limit.guess(self._window.answered(now, limit.window), self._refusals)


@dataclass
class AdaptiveLimit:
    """The requests that a window may hold: additive increase, multiplicative decrease."""

    stated_limit: float | None = None
    current_limit: float | None = None
    """None: unbounded."""
    _resets: deque[float] = field(default_factory=lambda: deque(maxlen=_LATEST))
    _decreases_from: float = 0.0
    _refused_at: float = 0.0
    """The limit when a refusal last lowered it."""
    _is_refused_at_random: bool = False

    @property
    def window(self) -> float:
        """The longest of the latest resets: early in a window, the reset is as long as the window."""
        return max(self._resets, default=_GUESSED_WINDOW)

    def set_limit(self, limit: float | None, reset: float | None, now: float) -> None:
        """Adopt the limit that an answer states. For two windows, refusals do not lower it: it was not known before."""
        if not (limit and reset):
            return
        limit = min(limit, _MOST_ANSWERS)
        self._resets.append(min(reset, _LONGEST_WINDOW))
        if self.stated_limit != limit:
            self.stated_limit = self.current_limit = limit
            self._decreases_from = now + 2 * self.window

    def increase(self, answers_since_refusal: int) -> None:
        """Allow one more request per window of successes; per ten windows if the API states its limit."""
        if answers_since_refusal >= _MANY_ANSWERS:
            self._is_refused_at_random = False
        if self.current_limit is not None:
            step = 1.0 if self.stated_limit is None else 0.1
            self.current_limit = min(self.current_limit + step / self.current_limit, self.stated_limit or _MOST_ANSWERS)

    def decrease(self, now: float) -> bool:
        """Take a tenth off a stated limit, once per window and down to its half; return whether it was done."""
        if self.stated_limit is None or self.current_limit is None or now < self._decreases_from:
            return False
        # Not below its half: a proxy may refuse at random.
        self.current_limit = max(1.0, self.current_limit * 0.9, self.stated_limit / 2)
        self._decreases_from = now + self.window
        return True

    def guess(self, answered: int, refusals: Refusals) -> None:
        """Set a limit that the API does not state: a third less than it has just answered.

        Refusals that are scattered and go on at a clearly lower pace come at random, so they lower nothing until the
        limit is full or many requests were answered.
        """
        pace = self.current_limit
        if pace is None or refusals.are_of_a_full_limit:
            pace, self._refused_at, self._is_refused_at_random = 0.0, 0.0, False
        elif refusals.are_scattered and pace < self._refused_at * _CLEARLY_LOWER:
            self._is_refused_at_random = True
        elif not self._is_refused_at_random:
            self._refused_at = pace
        if not self._is_refused_at_random:
            self.current_limit = max(1.0, max(answered, pace / 2) * 2 / 3)


@dataclass
class SlidingWindow:
    """The requests that count at the API now: those in flight, and those answered within the window."""

    in_flight: int = 0
    _answered_at: deque[float] = field(default_factory=lambda: deque(maxlen=_MOST_ANSWERS))
    _round_trips: deque[float] = field(default_factory=lambda: deque(maxlen=_LATEST))

    def send(self) -> None:
        self.in_flight += 1

    def answer(self, sent_at: float, now: float) -> None:
        self.in_flight -= 1
        self._answered_at.append(now)
        self._round_trips.append(now - sent_at)

    def answered(self, now: float, window: float) -> int:
        """Count the answered requests; drop those older than the window, or from before a clock was set back."""
        counts_for = self._counts_for(window)
        while self._answered_at and not 0 <= now - self._answered_at[0] < counts_for:
            self._answered_at.popleft()
        return len(self._answered_at)

    def used(self, now: float, window: float) -> int:
        return self.answered(now, window) + self.in_flight

    def seconds_until_free(self, now: float, limit: int, window: float) -> float:
        """Return how long to wait for a place; 0 if there is one."""
        if self.used(now, window) < limit:
            return 0.0
        if not self._answered_at:
            return window / 10  # all are in flight; when a place is free is known once one is answered
        return self._answered_at[0] + self._counts_for(window) - now

    def _counts_for(self, window: float) -> float:
        is_known = len(self._round_trips) >= _ENOUGH_ROUND_TRIPS
        return window - max(min(self._round_trips), 0.0) / 2 if is_known else window


@dataclass
class Spacing:
    """The gap between two requests, once the limit was used up."""

    spread: float = 0.0
    """Seconds over which the requests of a window are spread; no more than the window itself."""
    _next_at: float = 0.0

    def send(self, now: float, limit: AdaptiveLimit) -> None:
        gap = self._gap(limit)
        # A request that goes out a little late does not make the next one late.
        self._next_at = max(self._next_at, now - gap / 2) + gap

    def seconds_left(self, now: float, limit: AdaptiveLimit) -> float:
        self._next_at = min(self._next_at, now + self._gap(limit))  # the clock may have been set back
        return max(self._next_at - now, 0.0)

    def _gap(self, limit: AdaptiveLimit) -> float:
        return min(limit.window, self.spread) / limit.current_limit if limit.current_limit else 0.0


def seconds_to_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Read Retry-After, as seconds or as a date; return None if it is missing or unreadable.

    Telnyx does not document it, but proxies send it. A date is compared with the answer's own `Date`, so a wrong clock
    of this machine does not matter.
    """
    text = headers.get("retry-after", "").strip()
    number = _first_number(text) if re.fullmatch(r"[\d.]+", text) else None
    if number is not None:
        return _clamp(number)
    date = parse_http_date(text)
    return None if date is None else _clamp(date - _server_now(headers, now))


def _seconds_to_reset(headers: Mapping[str, str], now: float) -> float | None:
    """Read `x-ratelimit-reset`, which Telnyx documents as seconds to wait and also as seconds since 1970."""
    reset = _first_number(headers.get("x-ratelimit-reset"))
    if reset is None:
        return None
    if reset > _EPOCH_FLOOR * 1000:  # milliseconds
        reset /= 1000
    return _clamp(reset - _server_now(headers, now) if reset > _EPOCH_FLOOR else reset)


def _server_now(headers: Mapping[str, str], now: float) -> float:
    return parse_http_date(headers.get("date", "")) or now


def _first_number(text: str | None) -> float | None:
    """Read the first number of a header that may hold a list, such as `20, 20;window=1`."""
    found = re.search(r"\d+(\.\d+)?", text or "")
    return float(found[0]) if found else None


def _clamp(seconds: float) -> float:
    return min(max(seconds, 0.0), _LONGEST_STATED)
