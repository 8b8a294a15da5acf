"""Reads queries in turn, a few ahead of the consumer of the rows, so that all connections are busy.

A list that must be read in parts comes back as a split, and its parts are read next.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace

import pyarrow as pa

from portouts.extract.list_reader import PAGES_AT_A_TIME, ListReader, Read, Split
from portouts.extract.page_reader import PageReader, Pages, all_of
from portouts.records.privacy import KEEP, Privacy
from portouts.telnyx.client import Api
from portouts.telnyx.queries import ListQuery, Lookup, Query

# What is prefetched: enough to keep all connections busy.
PAGES_AHEAD = 80
LOOKUPS_AHEAD = 2


class QueryReader:
    """Read queries, a few ahead of the consumer of the rows. Close it at the end, because reads may be running."""

    def __init__(
        self,
        api: Api,
        page_size: int,
        privacy: Privacy = KEEP,
        on_rows: Callable[[int], None] = lambda _count: None,
    ) -> None:
        self.api_clock = api.api_clock
        self._first_pages: dict[ListQuery, Pages] = {}
        self._under_way: deque[asyncio.Task[Read | Split]] = deque()
        self._pages_ahead: deque[int] = deque()
        """How many pages each of them probably has."""
        self._pages = PageReader(api, page_size, privacy)
        self._lists = ListReader(self._pages, self._first_pages)
        self._on_rows = on_rows

    async def count(self, queries: Iterable[ListQuery]) -> int:
        """Return how many rows the queries hold. The first pages, which state it, are kept and not requested again."""
        queries, kept = list(queries), self._first_pages
        unasked = [query for query in queries if query not in kept]
        kept.update(zip(unasked, await all_of(self._pages.page(query, 1) for query in unasked), strict=True))
        return sum(kept[query].total or 0 for query in queries)

    def forget_counted(self) -> None:
        """Drop the first pages that were kept, since other queries will be read."""
        self._first_pages.clear()

    async def read(self, queries: deque[Query], is_stopping: Callable[[], bool] = lambda: False) -> AsyncIterator[Read]:
        """Yield the reads of these queries in turn, and take each query from the deque when its read begins.

        When stopping, it begins no further read, yields those that have begun, and leaves the others in the deque.
        """
        reads, discarded = self._under_way, list[pa.Table]()
        while reads or (queries and not is_stopping()):
            while queries and not is_stopping() and self._has_room_for(queries[0]):
                self._pages_ahead.append(_expected_pages(queries[0]))
                reads.append(asyncio.create_task(self._read(queries.popleft())))
            outcome = await self._next_outcome()
            discarded += outcome.discarded
            if isinstance(outcome, Split):
                queries.extendleft(reversed(outcome.parts))
            else:
                yield replace(outcome, discarded=tuple(discarded))
                discarded.clear()

    def _has_room_for(self, query: Query) -> bool:
        return sum(self._pages_ahead) + _expected_pages(query) <= PAGES_AHEAD

    async def _next_outcome(self) -> Read | Split:
        self._pages_ahead.popleft()
        try:
            return await self._under_way.popleft()
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """End the reads that are under way, and wait until they have ended."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        self._under_way.clear()
        self._pages_ahead.clear()

    async def _read(self, query: Query) -> Read | Split:
        outcome = await (self._look_up(query) if isinstance(query, Lookup) else self._lists.read(query))
        if isinstance(outcome, Read):
            self._on_rows(len(outcome.table) + len(outcome.missing))
        return outcome

    async def _look_up(self, lookup: Lookup) -> Read:
        table, missing = await self._pages.rows(lookup)
        return Read(lookup, table, missing=missing)


def _expected_pages(query: Query) -> int:
    if isinstance(query, Lookup):
        return PAGES_AHEAD // LOOKUPS_AHEAD
    return query.expected_pages or PAGES_AT_A_TIME[query.axis]
