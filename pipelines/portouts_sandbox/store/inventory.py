"""The numbers that the API shows at the present of the world's clock.

They follow from planned holdings and from the port-out orders: a number is leaving while its order is open, and has
left soon after the order was ported. The surprise: of a few ported orders the number never leaves the inventory, and
numbers that have left, or were deleted, disappear from the list after some weeks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, NamedTuple

import orjson

from portouts_sandbox.story.clock import Clock
from portouts_sandbox.story.holdings import DAY, Change, Holding, country_shown, draw_holding, type_of
from portouts_sandbox.story.order_fields import Fields
from portouts_sandbox.story.rng import rng_for
from portouts_sandbox.story.timestamps import write_milliseconds

from .portout_store import PortoutStore
from .rows import Order

FINAL = frozenset({"deleted", "ported-out", "port-failed"})
LISTED_FOR = {"deleted": 14 * DAY, "ported-out": 60 * DAY}
ACTIVATION_KNOWN_FROM = datetime(2024, 7, 1, tzinfo=UTC)
NEVER = timedelta(days=100 * 366)
_STATUS_OF_ORDER = {"ported": "ported-out", "rejected": "active", "canceled": "active"}


class Number(NamedTuple):
    """One number as the API shows it: its JSON, and the fields by which it can be filtered and sorted."""

    fields: Fields
    json: bytes

    @property
    def created_at(self) -> str:
        created_at: str = self.fields["created_at"]
        return created_at


class ComingOrder(NamedTuple):
    """An order that was inserted or will be: what decides which holdings there are."""

    id: str
    inserted_at: datetime
    phone_numbers: Sequence[str]
    customer: str | None = None


class Inventory:
    """The numbers of a world. Hold the world's lock while reading."""

    def __init__(
        self,
        seed: int,
        store: PortoutStore,
        clock: Clock,
        draw: Callable[[set[str]], Iterable[Holding]],
        coming: Callable[[], Iterable[ComingOrder]],
        stuck_share: float,
    ) -> None:
        self._seed, self._store, self._clock, self._stuck_share = seed, store, clock, stuck_share
        self._draw, self._coming = draw, coming
        self._holdings: dict[str, Holding] | None = None
        """Those that no order asks for, by number; drawn when the list is first asked for."""
        self._known: list[ComingOrder] = []
        self._customers: dict[str, str | None] = {}
        self._planned: dict[tuple[object, ...], Holding] = {}
        self._lags: dict[str, timedelta] = {}
        self._hooked: dict[str, Fields] = {}
        self._shown: tuple[object, list[Number]] | None = None
        self._rows: dict[str, Number] = {}

    def numbers(self) -> list[Number]:
        """Return the numbers that the API lists now, those created first first."""
        version = (self._store.version, self._clock.now, len(self._store.orders))
        if self._shown is None or self._shown[0] != version:
            listed = {fields["id"]: fields for fields in self._listed()}
            listed |= self._hooked
            numbers = [self._row(fields) for fields in listed.values() if fields.get("status")]
            numbers.sort(key=attrgetter("created_at"))
            self._shown = version, numbers
        return self._shown[1]

    # Hooks for tests

    def add(self, **fields: Any) -> str:
        """Add a number as it is given, and return its id."""
        number_id = fields.setdefault("id", f"hook-{len(self._hooked)}")
        created_at = write_milliseconds(self._clock.now)
        blank = _blank(number_id, fields.get("phone_number", "+12125550100"), created_at)
        self._hooked[number_id] = {**blank, "status": "active", **fields}
        self._shown = None
        return str(number_id)

    def change(self, number_id: str, **fields: Any) -> None:
        """Change fields of a number, which no plan changes afterwards."""
        shown = {number.fields["id"]: number.fields for number in self.numbers()}[number_id]
        self._hooked[number_id] = {**shown, "updated_at": write_milliseconds(self._clock.now), **fields}
        self._shown = None

    def remove(self, number_id: str) -> None:
        """Remove a number from the list for good."""
        self._hooked[number_id] = {"id": number_id}
        self._shown = None

    # From plans to rows

    def _row(self, fields: Fields) -> Number:
        held = self._rows.get(fields["id"])
        if held is None or held.fields != fields:
            held = self._rows[fields["id"]] = Number(fields, orjson.dumps(fields))
        return held

    def _listed(self) -> Iterator[Fields]:
        """Yield the numbers that are listed now, from all holdings."""
        if self._holdings is None:
            self._known = [*self._coming()]
            self._customers = {order.id: order.customer for order in self._known}
            taken = self._orders_by_number().keys()
            self._holdings = {holding.phone_number: holding for holding in self._draw({*taken})}
        orders = self._orders_by_number()
        for number in self._holdings.keys() | orders.keys():
            for holding, asking in self._timeline(number, orders.get(number, [])):
                if fields := self._shown_of(holding, asking):
                    yield fields

    def _orders_by_number(self) -> Mapping[str, list[tuple[datetime, str]]]:
        """Return the orders of each number, those inserted first first: the visible ones and those still to come."""
        coming = [(order.inserted_at, order.id, order.phone_numbers) for order in self._known]
        shown = [(order.inserted_at, order.id, order.phone_numbers) for order in self._store.orders]
        found: defaultdict[str, set[tuple[datetime, str]]] = defaultdict(set)
        for inserted_at, order_id, phone_numbers in [*coming, *shown]:
            for number in phone_numbers:
                found[number].add((inserted_at, order_id))
        return {number: sorted(orders) for number, orders in found.items()}

    def _timeline(self, number: str, orders: Sequence[tuple[datetime, str]]) -> list[tuple[Holding, list[Order]]]:
        """Assign the orders of a number to its holdings, and add a holding where an order finds none."""
        own = (self._holdings or {}).get(number)
        found: list[tuple[Holding, list[Order]]] = [(own, [])] if own else []
        for inserted_at, order_id in orders:
            ended_at = self._ended_at(*found[-1]) if found else None
            if not found or (ended_at and ended_at + DAY <= inserted_at):
                found.append((self._holding_of(order_id, number, inserted_at, ended_at), []))
            if order := self._store.orders_by_id.get(order_id):
                found[-1][1].append(order)
        return found

    def _holding_of(self, order_id: str, number: str, inserted_at: datetime, after: datetime | None) -> Holding:
        """Plan the holding that an order asks for: bought long before, or since the number left the last time."""
        if held := self._planned.get((order_id, number, after)):
            return held
        rng = rng_for(self._seed, "holding", order_id, number)
        before = timedelta(days=int(rng.uniform(30, 900)))
        created_at = inserted_at - before if after is None else after + (inserted_at - after) / 2
        bought_at, customer = created_at.replace(microsecond=0), self._customers.get(order_id)
        holding = draw_holding(rng, number, bought_at, is_of_order=True, customer=customer)
        return self._planned.setdefault((order_id, number, after), holding)

    def _changes(self, holding: Holding, orders: Iterable[Order]) -> list[Change]:
        """Return what happened to a holding until now: its own changes, and those that its orders cause."""
        changes = [change for change in holding.changes if change.at <= self._clock.now]
        for order in orders:
            lag = self._lag(order.id)
            for status, at in order.transitions:
                becomes = _STATUS_OF_ORDER.get(status, "port-out-pending")
                seen_at = at + lag if becomes == "ported-out" else at
                if seen_at <= self._clock.now:
                    changes.append(Change(seen_at, {"status": becomes}))
        return sorted(changes, key=attrgetter("at"))

    def _lag(self, order_id: str) -> timedelta:
        """Return how long after its port-out a number is still in the inventory."""
        if order_id not in self._lags:
            rng = rng_for(self._seed, "lag", order_id)
            draw = rng.random()
            usual, long = timedelta(minutes=rng.randint(1, 120)), DAY * rng.randint(3, 20)
            self._lags[order_id] = NEVER if draw < self._stuck_share else long if draw < 0.04 else usual
        return self._lags[order_id]

    def _ended_at(self, holding: Holding, orders: Iterable[Order]) -> datetime | None:
        at, status = None, None
        for change in _applied(self._changes(holding, orders)):
            if "status" in change.fields:
                at, status = change.at, change.fields["status"]
        return at if status in FINAL else None

    def _shown_of(self, holding: Holding, orders: Sequence[Order]) -> Fields | None:
        """Return a number as it is listed now; None if it is not bought yet, or no longer listed."""
        changes = _applied(self._changes(holding, orders))
        if holding.created_at > self._clock.now or not changes:
            return None
        fields = {**_blank(holding.id, holding.phone_number, write_milliseconds(holding.created_at)), **holding.fields}
        active_from = next((change.at for change in changes if change.fields.get("status") == "active"), None)
        if active_from and active_from >= ACTIVATION_KNOWN_FROM:
            fields["activated_at"] = write_milliseconds(active_from)
        for change in changes:
            fields.update(change.fields)
        fields["updated_at"] = write_milliseconds(changes[-1].at)
        ended_at = self._ended_at(holding, orders)
        listed_for = LISTED_FOR.get(fields["status"], NEVER)
        return None if ended_at and ended_at + listed_for < self._clock.now else fields


def _applied(changes: Iterable[Change]) -> list[Change]:
    """Leave out the changes that the status of that time does not allow."""
    status, kept = None, []
    for change in changes:
        becomes = change.fields.get("status", status)
        is_own_end = becomes == "deleted" and status != "active"
        if status in FINAL or is_own_end or (becomes == "port-out-pending" and status is None):
            continue
        if becomes == status and "status" in change.fields:
            continue
        status = becomes
        kept.append(change)
    return kept


def _blank(number_id: str, phone_number: str, created_at: str) -> Fields:
    """Return a number with all keys that the API knows."""
    return {
        "id": number_id,
        "record_type": "phone_number",
        "phone_number": phone_number,
        "status": None,
        "country_iso_alpha2": country_shown(phone_number),
        "phone_number_type": type_of(phone_number),
        "created_at": created_at,
        "updated_at": created_at,
        "purchased_at": created_at,
        "activated_at": None,
        "customer_reference": None,
        "connection_id": None,
        "billing_group_id": None,
        "external_pin": None,
        "emergency_enabled": False,
        "emergency_address_id": None,
        "emergency_status": "disabled",
        "call_forwarding_enabled": False,
        "call_recording_enabled": False,
        "caller_id_name_enabled": False,
        "cnam_listing_enabled": False,
        "hd_voice_enabled": False,
        "inbound_call_screening": "disabled",
        "t38_fax_gateway_enabled": True,
    }
