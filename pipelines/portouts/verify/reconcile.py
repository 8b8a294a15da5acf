"""Counts against counts: where the API and the warehouse disagree, search until the orders that do are named.

One request with `page[size]=1` tells how many orders the API has in a bucket. Equal counts end the matter. Otherwise
the bucket is halved at the median of what we hold, one half is counted, and the half (or both) that cannot be right is
searched, down to a page that is read and compared order by order. The surprise: the API goes on moving meanwhile. What
was found is taken into our picture at once, every bucket that was wrong is counted again, and only what stays
unexplained after some rounds makes the verdict UNPROVEN. An order that changed after `as_of` has moved; that is no
difference.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import pyarrow as pa

from portouts.errors import PortoutsError
from portouts.extract.list_reader import Read
from portouts.extract.page_reader import all_of
from portouts.extract.plan import lookups
from portouts.extract.query_reader import QueryReader
from portouts.records.privacy import KEEP, Privacy
from portouts.records.rows import ids_of, separate_unusable
from portouts.records.schema import ORDER_FIELDS
from portouts.telnyx.client import Api
from portouts.telnyx.errors import Unprocessable
from portouts.telnyx.queries import Axis, ListQuery, Query
from portouts.verify.comparison import Comparison, Difference
from portouts.verify.count_buckets import SECOND, Bucket
from portouts.verify.local_orders import LocalOrders, Version
from portouts.windows import Window

ROUNDS = 4


class Counted(NamedTuple):
    """The total of a list, and the id of the one row that was asked for; None where the list ends before it."""

    total: int
    id: str | None


class Unanswered(PortoutsError):
    """The API gave no count."""


class Reconciliation:
    """Compare one warehouse with the API. `compare` and `sample` may be called in any order; then `finish`."""

    def __init__(
        self,
        api: Api,
        held: LocalOrders,
        as_of: datetime,
        page_size: int = 250,
        privacy: Privacy = KEEP,
        on_count: Callable[[int], None] = lambda _count: None,
    ) -> None:
        self.result = Comparison()
        self._api = api
        self._held = held
        self._as_of = as_of
        self._page_size = page_size
        self._privacy = privacy
        self._reader = QueryReader(api, page_size, privacy)
        self._on_count = on_count
        self._doubted: set[str] = set()
        self._sampled: set[str] = set()
        self._fields: dict[str, tuple[str, ...]] = {}
        self._known: dict[Bucket, int] = {}

    async def compare(self, buckets: Sequence[Bucket], most_searched: int | None = None) -> None:
        """Count these buckets, and search where the counts disagree until they agree or nothing more is found."""
        self.result.buckets += len(buckets)
        try:
            shown = await self._count(buckets)
            self.result.orders += sum(count for bucket, count in shown.items() if bucket.status is None)
            for _ in range(ROUNDS):
                wrong = self._disagreeing(shown)
                if most_searched is not None and sum(abs(count - held) for _, count, held in wrong) > most_searched:
                    self.result.differing_counts = wrong
                    return
                if not wrong:
                    return
                await self.search(wrong)
                self._known.clear()  # the API moves on
                # What was corrected may have hidden an error of another bucket, so those are counted again, too.
                doubtful = {bucket for bucket, _, _ in [*wrong, *self._disagreeing(shown)]}
                shown |= await self._count(sorted(doubtful, key=str))
            self.result.unproven += [f"{bucket}: the count did not settle" for bucket, _, _ in self._disagreeing(shown)]
        except Unanswered as unanswered:
            self.result.unproven.append(str(unanswered))

    async def search(self, wrong: Iterable[tuple[Bucket, int, int]]) -> None:
        """Find the orders behind counts that disagree; first where the API has more, which tends to explain others."""
        for bucket, shown, _ in sorted(wrong, key=lambda found: (found[0].status is None, found[2] - found[1])):
            await self._search(bucket, shown, self._held.count(bucket))
        await self._look_up_doubted()

    async def sample(self, windows: Sequence[Window]) -> None:
        """Read these windows whole and compare every field of every order in them."""
        for window in windows:
            bucket = Bucket(window)
            reads = await self._read(bucket.rows_query)
            self._compare_ids(bucket, reads)
            self._compare_fields(read.table for read in reads)
            self.result.sampled_windows += 1
            self._on_count(1)
            self._sampled |= {id_ for read in reads for id_ in read.table["id"].to_pylist()}
        self.result.sampled_orders = len(self._sampled)
        await self._look_up_doubted()

    async def count_events(self, windows: Sequence[Window]) -> None:
        """Count the events of these ranges, and find the parts of which we hold fewer than the API counts."""
        for bucket in (Bucket(window, axis=Axis.EVENTS) for window in windows):
            try:
                held = self._held.count(bucket)
                shown = await self._shown(bucket, held)
                self.result.events = (self.result.events or 0) + shown
                self.result.missing_events += await self._missing_events(bucket, shown, held)
            except Unanswered as unanswered:
                self.result.unproven.append(str(unanswered))

    async def _missing_events(self, bucket: Bucket, shown: int, held: int) -> list[Window]:
        if shown <= held:
            return []
        halves = bucket.halves(None)
        if shown <= self._page_size or halves is None:
            return [bucket.rows_query.window] if await self._lacks_events(bucket) else []
        before, after = halves
        held_before = self._held.count(before)
        shown_before = await self._shown(before, held_before)
        return [
            *await self._missing_events(before, shown_before, held_before),
            *await self._missing_events(after, shown - shown_before, held - held_before),
        ]

    async def _lacks_events(self, bucket: Bucket) -> bool:
        """Read the events of a bucket and return whether we lack one; counts may differ by events without a date."""
        reads = await self._read(bucket.rows_query)
        self.result.unusable |= {row.fingerprint: row.description for read in reads for row in read.unusable}
        ids = {id_ for read in reads for id_ in read.table["id"].to_pylist()}
        return not ids <= self._held.events(ids)

    def finish(self) -> Comparison:
        """Say what each order found differing is."""
        shown = self._held.find(self._held.corrections)
        for id_, held in self._held.corrections.items():
            self._judge(id_, held, shown.get(id_))
        for id_, fields in self._fields.items():
            if id_ not in self._held.corrections:
                self.result.differences.append(Difference(id_, "different", None, fields))
        self._fields = {}
        return self.result

    def _judge(self, id_: str, held: Version | None, shown: Version | None) -> None:
        if held == shown:
            return
        if shown and any(
            at and at + SECOND > self._as_of for at in (shown.updated_at if held else None, shown.inserted_at)
        ):
            self.result.moved += 1
            return
        kind = "missing" if held is None else "deleted" if shown is None else "stale"
        version = shown or held
        self.result.differences.append(Difference(id_, kind, version.inserted_at if version else None))

    async def _search(self, bucket: Bucket, shown: int, held: int) -> None:
        """Search a bucket in which the API shows another number than we hold."""
        if shown == held:
            return
        halves = bucket.halves(self._held.middle(bucket))
        if shown <= self._page_size or halves is None:
            self._compare_ids(bucket, await self._read(bucket.rows_query))
            return
        before, after = halves
        held_before = self._held.count(before)
        shown_before = await self._shown(before, held_before)
        await self._search(before, shown_before, held_before)
        # Both sides are reckoned alike, so equal sets give equal numbers even if orders sit on the cut.
        await self._search(after, shown - shown_before, held - held_before)

    async def _count(self, buckets: Sequence[Bucket]) -> dict[Bucket, int]:
        held = self._held.counts(buckets)
        shown = await all_of(self._shown(bucket, count) for bucket, count in zip(buckets, held, strict=True))
        return dict(zip(buckets, shown, strict=True))

    def _disagreeing(self, shown: Mapping[Bucket, int]) -> list[tuple[Bucket, int, int]]:
        """List buckets in which we hold another number: bucket, the API's count, ours."""
        held = self._held.counts(list(shown))
        counts = zip(shown, shown.values(), held, strict=True)
        return [found for found in counts if found[1] != found[2]]

    async def _shown(self, bucket: Bucket, held: int) -> int:
        """Count a bucket at the API; `held` is our count.

        A server may never count more than a multiple of the page size. So where our count is one, we ask for the row
        after it, which must not exist; where the counts differ, for the row after the API's.
        """
        if (known := self._known.pop(bucket, None)) is not None:
            return known
        place = held + 1 if held > 0 and held % self._page_size == 0 else 1
        try:
            row = await self._row(bucket, place)
            if row.total == held and (place == 1 or row.id is None):
                return held
            if row.total != held and (row.total < self._page_size or await self._ends_at(bucket, row.total)):
                return row.total
            if row.total <= held and await self._ends_at(bucket, held):
                return held
        except Unprocessable:  # the API refuses pages this deep
            pass
        return await self._sum_of_halves(bucket, held)

    async def _ends_at(self, bucket: Bucket, place: int) -> bool:
        """Return whether a list has a row at this place and no other after it."""
        after = await self._row(bucket, place + 1)
        last = await self._row(bucket, place)
        return last.id is not None and after.id in {None, last.id}  # some servers answer the last row once more

    async def _sum_of_halves(self, bucket: Bucket, held: int) -> int:
        halves = bucket.halves(self._held.middle(bucket))
        if halves is None:
            raise Unanswered(f"{bucket}: the API does not count all that it lists")
        counts = [self._held.count(half) for half in halves]
        shown = [await self._shown(half, count) for half, count in zip(halves, counts, strict=True)]
        self._known.update(zip(halves, shown, strict=True))  # a search that follows asks for them
        return sum(shown) - (sum(counts) - held)  # what sits on the cut is counted on both sides

    async def _row(self, bucket: Bucket, place: int) -> Counted:
        """Ask for one row of a bucket, by its place in the list, and for the total."""
        query = bucket.query
        page = await self._api.fetch_list(query.path, query.params(place, 1))
        self._on_count(1)
        if page.total is None:
            raise Unanswered(f"{bucket}: the API's total_results is {page.uncounted}, which is no count of rows")
        usable, apart = separate_unusable(page.rows, f"row {place} of {query}")
        return Counted(page.total, next(iter([*ids_of(usable), *(row.fingerprint for row in apart)]), None))

    async def _read(self, query: ListQuery) -> list[Read]:
        reads = [read async for read in self._reader.read(deque[Query]([query]))]
        self.result.unproven += [str(read.query) for read in reads if not read.is_proven]
        return reads

    def _compare_ids(self, bucket: Bucket, reads: Sequence[Read]) -> None:
        """Take what a page shows into our picture; what it lacks, or shows older than we hold it, is doubted."""
        shown = {id_: version for read in reads for id_, version in _versions(read.table).items()}
        held = self._held.find(shown) | self._held.within(bucket)
        older = {id_ for id_, version in shown.items() if id_ in held and _is_older(version, held[id_])}
        absent = held.keys() - shown.keys()
        self._doubted |= (older | absent) - self._held.unusable
        self._held.count_nowhere(self._held.counted_elsewhere(absent))
        self._held.correct({id_: v for id_, v in shown.items() if id_ not in older and held.get(id_) != v})
        self._held.count_in(bucket, {id_: version for id_, version in shown.items() if _is_elsewhere(version, bucket)})
        unusable = {row.fingerprint: row for read in reads for row in read.unusable}
        self.result.unusable |= {mark: row.description for mark, row in unusable.items()}
        self._held.count_unusable(bucket, {mark: row.status for mark, row in unusable.items()})

    async def _look_up_doubted(self) -> None:
        """Ask by id for the orders that a page should have shown; only a 404 there means that an order is gone."""
        doubted, self._doubted = sorted(self._doubted), set()
        for query in lookups(doubted, self._page_size):
            async for read in self._reader.read(deque([query])):
                answers: dict[str, Version | None] = {**_versions(read.table), **dict.fromkeys(read.missing)}
                held = self._held.find(answers)
                self._held.correct({id_: v for id_, v in answers.items() if held.get(id_) != v})

    def _compare_fields(self, tables: Iterable[pa.Table]) -> None:
        for table in tables:
            held = self._held.rows(table["id"].to_pylist())
            for row in table.to_pylist():
                row["phone_numbers"] = [self._privacy.mask(number) for number in row["phone_numbers"] or ()]
                ours = held.get(row["id"], row)
                ours["phone_numbers"] = ours["phone_numbers"] or []
                if fields := tuple(name for name in (*ORDER_FIELDS, "extra") if row[name] != ours[name]):
                    self._fields[row["id"]] = fields


def _versions(orders: pa.Table) -> dict[str, Version]:
    columns = (orders[name].to_pylist() for name in ("id", "status", "updated_at", "inserted_at"))
    return {id_: Version(*version) for id_, *version in zip(*columns, strict=True)}


def _is_elsewhere(shown: Version, bucket: Bucket) -> bool:
    """Tell an order that a bucket shows although its own date is none, or lies outside."""
    if bucket.status not in (None, shown.status):
        return False
    window, at = bucket.window, shown.inserted_at
    return at is None or at < window.start - SECOND or at > window.end + SECOND


def _is_older(shown: Version, held: Version) -> bool:
    return bool(shown.updated_at and held.updated_at and shown.updated_at < held.updated_at)
