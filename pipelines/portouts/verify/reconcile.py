"""Compares counts with counts; where the API and the warehouse disagree, searches for the orders that cause it.

One request with `page[size]=1` returns how many orders the API has in a bucket. A bucket of equal counts is done. Any
other bucket is halved at the median of our orders, and each half that cannot be right is searched, down to a page that
is read and compared order by order. The surprise: the API changes during the search. So each correction enters our copy
of the orders at once, and every bucket that was wrong is counted again. Only what stays unexplained after some rounds
makes the verdict UNPROVEN. An order that changed after `as_of` has moved, which is no difference.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

import pyarrow as pa

from portouts.extract.list_reader import Read
from portouts.extract.plan import lookups
from portouts.extract.query_reader import QueryReader
from portouts.records.privacy import KEEP, Privacy
from portouts.records.schema import ORDER_FIELDS
from portouts.telnyx.client import Api
from portouts.telnyx.queries import Axis, ListQuery, Query
from portouts.verify.api_counts import ApiCounts, Unanswered
from portouts.verify.comparison import Comparison, CountDifference, Difference
from portouts.verify.count_buckets import SECOND, Bucket
from portouts.verify.local_orders import LocalOrders, Version
from portouts.windows import Window

ROUNDS = 4


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
        self._held = held
        self._as_of = as_of
        self._page_size = page_size
        self._privacy = privacy
        self._counts = ApiCounts(api, held, page_size, on_count)
        self._reader = QueryReader(api, page_size, privacy)
        self._on_count = on_count
        self._to_look_up: set[str] = set()
        self._sampled: set[str] = set()
        self._differing_fields: dict[str, tuple[str, ...]] = {}

    async def compare(self, buckets: Sequence[Bucket], most_searched: int | None = None) -> None:
        """Count these buckets, and search those whose counts differ until they agree or nothing more is found."""
        self.result.buckets += len(buckets)
        try:
            shown = await self._counts.count_all(buckets)
            self.result.orders += sum(count for bucket, count in shown.items() if bucket.status is None)
            for _ in range(ROUNDS):
                wrong = self._differing(shown)
                if most_searched is not None and sum(abs(each.shown - each.held) for each in wrong) > most_searched:
                    self.result.differing_counts = wrong
                    return
                if not wrong:
                    return
                await self._search_all(wrong)
                self._counts.forget()
                # A correction may have hidden an error of another bucket, so that bucket is counted again, too.
                again = {each.bucket for each in [*wrong, *self._differing(shown)]}
                shown |= await self._counts.count_all(sorted(again, key=str))
            self.result.unproven += [f"{each.bucket}: the count did not settle" for each in self._differing(shown)]
        except Unanswered as unanswered:
            self.result.unproven.append(str(unanswered))

    async def _search_all(self, wrong: Iterable[CountDifference]) -> None:
        """Find the orders behind counts that differ; first where the API has more, which often explains others."""
        for each in sorted(wrong, key=lambda each: (each.bucket.status is None, each.held - each.shown)):
            await self._search(each.bucket, each.shown, self._held.count(each.bucket))
        await self._look_up()

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
        await self._look_up()

    async def count_events(self, windows: Sequence[Window]) -> None:
        """Count the events of these ranges, and find the parts of which we hold fewer than the API."""
        for bucket in (Bucket(window, axis=Axis.EVENTS) for window in windows):
            try:
                held = self._held.count(bucket)
                shown = await self._counts.count(bucket, held)
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
        shown_before = await self._counts.count(before, held_before)
        return [
            *await self._missing_events(before, shown_before, held_before),
            *await self._missing_events(after, shown - shown_before, held - held_before),
        ]

    async def _lacks_events(self, bucket: Bucket) -> bool:
        """Return whether we lack an event of this bucket; counts alone may differ by events without a date."""
        reads = await self._read(bucket.rows_query)
        self.result.unusable |= {row.fingerprint: row.description for read in reads for row in read.unusable}
        ids = {id_ for read in reads for id_ in read.table["id"].to_pylist()}
        return not ids <= self._held.events(ids)

    def finish(self) -> Comparison:
        """Name the difference of each order that differs."""
        shown = self._held.find(self._held.corrections)
        for id_, held in self._held.corrections.items():
            self._judge(id_, held, shown.get(id_))
        for id_, fields in self._differing_fields.items():
            if id_ not in self._held.corrections:
                self.result.differences.append(Difference(id_, "different", None, fields))
        self._differing_fields = {}
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
        shown_before = await self._counts.count(before, held_before)
        await self._search(before, shown_before, held_before)
        # Both differences are computed alike, so equal sets give equal numbers even if orders lie on the cut.
        await self._search(after, shown - shown_before, held - held_before)

    def _differing(self, shown: Mapping[Bucket, int]) -> list[CountDifference]:
        """List the buckets of which we hold another number than the API."""
        held = self._held.counts(list(shown))
        counts = [CountDifference(*each) for each in zip(shown, shown.values(), held, strict=True)]
        return [each for each in counts if each.shown != each.held]

    async def _read(self, query: ListQuery) -> list[Read]:
        reads = [read async for read in self._reader.read(deque[Query]([query]))]
        self.result.unproven += [str(read.query) for read in reads if not read.is_proven]
        return reads

    def _compare_ids(self, bucket: Bucket, reads: Sequence[Read]) -> None:
        """Correct our copy by what a page shows; look up what it lacks, or shows in an older version than ours."""
        shown = {id_: version for read in reads for id_, version in _versions(read.table).items()}
        held = self._held.find(shown) | self._held.within(bucket)
        older = {id_ for id_, version in shown.items() if id_ in held and _is_older(version, held[id_])}
        absent = held.keys() - shown.keys()
        self._to_look_up |= (older | absent) - self._held.unusable
        self._held.count_nowhere(self._held.counted_elsewhere(absent))
        self._held.correct({id_: v for id_, v in shown.items() if id_ not in older and held.get(id_) != v})
        self._held.count_in(
            bucket, {id_: version for id_, version in shown.items() if _is_dated_outside(version, bucket)}
        )
        unusable = {row.fingerprint: row for read in reads for row in read.unusable}
        self.result.unusable |= {fingerprint: row.description for fingerprint, row in unusable.items()}
        self._held.count_unusable(bucket, {fingerprint: row.status for fingerprint, row in unusable.items()})

    async def _look_up(self) -> None:
        """Fetch by id the orders that a page should have shown; only a 404 means that an order is gone."""
        ids, self._to_look_up = sorted(self._to_look_up), set()
        for query in lookups(ids, self._page_size):
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
                    self._differing_fields[row["id"]] = fields


def _versions(orders: pa.Table) -> dict[str, Version]:
    columns = (orders[name].to_pylist() for name in ("id", "status", "updated_at", "inserted_at"))
    return {id_: Version(*version) for id_, *version in zip(*columns, strict=True)}


def _is_dated_outside(shown: Version, bucket: Bucket) -> bool:
    """Return whether an order of this bucket has no date of its own, or one outside the bucket."""
    if bucket.status not in (None, shown.status):
        return False
    window, at = bucket.window, shown.inserted_at
    return at is None or at < window.start - SECOND or at > window.end + SECOND


def _is_older(shown: Version, held: Version) -> bool:
    return bool(shown.updated_at and held.updated_at and shown.updated_at < held.updated_at)
