"""The marts of the inventory: built with what changed, and against an account whose numbers come and go."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from inventory_worlds import create_raw_inventory, random_readings
from mart_comparison import assert_same_rows, read
from model_rows import differences, rows_of_models
from order_histories import AS_OF, NUMBERS, World, create_raw, random_world
from portouts.records.inventory.fields import RAW_TABLES
from portouts.records.privacy import Pii, Privacy
from portouts.transform.build import BuildKind, update_models
from portouts.transform.inputs import ModelInputs
from portouts.warehouse.rows.redaction import mask_stored
from portouts_sandbox import World as SandboxWorld
from reference_implementation.marts import compute_marts
from simulated_account import Account

MARTS = (
    "dim_numbers",
    "rpt_left_but_active",
    "rpt_customers_leaving",
    "agg_port_out_rate_monthly",
    "agg_number_tenure",
)
VALUES = {f"CUST-{number:04d}": number * 12.5 for number in range(50)}  # of 60 customers
Row = dict[str, Any]


def world_without_readings(seed: int) -> World:
    world = random_world(Random(seed), 30)
    world.readings.clear()
    return world


@pytest.mark.parametrize("seed", range(3))
def test_what_a_later_reading_changes_is_built_as_a_full_build_would(
    connection: duckdb.DuckDBPyConnection, seed: int
) -> None:
    world = world_without_readings(seed)
    readings = random_readings(Random(seed), NUMBERS, world.as_of)
    create_raw(connection, world)
    assert update_models(connection, ModelInputs(world.as_of)).kind is BuildKind.FULL
    assert {mart: read(connection, mart) for mart in MARTS} == {mart: [] for mart in MARTS}
    create_raw_inventory(connection, readings[:2])
    first = update_models(connection, ModelInputs(world.as_of))
    assert (first.kind, first.reason) == (BuildKind.FULL, "inventory changed")
    for table in RAW_TABLES:
        connection.execute(f"alter table raw.{table} rename to {table}_before")
    create_raw_inventory(connection, readings)
    later = update_models(connection, ModelInputs(world.as_of))
    assert later.kind is BuildKind.INCREMENTAL
    assert "marts.agg_port_out_rate_monthly" in later.models
    found = rows_of_models(connection)
    update_models(connection, ModelInputs(world.as_of), full=True)
    assert differences(found, rows_of_models(connection)) == []


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "orders"), [(11, 400)])
def test_the_marts_of_the_inventory_equal_the_count_from_the_sandboxs_truth(
    tmp_path: Path, seed: int, orders: int
) -> None:
    values = tmp_path / "values.csv"
    lines = [f"{customer},{value}" for customer, value in VALUES.items()]
    values.write_text("\n".join(["customer_reference,value", *lines]), encoding="utf-8")
    settings = {"inventory": True, "customer_values": str(values)}
    account = Account(SandboxWorld(orders, seed), tmp_path / "portouts.duckdb", settings=settings)
    readings = []
    for days in (0, 20, 25):
        account.world.advance(timedelta(days=days))
        numbers = [number.fields for number in account.world.inventory.numbers()]
        readings.append({"read_at": account.world.now, "is_proven": True, "numbers": numbers})
        account.sync()
    with duckdb.connect(str(account.database), read_only=True) as published:
        published.execute("set timezone = 'UTC'")
        observations, ranges, syncs = (
            published.sql(f"select * from raw.{name}").to_arrow_table().to_pylist()
            for name in ("portout_observations", "portout_ported_ranges", "syncs")
        )
        world = account.world
        expected = compute_marts(
            world.orders(),
            world.events(),
            observations,
            ranges,
            syncs,
            world.now,
            readings=readings,
            customer_values=VALUES,
        )
        for mart in MARTS:
            assert len(expected[mart]) > (0 if mart == "rpt_customers_leaving" else 3), mart
            assert_same_rows(read(published, mart), expected[mart], mart)


@pytest.mark.parametrize("pii", ["hash", "drop"])
def test_a_redaction_masks_numbers_and_references_of_the_inventory(
    connection: duckdb.DuckDBPyConnection, pii: Pii
) -> None:
    world = World(readings=random_readings(Random(1), NUMBERS, AS_OF))
    create_raw(connection, world)
    columns = {
        "phone_numbers": ("phone_number", "customer_reference"),
        "phone_number_observations": ("customer_reference",),
    }
    masked = mask_stored(connection, Privacy(pii, "a salt of the tests"))
    assert {(f"raw.{table}", name) for table in columns for name in columns[table]} <= {
        (found.table, found.column) for found in masked
    }
    for table, names in columns.items():
        for name in names:
            values = {value for (value,) in connection.execute(f"select {name} from raw.{table}").fetchall()} - {None}
            assert all(len(value) == 32 for value in values) if pii == "hash" else values == set()
    assert mask_stored(connection, Privacy(pii, "a salt of the tests")) == []
