"""A seeded world of port-out orders whose clock can be moved on.

The surprise: nothing here runs by itself. What happens depends on the seed and on the hooks that a test
calls, never on the machine's clock or on how the moves of this one are cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import count
from operator import attrgetter
from random import Random
from threading import RLock
from typing import Any, NamedTuple

from .store.portout_store import Register
from .store.rows import Order
from .story.arrivals import HOUR, Arrivals
from .story.clock import Clock
from .story.lifecycle import Notice, Step, Story, draw_hidden_for
from .story.order_fields import Fields, Generations, blank_fields, draw_fields, is_north_american
from .story.rng import dice, draw_uuid
from .story.timestamps import write_milliseconds, writer_like

NOW = datetime(2026, 6, 1, tzinfo=UTC)
STARTS_AT = datetime(2025, 1, 1, tzinfo=UTC)
ANSWERS = frozenset({"authorized", "rejected-pending"})


class Transition(NamedTuple):
    """An order took a status at an instant."""

    portout_id: str
    status: str
    at: datetime


class AnswerRefused(ValueError):
    """Only a pending order can be answered."""


class World:
    """Orders and events at an instant; whoever reads its `register` from another thread holds its `lock`."""

    def __init__(
        self, orders: int = 2_000, seed: int = 7, starts_at: datetime = STARTS_AT, now: datetime = NOW
    ) -> None:
        starts_at, now = starts_at.astimezone(UTC), now.astimezone(UTC)
        self.seed, self.lock = seed, RLock()
        self._clock, self._first_now, self._hooks = Clock(now), now, count()
        self.register = Register(self._clock)
        self._generations = Generations.between(starts_at, now)
        self._arrivals = Arrivals(seed, orders, starts_at, now)
        self._open_past()
        self._open_hours(0)
        self.register.settle()

    # The clock

    @property
    def now(self) -> datetime:
        """Return the world's present."""
        return self._clock.now

    def advance(self, by: timedelta) -> None:
        """Move the clock on."""
        self.move_to(self.now + by)

    def move_to(self, now: datetime) -> None:
        """Move the clock to an instant that is not before the present one, else ValueError."""
        with self.lock:
            self._clock.move_to(now.astimezone(UTC))
            self.register.settle()

    # The truth

    def orders(self) -> list[Fields]:
        """Return the orders as the API shows them now, newest first."""
        with self.lock:
            return [order.fields() for order in reversed(self.register.orders)]

    def events(self) -> list[Fields]:
        """Return the events as the API shows them now, newest first."""
        with self.lock:
            return [event.fields() for event in reversed(self.register.events)]

    def order(self, portout_id: str) -> Fields:
        """Return one order as the API shows it now; KeyError if it does not."""
        with self.lock:
            return self.register.orders_by_id[portout_id].fields()

    def transitions(self) -> list[Transition]:
        """Return every status that the orders shown now have taken, in the order of time."""
        with self.lock:
            orders = self.register.orders
            taken = [Transition(order.id, *transition) for order in orders for transition in order.transitions]
        return sorted(taken, key=attrgetter("at"))

    def ported_out_at(self, portout_id: str) -> datetime | None:
        """Return when an order was ported, which the API never shows."""
        with self.lock:
            return self.register.orders_by_id[portout_id].ported_at

    # Hooks for tests

    def add_order(self, **fields: Any) -> str:
        """Insert an order at `inserted_at` (default: now), pending unless told otherwise, and return its id.

        Fields are the API's, any other is shown as it is; instants may be datetimes. The order has no future.
        """
        with self.lock:
            portout_id = fields.pop("id", None) or draw_uuid(self._hook_dice())
            born = blank_fields(portout_id, _as_shown(fields.pop("inserted_at", self.now), write_milliseconds))
            write = writer_like(born["inserted_at"])
            status = fields.pop("status", "pending")
            born.update({name: _as_shown(value, write) for name, value in fields.items()})
            order = Order(born, self.now, has_events=True)
            self.register.enter(order, born, ())
            step = Step(order.inserted_at, {"status": status}, self._notice(order))
            self.register.apply(order, born, [step], touch="updated_at" not in fields)
            self.register.settle()
            return portout_id

    def change(
        self,
        portout_id: str,
        at: datetime | None = None,
        *,
        event: bool = True,
        touch: bool = True,
        **fields: Any,
    ) -> None:
        """Change fields of an order at an instant that is not to come (default: now).

        A new status or FOC date is announced unless `event` is false; `updated_at` moves unless `touch` is
        false. Setting the status cancels whatever the order's future held.
        """
        if at is not None and at > self.now:
            raise ValueError(f"{at} is still to come, the clock stands at {self.now}")
        with self.lock:
            order = self.register.orders_by_id[portout_id]
            shown = order.fields()
            write = writer_like(shown["inserted_at"])
            changes = {name: _as_shown(value, write) for name, value in fields.items()}
            is_news = any(changes.get(name, shown[name]) != shown[name] for name in ("status", "foc_date"))
            step = Step((at or self.now).astimezone(UTC), changes, self._notice(order) if event and is_news else None)
            self.register.apply(order, shown, [step], touch=touch)
            if "status" in changes:
                order.steps = ()
            self.register.settle()

    def remove(self, portout_id: str) -> None:
        """Make an order vanish; its events stay."""
        with self.lock:
            self.register.remove(self.register.orders_by_id[portout_id])

    def answer(
        self,
        portout_id: str,
        status: str,
        reason: str | None = None,
        host_messaging: bool | None = None,
        rejection_code: int | None = None,
    ) -> None:
        """Answer a pending order, as PATCH does, by `authorized` or `rejected-pending`; its future is new."""
        if status not in ANSWERS:
            raise ValueError(f"{status} is not one of {sorted(ANSWERS)}")
        with self.lock:
            order = self.register.orders_by_id[portout_id]
            if order.status != "pending":
                raise AnswerRefused(f"the order is {order.status}, only a pending order can be answered")
            shown = order.fields()
            story = Story(self._hook_dice(), shown, has_events=order.has_events)
            if status == "authorized":
                changes = story.authorization(self.now)
            else:
                changes = story.refusal(status, 1001 if rejection_code is None else rejection_code, reason)
            if host_messaging is not None and "host_messaging" in shown:
                changes["host_messaging"] = host_messaging
            self.register.apply(order, shown, [Step(self.now, changes, self._notice(order))])
            self.register.follow(order, shown, story.from_answer(status, self.now))
            self.register.settle()

    # How orders arrive

    def _open_past(self) -> None:
        rng = dice(self.seed, "orders before the first now")
        for inserted_at in self._arrivals.before_now():
            order, fields, steps = self._plan_order(rng, inserted_at)
            order.shown_at = min(order.shown_at, self._first_now)
            self.register.enter(order, fields, steps)

    def _open_hours(self, hour: int) -> None:
        while self._first_now + hour * HOUR <= self.now:
            if instants := self._arrivals.in_hour(hour):
                self._open_hour(dice(self.seed, "orders in hour", hour), instants)
            hour += 1
        self._clock.at(self._first_now + hour * HOUR, partial(self._open_hours, hour))

    def _open_hour(self, rng: Random, instants: Iterable[datetime]) -> None:
        for inserted_at in instants:
            order, fields, steps = self._plan_order(rng, inserted_at)
            self._clock.at(inserted_at, partial(self.register.enter, order, fields, steps))

    def _plan_order(self, rng: Random, inserted_at: datetime) -> tuple[Order, Fields, list[Step]]:
        fields, carrier = draw_fields(rng, inserted_at, self._generations)
        has_events = inserted_at >= self._generations.events
        order = Order(fields, inserted_at + draw_hidden_for(rng), has_events=has_events)
        story = Story(rng, fields, has_events=has_events)
        steps = [*story.from_intake(order.inserted_at, is_north_american(fields))]
        return order, fields, [*steps, *story.respelled(order.inserted_at, carrier)]

    def _notice(self, order: Order) -> Notice | None:
        return Notice(draw_uuid(self._hook_dice())) if order.has_events else None

    def _hook_dice(self) -> Random:
        return dice(self.seed, "hook", next(self._hooks))


def _as_shown(value: Any, write: Callable[[datetime], str]) -> Any:
    """Return what JSON holds of a hand-given value: instants in the order's style, dates as midnight."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    return write(value.astimezone(UTC)) if isinstance(value, datetime) else value
