"""Counts a command's requests to the API and measures the seconds of each phase, also if the command fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from portouts.logs import DEBUG, log


@dataclass
class Traffic:
    """Requests and how they were answered; each retry counts as one more request."""

    requests: int = 0
    limited: int = 0
    """Answers 429: the rate limit of the API was exceeded."""
    failed: int = 0
    """Answers 5xx, 408 and 425: the API could not answer."""
    unanswered: int = 0
    """No complete answer: the connection failed or ended, or nothing came in time."""
    retries: int = 0

    @property
    def refusals(self) -> int:
        """Return how many requests got no usable answer."""
        return self.limited + self.failed + self.unanswered

    def add(self, request: object, status: int | None, seconds: float) -> None:
        """Count a request with the status of its answer; None if there was no complete answer."""
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
    """The requests and the phases of one command."""

    clock: Callable[[], float] = time.monotonic
    """A clock that is never set back, unlike the time of day."""
    traffic: Traffic = field(default_factory=Traffic)
    phases: dict[str, float] = field(default_factory=dict)
    """Phase → seconds, in the order in which the phases began; a repeated phase has the sum."""
    _is_within: bool = False

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure a phase, also if it fails. A phase inside another phase counts towards the outer one."""
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
