"""Reads one page of a list, or several at once, and checks that its rows are those that were asked for.

A page is rows and the API's own count of the whole list. The surprise: the API may ignore a filter without a word, so
rows outside the range or the status asked for show that nothing can be read in parts, and end the reading.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeGuard, TypeVar
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc

from portouts.records.arrow import events_table, orders_table
from portouts.records.privacy import KEEP, Privacy
from portouts.records.rows import Row, UnusableRow, canonical_id, has_id, ids_of, separate_unusable, spellings
from portouts.records.schema import INSTANT, Event, Order
from portouts.telnyx.client import Api
from portouts.telnyx.errors import NotFound, UnaskedRows, Unprocessable
from portouts.telnyx.page import JsonObject
from portouts.telnyx.queries import Axis, ListQuery, Lookup, Query

# Rows become a table together: a call of Arrow takes as long for one page as for ten.
PAGES_TOGETHER = 10
# A server may round the ends of a range to whole seconds before it compares.
ROUNDING = timedelta(seconds=1)

# More rows than these on a page, and more than a twentieth, are no slips of the pen.
MOST_MISPLACED = 2

T = TypeVar("T")


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
    unusable: tuple[UnusableRow, ...] = ()
    misplaced: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()

    @property
    def total(self) -> int | None:
        return next(iter(self.totals)) if len(self.totals) == 1 else None


class PageReader:
    """Fetch pages and single rows, and turn them into tables."""

    def __init__(self, api: Api, page_size: int, privacy: Privacy = KEEP) -> None:
        self._api = api
        self._page_size = page_size
        self._privacy = privacy

    async def pages_after_first(self, query: ListQuery, count: int) -> list[Pages]:
        starts = range(2, count + 1, PAGES_TOGETHER)
        return await all_of(self.pages(query, range(start, min(start + PAGES_TOGETHER, count + 1))) for start in starts)

    async def page(self, query: ListQuery, number: int) -> Pages:
        return await self.pages(query, [number])

    async def pages(self, query: ListQuery, numbers: Sequence[int]) -> Pages:
        row_type, parse = (Event, events_table) if query.axis is Axis.EVENTS else (Order, orders_table)
        pages = await all_of(
            self._api.fetch_list(query.path, query.params(number, self._page_size), row_type) for number in numbers
        )
        rows: list[Row] = []
        unusable: list[UnusableRow] = []
        mended: list[str] = []
        for number, page in zip(numbers, pages, strict=True):
            name = f"page {number} of {query}"
            usable, apart = separate_unusable(page.rows, name)
            mended += [f"{name}: {what}" for what in page.mended]
            rows += usable
            unusable += apart
        table = parse(rows, self._privacy)
        where = (
            f"page {numbers[0]} of {query}" if len(numbers) == 1 else f"pages {numbers[0]} to {numbers[-1]} of {query}"
        )
        misplaced = _misplaced(query, where, table)
        return Pages(
            [*ids_of(rows), *(row.fingerprint for row in unusable)],
            _own_rows(query, where, table),
            {page.total for page in pages},
            pages[0].size or self._page_size,
            not pages[-1].rows,
            next((page.uncounted for page in pages if page.uncounted), None),
            tuple(unusable),
            misplaced,
            tuple(mended),
        )

    async def rows(self, lookup: Lookup) -> tuple[pa.Table, tuple[str, ...]]:
        """Fetch rows by id; return those that the API knows, and the ids that it does not."""
        answers = await all_of(self._row(lookup.path, row_id) for row_id in lookup.ids)
        missing = tuple(row_id for row_id, row in zip(lookup.ids, answers, strict=True) if row is None)
        parse = events_table if lookup.is_of_events else orders_table
        return parse([row for row in answers if row is not None], self._privacy), missing

    async def _row(self, path: str, row_id: str) -> JsonObject | None:
        for spelling in spellings(row_id):
            try:
                row = await self._api.fetch_one(f"{path}/{quote(spelling, safe='')}")
            except (NotFound, Unprocessable):
                continue  # 422: not even the form of an id
            if row.get("id") in (None, ""):
                row["id"] = row_id  # it was asked for by its id, so that much is known
            if not has_id(row) or canonical_id(str(row.get("id"))) != canonical_id(row_id):
                raise UnaskedRows(f"GET {path}/{spelling} answered another id.")
            return row
        return None


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
