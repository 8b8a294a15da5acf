"""`verify` finds every kind of difference that it promises to, repairs it, and pays for what differs only."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pyarrow as pa
import pytest
from portouts.commands.jobs.verify import VerifyOutcome
from portouts.records.arrow import orders_table
from portouts.records.schema import INSTANT
from portouts.telnyx.client import TelnyxClient, converse
from portouts.transform.build import build_models
from portouts.transform.inputs import ModelInputs
from portouts.verify.comparison import Comparison, Verdict
from portouts.verify.count_buckets import Depth
from portouts.verify.local_orders import LocalOrders
from portouts.verify.plans import plan_depth, ranges_to_compare
from portouts.verify.reconcile import Reconciliation
from portouts.warehouse.warehouse import Warehouse
from portouts.windows import BEGINNING, Window
from portouts_sandbox import World, create_app
from simulated_account import API_KEY, BASE_URL, Account, clock_that_breaks

NOW = datetime(2026, 5, 16, 9, tzinfo=UTC)
# Four months, each with days enough: a comparison by day takes a request for each of them and each status.
STARTS_AT = datetime(2026, 1, 20, tzinfo=UTC)
YEARS_AGO = datetime(2024, 11, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Account:
    return synced(1_000, tmp_path_factory.mktemp("loaded"))


@pytest.fixture
def account(loaded: Account, tmp_path: Path) -> Account:
    return loaded.copy_to(tmp_path)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Account:
    return synced(3_000, tmp_path_factory.mktemp("large"), YEARS_AGO)


def synced(orders: int, folder: Path, starts_at: datetime = STARTS_AT, **settings: Any) -> Account:
    """Make an account of its own, synced once."""
    world = World(orders, seed=4, starts_at=starts_at, now=NOW)
    account = Account(world, folder / "portouts.duckdb", settings=settings)
    account.sync()
    return account


def kinds(outcome: VerifyOutcome) -> dict[str, int]:
    found = [difference.kind for difference in outcome.comparison.differences]
    return {kind: found.count(kind) for kind in sorted(set(found))}


@pytest.mark.parametrize("depth", Depth)
def test_an_unspoiled_warehouse_is_proven_at_every_depth(large: Account, depth: Depth, tmp_path: Path) -> None:
    account = large.copy_to(tmp_path)
    outcome = account.verify(depth=depth)
    assert (outcome.certificate.verdict, outcome.certificate.differences) == (Verdict.PROVEN, 0)
    ranges_of_events = depth is not Depth.QUICK
    assert outcome.certificate.requests == outcome.certificate.buckets + ranges_of_events
    assert outcome.certificate.orders == len(account.world.orders())
    assert account.ask("select verdict, depth from raw.verifications order by finished_at")[-1] == ("PROVEN", depth)


@pytest.mark.slow
def test_quick_takes_seven_requests(account: Account) -> None:
    assert account.verify(depth=Depth.QUICK).certificate.requests == 7


SOME = "id in (select id from raw.portouts where status = '{}' order by hash(id) limit 3)"
REJECTED = SOME.format("rejected")
SPOILED = {
    "deleted": (f"delete from raw.portouts where {SOME.format('ported')}", {"missing": 3}),
    "stale": (
        f"update raw.portouts set status = 'authorized', updated_at = null where {SOME.format('ported')}",
        {"stale": 3},
    ),
    "invented": (
        f"insert into raw.portouts from (select * replace ('x-' || id as id) from raw.portouts where {REJECTED})",
        {"deleted": 3},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("spoiling", SPOILED)
@pytest.mark.parametrize("depth", Depth)
def test_each_kind_is_found_repaired_and_gone(account: Account, spoiling: str, depth: Depth) -> None:
    statement, expected = SPOILED[spoiling]
    account.spoil(statement)
    found = account.verify(depth=depth)
    assert found.certificate.verdict == Verdict.DIFFERENT
    assert found.certificate.differences == 3
    if depth is not Depth.QUICK:
        assert kinds(found) == expected
    mended = account.verify(depth=depth, repair=True)
    assert (mended.certificate.verdict, mended.certificate.repaired, len(mended.repaired)) == (Verdict.PROVEN, 3, 3)
    assert account.verify(depth=depth, sample=10_000).certificate.verdict == Verdict.PROVEN
    assert_published_equals_the_api(account)


def assert_published_equals_the_api(account: Account) -> None:
    held = dict(account.ask("select portout_id, status from marts.fct_portouts"))
    assert held == {order["id"]: order["status"] for order in account.world.orders()}


CANCELLING = """
    begin;
    create temp table spare as
    select a.id as lost, b.id as copied
    from raw.portouts as a
    inner join raw.portouts as b
        on a.status = b.status and a.id < b.id
        and date_trunc('{period}', a.inserted_at) = date_trunc('{period}', b.inserted_at)
        and date_trunc('day', a.inserted_at) {same_day} date_trunc('day', b.inserted_at)
    where a.status = 'ported'
    order by a.id, b.id limit 1;
    insert into raw.portouts by name
    select * replace ('00000000-0000-4000-8000-000000000000' as id)
    from raw.portouts where id in (select copied from spare);
    delete from raw.portouts where id in (select lost from spare);
    commit;
"""


@pytest.mark.slow
def test_errors_that_cancel_in_a_month_are_found_by_day(account: Account) -> None:
    account.spoil(CANCELLING.format(period="month", same_day="<>"))
    assert account.verify(depth=Depth.MONTH).certificate.verdict == Verdict.PROVEN
    found = account.verify(depth=Depth.DAY)
    assert (found.certificate.verdict, kinds(found)) == (Verdict.DIFFERENT, {"deleted": 1, "missing": 1})
    assert account.verify(depth=Depth.DAY, repair=True).certificate.verdict == Verdict.PROVEN
    assert_published_equals_the_api(account)


@pytest.mark.slow
def test_errors_that_cancel_in_a_day_are_found_by_a_sample(account: Account) -> None:
    account.spoil(CANCELLING.format(period="day", same_day="="))
    assert account.verify(depth=Depth.DAY).certificate.verdict == Verdict.PROVEN
    found = account.verify(depth=Depth.QUICK, sample=10_000)
    assert (found.certificate.verdict, kinds(found)) == (Verdict.DIFFERENT, {"deleted": 1, "missing": 1})
    assert found.certificate.sampled_orders == len(account.world.orders())
    assert account.verify(depth=Depth.DAY, sample=10_000, repair=True).certificate.verdict == Verdict.PROVEN
    assert_published_equals_the_api(account)


CHANGED = {
    "a field": ("update raw.portouts set carrier_name = 'Somebody Else' where {}", "carrier_name"),
    "a field that was null": ("update raw.portouts set rejection_code = 4711 where {}", "rejection_code"),
    "a date": ("update raw.portouts set foc_date = '2031-01-01' where {}", "foc_date"),
    "a number": (
        "update raw.portout_phone_numbers set phone_number = '+13125550100' where position = 1 and portout_{}",
        "phone_numbers",
    ),
    "a lost number": ("delete from raw.portout_phone_numbers where portout_{}", "phone_numbers"),
    "something unknown": ("update raw.portouts set extra = '{{}}' where {}", "extra"),
}


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGED)
def test_a_row_changed_behind_its_updated_at_is_found_by_a_sample(account: Account, change: str) -> None:
    statement, field = CHANGED[change]
    [(id_,)] = account.ask("select id from raw.portouts where status = 'ported' order by hash(id) limit 1")
    account.spoil(statement.format(f"id = '{id_}'"))
    assert account.verify().certificate.verdict == Verdict.PROVEN
    found = account.verify(sample=10_000)
    assert [(d.portout_id, d.kind, d.fields) for d in found.comparison.differences] == [(id_, "different", (field,))]
    assert account.verify(sample=10_000, repair=True).certificate.verdict == Verdict.PROVEN
    assert account.verify(sample=10_000).certificate.verdict == Verdict.PROVEN


@pytest.mark.slow
def test_hashed_personal_data_is_compared_as_hashes(tmp_path: Path) -> None:
    account = synced(300, tmp_path, pii="hash", pii_salt="grain")
    assert account.verify(sample=100).certificate.verdict == Verdict.PROVEN
    account.spoil("update raw.portouts set city = 'x' where id in (select min(id) from raw.portouts)")
    assert account.verify(sample=100).certificate.differences == 1


@pytest.mark.slow
def test_a_repair_of_an_open_order_is_remembered_by_the_next_sync(account: Account) -> None:
    account.spoil("delete from raw.portouts where status = 'pending'")
    assert account.verify(repair=True).certificate.verdict == Verdict.PROVEN
    account.sync()
    assert account.ask("select verdict from marts.rpt_verifications limit 1") == [(Verdict.PROVEN,)]
    assert_published_equals_the_api(account)


@pytest.mark.slow
def test_what_a_killed_repair_has_changed_is_never_published_without_its_marts(account: Account) -> None:
    account.spoil(f"update raw.portouts set status = 'canceled' where {SOME.format('ported')}")
    warehouse = Warehouse(account.database)
    with warehouse.connected() as connection:
        warehouse.bound_memory()
        build_models(connection, ModelInputs(NOW))
    warehouse.publish()
    with pytest.raises(RuntimeError, match="the end of the work"):
        account.verify(clock_that_breaks(), repair=True)
    assert account.verify().certificate.verdict == Verdict.PROVEN
    statuses = "select {} as id, status from {} order by all"
    assert account.ask(statuses.format("portout_id", "marts.fct_portouts")) == account.ask(
        statuses.format("id", "raw.portouts")
    )


@pytest.mark.slow
def test_orders_found_deleted_stay_in_raw_and_come_back_with_the_api(tmp_path: Path) -> None:
    account = synced(300, tmp_path)
    order = account.world.orders()[7]
    account.world.remove(order["id"])
    assert kinds(account.verify()) == {"deleted": 1}
    repaired = account.verify(repair=True).certificate
    assert (repaired.verdict, repaired.repaired) == (Verdict.PROVEN, 1)
    in_raw = f"select deleted_at is not null from raw.portouts where id = '{order['id']}'"
    assert account.ask(in_raw) == [(True,)]
    assert_published_equals_the_api(account)
    account.world.add_order(**{**order, "inserted_at": datetime.fromisoformat(order["inserted_at"])})
    assert kinds(account.verify()) == {"missing": 1}
    assert account.verify(repair=True).certificate.verdict == Verdict.PROVEN
    assert account.ask(in_raw) == [(False,)]
    assert_published_equals_the_api(account)


@pytest.mark.slow
def test_what_changed_after_the_sync_is_no_difference(tmp_path: Path) -> None:
    account = synced(800, tmp_path)
    account.world.advance(timedelta(days=3))
    found = account.verify().certificate
    assert (found.verdict, found.orders, found.moved > 0) == (Verdict.PROVEN, 800, True)
    before = account.ask("select id, status from raw.portouts order by all")
    assert account.verify(repair=True).repaired == []
    assert account.ask("select id, status from raw.portouts order by all") == before


def test_a_range_of_days_is_all_that_is_compared(account: Account) -> None:
    account.spoil(f"delete from raw.portouts where {SOME.format('ported')}")
    [(newest,)] = account.ask("select max(inserted_at) from raw.portouts")
    found = account.verify(since=newest - timedelta(days=60), until=newest - timedelta(days=30), depth=Depth.WEEK)
    inside = [
        order
        for order in account.world.orders()
        if newest - timedelta(days=60) <= datetime.fromisoformat(order["inserted_at"]) <= newest - timedelta(days=30)
    ]
    assert abs(found.certificate.orders - len(inside)) <= 1


def test_progress_ends_where_the_plan_does(account: Account) -> None:
    seen: list[tuple[int, int]] = []
    found = account.verify(depth=Depth.QUICK, sample=2, on_progress=lambda *at: seen.append(at))
    assert seen[-1] == (found.certificate.buckets + 2,) * 2


@pytest.fixture(scope="module")
def large_world() -> World:
    return World(100_000, seed=4, now=NOW)


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [1, 12])
def test_searching_costs_the_logarithm_of_what_is_held(wrong: int, large_world: World) -> None:
    shown = large_world.orders()
    orders = len(shown)
    held = [order for order in shown if order["status"] == "ported"][:: orders // 2 // wrong][:wrong]
    with duckdb.connect() as connection:
        create_raw_orders(connection, shown)
        ids = [order["id"] for order in held]
        connection.execute("update raw.portouts set status = 'authorized' where id in (select unnest(?))", [ids])
        comparison, requests = compare(large_world, connection)
    assert {difference.portout_id for difference in comparison.differences} == set(ids)
    # Each stale status makes two windows wrong: one lacks the order, the other has it too much.
    assert requests <= 2 * (2 * wrong) * math.log2(orders / 250) + comparison.buckets


def create_raw_orders(connection: duckdb.DuckDBPyConnection, orders: list[dict[str, Any]]) -> None:
    table = orders_table(orders).append_column("deleted_at", pa.nulls(len(orders), INSTANT))
    connection.register("shown", table)
    connection.execute("create schema raw; create table raw.portouts as select * exclude (phone_numbers) from shown")


def compare(world: World, connection: duckdb.DuckDBPyConnection) -> tuple[Comparison, int]:
    """Compare by month and status, without a warehouse around it."""
    held = LocalOrders(connection)
    [window] = ranges_to_compare([Window(BEGINNING, NOW)])
    plan = plan_depth([window], Depth.MONTH)(held)
    client = TelnyxClient(API_KEY, BASE_URL, transport=httpx.ASGITransport(create_app(world, api_key=API_KEY)))

    async def conversation() -> Comparison:
        reconciliation = Reconciliation(client, held, NOW)
        await reconciliation.compare(plan.buckets)
        return reconciliation.finish()

    return converse(client, conversation), client.requests


OLDEST_THIRD = "created_at < (select quantile_disc(created_at, 0.33) from raw.portout_events)"


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["true", OLDEST_THIRD, "hash(id) % 40 = 0"], ids=["all", "the oldest", "one in 40"])
def test_events_that_are_missing_are_counted_found_and_read_again(account: Account, lost: str) -> None:
    events = "select * from raw.portout_events order by id"
    before, responses = account.ask(events), account.ask("select * from marts.fct_responses order by all")
    account.spoil(f"delete from raw.portout_events where {lost}")
    found = account.verify().certificate
    assert (found.verdict, found.differences) == (Verdict.DIFFERENT, 0)
    assert found.events_missing
    mended = account.verify(repair=True).certificate
    assert (mended.verdict, mended.events, mended.events_missing) == (Verdict.PROVEN, len(before), 0)
    assert [row[:-2] for row in account.ask(events)] == [row[:-2] for row in before]  # less the names of loads
    assert account.ask("select * from marts.fct_responses order by all") == responses


def test_events_that_the_api_no_longer_lists_are_kept_and_no_difference(account: Account) -> None:
    account.spoil("insert into raw.portout_events select * replace ('old' as id) from raw.portout_events limit 1")
    found = account.verify().certificate
    assert (found.verdict, found.events_missing) == (Verdict.PROVEN, 0)
