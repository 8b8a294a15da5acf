"""For each table of a warehouse file: the number of rows, and a checksum that is the sum of the hashes of all rows.

Checksums show whether two files hold the same rows. Reading a row also checks its blocks, since DuckDB compares each
block with the checksum that is stored in it. The surprise: a large table is read in parts, and a part that is as it was
is not read again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import duckdb

from portouts.warehouse.contents.parts import ROWS_OF_A_PART, fingerprints

CERTIFICATES, SYNCS = "raw.verifications", "raw.syncs"
# Differs between the working file and its published copy on purpose.
_LEFT_OUT = {SYNCS: "published"}
# dlt's scratch, which is not published.
_SCRATCH = "raw_staging"
# A table of so many rows is read faster than its storage is looked up.
SMALL = 10_000

Contents = Mapping[str, tuple[int, int]]
"""Table → number of rows, and the sum of their hashes."""
Parts = Mapping[str, tuple[int, int]]
"""The same for a part of a table; the key is a fingerprint of how it is stored."""


class ContentsReader:
    """Read every published table of a file, except for the parts whose contents are known."""

    def __init__(self, known: Parts | None = None) -> None:
        self._known = known or {}
        self.parts: dict[str, tuple[int, int]] = {}
        """All parts of the large tables that were found."""

    def read(self, connection: duckdb.DuckDBPyConnection) -> Contents:
        return {
            table: rows_and_checksum(connection, table)
            if rows <= SMALL or table in _LEFT_OUT
            else self._of_large(connection, table)
            for table, rows in _tables(connection)
        }

    def _of_large(self, connection: duckdb.DuckDBPyConnection, table: str) -> tuple[int, int]:
        found = fingerprints(connection, table)
        known = {number: self._known[key] for number, key in found.items() if key and key in self._known}
        parts = known | _read_parts(connection, table, sorted(found.keys() - known.keys()))
        self.parts |= {key: parts[number] for number, key in found.items() if key}
        return sum(rows for rows, _ in parts.values()), sum(checksum for _, checksum in parts.values())


def read_contents(connection: duckdb.DuckDBPyConnection) -> Contents:
    """Read every published table whole."""
    return ContentsReader().read(connection)


def rows_and_checksum(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[int, int]:
    """Read one table whole."""
    left_out = f"exclude ({_LEFT_OUT[table]})" if table in _LEFT_OUT else ""
    [(rows, checksum)] = connection.execute(
        f"select count(*), coalesce(sum(hash(held)), 0) from (select * {left_out} from {table}) as held"  # noqa: S608 - names of our own tables
    ).fetchall()
    return int(rows), int(checksum)


def count_rows(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Count the rows of every published table, without reading them."""
    counts = " union all ".join(
        f"select '{table}', count(*) from {table}"  # noqa: S608 - names of our own tables
        for table, _ in _tables(connection)
    )
    return dict(connection.execute(counts).fetchall()) if counts else {}


def content_checksum(contents: Contents) -> str:
    """Return one checksum of all tables except the certificates, which hold it. It depends on the version of DuckDB."""
    others = sorted((table, *found) for table, found in contents.items() if table != CERTIFICATES)
    return f"duckdb-{duckdb.__version__}:{hashlib.sha256(repr(others).encode()).hexdigest()}"


def _tables(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, int]]:
    """List the published tables, each with about how many rows it has."""
    return connection.execute(
        "select schema_name || '.' || table_name, estimated_size from duckdb_tables() "
        "where database_name = current_database() and schema_name <> ? order by all",
        [_SCRATCH],
    ).fetchall()


def _read_parts(
    connection: duckdb.DuckDBPyConnection, table: str, numbers: Sequence[int]
) -> dict[int, tuple[int, int]]:
    """Read parts of a table; neighbours are read together."""
    read: dict[int, tuple[int, int]] = {}
    for first, last in _runs(numbers):
        rows = connection.execute(
            f"""
            select rowid // {ROWS_OF_A_PART}, count(*), sum(hash(held)) from {table} as held
            where rowid >= {first * ROWS_OF_A_PART} and rowid < {(last + 1) * ROWS_OF_A_PART}
            group by all
            """  # noqa: S608 - numbers and names of our own tables
        ).fetchall()
        read |= {number: (count, int(checksum)) for number, count, checksum in rows}
    return read


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last of each run of successive numbers."""
    for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        found = [number for _, number in run]
        yield found[0], found[-1]
