"""The world's clock, and the callbacks that run when it is moved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count

Callback = Callable[[], None]


class Clock:
    """Stands still until it is moved, then runs the callbacks that are due: by time, then as they were scheduled."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._scheduled: list[tuple[datetime, int, Callback]] = []
        self._sequence = count()

    def call_at(self, when: datetime, callback: Callback) -> None:
        """Run a callback at once if its time has come, else when the clock reaches it."""
        if when <= self.now:
            callback()
        else:
            heappush(self._scheduled, (when, next(self._sequence), callback))

    def advance(self, by: timedelta) -> None:
        """Move the clock forward."""
        self.move_to(self.now + by)

    def move_to(self, now: datetime) -> None:
        """Move the clock to an instant; ValueError if that lies before the present one.

        Every callback sees the clock at its destination, not at the time for which it was scheduled.
        """
        if now < self.now:
            raise ValueError(f"the clock stands at {self.now}, it never goes back to {now}")
        self.now = now
        while self._scheduled and self._scheduled[0][0] <= now:
            heappop(self._scheduled)[2]()
