"""Checks hold on a random world, and fail once a mart is spoiled."""

from __future__ import annotations

import random
from collections.abc import Iterator

import duckdb
import pytest
from port_out_stories import create_raw, random_world
from portouts.models import ModelInputs, build_models
from portouts.sql_files import sql_folder

SPOILED = {
    "rejections_add_up_to_the_status_changes": "delete from marts.fct_rejections where rejection_number = 1",
    "rolling_sums_end_where_daily_sums_do": "update marts.agg_portouts_rolling set orders_received_7d = 99",
    "cohorts_add_up_to_the_orders": "delete from marts.agg_cohorts_weekly where orders_received > 0",
    "areas_add_up_to_the_numbers": "update marts.agg_portouts_by_area set numbers_ported = numbers_ported + 1",
    "the_backlog_adds_up_to_the_open_orders": "delete from marts.agg_backlog_age where bucket_number = 3",
    "business_hours_are_at_most_all_hours": (
        "update staging.int_responses set response_business_hours = 9000 where response_hours is not null"
    ),
    "months_of_foc_slip_add_up_to_the_ported_orders": "update marts.agg_foc_slip_monthly set late = late + 1",
    "every_repeated_number_was_tried_twice_or_more": "update marts.agg_repeat_attempts set attempts = 1",
    "every_order_is_in_fct_portouts_once": "delete from staging.int_orders where order_number = 1",
    "every_spell_is_in_fct_responses_once": "insert into staging.int_responses from staging.int_responses",
    "survival_leaves_nobody_out": "delete from marts.agg_response_survival",
    "only_the_last_spell_of_an_order_is_open": (
        "update staging.int_responses set response = 'open' where order_number in"
        " (select order_number from staging.int_orders where status = 'pending')"
    ),
    "every_row_of_an_aggregate_has_a_key_of_its_own": "insert into marts.agg_rejections from marts.agg_rejections",
}


@pytest.fixture(scope="module")
def built() -> Iterator[duckdb.DuckDBPyConnection]:
    world = random_world(random.Random(5), order_count=120)
    with duckdb.connect() as opened:
        create_raw(opened, world)
        build_models(opened, ModelInputs(world.as_of))
        yield opened


@pytest.fixture
def connection(built: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """Lend the built models to one test; what it spoils is rolled back."""
    built.begin()
    yield built
    built.rollback()


@pytest.mark.parametrize("check", SPOILED)
def test_a_spoiled_mart_is_noticed(connection: duckdb.DuckDBPyConnection, check: str) -> None:
    query = (sql_folder() / "checks" / f"{check}.sql").read_text()
    assert connection.execute(query).fetchall() == []
    mart = SPOILED[check].split()[1 if SPOILED[check].startswith("update") else 2]
    kind = connection.execute(
        "select table_type from information_schema.tables where table_schema || '.' || table_name = ?", [mart]
    ).fetchall()
    if kind == [("VIEW",)]:
        connection.execute(f"create temp table kept as from {mart}; drop view {mart}; create table {mart} as from kept")
    connection.execute(SPOILED[check])
    assert connection.execute(query).fetchall() != []
