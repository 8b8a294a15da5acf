"""The rows that pass filters, oldest first, cached until the world changes so that paging does not filter again.

The surprise: pages are counted from the newest row, so page 1 is the end of the list in reverse order.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from operator import attrgetter
from typing import TypeVar

from portouts_sandbox.store.inventory import Number
from portouts_sandbox.store.portout_store import PortoutStore
from portouts_sandbox.store.rows import Comment, Event, Order

from .filters import EventFilters, OrderFilters, Page, TimeRange

Row = TypeVar("Row", Order, Event, Comment, Number)

CACHE_SIZE = 32  # results of each list; one is a list of references to rows


class Index:
    """Finds rows of a store. Hold the world's lock while searching and while using the rows."""

    def __init__(self, store: PortoutStore) -> None:
        self._store = store
        self._version = store.version
        self._orders = lru_cache(CACHE_SIZE)(self._select_orders)
        self._events = lru_cache(CACHE_SIZE)(self._select_events)
        self._ported = lru_cache(1)(self._select_ported)

    def orders(self, filters: OrderFilters) -> list[Order]:
        """Return the orders that pass all filters, oldest first."""
        self._drop_outdated_caches()
        return self._orders(filters)

    def events(self, filters: EventFilters) -> list[Event]:
        """Return the events that pass all filters, oldest first."""
        self._drop_outdated_caches()
        return self._events(filters)

    def _drop_outdated_caches(self) -> None:
        if self._version != self._store.version:
            self._version = self._store.version
            for cache in (self._orders, self._events, self._ported):
                cache.cache_clear()

    def _select_orders(self, filters: OrderFilters) -> list[Order]:
        if filters.inserted_at is None and filters.ported_out_at is not None:
            rows = _rows_within(self._ported(), filters.ported_out_at, "ported_at")
            rows.sort(key=attrgetter("sort_key"))
        else:
            rows = _rows_within(self._store.orders, filters.inserted_at, "inserted_at")
        for test in _order_tests(filters):
            rows = [order for order in rows if test(order)]
        return rows

    def _select_events(self, filters: EventFilters) -> list[Event]:
        rows = _rows_within(self._store.events, filters.created_at, "created_at")
        if filters.event_types is not None:
            rows = [event for event in rows if event.event_type in filters.event_types]
        if filters.portout_id is not None:
            rows = [event for event in rows if event.portout_id == filters.portout_id]
        return rows

    def _select_ported(self) -> list[Order]:
        ported = [order for order in self._store.orders if order.ported_at is not None]
        return sorted(ported, key=attrgetter("ported_at"))


def page_of(rows: list[Row], page: Page) -> list[Row]:
    """Return one page, newest row first; past the end it is empty."""
    end = max(0, len(rows) - (page.number - 1) * page.size)
    return rows[max(0, end - page.size) : end][::-1]


def _rows_within(rows: list[Row], within: TimeRange | None, name: str) -> list[Row]:
    """Return a copy of the rows whose instant `name` lies in a range; the rows are sorted by it."""
    if within is None:
        return rows[:]
    key = attrgetter(name)
    first = 0 if within.first is None else bisect_left(rows, within.first, key=key)
    last = len(rows) if within.last is None else bisect_right(rows, within.last, key=key)
    return rows[first:last]


def _order_tests(filters: OrderFilters) -> Iterator[Callable[[Order], bool]]:
    if filters.inserted_at is not None and (within := filters.ported_out_at) is not None:
        yield lambda order: order.ported_at is not None and within.contains(order.ported_at)
    if (statuses := filters.statuses) is not None:
        yield lambda order: order.status in statuses
    if (countries := filters.countries) is not None:
        yield lambda order: not countries.isdisjoint(order.countries)
    if (phone_number := filters.phone_number) is not None:
        yield lambda order: phone_number in order.phone_numbers
    for name in ("support_key", "carrier_name", "spid", "pon", "foc_on"):
        if (value := getattr(filters, name)) is not None:
            yield partial(_has, attrgetter(name), value)


def _has(read: Callable[[Order], object], value: str, order: Order) -> bool:
    return read(order) == value
