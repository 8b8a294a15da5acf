"""Copies the rows of an account from its own working file into the shared one: changed orders, and small tables.

One transaction for each account. Its queue of changed orders is emptied afterwards, so a killed gathering is repeated.
Both files name the last gathering: where they differ, one of them was lost or put back, and all rows are copied.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb

from portouts.errors import AccountsOverlap, CannotGather
from portouts.warehouse.metadata import create_metadata
from portouts.warehouse.rows.changed_orders import note_all_orders_changed
from portouts.warehouse.sql import quoted, transaction

# Table → its column with the id of the order.
OF_ORDERS = {
    "portouts": "id",
    "portout_phone_numbers": "portout_id",
    "portout_events": "portout_id",
    "portout_observations": "portout_id",
    "portout_ported_ranges": "portout_id",
}
INVENTORY = ("phone_numbers", "phone_number_observations", "phone_number_counts", "phone_number_lists")
# Rows that are only added, with their key.
ADDED = {"syncs": "sync_id", "verifications": "verification_id"}
_QUEUED = "select portout_id from gathered_orders"
_GATHERED = "create table if not exists raw.gathered (gathering_id varchar)"


def gather(connection: duckdb.DuckDBPyConnection, file: Path, account: str, state: str) -> str:
    """Copy what changed in an account since the last gathering, and queue its orders; return the gathering's id.

    Raises `AccountsOverlap` if another account holds one of the orders, `CannotGather` if the copy lacks rows.
    """
    create_metadata(connection)
    gathering_id = str(uuid.uuid4())
    with _attached(connection, file), transaction(connection):
        is_whole = _is_whole(connection, account)
        held = _tables(connection)
        for table in (*OF_ORDERS, *INVENTORY):
            if table in held:
                _prepare(connection, table)
        _find_orders(connection, is_whole=is_whole)
        _require_own_orders(connection, account)
        for table, key in OF_ORDERS.items():
            if table in held:
                _copy_orders(connection, account, table, key, is_whole=is_whole)
        _copy_inventory(connection, account, held, is_whole=is_whole)
        for table, key in ADDED.items():
            _add(connection, account, table, key)
        _replace(connection, account, "covered_ranges", "true")
        _queue(connection, is_whole=is_whole)
        _note(connection, account, gathering_id, state)
        for table in (*OF_ORDERS, *INVENTORY):
            if table in held:
                _require_equal_counts(connection, account, table)
    return gathering_id


def note_gathered(connection: duckdb.DuckDBPyConnection, gathering_id: str) -> None:
    """Empty the queue of an account's own file, whose rows a gathering has copied."""
    with transaction(connection):
        connection.execute(_GATHERED)
        connection.execute("delete from raw.gathered")
        connection.execute("insert into raw.gathered values (?)", [gathering_id])
        connection.execute("delete from raw.changed_orders")


def note_failure(connection: duckdb.DuckDBPyConnection, account: str, at: datetime, failure: str) -> None:
    """Write down that the sync of an account failed; its rows stay as they are."""
    create_metadata(connection)
    with transaction(connection):
        connection.execute(
            "insert into raw.accounts (account) select ? where ? not in (select account from raw.accounts)",
            [account, account],
        )
        connection.execute(
            "update raw.accounts set failed_at = ?, failure = ? where account = ?", [at, failure, account]
        )


@contextmanager
def _attached(connection: duckdb.DuckDBPyConnection, file: Path) -> Iterator[None]:
    connection.execute(f"attach '{quoted(file)}' as gathered (read_only)")
    try:
        yield
    finally:
        connection.execute("detach gathered")


def _tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    rows = connection.execute(
        "select table_name from duckdb_tables() where database_name = 'gathered' and schema_name = 'raw'"
    )
    return {name for (name,) in rows.fetchall()}


def _is_whole(connection: duckdb.DuckDBPyConnection, account: str) -> bool:
    """Return whether all rows are to be copied."""
    if "gathered" not in _tables(connection):
        return True
    if connection.execute("select true from gathered.raw.changed_orders where portout_id is null limit 1").fetchall():
        return True
    same = "select true from raw.accounts inner join gathered.raw.gathered using (gathering_id) where account = ?"
    return not connection.execute(same, [account]).fetchall()


def _prepare(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Make a table that is missing in the shared file, or the columns that it lacks."""
    connection.execute(f"create table if not exists raw.{table} as select * from gathered.raw.{table} where false")  # noqa: S608 - names of ours
    lacking = connection.execute(
        """
        select column_name, data_type from duckdb_columns()
        where database_name = 'gathered' and schema_name = 'raw' and table_name = $1 and column_name not in (
            select column_name from duckdb_columns()
            where database_name = current_database() and schema_name = 'raw' and table_name = $1
        )
        """,
        [table],
    )
    for column, kind in lacking.fetchall():
        connection.execute(f'alter table raw.{table} add column "{column}" {kind}')


def _find_orders(connection: duckdb.DuckDBPyConnection, *, is_whole: bool) -> None:
    """Make `gathered_orders`: the ids of all orders, or of those that changed."""
    source = (
        "id as portout_id from gathered.raw.portouts" if is_whole else "portout_id from gathered.raw.changed_orders"
    )
    connection.execute(f"create or replace temp table gathered_orders as select distinct {source}")


def _require_own_orders(connection: duckdb.DuckDBPyConnection, account: str) -> None:
    found = connection.execute(
        f"select account from raw.portouts where account <> ? and id in ({_QUEUED}) limit 1",  # noqa: S608 - our own text
        [account],
    ).fetchall()
    if found:
        raise AccountsOverlap(
            f"The accounts {account} and {found[0][0]} hold the same orders, so their keys belong to one account of "
            f"Telnyx. Remove one of the two from the settings; `portouts accounts rename {found[0][0]} NEW` gives what "
            "is held another name."
        )


def _copy_orders(connection: duckdb.DuckDBPyConnection, account: str, table: str, key: str, *, is_whole: bool) -> None:
    """Replace the rows of these orders, and those of no order."""
    _replace(connection, account, table, "true" if is_whole else f"({key} in ({_QUEUED}) or {key} is null)")


def _copy_inventory(connection: duckdb.DuckDBPyConnection, account: str, held: set[str], *, is_whole: bool) -> None:
    """Replace the tables of the inventory if one of them has another number of rows: each change adds one."""
    tables = [table for table in INVENTORY if table in held]
    if is_whole or any(
        _counts(connection, account, table)[0] != _counts(connection, account, table)[1] for table in tables
    ):
        for table in tables:
            _replace(connection, account, table, "true")


def _replace(connection: duckdb.DuckDBPyConnection, account: str, table: str, condition: str) -> None:
    connection.execute(f"delete from raw.{table} where account = ? and {condition}", [account])  # noqa: S608 - names of ours
    _insert(connection, account, table, condition)


def _add(connection: duckdb.DuckDBPyConnection, account: str, table: str, key: str) -> None:
    _insert(connection, account, table, f"{key} not in (select {key} from raw.{table})")  # noqa: S608 - names of ours


def _insert(connection: duckdb.DuckDBPyConnection, account: str, table: str, condition: str) -> None:
    connection.execute(
        f"insert into raw.{table} by name select * replace (cast(? as varchar) as account) from gathered.raw.{table} "  # noqa: S608 - names of ours
        f"where {condition}",
        [account],
    )


def _queue(connection: duckdb.DuckDBPyConnection, *, is_whole: bool) -> None:
    """Queue the orders for the next build of the models."""
    if is_whole:
        note_all_orders_changed(connection)
    else:
        connection.execute(f"insert into raw.changed_orders {_QUEUED} where portout_id is not null")


def _note(connection: duckdb.DuckDBPyConnection, account: str, gathering_id: str, state: str) -> None:
    connection.execute("delete from raw.accounts where account = ?", [account])
    connection.execute(
        "insert into raw.accounts (account, as_of, gathering_id, state) "
        "select ?, max(as_of), ?, ? from gathered.raw.syncs",
        [account, gathering_id, state],
    )


def _require_equal_counts(connection: duckdb.DuckDBPyConnection, account: str, table: str) -> None:
    theirs, ours = _counts(connection, account, table)
    if theirs != ours:
        raise CannotGather(
            f"raw.{table} has {ours} rows of the account {account}, and its own file has {theirs}. Nothing of this "
            "account was gathered. Run `portouts sync --full`."
        )


def _counts(connection: duckdb.DuckDBPyConnection, account: str, table: str) -> tuple[int, int]:
    [(theirs, ours)] = connection.execute(
        f"select (select count(*) from gathered.raw.{table}), (select count(*) from raw.{table} where account = ?)",  # noqa: S608 - names of ours
        [account],
    ).fetchall()
    return int(theirs), int(ours)
