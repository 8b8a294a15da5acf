"""The simulated account, served by a process of its own, so that what it costs is nobody's.

    with served(Setting(orders=2_000)) as account:
        account.base_url()

Nothing large is imported here: the peak memory that the system reports for a new process is never less than that of
the process that started it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from served_account import ServedAccount

API_KEY = "KEY_SANDBOX_NOT_A_SECRET"


@dataclass(frozen=True)
class Setting:
    """How large the account is, and how its API answers."""

    orders: int
    latency_ms: float = 0
    rate_limit: int | None = None
    """Requests per second."""


class Request(NamedTuple):
    """One request to the API: when it came, on a clock of seconds without a date, and how it was answered."""

    at: float
    status: int


@dataclass(frozen=True)
class Errors:
    """How many rows of a table differ from what the API shows."""

    missing: int = 0
    stale: int = 0
    """Held with another status."""
    outdated: int = 0
    """Held with the right status and another `updated_at`."""
    doubled: int = 0
    extra: int = 0


class Account(Protocol):
    """What the serving process can be asked."""

    def base_url(self) -> str:
        """Return what clients take for Telnyx."""

    def now(self) -> str:
        """Return the account's present, ISO 8601."""

    def size(self) -> tuple[int, int]:
        """Count orders and events."""

    def advance(self, days: float) -> None:
        """Let time pass."""

    def take_requests(self) -> list[Request]:
        """Return the requests since this was last asked."""

    def judge(self, database: Path, tables: tuple[str, str]) -> tuple[Errors, Errors]:
        """Compare the orders and events of a warehouse with what the API shows now."""


def _account(setting: Setting) -> ServedAccount:
    from served_account import ServedAccount

    return ServedAccount(setting)


class _Manager(BaseManager):
    if TYPE_CHECKING:

        def account(self, setting: Setting) -> Account: ...


_Manager.register("account", _account)


@contextmanager
def served(setting: Setting) -> Iterator[Account]:
    """Serve an account from a new process; the same setting makes the same account."""
    with _Manager(ctx=get_context("spawn")) as manager:
        yield manager.account(setting)
