"""What a simulated account is and can be asked; `account_server` serves one from a process of its own.

Nothing large is imported here: the peak memory that the system reports for a new process is never less than that of
the process that started it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

API_KEY = "KEY_SANDBOX_NOT_A_SECRET"


@dataclass(frozen=True)
class Setting:
    """The size of the account, and how its API answers."""

    orders: int
    latency_ms: float = 0
    rate_limit: int | None = None
    """Requests per second."""


class Request(NamedTuple):
    """One request to the API: when it arrived, in seconds of a monotonic clock, and the status of its response."""

    at: float
    status: int


@dataclass(frozen=True)
class Errors:
    """The number of rows of a table that differ from what the API shows."""

    missing: int = 0
    stale: int = 0
    """The status differs."""
    outdated: int = 0
    """The status is right, `updated_at` differs."""
    doubled: int = 0
    extra: int = 0


class Account(Protocol):
    """A simulated account in the process that serves it."""

    def base_url(self) -> str:
        """Return the URL that clients use in place of Telnyx's."""

    def now(self) -> str:
        """Return the present of the account's clock, ISO 8601."""

    def size(self) -> tuple[int, int]:
        """Return the number of orders and of events."""

    def advance(self, days: float) -> None:
        """Move the account's clock forward."""

    def take_requests(self) -> list[Request]:
        """Return the requests since the previous call."""

    def compare(self, database: Path, tables: tuple[str, str]) -> tuple[Errors, Errors]:
        """Compare the orders and events of a DuckDB file with what the API shows now."""
