"""What a command has done so far, also if it fails then: requests to the API, and seconds of each phase."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from portouts.logs import DEBUG, log


@dataclass
class Traffic:
    """Requests, and how they were answered; a request that is tried again counts once more."""

    requests: int = 0
    limited: int = 0
    """Answers 429: the API's rate limit was overstepped."""
    failed: int = 0
    """Answers 5xx, 408 and 425: the API could not answer."""
    unanswered: int = 0
    """No whole answer: the connection failed or ended, or nothing came in time."""
    retries: int = 0

    @property
    def refusals(self) -> int:
        """Return how many requests brought no usable answer."""
        return self.limited + self.failed + self.unanswered

    def add(self, request: object, status: int | None, seconds: float) -> None:
        """Count a request that was answered so; None for no whole answer."""
        self.requests += 1
        if status is None:
            self.unanswered += 1
        elif status == 429:
            self.limited += 1
        elif status in (408, 425) or status >= 500:
            self.failed += 1
        log("request", level=DEBUG, request=request, status=status, seconds=round(seconds, 3))


@dataclass
class Measures:
    """What one command has done so far."""

    clock: Callable[[], float] = time.monotonic
    """Never set back, unlike the time of day."""
    traffic: Traffic = field(default_factory=Traffic)
    phases: dict[str, float] = field(default_factory=dict)
    """Seconds by phase, in the order in which they began; a phase that came twice has the sum."""
    _is_within: bool = False

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure a phase, also one that fails; what comes within another phase belongs to that one."""
        if self._is_within:
            yield
            return
        began_at, self._is_within = self.clock(), True
        self.phases.setdefault(name, 0.0)
        try:
            yield
        finally:
            self._is_within = False
            seconds = self.clock() - began_at
            self.phases[name] = round(self.phases[name] + seconds, 3)
            log("phase", level=DEBUG, phase=name, seconds=round(seconds, 3))
