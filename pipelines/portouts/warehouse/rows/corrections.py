"""Corrections of rows that are held: orders that the API no longer knows, ids in one letter case, instants ahead."""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb

from portouts.records.rows import UUID
from portouts.warehouse.metadata import create_metadata
from portouts.warehouse.rows.changed_orders import note_all_orders_changed, note_changed_orders
from portouts.warehouse.sql import transaction

# For each table: the columns of ids, the key of a row, and the order in which rows of the same key are preferred.
_ID_COLUMNS = {
    "portouts": (("id",), "id", "deleted_at nulls first, updated_at desc nulls last"),
    "portout_phone_numbers": (("portout_id",), "portout_id, position", "phone_number"),
    "portout_events": (("id", "portout_id"), "id", "payload nulls last, updated_at desc nulls last"),
    "portout_observations": (("portout_id",), "portout_id, status, updated_at", "seen_at"),
    "portout_ported_ranges": (("portout_id",), "portout_id, ported_from, ported_to", "seen_at"),
}


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
