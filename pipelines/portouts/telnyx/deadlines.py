"""How long to wait for the API: what one request and one sync may take, and what is said and done meanwhile.

A request takes the time of its tries and of the waits between them. The time in which it only waits for its turn,
because a rate limit is used up, does not count: a first load under a limit may take hours.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from portouts.errors import PortoutsError

DEFAULT_REQUEST_SECONDS = 300
# Whoever asks to stop waits no longer than this for what is being read, once no answer comes.
QUIET = 1.25
# After so many seconds without an answer the reason is shown, and the same one again only after so many.
SHOWN_AFTER, SHOWN_AGAIN_AFTER = 2.0, 300.0
_LOOK_EVERY = 0.25
_UNITS = (("days", 86_400), ("hours", 3_600), ("minutes", 60))

T = TypeVar("T")


class Interrupted(PortoutsError):
    """The sync was asked to stop."""


@dataclass
class Deadline:
    """What is left of a sync's time, and when the API was last heard; shared by all clients of one sync."""

    request_seconds: float = DEFAULT_REQUEST_SECONDS
    sync_seconds: float | None = None
    """None: however long it takes."""
    is_stopping: Callable[[], bool] = lambda: False
    on_wait: Callable[[str], None] = lambda _reason: None
    clock: Callable[[], float] = time.monotonic
    has_answered: bool = False
    """Something answers at this address, whatever it says."""
    reason: str = ""
    """Why the last try failed; empty where none has since the last good answer."""
    _began_at: float = field(init=False)
    _heard_at: float = field(init=False)
    _quiet_looks: int = field(init=False, default=0)
    _shown: dict[str, float] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._began_at = self._heard_at = self.clock()

    def hear(self) -> None:
        """Note a good answer."""
        self._heard_at, self.reason = self.clock(), ""

    def seconds_left(self) -> float | None:
        """Say how much of the sync's time is left; None where it has no bound."""
        return None if self.sync_seconds is None else self.sync_seconds - (self.clock() - self._began_at)

    def allows(self, seconds: float) -> bool:
        """Return whether the sync has so much time left."""
        left = self.seconds_left()
        return left is None or seconds < left

    def look(self, waits_for: Callable[[], str]) -> None:
        """Show what is waited for, once no answer has come for a while; raise `Interrupted` if asked to stop then."""
        quiet_for = self.clock() - self._heard_at
        # One look is not enough: answers may lie there that this process was too busy to take.
        self._quiet_looks = self._quiet_looks + 1 if quiet_for > QUIET else 0
        if self._quiet_looks > 1 and self.is_stopping():
            raise Interrupted(
                f"Stopped as asked, while waiting: {waits_for()}. What was loaded is kept; run the sync again to go on."
            )
        if quiet_for > SHOWN_AFTER:
            self._show(waits_for())

    def _show(self, reason: str) -> None:
        now = self.clock()
        if now - self._shown.get(reason, -SHOWN_AGAIN_AFTER) >= SHOWN_AGAIN_AFTER:
            self._shown[reason] = now
            self.on_wait(reason)

    async def attend(self, work: Coroutine[Any, Any, T] | asyncio.Task[T], waits_for: Callable[[], str]) -> T:
        """Await `work`, looking at it all the while."""
        self._heard_at = self.clock()
        task = asyncio.ensure_future(work)
        try:
            while not (await asyncio.wait([task], timeout=_LOOK_EVERY))[0]:
                self.look(waits_for)
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait([task])
        return task.result()


@dataclass
class TimeBudget:
    """What one request has taken so far."""

    most: float
    spent: float = 0.0

    @property
    def left(self) -> float:
        return self.most - self.spent

    def allows(self, seconds: float) -> bool:
        return seconds < self.left


def in_words(seconds: float) -> str:
    """Write a length of time in the largest unit of which it has two, rounded up."""
    unit, length = next((unit for unit in _UNITS if seconds >= 2 * unit[1]), ("seconds", 1))
    count = math.ceil(seconds / length)
    return f"{count} {unit if count != 1 else 'second'}"
