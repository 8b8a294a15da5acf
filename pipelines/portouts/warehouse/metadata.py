"""The metadata of a warehouse, in `raw` beside the rows: its syncs, the ranges they covered, its verifications."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb

from portouts.errors import NothingLoaded, Unfinished
from portouts.warehouse.contents.checksums import (
    CERTIFICATES,
    Contents,
    ContentsReader,
    content_checksum,
    rows_and_checksum,
)
from portouts.warehouse.contents.kept import KeptContents
from portouts.warehouse.sql import run_file, sql_files, sql_folder, transaction
from portouts.windows import Window

_LATEST_SYNCS = """
    select sync_id
    from raw.syncs
    qualify row_number() over (partition by account order by as_of desc, finished_at desc) = 1
"""
Covered = Mapping[Any, Sequence[Window]]
"""Covered ranges by axis; an axis is a text, such as `inserted_at`."""


@dataclass(frozen=True)
class SyncRecord:
    """One row of `raw.syncs`, by its column names; `orders_changed` is counted in the warehouse."""

    sync_id: str
    as_of: datetime
    started_at: datetime
    finished_at: datetime
    requests: int
    orders_read: int
    events_read: int
    is_proven: bool


@dataclass(frozen=True)
class Certificate:
    """One row of `raw.verifications`, by its column names; the comments of that table explain each."""

    verification_id: str
    as_of: datetime
    started_at: datetime
    finished_at: datetime
    depth: str
    range_start: datetime | None
    range_end: datetime | None
    buckets: int
    requests: int
    orders: int
    differences: int
    repaired: int
    moved: int
    sampled_windows: int
    sampled_orders: int
    verdict: str
    not_covered: str
    events: int | None = None
    events_missing: int | None = None


def create_metadata(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the tables of `raw` that dlt does not create. Each has a file in `sql/raw`, which also adds new columns.

    A file runs where the table or a column that it comments is missing, so it must be safe to run again.
    """
    rows = connection.execute("select table_name, column_name from duckdb_columns() where schema_name = 'raw'")
    held = set(rows.fetchall())
    if not held:  # an order may be answered before the first sync
        connection.execute("create schema if not exists raw")
    for path in sql_files(sql_folder() / "raw"):
        commented = re.findall(r"comment on column raw\.(\w+)\.(\w+) is", path.read_text(encoding="utf-8"))
        if not held.issuperset(commented):
            run_file(connection, path)


def record_sync(connection: duckdb.DuckDBPyConnection, record: SyncRecord, covered: Covered) -> int:
    """Write the sync's row and the ranges covered now; return how many orders changed.

    The states that an unfinished sync or repair saw first count for the one that finishes now. A sync before others can
    date what those observed otherwise, so all orders are queued.
    """
    connection.execute("set timezone = 'UTC'")
    create_metadata(connection)
    with transaction(connection):
        connection.execute(
            "insert into raw.changed_orders select null from raw.syncs where as_of > ? limit 1", [record.as_of]
        )
        _insert(connection, "raw.syncs", {**asdict(record), "orders_changed": 0, "published": False})
        connection.execute(
            "update raw.portout_observations set sync_id = $1 where sync_id not in "
            "(select sync_id from raw.syncs union all select verification_id from raw.verifications)",
            [record.sync_id],
        )
        connection.execute(
            "update raw.syncs set orders_changed = "
            "(select count(distinct portout_id) from raw.portout_observations where sync_id = $1) where sync_id = $1",
            [record.sync_id],
        )
        connection.execute("delete from raw.covered_ranges")
        for axis, windows in covered.items():
            for window in windows:
                row = {"axis": axis, "range_start": window.start, "range_end": window.end}
                _insert(connection, "raw.covered_ranges", row)
        forget_old_states(connection)
    [(orders_changed,)] = connection.execute(
        "select orders_changed from raw.syncs where sync_id = ?", [record.sync_id]
    ).fetchall()
    return int(orders_changed)


def record_build(connection: duckdb.DuckDBPyConnection, sync_id: str, kind: str, reason: str) -> None:
    """Write into the sync's row how the models were built, and why so."""
    connection.execute("update raw.syncs set build = ?, build_reason = ? where sync_id = ?", [kind, reason, sync_id])


def _insert(connection: duckdb.DuckDBPyConnection, table: str, row: Mapping[str, object]) -> None:
    """Insert a row by the names of its columns, whose order depends on the version that made the table."""
    marks = ", ".join("?" for _ in row)
    connection.execute(
        f"insert into {table} ({', '.join(row)}) values ({marks})",  # noqa: S608 - names of our own
        list(row.values()),
    )


def forget_old_states(connection: duckdb.DuckDBPyConnection) -> None:
    """Keep only the newest committed state. Each load package adds one, and each is as long as all open orders.

    The newest is that of the highest version; dlt reads that of the highest load id, which is a time, and clocks jump.
    """
    with suppress(duckdb.CatalogException):  # nothing has been loaded yet
        connection.execute(
            """
            delete from raw._dlt_pipeline_state where _dlt_load_id not in (
                select states._dlt_load_id
                from raw._dlt_pipeline_state as states
                inner join raw._dlt_loads as loads on loads.load_id = states._dlt_load_id and loads.status = 0
                order by states.version desc, states._dlt_load_id desc
                limit 1
            )
            """
        )


def record_verification(connection: duckdb.DuckDBPyConnection, certificate: Certificate) -> None:
    """Write a certificate."""
    create_metadata(connection)
    _insert(connection, "raw.verifications", asdict(certificate))


def has_counted_events(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether a verification has ever counted the events."""
    create_metadata(connection)
    return bool(connection.execute("select 1 from raw.verifications where events is not null limit 1").fetchall())


def certify_contents(connection: duckdb.DuckDBPyConnection, kept: KeptContents) -> tuple[Contents, KeptContents]:
    """Write the checksum of all published tables into the newest certificate.

    Returns the contents of each table, and what to keep of them. What is kept is not read again on the same day.
    """
    create_metadata(connection)
    connection.execute("set timezone = 'UTC'")
    [(today,)] = connection.execute("select cast(max(as_of) as date) from raw.syncs").fetchall()
    reader = ContentsReader(kept.parts if kept.read_on == today else {})
    contents = reader.read(connection)
    connection.execute(
        f"""
        update {CERTIFICATES} set content_checksum = ?
        where verification_id = (
                select verification_id from {CERTIFICATES} order by as_of desc, finished_at desc limit 1
            )
            and as_of = (select max(as_of) from raw.syncs)
        """,  # noqa: S608 - our own name
        [content_checksum(contents)],
    )
    contents = {**contents, CERTIFICATES: rows_and_checksum(connection, CERTIFICATES)}
    return contents, KeptContents(read_on=today, parts=reader.parts)


def mark_published(connection: duckdb.DuckDBPyConnection, sync_ids: Sequence[str] = ()) -> None:
    """Mark these syncs, or the latest one of each account, as published."""
    if not sync_ids:
        sync_ids = [sync_id for (sync_id,) in connection.execute(_LATEST_SYNCS).fetchall()]
    connection.execute("update raw.syncs set published = true where sync_id in (select unnest(?))", [sync_ids])


def synced_until(connection: duckdb.DuckDBPyConnection) -> datetime:
    """Return the instant that the warehouse shows. Raises `NothingLoaded`."""
    try:
        found = connection.execute("select as_of from raw.syncs order by as_of desc limit 1").fetchall()
    except duckdb.CatalogException:
        found = []
    if not found:
        raise NothingLoaded("Nothing has been synced to the end yet. Run `portouts sync` first.")
    as_of: datetime = found[0][0]
    return as_of.astimezone(UTC)


def covered_ranges(connection: duckdb.DuckDBPyConnection) -> dict[str, list[Window]]:
    """Return the ranges that the last finished sync left covered, by axis; an axis without ranges is absent."""
    rows = connection.execute("select axis, range_start, range_end from raw.covered_ranges order by all").fetchall()
    windows: dict[str, list[Window]] = {}
    for axis, start, end in rows:
        windows.setdefault(axis, []).append(Window(start.astimezone(UTC), end.astimezone(UTC)))
    return windows


def holds_accounts(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether rows of accounts were gathered into this file."""
    create_metadata(connection)
    return bool(connection.execute("select true from raw.accounts limit 1").fetchall())


def require_finished(connection: duckdb.DuckDBPyConnection, covered: Covered) -> None:
    """Raise `Unfinished` if an interrupted sync has loaded only part of its rows; gathered rows are whole."""
    if holds_accounts(connection):
        return
    if covered_ranges(connection) != {axis: list(windows) for axis, windows in covered.items() if windows}:
        raise Unfinished("The last sync was interrupted, so only part of it is loaded. Run `portouts sync` first.")


def read_fingerprint(connection: duckdb.DuckDBPyConnection) -> tuple[object, ...]:
    """Return the build fingerprint, the ids of all syncs and verifications, and what came of which answer."""
    built_from = connection.execute("select built_from from staging.model_inputs").fetchall()
    entries = connection.execute(
        "select sync_id from raw.syncs union all select verification_id from raw.verifications union all "
        "select attempt_id || ' ' || outcome from raw.answers order by all"
    ).fetchall()
    return built_from, entries
