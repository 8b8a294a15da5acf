"""What the warehouse holds, as a comparison sees it: a temporary table that is corrected as the API is better known.

Counting goes through DuckDB, so a million orders need no memory of ours. Rows of `raw.portouts` that `verify` has found
deleted, and rows without `inserted_at`, which no range of the API can return, take no part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import duckdb

from portouts.buckets import Bucket
from portouts.sync_plan import Axis, Window


class Version(NamedTuple):
    """One order as it was seen, by us or at the API."""

    status: str | None
    updated_at: datetime | None
    inserted_at: datetime | None


class HeldOrders:
    """The orders of a warehouse, corrected in memory only."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        connection.execute("set timezone = 'UTC'")
        connection.execute(
            """
            create or replace temp table held_orders as
            select id, status, updated_at, inserted_at
            from raw.portouts
            where deleted_at is null and inserted_at is not null
            order by inserted_at
            """
        )
        self._corrected: dict[str, Version | None] = {}

    @property
    def corrections(self) -> Mapping[str, Version | None]:
        """Every order that was corrected, as the warehouse holds it; None where it does not."""
        return self._corrected

    def count(self, bucket: Bucket) -> int:
        [(found,)] = self._ask("count(*)", bucket).fetchall()
        return int(found)

    def counts(self, buckets: Sequence[Bucket]) -> list[int]:
        """Count many buckets in one query; one each takes seconds for the thousands of a year by day."""
        windows = [bucket.window for bucket in buckets]
        rows = self._connection.execute(
            """
            with
            buckets as (
                select
                    unnest(range(len($1))) as place,
                    unnest(cast($1 as timestamptz[])) as range_start,
                    unnest(cast($2 as timestamptz[])) as range_end,
                    unnest(cast($3 as varchar[])) as status
            ),
            orders as (
                select inserted_at, status from held_orders where status is not null
                union all
                select inserted_at, null from held_orders
            )
            select count(orders.inserted_at)
            from buckets
            left join orders
                on orders.inserted_at between buckets.range_start and buckets.range_end
                and orders.status is not distinct from buckets.status
            group by buckets.place
            order by buckets.place
            """,
            [
                [window.start for window in windows],
                [window.end for window in windows],
                [bucket.status for bucket in buckets],
            ],
        ).fetchall()
        return [count for (count,) in rows]

    def middle(self, bucket: Bucket) -> datetime | None:
        """Name the whole second that has about half of the bucket's orders before it."""
        [(found,)] = self._ask("quantile_disc(inserted_at, 0.5)", bucket).fetchall()
        return None if found is None else _floor(found)

    def days(self, window: Window, status: str | None = None) -> list[datetime]:
        """List the UTC days of the window on which an order of this status was inserted."""
        days = self._ask("distinct date_trunc('day', inserted_at) as day", Bucket(window, status), "order by day")
        return [day.astimezone(UTC) for (day,) in days.fetchall()]

    def quantiles(self, window: Window, size: int) -> list[datetime]:
        """List whole seconds that cut the window's orders into runs of about `size`."""
        rows = self._connection.execute(
            """
            select inserted_at
            from (
                select inserted_at, row_number() over (order by inserted_at) as place
                from held_orders
                where inserted_at between ? and ?
            )
            where place % ? = 0
            order by inserted_at
            """,
            [window.start, window.end, size],
        ).fetchall()
        return sorted({_floor(at) for (at,) in rows})

    def within(self, bucket: Bucket) -> dict[str, Version]:
        return {row[0]: _version(row) for row in self._ask("id, status, updated_at, inserted_at", bucket).fetchall()}

    def find(self, ids: Iterable[str]) -> dict[str, Version]:
        rows = self._connection.execute(
            "select id, status, updated_at, inserted_at from held_orders where id in (select unnest(?))", [list(ids)]
        ).fetchall()
        return {row[0]: _version(row) for row in rows}

    def correct(self, shown: Mapping[str, Version | None]) -> None:
        """Take the API's word for these orders; None says that it shows none."""
        ids, before = list(shown), self.find(shown)
        self._corrected |= {id_: before.get(id_) for id_ in ids if id_ not in self._corrected}
        self._connection.execute("delete from held_orders where id in (select unnest(?))", [ids])
        rows = [[id_, *version] for id_, version in shown.items() if version is not None]
        if rows:
            self._connection.executemany("insert into held_orders values (?, ?, ?, ?)", rows)

    def rows(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Read orders whole, as `raw.portouts` holds them, each with its `phone_numbers` in their order."""
        cursor = self._connection.execute(
            """
            select portouts.*, numbers.phone_numbers
            from raw.portouts as portouts
            left join (
                select portout_id, list(phone_number order by position) as phone_numbers
                from raw.portout_phone_numbers
                group by portout_id
            ) as numbers on numbers.portout_id = portouts.id
            where portouts.id in (select unnest(?))
            """,
            [list(ids)],
        )
        names = [column[0] for column in cursor.description or ()]
        return {row[names.index("id")]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()}

    def _ask(self, what: str, bucket: Bucket, order: str = "") -> duckdb.DuckDBPyConnection:
        return self._connection.execute(
            f"select {what} from {_table(bucket)}"  # noqa: S608 - all parts come from this file
            f" where inserted_at between $1 and $2 and ($3 is null or status = $3) {order}",
            [bucket.window.start, bucket.window.end, bucket.status],
        )


_EVENTS = "(select created_at as inserted_at, cast(null as varchar) as status from raw.portout_events)"


def _table(bucket: Bucket) -> str:
    return _EVENTS if bucket.axis is Axis.EVENTS else "held_orders"


def _version(row: tuple[str, str | None, datetime | None, datetime | None]) -> Version:
    return Version(row[1], _utc(row[2]), _utc(row[3]))


def _utc(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(UTC)


def _floor(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(microsecond=0)
