"""Makes the working file of an account from the shared one, where it is missing or older.

So a warehouse of one account goes on as the account `default` when others are set up, and an account goes on from the
published file when the working folder was lost.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from portouts.warehouse.accounts.gathering import ADDED, INVENTORY, OF_ORDERS
from portouts.warehouse.folders import new_file
from portouts.warehouse.metadata import create_metadata
from portouts.warehouse.rows.accounts import add_account_columns
from portouts.warehouse.sql import quoted
from portouts.warehouse.working_file import NEW_FILE, has_content


def seed(connection: duckdb.DuckDBPyConnection, file: Path, account: str, state: str) -> bool:
    """Make the file of an account, unless it has all syncs of the account that the shared file holds.

    `state` is what the next sync must know, as JSON. Returns whether the file was made.
    """
    create_metadata(connection)
    add_account_columns(connection)
    if _is_complete(connection, file, account):
        return False
    part = file.with_name("seeded.part")
    new_file(part).unlink()
    connection.execute(f"attach '{quoted(part)}' as seeded {NEW_FILE}")
    try:
        connection.execute("create schema seeded.raw")
        for table in (*OF_ORDERS, *INVENTORY, *ADDED, "covered_ranges"):
            _copy(connection, table, account)
        connection.execute("create table seeded.raw.seeded_state as select cast(? as varchar) as state", [state])
        connection.execute("checkpoint seeded")
    finally:
        connection.execute("detach seeded")
    with duckdb.connect(str(part)) as own:
        create_metadata(own)
    file.with_name(f"{file.name}.wal").unlink(missing_ok=True)
    part.replace(file)
    return True


def seeded_state(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Return the state with which the file of an account was made; None if it was not made from another."""
    query = "select true from duckdb_tables() where schema_name = 'raw' and table_name = 'seeded_state'"
    if not connection.execute(query).fetchall():
        return None
    [(state,)] = connection.execute("select state from raw.seeded_state").fetchall()
    return str(state)


def _is_complete(connection: duckdb.DuckDBPyConnection, file: Path, account: str) -> bool:
    held = connection.execute("select sync_id from raw.syncs where account = ?", [account]).fetchall()
    if not held:
        return True
    if not has_content(file):
        return False
    try:
        with duckdb.connect(str(file), read_only=True) as own:
            return {*held} <= {*own.execute("select sync_id from raw.syncs").fetchall()}
    except duckdb.Error:
        return False


def _copy(connection: duckdb.DuckDBPyConnection, table: str, account: str) -> None:
    is_there = (
        "select true from duckdb_tables() "
        "where database_name = current_database() and schema_name = 'raw' and table_name = ?"
    )
    if connection.execute(is_there, [table]).fetchall():
        connection.execute(f"create table seeded.raw.{table} as from raw.{table} where account = ?", [account])
