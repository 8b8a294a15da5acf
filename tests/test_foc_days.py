"""The confirmed day (FOC) is a day where the number is, and a promise that was put off is not forgotten."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from mart_comparison import T0, assert_equals_reference, built
from order_histories import AS_OF, World

if TYPE_CHECKING:
    import duckdb

NEW_YORK, HONOLULU, LONDON = "+12122234501", "+18082234501", "+442079460123"
AUCKLAND, TOLL_FREE = "+6493001234", "+18005550106"
MAY = datetime(2026, 5, 31, tzinfo=UTC)

# the number; the FOC date as sent; when it was ported; days late
SLIPS = {
    "in the evening, tomorrow in UTC": (NEW_YORK, "2026-05-01T00:00:00+00:00", "2026-05-02T00:30:00Z", 0),
    "in the afternoon of Hawaii": (HONOLULU, "2026-05-01T00:00:00+00:00", "2026-05-02T03:00:00Z", 0),
    "in the morning of New Zealand, yesterday in UTC": (AUCKLAND, "2026-05-02T00:00:00Z", "2026-05-01T21:00:00Z", 0),
    "a minute after midnight": (NEW_YORK, "2026-05-01T00:00:00Z", "2026-05-02T04:01:00Z", 1),
    "a minute before the day": (NEW_YORK, "2026-05-01T00:00:00Z", "2026-05-01T03:59:00Z", -1),
    "in the night after the clocks changed": (LONDON, "2026-03-30", "2026-03-29T23:30:00Z", 0),
    "in the night before": (LONDON, "2026-03-28", "2026-03-28T23:30:00Z", 0),
    "a bare date": (NEW_YORK, "2026-05-01", "2026-05-02T00:30:00Z", 0),
    "midnight with microseconds": (NEW_YORK, "2026-05-01T00:00:00.000000Z", "2026-05-02T00:30:00Z", 0),
    "midnight without a zone": (NEW_YORK, "2026-05-01T00:00:00", "2026-05-02T00:30:00Z", 0),
    "midnight UTC in other words": (NEW_YORK, "2026-04-30T20:00:00-04:00", "2026-05-02T00:30:00Z", 0),
    "with a time, at the number's place still the day before": (
        NEW_YORK,
        "2026-05-02T01:00:00Z",
        "2026-05-02T00:30:00Z",
        0,
    ),
    "midnight of the number's place, as an instant": (NEW_YORK, "2026-05-01T04:00:00Z", "2026-05-02T00:30:00Z", 0),
    "a number without a place": (TOLL_FREE, "2026-05-01T00:00:00Z", "2026-05-02T00:30:00Z", 0),
    "no time that can be read": (NEW_YORK, "2026-05-01 soon", "2026-05-02T00:30:00Z", 0),
    "a zero date": (NEW_YORK, "0001-01-01T00:00:00Z", "2026-05-02T00:30:00Z", None),
}


@pytest.mark.slow
@pytest.mark.parametrize("time_zone", ["UTC", "Pacific/Auckland"])
def test_a_slip_compares_days_where_the_number_is(connection: duckdb.DuckDBPyConnection, time_zone: str) -> None:
    world = World(as_of=MAY)
    cases = {}
    for place, (name, (number, foc_date, ported_at, _)) in enumerate(SLIPS.items()):
        id_ = world.add_order(place, T0, "ported", phone_numbers=[number], foc_date=foc_date)
        world.add_event(id_, "ported", datetime.fromisoformat(ported_at))
        cases[id_] = name
    found = built(connection, world, time_zone=time_zone)
    assert_equals_reference(found, world, time_zone=time_zone)
    slips = {
        cases[order["portout_id"]]: (order["foc_slip_days"], order["first_foc_slip_days"])
        for order in found["fct_portouts"]
    }
    assert slips == {name: (slip, slip) for name, (*_, slip) in SLIPS.items()}


@pytest.mark.parametrize(
    ("ported_at", "is_past"),
    [("2026-05-12T03:59:00Z", False), ("2026-05-12T04:01:00Z", True)],
    ids=["in the last minute of the tenth day after it", "a minute later"],
)
def test_the_grace_period_ends_ten_days_after_the_confirmed_day_where_the_number_is(
    connection: duckdb.DuckDBPyConnection, ported_at: str, *, is_past: bool
) -> None:
    world = World(as_of=MAY)
    id_ = world.add_order(1, T0, "ported", phone_numbers=[NEW_YORK], foc_date="2026-05-01T00:00:00Z")
    world.add_event(id_, "ported", datetime.fromisoformat(ported_at))
    waiting = world.add_order(2, T0, "authorized", phone_numbers=[NEW_YORK], foc_date="2026-05-01T00:00:00Z")
    found = built(connection, world)
    assert_equals_reference(found, world)
    orders = {order["portout_id"]: order for order in found["fct_portouts"]}
    assert {order["foc_grace_until_on"] for order in orders.values()} == {date(2026, 5, 11)}
    assert (orders[id_]["is_past_grace"], orders[waiting]["is_past_grace"]) == (is_past, None)
    assert [month["past_grace"] for month in found["agg_foc_slip_monthly"]] == [int(is_past)]


@pytest.mark.parametrize(
    ("number", "asked_for", "day", "lead"),
    [
        (NEW_YORK, "2026-05-10T00:00:00Z", date(2026, 5, 10), 9),
        (AUCKLAND, "2026-05-10T00:00:00Z", date(2026, 5, 10), 8),
        (HONOLULU, "2026-05-10T05:00:00Z", date(2026, 5, 9), 8),
    ],
    ids=["still the day before", "already the day after", "with a time"],
)
def test_the_days_asked_for_and_the_days_of_notice_are_those_of_the_number(
    connection: duckdb.DuckDBPyConnection, number: str, asked_for: str, day: date, lead: int
) -> None:
    world = World(as_of=MAY)
    received_at = datetime.fromisoformat("2026-05-02T02:00:00Z")
    world.add_order(1, received_at, phone_numbers=[number], requested_foc_date=asked_for, foc_date=asked_for)
    found = built(connection, world)
    assert_equals_reference(found, world)
    [order] = found["fct_portouts"]
    assert (order["requested_foc_on"], order["foc_on"], order["foc_lead_days"]) == (day, day, lead)


def promise(world: World, order: str, after: timedelta, day: object, **fields: Any) -> None:
    payload = {"id": order, "foc_date": day}
    world.add_event(order, "", T0 + after, **{"event_type": "portout.foc_date_changed", "payload": payload} | fields)


SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
AUTHORIZED_AFTER = 2 * HOUR
# FOC events by the time after intake; the day now; the first day, how often it changed, days late against it.
# All were asked for 5 March, authorized after two hours and ported on 17 March.
PROMISES = {
    "confirmed at once, then put off twice": (
        [(AUTHORIZED_AFTER + SECOND, "03-05"), (2 * DAY, "03-12"), (3 * DAY, "03-17")],
        ("03-17", "03-05", 2, 12),
    ),
    "put off once, of the confirmation no event": ([(2 * DAY, "03-17")], ("03-17", "03-05", 1, 12)),
    "confirmed for another day than was asked for": (
        [(AUTHORIZED_AFTER + SECOND, "03-10"), (2 * DAY, "03-17")],
        ("03-17", "03-10", 1, 7),
    ),
    "a day known before the authorization": ([(1 * HOUR, "03-06")], ("03-06", "03-06", 0, 11)),
    "put off, and put back": (
        [(AUTHORIZED_AFTER, "03-05"), (2 * DAY, "03-17"), (3 * DAY, "03-05")],
        ("03-05", "03-05", 2, 12),
    ),
    "the same day sent twice": ([(AUTHORIZED_AFTER, "03-17"), (2 * DAY, "03-17")], ("03-17", "03-17", 0, 0)),
    "the last change not sent": ([(AUTHORIZED_AFTER, "03-05")], ("03-17", "03-05", 1, 12)),
    "no event": ([], ("03-17", "03-17", 0, 0)),
    "events without a day": (
        [(1 * DAY, None), (1 * DAY, 17), (1 * DAY, "soon"), (1 * DAY, {"day": 3}), (1 * DAY, "0001-01-01")],
        ("03-17", "03-17", 0, 0),
    ),
}


@pytest.mark.parametrize(("events", "expected"), PROMISES.values(), ids=list(PROMISES))
def test_the_first_promise_is_kept_beside_the_last(
    connection: duckdb.DuckDBPyConnection, events: list[tuple[timedelta, Any]], expected: tuple[str, str, int, int]
) -> None:
    now, first, changes, late = expected
    world = World(as_of=AS_OF)
    id_ = world.add_order(
        1, T0, "ported", phone_numbers=[NEW_YORK], requested_foc_date="2026-03-05", foc_date=f"2026-{now}T00:00:00Z"
    )
    world.add_event(id_, "authorized", T0 + AUTHORIZED_AFTER)
    world.add_event(id_, "ported", datetime(2026, 3, 17, 15, tzinfo=UTC))
    for after, day in events:
        promise(world, id_, after, f"2026-{day}T00:00:00Z" if isinstance(day, str) and len(day) == 5 else day)
    found = built(connection, world)
    [order] = found["fct_portouts"]
    assert (order["first_foc_on"], order["foc_change_count"]) == (date.fromisoformat(f"2026-{first}"), changes)
    assert order["first_foc_slip_days"] == late
    assert order["foc_slip_days"] == (date(2026, 3, 17) - date.fromisoformat(f"2026-{now}")).days
    [month] = found["agg_foc_slip_monthly"]
    assert (month["rescheduled"], month["late_at_first"]) == (int(changes > 0), int(late > 0))
    assert (month["max_first_slip_days"], month["p50_first_slip_days"]) == (late, late)


def test_a_promise_whose_payload_is_not_there_yet_is_none(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    id_ = world.add_order(1, T0, phone_numbers=[NEW_YORK], foc_date="2026-03-17")
    promise(world, id_, HOUR, None, payload=None, payload_status="created")
    found = built(connection, world)
    assert_equals_reference(found, world)
    [order] = found["fct_portouts"]
    assert (order["first_foc_on"], order["foc_change_count"]) == (date(2026, 3, 17), 0)
