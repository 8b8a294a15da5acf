"""A hash of a row that DuckDB and PostgreSQL compute equally, in SQL.

It is the first 60 bits of the MD5 of the row's values, written as text: an instant as in an ISO session in UTC, a
double as the number that its bits form. A checksum of a table is the sum of its hashes, so the order of rows and the
engine do not matter. PostgreSQL cannot store the character U+0000, so it counts, and is copied, as U+FFFD.
"""

from __future__ import annotations

from collections.abc import Iterable

from portouts.publish.contents import Column, Table

# Types that keep their name and their text in PostgreSQL. Values of any other type are copied as text.
_SAME_TEXT = frozenset({"BIGINT", "INTEGER", "SMALLINT", "BOOLEAN", "DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"})
DOUBLE = "DOUBLE"
BETWEEN, NULL = 31, 30  # characters that stand for nothing else in text


def is_copied_as_text(column: Column) -> bool:
    """Return whether a target gets the value as text."""
    return column.kind not in _SAME_TEXT and column.kind != DOUBLE


def copied(column: Column) -> str:
    """Return the expression of DuckDB for the value that a target gets."""
    if not is_copied_as_text(column):
        return column.quoted
    value = column.quoted if column.kind == "VARCHAR" else f"cast({column.quoted} as varchar)"
    return f"replace({value}, chr(0), chr(65533))"


def select_of(table: Table, source: str = "") -> str:
    """Return the query of DuckDB for the rows that a target gets, of the table or of a query with its columns."""
    values = [f"{copied(column)} as {column.quoted}" for column in table.columns]
    return f"select {', '.join(values)} from {source or table.quoted}"


def hash_in_duckdb(columns: Iterable[Column]) -> str:
    """Return the expression of DuckDB for the hash of a row, from the values that a target gets."""
    texts = (f"coalesce({_text_in_duckdb(column)}, chr({NULL}))" for column in columns)
    return f"cast('0x' || substr(md5({f' || chr({BETWEEN}) || '.join(texts)}), 1, 15) as bigint)"


def hash_in_postgresql(columns: Iterable[Column]) -> str:
    """Return the expression of PostgreSQL for the hash of a row; its session must have UTC and ISO dates."""
    texts = (f"coalesce({_text_in_postgresql(column)}, chr({NULL}))" for column in columns)
    return f"('x' || substr(md5({f' || chr({BETWEEN}) || '.join(texts)}), 1, 15))::bit(60)::bigint"


def _text_in_duckdb(column: Column) -> str:
    if column.kind == DOUBLE:
        return f"cast(cast(cast({column.quoted} as bit) as bigint) as varchar)"
    return copied(column) if is_copied_as_text(column) else f"cast({column.quoted} as varchar)"


def _text_in_postgresql(column: Column) -> str:
    if column.kind == DOUBLE:
        return f"('x' || encode(float8send({column.quoted}), 'hex'))::bit(64)::bigint::text"
    return f"{column.quoted}::text"
