"""The tables of a server: what it has, and statements that make them like those of the published file.

A table stays the same table from one publication to the next, so its owner, its grants, its policies and the views of
others on it stay. The schema `portouts` names the tables that are ours; a table of another program is never touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from portouts.errors import TargetFailed
from portouts.publish.contents import Column, Table, quoted_name
from portouts.publish.postgresql.server import Server

TYPES = {
    "BIGINT": "bigint",
    "INTEGER": "integer",
    "SMALLINT": "smallint",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp without time zone",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
    "DOUBLE": "double precision",
}
TEXT = "text"
OWN = "portouts.published_tables"
# Columns that questions filter and join by; a table that has one gets an index on it.
INDEXED = ("portout_id", "phone_number", "carrier_id", "inserted_at", "ported_at", "pending_at", "created_at", "day")


@dataclass
class HeldTable:
    """A table or view of the server: columns with types and comments, the primary key, and what we know of it."""

    comment: str | None
    columns: dict[str, str] = field(default_factory=dict)
    comments: dict[str, str | None] = field(default_factory=dict)
    key: list[str] = field(default_factory=list)


def prepare(server: Server, schemas: Iterable[str]) -> None:
    """Make the missing schemas and the list of our tables."""
    held = {name for (name,) in server.fetch("select nspname::text from pg_namespace")}
    for schema in ("portouts", *schemas):
        if schema not in held:
            server.execute(f"create schema {quoted_name(schema)}")
    if server.fetch(f"select to_regclass('{OWN}')::text as name") != [(OWN,)]:
        server.execute(
            f"create table {OWN} (table_name text primary key, row_count bigint not null, checksum text not null, "
            "file_checksum text not null, as_of timestamptz, copied_at timestamptz not null default now())"
        )
        text = "One row per table that portouts publish keeps here; as_of and copied_at are those of its last change."
        server.execute(f"comment on table {OWN} is {literal(text)}")


def read_held(server: Server, schemas: Sequence[str]) -> dict[str, HeldTable]:
    """Read which tables and views these schemas have, by full name."""
    rows = server.fetch(
        f"""
        select n.nspname || '.' || c.relname, obj_description(c.oid, 'pg_class'), a.attname::text,
            format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum),
            coalesce(a.attnum = any (i.indkey), false)
        from pg_class as c
        inner join pg_namespace as n on n.oid = c.relnamespace
        left join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        left join pg_index as i on i.indrelid = c.oid and i.indisprimary
        where n.nspname in ({", ".join(map(literal, schemas))}) and c.relkind in ('r', 'p', 'v', 'm', 'f')
        order by 1, a.attnum
        """
    )
    held: dict[str, HeldTable] = {}
    for name, comment, column, kind, column_comment, is_key in rows:
        table = held.setdefault(name, HeldTable(comment))
        if column is not None:
            table.columns[column], table.comments[column] = kind, column_comment
            table.key += [column] if is_key else []
    return held


def read_own(server: Server) -> dict[str, str]:
    """Read which tables are ours, with the checksum of the file that they equal."""
    return dict(server.fetch(f"select table_name, file_checksum from {OWN}"))


def require_ours(tables: Iterable[Table], held: Mapping[str, HeldTable], own: Mapping[str, Any]) -> None:
    """Raise `TargetFailed` if another program has made a table with one of our names."""
    if foreign := [table.full_name for table in tables if table.full_name in held and table.full_name not in own]:
        raise TargetFailed(
            f"{', '.join(foreign)} there was not made by portouts, so nothing was changed. Rename it, or publish to "
            "another database"
        )


def alterations(table: Table, held: HeldTable) -> str | None:
    """Return the statement that gives a table the columns of the file; None if it has them."""
    wanted = {column.name: type_of(column) for column in table.columns}
    gone = [name for name, kind in held.columns.items() if wanted.get(name) != kind]
    new = [name for name, kind in wanted.items() if held.columns.get(name) != kind]
    parts = [f"drop column {quoted_name(name)}" for name in gone]
    parts += [f"add column {quoted_name(name)} {wanted[name]}" for name in new]
    return f"alter table {table.quoted} {', '.join(parts)}" if parts else None


def create(table: Table) -> str:
    """Return the statement that makes a table."""
    return f"create table {table.quoted} ({columns_of(table)})"


def columns_of(table: Table) -> str:
    """Return the columns of a table with their types."""
    return ", ".join(f"{column.quoted} {type_of(column)}" for column in table.columns)


def names_of(table: Table) -> str:
    """Return the names of the columns of a table."""
    return ", ".join(column.quoted for column in table.columns)


def indexes(table: Table, *, has_key: bool) -> Iterator[str]:
    """Yield the statements that make the primary key and the indexes of a table."""
    if has_key:
        yield f"alter table {table.quoted} add primary key ({', '.join(map(quoted_name, table.key))})"
    led = table.key[:1] if has_key else ()
    for column in INDEXED:
        if table.has(column) and column not in led:
            yield f"create index on {table.quoted} ({quoted_name(column)})"


def drop_key(table: Table, held: HeldTable) -> str:
    """Return the statement that removes the primary key of a table, under the name that PostgreSQL gave it."""
    parts = [f"drop constraint {quoted_name(f'{table.name}_pkey')}"]
    parts += [f"alter column {quoted_name(name)} drop not null" for name in held.key]
    return f"alter table {table.quoted} {', '.join(parts)}"


def comments(table: Table, held: HeldTable | None) -> Iterator[str]:
    """Yield the statements for the comments that differ."""
    held = held or HeldTable(None)
    if table.comment != held.comment:
        yield f"comment on table {table.quoted} is {literal(table.comment)}"
    for column in table.columns:
        if column.comment != held.comments.get(column.name):
            yield f"comment on column {table.quoted}.{column.quoted} is {literal(column.comment)}"


def type_of(column: Column) -> str:
    """Return PostgreSQL's type of a column."""
    return TYPES.get(column.kind, TEXT)


def literal(text: str | None) -> str:
    """Write a text in SQL."""
    return "null" if text is None else "'" + text.replace("'", "''") + "'"
