"""The column `account` of the tables of `raw`: rows that an earlier version loaded belong to the account `default`."""

from __future__ import annotations

import duckdb

from portouts.names import DEFAULT_ACCOUNT
from portouts.records.schema import ACCOUNT

# The tables that dlt makes; the others get the column in their files in `sql/raw`.
LOADED_TABLES = (
    "portouts",
    "portout_phone_numbers",
    "portout_events",
    "portout_observations",
    "portout_ported_ranges",
    "phone_numbers",
    "phone_number_observations",
    "phone_number_counts",
    "phone_number_lists",
)
_LACKING = """
    select table_name from duckdb_tables() where schema_name = 'raw' and database_name = current_database()
    except select table_name from duckdb_columns()
    where schema_name = 'raw' and database_name = current_database() and column_name = ?
"""


def add_account_columns(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the column to the tables that lack it, once. A later load gives each row its account."""
    lacking = {name for (name,) in connection.execute(_LACKING, [ACCOUNT]).fetchall()}
    for table in LOADED_TABLES:
        if table in lacking:
            connection.execute(f"alter table raw.{table} add column {ACCOUNT} varchar default '{DEFAULT_ACCOUNT}'")
