"""The account of the demo: what a first look at it shows, and that the whole variety of the API is in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest
from portouts.commands.jobs.demo import run_demo
from portouts_sandbox import World, living_account
from portouts_sandbox.story.accounts.account import DAY
from portouts_sandbox.world import NOW

ORDERS = 1_200
# Seconds may pass between an order and its event. Silence is rarely applied up to six hours late.
ON_TIME, LATEST = 48.001, 54.001


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    database = tmp_path_factory.mktemp("demo") / "demo.duckdb"
    run_demo(database, ORDERS, 5, lambda: datetime.now(UTC), lambda _step: lambda _done, _total: None)
    with duckdb.connect(str(database), read_only=True) as connection:
        yield connection


def only(marts: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """Return the one row of a query."""
    [row] = marts.execute(query).fetchall()
    return tuple(row)


def test_some_orders_are_due_today_and_more_tomorrow(marts: duckdb.DuckDBPyConnection) -> None:
    urgencies = dict(marts.execute("select urgency, count(*) from marts.rpt_open_orders group by urgency").fetchall())
    assert urgencies["critical"] >= 2
    assert urgencies["soon"] >= 2
    assert 1 <= urgencies["overdue"] <= 4


def test_each_overdue_order_has_a_reason(marts: duckdb.DuckDBPyConnection) -> None:
    overdue = marts.execute("""
        select -hours_left, coalesce(bool_or(payload__comment like 'On hold%'), false)
        from marts.rpt_open_orders
        left join raw.portout_events
            on portout_events.portout_id = rpt_open_orders.portout_id and event_type = 'portout.new_comment'
        where urgency = 'overdue'
        group by rpt_open_orders.portout_id, hours_left
    """).fetchall()
    assert {is_on_hold for _, is_on_hold in overdue} == {True, False}
    assert max(hours for hours, is_on_hold in overdue if not is_on_hold) < LATEST - 48
    assert max(hours for hours, _ in overdue) < 48


def test_silence_never_lasted_for_longer_than_the_vendor_says_and_six_hours(marts: duckdb.DuckDBPyConnection) -> None:
    on_time, automatic, longest = only(
        marts,
        f"""
        select count(*) filter (response_hours < {ON_TIME}), count(*), max(response_hours)
        from marts.fct_responses
        where response = 'authorized_automatically' and measured_by = 'event'
        """,
    )
    assert on_time > 0.9 * automatic > 0
    assert longest < LATEST


def test_one_carrier_is_new_and_spelled_like_no_other(marts: duckdb.DuckDBPyConnection) -> None:
    name, orders, others = only(
        marts,
        """
        with news as (
            select carrier_id, carrier_name, orders_ported
            from marts.agg_carriers_gained
            where first_ported_at > (select max(as_of) - interval '60 days' from marts.rpt_sync)
        )
        select any_value(carrier_name), any_value(orders_ported), (
            select count(*) from marts.dim_carriers
            where carrier_id not in (select carrier_id from news)
            and split_part(lower(carrier_name), ' ', 1) = split_part(lower(any_value(news.carrier_name)), ' ', 1)
        )
        from news
        having count(*) = 1
        """,
    )
    assert (name, others) == ("Zinnia Calling", 0)
    assert orders >= 3


def test_one_carrier_has_grown(marts: duckdb.DuckDBPyConnection) -> None:
    now, a_year_ago = only(
        marts,
        """
        select
            count(*) filter (ported_at >= timestamptz '2026-03-01 00:00Z'),
            count(*) filter (ported_at between timestamptz '2025-03-01 00:00Z' and timestamptz '2025-06-17 00:00Z'),
        from marts.fct_portouts
        where carrier_name = 'Quartz VoIP'
        """,
    )
    assert now > 4 * a_year_ago > 0


def test_one_departure_was_a_bulk(marts: duckdb.DuckDBPyConnection) -> None:
    largest, next_largest, days_ago = only(
        marts,
        """
        select
            max(number_count), quantile_disc(number_count, 0.999),
            date_diff('day', arg_max(ported_at, number_count), (select max(as_of) from marts.rpt_sync)),
        from marts.fct_portouts
        where status = 'ported'
        """,
    )
    assert largest > 90 > 5 * next_largest
    assert days_ago <= 30


def test_statuses_changed_late_and_in_every_way(marts: duckdb.DuckDBPyConnection) -> None:
    found = only(
        marts,
        """
        select
            count(*) filter (status = 'rejected'), count(*) filter (status = 'canceled'),
            count(*) filter (ported_at > inserted_at + interval '60 days'),
            count(*) filter (ported_at_source = 'range'),
            (select count(*) from marts.fct_responses where spell_number > 1),
            (select sum(orders_changed) filter (not is_first) from (
                select orders_changed, as_of = min(as_of) over () as is_first from marts.rpt_sync
            )),
            (select count(*) from marts.rpt_verifications where verdict = 'PROVEN'),
        from marts.fct_portouts
        """,
    )
    ways = ("rejected", "canceled", "late", "by range", "reopened", "changed between the syncs", "proven")
    assert [way for way, count in zip(ways, found, strict=True) if not count] == []


def test_few_port_outs_and_numbers_are_to_check_and_two_customers_leave(marts: duckdb.DuckDBPyConnection) -> None:
    to_check, in_window, active = only(
        marts,
        """
        select
            (select count(*) from marts.rpt_port_outs_to_check),
            (select count(*) from marts.fct_portouts where ported_at > as_of - interval '168 hours' or is_open),
            (select count(*) from marts.rpt_left_but_active where problem = 'still active'),
        from marts.rpt_settings
        """,
    )
    assert 3 <= to_check < in_window / 2
    assert 1 <= active <= 15
    leaving = marts.execute(
        "select customer_reference from marts.rpt_customers_leaving"
        " where customer_reference is not null and share_of_numbers >= 0.1 order by share_of_numbers"
    ).fetchall()
    assert leaving == [("CUST-0059",), ("CUST-0060",)]


def test_a_plausible_share_of_the_numbers_leaves_each_month(marts: duckdb.DuckDBPyConnection) -> None:
    least, most = only(
        marts,
        "select min(port_out_rate), max(port_out_rate) from marts.agg_port_out_rate_monthly"
        " where breakdown = 'all' and is_complete",
    )
    assert 0.005 < least < most < 0.06


def test_in_a_living_account_nothing_waits_for_longer_than_silence_lasts() -> None:
    world = World(1_500, seed=4, account=living_account(NOW))
    world.advance(3 * DAY)
    taken = {order["id"]: None for order in world.orders() if order["status"] == "pending"}
    begun = {portout_id: at for portout_id, status, at in world.transitions() if status == "pending"}
    assert taken
    assert max((world.now - begun[portout_id]) / DAY * 24 for portout_id in taken) < LATEST
