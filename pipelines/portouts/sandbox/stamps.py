"""Instants as the API writes them, and as it reads them in filters.

One surprise: the API has written orders in two styles over the years and events in a third; all are UTC.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime


def write_seconds(at: datetime) -> str:
    """Write an instant as the oldest orders do: `2022-04-26T15:50:15+00:00`."""
    return at.isoformat(timespec="seconds")


def write_milliseconds(at: datetime) -> str:
    """Write an instant as newer orders do: `2018-02-02T22:25:27.521Z`."""
    return at.isoformat(timespec="milliseconds")[:-6] + "Z"


def write_microseconds(at: datetime) -> str:
    """Write an instant as events do: `2021-03-19T10:07:15.527000Z`."""
    return at.isoformat(timespec="microseconds")[:-6] + "Z"


def writer_like(sample: str) -> Callable[[datetime], str]:
    """Return the writer of an order's style, which another of its timestamps shows."""
    return write_milliseconds if sample.endswith("Z") else write_seconds


def read_instant(text: str) -> datetime:
    """Read an ISO 8601 instant or date, UTC unless it says otherwise; ValueError if it is neither."""
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
