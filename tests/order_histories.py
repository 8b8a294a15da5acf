"""Small worlds for the tests of the models: orders and events as the API sends them, and the raw tables that hold them.

A world is what a loader has read by `as_of`. The raw tables and the reference implementation receive the same lists.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_OID, uuid5

import pyarrow as pa
from inventory_worlds import create_raw_inventory, random_readings
from portouts.warehouse.metadata import create_metadata
from reference_implementation.numbers import clock_of, place, type_of
from reference_implementation.terms import instant

if TYPE_CHECKING:
    import random

    import duckdb

Row = dict[str, Any]

AS_OF = datetime(2026, 3, 20, 12, tzinfo=UTC)
FIRST_SYNC = datetime(2026, 2, 10, tzinfo=UTC)

# `account` is added to each table.
RAW_TABLES = {
    "portouts": "id varchar not null, record_type varchar, status varchar, carrier_name varchar, spid varchar,"
    " current_carrier varchar, user_id varchar, vendor varchar, support_key varchar, pon varchar,"
    " authorized_name varchar, end_user_name varchar, service_address varchar, city varchar, state varchar,"
    " zip varchar, reason varchar,"
    " rejection_code bigint, already_ported boolean, host_messaging boolean, lsr varchar, foc_date varchar,"
    " requested_foc_date varchar, created_at timestamptz, inserted_at timestamptz, updated_at timestamptz,"
    " extra varchar, deleted_at timestamptz",
    "portout_phone_numbers": "portout_id varchar not null, position bigint not null, phone_number varchar,"
    " country_code varchar, area_code varchar, time_zone varchar, time_zone_source varchar,"
    " number_type varchar",
    "portout_events": "id varchar not null, event_type varchar, portout_id varchar, record_type varchar,"
    " payload_status varchar, payload varchar, payload__status varchar,"
    " payload__foc_date varchar, payload__rejection_reason varchar, payload__carrier_name varchar,"
    " payload__id varchar, payload__user_id varchar, payload__comment varchar,"
    " has_attempted_pin boolean,"
    " available_notification_methods varchar, created_at timestamptz, updated_at timestamptz, extra varchar",
    "portout_observations": "portout_id varchar not null, status varchar, updated_at timestamptz,"
    " rejection_code bigint, reason varchar, seen_at timestamptz not null, sync_id varchar not null",
    "portout_ported_ranges": "portout_id varchar not null, ported_from timestamptz not null,"
    " ported_to timestamptz not null, seen_at timestamptz not null",
}


@dataclass
class World:
    """What is known at `as_of`."""

    orders: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    observations: list[Row] = field(default_factory=list)
    ported_ranges: list[Row] = field(default_factory=list)
    syncs: list[Row] = field(default_factory=list)
    verifications: list[Row] = field(default_factory=list)
    answers: list[Row] = field(default_factory=list)
    readings: list[Row] = field(default_factory=list)
    """What the list of numbers showed; without any, the inventory is off."""
    as_of: datetime = AS_OF

    def add_order(
        self, number: int, inserted_at: datetime | None, status: str | None = "pending", **fields: Any
    ) -> str:
        """Add an order with one number, unless `fields` say otherwise; `deleted_at` marks it as deleted."""
        born_at = inserted_at.isoformat() if inserted_at else None
        order = {
            "id": f"00000000-0000-4000-8000-{number:012x}",
            "record_type": "portout",
            "status": status,
            "carrier_name": "Example Telecom",
            "spid": "111A",
            "phone_numbers": [f"+1312555{number % 100 + 100:04d}"],
            "support_key": f"PO_{number:06x}",
            "created_at": born_at,
            "inserted_at": born_at,
            "updated_at": born_at,
        }
        self.orders.append({**order, **fields})
        return str(order["id"])

    def add_event(self, order_id: str, status: str, at: datetime, **fields: Any) -> None:
        event = {
            "id": str(uuid5(NAMESPACE_OID, f"event {len(self.events)}")),  # says nothing about the order of events
            "event_type": "portout.status_changed",
            "portout_id": order_id,
            "payload": {"id": order_id, "status": status},
            "payload_status": "completed",
            "created_at": at.isoformat(),
            "updated_at": at.isoformat(),
        }
        self.events.append({**event, **fields})

    def add_comment(self, order_id: str, at: datetime | None, **payload: Any) -> None:
        """Add the event of a comment; `payload` is what it says besides the order, nothing if it is not there yet."""
        created_at = at.isoformat() if at else None
        said = {"portout_id": order_id, **payload} if payload else None
        self.add_event(order_id, "", AS_OF, event_type="portout.new_comment", payload=said, created_at=created_at)

    def see(
        self, order_id: str, status: str | None, seen_at: datetime, updated_at: datetime | None = None, **fields: Any
    ) -> None:
        """Add an observation; `fields` are the code and the reason of a rejection."""
        seen = {"portout_id": order_id, "status": status, "updated_at": updated_at or seen_at, "seen_at": seen_at}
        self.observations.append({**seen, **fields})

    def find_in_range(self, order_id: str, ported_from: datetime, ported_to: datetime) -> None:
        self.ported_ranges.append(
            {"portout_id": order_id, "ported_from": ported_from, "ported_to": ported_to, "seen_at": self.as_of}
        )

    def sync(self, as_of: datetime) -> None:
        self.syncs.append(
            {
                "as_of": as_of,
                "started_at": as_of,
                "finished_at": as_of + timedelta(minutes=1),
                "requests": 8,
                "orders_read": 5,
                "orders_changed": 2,
                "is_proven": True,
                "published": True,
            }
        )

    def verify(self, as_of: datetime, **fields: Any) -> None:
        verification = {
            "verification_id": f"verification-{len(self.verifications)}",
            "as_of": as_of,
            "started_at": as_of,
            "finished_at": as_of + timedelta(minutes=2),
            "depth": "month",
            "range_start": FIRST_SYNC,
            "range_end": as_of,
            "buckets": 12,
            "requests": 20,
            "orders": 100,
            "differences": 0,
            "repaired": 0,
            "moved": 0,
            "sampled_windows": 1,
            "sampled_orders": 40,
            "verdict": "PROVEN",
            "not_covered": "Silent changes.",
            "events": 300,
            "events_missing": 0,
        }
        self.verifications.append({**verification, **fields})

    def answer(self, order_id: str, sent_at: datetime, **fields: Any) -> None:
        """Add an attempt to authorise an order, unless `fields` say otherwise."""
        attempt = {
            "attempt_id": f"attempt-{len(self.answers)}",
            "sent_at": sent_at,
            "finished_at": sent_at + timedelta(seconds=1),
            "user_name": "desk",
            "host_name": "example",
            "portout_id": order_id,
            "support_key": None,
            "answer": "authorized",
            "rejection_code": None,
            "reason": "Authorized",
            "status_before": "pending",
            "status_after": "authorized",
            "outcome": "answered",
            "detail": "HTTP 200",
        }
        self.answers.append({**attempt, **fields})


def create_raw(connection: duckdb.DuckDBPyConnection, world: World) -> None:
    """Create the raw tables as the loader leaves them."""
    connection.execute("set timezone = 'UTC'; create schema raw")
    for name, columns in RAW_TABLES.items():
        connection.execute(f"create table raw.{name} ({columns}, account varchar default 'default')")
    create_metadata(connection)
    _insert(connection, "portouts", world.orders)
    _insert(connection, "portout_phone_numbers", [row for order in world.orders for row in _number_rows(order)])
    _insert(connection, "portout_events", [_event_row(event) for event in world.events])
    _insert(connection, "portout_observations", [{**row, "sync_id": "sync"} for row in world.observations])
    _insert(connection, "portout_ported_ranges", world.ported_ranges)
    _insert(connection, "syncs", [{**row, "sync_id": f"sync-{place_}"} for place_, row in enumerate(world.syncs)])
    _insert(connection, "verifications", world.verifications)
    _insert(connection, "answers", world.answers)
    create_raw_inventory(connection, world.readings)


def _number_rows(order: Row) -> list[Row]:
    return [
        {
            "portout_id": order["id"],
            "position": position,
            "phone_number": number,
            "country_code": country,
            "area_code": area,
            "time_zone": zone,
            "time_zone_source": source,
            "number_type": type_of(number),
            "account": order.get("account", "default"),
        }
        for position, number in enumerate(order["phone_numbers"], start=1)
        for (country, area), (zone, source) in [(place(number), clock_of(number))]
    ]


def _event_row(event: Row) -> Row:
    payload = event["payload"]
    return {
        **event,
        "payload": json.dumps(payload) if payload else None,
        "payload__status": _text_in(event, "portout.status_changed", "status"),
        "payload__foc_date": _text_in(event, "portout.foc_date_changed", "foc_date"),
        "payload__rejection_reason": _text_in(event, "portout.status_changed", "rejection_reason"),
        "payload__carrier_name": _text_in(event, "portout.status_changed", "carrier_name"),
        **{f"payload__{name}": _text_in(event, "portout.new_comment", name) for name in ("id", "user_id", "comment")},
        "has_attempted_pin": bool(payload["attempted_pin"]) if payload and "attempted_pin" in payload else None,
    }


def _text_in(event: Row, event_type: str, name: str) -> str | None:
    value = (event["payload"] or {}).get(name) if event["event_type"] == event_type else None
    return value if isinstance(value, str) else None


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: list[Row]) -> None:
    names = sorted({name for row in rows for name in row} & set(connection.table(f"raw.{table}").columns))
    if rows:
        given = pa.Table.from_pylist([{name: _value(name, row.get(name)) for name in names} for row in rows])
        connection.register("given", given)
        connection.execute(f"insert into raw.{table} by name from given")
        connection.unregister("given")


def _value(name: str, value: Any) -> Any:
    return instant(value) if isinstance(value, str) and name.endswith("_at") else value


# Random histories

NEXT = {
    "pending": ["authorized", "authorized", "rejected-pending", "rejected", "canceled", "ported", "on-hold"],
    "authorized": ["ported", "ported", "ported", "canceled", "rejected", "rejected-pending"],
    "rejected-pending": ["rejected", "rejected", "pending", "canceled", "authorized", "ported", "on-hold"],
    "rejected": ["pending", "rejected-pending", "canceled", "authorized", "ported", "on-hold"],
    "on-hold": ["pending", "rejected", "rejected-pending"],
}
CARRIERS = [
    ("111A", "Example Telecom"),
    ("111A", "EXAMPLE TELECOM, INC."),
    ("222B", "Télécom d’Exemple"),
    (" 222B ", "Telecom Example"),
    (None, "Sample Wireless™ (US), Inc."),
    (None, "SAMPLE  WIRELESS US INC"),
    ("\t", "\u00a0Nobody & Sons\n"),
    (None, None),
    (None, "!?"),
    ("333C", None),
    (None, "111a"),
    ("222b\u200b", "Te\u0301le\u0301com d'Exemple"),
    (None, "ＴÉＬÉＣＯＭ D ’ EXEMPLE"),
    ("444D", "Instance, LLC - MN"),
    ("555E", "INSTANCE LLC-MN"),
    ("555E", "Instance, LLC - WI"),
    (None, "Instance LLC \u2013 MN"),
    (None, "Instance, LLC"),
    ("666F", "\ufeffStra\u00dfe & Sons - NY"),
    (None, "STRASSE&SONS - NY"),
]
PINS: list[Row] = [{}, {}, {"attempted_pin": ""}, {"attempted_pin": None}, {"attempted_pin": "4711"}]
FORMER_NAMES = [" Sample Wireless (US) Inc", "Once & Again", "\t", "Instance LLC", "Example Telecom"]
NUMBERS = [
    "+13125550101",
    "+13125550102",
    "+12125550103",
    "+18085550104",
    "+12085550105",
    "+14165550103",
    "+35312345678",
    "+442079460123",
    "+61255500100",
    "+18005550106",
    "+8001234",
    "not a number",
    None,
]
HOUR = timedelta(hours=1)
GAPS = [
    timedelta(seconds=1),
    timedelta(minutes=25),
    timedelta(hours=1, microseconds=7),
    timedelta(hours=9),
    timedelta(hours=24),
    timedelta(hours=48),
    timedelta(days=3, hours=5),
    timedelta(days=9),
]


DELAYS = [timedelta(), timedelta(), timedelta(milliseconds=200), timedelta(seconds=61), *GAPS]


def random_world(rng: random.Random, order_count: int) -> World:
    """Make so many orders: some have no events, some have half of them, some had ended before the first sync."""
    world = World()
    for day in range(0, 40, 3):
        world.sync(FIRST_SYNC + timedelta(days=day))
    for day in rng.sample(range(40), k=4):
        world.verify(FIRST_SYNC + timedelta(days=day), range_start=rng.choice([None, FIRST_SYNC]), differences=day)
    for number in range(order_count):
        _random_order(world, rng, number)
        world.orders[-1]["account"] = "acme" if number % 5 == 3 else "default"
    for number, order in enumerate(world.orders[::9]):
        outcome = ("answered", "not answered", "refused", "unknown")[number % 4]
        world.answer(order["id"], world.as_of - number * timedelta(hours=1), outcome=outcome)
    world.answer("nobody knows it", world.as_of, finished_at=None, status_after=None, outcome="unknown")
    if len(world.events) % 3:  # else the inventory is off
        world.readings += random_readings(Random(len(world.events)), NUMBERS, world.as_of)
    _comment(world, Random(len(world.events)))
    return world


def _random_order(world: World, rng: random.Random, number: int) -> None:
    span = rng.choice([timedelta(days=82), timedelta(days=82), timedelta(days=4)])
    inserted_at = world.as_of - timedelta(seconds=rng.randrange(int(span.total_seconds())))
    inserted_at += timedelta(milliseconds=rng.choice([0, 0, -521]))
    history = _random_history(rng, inserted_at, world.as_of)
    spid, name = rng.choice(CARRIERS)
    status, ended_at = history[-1]
    id_ = world.add_order(
        number,
        rng.choice([inserted_at] * 40 + [None]),
        rng.choice([status] * 30 + [None]),
        spid=spid,
        carrier_name=name,
        phone_numbers=rng.choices(NUMBERS, k=rng.choice([0, 1, 1, 1, 2, 5])),
        updated_at=(ended_at + timedelta(seconds=9)).isoformat(),
        requested_foc_date=rng.choice([None, _foc_date(rng, inserted_at)]),
        foc_date=rng.choice([None, _foc_date(rng, inserted_at), _foc_date(rng, ended_at)]),
        rejection_code=rng.choice([None, 1001, 1002]) if "reject" in str(history) else None,
        reason=rng.choice([None, "Sample reason"]),
        deleted_at=rng.choice([None] * 12 + [world.as_of]),
        end_user_name=rng.choice([None, " ", "Sample & Daughters", " Example Bakery\t"]),
        city=rng.choice([None, "Springfield "]),
        state=rng.choice([None, "IL"]),
        zip=rng.choice([None, "00501"]),
        current_carrier=rng.choice([None, "Telnyx"]),
        vendor=rng.choice([None, "sample-vendor"]),
        already_ported=rng.choice([None, True, False]),
    )
    _announce(world, rng, id_, history)
    _observe(world, rng, id_, history)
    if status == "ported" and rng.random() < 0.8:
        world.find_in_range(id_, ended_at - timedelta(days=30), ended_at + timedelta(hours=3))
        world.find_in_range(id_, ended_at - timedelta(hours=5), ended_at + timedelta(hours=rng.choice([1, 5])))
        world.find_in_range(id_, ended_at - timedelta(hours=1), ended_at + timedelta(hours=5))


def _random_history(rng: random.Random, inserted_at: datetime, as_of: datetime) -> list[tuple[str, datetime]]:
    history = [("pending", inserted_at)]
    while rng.random() < 0.8 and history[-1][0] in NEXT:
        at = history[-1][1] + rng.choice(GAPS)
        if at > as_of:
            break
        history.append((rng.choice(NEXT[history[-1][0]]), at))
    return history


def _foc_date(rng: random.Random, around: datetime) -> str:
    form = rng.choice(
        ["%Y-%m-%dT00:00:00+00:00"] * 5 + ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S+00:00", "%Y-%m-%dT00:00:00-05:00"]
    )
    return (around + timedelta(days=rng.randrange(-2, 5))).strftime(form)


def _announce(world: World, rng: random.Random, id_: str, history: list[tuple[str, datetime]]) -> None:
    announced = rng.choice(["all", "all", "none", "half", "doubled", "late"])
    for place_, (status, at) in enumerate(history):
        if announced in {"all", "doubled"} or (announced == "half" and place_ % 2 == 0):
            payload = {"id": id_, "status": status, "rejection_reason": rng.choice([None, "", f"Said {place_}"])}
            payload["carrier_name"] = [None, None, *FORMER_NAMES][len(world.events) % 7]
            payload |= PINS[len(world.events) % 5]
            world.add_event(id_, status, at, payload=payload)
        if announced == "late":
            world.add_event(id_, status, at + rng.choice(DELAYS))
        if announced == "doubled":
            world.add_event(id_, status, at + timedelta(seconds=rng.choice([0, 1])))
    while rng.random() < 0.3:
        at = rng.choice(history)[1] + rng.choice(GAPS)
        payload = {"id": id_, "foc_date": rng.choice([None, _foc_date(rng, at)])}
        world.add_event(id_, "", at, event_type="portout.foc_date_changed", payload=payload)
    if rng.random() < 0.1:
        world.add_event(id_, "", history[0][1], payload=None)
        world.add_event(id_, "", history[0][1], event_type="portout.new_comment", payload={"comment": "?"})
        world.add_event(id_, "canceled", history[0][1], created_at=None)


def _comment(world: World, rng: random.Random) -> None:
    """Comment on a third of the orders, also twice at one instant, at no time, and before the payload is there."""
    for order in rng.sample(world.orders, k=len(world.orders) // 3):
        received_at = instant(order["inserted_at"] or world.as_of)
        for number in range(rng.choice([1, 1, 2, 3])):
            at = rng.choice([received_at + rng.choice([timedelta(), *GAPS]), received_at + HOUR, None])
            payload = {"id": f"comment {number}", "user_id": rng.choice([None, "user"])}
            payload["comment"] = rng.choice(["On hold", "", None])
            world.add_comment(order["id"], at, **rng.choice([payload, payload, {}]))


def _observe(world: World, rng: random.Random, id_: str, history: list[tuple[str, datetime]]) -> None:
    noted = None
    for sync in world.syncs:
        held = [(status, at) for status, at in history if at <= sync["as_of"]]
        if held and held[-1] != noted and rng.random() < 0.9:
            noted = held[-1]
            fields = _grounds(rng) if "rejected" in noted[0] else {}
            world.see(id_, noted[0], sync["as_of"], noted[1], **fields)


def _grounds(rng: random.Random) -> Row:
    return {"rejection_code": rng.choice([None, 1001, 1003]), "reason": rng.choice([None, "Seen", "Seen again"])}
