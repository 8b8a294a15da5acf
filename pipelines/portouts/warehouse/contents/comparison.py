"""Two files of one warehouse, compared by the ids in their metadata, which show which of them is newer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from portouts.warehouse.sql import quoted

# Table → the column that names each load, finished sync, verification and answer of a file.
_METADATA = {"_dlt_loads": "load_id", "syncs": "sync_id", "verifications": "verification_id", "answers": "attempt_id"}


@dataclass(frozen=True)
class Comparison:
    """Two files of one warehouse, compared by their metadata."""

    last_working: tuple[datetime, datetime] | None
    """`as_of` and `finished_at` of the last sync that the working file has finished."""
    last_published: tuple[datetime, datetime] | None
    syncs_in_common: int
    only_published: int
    """Entries that the working file lacks."""
    is_foreign: bool
    """The published file holds tables, but no syncs: another program made it."""
    unmarked: list[str]
    """Syncs that only the published file marks as published."""

    @property
    def are_unrelated(self) -> bool:
        """Return whether both have finished syncs, and none in common."""
        return bool(self.last_working and self.last_published and not self.syncs_in_common)

    @property
    def is_working_older(self) -> bool:
        """Return whether the published file has an entry that the working file lacks, and a sync at least as new."""
        if not self.only_published or not self.last_published:
            return False
        return self.last_working is None or self.last_working <= self.last_published


def compare_files(working: Path, published: Path) -> Comparison:
    """Compare the metadata of both files. Raises `duckdb.Error` if one cannot be read."""
    with duckdb.connect() as connection:
        for path, name in ((working, "working"), (published, "published")):
            connection.execute(f"attach '{quoted(path)}' as {name} (read_only)")
        theirs, ours = _entries(connection, "published"), _entries(connection, "working")
        are_ours = "source = 'syncs'"
        return Comparison(
            last_working=_last_sync(connection, "working"),
            last_published=_last_sync(connection, "published"),
            syncs_in_common=_count(connection, f"({ours}) intersect ({theirs})", are_ours),
            only_published=_count(connection, f"({theirs}) except ({ours})"),
            is_foreign=not _tables(connection, "published") & {"syncs"} and bool(_tables(connection, "published")),
            unmarked=_unmarked(connection),
        )


def _entries(connection: duckdb.DuckDBPyConnection, file: str) -> str:
    """Return the query for all ids in the metadata of an attached file; a new file lacks some of the tables."""
    held = _tables(connection, file)
    selects = [
        f"select '{table}' as source, {column} as id from {file}.raw.{table}"  # noqa: S608 - names of our own
        for table, column in _METADATA.items()
        if table in held
    ]
    return " union all ".join(selects) or "select '' as source, '' as id where false"


def _tables(connection: duckdb.DuckDBPyConnection, file: str) -> set[str]:
    """List the tables of an attached file, those of `raw` without their schema."""
    rows = connection.execute(
        "select case schema_name when 'raw' then table_name else schema_name || '.' || table_name end "
        "from duckdb_tables() where database_name = ?",
        [file],
    ).fetchall()
    return {name for (name,) in rows}


def _unmarked(connection: duckdb.DuckDBPyConnection) -> list[str]:
    if not all("syncs" in _tables(connection, file) for file in ("working", "published")):
        return []
    rows = connection.execute(
        "select sync_id from published.raw.syncs where published "
        "intersect select sync_id from working.raw.syncs where not published"
    ).fetchall()
    return [sync_id for (sync_id,) in rows]


def _count(connection: duckdb.DuckDBPyConnection, entries: str, condition: str = "true") -> int:
    [(found,)] = connection.execute(f"select count(*) from ({entries}) where {condition}").fetchall()  # noqa: S608 - our own text
    return int(found)


def _last_sync(connection: duckdb.DuckDBPyConnection, file: str) -> tuple[datetime, datetime] | None:
    if "syncs" not in _tables(connection, file):
        return None
    found = connection.execute(
        f"select as_of, finished_at from {file}.raw.syncs order by as_of desc, finished_at desc limit 1"  # noqa: S608 - our own name
    ).fetchall()
    return found[0] if found else None
