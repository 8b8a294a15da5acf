"""One request to the API, how it is shown, and how a try of it fails."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from portouts.telnyx.limits.deadlines import TimeBudget, format_duration

ATTEMPTS = 8
LATER = "Run the sync again later."
_HARMLESS = re.compile(r"page\[\w+\]|filter\[status\]|filter\[\w+_at\]\[[gl]te\]")

T = TypeVar("T")


class FailedTry(Exception):
    """One failed try; another may succeed. `wait` is the number of seconds that the API requests in `header`."""

    def __init__(
        self,
        message: str,
        wait: float | None = None,
        *,
        advice: str = LATER,
        attempts: int = ATTEMPTS,
        header: str = "",
    ) -> None:
        super().__init__(message)
        self.reason = f"{message}: Telnyx asks to wait {format_duration(wait)} ({header})" if wait else message
        self.wait = wait
        self.advice = advice
        self.attempts = attempts


@dataclass(frozen=True)
class Request(Generic[T]):
    """One GET with all its tries."""

    path: str
    params: Mapping[str, str]
    parse: Callable[[bytes, str | None], T]
    """Takes a body and the charset that its sender names; raises `UnreadableBody`."""
    budget: TimeBudget
    unreadable: set[bytes] = field(default_factory=set)
    """Bodies that could not be read: a complete one that comes a second time will not change."""

    def __str__(self) -> str:
        """Write the request for logs and errors; only the parameters of all reading have values that nobody minds."""
        query = ", ".join(
            f"{name}={value if _HARMLESS.fullmatch(name) else '…'}" for name, value in self.params.items()
        )
        return f"{self.path} ({query})" if query else self.path
