"""The script that most people would write: the official SDK reads the lists, pandas holds them, DuckDB stores them.

The first run reads everything. Each later run reads rows from a week before its newest stored row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pandas as pd
from telnyx import Telnyx

from contenders import DATABASE

LOOK_BACK = timedelta(days=7)
BEGINNING = "2009-01-01T00:00:00.000Z"
PAGE_SIZE = 250


class Table:
    """A table, and the column by which new rows are found."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, name: str, cursor: str) -> None:
        self._connection, self._name, self._cursor = connection, name, cursor
        self._is_new = not connection.execute("from duckdb_tables() where table_name = $1", [name]).fetchall()

    def since(self) -> str:
        """Return the instant from which to read, as text."""
        if self._is_new:
            return BEGINNING
        newest = f"select epoch(max(cast({self._cursor} as timestamptz))) from {self._name}"  # noqa: S608 (our names)
        [(seconds,)] = self._connection.execute(newest).fetchall()
        return f"{datetime.fromtimestamp(seconds, UTC) - LOOK_BACK:%Y-%m-%dT%H:%M:%S.000Z}"

    def save(self, rows: pd.DataFrame) -> None:
        """Create the table with these rows, or insert them and replace those with the same id."""
        self._connection.register("rows", rows)
        if self._is_new:
            self._connection.execute(f"create table {self._name} as from rows")
            self._connection.execute(f"alter table {self._name} add primary key (id)")
        else:
            self._connection.execute(f"insert or replace into {self._name} by name from rows")


def to_frame(rows: Iterable[Any]) -> pd.DataFrame:
    """Read all pages; the payload of events becomes JSON text, because its fields differ from row to row."""
    read = pd.DataFrame([row.to_dict(mode="json") for row in rows])
    if "payload" in read:
        read["payload"] = read["payload"].map(json.dumps)
    return read


def main() -> None:
    client = Telnyx()
    with duckdb.connect(DATABASE) as connection:
        orders = Table(connection, "orders", "inserted_at")
        orders.save(
            to_frame(client.portouts.list(filter={"inserted_at": {"gte": orders.since()}}, page_size=PAGE_SIZE))
        )
        events = Table(connection, "events", "created_at")
        events.save(
            to_frame(client.portouts.events.list(filter={"created_at": {"gte": events.since()}}, page_size=PAGE_SIZE))
        )


if __name__ == "__main__":
    main()
