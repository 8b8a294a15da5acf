"""Every mart equals the same numbers counted in plain Python, value by value."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from marts_by_hand import compute_marts
from port_out_stories import AS_OF, FIRST_SYNC, World, create_raw, random_world
from portouts.models import ModelInputs, build_models

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = dict[str, Any]

T0 = datetime(2026, 3, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def read(connection: duckdb.DuckDBPyConnection, mart: str) -> list[Row]:
    cursor = connection.execute(f"select * from marts.{mart}")
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def built(connection: duckdb.DuckDBPyConnection, world: World, **settings: Any) -> dict[str, list[Row]]:
    create_raw(connection, world)
    build_models(connection, ModelInputs(world.as_of, **settings))
    names = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'marts'"
    ).fetchall()
    return {name: read(connection, name) for (name,) in names}


def sort_key(row: Row) -> list[tuple[bool, str]]:
    return [(value is None, f"{value:.6f}" if isinstance(value, float) else str(value)) for value in row.values()]


def assert_same_rows(found: list[Row], expected: list[Row], mart: str) -> None:
    names = list(found[0] if found else expected[0] if expected else {})
    ordered = sorted(({name: row[name] for name in names} for row in expected), key=sort_key)
    assert len(found) == len(expected), mart
    for mine, theirs in zip(sorted(found, key=sort_key), ordered, strict=True):
        for name in names:
            near = pytest.approx(theirs[name], abs=1e-6) if isinstance(theirs[name], float) else theirs[name]
            assert mine[name] == near, (mart, name, mine, theirs)
    assert all(set(row) == set(names) for row in expected), mart


def assert_equals_by_hand(found: dict[str, list[Row]], world: World, **settings: Any) -> None:
    expected = compute_marts(
        world.orders, world.events, world.observations, world.ported_ranges, world.syncs, world.as_of, **settings
    )
    assert set(found) == set(expected)
    for mart, rows in expected.items():
        assert_same_rows(found[mart], rows, mart)


@pytest.mark.parametrize("seed", range(12))
def test_every_mart_of_random_stories_equals_the_count_by_hand(
    connection: duckdb.DuckDBPyConnection, seed: int
) -> None:
    world = random_world(random.Random(seed), order_count=120)
    assert_equals_by_hand(built(connection, world), world)


def test_another_response_window_moves_deadlines_and_what_counts_as_automatic(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    world = random_world(random.Random(99), order_count=80)
    found = built(connection, world, response_window_hours=24)
    assert_equals_by_hand(found, world, response_window_hours=24)
    assert (
        min(row["response_hours"] for row in found["fct_responses"] if row["response"] == "authorized_automatically")
        == 24
    )


def test_an_empty_warehouse_has_one_day_of_zeros_and_empty_marts(connection: duckdb.DuckDBPyConnection) -> None:
    found = built(connection, World())
    assert_equals_by_hand(found, World())
    assert {mart: len(rows) for mart, rows in found.items() if rows} == {"dim_days": 1, "agg_portouts_daily": 1}
    assert [*found["agg_portouts_daily"][0].values()] == [AS_OF.date(), 0, 0, 0, 0, 0, 0, 0]


def test_one_waiting_order_fills_every_mart_that_it_can(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    id_ = world.add_order(1, AS_OF - 46 * HOUR)
    found = built(connection, world)
    assert_equals_by_hand(found, world)
    [report] = found["rpt_open_orders"]
    assert (report["portout_id"], report["hours_left"], report["urgency"]) == (id_, 2.0, "critical")
    [carrier] = found["agg_carriers_gained"]
    assert (carrier["orders_received"], carrier["share_of_numbers"], carrier["median_response_hours"]) == (
        1,
        None,
        None,
    )
    assert found["agg_carriers_gained_monthly"] == []
    [month] = found["agg_response_latency_monthly"]
    assert (month["spells"], month["open"], month["p50_hours"], month["median_hours_censored"]) == (1, 1, None, None)
    assert found["agg_response_survival"] == [
        {"hours": 46.0, "at_risk": 1, "responded": 0, "censored": 1, "still_pending_share": 1.0}
    ]


ENDS = [
    ("authorized", 47.5, "authorized", False),
    ("authorized", 48, "authorized_automatically", False),
    ("ported", 1, "authorized", False),
    ("rejected-pending", 50, "rejected", False),
    ("rejected", 0.01, "rejected_at_intake", True),
    ("canceled", 3, "canceled", True),
    ("on-hold", 3, "other", True),
]


@pytest.mark.parametrize(
    ("status", "hours", "response", "is_censored"), ENDS, ids=[f"{end[0]} after {end[1]} h" for end in ENDS]
)
def test_the_next_status_names_the_response(
    connection: duckdb.DuckDBPyConnection, status: str, hours: float, response: str, is_censored: bool
) -> None:
    world = World()
    id_ = world.add_order(1, T0, status)
    world.add_event(id_, "pending", T0 + timedelta(seconds=1))
    world.add_event(id_, status, T0 + hours * HOUR)
    [spell] = built(connection, world)["fct_responses"]
    assert (spell["response"], spell["is_censored"], spell["response_hours"]) == (response, is_censored, hours)
    assert (spell["measured_by"], spell["pending_at"], spell["deadline_at"]) == ("event", T0, T0 + 48 * HOUR)


def test_a_reopened_rejection_makes_a_second_spell_with_its_own_deadline(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    id_ = world.add_order(1, T0)
    for status, hours in (("rejected-pending", 2), ("pending", 5)):
        world.add_event(id_, status, T0 + hours * HOUR)
    found = built(connection, world)
    spells = [(row["spell_number"], row["response"], row["response_hours"]) for row in found["fct_responses"]]
    assert sorted(spells) == [(1, "rejected", 2.0), (2, "open", None)]
    assert found["fct_portouts"][0]["response"] == "rejected"
    assert found["rpt_open_orders"][0]["deadline_at"] == T0 + 53 * HOUR


def test_without_events_the_first_sync_that_saw_the_answer_dates_it(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    world.sync(FIRST_SYNC)
    id_ = world.add_order(1, T0, "authorized")
    world.see(id_, "pending", T0 + HOUR)
    world.see(id_, "authorized", T0 + 10 * HOUR)
    [spell] = built(connection, world)["fct_responses"]
    assert (spell["response_hours"], spell["measured_by"]) == (10.0, "observation")


def test_what_was_over_before_the_first_sync_is_answered_but_not_measured(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    world = World()
    world.sync(FIRST_SYNC)
    id_ = world.add_order(1, FIRST_SYNC - timedelta(days=90), "rejected-pending")
    world.see(id_, "rejected-pending", FIRST_SYNC)
    found = built(connection, world)
    [spell] = found["fct_responses"]
    assert (spell["response"], spell["response_hours"], spell["responded_at"]) == ("rejected", None, None)
    assert (spell["measured_by"], spell["is_censored"]) == ("unknown", False)
    assert found["agg_response_survival"] == []
    [month] = found["agg_response_latency_monthly"]
    assert (month["responded"], month["p50_hours"], month["within_48h"]) == (1, None, 0)


def test_a_status_that_no_event_tells_of_follows_the_last_event(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    world.sync(FIRST_SYNC)
    id_ = world.add_order(1, T0, "canceled")
    world.add_event(id_, "authorized", T0 + 3 * HOUR)
    world.see(id_, "canceled", T0 + 30 * HOUR)
    rows = built(connection, world)["fct_status_changes"]
    assert sorted((row["change_number"], row["status"], row["began_at"], row["measured_by"]) for row in rows) == [
        (1, "pending", T0, "event"),
        (2, "authorized", T0 + 3 * HOUR, "event"),
        (3, "canceled", T0 + 30 * HOUR, "observation"),
    ]


RANGES = [
    ([], None, "unknown"),
    ([(0, 9), (4, 8), (1, 5)], 5, "range"),
    ([(0, 3)], 3, "range"),
]


@pytest.mark.parametrize(("ranges", "hours", "source"), RANGES, ids=["no range", "two as narrow", "one range"])
def test_a_port_out_without_event_takes_the_end_of_the_narrowest_range(
    connection: duckdb.DuckDBPyConnection, ranges: list[tuple[int, int]], hours: int | None, source: str
) -> None:
    world = World()
    id_ = world.add_order(1, T0, "ported")
    for start, end in ranges:
        world.find_in_range(id_, T0 + start * HOUR, T0 + end * HOUR)
    [order] = built(connection, world)["fct_portouts"]
    assert (order["ported_at"], order["ported_at_source"]) == (None if hours is None else T0 + hours * HOUR, source)


def test_a_range_closes_the_order_on_its_day_not_on_the_day_a_sync_saw_it(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    world = World()
    id_ = world.add_order(1, T0, "ported")
    world.see(id_, "ported", AS_OF)
    world.find_in_range(id_, T0 + 24 * HOUR, T0 + 48 * HOUR)
    daily = built(connection, world)["agg_portouts_daily"]
    assert [row["orders_open"] for row in daily][:4] == [1, 1, 0, 0]


def test_spellings_of_one_carrier_are_one_carrier(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    for number, (spid, name) in enumerate(
        [("9A", "Old Name"), ("9A", "New Name"), (None, "T-Mobile  USA, Inc."), (None, "TMOBILE USA INC"), ("", "…")]
    ):
        world.add_order(number, T0 + number * HOUR, spid=spid, carrier_name=name)
    found = {row["carrier_id"]: row["carrier_name"] for row in built(connection, world)["dim_carriers"]}
    assert found == {"9A": "New Name", "tmobile usa inc": "TMOBILE USA INC", "unknown": "…"}


def test_days_and_months_follow_the_reporting_time_zone(connection: duckdb.DuckDBPyConnection) -> None:
    world = World(as_of=datetime(2026, 3, 2, tzinfo=UTC))
    world.add_order(1, datetime(2026, 3, 1, 2, tzinfo=UTC))
    found = built(connection, world, time_zone="America/Chicago")
    assert [row["day"] for row in found["agg_portouts_daily"]] == [date(2026, 2, 28), date(2026, 3, 1)]
    assert found["agg_response_latency_monthly"][0]["month"] == date(2026, 2, 1)


def test_half_unanswered_exactly_is_the_median(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    for number, hours in enumerate([1, 2, 3, 4]):
        id_ = world.add_order(number, T0, "authorized")
        world.add_event(id_, "authorized", T0 + hours * HOUR)
    found = built(connection, world)
    assert [row["still_pending_share"] for row in found["agg_response_survival"]] == pytest.approx([0.75, 0.5, 0.25, 0])
    assert found["agg_response_latency_monthly"][0]["median_hours_censored"] == 2.0


def test_of_two_spellings_as_frequent_and_as_late_the_first_in_the_alphabet_names_the_carrier(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    world = World()
    for number, name in enumerate(["Bravo", "Alpha", "Charlie"]):
        world.add_order(number, T0, spid="9A", carrier_name=name)
    assert [row["carrier_name"] for row in built(connection, world)["dim_carriers"]] == ["Alpha"]


def test_an_order_received_at_the_very_instant_of_the_first_sync_is_measured(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    world = World()
    world.sync(FIRST_SYNC)
    id_ = world.add_order(1, FIRST_SYNC, "rejected")
    world.see(id_, "rejected", FIRST_SYNC)
    [spell] = built(connection, world)["fct_responses"]
    assert (spell["response"], spell["response_hours"], spell["measured_by"]) == (
        "rejected_at_intake",
        0.0,
        "observation",
    )


LEFT = [(-0.5, "overdue"), (0, "critical"), (3.5, "critical"), (4, "soon"), (23.5, "soon"), (24, "ample")]


@pytest.mark.parametrize(("hours_left", "urgency"), LEFT, ids=[f"{hours} h left" for hours, _ in LEFT])
def test_urgency_follows_the_hours_left(connection: duckdb.DuckDBPyConnection, hours_left: float, urgency: str) -> None:
    world = World()
    world.add_order(1, AS_OF - (48 - hours_left) * HOUR)
    [report] = built(connection, world)["rpt_open_orders"]
    assert (report["hours_left"], report["urgency"]) == (hours_left, urgency)
