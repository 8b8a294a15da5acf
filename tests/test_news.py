"""What a sync loads and queues: what is new or different, and nothing that the working file holds already."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import dlt
import pytest
from portouts_sandbox import World
from simulated_account import Account, ask

pytestmark = pytest.mark.slow  # a whole sync a test

ORDERS = 60


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Account:
    account = Account(World(ORDERS, seed=3), tmp_path_factory.mktemp("synced") / "portouts.duckdb")
    account.sync()
    return account


@pytest.fixture
def account(synced: Account, tmp_path: Path) -> Account:
    """An account that has been synced, and a world that only this test changes."""
    return synced.copy_to(tmp_path, World(ORDERS, seed=3))


def queued(account: Account) -> list[str | None]:
    """The orders that the next build computes."""
    query = "select distinct portout_id from raw.changed_orders order by all"
    return [portout_id for (portout_id,) in ask(account.state / "working.duckdb", query)]


def test_orders_are_queued_before_dlt_loads_anything_of_them(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    before = account.world.orders()
    account.world.advance(timedelta(days=9))
    new = account.world.add_order(inserted_at=account.world.now)
    changed = {row["id"] for row in account.world.orders() if row not in before}

    def fail(*_arguments: Any, **_named: Any) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(dlt.Pipeline, "load", fail)
    with pytest.raises(RuntimeError, match="the disk is full"):
        account.sync()
    assert new in changed
    assert changed <= {*queued(account)}


def test_a_first_load_queues_nothing(tmp_path: Path) -> None:
    """Nothing is built yet, so all is."""
    account = Account(World(ORDERS, seed=3), tmp_path / "portouts.duckdb")
    with pytest.raises(RuntimeError, match="the end of the work"):
        account.sync_interrupted_after_loading()
    assert len(ask(account.state / "working.duckdb", "from raw.portouts")) == ORDERS
    assert ask(account.state / "working.duckdb", "from duckdb_tables() where table_name = 'changed_orders'") == []
