"""The two lists that the API shows, orders and events, sorted from oldest to newest.

The surprise: a row can stay hidden for up to 20 minutes after its own timestamp, because real systems commit late, and
an event can lack its payload for some minutes. Orders are independent: each follows its own planned steps.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from functools import partial
from operator import attrgetter
from typing import TypeVar

from portouts_sandbox.story.clock import Clock
from portouts_sandbox.story.lifecycle import PlannedEvent, Step
from portouts_sandbox.story.order_fields import Fields
from portouts_sandbox.story.timestamps import writer_like

from .event_payloads import comment_of, event_without_payload, payload_of, with_payload
from .rows import Event, Order

Row = TypeVar("Row", Order, Event)

INSERTED_SINGLY = 64  # up to so many new rows are inserted one by one; more are appended and sorted


class PortoutStore:
    """The rows that are visible at the clock's present; call `merge_new_rows` after anything that may add rows."""

    def __init__(self, clock: Clock) -> None:
        self.orders: list[Order] = []
        self.events: list[Event] = []
        self.orders_by_id: dict[str, Order] = {}
        self.events_by_id: dict[str, Event] = {}
        self.version = 0  # grows whenever something that is shown changes
        self._clock = clock
        self._new_orders: list[Order] = []
        self._new_events: list[Event] = []

    def add(self, order: Order, fields: Fields, steps: Iterable[Step]) -> None:
        """Add an order with its planned steps; it is visible from `visible_at` on."""
        self.replace_steps(order, fields, steps)
        self._clock.call_at(order.visible_at, partial(self._show, self._new_orders, order))

    def replace_steps(self, order: Order, fields: Fields, steps: Iterable[Step]) -> None:
        """Replace the planned steps of an order, and apply those that are due."""
        order.steps = tuple(sorted(steps, key=attrgetter("at")))
        self._apply_due_steps(order, fields)

    def apply(self, order: Order, fields: Fields, steps: Sequence[Step], *, touch: bool = True) -> None:
        """Change `fields` by steps, emit their events, and show the result; `touch` sets `updated_at`."""
        touched_at = None
        for step in steps:
            fields.update(step.changes)
            if "status" in step.changes:
                order.record_status(fields["status"], step.at)
            if step.comment is None:
                touched_at = step.at
            else:
                order.record_comment(comment_of(step, fields))
            if step.event:
                self._emit(order, fields, step, step.event)
        if touched_at and touch:
            fields["updated_at"] = writer_like(fields["inserted_at"])(touched_at)
        order.show(fields)
        self.version += 1

    def remove(self, order: Order) -> None:
        """Remove an order for good; its events stay."""
        order.steps = ()
        del self.orders_by_id[order.id]
        self.orders.remove(order)
        self.version += 1

    def merge_new_rows(self) -> None:
        """Merge the rows that have become visible into the sorted lists."""
        self.orders_by_id.update((order.id, order) for order in self._new_orders)
        self.events_by_id.update((event.id, event) for event in self._new_events)
        _merge(self.orders, self._new_orders)
        _merge(self.events, self._new_events)

    def _apply_due_steps(self, order: Order, fields: Fields) -> None:
        due = bisect_right(order.steps, self._clock.now, key=attrgetter("at"))
        self.apply(order, fields, order.steps[:due])
        order.steps = order.steps[due:]
        if order.steps:
            self._clock.call_at(order.steps[0].at, partial(self._wake, order))

    def _wake(self, order: Order) -> None:
        if order.steps and order.steps[0].at <= self._clock.now:  # else the steps were replaced in the meantime
            self._apply_due_steps(order, order.fields())

    def _emit(self, order: Order, fields: Fields, step: Step, planned: PlannedEvent) -> None:
        bare = event_without_payload(step, planned, fields)
        complete = with_payload(bare, payload_of(step, planned, fields), step, planned)
        event = Event(bare if planned.without_payload_for else complete, step.at + planned.delay)
        if planned.without_payload_for:
            completed_at = event.created_at + planned.without_payload_for
            self._clock.call_at(completed_at, partial(self._complete, event, complete))
        visible_at = max(event.created_at + planned.hidden_for, order.visible_at)
        self._clock.call_at(visible_at, partial(self._show, self._new_events, event))

    def _complete(self, event: Event, fields: Fields) -> None:
        event.show(fields)
        self.version += 1

    def _show(self, new: list[Row], row: Row) -> None:
        new.append(row)
        self.version += 1


def _merge(rows: list[Row], new: list[Row]) -> None:
    if len(new) > INSERTED_SINGLY:
        rows += new
        rows.sort(key=attrgetter("sort_key"))
    else:
        for row in new:
            insort(rows, row, key=attrgetter("sort_key"))
    new.clear()
