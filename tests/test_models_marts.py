"""Every mart equals the same numbers counted in plain Python, value by value."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from mart_comparison import T0, assert_equals_reference, assert_same_rows, built, compute_reference
from order_histories import AS_OF, FIRST_SYNC, World, create_raw, random_world
from portouts.transform.build import build_models
from portouts.transform.inputs import ModelInputs
from portouts.transform.lists.customer_values import CustomerValue

if TYPE_CHECKING:
    pass

pytestmark = pytest.mark.slow  # builds all models for each account

Row = dict[str, Any]

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CUSTOMER_VALUES = (CustomerValue("one", 1200.5), CustomerValue("three", -3.0), CustomerValue("of nobody", 7.0))
MONDAY = date(2026, 3, 16)  # of the week of AS_OF


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 12))])
def test_every_mart_of_random_stories_equals_the_reference(connection: duckdb.DuckDBPyConnection, seed: int) -> None:
    world = random_world(random.Random(seed), order_count=120)
    settings = {"customer_values": CUSTOMER_VALUES}
    assert_equals_reference(built(connection, world, **settings), world, **settings)


ZONES = [
    ("Asia/Kolkata", "America/New_York"),  # half an hour from every full hour of UTC
    ("America/New_York", "Pacific/Auckland"),  # changes its clocks within the stories
    ("Pacific/Auckland", "Asia/Kolkata"),  # half a day ahead
]


@pytest.mark.slow
@pytest.mark.parametrize(("time_zone", "business_time_zone"), ZONES, ids=[f"{zone}, {work}" for zone, work in ZONES])
@pytest.mark.parametrize("seed", [20, 21])
def test_every_mart_equals_the_reference_in_other_time_zones(
    connection: duckdb.DuckDBPyConnection, seed: int, time_zone: str, business_time_zone: str
) -> None:
    world = random_world(random.Random(seed), order_count=120)
    settings = {"time_zone": time_zone, "business_time_zone": business_time_zone}
    assert_equals_reference(built(connection, world, **settings), world, **settings)


def test_a_mart_has_counts_in_bigint_and_shares_in_double(connection: duckdb.DuckDBPyConnection) -> None:
    built(connection, World())
    columns = connection.execute("select data_type from information_schema.columns where table_schema = 'marts'")
    assert {kind for (kind,) in columns.fetchall()} == {
        "VARCHAR",
        "BIGINT",
        "DOUBLE",
        "BOOLEAN",
        "DATE",
        "TIMESTAMP WITH TIME ZONE",
    }


def hex_of(letter: str) -> str:
    return f"U+{ord(letter):04X}"


@pytest.mark.slow
def test_random_stories_reach_every_kind_of_row() -> None:
    found = [compute_reference(random_world(random.Random(seed), order_count=120)) for seed in range(12)]

    def values(mart: str, *names: str) -> set[Any]:
        return {tuple(row[name] for name in names) for marts in found for row in marts[mart]}

    assert values("fct_rejections", "rejected_by", "outcome") == {
        *(("us", outcome) for outcome in ("upheld", "reopened", "canceled", "undecided", "other")),
        *((by, outcome) for by in ("intake", "other") for outcome in ("upheld", "reopened", "canceled", "other")),
    }
    assert {None, 1001, 1002, 1003} == {code for (code,) in values("agg_rejections", "rejection_code")}
    assert values("agg_foc_slip_monthly", "month") > {(date(2026, 1, 1),)}
    assert all(max(values("agg_foc_slip_monthly", name))[0] > 0 for name in ("early", "on_day", "late"))
    assert len(values("fct_responses", "time_zone")) == 8
    assert {None} < {hours for (hours,) in values("fct_responses", "response_business_hours")} > {0.0, 9.0}
    assert {number for number, orders in values("agg_backlog_age", "bucket_number", "orders") if orders} == {1, 2, 3}
    assert {None} < {share for (share,) in values("agg_cohorts_weekly", "share_30d")} > {0.0}
    assert {None} < {zone for (zone,) in values("agg_portouts_by_area", "area_code")}
    assert max(values("agg_repeat_attempts", "times_ported"))[0] > 1
    assert values("fct_portouts", "inserted_at") > {(None,)}


def test_another_response_window_moves_deadlines_and_what_counts_as_automatic(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    world = random_world(random.Random(100), order_count=80)
    found = built(connection, world, response_window_hours=24)
    assert_equals_reference(found, world, response_window_hours=24)
    assert (
        min(row["response_hours"] for row in found["fct_responses"] if row["response"] == "authorized_automatically")
        == 24
    )


def test_a_deadline_is_exact_to_the_microsecond(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    world.add_order(1, AS_OF - HOUR)
    found = built(connection, world, response_window_hours=1.00005)
    assert_equals_reference(found, world, response_window_hours=1.00005)
    [report] = found["rpt_open_orders"]
    assert (report["deadline_at"], report["urgency"]) == (AS_OF + timedelta(seconds=0.18), "critical")


def test_an_empty_warehouse_has_one_day_of_zeros_and_empty_marts(connection: duckdb.DuckDBPyConnection) -> None:
    found = built(connection, World())
    assert_equals_reference(found, World())
    assert [len(found[mart]) for mart in ("dim_days", "agg_portouts_daily", "agg_backlog_age")] == [1, 1, 3]
    assert not any(found[mart] for mart in ("fct_portouts", "agg_carriers_gained", "agg_response_survival"))
    assert [*found["agg_portouts_daily"][0].values()] == [AS_OF.date(), 0, 0, 0, 0, 0, 0, 0]
    assert [*found["agg_portouts_rolling"][0].values()] == [AS_OF.date(), 0, 0, 0, 0, 0, 0, 0, 0]
    assert [(row["orders"], row["oldest_pending_at"]) for row in found["agg_backlog_age"]] == [(0, None)] * 3
    [week] = found["agg_cohorts_weekly"]
    assert (week["week"], week["orders_received"], week["ported_30d"], week["share_7d"]) == (MONDAY, 0, 0, None)


def test_one_waiting_order_fills_every_mart_that_it_can(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    id_ = world.add_order(1, AS_OF - 46 * HOUR)
    found = built(connection, world)
    assert_equals_reference(found, world)
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


def test_one_day_fills_one_row_of_every_calendar(connection: duckdb.DuckDBPyConnection) -> None:
    world = World(as_of=T0 + 10 * HOUR)
    for number, (status, hours) in enumerate([("ported", 8), ("rejected-pending", 2), ("canceled", 3)]):
        world.add_event(world.add_order(number, T0, status), status, T0 + hours * HOUR)
    found = built(connection, world)
    assert_equals_reference(found, world)
    calendars = ("dim_days", "agg_portouts_daily", "agg_portouts_rolling", "agg_cohorts_weekly", "agg_foc_slip_monthly")
    assert {mart: len(found[mart]) for mart in calendars} == dict.fromkeys(calendars, 1)
    [week] = found["agg_cohorts_weekly"]
    assert (week["orders_received"], week["ported_7d"], week["share_7d"]) == (3, 1, None)
    [month] = found["agg_foc_slip_monthly"]
    assert (month["orders_ported"], month["with_foc"], month["p50_slip_days"], month["max_slip_days"]) == (
        1,
        0,
        None,
        None,
    )


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


def test_what_a_history_extended_backwards_brings_is_answered_but_not_measured(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """The sync before could have seen the order, had it been asked for: its answer may be as old as the order."""
    world = World()
    for hours in (0, 24, 48):
        world.sync(FIRST_SYNC + hours * HOUR)
    old = world.add_order(1, FIRST_SYNC - 90 * DAY, "authorized")
    world.see(old, "authorized", FIRST_SYNC + 48 * HOUR)
    new = world.add_order(2, FIRST_SYNC + 30 * HOUR, "authorized")
    world.see(new, "authorized", FIRST_SYNC + 48 * HOUR)
    spells = {row["portout_id"]: row for row in built(connection, world)["fct_responses"]}
    assert (spells[old]["measured_by"], spells[old]["response_hours"]) == ("unknown", None)
    assert (spells[new]["measured_by"], spells[new]["response_hours"]) == ("observation", 18.0)


def test_what_the_first_sync_found_pending_again_waits_for_an_unknown_time(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    world = World()
    world.sync(FIRST_SYNC)
    id_ = world.add_order(1, FIRST_SYNC - 90 * DAY)
    world.add_event(id_, "rejected-pending", FIRST_SYNC - 90 * DAY + HOUR)
    world.see(id_, "pending", FIRST_SYNC)
    found = built(connection, world)
    assert_equals_reference(found, world)
    [spell] = [row for row in found["fct_responses"] if row["response"] == "open"]
    assert (spell["spell_number"], spell["pending_at"], spell["measured_by"]) == (2, FIRST_SYNC, "unknown")
    assert [(row["hours"], row["at_risk"]) for row in found["agg_response_survival"]] == [(1.0, 1)]
    months = {
        row["month"]: (row["open"], row["median_hours_censored"]) for row in found["agg_response_latency_monthly"]
    }
    assert months == {date(2025, 11, 1): (0, 1.0), date(2026, 2, 1): (1, None)}
    assert [row["orders"] for row in found["agg_backlog_age"]] == [0, 0, 0]
    assert found["rpt_open_orders"][0]["deadline_at"] == FIRST_SYNC + 48 * HOUR


def test_an_open_spell_of_unknown_length_shortens_no_median(connection: duckdb.DuckDBPyConnection) -> None:
    world = World(as_of=FIRST_SYNC + 2 * DAY)
    world.sync(FIRST_SYNC)
    for number, hours in enumerate([1, 9], start=1):
        id_ = world.add_order(number, FIRST_SYNC + HOUR, "authorized")
        world.add_event(id_, "authorized", FIRST_SYNC + (1 + hours) * HOUR)
    for number in (3, 4):
        id_ = world.add_order(number, FIRST_SYNC - 90 * DAY)
        world.add_event(id_, "rejected-pending", FIRST_SYNC - 90 * DAY + HOUR)
        world.see(id_, "pending", FIRST_SYNC)
    months = built(connection, world)["agg_response_latency_monthly"]
    assert [row["median_hours_censored"] for row in months if row["month"] == date(2026, 2, 1)] == [5.0]


def test_a_status_without_an_event_follows_the_last_event(connection: duckdb.DuckDBPyConnection) -> None:
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


# statuses of one instant, an hour after intake; the status now; the history
OF_ONE_INSTANT = [
    (["authorized", "ported"], "ported", ["pending", "authorized", "ported"]),
    (["rejected-pending", "rejected"], "rejected", ["pending", "rejected-pending", "rejected"]),
    (["rejected-pending", "pending"], "pending", ["pending", "rejected-pending", "pending"]),
    (["canceled", "rejected-pending"], "rejected-pending", ["pending", "canceled", "rejected-pending"]),
    (["rejected-pending", "authorized"], "canceled", ["pending", "rejected-pending", "authorized", "canceled"]),
]


@pytest.mark.slow
@pytest.mark.parametrize("ids", [("a", "z"), ("z", "a")], ids=["by id too", "not by id"])
@pytest.mark.parametrize(
    ("statuses", "now", "history"),
    OF_ONE_INSTANT,
    ids=[f"{', '.join(case[0])} to {case[1]}" for case in OF_ONE_INSTANT],
)
def test_statuses_of_one_instant_follow_the_life_of_an_order(
    connection: duckdb.DuckDBPyConnection, statuses: list[str], now: str, history: list[str], ids: tuple[str, str]
) -> None:
    world = World()
    order = world.add_order(1, T0, now)
    for status, id_ in zip(statuses, ids, strict=True):
        world.add_event(order, status, T0 + HOUR, id=id_)
    found = built(connection, world)
    assert_equals_reference(found, world)
    changes = sorted(found["fct_status_changes"], key=lambda row: int(row["change_number"]))
    assert [row["status"] for row in changes] == history
    assert [row["measured_by"] for row in changes[:3]] == ["event"] * 3
    if now == "ported":
        assert (found["fct_portouts"][0]["ported_at"], found["fct_portouts"][0]["ported_at_source"]) == (
            T0 + HOUR,
            "event",
        )


def test_the_status_now_comes_last_only_at_the_last_instant(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    id_ = world.add_order(1, T0)
    for hours, status in ((1, "rejected-pending"), (1, "pending"), (5, "pending")):
        world.add_event(id_, status, T0 + hours * HOUR)
    found = built(connection, world)
    assert_equals_reference(found, world)
    spells = sorted((row["spell_number"], row["pending_at"]) for row in found["fct_responses"])
    assert spells == [(1, T0), (2, T0 + 5 * HOUR)]


@pytest.mark.parametrize("blank", [*" \t\n\v\f\r\u00a0"], ids=hex_of)
def test_blanks_around_a_word_are_none_of_it(connection: duckdb.DuckDBPyConnection, blank: str) -> None:
    world = World()
    world.sync(T0)
    announced = world.add_order(1, T0, f"{blank}ported", spid=f"9A{blank}", carrier_name=blank)
    world.add_event(announced, f"{blank}ported{blank}", T0 + HOUR)
    observed = world.add_order(2, T0, f"canceled{blank}", spid=blank * 2, carrier_name=f"{blank}Sample{blank}")
    world.see(observed, f"canceled{blank}", T0 + 2 * HOUR)
    nothing = world.add_order(3, T0, blank, spid=blank, carrier_name=blank)
    found = built(connection, world)
    assert_equals_reference(found, world)
    columns = ("status", "carrier_id", "carrier_name", "spid", "status_began_at")
    assert {row["portout_id"]: tuple(row[name] for name in columns) for row in found["fct_portouts"]} == {
        announced: ("ported", "9A", None, "9A", T0 + HOUR),
        observed: ("canceled", "sample", "Sample", None, T0 + 2 * HOUR),
        nothing: (None, "unknown", None, None, AS_OF),
    }


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


def test_a_range_dates_the_port_out_that_stands_and_no_earlier_one(connection: duckdb.DuckDBPyConnection) -> None:
    world = World(as_of=T0 + 9 * DAY)
    id_ = world.add_order(1, T0, "ported")
    for days, status in ((1, "ported"), (3, "authorized"), (8, "ported")):
        world.see(id_, status, T0 + days * DAY)
    world.find_in_range(id_, T0 + 4 * DAY, T0 + 5 * DAY)
    found = built(connection, world)
    assert_equals_reference(found, world)
    daily = sorted(found["agg_portouts_daily"], key=lambda row: str(row["day"]))
    assert [row["orders_open"] for row in daily] == [1, 0, 0, 1, 1, 0, 0, 0, 0, 0]


def test_an_order_without_inserted_at_is_counted_on_the_day_of_its_end(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    world = World(as_of=T0 + 4 * DAY)
    world.add_order(1, T0)
    for number, (status, days) in enumerate([("ported", 1), ("rejected", 2), ("canceled", 3)], start=2):
        world.add_event(world.add_order(number, None, status), status, T0 + days * DAY)
    found = built(connection, world)
    assert_equals_reference(found, world)
    columns = (
        "orders_received",
        "orders_ported",
        "numbers_ported",
        "orders_rejected",
        "orders_canceled",
        "orders_open",
    )
    daily = sorted(found["agg_portouts_daily"], key=lambda row: str(row["day"]))
    assert [tuple(row[name] for name in columns) for row in daily] == [
        (1, 0, 0, 0, 0, 1),
        (0, 1, 1, 0, 0, 1),
        (0, 0, 0, 1, 0, 1),
        (0, 0, 0, 0, 1, 1),
        (0, 0, 0, 0, 0, 1),
    ]
    assert [row["orders_ported"] for row in found["agg_carriers_gained_monthly"]] == [1]


@pytest.mark.parametrize("events", [[], ["authorized"]], ids=["observed", "after its events"])
def test_an_order_without_inserted_at_may_be_older_than_the_first_sync(
    connection: duckdb.DuckDBPyConnection, events: list[str]
) -> None:
    world = World()
    world.sync(FIRST_SYNC)
    id_ = world.add_order(1, None, "rejected")
    for status in events:
        world.add_event(id_, status, FIRST_SYNC - DAY)
    world.see(id_, "rejected", FIRST_SYNC)
    found = built(connection, world)
    assert_equals_reference(found, world)
    last = max(found["fct_status_changes"], key=lambda row: int(row["change_number"]))
    assert (last["status"], last["measured_by"]) == ("rejected", "unknown")


def test_spellings_of_one_carrier_are_one_carrier(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    for number, (spid, name) in enumerate(
        [("9A", "Old Name"), ("9A", "New Name"), (None, "T-Mobile  USA, Inc."), (None, "TMOBILE USA INC"), ("", "…")]
    ):
        world.add_order(number, T0 + number * HOUR, spid=spid, carrier_name=name)
    found = {row["carrier_id"]: row["carrier_name"] for row in built(connection, world)["dim_carriers"]}
    assert found == {"9A": "New Name", "tmobileusainc": "TMOBILE USA INC", "unknown": "…"}


def test_days_and_months_follow_the_reporting_time_zone(connection: duckdb.DuckDBPyConnection) -> None:
    world = World(as_of=datetime(2026, 3, 2, tzinfo=UTC))
    world.add_order(1, datetime(2026, 3, 1, 2, tzinfo=UTC))
    found = built(connection, world, time_zone="America/Chicago")
    assert [row["day"] for row in found["agg_portouts_daily"]] == [date(2026, 2, 28), date(2026, 3, 1)]
    assert found["agg_response_latency_monthly"][0]["month"] == date(2026, 2, 1)


# hours of the answers, hours after which others were canceled; the median
HALVES = {
    "an even number of answers": ([1, 2, 3, 4], [], 2.5),
    "an odd number of answers": ([1, 2, 3], [], 2.0),
    "one answer": ([7], [], 7.0),
    "two answers": ([1, 4], [], 2.5),
    "two at the same hours below one half": ([1, 1, 5, 9], [], 3.0),
    "two at the same hours around one half": ([1, 3, 3, 9], [], 3.0),
    "an answer in a third of an hour": ([1 / 3, 5, 1 / 3, 7, 5, 7], [], 5.0),
    "thirty answers": (list(range(30, 0, -1)), [], 15.5),
    "a cancellation between the middle answers": ([1, 2, 4, 5], [3], 4.0),
    "a cancellation while the curve lies at one half": ([1, 2, 6], [3], 4.0),
    "nobody answers after one half": ([1, 2], [3, 4], 2.0),
    "never down to one half": ([1], [2, 3], None),
}


@pytest.mark.parametrize(("answered", "canceled", "median"), HALVES.values(), ids=list(HALVES))
def test_the_censored_median_lies_in_the_middle_of_where_half_are_unanswered(
    connection: duckdb.DuckDBPyConnection, answered: list[float], canceled: list[float], median: float | None
) -> None:
    world = World()
    ends = [*(("authorized", hours) for hours in answered), *(("canceled", hours) for hours in canceled)]
    for number, (status, hours) in enumerate(ends):
        world.add_event(world.add_order(number, T0, status), status, T0 + hours * HOUR)
    found = built(connection, world)
    assert_equals_reference(found, world)
    [month] = found["agg_response_latency_monthly"]
    assert month["median_hours_censored"] == pytest.approx(median, abs=1e-9)
    if not canceled:
        assert month["median_hours_censored"] == pytest.approx(month["p50_hours"], abs=1e-9)


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


def test_a_deleted_order_is_in_no_mart(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    world.sync(FIRST_SYNC)
    id_ = world.add_order(1, T0, "ported", deleted_at=AS_OF)
    world.add_event(id_, "ported", T0 + HOUR)
    world.see(id_, "ported", T0 + HOUR)
    world.find_in_range(id_, T0, T0 + HOUR)
    found = built(connection, world)
    assert_equals_reference(found, world)
    assert not any(id_ in row.values() for rows in found.values() for row in rows)
    assert found["agg_portouts_by_area"] == []
    assert [row["orders_received"] for row in found["agg_portouts_daily"]] == [0]


def test_the_events_of_a_deleted_order_are_no_reason_to_warn(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    world.add_event(world.add_order(1, T0, deleted_at=AS_OF), "pending", T0)
    create_raw(connection, world)
    assert build_models(connection, ModelInputs(AS_OF)) == []


REJECTIONS = {
    ("rejected-pending", None): ("us", "undecided"),
    ("rejected-pending", "rejected"): ("us", "upheld"),
    ("rejected-pending", "pending"): ("us", "reopened"),
    ("rejected-pending", "authorized"): ("us", "reopened"),
    ("rejected-pending", "ported"): ("us", "reopened"),
    ("rejected-pending", "canceled"): ("us", "canceled"),
    ("rejected-pending", "on-hold"): ("us", "other"),
    ("rejected", None): ("intake", "upheld"),
    ("rejected", "pending"): ("intake", "reopened"),
    ("rejected", "canceled"): ("intake", "canceled"),
    ("rejected", "on-hold"): ("intake", "other"),
}


def test_what_follows_a_rejection_is_its_outcome(connection: duckdb.DuckDBPyConnection) -> None:
    world, expected = World(), {}
    for number, ((status, following), (rejected_by, outcome)) in enumerate(REJECTIONS.items()):
        id_ = world.add_order(number, T0, following or status)
        world.add_event(id_, status, T0 + HOUR)
        if following:
            world.add_event(id_, following, T0 + 3 * HOUR)
        decided = {"upheld": T0 + HOUR, "undecided": None}.get(outcome) if not following else T0 + 3 * HOUR
        expected[id_] = (rejected_by, outcome, T0 + HOUR, decided)
    found = built(connection, world)["fct_rejections"]
    assert {
        row["portout_id"]: (row["rejected_by"], row["outcome"], row["rejected_at"], row["decided_at"]) for row in found
    } == expected


def test_without_evidence_only_the_last_rejection_of_an_order_has_its_code(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    world = World()
    id_ = world.add_order(1, T0, "rejected", rejection_code=1003, reason="Sample reason")
    for hours, status in enumerate(["rejected-pending", "pending", "rejected-pending", "rejected"], start=1):
        world.add_event(id_, status, T0 + hours * HOUR)
    assert grounds(built(connection, world)) == [("reopened", None, None), ("upheld", 1003, "Sample reason")]


def grounds(found: dict[str, list[Row]]) -> list[tuple[Any, ...]]:
    rows = sorted(found["fct_rejections"], key=lambda row: int(row["rejection_number"]))
    return [(row["outcome"], row["rejection_code"], row["rejection_reason"]) for row in rows]


def twice_rejected() -> World:
    """Make an order that was rejected at hours 1 and 5, reopened at 3 and 8, and shows no code any more."""
    world = World()
    world.sync(FIRST_SYNC)
    id_ = world.add_order(1, T0, "authorized")
    for hours, status in ((1, "rejected-pending"), (3, "pending"), (5, "rejected-pending"), (8, "authorized")):
        payload = {"id": id_, "status": status, "rejection_reason": "Said" if hours == 1 else None}
        world.add_event(id_, status, T0 + hours * HOUR, payload=payload)
    return world


def test_a_reopened_rejection_keeps_the_code_and_the_reason_that_a_sync_saw(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    world = twice_rejected()
    [id_] = [order["id"] for order in world.orders]
    for at, updated, code, reason in ((1.5, 1.4, 1001, None), (2, 1.9, 1002, None), (6, 4.9, 1003, "Seen")):
        world.see(id_, "rejected-pending", T0 + at * HOUR, T0 + updated * HOUR, rejection_code=code, reason=reason)
    world.see(id_, "authorized", T0 + 9 * HOUR, T0 + 9 * HOUR, rejection_code=9, reason="Left over")
    found = built(connection, world)
    assert_equals_reference(found, world)
    assert grounds(found) == [("reopened", 1002, "Said"), ("reopened", 1003, "Seen")]
    assert {row["rejection_code"]: row["reopened"] for row in found["agg_rejections"]} == {1002: 1, 1003: 1}


def test_a_warehouse_without_codes_of_the_past_keeps_those_that_orders_still_show(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    world = twice_rejected()
    world.orders[0] |= {"status": "rejected-pending", "rejection_code": 1003, "reason": "Now"}
    world.see(str(world.orders[0]["id"]), "rejected-pending", T0 + 2 * HOUR, T0 + 1 * HOUR)
    world.see(str(world.orders[0]["id"]), "rejected-pending", T0 + 6 * HOUR, T0)
    create_raw(connection, world)
    connection.execute("alter table raw.portout_observations drop column reason")
    connection.execute("alter table raw.portout_observations drop column rejection_code")
    build_models(connection, ModelInputs(world.as_of))
    assert connection.execute(
        "select rejection_code, reason from raw.portout_observations order by seen_at"
    ).fetchall() == [(None, None), (1003, "Now")]


def test_a_rejection_found_by_the_first_sync_has_no_time(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    world.sync(FIRST_SYNC)
    id_ = world.add_order(1, FIRST_SYNC - 90 * DAY, "rejected")
    world.see(id_, "rejected", FIRST_SYNC)
    [row] = built(connection, world)["fct_rejections"]
    assert (row["rejected_at"], row["decided_at"], row["measured_by"]) == (None, None, "unknown")
    assert (row["rejected_by"], row["outcome"]) == ("intake", "upheld")


def test_the_backlog_counts_each_waiting_order_once_by_its_age(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    for number, hours in enumerate([-1, 0, 23.99, 24, 48, 48.01, 900]):
        world.add_order(number, AS_OF - hours * HOUR, phone_numbers=["+13125550101", "+13125550102"])
    assert sorted(tuple(row.values()) for row in built(connection, world)["agg_backlog_age"]) == [
        (1, "0-24 h", 3, 6, AS_OF - 23.99 * HOUR),
        (2, "24-48 h", 2, 4, AS_OF - 48 * HOUR),
        (3, "over 48 h", 2, 4, AS_OF - 900 * HOUR),
    ]


def test_the_age_of_a_reopened_order_counts_from_its_last_spell(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    id_ = world.add_order(1, AS_OF - 80 * HOUR)
    world.add_event(id_, "rejected-pending", AS_OF - 70 * HOUR)
    world.add_event(id_, "pending", AS_OF - 30 * HOUR)
    found = {row["age_bucket"]: row["orders"] for row in built(connection, world)["agg_backlog_age"]}
    assert found == {"0-24 h": 0, "24-48 h": 1, "over 48 h": 0}


def test_a_day_leaves_the_rolling_sums_after_seven_and_twenty_eight_days(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    world = World()
    world.add_order(1, AS_OF - 40 * DAY, phone_numbers=["+13125550101", "+13125550102"])
    rows = sorted(built(connection, world)["agg_portouts_rolling"], key=lambda row: row["day"])
    assert [row["orders_received_7d"] for row in rows] == [1] * 7 + [0] * 34
    assert [row["numbers_received_28d"] for row in rows] == [2] * 28 + [0] * 13


@pytest.mark.parametrize("is_old_enough", [False, True], ids=["a second too young", "old enough"])
@pytest.mark.parametrize("days", [7, 14, 30])
def test_a_cohort_has_a_share_once_its_last_order_had_its_days(
    connection: duckdb.DuckDBPyConnection, days: int, is_old_enough: bool
) -> None:
    monday = datetime(2026, 3, 2, tzinfo=UTC)
    world = World(as_of=monday + (7 + days) * DAY - timedelta(seconds=not is_old_enough))
    for number, took in enumerate([days * DAY, days * DAY + timedelta(microseconds=1)]):
        id_ = world.add_order(number, monday, "ported")
        world.add_event(id_, "ported", monday + took)
    first, second, *_ = sorted(built(connection, world)["agg_cohorts_weekly"], key=lambda row: row["week"])
    assert (first["week"], first["orders_received"], first[f"ported_{days}d"]) == (monday.date(), 2, 1)
    assert first[f"share_{days}d"] == (0.5 if is_old_enough else None)
    assert (second["week"], second["orders_received"], second["share_7d"]) == (monday.date() + 7 * DAY, 0, None)


# New York's clocks change on 8 March and on 1 November: within the seven days, before them, within them.
@pytest.mark.parametrize("monday", [date(2026, 2, 23), date(2026, 3, 2), date(2026, 10, 19)], ids=str)
def test_the_seven_days_of_a_cohort_are_hours_though_clocks_change(monday: date) -> None:
    end = datetime.combine(monday + 7 * DAY, time(), ZoneInfo("America/New_York")).astimezone(UTC)
    shares = []
    for early in (timedelta(microseconds=1), timedelta()):
        world = World(as_of=end + 7 * DAY - early)
        world.add_order(1, end - timedelta(microseconds=1))
        with duckdb.connect() as connection:
            found = built(connection, world, time_zone="America/New_York")
        assert_equals_reference(found, world, time_zone="America/New_York")
        [share] = [row["share_7d"] for row in found["agg_cohorts_weekly"] if row["week"] == monday]
        shares.append(share)
    assert shares == [None, 0.0]


def test_a_carrier_is_new_in_the_first_month_in_which_it_gains_numbers(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    for number, (days, numbers) in enumerate([(60, []), (30, ["+13125550101"]), (1, ["+13125550102"])]):
        id_ = world.add_order(number, AS_OF - 70 * DAY, "ported", phone_numbers=numbers)
        world.add_event(id_, "ported", AS_OF - days * DAY)
    id_ = world.add_order(9, AS_OF - 70 * DAY, "ported", phone_numbers=[], spid="222B")
    world.add_event(id_, "ported", AS_OF - DAY)
    found = built(connection, world)
    assert_equals_reference(found, world)
    months = found["agg_carriers_gained_monthly"]
    assert sorted((row["carrier_id"], row["month"], row["is_new_carrier"]) for row in months) == [
        ("111A", date(2026, 1, 1), False),
        ("111A", date(2026, 2, 1), True),
        ("111A", date(2026, 3, 1), False),
        ("222B", date(2026, 3, 1), False),
    ]


def test_a_number_asked_for_again_names_its_latest_order(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    number = "+13125550177"
    world.add_order(1, T0, "rejected", phone_numbers=[number, number])
    last = world.add_order(2, T0 + DAY, "ported", phone_numbers=[number], spid="222B")
    world.add_order(3, T0 + DAY, phone_numbers=[None, None])
    world.add_order(4, T0 + DAY, phone_numbers=["+13125550188", "+13125550188"])
    [row] = built(connection, world)["agg_repeat_attempts"]
    assert row == {
        "phone_number": number,
        "attempts": 2,
        "times_ported": 1,
        "carriers": 2,
        "first_received_at": T0,
        "last_received_at": T0 + DAY,
        "last_portout_id": last,
        "last_status": "ported",
    }


def test_verifications_are_shown_as_they_are_newest_first(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    for days in (3, 9, 1):
        world.verify(FIRST_SYNC + days * DAY, differences=days, range_start=None, verdict="DIFFERENT")
    found = built(connection, world)["rpt_verifications"]
    assert [(row["as_of"], row["differences"]) for row in found] == [
        (FIRST_SYNC + days * DAY, days) for days in (9, 3, 1)
    ]
    assert_same_rows(found, compute_reference(world)["rpt_verifications"], "rpt_verifications")


def test_answers_are_shown_with_what_became_of_their_order(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    ported = world.add_order(1, T0, "ported")
    for hours, order_id in ((3, ported), (9, "not read by any sync"), (1, ported)):
        world.answer(order_id, T0 + timedelta(hours=hours), outcome="refused", status_after=None)
    found = built(connection, world)["rpt_answers"]
    assert [(row["sent_at"], row["status"]) for row in found] == [
        (T0 + timedelta(hours=9), None),
        (T0 + timedelta(hours=3), "ported"),
        (T0 + timedelta(hours=1), "ported"),
    ]
    assert_same_rows(found, compute_reference(world)["rpt_answers"], "rpt_answers")
