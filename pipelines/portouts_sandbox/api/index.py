"""Filters -> rows, oldest first, remembered until the world changes so that paging does not look again.

One surprise: a page is counted from the newest end, so page 1 is the tail of the list, turned round.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from operator import attrgetter
from typing import TypeVar

from portouts_sandbox.store.portout_store import Register
from portouts_sandbox.store.rows import Event, Order

from .filters import EventFilters, OrderFilters, Page, Span

Row = TypeVar("Row", Order, Event)

REMEMBERED = 32  # selections of each list; one is a list of references to the rows


class Catalogue:
    """What can be asked of a register; hold the world's lock while asking and while using the rows."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._version = register.version
        self._orders = lru_cache(REMEMBERED)(self._select_orders)
        self._events = lru_cache(REMEMBERED)(self._select_events)
        self._ported = lru_cache(1)(self._select_ported)

    def orders(self, filters: OrderFilters) -> list[Order]:
        """Return the orders that pass all filters, oldest first."""
        self._notice_changes()
        return self._orders(filters)

    def events(self, filters: EventFilters) -> list[Event]:
        """Return the events that pass all filters, oldest first."""
        self._notice_changes()
        return self._events(filters)

    def _notice_changes(self) -> None:
        if self._version != self._register.version:
            self._version = self._register.version
            for remembered in (self._orders, self._events, self._ported):
                remembered.cache_clear()

    def _select_orders(self, filters: OrderFilters) -> list[Order]:
        if filters.inserted_at is None and filters.ported_out_at is not None:
            rows = _within(self._ported(), filters.ported_out_at, "ported_at")
            rows.sort(key=attrgetter("position"))
        else:
            rows = _within(self._register.orders, filters.inserted_at, "inserted_at")
        for test in _order_tests(filters):
            rows = [order for order in rows if test(order)]
        return rows

    def _select_events(self, filters: EventFilters) -> list[Event]:
        rows = _within(self._register.events, filters.created_at, "created_at")
        if filters.event_types is not None:
            rows = [event for event in rows if event.event_type in filters.event_types]
        if filters.portout_id is not None:
            rows = [event for event in rows if event.portout_id == filters.portout_id]
        return rows

    def _select_ported(self) -> list[Order]:
        ported = [order for order in self._register.orders if order.ported_at is not None]
        return sorted(ported, key=attrgetter("ported_at"))


def page_of(rows: list[Row], page: Page) -> list[Row]:
    """Return one page, newest first; empty past the end."""
    end = max(0, len(rows) - (page.number - 1) * page.size)
    return rows[max(0, end - page.size) : end][::-1]


def _within(rows: list[Row], span: Span | None, name: str) -> list[Row]:
    """Return a copy of the rows whose instant `name`, by which they are sorted, lies in the span."""
    if span is None:
        return rows[:]
    key = attrgetter(name)
    first = 0 if span.first is None else bisect_left(rows, span.first, key=key)
    last = len(rows) if span.last is None else bisect_right(rows, span.last, key=key)
    return rows[first:last]


def _order_tests(filters: OrderFilters) -> Iterator[Callable[[Order], bool]]:
    wanted = filters
    if wanted.inserted_at is not None and (span := wanted.ported_out_at) is not None:
        yield lambda order: order.ported_at is not None and span.contains(order.ported_at)
    if (statuses := wanted.statuses) is not None:
        yield lambda order: order.status in statuses
    if (countries := wanted.countries) is not None:
        yield lambda order: not countries.isdisjoint(order.countries)
    if (phone_number := wanted.phone_number) is not None:
        yield lambda order: phone_number in order.phone_numbers
    for name in ("support_key", "carrier_name", "spid", "pon", "foc_on"):
        if (value := getattr(wanted, name)) is not None:
            yield partial(_has, attrgetter(name), value)


def _has(read: Callable[[Order], object], value: str, order: Order) -> bool:
    return read(order) == value
