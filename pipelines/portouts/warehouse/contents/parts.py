"""Fingerprints of the parts of a table: equal fingerprints mean equal rows, so that a part need not be read again.

A part is a range of DuckDB's row ids. Its fingerprint covers where and how DuckDB stores the columns of these rows, the
checksum that DuckDB has written at the beginning of each of these blocks, and which of the rows are not deleted. The
surprise: the number of a block alone would prove nothing, since DuckDB uses free blocks again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import duckdb

# DuckDB's own number of rows in a row group.
ROWS_OF_A_PART = 122_880
# Bytes before the first block of a DuckDB file, and at the beginning of a block.
_HEADERS, _CHECKSUM = 3 * 4096, 8


class RowGroup(NamedTuple):
    """A row group of a table as it is stored: its range of row ids, and a description of all its segments."""

    start: int
    end: int
    description: bytes


def fingerprints(connection: duckdb.DuckDBPyConnection, table: str) -> dict[int, str | None]:
    """Return the fingerprint of each part of a table; None for a part that is not yet written to the file."""
    groups = _row_groups(connection, table)
    held = connection.execute(
        f"select rowid // {ROWS_OF_A_PART} as part, count(*), sum(hash(rowid)) from {table} group by all"  # noqa: S608 - names of our own tables
    ).fetchall()
    return {part: _fingerprint(part, f"{table} {part} {rows} {ids}", groups) for part, rows, ids in held}


def _fingerprint(part: int, rows: str, groups: Iterable[RowGroup]) -> str | None:
    start, end = part * ROWS_OF_A_PART, (part + 1) * ROWS_OF_A_PART
    inside = [group for group in groups if group.start < end and group.end > start]
    if not all(group.description for group in inside):
        return None
    found = hashlib.sha256(rows.encode())
    for group in inside:
        found.update(f"{group.start} {group.end}".encode() + group.description)
    return found.hexdigest()


def _row_groups(connection: duckdb.DuckDBPyConnection, table: str) -> list[RowGroup]:
    """List the row groups of a table, each with an empty description if it is not yet written to the file."""
    segments = connection.execute(
        f"""
        select
            row_group_id,
            column_path in ('[0]', '[0, 0]') as is_of_rows,
            start + count as ends_at,
            persistent and not has_updates as is_written,
            list_filter(list_concat([block_id], additional_block_ids), lambda block: block >= 0) as blocks,
            concat_ws(' ', column_name, column_path, segment_id, segment_type, start, count, compression, stats,
                block_id, block_offset, additional_block_ids) as description
        from pragma_storage_info('{table}')
        order by row_group_id, column_id, column_path, segment_id
        """  # noqa: S608 - names of our own tables
    ).fetchall()
    checksums = _checksums(connection, {block for segment in segments for block in segment[4]})
    groups: list[RowGroup] = []
    for _, rows in groupby(segments, itemgetter(0)):
        group, start = list(rows), groups[-1].end if groups else 0
        size = max(ends_at for _, is_of_rows, ends_at, *_ in group if is_of_rows)
        groups.append(RowGroup(start, start + size, _describe(group, checksums)))
    return groups


def _describe(segments: Iterable[tuple[int, bool, int, bool, list[int], str]], checksums: Mapping[int, bytes]) -> bytes:
    described = hashlib.sha256()
    for _, _, _, is_written, blocks, description in segments:
        if not is_written:
            return b""
        described.update(description.encode())
        described.update(b"".join(checksums[block] for block in blocks))
    return described.digest()


def _checksums(connection: duckdb.DuckDBPyConnection, blocks: Iterable[int]) -> dict[int, bytes]:
    """Read the checksums that DuckDB has stored in these blocks of its file."""
    [(path, size)] = connection.execute(
        "select path, block_size from pragma_database_size() inner join duckdb_databases() using (database_name) "
        "where database_name = current_database()"
    ).fetchall()
    file = os.open(path, os.O_RDONLY)
    try:
        return {block: os.pread(file, _CHECKSUM, _HEADERS + block * size) for block in sorted(blocks)}
    finally:
        os.close(file)
