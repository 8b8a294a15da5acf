"""The working file and the published one: what readers see, what survives, and what must never be written."""

from __future__ import annotations

import json
import math
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import dlt
import duckdb
import pytest
from dlt.extract import DltResource
from portouts.commands.app import app
from portouts.commands.jobs.models import rebuild_models
from portouts.errors import CheckFailed, LoadFailed, Locked, NoWarehouse
from portouts.extract.options import SyncReport
from portouts.load.pipeline import raw_pipeline
from portouts.telnyx.queries import OPEN_STATUSES
from portouts.transform import build as models
from portouts.warehouse import memory
from portouts.warehouse.sql import sql_folder
from portouts.warehouse.warehouse import Warehouse
from portouts_sandbox import World, create_app
from simulated_account import API_KEY, Account, ask
from typer.testing import CliRunner

pytestmark = pytest.mark.slow  # a whole sync a test

Row = dict[str, Any]
ORDERS = 60
HISTORY = "select portout_id, status, updated_at, seen_at, sync_id from raw.portout_observations order by all"


@pytest.fixture(scope="module")
def first_load(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sync once; every test goes on from a copy."""
    folder = tmp_path_factory.mktemp("first-load")
    new_account(folder).sync()
    return folder


def new_account(folder: Path) -> Account:
    # Pages are small, so that a load from the beginning shows in the number of requests.
    return Account(World(ORDERS, seed=3), folder / "portouts.duckdb", page_size=10)


@pytest.fixture
def account(first_load: Path, tmp_path: Path) -> Account:
    return new_account(shutil.copytree(first_load, tmp_path / "account"))


def most_requests_without_change(account: Account) -> int:
    open_orders = sum(order["status"] in OPEN_STATUSES for order in account.world.orders())
    return 8 + math.ceil(open_orders / account.page_size)


# One at a time


@contextmanager
def another_process(script: str, *arguments: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a script that prints a line when it is ready and then waits for one."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


HOLD_THE_LOCK = """
import os, pathlib, sys
from filelock import FileLock
folder = pathlib.Path(sys.argv[1])
lock = FileLock(folder / "lock")
lock.acquire()
(folder / "lock-holder").write_text(f"process {os.getpid()}\\n")
print("ready", flush=True)
input()
"""


def test_a_second_sync_ends_at_once_and_a_killed_one_blocks_nothing(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The command itself sets these, which must not outlive the test.
    monkeypatch.setenv("RUNTIME__LOG_LEVEL", "ERROR")
    monkeypatch.setenv("RUNTIME__INTERCEPT_SIGNALS", "false")
    with another_process(HOLD_THE_LOCK, account.state) as holder:
        for command in ("sync", "models"):
            ended = CliRunner().invoke(
                app, [command, "--json", "--database", str(account.database)], env={"TELNYX_API_KEY": API_KEY}
            )
            assert ended.exit_code == json.loads(ended.stdout)["exit_code"] == 75
            assert f"is being synced by process {holder.pid}" in ended.stderr
        with pytest.raises(Locked):
            account.sync()
    assert (account.state / "lock-holder").exists()
    assert account.sync().is_proven


def test_two_databases_of_one_folder_do_not_wait_for_each_other(account: Account) -> None:
    with Warehouse(account.database).locked(), Warehouse(account.database.with_name("other.duckdb")).locked():
        pass


# With little memory


def large_account(folder: Path) -> Account:
    return Account(World(8_000, seed=3), folder / "portouts.duckdb")


def test_a_build_that_runs_out_of_the_memory_it_was_given_is_given_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = large_account(tmp_path)
    account.sync()
    monkeypatch.setattr(memory, "MEMORY", 4)
    account.spoil("update staging.model_settings set built_from = 'other models'")
    assert rebuild_models(Warehouse(account.database)).rebuilt
    assert account.ask("select count(*) from marts.fct_portouts") == [(8_000,)]


def test_after_a_load_that_ran_out_of_the_memory_it_was_given_the_next_sync_is_given_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "MEMORY", 4)
    account = large_account(tmp_path)
    with pytest.raises(LoadFailed, match=r"ran out of the memory .* Run the sync again"):
        account.sync()
    assert account.sync().is_proven
    held = dict(account.ask("select id, status from raw.portouts"))
    assert held == {order["id"]: order["status"] for order in account.world.orders()}


def memory_limit(held: Warehouse) -> float:
    """What DuckDB may hold, in megabytes."""
    with held.connected() as connection:
        [(limit,)] = connection.execute("select current_setting('memory_limit')").fetchall()
    number, unit = limit.split()
    assert unit == "MiB"
    return float(number) * 1.048576


def size_of_working_file(held: Warehouse) -> float:
    """Its megabytes once nothing is left in the log."""
    with held.connected() as connection:
        connection.execute("checkpoint")
    return (held.folder / "working.duckdb").stat().st_size / 1_000_000


def test_a_load_into_a_large_file_may_hold_a_share_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MEMORY", 4)
    monkeypatch.setattr(memory, "MEMORY_PER_MB", 20)
    held, draw = Warehouse(tmp_path / "portouts.duckdb"), random.Random(3).random

    @dlt.source
    def texts(rows: int) -> DltResource:
        return dlt.resource(({"text": f"{draw()}"} for _ in range(rows)), name="texts")

    with held.locked(), raw_pipeline(held) as raw:
        raw.load(texts(20_000))
        before, size = memory_limit(held), size_of_working_file(held)
        assert before < size * 20 - 1
        raw.load(texts(1))
        assert memory_limit(held) == pytest.approx(size * 20, abs=1)


def test_a_sync_that_only_reads_holds_no_more_of_a_large_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MEMORY_PER_MB", 200)
    held = Warehouse(tmp_path / "portouts.duckdb")
    with held.locked(), raw_pipeline(held):
        limit = memory_limit(held)
        held.bound_memory()
        assert limit < memory_limit(held)


def test_after_a_kill_a_sync_keeps_to_the_memory_it_was_given(account: Account) -> None:
    held = Warehouse(account.database)
    with held.locked(), raw_pipeline(held) as raw:
        before = memory_limit(held)
        raw._pipeline.extract([{"id": 1}], table_name="left_behind")
        raw._pipeline.normalize()
    with held.locked(), raw_pipeline(held) as raw:
        assert not raw._pipeline.has_pending_data
        assert memory_limit(held) == before


# Readers


HOLD_A_READER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
count = lambda: connection.execute("select count(*) from marts.fct_portouts").fetchone()[0]
count()
print("ready", flush=True)
input()
print(count(), flush=True)
"""


def test_readers_and_a_sync_do_not_see_each_other(account: Account) -> None:
    added = account.world.add_order(inserted_at=account.world.now)
    account.world.advance(timedelta(hours=1))
    seen_meanwhile: list[Any] = []

    def look(_done: int, _total: int) -> None:
        seen_meanwhile.append(account.ask("select count(*) from marts.fct_portouts"))

    with another_process(HOLD_A_READER, account.database) as reader:
        account.sync(look)
        old, _ = reader.communicate("now\n")
    assert int(old) == ORDERS
    assert seen_meanwhile
    assert all(counted == [(ORDERS,)] for counted in seen_meanwhile)
    assert account.ask(f"select count(*) from marts.fct_portouts where portout_id = '{added}'") == [(1,)]
    assert account.ask("select count(*), bool_and(published), bool_and(is_proven) from raw.syncs") == [(2, True, True)]


def test_the_published_file_has_three_schemas_in_the_format_of_duckdb_1_4(account: Account) -> None:
    account.sync()  # the copy of a copy must not drift to a newer format
    schemas = account.ask(
        "select schema_name from duckdb_tables() union select schema_name from duckdb_views() where not internal"
    )
    assert {name for (name,) in schemas} == {"raw", "staging", "intermediate", "marts"}
    [(tags,)] = account.ask("select tags from duckdb_databases() where not internal")
    assert tags["storage_version"] == "v1.4.0+"
    assert sorted(path.name for path in account.database.parent.iterdir()) == [".portouts", "portouts.duckdb"]


# What survives


def test_without_the_folder_of_dlt_a_sync_goes_on_from_the_working_file(account: Account) -> None:
    shutil.rmtree(account.state / "dlt")
    before = account.ask(HISTORY)
    outcome = account.sync()
    assert outcome.report.requests <= most_requests_without_change(account)
    assert (outcome.orders_changed, account.ask(HISTORY)) == (0, before)


def test_only_the_newest_state_is_kept_and_a_sync_goes_on_from_it(account: Account) -> None:
    for _ in range(2):
        account.world.advance(timedelta(hours=6))
        account.sync()
    assert account.ask("select count(*) from raw._dlt_pipeline_state") == [(1,)]
    shutil.rmtree(account.state / "dlt")
    assert account.sync().report.requests <= most_requests_without_change(account)


def test_without_any_working_state_a_sync_goes_on_from_the_published_file(account: Account) -> None:
    shutil.rmtree(account.database.parent / ".portouts")
    before, syncs = account.ask(HISTORY), account.ask("select sync_id from raw.syncs")
    outcome = account.sync()
    assert outcome.report.requests <= most_requests_without_change(account)
    assert (outcome.orders_changed, account.ask(HISTORY)) == (0, before)
    assert account.ask("select sync_id from raw.syncs order by finished_at limit 1") == syncs
    assert account.ask("select count(*), count(distinct id) from raw.portouts") == [(ORDERS, ORDERS)]


def test_a_working_file_that_is_lost_alone_is_made_from_the_published_one(account: Account) -> None:
    (account.state / "working.duckdb").rename(account.state / "working.duckdb.wal")  # whatever is in it, it is stale
    outcome = account.sync()
    assert (outcome.report.requests <= most_requests_without_change(account), outcome.orders_changed) == (True, 0)
    assert account.ask("select count(*), count(distinct id) from raw.portouts") == [(ORDERS, ORDERS)]


def test_a_file_of_somebody_else_is_refused_and_left_as_it_is(account: Account, tmp_path: Path) -> None:
    other = Account(account.world, tmp_path / "other.duckdb")
    with duckdb.connect(str(other.database)) as connection:
        connection.execute("create schema marts; create table marts.revenue as select 1 as euros")
    before = other.database.read_bytes()
    with pytest.raises(NoWarehouse, match="it holds something else"):
        other.sync()
    assert other.database.read_bytes() == before
    assert [path.name for path in other.state.iterdir()] == ["lock"]


def test_a_working_file_that_is_open_elsewhere_is_waited_for(account: Account) -> None:
    working = account.state / "working.duckdb"
    script = f"import duckdb; held = duckdb.connect({str(working)!r}, read_only=True); print(flush=True); input()"
    asked = [sys.executable, "-c", script]
    with subprocess.Popen(asked, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        other.stdout.readline()
        with pytest.raises(Locked, match=rf"PID {other.pid}\). Close it there"):
            account.sync()
        other.communicate("\n")
    account.sync()


def test_of_a_link_the_file_is_replaced_and_the_link_stays(account: Account, tmp_path: Path) -> None:
    link = tmp_path / "link.duckdb"
    link.symlink_to(account.database)
    account.world.add_order(inserted_at=account.world.now)
    account.world.advance(timedelta(hours=1))
    replace(account, database=link).sync()
    assert link.is_symlink()
    assert ask(account.database, "select count(*) from marts.fct_portouts") == [(ORDERS + 1,)]


def test_what_a_crash_left_of_publishing_is_written_over(account: Account) -> None:
    part = account.database.with_name(f".{account.database.name}.part")
    leftovers = [
        path.with_name(f"{path.name}{wal}") for path in (part, account.state / "working.part") for wal in ("", ".wal")
    ]
    for path in leftovers:
        path.write_bytes(b"half a file")
    account.sync()
    assert account.ask("select count(*) from marts.fct_portouts") == [(ORDERS,)]
    assert not part.exists()
    assert not part.with_name(f"{part.name}.wal").exists()


def test_a_check_that_fails_leaves_the_published_file_untouched_and_the_next_sync_goes_on(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(sql_folder(), tmp_path / "sql")
    check = folder / "checks" / "nothing_is_ever_ported_out.sql"
    check.write_text("select portout_id from marts.fct_portouts where status = 'ported'\n")
    monkeypatch.setattr(models, "sql_folder", lambda: folder)
    before = account.database.read_bytes()
    account.world.advance(timedelta(days=3))
    with pytest.raises(CheckFailed, match="nothing is ever ported out"):
        account.sync()
    assert account.database.read_bytes() == before
    check.unlink()
    account.sync()
    held = account.ask("select portout_id, status from marts.fct_portouts")
    assert sorted(held) == sorted((order["id"], order["status"]) for order in account.world.orders())
    assert account.ask("select published from raw.syncs order by finished_at") == [(True,), (False,), (True,)]


ODD_CODES = ["1002", 1002.0, [1002, 1003], "Invalid PIN", True, {"code": 1002}]


def test_a_rejection_code_that_is_no_whole_number_is_kept_in_extra_and_counted_as_strange(tmp_path: Path) -> None:
    account = Account(World(3, seed=4), tmp_path / "portouts.duckdb")
    codes = {account.world.add_order(rejection_code=code): code for code in [1002, *ODD_CODES]}
    report = account.sync().report
    assert report.strange_rows == len(ODD_CODES)
    held = account.ask("select id, rejection_code, extra from raw.portouts")
    kept = {id_: (code, json.loads(extra) if extra else None) for id_, code, extra in held if id_ in codes}
    assert kept == {
        id_: (1002, None) if type(code) is int else (None, {"rejection_code": code}) for id_, code in codes.items()
    }
    shown = account.ask("select portout_id, rejection_code from marts.fct_portouts")
    assert {code for id_, code in shown if id_ in codes} == {1002, None}


# What the orders and events show over time


class Story(NamedTuple):
    """An account of which much is strange, over three syncs; `ids` by what is strange about an order."""

    account: Account
    ids: dict[str, str]
    reports: list[SyncReport]
    requests: list[list[str]]


PIN, CONTROL = "PIN-CANARY-8471", "CONTROL-CANARY-8471"
NUMBERS = ["+13125550101", "+13125550102", "+13125550103"]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    account = Account(World(30, seed=4), tmp_path_factory.mktemp("story") / "portouts.duckdb")
    world, pins = account.world, {"attempted_pin": PIN, "noticed": CONTROL}
    ids = {name: world.add_order(phone_numbers=NUMBERS) for name in ("emptied", "shrunk", "changed", "nulled")}
    ids["unknown field"] = world.add_order(port_reason_v2={"why": "price", "details": [{**pins}]})
    ids["odd type"] = world.add_order(rejection_code="none yet", already_ported="no")
    ids["unknown status"] = world.add_order()
    # Its event comes without a payload, as Telnyx's now and then do for a while.
    ids["payload to come"] = world.add_order()
    world.change(ids["payload to come"], status="authorized")
    world.advance(timedelta(hours=1))
    events = world.store.events
    whole = {event.id: event.fields() | {"payload": {**event.fields()["payload"], **pins}} for event in events}
    for event in events:
        is_late = event.portout_id == ids["payload to come"]
        event.show(whole[event.id] | ({"payload": None, "payload_status": "created"} if is_late else {}))
    reports, requests = [], []

    def sync() -> None:
        account.app.state.requests.clear()
        reports.append(account.sync().report)
        requests.append([*account.app.state.requests])

    sync()
    world.change(ids["emptied"], phone_numbers=[])
    world.change(ids["shrunk"], phone_numbers=NUMBERS[1:2])
    world.change(ids["changed"], phone_numbers=["+13125550199"])
    world.change(ids["nulled"], phone_numbers=None)
    world.change(ids["unknown status"], status="held-for-review")
    world.advance(timedelta(days=2))
    sync()
    world.change(ids["unknown status"], status="canceled", event=False)
    for event in events:
        if event.id in whole:
            event.show(whole[event.id])
    world.advance(timedelta(hours=5))
    sync()
    return Story(account, ids, reports, requests)


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("emptied", []),
        ("shrunk", [(1, NUMBERS[1])]),
        ("changed", [(1, "+13125550199")]),
        ("nulled", []),
        ("unknown field", None),
    ],
)
def test_numbers_that_left_an_order_are_gone(story: Story, name: str, numbers: list[tuple[int, str]] | None) -> None:
    id_ = story.ids[name]
    if numbers is None:
        shown = story.account.world.order(id_)["phone_numbers"] or []
        numbers = list(enumerate(shown, start=1))
    query = f"select position, phone_number from raw.portout_phone_numbers where portout_id = '{id_}' order by position"
    assert story.account.ask(query) == numbers


def test_numbers_of_all_orders_equal_the_truth(story: Story) -> None:
    assert story.account.ask(
        "select portout_id, position, phone_number from raw.portout_phone_numbers order by all"
    ) == (
        sorted(
            (order["id"], position, number)
            for order in story.account.world.orders()
            for position, number in enumerate(order["phone_numbers"] or [], start=1)
        )
    )


def test_fields_and_values_nobody_expects_are_kept_in_extra(story: Story) -> None:
    names = {id_: name for name, id_ in story.ids.items()}
    kept = story.account.ask("select id, extra from raw.portouts where extra is not null")
    assert {names[id_]: json.loads(extra) for id_, extra in kept} == {
        "unknown field": {"port_reason_v2": {"why": "price", "details": [{"noticed": CONTROL}]}},
        "odd type": {"rejection_code": "none yet", "already_ported": "no"},
    }
    assert story.reports[0].strange_rows == 2


def test_an_order_in_an_unknown_status_is_read_again_by_its_id(story: Story) -> None:
    id_ = story.ids["unknown status"]
    assert f"GET /portouts/{id_}" in story.requests[2]
    history = f"select status from raw.portout_observations where portout_id = '{id_}' order by updated_at"
    assert story.account.ask(history) == [("pending",), ("held-for-review",), ("canceled",)]
    assert story.account.ask(f"select status from marts.fct_portouts where portout_id = '{id_}'") == [("canceled",)]


def test_a_payload_that_comes_later_is_fetched_by_a_later_sync(story: Story) -> None:
    (late,) = [
        event
        for event in story.account.world.events()
        if event["portout_id"] == story.ids["payload to come"] and event["payload"].get("status") == "authorized"
    ]
    assert story.account.ask(
        f"select payload__status, payload_status from raw.portout_events where id = '{late['id']}'"
    ) == [("authorized", late["payload_status"])]
    assert story.account.ask(
        "select count(*) from raw.portout_events where coalesce(payload, payload_fields) is null"
    ) == [(0,)]
    assert f"GET /portouts/events/{late['id']}" in story.requests[1]


def test_no_pin_and_no_key_is_written_anywhere(story: Story) -> None:
    files = [path for path in story.account.database.parent.rglob("*") if path.is_file()]
    texts = {path: text_of(path) for path in files}
    found = {word: {path for path, text in texts.items() if word in text} for word in (PIN, API_KEY, CONTROL)}
    assert found[PIN] == found[API_KEY] == set()
    # What stood beside the PIN is found where it should be, so the search would find the PIN.
    assert found[CONTROL] >= {story.account.database, story.account.state / "working.duckdb"}
    assert any(path.suffix == ".parquet" for path in found[CONTROL]) or not any(
        path.suffix == ".parquet" for path in files
    )


def text_of(path: Path) -> str:
    """Read a file's bytes as text and, where it is compressed, its rows too."""
    text = path.read_bytes().decode("latin-1")
    if path.suffix == ".parquet":
        text += str(duckdb.execute(f"from read_parquet('{path}')").fetchall())
    if path.suffix == ".duckdb":
        tables = ask(path, "select schema_name || '.' || table_name from duckdb_tables()")
        text += str([ask(path, f"from {table}") for (table,) in tables])
    return text


def test_an_account_without_events_is_noted_once(tmp_path: Path) -> None:
    account = new_account(tmp_path)
    account.app = create_app(account.world, api_key=API_KEY, events=False)
    first = account.sync()
    account.world.advance(timedelta(days=1))
    second = account.sync()
    assert first.report.notes == ["This account has no port-out events; response times come from observation."]
    assert second.report.notes == []
    assert (first.is_proven, second.is_proven) == (True, True)
    held = account.ask("select portout_id, status from marts.fct_portouts")
    assert sorted(held) == sorted((order["id"], order["status"]) for order in account.world.orders())
