"""An incremental build gives the rows of a full one, whatever changed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import duckdb
import pytest
from model_rows import differences, rows_of_models
from order_histories import AS_OF, RAW_TABLES, World, create_raw, random_world
from portouts.transform.build import Build, BuildKind, build_models, update_models
from portouts.transform.inputs import ModelInputs
from portouts.warehouse.rows.changed_orders import note_changed_orders

INPUTS = ModelInputs(AS_OF)
ID_OF = {name: "id" if name == "portouts" else "portout_id" for name in RAW_TABLES}


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


@pytest.mark.parametrize("seed", range(6))
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
