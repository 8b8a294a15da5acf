"""The metadata of a warehouse, in `raw` beside the rows: syncs, covered ranges, verifications, changed orders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from portouts.errors import NothingLoaded, Unfinished
from portouts.records.rows import UUID
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

Covered = Mapping[Any, Sequence[Window]]
"""Covered ranges by axis; an axis is a text, such as `inserted_at`."""


# For each table: the columns of ids, the key of a row, and the order in which rows of the same key are preferred.
_ID_COLUMNS = {
    "portouts": (("id",), "id", "deleted_at nulls first, updated_at desc nulls last"),
    "portout_phone_numbers": (("portout_id",), "portout_id, position", "phone_number"),
    "portout_events": (("id", "portout_id"), "id", "payload nulls last, updated_at desc nulls last"),
    "portout_observations": (("portout_id",), "portout_id, status, updated_at", "seen_at"),
    "portout_ported_ranges": (("portout_id",), "portout_id, ported_from, ported_to", "seen_at"),
}


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
    for path in sql_files(sql_folder() / "raw"):
        commented = re.findall(r"comment on column raw\.(\w+)\.(\w+) is", path.read_text(encoding="utf-8"))
        if not held.issuperset(commented):
            run_file(connection, path)


def record_sync(connection: duckdb.DuckDBPyConnection, record: SyncRecord, covered: Covered) -> int:
    """Write the sync's row and the ranges covered now; return how many orders changed.

    The states that an unfinished sync or repair saw first count for the one that finishes now.
    """
    connection.execute("set timezone = 'UTC'")
    create_metadata(connection)
    with transaction(connection):
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
                connection.execute("insert into raw.covered_ranges values (?, ?, ?)", [axis, window.start, window.end])
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


def note_changed_orders(connection: duckdb.DuckDBPyConnection, ids: Iterable[str]) -> None:
    """Queue orders for the next build of the models. Call it before their rows in `raw` change, or together with that.

    An id may be queued twice, or without need; an order that changed and is not queued keeps its old rows in the marts.
    """
    create_metadata(connection)
    connection.execute("insert into raw.changed_orders select distinct unnest(cast(? as varchar[]))", [list(ids)])


def note_all_orders_changed(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the next build of the models a full one, because any row of `raw` may change."""
    create_metadata(connection)
    connection.execute("insert into raw.changed_orders values (null)")


def is_full_build_due(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether the next build of the models computes all orders: there are no models yet, or any may be wrong."""
    try:
        connection.table("staging.model_inputs")
    except duckdb.CatalogException:
        return True
    create_metadata(connection)
    query = "select true from raw.changed_orders where portout_id is null limit 1"
    return bool(connection.execute(query).fetchall())


def mark_deleted(connection: duckdb.DuckDBPyConnection, ids: list[str], deleted_at: datetime) -> None:
    """Mark orders that the API no longer knows; their rows stay."""
    note_changed_orders(connection, ids)
    connection.execute(
        "update raw.portouts set deleted_at = ? where deleted_at is null and id in (select unnest(?))",
        [deleted_at, ids],
    )


def make_ids_canonical(connection: duckdb.DuckDBPyConnection) -> None:
    """Write UUIDs that earlier versions loaded in lower case, and keep one row of those that become equal."""
    with transaction(connection):
        note_all_orders_changed(connection)
        for table, (columns, key, best) in _ID_COLUMNS.items():
            for column in columns:
                connection.execute(
                    f"update raw.{table} set {column} = lower({column}) "  # noqa: S608 - all names are our own
                    f"where {column} <> lower({column}) and regexp_full_match({column}, '{UUID}')"
                )
            connection.execute(
                f"delete from raw.{table} where rowid in (select rowid from raw.{table} "  # noqa: S608 - all names are our own
                f"qualify row_number() over (partition by {key} order by {best}) > 1)"
            )


def correct_future_instants(connection: duckdb.DuckDBPyConnection, now: datetime, tolerance: timedelta) -> None:
    """Correct instants that a sync with a clock ahead wrote: by the API's clock, nothing was seen later than `now`.

    What that clock said stands in `started_at` and `finished_at` of the sync and of the certificate.
    """
    connection.execute("set timezone = 'UTC'")
    create_metadata(connection)
    if not connection.execute("select true from raw.syncs where as_of > ?", [now + tolerance]).fetchall():
        return
    note_all_orders_changed(connection)
    before = now - timedelta(seconds=1)  # so that this sync is the latest
    for statement in (
        "update raw.syncs set as_of = $before where as_of > $before",
        "update raw.verifications set as_of = $before, range_end = least(range_end, $before) where as_of > $before",
        "update raw.portout_observations set seen_at = $now where seen_at > $now",
        "update raw.portout_ported_ranges set seen_at = $now where seen_at > $now",
        "update raw.portout_ported_ranges set ported_to = $now where ported_to > $now",
        "update raw.portouts set deleted_at = $now where deleted_at > $now",
    ):
        values = {name: value for name, value in (("now", now), ("before", before)) if f"${name}" in statement}
        connection.execute(statement, values)


def mark_published(connection: duckdb.DuckDBPyConnection, sync_ids: Sequence[str] = ()) -> None:
    """Mark these syncs, or the latest one, as published."""
    if not sync_ids:
        latest = "select sync_id from raw.syncs order by as_of desc, finished_at desc limit 1"
        sync_ids = [sync_id for (sync_id,) in connection.execute(latest).fetchall()]
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


def require_finished(connection: duckdb.DuckDBPyConnection, covered: Covered) -> None:
    """Raise `Unfinished` if an interrupted sync has loaded only part of its rows."""
    if covered_ranges(connection) != {axis: list(windows) for axis, windows in covered.items() if windows}:
        raise Unfinished("The last sync was interrupted, so only part of it is loaded. Run `portouts sync` first.")


def read_fingerprint(connection: duckdb.DuckDBPyConnection) -> tuple[object, ...]:
    """Return the build fingerprint and the ids of all syncs and verifications."""
    built_from = connection.execute("select built_from from staging.model_inputs").fetchall()
    entries = connection.execute(
        "select sync_id from raw.syncs union all select verification_id from raw.verifications order by all"
    ).fetchall()
    return built_from, entries
