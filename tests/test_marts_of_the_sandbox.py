"""Three simulated accounts of 10,000 orders, synced three times: every mart against the sandbox's own truth.

The expected marts do not come from the warehouse: orders and events are the sandbox's, observations are what it showed
at each sync, and `ported_out_at`, which its API hides, shows who was ported in a range. Only the bounds of ranges and
the log of syncs come from the warehouse, since nothing else knows them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pytest
from mart_comparison import assert_same_rows, read
from portouts_sandbox import World
from reference_implementation.marts import compute_marts
from reference_implementation.numbers import zone_of
from simulated_account import Account

pytestmark = pytest.mark.slow  # syncs of a year

Row = dict[str, Any]

ORDERS = 10_000
ACCOUNTS = [(101, "UTC"), (202, "America/New_York"), (303, "Pacific/Auckland")]
UNANNOUNCED = {"pending": "canceled", "authorized": "ported"}
ANNOUNCED_WITHIN = timedelta(seconds=1.2)  # the sandbox writes an event up to so much later than what it announces


@dataclass
class SyncedAccount:
    """The sandbox after the last sync, what it showed at each, and the file that was published."""

    world: World
    shown: dict[datetime, list[Row]]
    database: Path
    time_zone: str

    @cached_property
    def transitions(self) -> dict[str, list[tuple[str, datetime]]]:
        taken = defaultdict(list)
        for transition in self.world.transitions():
            taken[transition.portout_id].append((transition.status, transition.at))
        return taken


@pytest.fixture(scope="module", params=ACCOUNTS, ids=[f"seed {seed}, {zone}" for seed, zone in ACCOUNTS])
def account(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> SyncedAccount:
    """Sync, and again after 20 days and after 10 more; before each, some orders change without an event.

    The last sync is full: no other sees that a final order's carrier was silently spelled anew, see README.
    """
    seed, time_zone = request.param
    synced = Account(World(ORDERS, seed), tmp_path_factory.mktemp("account") / "portouts.duckdb")
    shown = {}
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SOURCES__TELNYX__TIME_ZONE", time_zone)
        for days, is_full in ((0, False), (20, False), (10, True)):
            synced.world.advance(timedelta(days=days))
            change_unannounced(synced.world)
            synced.world.advance(timedelta(hours=1))
            shown[synced.world.now] = synced.world.orders()
            synced.sync(full=is_full)
    return SyncedAccount(synced.world, shown, synced.database, time_zone)


def change_unannounced(world: World) -> None:
    """End every tenth order that could go on."""
    unfinished = [order for order in world.orders() if order["status"] in UNANNOUNCED]
    for order in sorted(unfinished, key=lambda order: str(order["id"]))[::10]:
        world.change(order["id"], event=False, status=UNANNOUNCED[order["status"]])


@pytest.fixture
def published(account: SyncedAccount) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(account.database), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


def raw(connection: duckdb.DuckDBPyConnection, table: str) -> list[Row]:
    rows: list[Row] = connection.sql(f"select * from raw.{table}").to_arrow_table().to_pylist()
    return rows


def observations(account: SyncedAccount) -> list[Row]:
    """List every state of an order, with its code and reason, and the sync that could see it first."""
    first_seen: dict[tuple[str, str, str], Row] = {}
    for seen_at, orders in account.shown.items():
        for order in orders:
            seen = {"portout_id": order["id"], "seen_at": seen_at}
            seen |= {name: order.get(name) for name in ("status", "updated_at", "rejection_code", "reason")}
            first_seen.setdefault((order["id"], order["status"], order["updated_at"]), seen)
    return list(first_seen.values())


def ported_ranges(account: SyncedAccount, asked: set[tuple[datetime, datetime, datetime]]) -> list[Row]:
    """List the orders that were ported in the requested ranges, by the instants that the API never shows."""
    rows = []
    for seen_at, orders in account.shown.items():
        ported = [order["id"] for order in orders if order["status"] == "ported"]
        for ported_from, ported_to, asked_at in asked:
            if asked_at == seen_at:
                rows += [
                    {"portout_id": id_, "ported_from": ported_from, "ported_to": ported_to}
                    for id_ in ported
                    if ported_from <= (account.world.ported_out_at(id_) or seen_at) < ported_to
                ]
    return rows


def test_every_mart_equals_the_count_from_the_sandboxs_truth(
    account: SyncedAccount, published: duckdb.DuckDBPyConnection
) -> None:
    asked = {(row["ported_from"], row["ported_to"], row["seen_at"]) for row in raw(published, "portout_ported_ranges")}
    expected = compute_marts(
        account.world.orders(),
        account.world.events(),
        observations(account),
        ported_ranges(account, asked),
        raw(published, "syncs"),
        account.world.now,
        time_zone=account.time_zone,
        verifications=raw(published, "verifications"),
    )
    for mart, rows in expected.items():
        assert_same_rows(read(published, mart), rows, mart)


def held_and_true(
    account: SyncedAccount, connection: duckdb.DuckDBPyConnection
) -> Iterator[tuple[list[Row], list[tuple[str, datetime]]]]:
    """Yield the statuses of each order in the warehouse and in the sandbox, without its intake as pending."""
    held: defaultdict[str, list[Row]] = defaultdict(list)
    for row in read(connection, "fct_status_changes"):
        held[row["portout_id"]].append(row)
    assert set(held) == set(account.transitions)
    for id_, rows in held.items():
        intake, *later = sorted(rows, key=lambda row: int(row["change_number"]))
        true = account.transitions[id_]
        assert (intake["status"], intake["began_at"], intake["previous_status"]) == ("pending", true[0][1], None)
        yield later, true[1:] if true[0][0] == "pending" else true


def test_announced_statuses_are_the_transitions_and_hardly_later(
    account: SyncedAccount, published: duckdb.DuckDBPyConnection
) -> None:
    lags = []
    for held, true in held_and_true(account, published):
        if all(row["measured_by"] == "event" for row in held):
            assert [row["status"] for row in held] == [status for status, _ in true]
            lags += [row["began_at"] - at for row, (_, at) in zip(held, true, strict=True)]
    assert len(lags) > ORDERS
    assert timedelta() <= min(lags) <= max(lags) <= ANNOUNCED_WITHIN


def test_unannounced_statuses_began_between_the_sync_that_saw_them_and_the_one_before(
    account: SyncedAccount, published: duckdb.DuckDBPyConnection
) -> None:
    syncs = list(account.shown)
    before = {"unknown": 0, "observation": 0}
    for held, true in held_and_true(account, published):
        for row in held:
            if row["measured_by"] == "event":
                continue
            before[row["measured_by"]] += 1
            earlier = [sync for sync in syncs if sync < row["began_at"]]
            assert row["began_at"] in syncs
            assert bool(earlier) == (row["measured_by"] == "observation")
            begun = [at for status, at in true if status == row["status"] and at <= row["began_at"]]
            assert begun, row
            assert not earlier or begun[-1] > earlier[-1], row
    assert before["unknown"] > 100
    assert before["observation"] > 30


def test_every_port_out_is_dated_as_well_as_can_be(
    account: SyncedAccount, published: duckdb.DuckDBPyConnection
) -> None:
    late: defaultdict[str, list[timedelta]] = defaultdict(list)
    for row in read(published, "fct_portouts"):
        ported_out_at = account.world.ported_out_at(row["portout_id"])
        assert (row["ported_at"] is None) == (ported_out_at is None)
        if ported_out_at:
            late[row["ported_at_source"]].append(row["ported_at"] - ported_out_at)
    assert set(late) == {"event", "range"}
    assert timedelta() <= min(late["event"]) <= max(late["event"]) <= ANNOUNCED_WITHIN
    assert timedelta() <= min(late["range"])


def test_every_number_has_the_time_zone_of_its_prefix(published: duckdb.DuckDBPyConnection) -> None:
    held = published.execute("select phone_number, time_zone from raw.portout_phone_numbers").fetchall()
    zones = {number: zone for number, zone in held if zone != zone_of(number)}
    assert zones == {}
    assert len({zone for _, zone in held}) > 15
