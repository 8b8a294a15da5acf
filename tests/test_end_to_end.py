"""The whole job over a real socket, in processes of its own: first load, 30 days, second sync, every mart by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import portouts_command
import pytest
from mart_comparison import assert_same_rows, read
from portouts.records.arrow import events_table, orders_table
from portouts.telnyx.queries import FINAL_STATUSES
from portouts_sandbox import World, create_app, running
from reference_implementation.marts import compute_marts
from stored_payloads import stored_payload

pytestmark = pytest.mark.slow  # a whole sync over HTTP

Row = dict[str, Any]


class Account(NamedTuple):
    """A simulated account after both syncs."""

    world: World
    database: Path
    syncs: list[Any]
    shown_at_first: dict[str, Row]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder = tmp_path_factory.mktemp("account")
    world = World(orders=1_500, seed=11)
    with running(create_app(world, api_key=portouts_command.KEY)) as base_url:

        def sync() -> Any:
            code, result, error = portouts_command.run(
                "sync",
                "--json",
                "--database",
                "warehouse.duckdb",
                "--as-of",
                world.now.isoformat(),
                folder=folder,
                TELNYX_API_KEY=portouts_command.KEY,
                TELNYX_BASE_URL=base_url,
            )
            assert code == 0, error
            return result

        first = sync()
        shown_at_first = {order["id"]: order for order in world.orders()}
        world.advance(timedelta(days=30))
        yield Account(world, folder / "warehouse.duckdb", [first, sync()], shown_at_first)


@pytest.fixture
def published(account: Account) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(account.database), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


def raw(connection: duckdb.DuckDBPyConnection, table: str) -> list[Row]:
    rows: list[Row] = connection.sql(f"select * from raw.{table}").to_arrow_table().to_pylist()
    return rows


def by_id(rows: list[Row]) -> dict[str, Row]:
    assert len({row["id"] for row in rows}) == len(rows), "an id stands twice"
    return {row["id"]: row for row in rows}


def known_orders(account: Account, connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """List the orders as the API shows them, but for one change that no cheap request can find.

    Telnyx changes the carrier name of a final order without an event. Such an order stays as it was shown before.
    """
    held = by_id(raw(connection, "portouts"))
    orders = []
    for order in account.world.orders():
        earlier = account.shown_at_first.get(order["id"])
        orders.append(earlier if earlier and changed_silently(earlier, order, held[order["id"]]) else order)
    return orders


def changed_silently(earlier: Row, order: Row, held: Row) -> bool:
    differing = {name for name in order if order[name] != earlier.get(name)}
    is_silent = differing == {"carrier_name", "updated_at"} and earlier["status"] in FINAL_STATUSES
    return is_silent and held["carrier_name"] == earlier["carrier_name"]


def test_ids_and_statuses_equal_the_truth_exactly(account: Account, published: duckdb.DuckDBPyConnection) -> None:
    held = published.execute("select portout_id, status from marts.fct_portouts").fetchall()
    assert sorted(held) == sorted((order["id"], order["status"]) for order in account.world.orders())


def test_some_statuses_changed_months_after_insertion(account: Account) -> None:
    changed = [
        order
        for order in account.world.orders()
        if (earlier := account.shown_at_first.get(order["id"]))
        and earlier["status"] != order["status"]
        and earlier["inserted_at"] < (account.world.now - timedelta(days=90)).isoformat()
    ]
    assert changed, "this world shows nothing of what it is here to show"


def test_whole_orders_equal_the_truth(account: Account, published: duckdb.DuckDBPyConnection) -> None:
    orders = known_orders(account, published)
    shown = {order["id"]: order for order in account.world.orders()}
    silent = sum(order != shown[order["id"]] for order in orders)
    assert silent < len(orders) / 100
    expected = orders_table(orders).drop_columns(["phone_numbers"]).to_pylist()
    added = {"account": "default", "deleted_at": None}
    assert by_id(raw(published, "portouts")) == by_id([order | added for order in expected])


def test_phone_numbers_equal_the_truth(account: Account, published: duckdb.DuckDBPyConnection) -> None:
    held = published.execute("select portout_id, position, phone_number from raw.portout_phone_numbers").fetchall()
    assert sorted(held) == sorted(
        (order["id"], position, number)
        for order in account.world.orders()
        for position, number in enumerate(order["phone_numbers"], start=1)
    )


def test_events_equal_the_truth_without_pins(account: Account, published: duckdb.DuckDBPyConnection) -> None:
    expected = by_id([event | {"account": "default"} for event in events_table(account.world.events()).to_pylist()])
    held = by_id(raw(published, "portout_events"))
    assert held == expected
    for event in account.world.events():
        (event["payload"] or {}).pop("attempted_pin", None)
        assert stored_payload(held[event["id"]]) == event["payload"]


def test_every_mart_equals_the_count_in_plain_python(account: Account, published: duckdb.DuckDBPyConnection) -> None:
    expected = compute_marts(
        known_orders(account, published),
        account.world.events(),
        raw(published, "portout_observations"),
        raw(published, "portout_ported_ranges"),
        raw(published, "syncs"),
        account.world.now,
        verifications=raw(published, "verifications"),
    )
    for mart, rows in expected.items():
        assert_same_rows(read(published, mart), rows, mart)


def test_ported_ranges_hold_the_hidden_instants(account: Account, published: duckdb.DuckDBPyConnection) -> None:
    ranges = raw(published, "portout_ported_ranges")
    has_event = {row["portout_id"] for row in raw(published, "portout_events") if row["payload__status"] == "ported"}
    ported = {order["id"] for order in account.world.orders() if order["status"] == "ported"}
    assert ported - has_event
    assert {row["portout_id"] for row in ranges} | has_event == ported
    for row in ranges:
        ported_out_at = account.world.ported_out_at(row["portout_id"])
        assert ported_out_at is not None
        assert row["ported_from"] <= ported_out_at <= row["ported_to"]


def test_the_second_sync_costs_far_fewer_requests_than_the_first(account: Account) -> None:
    first, second = account.syncs
    assert second["requests"] < first["requests"] / 3
    assert (first["orders_changed"], first["is_proven"], second["is_proven"]) == (1_500, True, True)


def test_nothing_but_the_three_schemas_is_published(published: duckdb.DuckDBPyConnection) -> None:
    schemas = published.execute(
        "select distinct schema_name from duckdb_tables() union select distinct schema_name "
        "from duckdb_views() where not internal"
    ).fetchall()
    assert {name for (name,) in schemas} == {"raw", "staging", "intermediate", "marts"}
