"""Published files to look at: the simulated account after two syncs, and small accounts made for one question."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from portouts_sandbox import World
from simulated_account import Account

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
SMALL = ("empty", "one pending order", "one ported order")


def publish_account(folder: Path) -> Path:
    """Publish an account with a year of history and the numbers that it holds, synced twice."""
    account = Account(World(orders=400, seed=11), folder / "account.duckdb", settings={"inventory": True})
    account.world.inventory.add(phone_number="+13125550199", customer_reference="LEAVING-0001")
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


def publish_masked(pii: str, folder: Path) -> Path:
    """Publish masked data of an account in which a customer leaves, and 20 numbers that left are still in service."""
    settings = {"inventory": True, "pii": pii, "pii_salt": "a salt of the tests"}
    account = Account(World(orders=0, now=NOW), folder / "masked.duckdb", settings=settings)
    bought = dict.fromkeys(("created_at", "purchased_at"), "2026-11-20T00:00:00.000Z")
    for days, count in ((5, 20), (1, 1)):
        numbers = [f"+12125550{days}{line:02}" for line in range(count)]
        for number in numbers:
            account.world.inventory.add(phone_number=number, customer_reference=f"MASKED-{days}", **bought)
        asked_at = NOW - timedelta(days=days)
        order = account.world.add_order(inserted_at=asked_at, phone_numbers=numbers, end_user_name="Ada Example")
        account.world.change(order, asked_at + timedelta(hours=1), status="authorized")
        if count > 1:
            account.world.change(order, asked_at + timedelta(hours=2), status="ported")
    account.sync()
    return account.database


def publish_gains(folder: Path, gains: Sequence[tuple[str, int]]) -> Path:
    """Publish an account in which each carrier gained so many numbers, at 02:30 UTC on 1 November 2026."""
    account = Account(World(orders=0, now=NOW), folder / "gains.duckdb")
    for place, (name, numbers) in enumerate(gains):
        order = account.world.add_order(
            inserted_at=datetime(2026, 10, 29, 14, tzinfo=UTC),
            carrier_name=name,
            spid=f"{place:03}X",
            phone_numbers=[f"+1212555{100 * place + number:04}" for number in range(numbers)],
        )
        account.world.change(order, datetime(2026, 10, 29, 15, tzinfo=UTC), status="authorized")
        account.world.change(order, datetime(2026, 11, 1, 2, 30, tzinfo=UTC), status="ported")
    account.sync()
    return account.database


def publish_answers(folder: Path, waits: Sequence[timedelta]) -> Path:
    """Publish an account in which the requests of the last weeks, at noon each, were authorised after these times."""
    account = Account(World(orders=0, now=NOW), folder / "answers.duckdb")
    for place, wait in enumerate(waits):
        asked_at = NOW - timedelta(days=4 + place % 80)
        order = account.world.add_order(inserted_at=asked_at, phone_numbers=[f"+1212555{place:04}"])
        account.world.change(order, asked_at + wait, status="authorized")
    account.sync()
    return account.database
