"""Published files, and what a PostgreSQL server shows of one, read without the product."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb
from adbc_driver_postgresql import dbapi
from portouts_sandbox import World
from simulated_account import Account


def two_versions(folder: Path, orders: int) -> tuple[Path, Path]:
    """Publish an account; return the file, and one with a few other rows, as of a week later."""
    account = Account(World(orders=orders, seed=23), folder / "portouts.duckdb")
    account.sync()
    later = folder / "later.duckdb"
    shutil.copy(account.database, later)
    with duckdb.connect(str(later)) as connection:
        connection.execute(LATER)
    return account.database, later


# What a week changes: rows that are new, other and gone, in tables and in what views show.
LATER = """
    set timezone = 'UTC';
    create temp table changed as select id from raw.portouts order by id limit 3;
    update raw.portouts set status = 'ported', updated_at = updated_at + interval 7 days where id in (from changed);
    insert into raw.portout_events by name
    select * replace ('later-' || id as id, created_at + interval 7 days as created_at) from raw.portout_events
    where portout_id in (from changed);
    delete from raw.portout_phone_numbers where portout_id in (from changed) and position > 0;
    update intermediate.int_orders set status = 'ported' where portout_id in (from changed);
    delete from marts.fct_status_changes where portout_id in (from changed) and change_number > 1;
    insert into raw.syncs by name
    select * replace ('later' as sync_id, as_of + interval 7 days as as_of) from raw.syncs;
    update staging.model_instant set as_of = as_of + interval 7 days;
"""


@contextmanager
def cursor_of(uri: str) -> Iterator[Any]:
    """Open a cursor, and commit at the end."""
    with dbapi.connect(uri) as connection:
        with closing(connection.cursor()) as cursor:
            yield cursor
        connection.commit()


def ask_server(uri: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements in one transaction, and return the rows of the last one."""
    with cursor_of(uri) as cursor:
        for statement in statements:
            cursor.execute(statement)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def tables_of(database: Path, *schemas: str) -> list[str]:
    """List the tables and views of a published file that a target gets."""
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where list_contains(?, table_schema) order by all",
            [list(schemas)],
        ).fetchall()
    return [name for (name,) in rows if not name.startswith("raw._dlt") and name != "raw.changed_orders"]


def differing_tables(uri: str, database: Path, *schemas: str) -> list[str]:
    """Name the tables whose rows are not those of the file, by comparing the rows themselves."""
    with duckdb.connect(str(database), read_only=True) as connection, cursor_of(uri) as cursor:
        connection.execute("set timezone = 'UTC'")
        return [name for name in tables_of(database, *schemas) if _differ(connection, cursor, name)]


def _differ(connection: duckdb.DuckDBPyConnection, cursor: Any, name: str) -> bool:
    columns = ", ".join(f'"{column[0]}"' for column in connection.table(name).description)
    cursor.execute(f"select {columns} from {name}")
    connection.register("there", cursor.fetch_arrow_table())
    one, other = f"select {columns} from {name}", f"select {columns} from there"
    query = f"select 1 from (({one} except all {other}) union all ({other} except all {one})) limit 1"
    try:
        return bool(connection.execute(query).fetchall())
    finally:
        connection.unregister("there")
