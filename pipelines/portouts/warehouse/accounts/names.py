"""Accounts of a working file: what it holds of each, and how one is renamed or removed.

A rename or a removal is one transaction in the shared file. The folder of the account follows: a killed command leaves
one that does not fit, and the next sync makes it again from the shared file.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import duckdb

from portouts.warehouse.accounts.gathering import ADDED, INVENTORY, OF_ORDERS
from portouts.warehouse.metadata import create_metadata
from portouts.warehouse.rows.accounts import add_account_columns
from portouts.warehouse.rows.changed_orders import note_all_orders_changed
from portouts.warehouse.sql import transaction

_TABLES = (*OF_ORDERS, *INVENTORY, *ADDED, "covered_ranges", "answers", "accounts")


class HeldAccount(NamedTuple):
    """What a file holds of one account."""

    account: str
    as_of: datetime | None
    orders: int
    failed_at: datetime | None
    failure: str | None


def held_accounts(connection: duckdb.DuckDBPyConnection) -> list[HeldAccount]:
    """List the accounts with rows or with a sync that failed."""
    prepare(connection)
    rows = connection.execute(
        """
        with names as (select account from raw.syncs union select account from raw.accounts)

        select
            names.account,
            (select max(as_of) from raw.syncs as syncs where syncs.account = names.account),
            (select count(*) from raw.portouts as orders where orders.account = names.account),
            accounts.failed_at,
            accounts.failure
        from names
        left join raw.accounts as accounts on accounts.account = names.account
        order by names.account
    """
    ).fetchall()
    return [HeldAccount(*row) for row in rows]


def rename_rows(connection: duckdb.DuckDBPyConnection, old: str, new: str, state: str) -> None:
    """Give all rows of an account another name; `state` is what its next sync must know, as JSON."""
    with transaction(connection):
        for table in _tables_held(connection):
            connection.execute(f"update raw.{table} set account = ? where account = ?", [new, old])  # noqa: S608 - our own names
        _note(connection, new, state)
        note_all_orders_changed(connection)


def drop_rows(connection: duckdb.DuckDBPyConnection, account: str) -> None:
    """Delete all rows of an account."""
    with transaction(connection):
        for table in _tables_held(connection):
            connection.execute(f"delete from raw.{table} where account = ?", [account])  # noqa: S608 - our own names
        note_all_orders_changed(connection)


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the tables and columns that a file of an earlier version lacks."""
    create_metadata(connection)
    add_account_columns(connection)


def _tables_held(connection: duckdb.DuckDBPyConnection) -> list[str]:
    query = "select table_name from duckdb_tables() where schema_name = 'raw' and database_name = current_database()"
    held = {name for (name,) in connection.execute(query).fetchall()}
    return [table for table in _TABLES if table in held]


def _note(connection: duckdb.DuckDBPyConnection, account: str, state: str) -> None:
    """Write down what the next sync must know; the working file of the account is made anew, so no gathering counts."""
    connection.execute("delete from raw.accounts where account = ?", [account])
    connection.execute(
        "insert into raw.accounts (account, as_of, state) "
        "select ?, (select max(as_of) from raw.syncs where account = ?), ?",
        [account, account, state],
    )
