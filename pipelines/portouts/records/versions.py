"""Versions of orders: which one is the newest, which were ever seen, and in which range one was ported.

A sync reads an order more than once, and a lagging replica may answer an older version later than a newer one. What was
seen is history, whatever wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from portouts.records.schema import INSTANT, TEXT


def newest_versions(tables: Iterable[pa.Table]) -> pa.Table:
    """Keep one row per id: the one with the newest `updated_at`, and among equals the one that arrived last."""
    table = pa.concat_tables(tables)
    if pc.count_distinct(table["id"]).as_py() == len(table):
        return table
    arrival = pa.array(range(len(table)), pa.int64())
    oldest_first = pc.sort_indices(
        pa.table({"updated_at": table["updated_at"], "arrival": arrival}),
        sort_keys=[("updated_at", "ascending", "at_start"), ("arrival", "ascending", "at_start")],
    )
    ranked = pa.table({"id": table["id"].take(oldest_first), "rank": arrival})
    last_ranks = ranked.group_by("id").aggregate([("rank", "max")])["rank_max"]
    kept = oldest_first.take(last_ranks)
    return table.take(kept.take(pc.sort_indices(kept)))


def observations_table(tables: Iterable[pa.Table], seen_at: datetime, sync_id: str) -> pa.Table:
    """List the distinct states in which orders were seen: `portout_id, status, updated_at, seen_at, sync_id`.

    The three that identify an observation are never null, since a null matches nothing when it is merged: a missing
    status is the empty text, a missing `updated_at` the order's `inserted_at`, else the instant of the sync.
    """
    table = pa.concat_tables(table.select(["id", "status", "updated_at", "inserted_at"]) for table in tables)
    states = pa.table(
        {
            "portout_id": table["id"],
            "status": pc.fill_null(table["status"], ""),
            "updated_at": pc.coalesce(table["updated_at"], table["inserted_at"], pa.scalar(seen_at, INSTANT)),
        }
    )
    states = states.group_by(["portout_id", "status", "updated_at"]).aggregate([])
    return states.append_column("seen_at", _constant(seen_at, INSTANT, len(states))).append_column(
        "sync_id", _constant(sync_id, TEXT, len(states))
    )


def ported_ranges_table(
    ids: Sequence[str] | pa.ChunkedArray, start: datetime, end: datetime, seen_at: datetime
) -> pa.Table:
    """Say of each order that it was ported between `start` and `end`, both included."""
    return pa.table(
        {
            "portout_id": ids if isinstance(ids, pa.ChunkedArray) else pa.array(ids, TEXT),
            "ported_from": _constant(start, INSTANT, len(ids)),
            "ported_to": _constant(end, INSTANT, len(ids)),
            "seen_at": _constant(seen_at, INSTANT, len(ids)),
        }
    )


def _constant(value: object, kind: pa.DataType, length: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, kind), length)
