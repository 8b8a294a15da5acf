"""What a sync costs: requests follow change, never history."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from portouts.extract.options import SyncOptions, SyncReport
from portouts.extract.run import SyncRun
from portouts.extract.state import SyncState
from portouts.telnyx.queries import OPEN_STATUSES
from portouts_sandbox import World
from simulation.faulty_api import Faults, FaultyApi

pytestmark = pytest.mark.slow  # syncs of thousands of orders

CALM = Faults(0.0, 0.0, "newest", None, 0.0, 0.0, 0.0, 0.0)
PAGE = 250


class Reader:
    """Syncs one world over and over, keeping only the state."""

    def __init__(
        self, world: World, *, events: bool = True, batch_rows: int | None = 5_000, ordering: str = "newest"
    ) -> None:
        self.world = world
        self.state: dict[str, Any] = {}
        self.batch_rows = batch_rows
        self.api = FaultyApi(world, Random(1), replace(CALM, ordering=ordering), events=events)

    def sync(self) -> SyncReport:
        options = SyncOptions(as_of=self.world.now, batch_rows=self.batch_rows)

        async def read() -> SyncReport:
            async with self.api.open_client() as client:
                run = SyncRun(client, options, SyncState.from_json(self.state))
                async for package in run.packages():
                    self.state = package.state
                run.report.requests = client.requests
            return run.report

        return asyncio.run(read())

    def open_orders(self) -> int:
        return sum(order["status"] in OPEN_STATUSES for order in self.world.orders())


@pytest.mark.parametrize("orders", [0, 1, 900, 5_000])
@pytest.mark.parametrize("events", [True, False], ids=["with events", "without events"])
def test_a_first_load_costs_a_request_per_page_of_rows_and_little_more(orders: int, events: bool) -> None:
    world = World(orders, seed=3)
    ported = sum(order["status"] == "ported" for order in world.orders())
    rows = orders + ported + (len(world.events()) if events else 0)
    assert Reader(world, events=events).sync().requests <= 1.15 * rows / PAGE + 20


@pytest.mark.parametrize("ordering", ["ties", "shuffled"])
@pytest.mark.parametrize("events", [True, False], ids=["with events", "without events"])
def test_a_first_load_of_reshuffled_lists_costs_at_most_three_times_as_much(events: bool, ordering: str) -> None:
    steady = Reader(World(2_500, seed=3), events=events).sync()
    reshuffled = Reader(World(2_500, seed=3), events=events, ordering=ordering).sync()
    assert reshuffled.requests <= 3 * steady.requests
    assert (reshuffled.orders_read, reshuffled.unproven) == (2_500, [])


@pytest.mark.parametrize("events", [True, False], ids=["with events", "without events"])
def test_a_sync_without_change_costs_eight_requests_and_one_per_page_of_open_orders(events: bool) -> None:
    reader = Reader(World(3_000, seed=5), events=events)
    reader.sync()
    assert reader.sync().requests <= 8 + math.ceil(reader.open_orders() / PAGE)


@pytest.mark.parametrize("changed", [1, 7, 40])
def test_each_changed_order_costs_at_most_one_more(changed: int) -> None:
    reader = Reader(World(3_000, seed=5))
    reader.sync()
    final = [order["id"] for order in reader.world.orders() if order["status"] == "rejected"]
    for order_id in final[:: len(final) // changed][:changed]:
        reader.world.change(order_id, status="pending")
        reader.world.advance(timedelta(seconds=2))
    assert reader.sync().requests <= 8 + math.ceil(reader.open_orders() / PAGE) + changed


def test_orders_that_left_the_open_statuses_together_are_read_by_range() -> None:
    reader = Reader(World(3_000, seed=5), events=False)
    reader.sync()
    pending = [order["id"] for order in reader.world.orders() if order["status"] == "pending"]
    authorized = [order["id"] for order in reader.world.orders() if order["status"] == "authorized"]
    for order_id in pending + authorized:
        reader.world.change(order_id, status="canceled")
    changed = len(pending + authorized)
    assert changed > 30
    assert reader.sync().requests < 8 + changed / 2
