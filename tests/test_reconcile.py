"""A comparison with an API that moves, fails and lags: never a false alarm, never a false proof."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import duckdb
import httpx
import pyarrow as pa
import pytest
from fake_transport import ListServer, open_client, orders_every
from portouts.records.arrow import orders_table
from portouts.records.schema import INSTANT
from portouts.telnyx.client import TelnyxClient, converse
from portouts.telnyx.errors import TelnyxError
from portouts.verify.comparison import Comparison, Verdict
from portouts.verify.count_buckets import Bucket, ComparisonPlan, Depth, plan_buckets, whole_seconds
from portouts.verify.local_orders import LocalOrders
from portouts.verify.plans import plan_depth
from portouts.verify.reconcile import Reconciliation
from portouts.windows import BEGINNING, Window
from portouts_sandbox import World
from simulation.faulty_api import Faults, FaultyApi

pytestmark = pytest.mark.slow  # hundreds of seeds

NOW = datetime(2026, 5, 16, 9, tzinfo=UTC)
SEEDS = 60
SPOILED = {
    "lost": "delete from raw.portouts where id = ?",
    "stale": "update raw.portouts set status = 'held' where id = ?",
    "older": "update raw.portouts set updated_at = updated_at - interval 2 hour, status = 'held' where id = ?",
    "invented": "insert into raw.portouts select * replace ('e' || id as id) from raw.portouts where id = ?",
}


def holding(orders: list[dict[str, Any]]) -> duckdb.DuckDBPyConnection:
    """Make a warehouse that holds these orders and nothing else."""
    connection = duckdb.connect()
    table = orders_table(orders).append_column("deleted_at", pa.nulls(len(orders), INSTANT))
    numbers = pa.table({"portout_id": pa.array([], pa.string()), "position": [], "phone_number": []})
    connection.register("shown", table)
    connection.register("numbers", numbers)
    connection.execute(
        "create schema raw; create table raw.portouts as select * exclude (phone_numbers) from shown;"
        "create table raw.portout_phone_numbers as from numbers"
    )
    return connection


def compare(client: TelnyxClient, connection: duckdb.DuckDBPyConnection, depth: Depth) -> Comparison:
    window = whole_seconds(Window(BEGINNING, NOW))
    assert window is not None
    held = LocalOrders(connection)
    plan: ComparisonPlan = plan_depth([window], depth)(held)

    async def conversation() -> Comparison:
        reconciliation = Reconciliation(client, held, NOW, page_size=10)
        await reconciliation.compare(plan.buckets)
        return reconciliation.finish()

    return converse(client, conversation)


def faulty(seed: int) -> tuple[Random, FaultyApi]:
    rng = Random(seed)
    world = World(rng.choice((3, 40, 150)), seed, starts_at=NOW - timedelta(days=rng.choice((30, 400))), now=NOW)
    return rng, FaultyApi(world, rng, Faults.draw(rng))


def test_a_faithful_warehouse_is_never_called_different() -> None:
    verdicts = Counter[str]()
    for seed in range(SEEDS):
        rng, api = faulty(seed)
        with holding(api.world.orders()) as connection:
            api.begin_sync(is_first=False)
            try:
                found = compare(api.open_client(), connection, rng.choice(list(Depth)))
            except TelnyxError:
                verdicts["failed"] += 1
                continue
        assert found.differences == [], f"seed {seed}"
        verdicts[found.verdict] += 1
    assert verdicts[Verdict.PROVEN] > SEEDS / 2, verdicts


@pytest.mark.parametrize("spoiling", SPOILED)
def test_a_spoiled_order_is_found_or_nothing_is_proven(spoiling: str) -> None:
    verdicts = Counter[str]()
    for seed in range(SEEDS // 2):
        rng, api = faulty(seed)
        orders = api.world.orders()
        spoiled = rng.choice(orders)["id"]
        with holding(orders) as connection:
            connection.execute(SPOILED[spoiling], [spoiled])
            try:
                found = compare(api.open_client(), connection, rng.choice(list(Depth)))
            except TelnyxError:
                verdicts["failed"] += 1
                continue
        verdicts[found.verdict] += 1
        [now] = [order for order in api.world.orders() if order["id"] == spoiled]
        has_moved = datetime.fromisoformat(now["updated_at"]) >= NOW - timedelta(seconds=1)
        assert found.verdict != Verdict.PROVEN or has_moved, f"seed {seed}"
    assert verdicts[Verdict.DIFFERENT] > SEEDS / 4, verdicts


def test_an_api_that_does_not_count_proves_nothing() -> None:
    async def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"data": [], "meta": {}})

    client = TelnyxClient("KEY_FAKE", transport=httpx.MockTransport(answer))
    with holding([]) as connection:
        found = compare(client, connection, Depth.QUICK)
    assert found.verdict == Verdict.UNPROVEN
    assert "total_results is missing" in found.unproven[0]


def test_many_buckets_are_counted_as_each_is_alone() -> None:
    orders = World(300, seed=9, now=NOW).orders()
    for order in orders[::50]:
        order["status"] = None
    orders += [{**order, "id": f"twin of {order['id']}"} for order in orders[::30]]  # at the same instants
    starts = sorted({datetime.fromisoformat(order["inserted_at"]).replace(microsecond=0) for order in orders})
    windows = [Window(first, last) for first, last in pairwise(starts[::20])]  # which share their ends
    buckets = [Bucket(window, status) for window in windows for status in (None, "ported", "pending", "unheard of")]
    with holding(orders) as connection:
        held = LocalOrders(connection)
        assert held.counts(buckets) == [held.count(bucket) for bucket in buckets]
        assert held.counts(buckets[::4]) == [held.count(bucket) for bucket in buckets[::4]]
        assert held.counts([]) == []


def days(*texts: str) -> list[datetime]:
    return [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in texts]


YEAR = Window(*days("2026-01-01", "2027-01-01"))


@pytest.mark.parametrize(
    ("depth", "held", "starts"),
    [
        (Depth.QUICK, days("2026-03-05"), days("2026-01-01")),
        (Depth.MONTH, [], days("2026-01-01")),
        (Depth.MONTH, days("2026-03-05", "2026-03-09"), days("2026-01-01", "2026-03-01", "2026-04-01")),
        (Depth.MONTH, days("2026-12-31"), days("2026-01-01", "2026-12-01")),
        (Depth.MONTH, days("2026-01-01", "2026-02-01"), days("2026-01-01", "2026-02-01", "2026-03-01")),
        (Depth.WEEK, days("2026-03-05"), days("2026-01-01", "2026-03-02", "2026-03-09")),
        (Depth.WEEK, days("2026-01-01"), days("2026-01-01", "2026-01-05")),
        (Depth.DAY, days("2026-03-05"), days("2026-01-01", "2026-03-05", "2026-03-06")),
    ],
    ids=str,
)
def test_periods_that_hold_nothing_are_counted_together(
    depth: Depth, held: list[datetime], starts: list[datetime]
) -> None:
    buckets = plan_buckets(YEAR, depth, "ported", held)
    assert [bucket.window.start for bucket in buckets] == starts
    assert [bucket.window.end for bucket in buckets] == [*starts[1:], YEAR.end]
    assert {bucket.status for bucket in buckets} == {"ported"}


def test_a_bucket_is_halved_at_whole_seconds_until_a_second_is_left() -> None:
    second = timedelta(seconds=1)
    bucket = Bucket(Window(NOW, NOW + 5 * second))
    assert bucket.halves(NOW + 3 * second) == (
        Bucket(Window(NOW, NOW + 3 * second)),
        Bucket(Window(NOW + 3 * second, NOW + 5 * second)),
    )
    assert bucket.halves(None) == bucket.halves(NOW + 2 * second) == bucket.halves(NOW)
    assert Bucket(Window(NOW, NOW + second)).halves(None) is None


@pytest.mark.parametrize("cap", [10, 30, 100], ids=lambda cap: f"never more than {cap}")
@pytest.mark.parametrize("lost", [0, 3, 57], ids=lambda lost: f"{lost} lost")
@pytest.mark.parametrize("depth", [Depth.QUICK, Depth.MONTH], ids=str)
def test_a_total_that_is_capped_neither_hides_nor_invents_a_difference(cap: int, lost: int, depth: Depth) -> None:
    orders = orders_every(timedelta(hours=7), 157, start=NOW - timedelta(days=60))
    with holding(orders[lost:]) as connection:
        server = ListServer(orders, total=lambda count: min(count, cap), budget=2_000)
        found = compare(open_client(server), connection, depth)
    assert (len(found.differences), found.unproven, found.orders) == (lost, [], 157)


@pytest.mark.parametrize("held", [150, 160], ids=lambda held: f"{held} held")
def test_as_many_rows_as_a_capped_total_are_no_proof(held: int) -> None:
    """The API lists 200 orders and counts as many as the warehouse happens to hold."""
    orders = orders_every(timedelta(hours=7), 200, start=NOW - timedelta(days=60))
    with holding(orders[:held]) as connection:
        found = compare(open_client(ListServer(orders, total=lambda count: min(count, held))), connection, Depth.QUICK)
    assert Counter(difference.kind for difference in found.differences) == {"missing": 200 - held}
