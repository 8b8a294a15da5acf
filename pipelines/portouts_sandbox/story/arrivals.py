"""When orders arrive: by weekday, by hour, with busy and silent days and slow growth. Some share one instant.

There are two parts: an exact number of instants before the world's first `now`, and after it one hour at a time,
without an end.
"""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import accumulate

from .rng import rng_for

HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
MICROSECONDS_PER_HOUR = HOUR // MICROSECOND
WEEKDAY_WEIGHTS = (1.1, 1.2, 1.15, 1.1, 0.9, 0.2, 0.1)  # Monday first
HOUR_WEIGHTS = (3, 2, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 8, 11, 14, 15, 15, 14, 14, 13, 11, 9, 6, 4)  # UTC: American offices
INITIAL_RATE = 0.6  # the rate at the start, as a share of the rate at the first `now`
BURST_SHARE = 0.05  # share of orders that have the same instant as the order before


class Arrivals:
    """The instants at which orders are inserted, in whole milliseconds."""

    def __init__(self, seed: int, orders: int, starts_at: datetime, now: datetime) -> None:
        if starts_at >= now:
            raise ValueError("starts_at must lie before now")
        self._seed, self._orders, self._starts_at, self._now = seed, orders, starts_at, now
        self._day_weights: dict[date, float] = {}
        hours = math.ceil((now - starts_at) / HOUR)
        self._cumulative_weights = list(accumulate(self._weights(starts_at, hours)))

    def before_now(self) -> list[datetime]:
        """Return one instant per order between `starts_at` and the first `now`, oldest first."""
        rng = rng_for(self._seed, "arrivals")
        draws = sorted(rng.random() * self._cumulative_weights[-1] for _ in range(self._orders))
        instants: list[datetime] = []
        for draw in draws:
            is_burst = instants and rng.random() < BURST_SHARE
            instants.append(instants[-1] if is_burst else self._instant_at(draw))
        return instants

    def in_hour(self, hour: int) -> list[datetime]:
        """Return the instants within an hour after the first `now` (0 is the first hour), oldest first."""
        rng = rng_for(self._seed, "hour", hour)
        start = self._now + hour * HOUR
        rate = self._orders / self._cumulative_weights[-1] * next(self._weights(start))
        instants: list[datetime] = []
        elapsed = rng.expovariate(rate) if rate else math.inf
        while elapsed < 1:
            instants.append(start + _whole_milliseconds(elapsed))
            elapsed += 0 if rng.random() < BURST_SHARE else rng.expovariate(rate)
        return instants

    def _instant_at(self, cumulative_weight: float) -> datetime:
        hour = bisect(self._cumulative_weights, cumulative_weight)
        floor = self._cumulative_weights[hour - 1] if hour else 0.0
        share = (cumulative_weight - floor) / (self._cumulative_weights[hour] - floor)
        return min(self._starts_at + hour * HOUR + _whole_milliseconds(share), self._now)

    def _weights(self, start: datetime, hours: int = 1) -> Iterator[float]:
        """Yield the weight of each hour from `start` on: tens of thousands for a history of years."""
        age, full_age = (start - self._starts_at) // MICROSECOND, (self._now - self._starts_at) // MICROSECOND
        weekday, day = self._weights_of_day(start.date())
        for hour in range(start.hour, start.hour + hours):
            if hour % 24 == 0:
                weekday, day = self._weights_of_day(start.date() + timedelta(days=hour // 24))
            growth = age / full_age if age < full_age else 1.0
            yield weekday * HOUR_WEIGHTS[hour % 24] * day * (INITIAL_RATE + (1 - INITIAL_RATE) * growth)
            age += MICROSECONDS_PER_HOUR

    def _weights_of_day(self, day: date) -> tuple[float, float]:
        return WEEKDAY_WEIGHTS[day.weekday()], self._day_weight(day)

    def _day_weight(self, day: date) -> float:
        """Draw whether a day is nearly silent, very busy or ordinary."""
        if day not in self._day_weights:
            rng = rng_for(self._seed, "day", day)
            kind = rng.random()
            self._day_weights[day] = 0.01 if kind < 0.04 else 3.0 if kind > 0.97 else rng.lognormvariate(0, 0.3)
        return self._day_weights[day]


def _whole_milliseconds(hours: float) -> timedelta:
    return timedelta(milliseconds=int(hours * 3_600_000))
