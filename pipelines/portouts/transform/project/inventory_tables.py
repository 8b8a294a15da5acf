"""The tables of the inventory for models: empty ones where `raw` has none, and whether they changed since a build.

Without the setting `inventory`, `raw` has no such tables. The views on them then have no rows.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from portouts.records.inventory.fields import RAW_TABLES
from portouts.records.schema import ACCOUNT

if TYPE_CHECKING:
    import duckdb

_TYPES = {"string": "varchar", "bool": "boolean", "int64": "bigint", "timestamp[us, tz=UTC]": "timestamptz"}


def held_tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """List the tables of the inventory that `raw` has; a load without rows of a kind leaves its table out."""
    query = "select table_name from duckdb_tables() where schema_name = 'raw' and database_name = current_database()"
    return sorted({name for (name,) in connection.execute(query).fetchall()} & RAW_TABLES.keys())


def complete_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the columns that an earlier version did not load; they are null until the next list is read."""
    for table in held_tables(connection):
        for field in RAW_TABLES[table]:
            kind = _TYPES[str(field.type)]
            connection.execute(f"alter table raw.{table} add column if not exists {field.name} {kind}")


def with_empty_tables(select: str, held: Collection[str]) -> str:
    """Replace the tables of the inventory that `raw` lacks by selects that return no rows."""
    for table in RAW_TABLES.keys() - set(held):
        select = re.sub(rf"\braw\.{table}\b", f"({_empty(table)}) as {table}", select)
    return select


def _empty(table: str) -> str:
    columns = ", ".join(f"cast(null as {_TYPES[str(field.type)]}) as {field.name}" for field in RAW_TABLES[table])
    return f"select {columns}, cast(null as varchar) as {ACCOUNT} where false"


def fill_contents(connection: duckdb.DuckDBPyConnection) -> None:
    """Note how many rows the models are built from."""
    connection.execute("delete from staging.inventory_contents")
    for table, rows in _contents(connection).items():
        connection.execute("insert into staging.inventory_contents values (?, ?)", [table, rows])


def changed_tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Return all tables of the inventory if any has other rows than at the last build, and note how many there are."""
    if not is_changed(connection):
        return set()
    fill_contents(connection)
    return {f"raw.{table}" for table in RAW_TABLES}


def is_changed(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether a table has more rows than at the last build; a number that changes gets an observation."""
    noted = connection.execute("select table_name, row_count from staging.inventory_contents").fetchall()
    return dict(noted) != _contents(connection)


def _contents(connection: duckdb.DuckDBPyConnection) -> Mapping[str, int]:
    found = {}
    for table in held_tables(connection):
        [(found[table],)] = connection.execute(f"select count(*) from raw.{table}").fetchall()  # noqa: S608 - our own name
    return found
