"""What the warehouse holds, as a comparison sees it: a temporary table that is corrected as the API is better known.

Counting goes through DuckDB, so a million orders need no memory of ours. Rows of `raw.portouts` that `verify` has found
deleted take no part. An order is counted at its place, which is its `inserted_at`. Where that cannot be read, or lies
outside the range in which the API shows the order, only the API knows the place: it is guessed, and corrected as pages
show the order, or fail to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import duckdb

from portouts.telnyx.queries import Axis
from portouts.verify.count_buckets import Bucket
from portouts.windows import Window


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
            with
            span as (
                select min(inserted_at) as first_at, max(inserted_at) as last_at
                from raw.portouts
                where deleted_at is null
            )
            select
                id,
                status,
                updated_at,
                inserted_at,
                coalesce(
                    inserted_at, least(greatest(coalesce(created_at, updated_at, last_at), first_at), last_at)
                ) as place
            from raw.portouts
            cross join span
            where deleted_at is null
            order by place
            """
        )
        self._seen_in: dict[str, tuple[datetime, datetime]] = {}
        """Ranges in which orders were shown whose own date is none, or another."""
        self._everywhere: dict[str, str | None] = {}
        """Such orders that every range shows, with their status."""
        self._stand_ins: set[str] = set()
        self._corrected: dict[str, Version | None] = {}

    @property
    def corrections(self) -> Mapping[str, Version | None]:
        """Every order that was corrected, as the warehouse holds it; None where it does not."""
        return self._corrected

    def count(self, bucket: Bucket) -> int:
        [(found,)] = self._ask("count(*)", bucket).fetchall()
        return int(found) + (self._count_everywhere(bucket) if bucket.axis is Axis.INSERTED else 0)

    def _count_everywhere(self, bucket: Bucket) -> int:
        return sum(bucket.status in (None, status) for status in self._everywhere.values())

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
                select place as placed_at, status from held_orders where status is not null
                union all
                select place as placed_at, null from held_orders
            )
            select count(orders.placed_at)
            from buckets
            left join orders
                on orders.placed_at between buckets.range_start and buckets.range_end
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
        found = zip(buckets, rows, strict=True)
        return [count + (self._count_everywhere(bucket) if self._everywhere else 0) for bucket, (count,) in found]

    def middle(self, bucket: Bucket) -> datetime | None:
        """Name the whole second that has about half of the bucket's orders before it."""
        [(found,)] = self._ask("quantile_disc(place, 0.5)", bucket).fetchall()
        return None if found is None else _floor(found)

    def days(self, window: Window, status: str | None = None) -> list[datetime]:
        """List the UTC days of the window on which an order of this status was inserted."""
        days = self._ask("distinct date_trunc('day', place) as day", Bucket(window, status), "order by day")
        return [day.astimezone(UTC) for (day,) in days.fetchall()]

    def quantiles(self, window: Window, size: int) -> list[datetime]:
        """List whole seconds that cut the window's orders into runs of about `size`."""
        rows = self._connection.execute(
            """
            select placed_at
            from (
                select place as placed_at, row_number() over (order by place) as position
                from held_orders
                where place between ? and ?
            )
            where position % ? = 0
            order by placed_at
            """,
            [window.start, window.end, size],
        ).fetchall()
        return sorted({_floor(at) for (at,) in rows})

    def within(self, bucket: Bucket) -> dict[str, Version]:
        """List the orders that are counted in a bucket."""
        found = self._ask("id, status, updated_at, inserted_at", bucket).fetchall()
        everywhere = [id_ for id_, status in self._everywhere.items() if bucket.status in (None, status)]
        return {row[0]: _version(row) for row in found} | (self.find(everywhere) if everywhere else {})

    def find(self, ids: Iterable[str]) -> dict[str, Version]:
        rows = self._connection.execute(
            "select id, status, updated_at, inserted_at from held_orders where id in (select unnest(?))", [list(ids)]
        ).fetchall()
        return {row[0]: _version(row) for row in rows}

    def correct(self, shown: Mapping[str, Version | None]) -> None:
        """Take the API's word for these orders; None says that it shows none."""
        ids, before = list(shown), self.find(shown)
        self._corrected |= {id_: before.get(id_) for id_ in ids if id_ not in self._corrected}
        places = self._places(ids)
        self._connection.execute("delete from held_orders where id in (select unnest(?))", [ids])
        rows = [
            [id_, *version, places.get(id_) if version.inserted_at is None else version.inserted_at]
            for id_, version in shown.items()
            if version is not None
        ]
        if rows:
            self._connection.executemany("insert into held_orders values (?, ?, ?, ?, ?)", rows)
        self._everywhere = {
            id_: version.status if (version := shown.get(id_)) else status
            for id_, status in self._everywhere.items()
            if id_ not in shown or shown[id_] is not None
        }

    def place(self, shown: Mapping[str, Version], bucket: Bucket) -> None:
        """Count these orders, which the API shows in a bucket against their own word, where it shows them.

        An order that is shown in two ranges apart from each other is shown in every one.
        """
        for id_, version in shown.items():
            window = bucket.window
            first, last = self._seen_in.get(id_, (window.start, window.end))
            first, last = max(first, window.start), min(last, window.end)
            if first > last:
                self._everywhere[id_] = version.status
            self._seen_in[id_] = (first, last) if first <= last else (window.start, window.end)
            self._move([id_], None if id_ in self._everywhere else _inside(*self._seen_in[id_]))

    def displace(self, ids: Iterable[str]) -> None:
        """Count these orders nowhere: the API does not show them where they were thought to be."""
        for id_ in ids:
            self._everywhere.pop(id_, None)
            self._seen_in.pop(id_, None)
            self._move([id_], None)

    def stand_in(self, statuses: Mapping[str, str | None], bucket: Bucket) -> None:
        """Count rows in a bucket that the API shows and nobody can load, by the marks that stand for them."""
        shown = {mark: Version(status, None, None) for mark, status in statuses.items()}
        if new := [
            [mark, version.status, None, None, None] for mark, version in shown.items() if mark not in self._stand_ins
        ]:
            self._connection.executemany("insert into held_orders values (?, ?, ?, ?, ?)", new)
        self._stand_ins |= shown.keys()
        self.place(shown, bucket)

    @property
    def stand_ins(self) -> frozenset[str]:
        return frozenset(self._stand_ins)

    def undated(self, ids: Iterable[str]) -> set[str]:
        """Tell which of these orders are counted elsewhere than at their own date."""
        rows = self._connection.execute(
            "select id from held_orders where id in (select unnest(?)) and place is distinct from inserted_at",
            [list(ids)],
        ).fetchall()
        return {id_ for (id_,) in rows} | self._everywhere.keys() & set(ids)

    def _places(self, ids: list[str]) -> dict[str, datetime | None]:
        rows = self._connection.execute(
            "select id, place from held_orders where id in (select unnest(?))", [ids]
        ).fetchall()
        return dict(rows)

    def _move(self, ids: list[str], place: datetime | None) -> None:
        if ids:
            self._connection.execute("update held_orders set place = ? where id in (select unnest(?))", [place, ids])

    def events(self, ids: Iterable[str]) -> set[str]:
        """List which of these events we hold."""
        rows = self._connection.execute(
            "select id from raw.portout_events where id in (select unnest(?))", [list(ids)]
        ).fetchall()
        return {id_ for (id_,) in rows}

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
            f" where place between $1 and $2 and ($3 is null or status = $3) {order}",
            [bucket.window.start, bucket.window.end, bucket.status],
        )


_EVENTS = "(select created_at as place, cast(null as varchar) as status from raw.portout_events)"


def _table(bucket: Bucket) -> str:
    return _EVENTS if bucket.axis is Axis.EVENTS else "held_orders"


def _inside(first: datetime, last: datetime) -> datetime:
    """Name an instant between two whole seconds, not on one of them if it can be avoided: there, two buckets meet."""
    return first if first == last else first + timedelta(milliseconds=500)


def _version(row: tuple[str, str | None, datetime | None, datetime | None]) -> Version:
    return Version(row[1], _utc(row[2]), _utc(row[3]))


def _utc(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(UTC)


def _floor(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(microsecond=0)
