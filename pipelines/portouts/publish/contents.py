"""The tables of a published file that targets receive, with types, comments and keys.

Views of `marts` count as tables: a target holds their rows. Tables in which dlt and the build keep their own records
are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from portouts.transform.project.model import read_models
from portouts.warehouse.memory import MemoryLimit
from portouts.warehouse.sql import quoted, sql_folder

SCHEMAS = ("raw", "marts")
_KEYS_OF_RAW = {
    "raw.portouts": ("id",),
    "raw.portout_events": ("id",),
    "raw.portout_phone_numbers": ("portout_id", "position"),
    "raw.portout_observations": ("portout_id", "status", "updated_at"),
    "raw.portout_ported_ranges": ("portout_id", "ported_from", "ported_to"),
    "raw.answers": ("attempt_id",),
    "raw.settings": ("name",),
    "raw.syncs": ("sync_id",),
    "raw.verifications": ("verification_id",),
}
_LEFT_OUT = "raw.changed_orders"


@dataclass(frozen=True)
class Column:
    """A column with DuckDB's type."""

    name: str
    kind: str
    comment: str | None = None

    @property
    def quoted(self) -> str:
        return quoted_name(self.name)


@dataclass(frozen=True)
class Table:
    """A table or view of the file; `key` is empty if no key is known."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    comment: str | None = None
    key: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def quoted(self) -> str:
        return f"{quoted_name(self.schema)}.{quoted_name(self.name)}"

    def has(self, column: str) -> bool:
        return any(column == one.name for one in self.columns)


def quoted_name(name: str) -> str:
    """Write a name in SQL."""
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def opened(database: Path, folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a published file read-only, in UTC; what does not fit into memory goes to the working folder."""
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute(f"set temp_directory = '{quoted(folder / 'targets.tmp')}'")
        MemoryLimit(folder).bound(connection, database)
        connection.execute("set timezone = 'UTC'")
        yield connection


def read_tables(connection: duckdb.DuckDBPyConnection, schemas: Sequence[str]) -> list[Table]:
    """List the tables of these schemas, by name."""
    keys = {**_KEYS_OF_RAW, **{name: model.key for name, model in read_models(sql_folder()).items()}}
    rows = connection.execute(
        """
        select held.schema_name, held.name, held.comment, column_name, data_type, columns.comment
        from (
            select schema_name, table_name as name, comment, database_name from duckdb_tables()
            union all
            select schema_name, view_name, comment, database_name from duckdb_views()
        ) as held
        inner join duckdb_columns() as columns
            on columns.schema_name = held.schema_name and columns.table_name = held.name
            and columns.database_name = held.database_name
        where held.database_name = current_database() and list_contains(?, held.schema_name)
            and not starts_with(held.name, '_dlt')
        order by held.schema_name, held.name, column_index
        """,
        [list(schemas)],
    ).fetchall()
    found: dict[tuple[str, str, str | None], list[Column]] = {}
    for schema, name, comment, *column in rows:
        found.setdefault((schema, name, comment), []).append(Column(*column))
    return [
        Table(schema, name, tuple(columns), comment, _usable(keys.get(f"{schema}.{name}", ()), columns))
        for (schema, name, comment), columns in found.items()
        if f"{schema}.{name}" != _LEFT_OUT
    ]


def _usable(key: tuple[str, ...], columns: Sequence[Column]) -> tuple[str, ...]:
    """Return the key, or nothing if this file, of another version, has other columns."""
    return key if {*key} <= {column.name for column in columns} else ()
