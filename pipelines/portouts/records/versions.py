"""Chooses the newest version of each order, and lists all versions that were seen.

A sync reads an order more than once, and a replica that lags may answer an older version later than a newer one. Every
version that was seen is history, whichever is the newest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
    """List the distinct states in which orders were seen, with the code and the reason of a rejection.

    The columns are `portout_id, status, updated_at, rejection_code, reason, seen_at, sync_id`.

    The three columns that identify an observation are never null, since a null matches nothing when rows are merged. A
    missing status becomes the empty text. A missing `updated_at` becomes the order's `inserted_at`, or else `seen_at`.
    """
    columns = ["id", "status", "updated_at", "inserted_at", "rejection_code", "reason"]
    table = pa.concat_tables(table.select(columns) for table in tables)
    states = pa.table(
        {
            "portout_id": table["id"],
            "status": pc.fill_null(table["status"], ""),
            "updated_at": pc.coalesce(table["updated_at"], table["inserted_at"], pa.scalar(seen_at, INSTANT)),
            "rejection_code": table["rejection_code"],
            "reason": table["reason"],
        }
    )
    kept = [("rejection_code", "last"), ("reason", "last")]
    states = states.group_by(["portout_id", "status", "updated_at"], use_threads=False).aggregate(kept)
    states = states.rename_columns(["portout_id", "status", "updated_at", "rejection_code", "reason"])
    return states.append_column("seen_at", _constant(seen_at, INSTANT, len(states))).append_column(
        "sync_id", _constant(sync_id, TEXT, len(states))
    )


def ported_ranges_table(
    ids: Sequence[str] | pa.ChunkedArray, start: datetime, end: datetime, seen_at: datetime
) -> pa.Table:
    """Make one row for each order that was ported between `start` and `end`, both included."""
    return pa.table(
        {
            "portout_id": ids if isinstance(ids, pa.ChunkedArray) else pa.array(ids, TEXT),
            "ported_from": _constant(start, INSTANT, len(ids)),
            "ported_to": _constant(end, INSTANT, len(ids)),
            "seen_at": _constant(seen_at, INSTANT, len(ids)),
        }
    )


@dataclass
class KnownVersions:
    """Versions of orders that a sync knows: `updated_at` by id."""

    held: dict[str, datetime | None]
    """Of open orders, as an earlier sync has committed them."""
    is_first_load: bool = False
    committed: dict[str, datetime | None] = field(default_factory=dict)
    """Of orders that this sync has committed."""

    def only_new(self, orders: pa.Table) -> pa.Table:
        """Leave out versions older than one that this sync has committed."""
        return not_older(orders, self.committed)

    def forget_held(self, orders: pa.Table) -> None:
        """Forget the held versions of orders that were fetched by id: the API shows what it shows now."""
        for order_id in self.held.keys() & set(orders["id"].to_pylist()):
            del self.held[order_id]

    def commit(self, orders: pa.Table, discarded: Sequence[pa.Table]) -> None:
        """Note the versions about to be committed. A first load reads each order once, unless it was discarded."""
        if self.is_first_load:
            seen_before = pa.chunked_array([table["id"].combine_chunks() for table in discarded], TEXT)
            orders = orders.filter(pc.is_in(orders["id"], seen_before))
        self.committed |= dict(zip(orders["id"].to_pylist(), orders["updated_at"].to_pylist(), strict=True))


def older(orders: pa.Table, versions: Mapping[str, datetime | None]) -> pa.Table:
    """Keep the orders whose `updated_at` lies before that of the known version."""
    return orders.filter(_is_older(orders, versions)) if versions else orders.slice(0, 0)


def not_older(orders: pa.Table, versions: Mapping[str, datetime | None]) -> pa.Table:
    """Leave out the orders whose `updated_at` lies before that of the known version."""
    return orders.filter(pc.invert(_is_older(orders, versions))) if versions else orders


def _is_older(orders: pa.Table, versions: Mapping[str, datetime | None]) -> pa.ChunkedArray:
    known_at = pa.array([versions.get(order_id) for order_id in orders["id"].to_pylist()], INSTANT)
    return pc.fill_null(pc.less(orders["updated_at"], known_at), fill_value=False)


def _constant(value: object, kind: pa.DataType, length: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, kind), length)
