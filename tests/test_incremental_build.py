"""An incremental build gives the rows of a full one, whatever changed."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from model_rows import Rows, compared_models, differences, rows_of_models
from order_histories import AS_OF, FIRST_SYNC, RAW_TABLES, World, create_raw, random_world
from portouts.errors import CheckFailed
from portouts.transform.build import Build, BuildKind, build_models, update_in_limited_memory, update_models
from portouts.transform.inputs import ModelInputs
from portouts.transform.lists.carriers import CarrierParent
from portouts.transform.lists.labels import Label
from portouts.transform.project.graph import read_lineage
from portouts.transform.project.model import Kind, read_models
from portouts.warehouse.memory import grow
from portouts.warehouse.metadata import SyncRecord, record_sync
from portouts.warehouse.rows.changed_orders import note_all_orders_changed, note_changed_orders
from portouts.warehouse.rows.corrections import mark_deleted
from portouts.warehouse.sql import sql_folder

INPUTS = ModelInputs(AS_OF)
BORN = AS_OF - timedelta(days=30)
ID_OF = {name: "id" if name == "portouts" else "portout_id" for name in RAW_TABLES}


def id_of(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012x}"


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def replace_orders(connection: duckdb.DuckDBPyConnection, other: World, ids: list[str]) -> None:
    """Put the rows that another world has of some orders in the place of those that there are."""
    with duckdb.connect() as source:
        create_raw(source, other)
        tables = {name: source.table(f"raw.{name}").to_arrow_table() for name in RAW_TABLES}
    note_changed_orders(connection, ids)
    for name, table in tables.items():
        connection.execute(f"delete from raw.{name} where {ID_OF[name]} in (select unnest(?))", [ids])
        connection.register("other", table)
        connection.execute(f"insert into raw.{name} from other where {ID_OF[name]} in (select unnest(?))", [ids])
        connection.unregister("other")


def assert_equals_full_build(connection: duckdb.DuckDBPyConnection, inputs: ModelInputs) -> None:
    found = rows_of_models(connection)
    build_models(connection, inputs)
    assert differences(found, rows_of_models(connection)) == []


def updated(connection: duckdb.DuckDBPyConnection, inputs: ModelInputs = INPUTS) -> Build:
    return update_models(connection, inputs)


@pytest.mark.parametrize("seed", range(4))
def test_rows_of_changed_orders_are_those_of_a_full_build(connection: duckdb.DuckDBPyConnection, seed: int) -> None:
    rng = random.Random(seed)
    create_raw(connection, random_world(rng, 60))
    build_models(connection, INPUTS)
    inputs = INPUTS
    for _ in range(3):
        other = random_world(rng, rng.choice([40, 60, 90]))
        ids = [order["id"] for order in other.orders if rng.random() < 0.2]
        replace_orders(connection, other, [*ids, "00000000-0000-4000-8000-0000000000ff"])
        inputs = replace(inputs, as_of=inputs.as_of + rng.choice([timedelta(), timedelta(hours=5), timedelta(days=9)]))
        build = updated(connection, inputs)
        assert build.kind is BuildKind.INCREMENTAL, build.reason
    assert_equals_full_build(connection, inputs)


# Changes by hand


def built(connection: duckdb.DuckDBPyConnection, world: World) -> None:
    create_raw(connection, world)
    build_models(connection, INPUTS)


def three_orders() -> World:
    """Orders 1 and 2 give no SPID; order 3, of another name, is answered."""
    world = World()
    world.sync(FIRST_SYNC)
    for number, name in ((1, "Sample Wireless"), (2, "Sample Wireless"), (3, "Example Telecom")):
        world.add_order(number, BORN, spid=None, carrier_name=name)
        world.see(id_of(number), "pending", FIRST_SYNC + timedelta(days=number), BORN)
    world.add_event(id_of(3), "authorized", BORN + timedelta(hours=5))
    world.orders[-1]["status"] = "authorized"
    return world


@pytest.fixture(scope="module")
def of_three_orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a file once, since a full build costs as much as ten incremental ones."""
    path = tmp_path_factory.mktemp("built") / "three.duckdb"
    with duckdb.connect(str(path)) as connection:
        built(connection, three_orders())
    return path


@pytest.fixture
def held(of_three_orders: Path, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a file of three orders whose models are built."""
    with duckdb.connect(shutil.copy(of_three_orders, tmp_path)) as opened:
        opened.execute("set timezone = 'UTC'")
        yield opened


def another(number: int = 4, *, seen_at: datetime = AS_OF, **fields: Any) -> World:
    """Make a world of one order, as a later sync loads it."""
    world = World()
    id_ = world.add_order(number, BORN, **fields)
    world.see(id_, world.orders[0]["status"], seen_at, BORN)
    return world


def column(connection: duckdb.DuckDBPyConnection, name: str, number: int) -> Any:
    found = connection.execute(
        f"select {name} from marts.fct_portouts where portout_id = ?", [id_of(number)]
    ).fetchall()
    return found[0][0] if found else None


def test_an_order_that_is_deleted_leaves_all_models_and_comes_back_into_them(
    held: duckdb.DuckDBPyConnection,
) -> None:
    mark_deleted(held, [id_of(3)], AS_OF)
    assert updated(held).kind is BuildKind.INCREMENTAL
    assert column(held, "status", 3) is None
    assert_equals_full_build(held, INPUTS)
    replace_orders(held, three_orders(), [id_of(3)])
    assert updated(held).kind is BuildKind.INCREMENTAL
    assert column(held, "status", 3) == "authorized"
    assert_equals_full_build(held, INPUTS)


def test_an_event_counts_as_soon_as_its_order_is_held(held: duckdb.DuckDBPyConnection) -> None:
    world = another(4, status="authorized")
    world.add_event(id_of(4), "authorized", BORN + timedelta(hours=7))
    orders, world.orders = world.orders, []
    replace_orders(held, world, [id_of(4)])
    assert [str(warning)[:40] for warning in updated(held).warnings] == ["not true: “every event belongs to an ord"]
    assert_equals_full_build(held, INPUTS)
    world.orders = orders
    replace_orders(held, world, [id_of(4)])
    assert updated(held).kind is BuildKind.INCREMENTAL
    assert column(held, "response_hours", 4) == 7
    assert_equals_full_build(held, INPUTS)


def test_a_comment_alone_counts_for_its_order(held: duckdb.DuckDBPyConnection) -> None:
    world = three_orders()
    world.add_comment(id_of(1), BORN + timedelta(hours=2), comment="Please hold")
    replace_orders(held, world, [id_of(1)])
    assert updated(held).kind is BuildKind.INCREMENTAL
    counted = held.table("marts.fct_order_stages").filter("comment_count > 0")
    assert counted.select("portout_id, comment_count, first_comment_hours").fetchall() == [(id_of(1), 1, 2.0)]
    assert_equals_full_build(held, INPUTS)


def test_an_order_with_a_spid_gives_older_orders_of_its_name_another_carrier(
    held: duckdb.DuckDBPyConnection,
) -> None:
    assert column(held, "carrier_id", 1) == "samplewireless"
    replace_orders(held, another(4, spid="222B", carrier_name="Sample  Wireless"), [id_of(4)])
    build = updated(held)
    assert (build.kind, build.orders) == (BuildKind.INCREMENTAL, 1)
    assert column(held, "carrier_id", 1) == "222B"
    assert_equals_full_build(held, INPUTS)


def test_a_name_without_spid_that_gets_one_takes_the_others_of_its_name_along(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    world = three_orders()
    built(connection, world)
    world.orders[0]["spid"] = "222B"
    replace_orders(connection, world, [id_of(1)])
    build = updated(connection)
    assert (build.kind, build.orders) == (BuildKind.INCREMENTAL, 1)
    assert [column(connection, "carrier_id", number) for number in (1, 2, 3)] == ["222B", "222B", "exampletelecom"]
    assert_equals_full_build(connection, INPUTS)


def test_a_more_frequent_spelling_renames_older_orders(held: duckdb.DuckDBPyConnection) -> None:
    for number in (4, 5, 6):
        replace_orders(held, another(number, spid=None, carrier_name="SAMPLE WIRELESS"), [id_of(number)])
    assert updated(held).orders == 3
    assert column(held, "carrier_name", 1) == "SAMPLE WIRELESS"
    assert_equals_full_build(held, INPUTS)


def test_a_number_in_a_new_time_zone_is_an_incremental_build(held: duckdb.DuckDBPyConnection) -> None:
    world = another(4, phone_numbers=["+61255500100"], status="authorized")
    world.add_event(id_of(4), "authorized", BORN + timedelta(hours=30))
    replace_orders(held, world, [id_of(4)])
    assert updated(held).kind is BuildKind.INCREMENTAL
    assert held.execute(
        "select time_zone, response_business_hours is null from marts.fct_responses where portout_id = ?", [id_of(4)]
    ).fetchall() == [("Australia/Sydney", False)]
    assert_equals_full_build(held, INPUTS)


def test_numbers_that_an_order_no_longer_has_leave_the_models(connection: duckdb.DuckDBPyConnection) -> None:
    world = three_orders()
    world.orders[0]["phone_numbers"] = ["+13125550101", "+12125550103"]
    built(connection, world)
    world.orders[0]["phone_numbers"] = ["+12125550103"]
    replace_orders(connection, world, [id_of(1)])
    assert updated(connection).kind is BuildKind.INCREMENTAL
    assert column(connection, "number_count", 1) == 1
    assert_equals_full_build(connection, INPUTS)


def test_a_status_that_only_as_of_dates_moves_with_it(connection: duckdb.DuckDBPyConnection) -> None:
    world = three_orders()
    world.orders[0]["status"] = "ported"  # no event, and no sync saw it
    built(connection, world)
    later = replace(INPUTS, as_of=AS_OF + timedelta(days=2))
    build = updated(connection, later)
    assert (build.kind, build.orders) == (BuildKind.INCREMENTAL, 1)
    assert column(connection, "status_began_at", 1) == later.as_of
    assert_equals_full_build(connection, later)


# Full builds, and why


STATE_OF_DLT = """
    create table raw._dlt_pipeline_state (version bigint, _dlt_load_id varchar);
    create table raw._dlt_loads (load_id varchar, status bigint)
"""


def seen_in_between() -> World:
    """Make observations between two syncs: with another sync before them, they would be dated otherwise."""
    world = three_orders()
    world.sync(AS_OF)
    for number in (5, 6):
        world.see(world.add_order(number, BORN), "pending", FIRST_SYNC + timedelta(days=20), BORN)
    return world


def test_a_sync_before_others_is_a_full_build(connection: duckdb.DuckDBPyConnection) -> None:
    built(connection, seen_in_between())
    as_of = FIRST_SYNC + timedelta(days=10)
    connection.execute(STATE_OF_DLT)
    record_sync(connection, SyncRecord("a", as_of, as_of, as_of, 1, 1, 0, is_proven=True), {})
    build = updated(connection)
    assert (build.kind, build.reason) == (BuildKind.FULL, "any order may have changed")


def test_a_dimension_whose_earlier_rows_change_is_a_full_build(connection: duckdb.DuckDBPyConnection) -> None:
    built(connection, seen_in_between())
    as_of = FIRST_SYNC + timedelta(days=10)
    connection.execute("insert into raw.syncs by name select 'a' as sync_id, ? as as_of", [as_of])
    replace_orders(connection, another(4), [id_of(4)])
    build = updated(connection)
    assert (build.kind, build.reason) == (
        BuildKind.FULL,
        "earlier rows of intermediate.int_observation_syncs changed",
    )


CHANGED_INPUTS: dict[str, dict[str, Any]] = {
    "settings": {"response_window_hours": 24},
    "settings changed": {"time_zone": "Asia/Kolkata"},
    "lists": {"carriers": (CarrierParent("111A", "Example Group"),)},
    "lists changed": {"days_off": ()},
    "year": {"as_of": AS_OF.replace(year=AS_OF.year + 1)},
    "settings and lists": {"business_time_zone": "Europe/London", "days_off": ()},
}


@pytest.mark.parametrize("reason", CHANGED_INPUTS)
def test_inputs_that_changed_are_a_full_build_that_names_them(held: duckdb.DuckDBPyConnection, reason: str) -> None:
    inputs = replace(INPUTS, **CHANGED_INPUTS[reason])
    build = updated(held, inputs)
    assert (build.kind, build.reason) == (BuildKind.FULL, f"{reason.removesuffix(' changed')} changed")
    assert updated(held, inputs).kind is BuildKind.INCREMENTAL


def test_models_of_other_sql_are_built_in_full(held: duckdb.DuckDBPyConnection) -> None:
    held.execute("update staging.model_settings set built_from = replace(built_from, 'SQL=', 'SQL=0')")
    build = updated(held)
    assert (build.kind, build.reason) == (BuildKind.FULL, "SQL changed")


def test_a_full_build_may_be_requested(held: duckdb.DuckDBPyConnection) -> None:
    build = update_models(held, INPUTS, full=True)
    assert (build.kind, build.reason) == (BuildKind.FULL, "full build requested")


def test_rows_that_may_all_have_changed_are_a_full_build(held: duckdb.DuckDBPyConnection) -> None:
    note_all_orders_changed(held)
    build = updated(held)
    assert (build.kind, build.reason) == (BuildKind.FULL, "any order may have changed")
    assert updated(held).kind is BuildKind.INCREMENTAL


# Memory


def limit_of(connection: duckdb.DuckDBPyConnection) -> int:
    [(limit,)] = connection.execute("select parse_formatted_bytes(current_setting('memory_limit'))").fetchall()
    return int(limit)


def test_a_build_that_runs_out_of_memory_runs_again_with_more_of_it(tmp_path: Path) -> None:
    too_little = 2_000_000
    with duckdb.connect(str(tmp_path / "limited.duckdb")) as connection:
        own = limit_of(connection)
        create_raw(connection, random_world(random.Random(7), 60))
        connection.execute(f"set threads = 1; set memory_limit = '{too_little}B'")
        assert update_in_limited_memory(connection, INPUTS).kind is BuildKind.FULL
        assert too_little < limit_of(connection) < own
        assert_equals_full_build(connection, INPUTS)


def test_memory_grows_up_to_what_duckdb_takes_by_itself(connection: duckdb.DuckDBPyConnection) -> None:
    own = limit_of(connection)
    connection.execute(f"set memory_limit = '{own // 10}B'")
    grown = [(grow(connection), limit_of(connection)) for _ in range(4)]
    assert [is_more for is_more, _ in grown] == [True, True, False, False]
    assert grown[0][1] == pytest.approx(0.4 * own, rel=0.15)  # DuckDB shows one decimal
    assert [limit for _, limit in grown[1:]] == [own] * 3


# What is written and checked


def unread_aggregates_on(connection: duckdb.DuckDBPyConnection, *tables: str) -> set[str]:
    """List the aggregates that read one of these tables or views, and that no model reads."""
    models, reads = read_models(sql_folder()), read_lineage(connection)
    read = {name for model in models for name in reads[model]}
    return {
        name
        for name, model in models.items()
        if model.kind is Kind.AGGREGATE and name not in read and not set(tables).isdisjoint(reads[name])
    }


def test_without_a_change_only_aggregates_that_nothing_reads_are_written(held: duckdb.DuckDBPyConnection) -> None:
    """Those that show the phone numbers, a view on `raw`: to compare them takes longer than to write them."""
    note_changed_orders(held, [id_of(1), id_of(3)])
    build = updated(held)
    assert (build.kind, build.orders) == (BuildKind.INCREMENTAL, 2)
    assert set(build.models) == unread_aggregates_on(
        held, "staging.stg_phone_numbers", "marts.fct_portout_numbers", "intermediate.int_ported_numbers"
    )
    assert "marts.agg_repeat_attempts" in build.models


def test_only_the_groups_of_changed_orders_are_computed(connection: duckdb.DuckDBPyConnection) -> None:
    """The other rows stay as they are, which a value that no build computes shows."""
    world = three_orders()
    elsewhere = BORN - timedelta(days=100)
    world.see(world.add_order(4, elsewhere), "pending", FIRST_SYNC, elsewhere)
    built(connection, world)
    connection.execute("update marts.agg_funnel_monthly set p50_answer_hours = 12345")

    def spoiled() -> list[int]:
        rows = connection.execute(
            "select orders_received from marts.agg_funnel_monthly where p50_answer_hours = 12345 order by all"
        ).fetchall()
        return [count for (count,) in rows]

    assert spoiled() == [1, 3]
    world.orders[0]["status"] = "canceled"
    replace_orders(connection, world, [id_of(1)])
    assert updated(connection).kind is BuildKind.INCREMENTAL
    assert spoiled() == [1]
    mark_deleted(connection, [id_of(4)], AS_OF)  # its month is left without orders
    assert updated(connection).kind is BuildKind.INCREMENTAL
    assert spoiled() == []
    assert_equals_full_build(connection, INPUTS)


def test_an_order_that_changes_its_month_changes_both(connection: duckdb.DuckDBPyConnection) -> None:
    world = three_orders()
    built(connection, world)
    world.orders[2]["inserted_at"] = BORN - timedelta(days=100)
    replace_orders(connection, world, [id_of(3)])
    assert updated(connection).kind is BuildKind.INCREMENTAL
    assert connection.table("marts.agg_funnel_monthly").order("month").project("orders_received").fetchall() == [
        (1,),
        (2,),
    ]
    assert_equals_full_build(connection, INPUTS)


def test_groups_of_other_orders_change_with_what_else_an_aggregate_reads(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """A label on a number belongs to the last order of the number, so a new order takes it from an older one."""
    inputs = replace(INPUTS, labels=(Label("+13125550199", "winback", is_number=True),))
    world = three_orders()
    elsewhere = BORN - timedelta(days=100)
    world.see(world.add_order(4, elsewhere, phone_numbers=["+13125550199"]), "pending", FIRST_SYNC, elsewhere)
    create_raw(connection, world)
    build_models(connection, inputs)

    def labelled_by_month() -> list[tuple[int]]:
        return connection.table("marts.agg_labels_monthly").order("month").project("orders_won_back").fetchall()

    assert labelled_by_month() == [(1,), (0,)]
    replace_orders(connection, another(5, phone_numbers=["+13125550199"]), [id_of(5)])
    assert updated(connection, inputs).kind is BuildKind.INCREMENTAL
    assert labelled_by_month() == [(0,), (1,)]
    assert_equals_full_build(connection, inputs)


def test_a_later_instant_writes_only_what_depends_on_it(held: duckdb.DuckDBPyConnection) -> None:
    build = updated(held, replace(INPUTS, as_of=AS_OF + timedelta(hours=3)))
    assert build.reason == "no order changed"
    deadlines = {"intermediate.int_open_deadlines", "marts.rpt_open_orders"}
    assert set(build.models) == unread_aggregates_on(held, "staging.model_instant") | deadlines


SPOIL = "update raw.portout_phone_numbers set position = 1 where portout_id = ?"  # sums stay the same
MEND = "update raw.portout_phone_numbers set position = 2 where portout_id = ? and phone_number like '%2'"
TWO_NUMBERS = ["+13125550101", "+13125550102"]


def test_an_incremental_build_checks_the_orders_that_changed_and_a_full_one_all(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    world = three_orders()
    world.orders[0]["phone_numbers"] = TWO_NUMBERS
    built(connection, world)
    connection.execute(SPOIL, [id_of(1)])  # without the product
    note_changed_orders(connection, [id_of(2)])
    assert updated(connection).kind is BuildKind.INCREMENTAL
    with pytest.raises(CheckFailed, match="every number is listed once"):
        update_models(connection, INPUTS, full=True)


def test_all_rows_are_checked_again_after_check_all_hours(connection: duckdb.DuckDBPyConnection) -> None:
    """Counted by the instants of the builds, from the last build that checked all rows and succeeded."""
    world = three_orders()
    world.orders[0]["phone_numbers"] = TWO_NUMBERS
    built(connection, world)
    connection.execute(SPOIL, [id_of(1)])  # without the product

    def build_after(hours: int) -> Build:
        return updated(connection, replace(INPUTS, as_of=AS_OF + timedelta(hours=hours), check_all_hours=24))

    assert build_after(23).reason == "no order changed"
    for hours in (24, 25):
        with pytest.raises(CheckFailed, match="every number is listed once"):
            build_after(hours)
    connection.execute(MEND, [id_of(1)])
    assert build_after(26).reason == "no order changed, and all rows were checked"
    assert [build_after(hours).reason for hours in (49, 50)] == [
        "no order changed",
        "no order changed, and all rows were checked",
    ]


def rows_of_tables(connection: duckdb.DuckDBPyConnection) -> Rows:
    """Leave out views, which show `raw` as it is."""
    tables = {model.name for model in compared_models() if model.kind.is_table}
    return {name: rows for name, rows in rows_of_models(connection).items() if name in tables}


def test_a_check_that_fails_leaves_the_models_and_the_queue_as_they_were(
    held: duckdb.DuckDBPyConnection,
) -> None:
    before = rows_of_tables(held)
    replace_orders(held, another(4, phone_numbers=TWO_NUMBERS), [id_of(4)])
    held.execute(SPOIL, [id_of(4)])
    with pytest.raises(CheckFailed, match="every number is listed once"):
        updated(held, replace(INPUTS, as_of=AS_OF + timedelta(hours=3)))
    assert differences(rows_of_tables(held), before) == []
    assert held.table("raw.changed_orders").fetchall() == [(id_of(4),)]
    held.execute(MEND, [id_of(4)])
    assert updated(held).orders == 1
    assert_equals_full_build(held, INPUTS)
