"""What a sync loads and queues: what is new or different, and nothing that the working file holds already."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pyarrow as pa
import pytest
from portouts.commands.jobs.sync import SyncRequest, run_load
from portouts.extract.intake import LoadPackage
from portouts.load.news import take_news
from portouts.warehouse.warehouse import Warehouse
from portouts_sandbox import World
from simulated_account import Account, ask

pytestmark = pytest.mark.slow  # a whole sync a test

ORDERS = 60
OPEN = "0b5d2a64-7f0e-4d2b-9c3a-000000000001"
"""A pending order with three numbers and an event, inserted when the first sync reads."""
NUMBERS = ["+12125550101", "+12125550102", "+12125550103"]
STATE, RANGES = "_dlt_pipeline_state", "portout_ported_ranges"
NUMBERS_HELD = f"select position, phone_number from raw.portout_phone_numbers where portout_id = '{OPEN}' order by all"
NEW_ORDER = {"portouts": 1, "portout_phone_numbers": 1, "portout_events": 1, "portout_observations": 1}


def new_world() -> World:
    world = World(ORDERS - 1, seed=3)
    world.add_order(id=OPEN, phone_numbers=NUMBERS)
    return world


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Account:
    account = Account(new_world(), tmp_path_factory.mktemp("synced") / "portouts.duckdb")
    account.sync()
    return account


@pytest.fixture
def account(synced: Account, tmp_path: Path) -> Account:
    """An account that has been synced, and a world that only this test changes."""
    return synced.copy_to(tmp_path, new_world())


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, int]]:
    """The rows of each load package, by table."""
    counted = list[dict[str, int]]()
    normalize = dlt.Pipeline.normalize

    def counting(self: dlt.Pipeline, *arguments: Any, **named: Any) -> Any:
        info = normalize(self, *arguments, **named)
        counted.append({table: rows for table, rows in info.row_counts.items() if rows})
        return info

    monkeypatch.setattr(dlt.Pipeline, "normalize", counting)
    return counted


def id_of_the_oldest(account: Account) -> str:
    ids = ask(
        account.state / "working.duckdb", "select id from raw.portouts where status = 'ported' order by inserted_at"
    )
    return str(ids[0][0])


def queued(account: Account) -> set[str | None]:
    """The orders that the next build computes."""
    return {id_ for (id_,) in ask(account.state / "working.duckdb", "from raw.changed_orders")}


def loaded_and_queued(account: Account, loads: list[dict[str, int]]) -> tuple[list[dict[str, int]], set[str | None]]:
    """Sync up to the build of the models; return the rows of each package, without the state, and what is queued."""
    with pytest.raises(RuntimeError, match="the end of the work"):
        account.sync_interrupted_after_loading()
    rows = [{table: count for table, count in load.items() if table != STATE} for load in loads]
    return [load for load in rows if load], queued(account)


# Nothing new


def test_a_sync_without_change_loads_the_covered_ranges_and_no_row(
    account: Account, loads: list[dict[str, int]]
) -> None:
    account.world.advance(timedelta(seconds=1))
    report = account.sync().report
    assert report.orders_read > 1
    assert report.events_read > 0
    assert loads == [{STATE: 1}]


def test_a_sync_that_covers_nothing_new_makes_no_load_package(account: Account, loads: list[dict[str, int]]) -> None:
    outcome = account.sync()
    assert (outcome.report.orders_read > 1, outcome.orders_changed, loads) == (True, 0, [])
    assert account.ask("select count(*) from marts.rpt_sync") == [(2,)]


def test_all_is_read_again_and_nothing_is_loaded(account: Account, loads: list[dict[str, int]]) -> None:
    assert account.sync(full=True).report.orders_read == ORDERS
    assert [load for load in loads if load.keys() - {STATE}] == []


def older_version(account: Account, order_id: str) -> dict[str, pa.Table]:
    """The tables of a package that shows an order, which is held as ported, as it was a day before its last change."""
    with duckdb.connect(str(account.state / "working.duckdb")) as working:
        order = working.sql(
            "select * replace ('pending' as status, updated_at - interval 1 day as updated_at) from raw.portouts "
            "where id = $1",
            params=[order_id],
        ).to_arrow_table()
        numbers = working.sql(
            "select * replace ('+12125550199' as phone_number) from raw.portout_phone_numbers where portout_id = $1",
            params=[order_id],
        ).to_arrow_table()
    return {"portouts": order, "portout_phone_numbers": numbers}


@pytest.mark.parametrize("is_asked_for", [False, True], ids=["shown by a list", "fetched by id"])
def test_only_an_answer_by_id_replaces_a_newer_version(account: Account, *, is_asked_for: bool) -> None:
    order_id = id_of_the_oldest(account)
    tables = older_version(account, order_id)
    with duckdb.connect(str(account.state / "working.duckdb")) as working:
        news = take_news(working, LoadPackage(tables, {}, {order_id} if is_asked_for else ()))
    assert {name: len(table) for name, table in news.items()} == (
        {"portouts": 1, "portout_phone_numbers": 1} if is_asked_for else {}
    )


def ranges_of(account: Account) -> list[int]:
    """The widths in minutes of the ranges in which the order was ported, as they were loaded."""
    query = f"select date_diff('minute', ported_from, ported_to) from raw.{RANGES} where portout_id = '{OPEN}'"
    return [width for (width,) in ask(account.state / "working.duckdb", f"{query} order by seen_at")]


def test_a_range_is_evidence_and_only_a_narrower_one_computes_its_order_again(account: Account) -> None:
    account.world.advance(timedelta(minutes=15))
    account.world.change(OPEN, status="ported", event=False)
    computed = list[int]()
    for _ in range(4):  # the overlap shows the port-out to each of these syncs
        account.world.advance(timedelta(minutes=15))
        computed.append(account.sync().build.orders)
    widths = ranges_of(account)
    assert len(widths) == 4
    assert computed == [1, *(width < min(widths[:at]) for at, width in enumerate(widths) if at)]
    assert 0 in computed


def test_a_range_of_an_order_that_an_event_dates_computes_nothing(account: Account) -> None:
    account.world.advance(timedelta(minutes=15))
    account.world.change(OPEN, status="ported")
    account.world.advance(timedelta(minutes=30))
    assert account.sync().build.orders == 1
    account.world.advance(timedelta(seconds=1))
    assert account.sync().build.orders == 0
    wide, narrow = ranges_of(account)
    assert narrow < wide


# One thing new

CHANGES: dict[str, tuple[Callable[[Account], Any], dict[str, int]]] = {
    "a status": (
        lambda account: account.world.change(OPEN, status="authorized"),
        {"portouts": 1, "portout_events": 1, "portout_observations": 1},
    ),
    "a field, without a new updated_at": (
        lambda account: account.world.change(OPEN, pon="PON-2", touch=False),
        {"portouts": 1},
    ),
    "fewer numbers": (
        lambda account: account.world.change(OPEN, phone_numbers=NUMBERS[:1], touch=False),
        {"portout_phone_numbers": 1},
    ),
    "other numbers": (
        lambda account: account.world.change(OPEN, phone_numbers=NUMBERS[::-1], touch=False),
        {"portout_phone_numbers": 3},
    ),
    "no numbers": (
        lambda account: account.world.change(OPEN, phone_numbers=[], touch=False),
        {"portout_phone_numbers": 1},
    ),
    "an event that comes late": (
        lambda account: account.spoil(f"delete from raw.portout_events where portout_id = '{OPEN}'"),
        {"portout_events": 1},
    ),
    "the payload of an event": (
        lambda account: account.spoil(
            f"update raw.portout_events set payload = null, payload__status = null where portout_id = '{OPEN}'"
        ),
        {"portout_events": 1},
    ),
    "an order that was deleted and is shown again": (
        lambda account: account.spoil(f"update raw.portouts set deleted_at = inserted_at where id = '{OPEN}'"),
        {"portouts": 1},
    ),
    "what a killed load left out": (
        lambda account: account.spoil(f"delete from raw.portout_observations where portout_id = '{OPEN}'"),
        {"portout_observations": 1},
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_new_is_loaded_and_its_order_queued_and_nothing_else(
    what: str, account: Account, loads: list[dict[str, int]]
) -> None:
    change, rows = CHANGES[what]
    change(account)
    assert loaded_and_queued(account, loads) == ([rows], {OPEN})


@pytest.mark.parametrize("numbers", [NUMBERS[:1], [], NUMBERS[::-1]])
def test_a_list_of_numbers_that_changed_replaces_the_one_that_is_held(
    numbers: list[str], account: Account, loads: list[dict[str, int]]
) -> None:
    account.world.change(OPEN, phone_numbers=numbers, touch=False)
    account.sync()
    assert account.ask(NUMBERS_HELD) == [*enumerate(numbers, start=1)]
    loads.clear()
    account.sync()
    assert loads == []


def test_an_event_that_moves_to_another_order_queues_both(account: Account, loads: list[dict[str, int]]) -> None:
    [(other,)] = ask(account.state / "working.duckdb", f"select id from raw.portouts where id <> '{OPEN}' limit 1")
    account.spoil(f"update raw.portout_events set portout_id = '{other}' where portout_id = '{OPEN}'")
    assert loaded_and_queued(account, loads) == ([{"portout_events": 1}], {OPEN, other})


def test_a_table_without_a_column_is_loaded_whole_to_get_it(account: Account, loads: list[dict[str, int]]) -> None:
    """An earlier version made the table."""
    account.spoil("alter table raw.portouts drop column extra; delete from raw._dlt_version")
    report = account.sync().report
    assert [load["portouts"] for load in loads] == [report.orders_read]
    assert account.ask("select count(extra) from raw.portouts") == [(0,)]


def test_a_repair_loads_what_it_repairs(account: Account, loads: list[dict[str, int]]) -> None:
    oldest = id_of_the_oldest(account)
    account.spoil(f"update raw.portouts set status = 'canceled' where id = '{oldest}'")
    account.verify(repair=True)
    assert loads == [{"portouts": 1, STATE: 1}]
    assert account.ask("from raw.changed_orders") == []
    assert account.ask("select count(*) from marts.fct_portouts where status = 'ported'") == [
        (sum(order["status"] == "ported" for order in account.world.orders()),)
    ]


# How many orders changed


def test_what_an_unfinished_sync_loaded_counts_as_changed_for_the_next_one_and_only_once(account: Account) -> None:
    account.world.change(OPEN, status="authorized")
    with pytest.raises(RuntimeError, match="the end of the work"):
        account.sync_interrupted_after_loading()
    new = account.world.add_order()
    assert account.sync().orders_changed == len({OPEN, new})
    assert account.sync().orders_changed == 0


def test_what_a_repair_found_does_not_count_for_the_next_sync(account: Account) -> None:
    oldest = id_of_the_oldest(account)
    account.spoil(f"delete from raw.portout_observations where portout_id = '{oldest}'")
    account.spoil(f"delete from raw.portouts where id = '{oldest}'")
    account.verify(repair=True)
    assert account.ask(f"select count(*) from raw.portout_observations where portout_id = '{oldest}'") == [(1,)]
    assert account.sync().orders_changed == 0


# Before dlt loads


def test_orders_are_queued_before_dlt_loads_anything_of_them(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    before = account.world.orders()
    account.world.advance(timedelta(days=9))
    changed = {row["id"] for row in account.world.orders() if row not in before}

    def fail(*_arguments: Any, **_named: Any) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(dlt.Pipeline, "load", fail)
    with pytest.raises(RuntimeError, match="the disk is full"):
        account.sync()
    assert len(changed) > 1
    assert changed <= queued(account)


def test_a_first_load_queues_nothing(tmp_path: Path) -> None:
    """Nothing is built yet, so all is."""
    account = Account(new_world(), tmp_path / "portouts.duckdb")
    with pytest.raises(RuntimeError, match="the end of the work"):
        account.sync_interrupted_after_loading()
    assert len(ask(account.state / "working.duckdb", "from raw.portouts")) == ORDERS
    assert ask(account.state / "working.duckdb", "from raw.changed_orders") == []


def test_another_engine_is_given_all_that_was_read(
    account: Account, loads: list[dict[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not asked what it holds."""
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(account.database.with_name("other.duckdb")))
    warehouse = Warehouse(account.database)
    request = SyncRequest(account.world.now, account.checked())
    read = [
        run_load(warehouse, request, lambda: account.world.now, "duckdb", open_client=account.open_client).orders_read
        for _ in range(2)
    ]
    assert [load["portouts"] for load in loads] == read
    assert read[1] > 1
