"""Reads lists that change while they are read, and shows which of them it can prove.

The API numbers its pages and promises no order, so a page boundary can shift between two requests: one row comes twice,
another never. A list is proven when all its pages state the same total and hold exactly that many distinct ids.
Otherwise it is read again, then split by time. A list too long for one go is split before it is read. A list that
cannot be proven even as a single page is read until an empty page comes, and is returned as unproven.
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
from portouts.windows import Window, floor_to_resolution

# Long enough that half-filled last pages hardly count, short enough to be held in memory. An order's `ported_out_at` is
# known only as the range in which it was found, so those ranges are kept shorter.
PAGES_AT_A_TIME = {Axis.INSERTED: 40, Axis.EVENTS: 40, Axis.PORTED: 8}
ATTEMPTS = 3


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

    pages: Sequence[Pages]
    parts: Sequence[ListQuery]


@dataclass(frozen=True)
class Moving:
    """The pages do not hold as many distinct rows as they state, or state different totals."""

    pages: Sequence[Pages]
    is_longer_than_a_page: bool


@dataclass(frozen=True)
class Overstated:
    """The stated total is too high: the page that should be the last is empty."""

    pages: Sequence[Pages]


@dataclass(frozen=True)
class Capped:
    """The stated total is too low: rows lie beyond it."""

    pages: Sequence[Pages]


@dataclass(frozen=True)
class Uncounted:
    """The API states no total."""

    pages: Sequence[Pages]


Attempt = Whole | TooLong | Moving | Overstated | Capped | Uncounted
"""The outcome of one attempt to read a list. `pages` are those that were read, the first page among them."""


class ListReader:
    """Read one list until it is proven, or is better read in parts, or cannot be proven."""

    def __init__(self, pages: PageReader, first_pages: dict[ListQuery, Pages]) -> None:
        self._pages = pages
        self._first_pages = first_pages

    async def read(self, query: ListQuery) -> Read | Split:
        tried: list[Pages] = []
        is_longer = False
        for _ in range(ATTEMPTS):
            match await self._attempt(query):
                case Whole(pages):
                    return _as_read(query, pages, tried, is_proven=True)
                case TooLong(pages, parts):
                    return Split(parts, _orders(query, [*tried, *pages]))
                case Moving(pages, is_longer):
                    tried += pages
                case Overstated(pages):
                    tried += pages
                case Capped(pages):
                    tried += pages
                    is_longer = True
                    break
                case Uncounted(pages):
                    tried += pages
                    break
        # A list of no more rows than one page holds is not split: shorter lists would prove no more.
        if is_longer and query.window.can_split:
            return Split(query.split(2), _orders(query, tried))
        return _as_read(query, await self._pages_to_the_end(query), tried, is_proven=False)

    async def _attempt(self, query: ListQuery) -> Attempt:
        first = self._first_pages.pop(query, None) or await self._pages.page(query, 1)
        if first.total is None:
            return Uncounted([first])
        size = _rows_on_a_page(first)
        count = page_count(first.total, size)
        if query.page_limit is not None and count > query.page_limit:
            return Whole([first])
        if first.total == count * size and await self._has_rows_beyond(query, first, count):
            return Capped([first])
        try:
            if count > PAGES_AT_A_TIME[query.axis] and query.window.can_split:
                return await self._split_long(query, first, count)
            return await self._read_pages(query, first, count)
        except Unprocessable:  # the API refuses pages this deep; shorter lists have no deep pages
            if not query.window.can_split:
                raise
            return TooLong([first], query.split(2))

    async def _has_rows_beyond(self, query: ListQuery, first: Pages, count: int) -> bool:
        """Return whether rows lie beyond full pages: a server may never count more than a multiple of the page size.

        This matters for ranges only. Orders that a list of one status lacks are fetched by id.
        """
        if not is_range(query):
            return False
        try:
            beyond = await self._pages.page(query, count + 1)
            if not beyond.ids:
                return False
            last = first if count == 1 else await self._pages.page(query, count)
        except Unprocessable:
            return True  # the API refuses pages this deep, so nothing shows that the list ends here
        return not set(last.ids).issuperset(beyond.ids)  # some servers answer the last page in place of later ones

    async def _split_long(self, query: ListQuery, first: Pages, count: int) -> TooLong | Overstated:
        """Cut a long list into parts of about the wanted length.

        The last page usually holds the oldest rows, which show where the list begins. The empty time before, often many
        years, then costs one request instead of a part of each cut. It is only a hint: every part is proven.
        """
        last = await self._pages.page(query, count)
        if not last.ids and (fewer := await self._pages_as_long_as_the_second(query, first)) < count:
            count, last = fewer, await self._pages.page(query, fewer)
        if not last.ids:
            return Overstated([first])
        oldest = pc.min(last.table["created_at" if query.axis is Axis.EVENTS else "inserted_at"]).as_py()
        begins_at = floor_to_resolution(oldest) if oldest else query.window.start
        parts = max(2, page_count(count * 4, PAGES_AT_A_TIME[query.axis] * 3))
        return TooLong([first, last], _parts(query, parts, begins_at))

    async def _pages_as_long_as_the_second(self, query: ListQuery, first: Pages) -> int:
        """Count the pages by the length of the second one: the first may be shorter than those that follow."""
        second = await self._pages.page(query, 2)
        return page_count(first.total or 0, max(len(second.ids), _rows_on_a_page(first)))

    async def _read_pages(self, query: ListQuery, first: Pages, count: int) -> Whole | Moving:
        """Read the pages that the total makes, and further ones while rows are missing: they may be shorter."""
        pages = [first, *await self._pages.pages_after_first(query, count)]
        missing = (first.total or 0) - sum(len(page.ids) for page in pages)
        number = count
        while missing > 0 and not pages[-1].ends_empty:
            number += 1
            pages.append(await self._pages.page(query, number))
            missing -= len(pages[-1].ids)
        if is_whole(pages):
            return Whole(pages)
        is_full = len(first.ids) >= first.size
        return Moving(pages, is_full or len(_distinct_ids(pages)) > _rows_on_a_page(first))

    async def _pages_to_the_end(self, query: ListQuery) -> list[Pages]:
        """Read page after page until one holds no row that is new."""
        pages = [await self._pages.page(query, 1)]
        seen = set(pages[0].ids)
        while seen:
            page = await self._pages.page(query, len(pages) + 1)
            if seen.issuperset(page.ids):
                break
            seen.update(page.ids)
            pages.append(page)
        return pages


def _parts(query: ListQuery, count: int, begins_at: datetime) -> Sequence[ListQuery]:
    """Split a query into `count` parts. A long empty time before the first row becomes a part of its own."""
    window = query.window
    if not (window.start < begins_at < window.end and begins_at - window.start > window.length / 8):
        return query.split(count)
    windows = [Window(window.start, begins_at), *Window(begins_at, window.end).split(count)]
    return [replace(query, window=part) for part in windows]


def _rows_on_a_page(first: Pages) -> int:
    """Return how many rows a page holds: a server may make its pages shorter than requested and not state it."""
    rows = len(first.ids)
    return rows if 0 < rows < (first.total or 0) else max(rows, first.size)


def _distinct_ids(pages: Iterable[Pages]) -> set[str]:
    return {row_id for page in pages for row_id in page.ids}


def is_whole(pages: Sequence[Pages]) -> bool:
    """Return whether the pages of one list prove it: all state one total, and hold as many distinct rows."""
    return set().union(*(page.totals for page in pages)) == {len(_distinct_ids(pages))}


def _orders(query: ListQuery, pages: Iterable[Pages]) -> tuple[pa.Table, ...]:
    """Return the orders on these pages; events have no versions."""
    return () if query.axis is Axis.EVENTS else tuple(page.table for page in pages)


def _as_read(query: ListQuery, pages: Sequence[Pages], tried: Sequence[Pages], *, is_proven: bool) -> Read:
    return Read(
        query,
        pa.concat_tables(page.table for page in pages),
        is_proven,
        discarded=_orders(query, tried),
        uncounted=next((page.uncounted for page in [*tried, *pages] if page.uncounted), None),
        unusable=tuple({row.fingerprint: row for page in pages for row in page.unusable}.values()),
        misplaced=tuple(said for page in pages for said in page.misplaced),
        mended=tuple(said for page in pages for said in page.mended),
    )
