"""The models, translated by sqlglot, mean on PostgreSQL what they mean on DuckDB: every row of every mart.

The server sorts texts as English does, its sessions are in Auckland and write days first: no model may depend on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hostile_histories import hostile_world
from mart_comparison import assert_same_rows, read_table
from order_histories import World, create_raw
from portouts.transform.build import build_models
from portouts.transform.checks import read_checks
from portouts.transform.inputs import ModelInputs
from portouts.warehouse.sql import sql_folder
from portouts_sandbox import World as SandboxWorld
from postgresql_server import PostgresqlServer, find_programs, running
from postgresql_warehouse import COMPUTED, TYPES, PostgresqlWarehouse
from simulated_account import Account

PROGRAMS = find_programs()

pytestmark = [
    pytest.mark.slow,  # a server
    pytest.mark.skipif(PROGRAMS is None, reason="needs PostgreSQL: apt-get install postgresql"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    assert PROGRAMS is not None
    with running(PROGRAMS, locale="en-US") as started:
        yield started


def assert_same_on_postgresql(source: duckdb.DuckDBPyConnection, server: PostgresqlServer, folder: Path) -> None:
    translated = PostgresqlWarehouse(source, server, folder)
    translated.build()
    for name, rows in translated.rows().items():
        assert_same_rows(rows, read_table(source, name), name, tolerance=1e-9)
    assert translated.types_on_postgresql() == {name: types_of(translated.types(name)) for name in COMPUTED}
    found = translated.found_by_checks()
    assert found == {name: len(source.execute(query).fetchall()) for name, query in read_checks(sql_folder()).items()}
    assert {name for name, count in found.items() if count and "/warn_" not in name} == set()


def types_of(types: dict[str, str]) -> dict[str, str]:
    return {column: TYPES.get(kind, kind).lower() for column, kind in types.items()}


def settings_of(seed: int) -> dict[str, Any]:
    """Choose settings that make hours and days odd."""
    zone = ["Asia/Kolkata", "America/New_York", "Pacific/Auckland", "UTC"][seed % 4]
    return {"time_zone": zone, "business_time_zone": "Europe/London", "response_window_hours": 24.00005}


@pytest.mark.parametrize("seed", range(4))
def test_every_mart_of_a_hostile_world_is_the_same(
    connection: duckdb.DuckDBPyConnection, server: PostgresqlServer, tmp_path: Path, seed: int
) -> None:
    world = hostile_world(seed)
    create_raw(connection, world)
    build_models(connection, ModelInputs(world.as_of, **settings_of(seed)))
    assert_same_on_postgresql(connection, server, tmp_path)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Publish the simulated account after two syncs, with a month of changes between them."""
    synced = Account(SandboxWorld(orders=400, seed=19), tmp_path_factory.mktemp("account") / "portouts.duckdb")
    synced.sync()
    synced.world.advance(timedelta(days=30))
    synced.sync()
    return synced.database


def test_every_mart_of_the_sandbox_is_the_same(server: PostgresqlServer, tmp_path: Path, account: Path) -> None:
    with duckdb.connect(account, read_only=True) as source:
        source.execute("set timezone = 'UTC'")
        assert_same_on_postgresql(source, server, tmp_path)


def test_an_empty_warehouse_is_the_same(
    connection: duckdb.DuckDBPyConnection, server: PostgresqlServer, tmp_path: Path
) -> None:
    create_raw(connection, World())
    build_models(connection, ModelInputs(World().as_of))
    assert_same_on_postgresql(connection, server, tmp_path)
