"""Deadlines: how long one request and one sync may take, and what happens while no answer comes.

A request takes the time of its tries and of the waits between them. The time for which a rate limit holds it back does
not count: a first load under a limit may take hours.
"""

from __future__ import annotations

import asyncio
import math
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from portouts.errors import Interrupted
from portouts.measures import Traffic
from portouts.telnyx.defaults import REQUEST_SECONDS

# A sync that is asked to stop ends as soon as no answer has come for so many seconds.
QUIET = 1.25
# The reason is shown after so many seconds without an answer, and shown again only after so many.
SHOWN_AFTER, SHOWN_AGAIN_AFTER = 2.0, 300.0
_LOOK_EVERY = 0.25
_UNITS = (("days", 86_400), ("hours", 3_600), ("minutes", 60))

T = TypeVar("T")


@dataclass
class Deadline:
    """How long a request and a sync may take; the sync begins when this is made."""

    request_seconds: float = REQUEST_SECONDS
    sync_seconds: float | None = None
    """None: no limit."""
    most_tries: int = sys.maxsize
    """A request is tried no more often than this."""
    request_bound: str = "request_deadline_seconds"
    """What bounds `request_seconds`, for a message."""
    clock: Callable[[], float] = time.monotonic
    _began_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._began_at = self.clock()

    def seconds_left(self) -> float | None:
        """Return how much of the sync's time is left; None where it has no limit."""
        return None if self.sync_seconds is None else self.sync_seconds - (self.clock() - self._began_at)

    def allows(self, seconds: float) -> bool:
        """Return whether the sync has so much time left."""
        left = self.seconds_left()
        return left is None or seconds < left


@dataclass
class TimeBudget:
    """How long one request may take, and how long it has taken so far."""

    seconds: float
    spent: float = 0.0

    @property
    def left(self) -> float:
        return self.seconds - self.spent

    def allows(self, seconds: float) -> bool:
        return seconds < self.left

    def spend(self, seconds: float) -> None:
        self.spent += seconds


@dataclass
class Watch:
    """Watches a sync wait for answers: shows the reason, and ends the wait when the sync is asked to stop.

    All clients of one sync share it, and report their answers and failures to it.
    """

    is_stopping: Callable[[], bool] = lambda: False
    on_wait: Callable[[str], None] = lambda _reason: None
    clock: Callable[[], float] = time.monotonic
    has_answered: bool = False
    """Something answers at this address, even if only with errors."""
    last_failure: str = ""
    """Why the last try failed; empty if none has failed since the last answer."""
    traffic: Traffic = field(default_factory=Traffic)
    _answered_at: float = field(init=False)
    _quiet_looks: int = field(init=False, default=0)
    _shown_at: dict[str, float] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._answered_at = self.clock()

    def note_answer(self) -> None:
        """Note an answer that is whole, or a refusal."""
        self._answered_at, self.last_failure = self.clock(), ""

    async def attend(self, work: Coroutine[Any, Any, T] | asyncio.Task[T], reason: Callable[[], str]) -> T:
        """Await `work`, and `look` every quarter of a second; `reason` returns why no answer comes."""
        self._answered_at = self.clock()
        task = asyncio.ensure_future(work)
        try:
            while not (await asyncio.wait([task], timeout=_LOOK_EVERY))[0]:
                self.look(reason)
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait([task])
        return task.result()

    def look(self, reason: Callable[[], str]) -> None:
        """Show the reason if no answer has come for a while; raise `Interrupted` if the sync is asked to stop then."""
        quiet_for = self.clock() - self._answered_at
        # One look is not enough: this process may have been too busy to take answers that have come.
        self._quiet_looks = self._quiet_looks + 1 if quiet_for > QUIET else 0
        if self._quiet_looks > 1 and self.is_stopping():
            raise Interrupted(
                f"Stopped as asked, while waiting: {reason()}. What was loaded is kept; run the sync again to go on."
            )
        if quiet_for > SHOWN_AFTER:
            self._show(reason())

    def _show(self, reason: str) -> None:
        now = self.clock()
        if now - self._shown_at.get(reason, -SHOWN_AGAIN_AFTER) >= SHOWN_AGAIN_AFTER:
            self._shown_at[reason] = now
            self.on_wait(reason)


def format_duration(seconds: float) -> str:
    """Write a duration in the largest unit of which it has at least two, rounded up."""
    unit, length = next((unit for unit in _UNITS if seconds >= 2 * unit[1]), ("seconds", 1))
    count = math.ceil(seconds / length)
    return f"{count} {unit if count != 1 else 'second'}"
