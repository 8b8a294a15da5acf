"""When orders arrive: by weekday, hour, mood of the day and slow growth, and now and then several at once.

Two halves: exactly so many instants before the world's first `now`, and hour by hour without an end after it.
"""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import accumulate

from .rng import dice

HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
TICKS_OF_AN_HOUR = HOUR // TICK
WEEKDAYS = (1.1, 1.2, 1.15, 1.1, 0.9, 0.2, 0.1)  # Monday first
HOURS = (
    3,
    2,
    1,
    1,
    1,
    1,
    1,
    2,
    3,
    4,
    5,
    6,
    8,
    11,
    14,
    15,
    15,
    14,
    14,
    13,
    11,
    9,
    6,
    4,
)  # UTC: American offices
FIRST_RATE = 0.6  # of the rate reached at the first `now`
BURST_SHARE = 0.05  # orders that share the instant of the one before


class Arrivals:
    """The instants at which orders are inserted, in whole milliseconds."""

    def __init__(self, seed: int, orders: int, starts_at: datetime, now: datetime) -> None:
        if starts_at >= now:
            raise ValueError("starts_at must lie before now")
        self._seed, self._orders, self._starts_at, self._now = seed, orders, starts_at, now
        self._moods: dict[date, float] = {}
        hours = math.ceil((now - starts_at) / HOUR)
        self._bounds = list(accumulate(self._weights(starts_at, hours)))

    def before_now(self) -> list[datetime]:
        """Return as many instants from `starts_at` to `now` as orders were asked for, oldest first."""
        rng = dice(self._seed, "arrivals")
        shots = sorted(rng.random() * self._bounds[-1] for _ in range(self._orders))
        instants: list[datetime] = []
        for shot in shots:
            together = instants and rng.random() < BURST_SHARE
            instants.append(instants[-1] if together else self._instant_of(shot))
        return instants

    def in_hour(self, hour: int) -> list[datetime]:
        """Return the instants within the given hour after the first `now` (0 is the first), oldest first."""
        rng = dice(self._seed, "hour", hour)
        start = self._now + hour * HOUR
        rate = self._orders / self._bounds[-1] * next(self._weights(start))
        instants: list[datetime] = []
        passed = rng.expovariate(rate) if rate else math.inf
        while passed < 1:
            instants.append(start + _whole_milliseconds(passed))
            passed += 0 if rng.random() < BURST_SHARE else rng.expovariate(rate)
        return instants

    def _instant_of(self, shot: float) -> datetime:
        hour = bisect(self._bounds, shot)
        floor = self._bounds[hour - 1] if hour else 0.0
        share = (shot - floor) / (self._bounds[hour] - floor)
        return min(self._starts_at + hour * HOUR + _whole_milliseconds(share), self._now)

    def _weights(self, start: datetime, hours: int = 1) -> Iterator[float]:
        """Weigh one hour after the other; a past of years has tens of thousands of them."""
        began, first_now = (start - self._starts_at) // TICK, (self._now - self._starts_at) // TICK
        weekday, mood = self._weekday_and_mood(start.date())
        for hour in range(start.hour, start.hour + hours):
            if hour % 24 == 0:
                weekday, mood = self._weekday_and_mood(start.date() + timedelta(days=hour // 24))
            age = began / first_now if began < first_now else 1.0
            yield weekday * HOURS[hour % 24] * mood * (FIRST_RATE + (1 - FIRST_RATE) * age)
            began += TICKS_OF_AN_HOUR

    def _weekday_and_mood(self, day: date) -> tuple[float, float]:
        return WEEKDAYS[day.weekday()], self._mood(day)

    def _mood(self, day: date) -> float:
        if day not in self._moods:
            rng = dice(self._seed, "day", day)
            kind = rng.random()
            self._moods[day] = 0.01 if kind < 0.04 else 3.0 if kind > 0.97 else rng.lognormvariate(0, 0.3)
        return self._moods[day]


def _whole_milliseconds(hours: float) -> timedelta:
    return timedelta(milliseconds=int(hours * 3_600_000))
