"""Reads lists of numbers page by page, and shows which of them it can prove.

Pages drift: a number that is bought or disappears shifts all that follow it. So a list is sorted by number, and it is
proven when all its pages state one total and hold as many distinct ids. Otherwise it is read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from portouts.extract.page_reader import all_of
from portouts.records.inventory.fields import Number
from portouts.records.inventory.tables import numbers_table
from portouts.records.privacy import KEEP, Privacy
from portouts.records.rows import ids_of, separate_unusable
from portouts.records.versions import newest_versions
from portouts.telnyx.client import Api
from portouts.telnyx.errors import Unprocessable
from portouts.telnyx.queries import NumberQuery, page_count

ATTEMPTS = 3


@dataclass(frozen=True)
class NumberPage:
    """One page: its rows, the ids that count, and what the API states of the whole list."""

    table: pa.Table
    ids: frozenset[str]
    total: int | None
    size: int


@dataclass(frozen=True)
class NumberList:
    """The numbers of one list, and whether the API's own counts prove that they are all of them."""

    table: pa.Table
    ids: frozenset[str] = frozenset()
    total: int | None = None
    is_proven: bool = False


def settled(read: Sequence[NumberList]) -> NumberList:
    """Return the last of several readings; if it is not proven, with the rows of all of them."""
    last = read[-1]
    return last if last.is_proven else replace(last, table=newest_versions(one.table for one in read))


class NumberReader:
    """Fetch lists of numbers."""

    def __init__(self, api: Api, page_size: int, privacy: Privacy = KEEP, *, with_tags: bool = False) -> None:
        self._api = api
        self._page_size = page_size
        self._privacy = privacy
        self._with_tags = with_tags

    async def count(self, status: str | None = None) -> int | None:
        """Return how many numbers have a status, or how many there are; None if the API does not say."""
        query = NumberQuery(status)
        try:
            page = await self._api.fetch_list(query.path, query.params(1, 1), Number)
        except Unprocessable:  # a status by which this API does not filter
            return None
        return page.total

    async def read(self, query: NumberQuery) -> NumberList:
        """Read a list until its pages prove it, a few times at most; return all rows read if they never do."""
        read: list[NumberList] = []
        while len(read) < ATTEMPTS and not (read and read[-1].is_proven):
            pages = await self._pages(query)
            ids = frozenset[str]().union(*(page.ids for page in pages))
            is_proven = {page.total for page in pages} == {len(ids)}
            table = newest_versions(page.table for page in pages)
            read.append(NumberList(table, ids, pages[0].total, is_proven=is_proven))
        return settled(read)

    async def _pages(self, query: NumberQuery) -> list[NumberPage]:
        """Read all pages that the first one states; where these are full, also the page that must be empty."""
        first = await self._page(query, 1)
        if first.total is None:
            return [first, *await self._pages_to_the_end(query, set(first.ids))]
        count = page_count(first.total, first.size)
        last = count + (first.total == count * first.size)
        return [first, *await all_of(self._page(query, number) for number in range(2, last + 1))]

    async def _pages_to_the_end(self, query: NumberQuery, seen: set[str]) -> Iterable[NumberPage]:
        """Read page after page of a list without a total, until one holds no number that is new."""
        pages: list[NumberPage] = []
        while seen and not seen.issuperset((page := await self._page(query, len(pages) + 2)).ids):
            seen |= page.ids
            pages.append(page)
        return pages

    async def _page(self, query: NumberQuery, number: int) -> NumberPage:
        params = query.params(number, self._page_size) | ({"include_tags": "true"} if self._with_tags else {})
        page = await self._api.fetch_list(query.path, params, Number)
        rows, without_id = separate_unusable(page.rows, f"page {number} of {query}")
        ids = frozenset([*ids_of(rows), *(row.fingerprint for row in without_id)])
        count = len(page.rows)
        size = count if 0 < count < (page.total or 0) else max(page.size or self._page_size, count)
        return NumberPage(numbers_table(rows, self._privacy), ids, page.total, size)
