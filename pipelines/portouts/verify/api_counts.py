"""Counts buckets at the API, with one request of one row wherever the answer can be trusted.

`meta.total_results` states the count. The surprise: a server may never count more than a multiple of the page size. So
a count that may be too low is believed only if the list really ends there; else the halves of the bucket are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from portouts.errors import PortoutsError
from portouts.extract.page_reader import all_of
from portouts.records.rows import ids_of, separate_unusable
from portouts.telnyx.client import Api
from portouts.telnyx.errors import Unprocessable
from portouts.verify.count_buckets import Bucket
from portouts.verify.local_orders import LocalOrders


class Counted(NamedTuple):
    """The total of a list, and the id of the row at one position; None if the list ends before it."""

    total: int
    id: str | None


class Unanswered(PortoutsError):
    """The API answered no count."""


class ApiCounts:
    """Count buckets at the API; `held` is our own count of a bucket, which an honest API mostly confirms."""

    def __init__(self, api: Api, held: LocalOrders, page_size: int, on_count: Callable[[int], None]) -> None:
        self._api = api
        self._held = held
        self._page_size = page_size
        self._on_count = on_count
        self._halves: dict[Bucket, int] = {}
        """Counts of halves that were needed for a whole, for a search that follows."""

    def forget(self) -> None:
        """Forget all counts that were kept: the API has changed since."""
        self._halves.clear()

    async def count_all(self, buckets: Sequence[Bucket]) -> dict[Bucket, int]:
        held = self._held.counts(buckets)
        shown = await all_of(self.count(bucket, count) for bucket, count in zip(buckets, held, strict=True))
        return dict(zip(buckets, shown, strict=True))

    async def count(self, bucket: Bucket, held: int) -> int:
        """Count a bucket at the API; `held` is our count.

        A server may never count more than a multiple of the page size. If our count is one, we request the row after
        it, which must not exist. If the counts differ, we request the row after the API's count.
        """
        if (known := self._halves.pop(bucket, None)) is not None:
            return known
        position = held + 1 if held > 0 and held % self._page_size == 0 else 1
        try:
            row = await self._row(bucket, position)
            if row.total == held and (position == 1 or row.id is None):
                return held
            if row.total != held and (row.total < self._page_size or await self._ends_at(bucket, row.total)):
                return row.total
            if row.total <= held and await self._ends_at(bucket, held):
                return held
        except Unprocessable:  # the API refuses pages this deep
            pass
        return await self._sum_of_halves(bucket, held)

    async def _ends_at(self, bucket: Bucket, position: int) -> bool:
        """Return whether a list has a row at this position and no other after it."""
        after = await self._row(bucket, position + 1)
        last = await self._row(bucket, position)
        return last.id is not None and after.id in {None, last.id}  # some servers answer the last row once more

    async def _sum_of_halves(self, bucket: Bucket, held: int) -> int:
        halves = bucket.halves(self._held.middle(bucket))
        if halves is None:
            raise Unanswered(f"{bucket}: the API does not count all that it lists")
        counts = [self._held.count(half) for half in halves]
        shown = [await self.count(half, count) for half, count in zip(halves, counts, strict=True)]
        self._halves.update(zip(halves, shown, strict=True))  # for a search that follows
        return sum(shown) - (sum(counts) - held)  # an order on the cut is counted on both sides

    async def _row(self, bucket: Bucket, position: int) -> Counted:
        """Request the row at this position of a bucket's list, and the total."""
        query = bucket.query
        page = await self._api.fetch_list(query.path, query.params(position, 1))
        self._on_count(1)
        if page.total is None:
            raise Unanswered(f"{bucket}: the API's total_results is {page.uncounted}, which is no count of rows")
        usable, apart = separate_unusable(page.rows, f"row {position} of {query}")
        return Counted(page.total, next(iter([*ids_of(usable), *(row.fingerprint for row in apart)]), None))
