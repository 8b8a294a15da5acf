"""One request to the API, and how it is shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from portouts.telnyx.limits.deadlines import TimeBudget

ATTEMPTS = 8
LATER = "Run the sync again later."
_HARMLESS = re.compile(r"page\[\w+\]|filter\[status\]|filter\[\w+_at\]\[[gl]te\]")

T = TypeVar("T")


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
