"""What a sync checks at its end: counts by status find, and mend, what nothing announced."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from portouts.commands.jobs.models import rebuild_models
from portouts.commands.jobs.sync import SyncOutcome
from portouts.errors import AnotherAccount, OrdersGone, SettingsError, Unfinished
from portouts.telnyx.queries import OPEN_STATUSES
from portouts.verify.count_buckets import Depth
from portouts.warehouse.warehouse import Warehouse
from portouts_sandbox import World, create_app
from simulated_account import API_KEY, Account

pytestmark = pytest.mark.slow  # a whole sync a test

NOW = datetime(2026, 5, 16, 9, tzinfo=UTC)


def world_of(orders: int) -> World:
    return World(orders, seed=5, now=NOW)


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Account:
    account = Account(world_of(600), tmp_path_factory.mktemp("synced") / "portouts.duckdb")
    account.sync()
    return account


@pytest.fixture
def account(synced: Account, tmp_path: Path) -> Account:
    return synced.copy_to(tmp_path, world_of(600))


def certified(outcome: SyncOutcome) -> tuple[str, int, int]:
    certificate = outcome.certificate
    assert certificate is not None
    return certificate.verdict, certificate.differences, certificate.repaired


def assert_published_equals_the_api(account: Account) -> None:
    held = dict(account.ask("select portout_id, status from marts.fct_portouts"))
    assert held == {order["id"]: order["status"] for order in account.world.orders()}


def test_a_sync_publishes_a_certificate_of_its_own(account: Account) -> None:
    assert account.ask("select depth, verdict, orders from raw.verifications") == [("sync", "PROVEN", 600)]


def test_events_are_counted_once_all_of_them_have_been_read(account: Account) -> None:
    """A quiet sync has no request to spare for it; what it reads of events, their own total proves."""
    counted = "select events is not null, events_missing from raw.verifications order by finished_at"
    account.sync()
    account.sync(full=True)
    assert account.ask(counted) == [(True, 0), (False, None), (True, 0)]


@pytest.mark.parametrize(("becomes", "counted"), [("pending", 0), ("canceled", 1), ("rejected", 1), ("on-hold", 1)])
def test_a_final_order_that_changed_unannounced_is_found_and_read_again(
    account: Account, becomes: str, counted: int
) -> None:
    ported = [order["id"] for order in account.world.orders() if order["status"] == "ported"]
    account.world.change(ported[3], status=becomes, event=False, touch=False)
    assert certified(account.sync()) == ("PROVEN", counted, counted)  # the open statuses are listed anyway
    assert_published_equals_the_api(account)
    assert certified(account.sync()) == ("PROVEN", 0, 0)


def test_an_order_that_the_api_no_longer_knows_is_marked_deleted(account: Account) -> None:
    gone = [order["id"] for order in account.world.orders()][5]
    account.world.remove(gone)
    assert certified(account.sync()) == ("PROVEN", 1, 1)
    assert account.ask(f"select deleted_at from raw.portouts where id = '{gone}'") == [(NOW,)]
    assert_published_equals_the_api(account)


def test_an_open_order_that_the_api_no_longer_knows_costs_nothing_afterwards(account: Account) -> None:
    [gone, *_] = [order["id"] for order in account.world.orders() if order["status"] == "pending"]
    account.world.remove(gone)
    account.sync()
    assert account.sync().report.requests <= 8 + 1
    assert_published_equals_the_api(account)


@pytest.mark.parametrize("orders", [0, 600])
def test_a_sync_without_change_stays_within_eight_requests_and_the_open_orders(orders: int, tmp_path: Path) -> None:
    account = Account(world_of(orders), tmp_path / "portouts.duckdb")
    account.sync()
    opened = sum(order["status"] in OPEN_STATUSES for order in account.world.orders())
    assert account.sync().report.requests <= 8 + math.ceil(opened / 250)


def test_without_verification_there_is_no_certificate(account: Account) -> None:
    assert account.sync(verify=None).certificate is None
    assert account.ask("select count(*) from raw.verifications") == [(1,)]


def test_full_verification_counts_every_month(account: Account) -> None:
    outcome = account.sync(verify=Depth.MONTH)
    assert certified(outcome) == ("PROVEN", 0, 0)
    assert outcome.certificate is not None
    assert outcome.certificate.buckets > 12


def other_world(orders: int) -> World:
    return World(orders, seed=6, now=NOW + timedelta(minutes=5))


def raw_orders(account: Account) -> list[tuple[object, ...]]:
    with duckdb.connect(str(account.state / "working.duckdb"), read_only=True) as connection:
        return connection.execute("select id, status, deleted_at from raw.portouts order by id").fetchall()


@pytest.mark.parametrize("orders", [50, 2_000])
@pytest.mark.parametrize("verify", [Depth.QUICK, None], ids=str)
def test_another_account_is_refused_and_mixed_with_nothing(account: Account, orders: int, verify: Depth | None) -> None:
    other, before = Account(other_world(orders), account.database), raw_orders(account)
    with pytest.raises(AnotherAccount, match="another account"):
        other.sync(verify=verify)
    assert raw_orders(account) == before
    account.world.advance(timedelta(days=1))
    assert certified(account.sync())[0] == "PROVEN"
    assert_published_equals_the_api(account)


class EmptyAccount(Account):
    """A key whose rights were taken: lists are empty, and no order is known by id."""

    def __post_init__(self) -> None:
        self.app = create_app(World(0, seed=1, now=self.world.now), api_key=API_KEY)


@pytest.mark.parametrize("verify", [Depth.QUICK, None], ids=str)
def test_an_account_that_looks_empty_is_a_failure_and_deletes_nothing(account: Account, verify: Depth | None) -> None:
    before = raw_orders(account)
    with pytest.raises(OrdersGone, match="may view its port-out orders"):
        EmptyAccount(account.world, account.database).sync(verify=verify)
    assert raw_orders(account) == before
    assert_published_equals_the_api(account)


def test_an_account_without_open_orders_that_looks_empty_is_a_failure_too(tmp_path: Path) -> None:
    account = Account(world_of(3), tmp_path / "portouts.duckdb")
    for order in account.world.orders():
        account.world.change(order["id"], status="canceled")
    account.sync()
    with pytest.raises(OrdersGone):
        EmptyAccount(account.world, account.database).sync()


def test_many_deletions_are_made_only_where_they_are_accepted(account: Account) -> None:
    gone = [order["id"] for order in account.world.orders()][:40]
    for order_id in gone:
        account.world.remove(order_id)
    for act in (account.sync, lambda: account.verify(repair=True)):
        with pytest.raises(OrdersGone, match="--accept-deletions"):
            act()
    deleted = "select count(*) from raw.portouts where deleted_at is not null"
    assert account.ask(deleted) == [(0,)]
    account.sync(accept_deletions=True)
    assert account.ask(deleted) == [(40,)]
    assert_published_equals_the_api(account)


def test_a_handful_of_deletions_is_believed(account: Account) -> None:
    for order in account.world.orders()[:10]:
        account.world.remove(order["id"])
    assert certified(account.sync()) == ("PROVEN", 10, 10)
    assert_published_equals_the_api(account)


def test_what_an_interrupted_sync_left_is_neither_verified_nor_published(account: Account) -> None:
    account.world.advance(timedelta(days=5))
    account.world.change(account.world.orders()[0]["id"], status="canceled")
    with pytest.raises(RuntimeError, match="the end of the work"):
        account.sync_interrupted_after_loading()
    for act in (account.verify, lambda: rebuild_models(Warehouse(account.database))):
        with pytest.raises(Unfinished, match="portouts sync"):
            act()
    account.sync()
    assert certified(account.sync()) == ("PROVEN", 0, 0)
    assert_published_equals_the_api(account)


def test_an_instant_before_the_last_sync_is_refused(account: Account) -> None:
    before = account.world.now
    account.world.advance(timedelta(days=1))
    account.sync()
    with pytest.raises(SettingsError, match="before the last sync"):
        account.sync(as_of=before)
    assert account.sync().as_of == account.world.now
