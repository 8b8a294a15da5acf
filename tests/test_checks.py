"""Every check holds on a small world without faults, and fires once its data is spoiled on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

import duckdb
import pytest
from inventory_worlds import a_number
from order_histories import AS_OF, World, create_raw
from portouts.transform.build import build_models
from portouts.transform.checks import read_checks
from portouts.transform.inputs import ModelInputs
from portouts.transform.lists.labels import Label
from portouts.transform.project.graph import parse_reads
from portouts.warehouse.sql import sql_folder

CHECKS = {name.rpartition("/")[2]: query for name, query in read_checks(sql_folder()).items()}


class Spoiler(NamedTuple):
    """A table or view, and a statement that changes it so that one check no longer holds."""

    relation: str
    statement: str


def change(relation: str, assignment: str) -> Spoiler:
    return Spoiler(relation, f"update {relation} set {assignment}")


def delete(relation: str, condition: str) -> Spoiler:
    return Spoiler(relation, f"delete from {relation} where {condition}")


def double(relation: str) -> Spoiler:
    return Spoiler(relation, f"insert into {relation} from {relation}")


SPOILERS = {
    "areas_add_up_to_the_numbers": change("marts.agg_portouts_by_area", "numbers_ported = numbers_ported + 1"),
    "breakdowns_of_the_port_out_rate_add_up": change(
        "marts.agg_port_out_rate_monthly", "numbers_in_service = numbers_in_service + 1 where breakdown = 'type'"
    ),
    "breakdowns_of_the_tenure_add_up": change("marts.agg_number_tenure", "censored = censored + 1"),
    "business_hours_are_at_most_all_hours": change(
        "marts.fct_responses", "response_business_hours = 9000 where response_hours is not null"
    ),
    "carriers_add_up_to_the_orders": change("marts.agg_carriers_gained", "orders_received = orders_received + 1"),
    "cohorts_add_up_to_the_orders": delete("marts.agg_cohorts_weekly", "orders_received > 0"),
    "days_without_gaps_add_up_to_the_orders": delete(
        "marts.agg_portouts_daily", "day = (select min(day) + 1 from marts.dim_days)"
    ),
    "every_number_is_listed_once": double("marts.fct_portout_numbers"),
    "every_order_has_a_first_spell": change("marts.fct_portouts", "response = null where status = 'pending'"),
    "every_order_is_in_fct_portouts_once": delete("marts.fct_portouts", "status = 'pending'"),
    "every_pending_order_is_in_rpt_open_orders_once": double("marts.rpt_open_orders"),
    "every_repeated_number_was_tried_twice_or_more": change("marts.agg_repeat_attempts", "attempts = 1"),
    "every_row_of_a_mart_has_a_key_of_its_own": double("marts.agg_rejections"),
    "every_spell_is_in_fct_responses_once": delete("marts.fct_responses", "response = 'open'"),
    "months_add_up_to_the_days": change("marts.agg_portouts_monthly", "orders_open = orders_open + 1"),
    "months_add_up_to_the_ported_orders": change(
        "marts.agg_carriers_gained_monthly", "numbers_ported = numbers_ported - 1"
    ),
    "months_add_up_to_the_spells": change("intermediate.int_response_latencies", "timed = timed - 1"),
    "months_of_foc_slip_add_up_to_the_ported_orders": change("marts.agg_foc_slip_monthly", "late = late + 1"),
    "months_of_areas_add_up_to_the_ported_numbers": change(
        "marts.agg_portouts_by_area_monthly", "numbers_ported = numbers_ported + 1"
    ),
    "no_customer_loses_more_numbers_than_it_holds": change("marts.rpt_customers_leaving", "share_of_numbers = 2"),
    "number_counts_add_up": delete("marts.fct_portout_numbers", "position = 2"),
    "only_the_last_spell_of_an_order_is_open": change(
        "marts.fct_responses", "response = 'open' where response = 'rejected'"
    ),
    "rejections_add_up_to_the_status_changes": delete("marts.fct_rejections", "rejection_number = 1"),
    "rolling_sums_end_where_daily_sums_do": change("marts.agg_portouts_rolling", "orders_received_7d = 99"),
    "spells_of_one_order_do_not_overlap": change(
        "marts.fct_responses", "pending_at = pending_at - interval 4 hours where spell_number = 2"
    ),
    "statuses_partition_the_orders": change("marts.agg_portouts", "status = 'ported' where status = 'canceled'"),
    "survival_leaves_nobody_out": delete("marts.agg_response_survival", "true"),
    "survival_never_rises": change("marts.agg_response_survival", "still_pending_share = 1 + hours"),
    "tenure_never_rises": change("marts.agg_number_tenure", "still_held_share = 2"),
    "the_backlog_adds_up_to_the_open_orders": delete("marts.agg_backlog_age", "bucket_number = 3"),
    "the_last_day_leaves_open_what_is_open": change("marts.agg_portouts_daily", "orders_open = orders_open + 1"),
    "warn_every_event_belongs_to_an_order": change("staging.stg_events", "portout_id = 'nobody'"),
    "warn_every_order_has_inserted_at": change("staging.stg_portouts", "inserted_at = null"),
    "warn_every_ported_order_has_a_time": change("marts.fct_portouts", "ported_at = null where status = 'ported'"),
    "warn_every_status_is_known": change("staging.stg_portouts", "status = 'on-hold' where status = 'pending'"),
    "warn_no_day_has_fewer_than_zero_open_orders": change("marts.agg_portouts_daily", "orders_open = -1"),
    "warn_no_response_comes_before_its_request": change(
        "marts.fct_responses", "response_hours = -1 where response_hours is not null"
    ),
    "warn_nothing_happens_after_as_of": change("marts.fct_portouts", "status_began_at = timestamptz '2100-01-01'"),
}
HISTORIES = [
    ["pending"],
    ["pending", "authorized"],
    ["pending", "authorized", "ported"],
    ["pending", "rejected-pending", "rejected"],
    ["pending", "rejected-pending", "pending", "authorized", "ported"],
    ["pending", "canceled"],
]


def world_without_faults() -> World:
    """Make an order of each history, two hours a status and the first two numbers the same."""
    world = World()
    for number, history in enumerate(HISTORIES):
        began_at = AS_OF - timedelta(days=9 * number + 3)
        numbers = ["+13125550101", f"+1212555{number:04d}"]
        foc_date = (began_at + timedelta(days=1)).isoformat()
        id_ = world.add_order(number, began_at, history[-1], phone_numbers=numbers, foc_date=foc_date)
        for place, status in enumerate(history):
            world.add_event(id_, status, began_at + timedelta(hours=2 * place))
    held = [a_number(f"n{place}", f"+1212555{place:04}", AS_OF - timedelta(days=90)) for place in range(4)]
    world.readings.append({"read_at": AS_OF, "is_proven": True, "numbers": held})
    return world


@pytest.fixture(scope="module")
def built() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        create_raw(opened, world := world_without_faults())
        labels = (Label(world.orders[0]["id"], "error", is_number=False),)
        assert build_models(opened, ModelInputs(AS_OF, labels=labels)) == []
        yield opened


def spoilers_of(check: str) -> list[Spoiler]:
    """Return the spoiler of a check; one that has none must notice rows that are doubled or missing."""
    if check in SPOILERS:
        return [SPOILERS[check]]
    relations = parse_reads({check: CHECKS[check]})[check]
    return [spoil(name) for name in relations for spoil in (double, lambda name: delete(name, "true"))]


def is_noticed(built: duckdb.DuckDBPyConnection, check: str, spoiler: Spoiler) -> bool:
    """Spoil the data, run the check, and roll back."""
    built.begin()
    try:
        make_changeable(built, spoiler.relation)
        built.execute(spoiler.statement)
        return built.execute(CHECKS[check]).fetchall() != []
    finally:
        built.rollback()


def test_every_spoiler_has_a_check() -> None:
    assert SPOILERS.keys() <= CHECKS.keys()


@pytest.mark.parametrize("check", CHECKS)
def test_spoiled_data_is_noticed(built: duckdb.DuckDBPyConnection, check: str) -> None:
    assert built.execute(CHECKS[check]).fetchall() == []
    assert any(is_noticed(built, check, spoiler) for spoiler in spoilers_of(check)), (
        "add data that breaks it to SPOILERS"
    )


def make_changeable(connection: duckdb.DuckDBPyConnection, relation: str) -> None:
    """Replace a view by a table of its rows."""
    is_view = connection.execute(
        "select 1 from duckdb_views() where schema_name || '.' || view_name = ?", [relation]
    ).fetchall()
    if is_view:
        connection.execute(
            f"create temp table rows_of_view as from {relation}; drop view {relation};"
            f" create table {relation} as from rows_of_view"
        )
