"""Published files to look at: the simulated account after two syncs, one order only, and none at all."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from portouts.sandbox import World
from simulated_account import Account

SMALL = ("empty", "one pending order", "one ported order")


def publish_account(folder: Path) -> Path:
    """Publish an account with a year of history, synced twice."""
    account = Account(World(orders=400, seed=11), folder / "account.duckdb")
    account.sync()
    account.world.advance(timedelta(days=3))
    # One that can still be answered, from a carrier whose name must not be taken for markup or for mathematics.
    account.world.add_order(carrier_name="<b>A$AP & $ons</b>", spid="9Z99", phone_numbers=["+13125550199"])
    account.sync()
    return account.database


def publish_small(name: str, folder: Path) -> Path:
    """Publish an account with at most one order."""
    account = Account(World(orders=0), folder / "small.duckdb")
    world = account.world
    if name != "empty":
        order = world.add_order(inserted_at=world.now - timedelta(hours=30), phone_numbers=["+13125550100"])
        if name == "one ported order":
            world.change(order, world.now - timedelta(hours=20), status="authorized")
            world.change(order, world.now - timedelta(hours=2), status="ported")
    account.sync()
    return account.database
