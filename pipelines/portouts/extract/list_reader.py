"""Reads lists that change while they are read, and shows which of them it can prove.

The API numbers its pages and promises no order, so a page boundary can shift between two requests: one row comes twice,
another never. A list is proven when all its pages state the same total and hold exactly that many distinct ids.
Otherwise it is read again, then split by time. A list too long for one go is split before it is read. Where the API
shuffles rows between requests, pages overlap and reading again helps little; such a list is cut into parts of one page.
A list that cannot be proven even as a single page is read until an empty page comes, and is returned as unproven.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from portouts.extract.page_reader import PageReader, Pages, is_range
from portouts.records.rows import UnusableRow
from portouts.telnyx.errors import Unprocessable
from portouts.telnyx.queries import Axis, ListQuery, Query, page_count
from portouts.windows import cuts_between, floor_to_resolution

# Long enough that half-filled last pages hardly count, short enough to be held in memory. An order's `ported_out_at` is
# known only as the range in which it was found, so those ranges are kept shorter.
PAGES_AT_A_TIME = {Axis.INSERTED: 40, Axis.EVENTS: 40, Axis.PORTED: 8}
ATTEMPTS = 3
# A part is to fill this share of a page: rows that did not come must fit on it too, and a full page costs one more.
FILL = 0.8
# The column that shows where in the range a row lies. When an order was ported is not shown; it seldom changes later.
_INSTANTS = {Axis.INSERTED: "inserted_at", Axis.EVENTS: "created_at", Axis.PORTED: "updated_at"}


@dataclass(frozen=True)
class Read:
    """The rows of one query, and whether the API's own counts prove that they are all of them."""

    query: Query
    table: pa.Table
    is_proven: bool = True
    missing: tuple[str, ...] = ()
    """Ids looked up that the API does not know."""
    discarded: tuple[pa.Table, ...] = ()
    """Orders on pages that proved nothing. They count for no list, and are versions of orders all the same."""
    uncounted: str | None = None
    """What the API answered in place of a count."""
    unusable: tuple[UnusableRow, ...] = ()
    """Rows that are counted and cannot be loaded."""
    misplaced: tuple[str, ...] = ()
    """One sentence for each row whose own date lies outside the range that it was answered for."""
    mended: tuple[str, ...] = ()
    """What was wrong with the JSON of rows, by page."""


@dataclass(frozen=True)
class Split:
    """A query to be read in parts instead."""

    parts: Sequence[ListQuery]
    discarded: tuple[pa.Table, ...] = ()


@dataclass(frozen=True)
class Whole:
    """The pages prove the list, or are all that is wanted of it."""

    pages: Sequence[Pages]


@dataclass(frozen=True)
class TooLong:
    """The list is better read in parts."""

    parts: Sequence[ListQuery]


@dataclass(frozen=True)
class Moving:
    """The pages do not hold as many distinct rows as they state, or state different totals."""

    is_longer_than_a_page: bool


@dataclass(frozen=True)
class Overstated:
    """The stated total is too high: the page that should be the last is empty."""


@dataclass(frozen=True)
class Capped:
    """The stated total is too low: rows lie beyond it."""


@dataclass(frozen=True)
class Uncounted:
    """The API states no total."""


Outcome = Whole | TooLong | Moving | Overstated | Capped | Uncounted
"""The outcome of one attempt to read a list."""


class ListReader:
    """Read lists until each is proven, or is better read in parts, or cannot be proven."""

    def __init__(self, pages: PageReader, first_pages: dict[ListQuery, Pages]) -> None:
        self._pages = pages
        self._first_pages = first_pages

    async def read(self, query: ListQuery) -> Read | Split:
        attempts = Attempts(self._pages, query, self._first_pages.pop(query, None))
        is_longer = False
        for _ in range(ATTEMPTS):
            match await attempts.attempt():
                case Whole(pages):
                    return _as_read(query, pages, attempts.fetched, is_proven=True)
                case TooLong(parts):
                    return Split(parts, _orders(query, attempts.fetched))
                case Moving(is_longer):
                    pass
                case Overstated():
                    pass
                case Capped():
                    is_longer = True
                    break
                case Uncounted():
                    break
        # No more rows than one page holds, whatever the total says: shorter lists would prove no more.
        if is_longer and query.window.can_split:
            return Split(query.split(2), _orders(query, attempts.fetched))
        return _as_read(query, await attempts.pages_to_the_end(), attempts.fetched, is_proven=False)


class Attempts:
    """Attempts to read one list. Every page fetched holds versions of orders, whatever comes of the attempt."""

    def __init__(self, pages: PageReader, query: ListQuery, counted: Pages | None) -> None:
        self.fetched: list[Pages] = [counted] if counted else []
        self._pages = pages
        self._query = query
        self._counted = counted

    async def attempt(self) -> Outcome:
        first, self._counted = self._counted or await self._page(1), None
        if first.total is None:
            return Uncounted()
        query, size = self._query, _rows_on_a_page(first)
        count = page_count(first.total, size)
        if query.page_limit is not None and count > query.page_limit:
            return Whole([first])
        if first.total == count * size and await self._goes_on(first, count):
            return Capped()
        try:
            if count > PAGES_AT_A_TIME[query.axis] and query.window.can_split:
                return await self._cut(first, count)
            return await self._read_pages(first, count)
        except Unprocessable:  # the API refuses pages this deep; shorter lists have no deep pages
            if not query.window.can_split:
                raise
            return TooLong(query.split(2))

    async def pages_to_the_end(self) -> list[Pages]:
        """Read page after page until one holds no row that is new."""
        pages = [await self._page(1)]
        seen = set(pages[0].ids)
        while seen:
            page = await self._page(len(pages) + 1)
            if seen.issuperset(page.ids):
                break
            seen.update(page.ids)
            pages.append(page)
        return pages

    async def _page(self, number: int) -> Pages:
        page = await self._pages.page(self._query, number)
        self.fetched.append(page)
        return page

    async def _goes_on(self, first: Pages, count: int) -> bool:
        """Return whether rows lie beyond full pages: a server may never count more than a multiple of the page size.

        Only of a range must all rows be read. Orders that a list of one status lacks are fetched by id.
        """
        if not is_range(self._query):
            return False
        try:
            beyond = await self._page(count + 1)
            if not beyond.ids:
                return False
            last = first if count == 1 else await self._page(count)
        except Unprocessable:
            return True  # it refuses pages this deep, so nothing shows that the list ends here
        return not set(last.ids).issuperset(beyond.ids)  # some servers answer the last page in place of later ones

    async def _cut(self, first: Pages, count: int) -> TooLong | Overstated:
        """Cut a long list into parts of about the wanted length.

        The last page tends to hold the oldest rows, which show where the list begins. So the empty time before, often
        many years, costs one request instead of a part of each cut. It is only a hint: every part is proven.
        """
        query = self._query
        last = await self._page(count)
        if not last.ids and (fewer := await self._pages_as_long_as_the_second(first)) < count:
            count, last = fewer, await self._page(fewer)
        if not last.ids:
            return Overstated()
        oldest = pc.min(last.table["created_at" if query.axis is Axis.EVENTS else "inserted_at"]).as_py()
        begins_at = floor_to_resolution(oldest) if oldest else query.window.start
        parts = max(2, page_count(count * 4, PAGES_AT_A_TIME[query.axis] * 3))
        return TooLong(_parts(query, parts, begins_at))

    async def _pages_as_long_as_the_second(self, first: Pages) -> int:
        """Count the pages by the length of the second one: the first may be shorter than those that follow."""
        second = await self._page(2)
        return page_count(first.total or 0, max(len(second.ids), _rows_on_a_page(first)))

    async def _read_pages(self, first: Pages, count: int) -> Whole | Moving | TooLong:
        """Read all pages: as many as the total makes, and further ones while rows are wanting."""
        rest, refusal = await self._pages.pages_after_first(self._query, count)
        self.fetched += rest
        if refusal:
            raise refusal
        pages = [first, *rest]
        wanting = (first.total or 0) - sum(len(page.ids) for page in pages)
        number = count
        while wanting > 0 and not pages[-1].ends_empty:  # later pages may be shorter than the first
            number += 1
            pages.append(await self._page(number))
            wanting -= len(pages[-1].ids)
        if is_whole(pages):
            return Whole(pages)
        if _are_shuffled(pages) and len(parts := _parts_of_a_page(self._query, pages, _rows_on_a_page(first))) > 1:
            return TooLong(parts)
        is_full = len(first.ids) >= first.size
        return Moving(is_full or len(_distinct_ids(pages)) > _rows_on_a_page(first))


def _parts(query: ListQuery, count: int, begins_at: datetime) -> Sequence[ListQuery]:
    """Split a query into `count` parts. A long empty time before the first row becomes a part of its own."""
    window = query.window
    if not (window.start < begins_at < window.end and begins_at - window.start > window.length / 8):
        return query.split(count)
    empty, rest = window.cut([begins_at])
    return [replace(query, window=part) for part in [empty, *rest.split(count)]]


def _parts_of_a_page(query: ListQuery, pages: Sequence[Pages], rows_on_a_page: int) -> Sequence[ListQuery]:
    """Cut a list so that each part fits on one page: at instants seen on its pages, or evenly if none lies inside."""
    seen = pa.concat_tables(page.table.select(["id", _INSTANTS[query.axis]]) for page in pages)
    instants = dict(zip(*(column.to_pylist() for column in seen.columns), strict=True)).values()
    total, most = pages[0].total or 0, FILL * rows_on_a_page
    windows = query.window.cut(cuts_between(filter(None, instants), most * len(_distinct_ids(pages)) / total))
    windows = windows if len(windows) > 1 else query.window.split(page_count(total, most))
    return [replace(query, window=window, expected_pages=1) for window in windows]


def _rows_on_a_page(first: Pages) -> int:
    """Return how many rows a page holds: a server may make its pages shorter than requested and not state it."""
    rows = len(first.ids)
    return rows if 0 < rows < (first.total or 0) else max(rows, first.size)


def _distinct_ids(pages: Iterable[Pages]) -> set[str]:
    return {row_id for page in pages for row_id in page.ids}


def is_whole(pages: Sequence[Pages]) -> bool:
    """Return whether the pages of one list prove it: all state one total, and hold as many distinct rows."""
    return set().union(*(page.totals for page in pages)) == {len(_distinct_ids(pages))}


def _are_shuffled(pages: Sequence[Pages]) -> bool:
    """Return whether the list kept its length while pages overlapped: rows came twice in place of others.

    Where most rows are wanting, the others do not show where in the range these lie.
    """
    totals = set().union(*(page.totals for page in pages))
    [total] = totals if len(totals) == 1 else [None]
    came, distinct = sum(len(page.ids) for page in pages), len(_distinct_ids(pages))
    return total is not None and total / 2 < distinct < total <= came


def _orders(query: ListQuery, pages: Iterable[Pages]) -> tuple[pa.Table, ...]:
    """Return the orders on these pages; events have no versions."""
    return () if query.axis is Axis.EVENTS else tuple(page.table for page in pages)


def _as_read(query: ListQuery, pages: Sequence[Pages], fetched: Sequence[Pages], *, is_proven: bool) -> Read:
    return Read(
        query,
        pa.concat_tables(page.table for page in pages),
        is_proven,
        discarded=_orders(query, (page for page in fetched if page not in pages)),
        uncounted=next((page.uncounted for page in [*fetched, *pages] if page.uncounted), None),
        unusable=tuple({row.fingerprint: row for page in pages for row in page.unusable}.values()),
        misplaced=tuple(text for page in pages for text in page.misplaced),
        mended=tuple(text for page in pages for text in page.mended),
    )
