"""Reads lists that move while they are read, and says which of them it can prove.

The API numbers its pages and promises no order, so a page boundary can shift between two requests: a row comes twice,
another never. A list counts as read when all its pages agree on `total_results` and hold exactly that many distinct
ids. Otherwise it is read again, then cut in two by time. A list too long for one go is cut before it is read. What
cannot be proven even as a single page is read until an empty page comes, and says so.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from portouts.page_reader import Api, PageReader, Pages, all_of, is_range
from portouts.privacy import KEEP, Privacy
from portouts.queries import Axis, ListQuery, Lookup, Query, page_count
from portouts.records import events_table, orders_table
from portouts.rows import SetApart
from portouts.telnyx_errors import Unprocessable
from portouts.windows import Window, floor_to_resolution

# Long enough that half-filled last pages hardly count, short enough to be held in memory. An order's `ported_out_at` is
# known only as the range in which it was found, so those ranges are kept shorter.
PAGES_AT_A_TIME = {Axis.INSERTED: 40, Axis.EVENTS: 40, Axis.PORTED: 8}
# What is begun before it is asked for: enough to keep all connections busy.
PAGES_AHEAD = 80
LOOKUPS_AHEAD = 2
ATTEMPTS = 3


@dataclass(frozen=True)
class Read:
    """The rows of one query, and whether the API's own counts prove that they are all of them."""

    query: Query
    table: pa.Table
    is_proven: bool = True
    missing: tuple[str, ...] = ()
    """Ids looked up that the API does not know."""
    glimpses: tuple[pa.Table, ...] = ()
    """Rows of earlier tries that proved nothing of their list, but are versions of orders all the same."""
    uncounted: str | None = None
    """What the API answered in place of a count."""
    unusable: tuple[SetApart, ...] = ()
    """Rows that are counted and cannot be loaded."""
    misplaced: tuple[str, ...] = ()
    """What is said of rows whose own date lies outside the range that they were answered for."""
    mended: tuple[str, ...] = ()
    """What was wrong with the JSON of rows, by page."""

    @property
    def is_of_orders(self) -> bool:
        return self.query.path != Axis.EVENTS.path


@dataclass(frozen=True)
class Split:
    """A query to be asked in parts instead."""

    parts: list[ListQuery]
    glimpses: tuple[pa.Table, ...]

    @property
    def is_of_orders(self) -> bool:
        return self.parts[0].axis is not Axis.EVENTS


@dataclass(frozen=True, eq=False)
class UnderWay:
    """What has been asked for and not been taken yet. It may outlive the reader that began it, in one event loop."""

    first_pages: dict[ListQuery, Pages] = field(default_factory=dict)
    reads: deque[asyncio.Task[Read | Split]] = field(default_factory=deque)

    async def break_off(self) -> None:
        """End the reads, and wait until they have ended."""
        for task in self.reads:
            task.cancel()
        await asyncio.gather(*self.reads, return_exceptions=True)
        self.reads.clear()


class ListReader:
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
        self.glimpses: list[pa.Table] = []
        """Versions of orders seen in reads that were taken and proved nothing."""
        self._pages = PageReader(api, page_size, privacy)
        self._privacy = privacy
        self._under_way = under_way or UnderWay()
        self._on_rows = on_rows

    async def count(self, queries: Iterable[ListQuery]) -> int:
        """Say how many rows the queries hold; the first pages that tell it are kept and not asked for again."""
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
                reads.append(asyncio.create_task(self._outcome(queries.popleft())))
            await self._take_next(queries, take)

    async def finish(self, queries: deque[Query], take: Callable[[Read], None]) -> None:
        """Hand what has been begun to `take`, and begin nothing more."""
        while self._under_way.reads:
            await self._take_next(queries, take)

    async def _take_next(self, queries: deque[Query], take: Callable[[Read], None]) -> None:
        try:
            outcome = await self._under_way.reads.popleft()
            self.glimpses += outcome.glimpses if outcome.is_of_orders else ()
            if isinstance(outcome, Split):
                queries.extendleft(reversed(outcome.parts))
            else:
                take(outcome)
        except BaseException:
            await self._under_way.break_off()
            raise

    async def _outcome(self, query: Query) -> Read | Split:
        return await (self._look_up(query) if isinstance(query, Lookup) else self._read(query))

    async def _read(self, query: ListQuery) -> Read | Split:
        first, found, size, is_full = self._under_way.first_pages.pop(query, None), 0, 0, False
        tried: list[Pages] = []
        for _ in range(ATTEMPTS):
            first = first or await self._pages.page(query, 1)
            tried.append(first)
            if first.total is None:
                break
            size = _rows_on_a_page(first)
            pages = page_count(first.total, size)
            if query.page_limit is not None and pages > query.page_limit:
                return self._as_read(query, [first], is_proven=True)
            if first.total == pages * size and await self._goes_on(query, first, pages):
                is_full = True
                break
            if pages > PAGES_AT_A_TIME[query.axis] and query.window.can_split:
                if (split := await self._cut(query, pages, tried)) is not None:
                    return split
                first, found = None, 0
                continue
            try:
                rest = await self._pages.pages_after_first(query, pages)
                rest += await self._further_pages(query, [first, *rest], pages + 1)
            except Unprocessable:
                # The API refuses pages this deep; shorter lists have no deep pages.
                if not query.window.can_split:
                    raise
                return Split(query.split(2), _tables(tried))
            if is_whole([first, *rest]):
                return self._as_read(query, [first, *rest], tried, is_proven=True)
            tried += rest
            found = len({row_id for page in [first, *rest] for row_id in page.ids})
            is_full, first = len(first.ids) >= first.size, None
        # No more rows than one page holds, whatever the total says: shorter lists would prove no more.
        return await self._unproven(query, tried, is_longer=found > size or is_full)

    async def _unproven(self, query: ListQuery, tried: list[Pages], *, is_longer: bool) -> Read | Split:
        if is_longer and query.window.can_split:
            return Split(query.split(2), _tables(tried))
        return await self._read_to_the_end(query, tried)

    async def _goes_on(self, query: ListQuery, first: Pages, pages: int) -> bool:
        """Return whether rows lie beyond full pages: a server may never count more than a multiple of the page size.

        Only of a range must all rows be read. Orders that a list of one status lacks are asked for by id.
        """
        if not is_range(query):
            return False
        try:
            beyond = await self._pages.page(query, pages + 1)
            if not beyond.ids:
                return False
            last = first if pages == 1 else await self._pages.page(query, pages)
        except Unprocessable:
            return True  # it refuses pages this deep, so nothing shows that the list ends here
        return not set(last.ids).issuperset(beyond.ids)  # some servers answer the last page in place of later ones

    async def _cut(self, query: ListQuery, pages: int, tried: list[Pages]) -> Split | None:
        """Cut a long list into parts of about the wanted length.

        The last page tends to hold the oldest rows. They tell where the list begins, so that the empty time before,
        often many years, costs one request instead of a part of each cut. It is only a hint: every part is proven.
        """
        window = query.window
        try:
            last = await self._pages.page(query, pages)
            if not last.ids and (fewer := await self._pages_as_long_as_the_second(query, tried[-1])) < pages:
                pages, last = fewer, await self._pages.page(query, fewer)
        except Unprocessable:
            return Split(query.split(2), _tables(tried))
        if not last.ids:
            return None  # there are fewer rows than the API says
        oldest = pc.min(last.table["created_at" if query.axis is Axis.EVENTS else "inserted_at"]).as_py()
        begins = floor_to_resolution(oldest) if oldest else window.start
        parts = max(2, page_count(pages * 4, PAGES_AT_A_TIME[query.axis] * 3))
        if window.start < begins < window.end and begins - window.start > window.length / 8:
            empty, filled = Window(window.start, begins), Window(begins, window.end)
            cut = [replace(query, window=part) for part in [empty, *filled.split(parts)]]
        else:
            cut = query.split(parts)
        return Split(cut, _tables([*tried, last]))

    async def _pages_as_long_as_the_second(self, query: ListQuery, first: Pages) -> int:
        """Count the pages by the length of the second one: the first may be shorter than those that follow."""
        second = await self._pages.page(query, 2)
        return page_count(first.total or 0, max(len(second.ids), _rows_on_a_page(first)))

    async def _read_to_the_end(self, query: ListQuery, tried: list[Pages]) -> Read:
        seen: set[str] = set()
        pages: list[Pages] = []
        while True:
            page = await self._pages.page(query, len(pages) + 1)
            if seen.issuperset(page.ids):
                return self._as_read(query, pages or [page], tried, is_proven=False)
            seen.update(page.ids)
            pages.append(page)

    def _as_read(
        self, query: ListQuery, pages: Sequence[Pages], tried: Sequence[Pages] = (), *, is_proven: bool
    ) -> Read:
        table = pa.concat_tables(page.table for page in pages)
        self._on_rows(len(table))
        glimpses = _tables(page for page in tried if page not in pages)
        uncounted = next((page.uncounted for page in [*tried, *pages] if page.uncounted), None)
        unusable = tuple({row.mark: row for page in pages for row in page.unusable}.values())
        misplaced = tuple(said for page in pages for said in page.misplaced)
        mended = tuple(said for page in pages for said in page.mended)
        return Read(query, table, is_proven, (), glimpses, uncounted, unusable, misplaced, mended)

    async def _look_up(self, lookup: Lookup) -> Read:
        answers = await all_of(self._pages.row(lookup.path, row_id) for row_id in lookup.ids)
        self._on_rows(len(answers))
        missing = tuple(row_id for row_id, row in zip(lookup.ids, answers, strict=True) if row is None)
        found = [row for row in answers if row is not None]
        parse = events_table if lookup.is_of_events else orders_table
        return Read(lookup, parse(found, self._privacy), missing=missing)

    async def _further_pages(self, query: ListQuery, pages: Sequence[Pages], number: int) -> list[Pages]:
        """Read on from this page where rows are wanting: later pages may be shorter than the first."""
        further: list[Pages] = []
        wanting = (pages[0].total or 0) - sum(len(page.ids) for page in pages)
        while wanting > 0 and not [*pages, *further][-1].ends_empty:
            page = await self._pages.page(query, number + len(further))
            further.append(page)
            wanting -= len(page.ids)
        return further


def _most_at_once(query: Query) -> int:
    return LOOKUPS_AHEAD if isinstance(query, Lookup) else PAGES_AHEAD // PAGES_AT_A_TIME[query.axis]


def _rows_on_a_page(first: Pages) -> int:
    """Say how many rows a page holds: a server may hold its pages shorter than it was asked to, and not say so."""
    rows = len(first.ids)
    return rows if 0 < rows < (first.total or 0) else max(rows, first.size)


def _tables(pages: Iterable[Pages]) -> tuple[pa.Table, ...]:
    return tuple(page.table for page in pages)


def is_whole(pages: Sequence[Pages]) -> bool:
    """Tell whether the pages of one list prove it: all agree on a total, and hold as many distinct rows."""
    ids = {row_id for page in pages for row_id in page.ids}
    return set().union(*(page.totals for page in pages)) == {len(ids)}
