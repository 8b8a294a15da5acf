"""Our orders, corrected during verification as the API shows differences.

DuckDB counts them, and copies them for the first correction only, so a million orders need no memory of ours. Rows of
`raw.portouts` that `verify` has marked as deleted are left out. Each order is counted at one instant, `counted_at`,
which is its `inserted_at`. The surprise: where that date cannot be read, or lies outside the range in which the API
shows the order, only the API knows the instant. We begin with a guess, and correct it whenever a page shows the order
or lacks it.
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


class LocalOrders:
    """Our orders, corrected in the copy only."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        connection.execute("set timezone = 'UTC'")
        connection.execute(
            """
            create or replace temp view local_orders as
            with span as (
                select min(inserted_at) as first_at, max(inserted_at) as last_at
                from raw.portouts where deleted_at is null
            )
            select
                id, status, updated_at, inserted_at,
                coalesce(
                    inserted_at, least(greatest(coalesce(created_at, updated_at, last_at), first_at), last_at)
                ) as counted_at
            from raw.portouts cross join span
            where deleted_at is null
            """
        )
        self._is_copied = False
        self._shown_between: dict[str, tuple[datetime, datetime]] = {}
        """Ranges in which the API shows orders that have no date, or one outside the range."""
        self._in_every_range: dict[str, str | None] = {}
        """Such orders that the API shows in every range, with their status."""
        self._unusable: set[str] = set()
        """Fingerprints of rows without an id, which are counted and cannot be looked up."""
        self._corrected: dict[str, Version | None] = {}

    def _copy(self) -> None:
        """Copy the orders to where they can be corrected."""
        if not self._is_copied:
            self._connection.execute(
                "create or replace temp table corrected_orders as from local_orders order by counted_at;"
                "create or replace temp view local_orders as from corrected_orders"
            )
            self._is_copied = True

    @property
    def corrections(self) -> Mapping[str, Version | None]:
        """Every order that was corrected, in the version that the warehouse holds; None if it holds none."""
        return self._corrected

    def count(self, bucket: Bucket) -> int:
        [(found,)] = self._ask("count(*)", bucket).fetchall()
        return int(found) + (self._count_in_every_range(bucket) if bucket.axis is Axis.INSERTED else 0)

    def _count_in_every_range(self, bucket: Bucket) -> int:
        return sum(bucket.status in (None, status) for status in self._in_every_range.values())

    def counts(self, buckets: Sequence[Bucket]) -> list[int]:
        """Count many buckets in one query; one each takes seconds for the thousands of a year by day."""
        windows = [bucket.window for bucket in buckets]
        rows = self._connection.execute(
            """
            with
            buckets as (
                select
                    unnest(range(len($1))) as position,
                    unnest(cast($1 as timestamptz[])) as range_start,
                    unnest(cast($2 as timestamptz[])) as range_end,
                    unnest(cast($3 as varchar[])) as status
            ),
            orders as (
                select counted_at, status from local_orders where status is not null
                union all
                select counted_at, null from local_orders
            )
            select count(orders.counted_at)
            from buckets
            left join orders
                on orders.counted_at between buckets.range_start and buckets.range_end
                and orders.status is not distinct from buckets.status
            group by buckets.position
            order by buckets.position
            """,
            [
                [window.start for window in windows],
                [window.end for window in windows],
                [bucket.status for bucket in buckets],
            ],
        ).fetchall()
        found = zip(buckets, rows, strict=True)
        return [count + self._count_in_every_range(bucket) for bucket, (count,) in found]

    def middle(self, bucket: Bucket) -> datetime | None:
        """Return the whole second that has about half of the bucket's orders before it."""
        [(found,)] = self._ask("quantile_disc(counted_at, 0.5)", bucket).fetchall()
        return None if found is None else _floor(found)

    def days(self, window: Window, status: str | None = None) -> list[datetime]:
        """List the UTC days of the window on which an order of this status was inserted."""
        days = self._ask("distinct date_trunc('day', counted_at) as day", Bucket(window, status), "order by day")
        return [day.astimezone(UTC) for (day,) in days.fetchall()]

    def quantiles(self, window: Window, size: int) -> list[datetime]:
        """List whole seconds that cut the window's orders into runs of about `size`."""
        rows = self._connection.execute(
            """
            select counted_at
            from (
                select counted_at, row_number() over (order by counted_at) as position
                from local_orders
                where counted_at between ? and ?
            )
            where position % ? = 0
            order by counted_at
            """,
            [window.start, window.end, size],
        ).fetchall()
        return sorted({_floor(at) for (at,) in rows})

    def within(self, bucket: Bucket) -> dict[str, Version]:
        """List the orders that are counted in a bucket."""
        found = self._ask("id, status, updated_at, inserted_at", bucket).fetchall()
        undated = [id_ for id_, status in self._in_every_range.items() if bucket.status in (None, status)]
        return {row[0]: _version(row) for row in found} | (self.find(undated) if undated else {})

    def find(self, ids: Iterable[str]) -> dict[str, Version]:
        """Return the versions of those of these orders that we hold."""
        rows = self._connection.execute(
            "select id, status, updated_at, inserted_at from local_orders where id in (select unnest(?))", [list(ids)]
        ).fetchall()
        return {row[0]: _version(row) for row in rows}

    def correct(self, shown: Mapping[str, Version | None]) -> None:
        """Replace these orders by the versions that the API shows; None if it shows none."""
        ids, before = list(shown), self.find(shown)
        self._corrected |= {id_: before.get(id_) for id_ in ids if id_ not in self._corrected}
        counted_at = self._counted_at(ids)
        self._copy()
        self._connection.execute("delete from corrected_orders where id in (select unnest(?))", [ids])
        found = {id_: version for id_, version in shown.items() if version is not None}
        self._insert(found, [version.inserted_at or counted_at.get(id_) for id_, version in found.items()])
        self._in_every_range = {
            id_: version.status if (version := shown.get(id_)) else status
            for id_, status in self._in_every_range.items()
            if id_ not in shown or shown[id_] is not None
        }

    def count_in(self, bucket: Bucket, shown: Mapping[str, Version]) -> None:
        """Count these orders in this bucket, where the API shows them whatever their own date is.

        An order that the API shows in two ranges apart from each other is shown in every one.
        """
        for id_, version in shown.items():
            window = bucket.window
            first, last = self._shown_between.get(id_, (window.start, window.end))
            first, last = max(first, window.start), min(last, window.end)
            if first > last:
                self._in_every_range[id_] = version.status
            self._shown_between[id_] = (first, last) if first <= last else (window.start, window.end)
            self._move(id_, None if id_ in self._in_every_range else _inside(*self._shown_between[id_]))

    def count_nowhere(self, ids: Iterable[str]) -> None:
        """Count these orders in no range: the API does not show them where they were counted."""
        for id_ in ids:
            self._in_every_range.pop(id_, None)
            self._shown_between.pop(id_, None)
            self._move(id_, None)

    def count_unusable(self, bucket: Bucket, statuses: Mapping[str, str | None]) -> None:
        """Count in this bucket rows that the API shows and that cannot be loaded; the fingerprint of each is its id."""
        shown = {fingerprint: Version(status, None, None) for fingerprint, status in statuses.items()}
        new = {fingerprint: version for fingerprint, version in shown.items() if fingerprint not in self._unusable}
        self._insert(new, [None] * len(new))
        self._unusable |= new.keys()
        self.count_in(bucket, shown)

    @property
    def unusable(self) -> frozenset[str]:
        return frozenset(self._unusable)

    def counted_elsewhere(self, ids: Iterable[str]) -> set[str]:
        """Return those of these orders that are counted at another instant than their `inserted_at`."""
        rows = self._connection.execute(
            "select id from local_orders where id in (select unnest(?)) and counted_at is distinct from inserted_at",
            [list(ids)],
        ).fetchall()
        return {id_ for (id_,) in rows} | self._in_every_range.keys() & set(ids)

    def _insert(self, orders: Mapping[str, Version], counted_at: Sequence[datetime | None]) -> None:
        versions = orders.values()
        self._copy()
        self._connection.execute(
            """
            insert into corrected_orders
            select
                unnest(cast($1 as varchar[])),
                unnest(cast($2 as varchar[])),
                unnest(cast($3 as timestamptz[])),
                unnest(cast($4 as timestamptz[])),
                unnest(cast($5 as timestamptz[]))
            """,
            [
                list(orders),
                [version.status for version in versions],
                [version.updated_at for version in versions],
                [version.inserted_at for version in versions],
                counted_at,
            ],
        )

    def _counted_at(self, ids: list[str]) -> dict[str, datetime | None]:
        rows = self._connection.execute(
            "select id, counted_at from local_orders where id in (select unnest(?))", [ids]
        ).fetchall()
        return dict(rows)

    def _move(self, id_: str, counted_at: datetime | None) -> None:
        self._copy()
        self._connection.execute("update corrected_orders set counted_at = ? where id = ?", [counted_at, id_])

    def events(self, ids: Iterable[str]) -> set[str]:
        """Return those of these events that we hold."""
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
            f" where counted_at between $1 and $2 and ($3 is null or status = $3) {order}",
            [bucket.window.start, bucket.window.end, bucket.status],
        )


_EVENTS = "(select created_at as counted_at, cast(null as varchar) as status from raw.portout_events)"


def _table(bucket: Bucket) -> str:
    return _EVENTS if bucket.axis is Axis.EVENTS else "local_orders"


def _inside(first: datetime, last: datetime) -> datetime:
    """Return an instant between two whole seconds, and on neither if they differ: two buckets meet there."""
    return first if first == last else first + timedelta(milliseconds=500)


def _version(row: tuple[str, str | None, datetime | None, datetime | None]) -> Version:
    return Version(row[1], _utc(row[2]), _utc(row[3]))


def _utc(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(UTC)


def _floor(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(microsecond=0)
