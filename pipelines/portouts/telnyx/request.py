"""One request to the API, and its text for logs and errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from portouts.telnyx.limits.deadlines import TimeBudget

ATTEMPTS = 8
LATER = "Run the sync again later."
_HARMLESS = re.compile(r"page\[\w+\]|filter\[status\]|sort|filter\[\w+_at\]\[[gl]te\]")

T = TypeVar("T")


@dataclass(frozen=True)
class Request(Generic[T]):
    """One GET with all its tries."""

    path: str
    params: Mapping[str, str]
    parse: Callable[[bytes, str | None], T]
    """Parses a body with the charset from the reply's headers; raises `UnreadableBody`."""
    budget: TimeBudget
    unreadable: set[bytes] = field(default_factory=set)
    """Bodies that could not be read. A complete body that comes twice will not change, so it is not requested again."""

    def __str__(self) -> str:
        """Return the request for logs and errors, without values that may be personal."""
        query = ", ".join(
            f"{name}={value if _HARMLESS.fullmatch(name) else '…'}" for name, value in self.params.items()
        )
        return f"{self.path} ({query})" if query else self.path
