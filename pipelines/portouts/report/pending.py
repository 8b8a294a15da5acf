"""Reads the pending orders of the published file, with the hours left now rather than at the last sync."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from portouts.errors import NotPublished
from portouts.report.frames import connect
from portouts.report.status import not_readable
from portouts.warehouse.sql import sql_folder

Row = dict[str, Any]


class PendingOrder(msgspec.Struct):
    """One pending order, as of the last sync."""

    portout_id: str
    support_key: str | None
    carrier_id: str | None
    carrier_name: str | None
    number_count: int
    inserted_at: datetime | None
    pending_at: datetime | None
    deadline_at: datetime | None
    hours_left: float | None
    """Until the deadline, from now; negative if it has passed."""
    pending_hours: float | None
    urgency: str | None
    account: str


class PendingOrders(msgspec.Struct):
    """All pending orders, most urgent first; the fields are those of `pending --json`."""

    database: str
    as_of: datetime
    age_hours: float
    orders: list[PendingOrder]


def read_pending(database: Path, now: datetime) -> PendingOrders:
    """Read the pending orders of the published file; raises `NotPublished`."""
    with connect(database) as connection:
        try:
            return _read(connection, database, now)
        except duckdb.Error as error:
            raise not_readable(database, error) from None


def _read(connection: duckdb.DuckDBPyConnection, database: Path, now: datetime) -> PendingOrders:
    [(as_of,)] = connection.execute("select max(as_of) from marts.rpt_sync").fetchall()
    if as_of is None:
        raise NotPublished(f"{database} shows no finished sync. Run `portouts sync` first.")
    query = (sql_folder() / "answers" / "pending_orders.sql").read_text(encoding="utf-8")
    result = connection.execute(query, {"now": now})
    names = [column[0] for column in result.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    return PendingOrders(
        str(database),
        as_of,
        age_hours=round((now - as_of) / timedelta(hours=1), 1),
        orders=[msgspec.convert(row, PendingOrder) for row in rows],
    )
