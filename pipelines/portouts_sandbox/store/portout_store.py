"""The two lists that the API shows, orders and events, kept oldest first.

The surprise: a row may be hidden for up to 20 minutes after its own timestamp, since real systems commit
late, and an event may lack its payload for a while. Orders know nothing of each other: each lives its steps.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from functools import partial
from operator import attrgetter
from typing import TypeVar

from portouts_sandbox.story.clock import Clock
from portouts_sandbox.story.lifecycle import Notice, Step
from portouts_sandbox.story.order_fields import Fields
from portouts_sandbox.story.timestamps import writer_like

from .event_payloads import completed, event_fields, payload_of
from .rows import Event, Order

Row = TypeVar("Row", Order, Event)

FEW = 64  # new rows that are put in their places one by one; more are sorted in


class Register:
    """What is shown at the clock's now; `settle` after anything that may have added rows."""

    def __init__(self, clock: Clock) -> None:
        self.orders: list[Order] = []
        self.events: list[Event] = []
        self.orders_by_id: dict[str, Order] = {}
        self.events_by_id: dict[str, Event] = {}
        self.version = 0  # another one whenever anything shown has changed
        self._clock = clock
        self._new_orders: list[Order] = []
        self._new_events: list[Event] = []

    def enter(self, order: Order, fields: Fields, steps: Iterable[Step]) -> None:
        """Let a new order live its steps, and show it from its `shown_at` on."""
        self.follow(order, fields, steps)
        self._clock.at(order.shown_at, partial(self._show, self._new_orders, order))

    def follow(self, order: Order, fields: Fields, steps: Iterable[Step]) -> None:
        """Replace the steps that an order has still to live."""
        order.steps = tuple(sorted(steps, key=attrgetter("at")))
        self._live(order, fields)

    def apply(self, order: Order, fields: Fields, steps: Sequence[Step], *, touch: bool = True) -> None:
        """Change an order by steps, announce them, and show the outcome; `touch` moves `updated_at`."""
        touched_at = None
        for step in steps:
            fields.update(step.changes)
            if "status" in step.changes:
                order.take_status(fields["status"], step.at)
            if step.comment is None:
                touched_at = step.at
            if step.notice:
                self._announce(order, fields, step, step.notice)
        if touched_at and touch:
            fields["updated_at"] = writer_like(fields["inserted_at"])(touched_at)
        order.store(fields)
        self.version += 1

    def remove(self, order: Order) -> None:
        """Take an order off the list for good; its events stay."""
        order.steps = ()
        del self.orders_by_id[order.id]
        self.orders.remove(order)
        self.version += 1

    def settle(self) -> None:
        """Put the rows that have come to light in their places."""
        self.orders_by_id.update((order.id, order) for order in self._new_orders)
        self.events_by_id.update((event.id, event) for event in self._new_events)
        _merge(self.orders, self._new_orders)
        _merge(self.events, self._new_events)

    def _live(self, order: Order, fields: Fields) -> None:
        due = bisect_right(order.steps, self._clock.now, key=attrgetter("at"))
        self.apply(order, fields, order.steps[:due])
        order.steps = order.steps[due:]
        if order.steps:
            self._clock.at(order.steps[0].at, partial(self._wake, order))

    def _wake(self, order: Order) -> None:
        if order.steps and order.steps[0].at <= self._clock.now:  # else other steps have replaced those due
            self._live(order, order.fields())

    def _announce(self, order: Order, fields: Fields, step: Step, notice: Notice) -> None:
        bare = event_fields(step, notice, fields)
        whole = completed(bare, payload_of(step, notice, fields), step, notice)
        event = Event(bare if notice.without_payload_for else whole, step.at + notice.delay)
        if notice.without_payload_for:
            completed_at = event.created_at + notice.without_payload_for
            self._clock.at(completed_at, partial(self._complete, event, whole))
        shown_at = max(event.created_at + notice.hidden_for, order.shown_at)
        self._clock.at(shown_at, partial(self._show, self._new_events, event))

    def _complete(self, event: Event, fields: Fields) -> None:
        event.store(fields)
        self.version += 1

    def _show(self, new: list[Row], row: Row) -> None:
        new.append(row)
        self.version += 1


def _merge(rows: list[Row], new: list[Row]) -> None:
    if len(new) > FEW:
        rows += new
        rows.sort(key=attrgetter("position"))
    else:
        for row in new:
            insort(rows, row, key=attrgetter("position"))
    new.clear()
