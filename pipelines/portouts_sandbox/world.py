"""A seeded world of port-out orders, with a clock that moves when it is asked to.

The surprise: nothing here runs by itself. What happens depends on the seed and on the hooks that a test calls. It does
not depend on the machine's clock, nor on whether this clock moves in one step or in many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import count
from operator import attrgetter
from random import Random
from threading import RLock
from typing import Any, NamedTuple

from .store.inventory import ComingOrder, Inventory
from .store.portout_store import PortoutStore
from .store.rows import Order
from .story.accounts.account import Account, GivenOrder
from .story.arrivals import HOUR, Arrivals
from .story.clock import Clock
from .story.holdings import draw_holdings
from .story.lifecycle import LifecyclePlan, PlannedEvent, Step, draw_hidden_for
from .story.order_fields import FeatureDates, Fields, default_fields, draw_fields, is_north_american
from .story.rng import draw_uuid, rng_for
from .story.timestamps import write_milliseconds, writer_like

NOW = datetime(2026, 6, 1, tzinfo=UTC)
STARTS_AT = datetime(2025, 1, 1, tzinfo=UTC)
NUMBERS_PER_ORDER = 3  # numbers in the inventory that no order asks for
HOURS_FORESEEN = 24 * 100  # numbers of orders of these hours are bought before
YEAR = timedelta(days=365)
ANSWERS = frozenset({"authorized", "rejected-pending"})


class Transition(NamedTuple):
    """An order took a status at an instant."""

    portout_id: str
    status: str
    at: datetime


class AnswerRefused(ValueError):
    """The order is not pending, so it cannot be answered."""


class World:
    """Orders and events at an instant. Hold `lock` to read `store` from another thread."""

    def __init__(
        self,
        orders: int = 2_000,
        seed: int = 7,
        starts_at: datetime = STARTS_AT,
        now: datetime = NOW,
        account: Account | None = None,
    ) -> None:
        starts_at, now = starts_at.astimezone(UTC), now.astimezone(UTC)
        self.seed, self.lock, self._account = seed, RLock(), account or Account()
        self._clock, self._first_now, self._hooks = Clock(now), now, count()
        self.store = PortoutStore(self._clock)
        self._features = FeatureDates.between(starts_at, now)
        self._arrivals = Arrivals(seed, orders, starts_at, now)
        self._plan_past()
        self._plan_hours(0)
        self._plan_given()
        self.store.merge_new_rows()
        bought = starts_at - 2 * YEAR, now + YEAR
        draw = partial(draw_holdings, seed, orders * NUMBERS_PER_ORDER, *bought)
        self.inventory = Inventory(seed, self.store, self._clock, draw, self._foreseen, self._account.stuck_share)

    # The clock

    @property
    def now(self) -> datetime:
        """Return the present of the world's clock."""
        return self._clock.now

    def advance(self, by: timedelta) -> None:
        """Move the clock forward."""
        self.move_to(self.now + by)

    def move_to(self, now: datetime) -> None:
        """Move the clock to an instant; ValueError if that lies before the present one."""
        with self.lock:
            self._clock.move_to(now.astimezone(UTC))
            self.store.merge_new_rows()

    # What the API shows, and what it never shows

    def orders(self) -> list[Fields]:
        """Return the orders as the API shows them now, newest first."""
        with self.lock:
            return [order.fields() for order in reversed(self.store.orders)]

    def events(self) -> list[Fields]:
        """Return the events as the API shows them now, newest first."""
        with self.lock:
            return [event.fields() for event in reversed(self.store.events)]

    def order(self, portout_id: str) -> Fields:
        """Return one order as the API shows it now; KeyError if it shows no such order."""
        with self.lock:
            return self.store.orders_by_id[portout_id].fields()

    def transitions(self) -> list[Transition]:
        """Return every status that the visible orders have taken, sorted by time."""
        with self.lock:
            orders = self.store.orders
            taken = [Transition(order.id, *transition) for order in orders for transition in order.transitions]
        return sorted(taken, key=attrgetter("at"))

    def ported_out_at(self, portout_id: str) -> datetime | None:
        """Return when an order was ported; the API never shows it."""
        with self.lock:
            return self.store.orders_by_id[portout_id].ported_at

    # Hooks for tests

    def add_order(self, **fields: Any) -> str:
        """Insert an order and return its id. By default it is inserted now and pending; it has no planned steps.

        `fields` have the API's names; others are shown as they are. Instants may be datetimes, days may be dates.
        """
        with self.lock:
            portout_id = fields.pop("id", None) or draw_uuid(self._hook_rng())
            shown = default_fields(portout_id, _as_json(fields.pop("inserted_at", self.now), write_milliseconds))
            write = writer_like(shown["inserted_at"])
            status = fields.pop("status", "pending")
            shown.update({name: _as_json(value, write) for name, value in fields.items()})
            order = Order(shown, self.now, has_events=True)
            self.store.add(order, shown, ())
            step = Step(order.inserted_at, {"status": status}, self._event(order))
            self.store.apply(order, shown, [step], touch="updated_at" not in fields)
            self.store.merge_new_rows()
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
        """Change fields of an order at a past instant (default: now).

        A new status or FOC date causes an event unless `event` is false. `updated_at` changes unless `touch` is false.
        A status removes all planned steps.
        """
        if at is not None and at > self.now:
            raise ValueError(f"{at} is still to come, the clock stands at {self.now}")
        with self.lock:
            order = self.store.orders_by_id[portout_id]
            shown = order.fields()
            write = writer_like(shown["inserted_at"])
            changes = {name: _as_json(value, write) for name, value in fields.items()}
            has_event = event and any(changes.get(name, shown[name]) != shown[name] for name in ("status", "foc_date"))
            step = Step((at or self.now).astimezone(UTC), changes, self._event(order) if has_event else None)
            self.store.apply(order, shown, [step], touch=touch)
            if "status" in changes:
                order.steps = ()
            self.store.merge_new_rows()

    def comment(self, portout_id: str, body: str, at: datetime | None = None) -> None:
        """Comment on an order at a past instant (default: now)."""
        with self.lock:
            order = self.store.orders_by_id[portout_id]
            step = Step((at or self.now).astimezone(UTC), event=self._event(order), comment=body)
            self.store.apply(order, order.fields(), [step])
            self.store.merge_new_rows()

    def remove(self, portout_id: str) -> None:
        """Remove an order; its events stay."""
        with self.lock:
            self.store.remove(self.store.orders_by_id[portout_id])

    def answer(
        self,
        portout_id: str,
        status: str,
        reason: str | None = None,
        host_messaging: bool | None = None,
        rejection_code: int | None = None,
    ) -> None:
        """Answer a pending order as PATCH does, by `authorized` or `rejected-pending`, and plan new steps for it."""
        if status not in ANSWERS:
            raise ValueError(f"{status} is not one of {sorted(ANSWERS)}")
        with self.lock:
            order = self.store.orders_by_id[portout_id]
            if order.status != "pending":
                raise AnswerRefused(f"the order is {order.status}, only a pending order can be answered")
            shown = order.fields()
            plan = LifecyclePlan(self._hook_rng(), shown, self._account, has_events=order.has_events)
            if status == "authorized":
                changes = plan.authorization_fields(self.now)
            else:
                changes = plan.rejection_fields(status, 1001 if rejection_code is None else rejection_code, reason)
            if host_messaging is not None and "host_messaging" in shown:
                changes["host_messaging"] = host_messaging
            self.store.apply(order, shown, [Step(self.now, changes, self._event(order))])
            self.store.replace_steps(order, shown, plan.steps_after_answer(status, self.now))
            self.store.merge_new_rows()

    # Plans of orders

    def _plan_past(self) -> None:
        rng = rng_for(self.seed, "orders before the first now")
        for inserted_at in self._arrivals.before_now():
            order, fields, steps = self._plan_order(rng, inserted_at)
            order.visible_at = min(order.visible_at, self._first_now)
            self.store.add(order, fields, steps)

    def _plan_hours(self, hour: int) -> None:
        while self._first_now + hour * HOUR <= self.now:
            if instants := self._arrivals.in_hour(hour):
                self._plan_hour(rng_for(self.seed, "orders in hour", hour), instants)
            hour += 1
        self._clock.call_at(self._first_now + hour * HOUR, partial(self._plan_hours, hour))

    def _plan_hour(self, rng: Random, instants: Iterable[datetime]) -> None:
        for inserted_at in instants:
            order, fields, steps = self._plan_order(rng, inserted_at)
            self._clock.call_at(inserted_at, partial(self.store.add, order, fields, steps))

    def _foreseen(self) -> Iterator[ComingOrder]:
        """Yield the orders of the hours after the first now, as far as their numbers must be bought before."""
        for hour in range(HOURS_FORESEEN):
            rng = rng_for(self.seed, "orders in hour", hour)
            for inserted_at in self._arrivals.in_hour(hour):
                order, fields, _ = self._plan_order(rng, inserted_at)
                yield ComingOrder(order.id, order.inserted_at, fields["phone_numbers"])
        for number, given in enumerate(self._account.given):
            order, fields, _ = self._plan_given_order(number, given)
            yield ComingOrder(order.id, order.inserted_at, fields["phone_numbers"], given.customer)

    def _plan_order(self, rng: Random, inserted_at: datetime) -> tuple[Order, Fields, list[Step]]:
        fields, carrier = draw_fields(rng, inserted_at, self._features, self._account)
        has_events = inserted_at >= self._features.events
        order = Order(fields, inserted_at + draw_hidden_for(rng), has_events=has_events)
        plan = LifecyclePlan(rng, fields, self._account, has_events=has_events)
        steps = [*plan.steps_from_intake(order.inserted_at, is_north_american(fields))]
        return order, fields, [*steps, *plan.renaming_steps(order.inserted_at, carrier)]

    def _plan_given(self) -> None:
        for number, given in enumerate(self._account.given):
            order, fields, steps = self._plan_given_order(number, given)
            self._clock.call_at(given.inserted_at, partial(self.store.add, order, fields, steps))

    def _plan_given_order(self, number: int, given: GivenOrder) -> tuple[Order, Fields, list[Step]]:
        rng = rng_for(self.seed, "given order", number)
        fields = default_fields(draw_uuid(rng), write_milliseconds(given.inserted_at))
        fields.update({name: _as_json(value, write_milliseconds) for name, value in given.fields.items()})
        order = Order(fields, given.inserted_at, has_events=True)
        plan = LifecyclePlan(rng, fields, self._account, has_events=True)
        return order, fields, [*plan.given_steps(order.inserted_at, given.moments)]

    def _event(self, order: Order) -> PlannedEvent | None:
        return PlannedEvent(draw_uuid(self._hook_rng())) if order.has_events else None

    def _hook_rng(self) -> Random:
        return rng_for(self.seed, "hook", next(self._hooks))


def _as_json(value: Any, write: Callable[[datetime], str]) -> Any:
    """Return a value as JSON holds it: instants in the order's format, dates as midnight."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    return write(value.astimezone(UTC)) if isinstance(value, datetime) else value
