"""Events that are recorded late: the life of an order decides where the order of its events cannot be right."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest
from mart_comparison import T0, assert_equals_reference, built
from order_histories import AS_OF, World

if TYPE_CHECKING:
    import duckdb

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
Statuses = list[tuple[timedelta, str]]


class Life(NamedTuple):
    """Events by the time after intake at which they were recorded; the status now; the history that they make."""

    events: Statuses
    now: str
    history: Statuses


START = (0 * DAY, "pending")

LATE = {
    "the first pending, a moment after the answer": Life(
        [(0.7 * SECOND, "authorized"), (0.9 * SECOND, "pending")], "authorized", [START, (0.7 * SECOND, "authorized")]
    ),
    "the first pending, hours after the answer": Life(
        [(2 * HOUR, "authorized"), (5 * HOUR, "pending"), (9 * DAY, "ported")],
        "ported",
        [START, (2 * HOUR, "authorized"), (9 * DAY, "ported")],
    ),
    "the first pending, after the port-out": Life(
        [(2 * HOUR, "authorized"), (9 * DAY, "ported"), (9 * DAY + SECOND, "pending")],
        "ported",
        [START, (2 * HOUR, "authorized"), (9 * DAY, "ported")],
    ),
    "the first pending, after a cancellation": Life(
        [(2 * HOUR, "canceled"), (3 * HOUR, "pending")], "canceled", [START, (2 * HOUR, "canceled")]
    ),
    "the first pending, a moment after our rejection": Life(
        [(0.7 * SECOND, "rejected-pending"), (0.9 * SECOND, "pending")],
        "rejected-pending",
        [START, (0.7 * SECOND, "rejected-pending")],
    ),
    "the first pending, a moment after our rejection that was upheld": Life(
        [(0.7 * SECOND, "rejected-pending"), (0.9 * SECOND, "pending"), (1 * DAY, "rejected")],
        "rejected",
        [START, (0.7 * SECOND, "rejected-pending"), (1 * DAY, "rejected")],
    ),
    "the first pending, hours after our rejection that still stands": Life(
        [(2 * HOUR, "rejected-pending"), (5 * HOUR, "pending")],
        "rejected-pending",
        [START, (2 * HOUR, "rejected-pending")],
    ),
    "the first pending, a moment after the rejection at intake": Life(
        [(0.7 * SECOND, "rejected"), (0.9 * SECOND, "pending")], "rejected", [START, (0.7 * SECOND, "rejected")]
    ),
    "the first pending, announced a second time": Life(
        [START, (2 * HOUR, "authorized"), (2 * HOUR + SECOND, "pending"), (9 * DAY, "ported")],
        "ported",
        [START, (2 * HOUR, "authorized"), (9 * DAY, "ported")],
    ),
    "a return, a moment after its answer": Life(
        [
            START,
            (1 * HOUR, "rejected-pending"),
            (3 * HOUR, "authorized"),
            (3 * HOUR + SECOND, "pending"),
            (9 * DAY, "ported"),
        ],
        "ported",
        [
            START,
            (1 * HOUR, "rejected-pending"),
            (3 * HOUR, "pending"),
            (3 * HOUR, "authorized"),
            (9 * DAY, "ported"),
        ],
    ),
    "the answer, a moment after the port-out": Life(
        [START, (9 * DAY, "ported"), (9 * DAY + 2 * SECOND, "authorized")],
        "ported",
        [START, (9 * DAY, "authorized"), (9 * DAY, "ported")],
    ),
    "the answer, a day after the port-out": Life(
        [START, (9 * DAY, "ported"), (10 * DAY, "authorized")],
        "ported",
        [START, (9 * DAY, "authorized"), (9 * DAY, "ported")],
    ),
    "our rejection, a moment after it was upheld": Life(
        [START, (2 * HOUR, "rejected"), (2 * HOUR + SECOND, "rejected-pending")],
        "rejected",
        [START, (2 * HOUR, "rejected-pending"), (2 * HOUR, "rejected")],
    ),
    "our rejection, a minute after it was overruled": Life(
        [START, (2 * HOUR, "authorized"), (2 * HOUR + MINUTE, "rejected-pending")],
        "authorized",
        [START, (2 * HOUR, "rejected-pending"), (2 * HOUR, "authorized")],
    ),
}

IN_TIME = {
    "a return after our rejection": Life(
        [START, (1 * HOUR, "rejected-pending"), (5 * HOUR, "pending"), (8 * HOUR, "authorized")],
        "authorized",
        [START, (1 * HOUR, "rejected-pending"), (5 * HOUR, "pending"), (8 * HOUR, "authorized")],
    ),
    "a return of an order whose beginning was not announced": Life(
        [(1 * HOUR, "rejected-pending"), (5 * HOUR, "pending"), (8 * HOUR, "authorized")],
        "authorized",
        [START, (1 * HOUR, "rejected-pending"), (5 * HOUR, "pending"), (8 * HOUR, "authorized")],
    ),
    "a quick return of an order whose beginning was announced": Life(
        [START, (1 * HOUR, "rejected-pending"), (1 * HOUR + SECOND, "pending"), (8 * HOUR, "authorized")],
        "authorized",
        [START, (1 * HOUR, "rejected-pending"), (1 * HOUR + SECOND, "pending"), (8 * HOUR, "authorized")],
    ),
    "a return after the rejection at intake": Life(
        [(20 * SECOND, "rejected"), (2 * DAY, "pending"), (3 * DAY, "authorized")],
        "authorized",
        [START, (20 * SECOND, "rejected"), (2 * DAY, "pending"), (3 * DAY, "authorized")],
    ),
    "a return from a status that nobody knows": Life(
        [(1 * HOUR, "on-hold"), (2 * HOUR, "pending"), (3 * HOUR, "authorized")],
        "authorized",
        [START, (1 * HOUR, "on-hold"), (2 * HOUR, "pending"), (3 * HOUR, "authorized")],
    ),
    "pending once more, as the order shows": Life(
        [(2 * HOUR, "authorized"), (3 * HOUR, "pending")],
        "pending",
        [START, (2 * HOUR, "authorized"), (3 * HOUR, "pending")],
    ),
    "another status more than a minute after the status now": Life(
        [START, (2 * HOUR, "authorized"), (2 * HOUR + MINUTE + SECOND, "rejected-pending")],
        "authorized",
        [
            START,
            (2 * HOUR, "authorized"),
            (2 * HOUR + MINUTE + SECOND, "rejected-pending"),
            (AS_OF - T0, "authorized"),
        ],
    ),
}


@pytest.mark.parametrize("ids", ["abcdef", "fedcba"], ids=["ids go up", "ids go down"])
def test_an_event_that_is_recorded_late_takes_its_place_in_the_life_of_the_order(
    connection: duckdb.DuckDBPyConnection, ids: str
) -> None:
    world, lives, names = World(), {**LATE, **IN_TIME}, {}
    for place, (name, life) in enumerate(lives.items()):
        order = world.add_order(place, T0, life.now)
        names[order] = name
        for (after, status), id_ in zip(life.events, ids, strict=False):
            world.add_event(order, status, T0 + after, id=f"{id_}{place}")
    found = built(connection, world)
    assert_equals_reference(found, world)
    histories: dict[str, Statuses] = {name: [] for name in lives}
    for row in sorted(found["fct_status_changes"], key=lambda row: int(row["change_number"])):
        histories[names[row["portout_id"]]].append((row["began_at"] - T0, row["status"]))
    assert histories == {name: life.history for name, life in lives.items()}
    spells = Counter(names[row["portout_id"]] for row in found["fct_responses"])
    assert spells == {name: sum(status == "pending" for _, status in life.history) for name, life in lives.items()}


def test_a_first_pending_event_after_the_answer_makes_no_second_spell(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    orders: list[tuple[str, Statuses]] = [
        ("authorized", [(0.7 * SECOND, "authorized"), (0.9 * SECOND, "pending")]),
        ("ported", [(1.7 * SECOND, "authorized"), (1.9 * SECOND, "pending"), (7 * DAY, "ported")]),
    ]
    for number, (now, events) in enumerate(orders):
        id_ = world.add_order(number, T0, now)
        for after, status in events:
            world.add_event(id_, status, T0 + after)
    [month] = built(connection, world)["agg_response_latency_monthly"]
    assert (month["spells"], month["automatic"], month["open"]) == (2, 0, 0)
    assert month["max_hours"] == pytest.approx(1.7 / 3600)


def test_a_port_out_keeps_the_time_of_its_event_though_another_was_recorded_later(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    world = World()
    id_ = world.add_order(1, T0, "ported")
    for after, status in [(0 * DAY, "pending"), (9 * DAY, "ported"), (9 * DAY + SECOND, "authorized")]:
        world.add_event(id_, status, T0 + after)
    [order] = built(connection, world)["fct_portouts"]
    assert (order["ported_at"], order["ported_at_source"]) == (T0 + 9 * DAY, "event")
