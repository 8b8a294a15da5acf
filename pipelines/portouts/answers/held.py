"""Reads from the published file which orders are pending, and the settings it remembers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from portouts.errors import NotPublished
from portouts.load.settings.remembered import with_remembered
from portouts.load.settings.settings import Settings
from portouts.warehouse.faults import first_line
from portouts.warehouse.sql import sql_folder

# Settings that an answer depends on: how long Telnyx waits, and what may be shown.
REMEMBERED = frozenset({"response_window_hours", "pii"})


@dataclass(frozen=True)
class HeldOrders:
    """What a published file adds to an order that is read from the API."""

    settings: Settings
    pending_since: dict[str, datetime]
    """Order → when its current pending spell began."""


def read_held(database: Path, given: Settings) -> HeldOrders:
    """Read the published file, if it exists; settings that are not given come from it.

    Raises `NotPublished` if the file cannot be read, because it may forbid showing personal data.
    """
    if not database.exists():
        return HeldOrders(given, {})
    with _opened(database) as connection:
        settings = with_remembered(connection, given, REMEMBERED)
        rows = connection.execute(_sql("pending_since")).fetchall()
    return HeldOrders(settings, {portout_id: at.astimezone(UTC) for portout_id, at in rows})


def _sql(name: str) -> str:
    return (sql_folder() / "answers" / f"{name}.sql").read_text(encoding="utf-8")


@contextmanager
def _opened(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    try:
        with duckdb.connect(str(database), read_only=True) as connection:
            connection.execute("set timezone = 'UTC'")
            yield connection
    except duckdb.Error as error:
        raise NotPublished(
            f"{database} cannot be read ({first_line(error)}), and it remembers what may be shown. Run `portouts "
            "sync`, or name another file."
        ) from None
