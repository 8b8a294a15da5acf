"""Reads one page of a list, or several at once, and checks that its rows are those that were asked for.

A page is rows and the API's own count of the whole list. The surprise: the API may ignore a filter and not report it.
Rows outside the range or the status that was asked for show this. Then no list can be read in parts, and reading ends.
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
from portouts.telnyx.page import JsonObject, Page
from portouts.telnyx.queries import Axis, ListQuery, Lookup, Query

# Arrow takes as long for one page as for ten, so this many pages become one table.
PAGES_TOGETHER = 10
# A server may round the ends of a range to whole seconds before it compares.
ROUNDING = timedelta(seconds=1)
# A few rows on a page may be wrong. More than these, and more than a twentieth, show that the API does not filter.
MOST_WRONG = 2

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Pages:
    """One page, or several that were read together."""

    ids: list[str]
    """Ids of all rows, and fingerprints of rows without an id. Rows on the very end of the range are among them, though
    they belong to the next window."""
    table: pa.Table
    """The rows of this window."""
    totals: set[int | None]
    """How many rows the list holds, as each page states; None if the page states no count."""
    size: int
    """How many rows a page holds, as the API states."""
    ends_empty: bool
    """Whether the last page holds no row."""
    uncounted: str | None = None
    """What stands in place of a count, for a message."""
    unusable: tuple[UnusableRow, ...] = ()
    misplaced: tuple[str, ...] = ()
    """One sentence for each row whose own date lies outside the range."""
    mended: tuple[str, ...] = ()
    """What was wrong with the JSON of rows, by page."""

    @property
    def total(self) -> int | None:
        return next(iter(self.totals)) if len(self.totals) == 1 else None


class PageReader:
    """Fetch pages and single rows, and turn them into tables."""

    def __init__(self, api: Api, page_size: int, privacy: Privacy = KEEP) -> None:
        self._api = api
        self._page_size = page_size
        self._privacy = privacy

    async def page(self, query: ListQuery, number: int) -> Pages:
        pages, refusal = await self._fetch(query, [number])
        if refusal:
            raise refusal
        return pages[0]

    async def pages_after_first(self, query: ListQuery, count: int) -> tuple[list[Pages], Unprocessable | None]:
        """Fetch the second page of the list, and all up to page `count`.

        Returns the pages that the API answers, and its refusal if it refuses one: they hold versions of orders too.
        """
        numbers = range(2, count + 1)
        starts = range(0, len(numbers), PAGES_TOGETHER)
        fetched = await all_of(self._fetch(query, numbers[start : start + PAGES_TOGETHER]) for start in starts)
        return [pages for group, _ in fetched for pages in group], next(filter(None, (why for _, why in fetched)), None)

    async def _fetch(self, query: ListQuery, numbers: Sequence[int]) -> tuple[list[Pages], Unprocessable | None]:
        answers = await all_of(self._page_or_refusal(query, number) for number in numbers)
        pages = {number: page for number, page in zip(numbers, answers, strict=True) if isinstance(page, Page)}
        refusal = next((answer for answer in answers if isinstance(answer, Unprocessable)), None)
        return [self._joined(query, [*pages], [*pages.values()])] if pages else [], refusal

    async def _page_or_refusal(self, query: ListQuery, number: int) -> Page | Unprocessable:
        row_type = Event if query.axis is Axis.EVENTS else Order
        try:
            return await self._api.fetch_list(query.path, query.params(number, self._page_size), row_type)
        except Unprocessable as refusal:
            return refusal

    def _joined(self, query: ListQuery, numbers: Sequence[int], pages: Sequence[Page]) -> Pages:
        """Make one table of these pages, and check its rows."""
        names = [f"page {number} of {query}" for number in numbers]
        rows: list[Row] = []
        unusable: list[UnusableRow] = []
        for name, page in zip(names, pages, strict=True):
            usable, without_id = separate_unusable(page.rows, name)
            rows += usable
            unusable += without_id
        table = (events_table if query.axis is Axis.EVENTS else orders_table)(rows, self._privacy)
        where = names[0] if len(names) == 1 else f"pages {numbers[0]} to {numbers[-1]} of {query}"
        misplaced = _misplaced(query, where, table)
        return Pages(
            ids=[*ids_of(rows), *(row.fingerprint for row in unusable)],
            table=_own_rows(query, where, table),
            totals={page.total for page in pages},
            size=pages[0].size or self._page_size,
            ends_empty=not pages[-1].rows,
            uncounted=next((page.uncounted for page in pages if page.uncounted), None),
            unusable=tuple(unusable),
            misplaced=misplaced,
            mended=tuple(f"{name}: {what}" for name, page in zip(names, pages, strict=True) for what in page.mended),
        )

    async def rows(self, lookup: Lookup) -> tuple[pa.Table, tuple[str, ...]]:
        """Fetch rows by id; return those that the API knows, and the ids that it does not know."""
        answers = await all_of(self._row(lookup.path, row_id) for row_id in lookup.ids)
        missing = tuple(row_id for row_id, row in zip(lookup.ids, answers, strict=True) if row is None)
        parse = events_table if lookup.is_of_events else orders_table
        return parse([row for row in answers if row is not None], self._privacy), missing

    async def _row(self, path: str, row_id: str) -> JsonObject | None:
        for spelling in spellings(row_id):
            try:
                row = await self._api.fetch_one(f"{path}/{quote(spelling, safe='')}")
            except (NotFound, Unprocessable):  # 422: the API does not accept this form of an id
                continue
            if row.get("id") in (None, ""):
                row["id"] = row_id  # the API answered this id, so the row has it
            if not has_id(row) or canonical_id(str(row.get("id"))) != canonical_id(row_id):
                raise UnaskedRows(f"GET {path}/{spelling} answered another id.")
            return row
        return None


def is_range(query: Query) -> TypeGuard[ListQuery]:
    """Return whether a query asks for all rows of a range, not for certain orders in it."""
    return isinstance(query, ListQuery) and query.status is None and query.page_limit is None


async def all_of(coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Await all at once, in order; the first failure ends the others."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def _own_rows(query: ListQuery, where: str, table: pa.Table) -> pa.Table:
    """Leave the rows on the very end of the range to the next window; refuse a page of rows not asked for."""
    _require_status(query, where, table)
    if query.axis is Axis.PORTED:  # the API filters by it and never returns it
        _require_ported(where, table)
        return table
    # Rows beyond the end show that the server rounds. The next window may not answer them, so they stay.
    is_next = pc.equal(table[query.axis.value], pa.scalar(query.window.end, INSTANT))
    return table.filter(pc.invert(pc.fill_null(is_next, fill_value=False)))


def _require_status(query: ListQuery, where: str, table: pa.Table) -> None:
    """Refuse a page on which no order has the status asked for; a few may have left it a moment before."""
    if query.status and len(table) > MOST_WRONG and not pc.any(pc.equal(table["status"], query.status)).as_py():
        raise UnaskedRows(f"{where}: no order has the status asked for; the API does not apply filter[status].")


def _require_ported(where: str, table: pa.Table) -> None:
    """Refuse a page of orders that were never ported; a few may show the status of a moment before."""
    never_ported = pc.sum(pc.is_in(table["status"], pa.array(["rejected", "canceled"]))).as_py() or 0
    if _are_many(never_ported, table):
        raise UnaskedRows(
            f"{where}: {never_ported} of {len(table)} orders were not ported; the API does not apply "
            f"filter[{Axis.PORTED}]. Nothing was loaded, since no order could be dated."
        )


def _misplaced(query: ListQuery, where: str, table: pa.Table) -> tuple[str, ...]:
    """Describe the rows whose own date lies outside the range asked for; refuse a page if there are many of them.

    One date can be wrong, and the order is loaded all the same. Many show that the API does not filter.
    """
    if query.axis is Axis.PORTED:
        return ()
    name, window = query.axis.value, query.window
    is_early = pc.less(table[name], pa.scalar(window.start - ROUNDING, INSTANT))
    is_late = pc.greater(table[name], pa.scalar(window.end + ROUNDING, INSTANT))
    outside = table.filter(pc.or_(is_early, is_late)).select(["id", name]).to_pylist()
    if _are_many(len(outside), table):
        raise UnaskedRows(
            f"{where}: {len(outside)} of {len(table)} rows were not asked for, such as one of "
            f"{outside[0][name].isoformat()}; the API does not apply filter[{query.axis}]. Nothing was loaded, since "
            "nothing can be read in parts."
        )
    return tuple(
        f"{row['id']} says {name} {row[name].isoformat()} and was answered for another range ({where})"
        for row in outside
    )


def _are_many(wrong: int, table: pa.Table) -> bool:
    return wrong > max(MOST_WRONG, len(table) / 20)
