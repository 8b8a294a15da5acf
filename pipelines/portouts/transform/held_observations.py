"""Rows that an earlier version loaded get the columns that it did not keep: codes, reasons, attempted PINs or not.

They are null for the past, except for the state that an order still has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

HELD = (
    "from duckdb_columns() where schema_name = 'raw' and table_name = 'portout_observations' and column_name = 'reason'"
)
ADD_COLUMNS = """
    alter table raw.portout_observations add column if not exists rejection_code bigint;
    alter table raw.portout_observations add column if not exists reason varchar;
"""
KEEP_CURRENT = """
    update raw.portout_observations as held
    set rejection_code = orders.rejection_code, reason = orders.reason
    from raw.portouts as orders
    where
        held.portout_id = orders.id
        and held.status = orders.status
        and held.updated_at = orders.updated_at
        and (orders.rejection_code is not null or orders.reason is not null)
"""
ADD_PIN = "alter table raw.portout_events add column if not exists has_attempted_pin boolean"


def add_missing_columns(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the columns, once, and fill them where the order has not changed since."""
    if not connection.execute(HELD).fetchall():
        connection.execute(ADD_COLUMNS)
        connection.execute(KEEP_CURRENT)
    connection.execute(ADD_PIN)
