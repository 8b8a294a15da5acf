"""Reads queries in turn, and a few ahead of whoever takes the rows, so that all connections are busy.

A list that must be read in parts comes back as a split, and its parts are read next.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import pyarrow as pa

from portouts.extract.list_reader import PAGES_AT_A_TIME, ListReader, Read, Split
from portouts.extract.page_reader import PageReader, Pages, all_of
from portouts.records.privacy import KEEP, Privacy
from portouts.telnyx.client import Api
from portouts.telnyx.queries import ListQuery, Lookup, Query

# What is prefetched: enough to keep all connections busy.
PAGES_AHEAD = 80
LOOKUPS_AHEAD = 2


@dataclass(frozen=True, eq=False)
class UnderWay:
    """What has been asked for and not been taken yet. It may outlive the reader that began it, in one event loop."""

    first_pages: dict[ListQuery, Pages] = field(default_factory=dict)
    reads: deque[asyncio.Task[Read | Split]] = field(default_factory=deque)
    discarded: list[pa.Table] = field(default_factory=list)
    """Orders on the pages of lists that were split, for the next read that is taken."""

    async def break_off(self) -> None:
        """End the reads, and wait until they have ended."""
        for task in self.reads:
            task.cancel()
        await asyncio.gather(*self.reads, return_exceptions=True)
        self.reads.clear()
        self.discarded.clear()


class QueryReader:
    """Read queries, a few ahead of whoever takes the rows."""

    def __init__(
        self,
        api: Api,
        page_size: int,
        privacy: Privacy = KEEP,
        under_way: UnderWay | None = None,
        on_rows: Callable[[int], None] = lambda _count: None,
    ) -> None:
        self.api_clock = api.api_clock
        self.discarded: list[pa.Table] = []
        """Orders of all reads taken that stood on pages that proved nothing."""
        self._under_way = under_way or UnderWay()
        self._pages = PageReader(api, page_size, privacy)
        self._lists = ListReader(self._pages, self._under_way.first_pages)
        self._on_rows = on_rows

    async def count(self, queries: Iterable[ListQuery]) -> int:
        """Return how many rows the queries hold. The first pages, which state it, are kept and not requested again."""
        queries, kept = list(queries), self._under_way.first_pages
        unasked = [query for query in queries if query not in kept]
        kept.update(zip(unasked, await all_of(self._pages.page(query, 1) for query in unasked), strict=True))
        return sum(kept[query].total or 0 for query in queries)

    def forget_counted(self) -> None:
        """Drop the first pages that were kept, since other queries will be read."""
        self._under_way.first_pages.clear()

    async def read_all(
        self, queries: deque[Query], take: Callable[[Read], None], enough: Callable[[], bool] = lambda: False
    ) -> None:
        """Read the queries in turn, handing each to `take`, until none is left or `enough()`.

        The rest stays queued, and what has been begun of it goes on: whoever reads on takes it.
        """
        reads = self._under_way.reads
        while (reads or queries) and not enough():
            while queries and len(reads) < _most_at_once(queries[0]):
                reads.append(asyncio.create_task(self._read(queries.popleft())))
            await self._take_next(queries, take)

    async def finish(self, queries: deque[Query], take: Callable[[Read], None]) -> None:
        """Hand what has been begun to `take`, and begin nothing more."""
        while self._under_way.reads:
            await self._take_next(queries, take)

    async def _take_next(self, queries: deque[Query], take: Callable[[Read], None]) -> None:
        try:
            outcome, carried = await self._under_way.reads.popleft(), self._under_way.discarded
            if isinstance(outcome, Split):
                carried += outcome.discarded
                queries.extendleft(reversed(outcome.parts))
                return
            read = replace(outcome, discarded=(*carried, *outcome.discarded)) if carried else outcome
            carried.clear()
            self.discarded += read.discarded
            take(read)
        except BaseException:
            await self._under_way.break_off()
            raise

    async def _read(self, query: Query) -> Read | Split:
        outcome = await (self._look_up(query) if isinstance(query, Lookup) else self._lists.read(query))
        if isinstance(outcome, Read):
            self._on_rows(len(outcome.table) + len(outcome.missing))
        return outcome

    async def _look_up(self, lookup: Lookup) -> Read:
        table, missing = await self._pages.rows(lookup)
        return Read(lookup, table, missing=missing)


def _most_at_once(query: Query) -> int:
    return LOOKUPS_AHEAD if isinstance(query, Lookup) else PAGES_AHEAD // PAGES_AT_A_TIME[query.axis]
