"""The world's clock, and what is to happen when it moves on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count

Happening = Callable[[], None]


class Clock:
    """Stands still until it is moved; then what is due happens in the order of time, equals as planned."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._heap: list[tuple[datetime, int, Happening]] = []
        self._tickets = count()

    def at(self, when: datetime, happening: Happening) -> None:
        """Let something happen: at once if its time has come, else when the clock gets there."""
        if when <= self.now:
            happening()
        else:
            heappush(self._heap, (when, next(self._tickets), happening))

    def advance(self, by: timedelta) -> None:
        """Move the clock on."""
        self.move_to(self.now + by)

    def move_to(self, now: datetime) -> None:
        """Move the clock to an instant that is not before the present one, else ValueError.

        What happens finds the clock at its destination, however far that lies.
        """
        if now < self.now:
            raise ValueError(f"the clock stands at {self.now}, it never goes back to {now}")
        self.now = now
        while self._heap and self._heap[0][0] <= now:
            heappop(self._heap)[2]()
