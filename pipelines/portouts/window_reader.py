"""Reads lists that move while they are read, and says which of them it can prove.

The API numbers its pages and promises no order, so a page boundary can shift between two requests: a row comes twice,
another never. A list counts as read when all its pages agree on `total_results` and hold exactly that many distinct
ids. Otherwise it is read again, then cut in two by time. A list too long for one go is cut before it is read. What
cannot be proven even as a single page is read until an empty page comes, and says so.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Protocol, TypeGuard, TypeVar
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from portouts.api_clock import ApiClock
from portouts.order_fields import INSTANT, Event, Order
from portouts.privacy import KEEP, Privacy
from portouts.queries import Axis, ListQuery, Lookup, Query, page_count
from portouts.records import events_table, orders_table
from portouts.rows import Row, SetApart, canonical_id, has_id, ids_of, set_apart, spellings
from portouts.telnyx_api import Envelope, JsonObject, NotFound, TelnyxError, Unprocessable
from portouts.windows import Window, floor_to_resolution

# Long enough that half-filled last pages hardly count, short enough to be held in memory. An order's `ported_out_at` is
# known only as the range in which it was found, so those ranges are kept shorter.
PAGES_AT_A_TIME = {Axis.INSERTED: 40, Axis.EVENTS: 40, Axis.PORTED: 8}
# What is begun before it is asked for: enough to keep all connections busy.
PAGES_AHEAD = 80
LOOKUPS_AHEAD = 2
ATTEMPTS = 3
# Rows become a table together: a call of Arrow takes as long for one page as for ten.
PAGES_TOGETHER = 10
# A server may round the ends of a range to whole seconds before it compares.
ROUNDING = timedelta(seconds=1)

# More rows than these on a page, and more than a twentieth, are no slips of the pen.
MOST_MISPLACED = 2
# Larger numbers count nothing, and are not exact as floats.
MOST_ROWS = 2**53
_COUNT = re.compile(r"\s*([0-9]{1,16})(\.0*)?\s*")
_MOST_SHOWN = 40

T = TypeVar("T")


class Api(Protocol):
    """The two questions that reading needs to ask, and the clock that the answers show."""

    @property
    def api_clock(self) -> ApiClock: ...

    async def fetch_list(
        self, path: str, params: Mapping[str, str], row_type: type[Struct] | None = None
    ) -> Envelope: ...

    async def fetch_one(self, path: str) -> Envelope: ...


class UnaskedRows(TelnyxError):
    """The API answered rows that were not asked for, so it does not apply a filter that all reading rests on."""


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
class Pages:
    """One page as answered, or several read together; `size` is what the API says a page holds."""

    ids: list[str]
    """Ids of all rows, also of those on the very end of the range, which belong to the next window; of a row without
    id, its mark."""
    table: pa.Table
    """The rows of this window."""
    totals: set[int | None]
    """How many rows the list holds, as each page says; None where the API does not count."""
    size: int
    ends_empty: bool
    """The last of them holds no row."""
    uncounted: str | None = None
    """What stands in place of a count, for a message."""
    unusable: tuple[SetApart, ...] = ()
    misplaced: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()

    @property
    def total(self) -> int | None:
        return next(iter(self.totals)) if len(self.totals) == 1 else None


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


class WindowReader:
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
        self._api = api
        self._page_size = page_size
        self._privacy = privacy
        self._under_way = under_way or UnderWay()
        self._on_rows = on_rows

    async def count(self, queries: Iterable[ListQuery]) -> int:
        """Say how many rows the queries hold; the first pages that tell it are kept and not asked for again."""
        queries, kept = list(queries), self._under_way.first_pages
        unasked = [query for query in queries if query not in kept]
        kept.update(zip(unasked, await all_of(self._page(query, 1) for query in unasked), strict=True))
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
            first = first or await self._page(query, 1)
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
                rest = await self._pages_after_first(query, pages)
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
            beyond = await self._page(query, pages + 1)
            if not beyond.ids:
                return False
            last = first if pages == 1 else await self._page(query, pages)
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
            last = await self._page(query, pages)
            if not last.ids and (fewer := await self._pages_as_long_as_the_second(query, tried[-1])) < pages:
                pages, last = fewer, await self._page(query, fewer)
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
        second = await self._page(query, 2)
        return page_count(first.total or 0, max(len(second.ids), _rows_on_a_page(first)))

    async def _read_to_the_end(self, query: ListQuery, tried: list[Pages]) -> Read:
        seen: set[str] = set()
        pages: list[Pages] = []
        while True:
            page = await self._page(query, len(pages) + 1)
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
        answers = await all_of(self._one(lookup.path, row_id) for row_id in lookup.ids)
        self._on_rows(len(answers))
        missing = tuple(row_id for row_id, row in zip(lookup.ids, answers, strict=True) if row is None)
        found = [row for row in answers if row is not None]
        parse = events_table if lookup.is_of_events else orders_table
        return Read(lookup, parse(found, self._privacy), missing=missing)

    async def _one(self, path: str, row_id: str) -> JsonObject | None:
        for spelling in spellings(row_id):
            try:
                row: JsonObject = (await self._api.fetch_one(f"{path}/{quote(spelling, safe='')}"))["data"]
            except (NotFound, Unprocessable):
                continue  # 422: not even the form of an id
            if row.get("id") in (None, ""):
                row["id"] = row_id  # it was asked for by its id, so that much is known
            if not has_id(row) or canonical_id(str(row.get("id"))) != canonical_id(row_id):
                raise UnaskedRows(f"GET {path}/{spelling} answered another id.")
            return row
        return None

    async def _pages_after_first(self, query: ListQuery, count: int) -> list[Pages]:
        starts = range(2, count + 1, PAGES_TOGETHER)
        return await all_of(
            self._pages(query, range(start, min(start + PAGES_TOGETHER, count + 1))) for start in starts
        )

    async def _further_pages(self, query: ListQuery, pages: Sequence[Pages], number: int) -> list[Pages]:
        """Read on from this page where rows are wanting: later pages may be shorter than the first."""
        further: list[Pages] = []
        wanting = (pages[0].total or 0) - sum(len(page.ids) for page in pages)
        while wanting > 0 and not [*pages, *further][-1].ends_empty:
            page = await self._page(query, number + len(further))
            further.append(page)
            wanting -= len(page.ids)
        return further

    async def _page(self, query: ListQuery, number: int) -> Pages:
        return await self._pages(query, [number])

    async def _pages(self, query: ListQuery, numbers: Sequence[int]) -> Pages:
        row_type, parse = (Event, events_table) if query.axis is Axis.EVENTS else (Order, orders_table)
        envelopes = await all_of(
            self._api.fetch_list(query.path, query.params(number, self._page_size), row_type) for number in numbers
        )
        rows: list[Row] = []
        unusable: list[SetApart] = []
        mended: list[str] = []
        for number, envelope in zip(numbers, envelopes, strict=True):
            page = f"page {number} of {query}"
            usable, apart = set_apart(envelope["data"], page)
            mended += [f"{page}: {what}" for what in envelope.get("mended", ())]
            rows += usable
            unusable += apart
        table = parse(rows, self._privacy)
        metas = [meta if isinstance(meta := envelope.get("meta"), dict) else {} for envelope in envelopes]
        where = (
            f"page {numbers[0]} of {query}" if len(numbers) == 1 else f"pages {numbers[0]} to {numbers[-1]} of {query}"
        )
        misplaced = _misplaced(query, where, table)
        return Pages(
            [*ids_of(rows), *(row.mark for row in unusable)],
            _own_rows(query, where, table),
            {whole_number(meta.get("total_results")) for meta in metas},
            whole_number(metas[0].get("page_size")) or self._page_size,
            not envelopes[-1]["data"],
            next(filter(None, map(uncounted, metas)), None),
            tuple(unusable),
            misplaced,
            tuple(mended),
        )


def is_range(query: Query) -> TypeGuard[ListQuery]:
    """Tell a query that answers all there is in a range from one that looks for certain orders in it."""
    return isinstance(query, ListQuery) and query.status is None and query.page_limit is None


async def all_of(coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Await all at once, in order; the first failure ends the others."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


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


def whole_number(number: object) -> int | None:
    """Read a count as the API may write it: 7, 7.0 or "7"; None where it is none."""
    if isinstance(number, str) and (digits := _COUNT.fullmatch(number)):
        return int(digits[1])
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= MOST_ROWS:
        return None
    return int(number) if number == int(number) else None


def uncounted(meta: Mapping[str, object]) -> str | None:
    """Show what stands in place of `total_results`; None where that is a count."""
    if "total_results" not in meta:
        return "missing"
    total = meta["total_results"]
    if whole_number(total) is not None:
        return None
    if isinstance(total, dict):  # which may hold anything
        return "an object"
    text = json.dumps(total)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def _require_ported(where: str, table: pa.Table) -> None:
    """Refuse a page on which orders stand that were never ported; a few may be in the status of a moment before."""
    never_ported = pc.sum(pc.is_in(table["status"], pa.array(["rejected", "canceled"]))).as_py() or 0
    if never_ported > max(2, len(table) / 20):
        raise UnaskedRows(
            f"{where}: {never_ported} of {len(table)} orders were not ported; the API does not apply "
            f"filter[{Axis.PORTED}]. Nothing was loaded, since when orders were ported could not be told."
        )


def _misplaced(query: ListQuery, where: str, table: pa.Table) -> tuple[str, ...]:
    """Describe the rows whose own date lies outside the range asked for; refuse a page if there are many of them.

    One date can be wrong, and the order is held all the same. Many show that the API does not filter.
    """
    if query.axis is Axis.PORTED:
        return ()
    name, window = query.axis.value, query.window
    is_early = pc.less(table[name], pa.scalar(window.start - ROUNDING, INSTANT))
    is_late = pc.greater(table[name], pa.scalar(window.end + ROUNDING, INSTANT))
    outside = table.filter(pc.or_(is_early, is_late)).select(["id", name]).to_pylist()
    if len(outside) > max(MOST_MISPLACED, len(table) / 20):
        raise UnaskedRows(
            f"{where}: {len(outside)} of {len(table)} rows were not asked for, such as one of "
            f"{outside[0][name].isoformat()}; the API does not apply filter[{query.axis}]. Nothing was loaded, since "
            "nothing can be read in parts."
        )
    return tuple(
        f"{row['id']} says {name} {row[name].isoformat()} and was answered for another range ({where})"
        for row in outside
    )


def _own_rows(query: ListQuery, where: str, table: pa.Table) -> pa.Table:
    """Leave the rows on the very end of the range to the next window; refuse a page of rows not asked for."""
    # One or two orders may just have left the status; a whole page of others shows that nobody filters.
    if query.status and len(table) > 2 and not pc.any(pc.equal(table["status"], query.status)).as_py():
        raise UnaskedRows(f"{where}: no order has the status asked for; the API does not apply filter[status].")
    if query.axis is Axis.PORTED:  # which filters but is never returned
        _require_ported(where, table)
        return table
    instants = table[query.axis.value]
    # Rows beyond the end show that the server rounds; the next window may not answer them, so they stay.
    is_next = pc.fill_null(pc.equal(instants, pa.scalar(query.window.end, INSTANT)), fill_value=False)
    return table.filter(pc.invert(is_next))
