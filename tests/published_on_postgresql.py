"""What a PostgreSQL server shows of a published file, read without the product."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb
from adbc_driver_postgresql import dbapi  # type: ignore[import-untyped] # it has no stubs


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
