"""Instants as text: how the API writes them in rows, and how it reads them in filters.

The surprise: over the years the API has written orders in two formats, and it writes events in a third. All are UTC.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import orjson


def write_seconds(at: datetime) -> str:
    """Write an instant as the oldest orders do: `2022-04-26T15:50:15+00:00`."""
    return _digits(at)[:19] + "+00:00"


def write_milliseconds(at: datetime) -> str:
    """Write an instant as newer orders do: `2018-02-02T22:25:27.521Z`."""
    return _digits(at)[:23] + "Z"


def write_microseconds(at: datetime) -> str:
    """Write an instant as events do: `2021-03-19T10:07:15.527000Z`."""
    return _digits(at) + "Z"


def _digits(at: datetime) -> str:
    digits = orjson.dumps(at, option=orjson.OPT_UTC_Z)[1:-2].decode()  # several times as fast as isoformat
    return digits if at.microsecond else digits + ".000000"


def writer_like(sample: str) -> Callable[[datetime], str]:
    """Return the function that writes an order's timestamps in the format of `sample`, which is one of them."""
    return write_milliseconds if sample.endswith("Z") else write_seconds


def read_instant(text: str) -> datetime:
    """Read an ISO 8601 instant or date, in UTC unless it names another offset; ValueError if it is neither."""
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
