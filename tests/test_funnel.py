"""The stages that orders reach, month by month, and the comments on them."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from mart_comparison import assert_equals_reference, assert_same_rows, built, compute_reference, read
from order_histories import AS_OF, FIRST_SYNC, World, create_raw, random_world
from portouts.transform.build import build_models
from portouts.transform.inputs import ModelInputs

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
BORN = AS_OF - 30 * DAY
FOC, MOVED = "2026-02-25T00:00:00Z", "2026-03-02T00:00:00Z"
MARTS = ("fct_comments", "fct_order_stages", "agg_funnel_monthly")
# what happens so many hours after the receipt; the first answer; hours to it, to FOC, to the port-out
STAGES: dict[str, tuple[dict[float, str], tuple[Any, ...]]] = {
    "pending": ({}, (None, None, None, None)),
    "canceled without an answer": ({4: "canceled"}, (None, None, None, None)),
    "authorized": ({4: "authorized"}, ("authorized", 4.0, 0.0, None)),
    "authorized by silence": ({48: "authorized", 90: "ported"}, ("authorized_automatically", 48.0, 0.0, 42.0)),
    "rejected": ({3: "rejected-pending", 5: "rejected"}, ("rejected", 3.0, None, None)),
    "reopened": (
        {3: "rejected-pending", 5: "pending", 9: "authorized", 99: "ported"},
        ("rejected", 3.0, 6.0, 90.0),
    ),
    "reopened after intake": (
        {1: "rejected", 7: "pending", 9: "authorized", 10: "canceled"},
        ("authorized", 9.0, 0.0, None),
    ),
    "authorized, then rejected": ({4: "authorized", 9: "rejected-pending"}, ("authorized", 4.0, 0.0, None)),
    "undocumented": ({4: "on-hold", 9: "authorized"}, (None, None, None, None)),
}


def order_with(world: World, number: int, steps: dict[float, str], **fields: Any) -> str:
    """Add an order of a confirmed day, whose statuses begin so many hours after its receipt."""
    id_ = world.add_order(number, BORN, [*steps.values(), "pending"][len(steps) - 1], foc_date=FOC, **fields)
    for hours, status in steps.items():
        world.add_event(id_, status, BORN + hours * HOUR)
    return id_


@pytest.mark.parametrize(("steps", "expected"), STAGES.values(), ids=list(STAGES))
def test_an_order_has_the_hours_of_the_stages_that_it_reached(
    connection: duckdb.DuckDBPyConnection, steps: dict[float, str], expected: tuple[Any, ...]
) -> None:
    world = World()
    order_with(world, 1, steps)
    [order] = built(connection, world)["fct_order_stages"]
    assert tuple(order[name] for name in ("first_answer", "answer_hours", "foc_hours", "port_hours")) == expected
    assert order["is_foc_confirmed"] == ("authorized" in steps.values())
    assert_equals_reference({mart: read(connection, mart) for mart in compute_reference(world)}, world)


@pytest.mark.parametrize(
    ("requested", "event_after", "confirmed_after"),
    [
        (FOC, timedelta(seconds=40), timedelta(seconds=40)),
        (FOC, 2 * HOUR, timedelta()),
        (None, 2 * HOUR, 2 * HOUR),
        (FOC, -2 * HOUR, timedelta()),
    ],
    ids=["with the answer", "after a day that was asked for", "after no such day", "before the answer"],
)
def test_a_day_is_confirmed_with_the_answer_or_with_its_event(
    connection: duckdb.DuckDBPyConnection,
    requested: str | None,
    event_after: timedelta,
    confirmed_after: timedelta,
) -> None:
    world = World()
    id_ = order_with(world, 1, {4: "authorized"}, requested_foc_date=requested)
    payload = {"id": id_, "foc_date": MOVED}
    answered_at = BORN + 4 * HOUR
    world.add_event(id_, "", answered_at + event_after, event_type="portout.foc_date_changed", payload=payload)
    [order] = built(connection, world)["fct_order_stages"]
    assert order["foc_confirmed_at"] == answered_at + confirmed_after
    assert_same_rows([order], compute_reference(world)["fct_order_stages"], "fct_order_stages")


def test_a_stage_of_unknown_time_is_reached_and_has_no_hours(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    world.sync(FIRST_SYNC)
    id_ = world.add_order(1, FIRST_SYNC - 9 * DAY, "ported", foc_date=FOC)
    world.see(id_, "authorized", FIRST_SYNC)
    world.see(id_, "ported", FIRST_SYNC + DAY)
    found = built(connection, world)
    assert_equals_reference(found, world)
    [order] = found["fct_order_stages"]
    assert (order["first_answer"], order["is_foc_confirmed"], order["is_ported"]) == ("authorized", True, True)
    assert [order[name] for name in ("answered_at", "foc_confirmed_at", "answer_hours", "port_hours")] == [None] * 4


def test_silence_is_an_acceptance_and_counts_apart(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    for number, (steps, _) in enumerate(STAGES.values()):
        order_with(world, number, steps)
    found = built(connection, world)
    assert_equals_reference(found, world)
    [month] = found["agg_funnel_monthly"]
    names = ("orders_received", "orders_answered", "orders_accepted_first", "orders_accepted_by_silence")
    assert [month[name] for name in names] == [9, 6, 4, 1]
    assert month["first_pass_acceptance"] == pytest.approx(4 / 6)


def test_a_port_out_is_on_time_until_the_grace_period_ends(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    for number, days in enumerate((2, 5, 17, 18)):  # the confirmed day is the seventh after the receipt
        order_with(world, number, {4: "authorized", 24 * days: "ported"})
    order_with(world, 9, {4: "authorized"})
    found = built(connection, world)
    assert_equals_reference(found, world)
    [month] = found["agg_funnel_monthly"]
    names = ("orders_ported", "orders_ported_on_time", "orders_ported_past_grace", "on_time_share")
    assert [month[name] for name in names] == [4, 3, 1, 0.75]


def test_comments_are_numbered_by_time_and_those_without_a_time_come_last(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    world = World()
    id_ = order_with(world, 1, {})
    for at, fields in (
        (None, {}),
        (BORN + 2 * HOUR, {"id": "second", "user_id": None, "comment": ""}),
        (BORN + HOUR, {"id": "first", "user_id": "user", "comment": "On hold"}),
    ):
        world.add_comment(id_, at, **fields)
    found = built(connection, world)
    assert_equals_reference(found, world)
    comments = sorted(found["fct_comments"], key=lambda row: int(row["comment_number"]))
    names = ("comment_id", "hours_since_received", "user_id", "comment")
    assert [tuple(row[name] for name in names) for row in comments] == [
        ("first", 1.0, "user", "On hold"),
        ("second", 2.0, None, None),
        (None, None, None, None),
    ]
    [order] = found["fct_order_stages"]
    assert (order["comment_count"], order["first_comment_hours"]) == (3, 1.0)


@pytest.mark.parametrize("time_zone", ["UTC", "Pacific/Auckland"])
def test_stages_of_random_stories_equal_the_reference(connection: duckdb.DuckDBPyConnection, time_zone: str) -> None:
    world = random_world(Random(time_zone), 120)
    create_raw(connection, world)
    build_models(connection, ModelInputs(world.as_of, time_zone=time_zone))
    expected = compute_reference(world, time_zone=time_zone)
    for mart in MARTS:
        assert expected[mart], mart
        assert_same_rows(read(connection, mart), expected[mart], mart)
